"""From a row of text to the form of a noun: columns matched to fields, names matched to the objects they
mean.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import override

from ...actors import Actor, can
from ...tenancy import OrganisationModel
from ...text import plain
from ..columns import capitalised
from ..forms import CUSTOM, NounForm, defaults_of, form_class, values_of

if TYPE_CHECKING:
    from ..screen import Screen

IGNORED = ""
DAY_FORMS = ("%d/%m/%Y", "%d/%m/%y", "%d-%m-%Y", "%d.%m.%Y", "%Y/%m/%d")


def targets(screen: "Screen", form: NounForm) -> list[tuple[str, str]]:
    """The fields a column can go to, with their labels."""
    return [(n, str(f.label)) for n, f in form.fields.items() if n not in {"organisation", "version"}]


def guess(screen: "Screen", header: Sequence[str], form: NounForm) -> dict[str, str]:
    """Column number (as text) → field, by the name or the label in French or English; the rest is ignored."""
    known: dict[str, str] = {}
    for language in ("fr", "en"):
        with override(language):
            for name, label in targets(screen, form):
                known.setdefault(_letters(name.removeprefix(CUSTOM)), name)
                known.setdefault(_letters(str(label)), name)
            for name in screen.form_fields:
                label = capitalised(screen.model._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
                known.setdefault(_letters(label), name)
    guessed, used = {}, set()
    for number, title in enumerate(header):
        name = known.get(_letters(title), IGNORED)
        guessed[str(number)] = name if name not in used else IGNORED
        used.add(name)
    return guessed


class Reader:
    """Turns rows into bound forms. Names of related objects are looked up once and remembered."""

    def __init__(
        self,
        screen: "Screen",
        actor: Actor,
        organisation_id: int,
        mapping: dict[str, str],
        create_missing: bool,
    ) -> None:
        self.screen, self.actor, self.organisation_id = screen, actor, organisation_id
        self.columns = [(int(number), name) for number, name in mapping.items() if name]
        self.create_missing = create_missing
        self.form_class = form_class(screen)
        blank = self.blank()
        self.fields, self.defaults = blank.fields, defaults_of(blank)
        self._names: dict[str, dict[str, int]] = {}
        self._identities: dict[str, dict[str, Any]] = {}

    def blank(self) -> NounForm:
        return self.form_class(None, actor=self.actor, organisation_id=self.organisation_id)

    def form(self, row: list[str]) -> tuple[NounForm, dict[str, str]]:
        """The bound form of a row (on the existing object when it is recognised), and errors found
        before it.
        """
        found, errors = self.values(row)
        values = {
            name: value for name, value in found.items() if value is not None
        }  # an empty cell says nothing
        obj = self.known_object(values)
        base = values_of(self.screen, obj) if obj is not None else self.defaults
        data = {**base, **values, "organisation": self.organisation_id}
        form = self.form_class(data, instance=obj, actor=self.actor, organisation_id=self.organisation_id)
        return form, errors

    def values(self, row: list[str]) -> tuple[dict[str, Any], dict[str, str]]:
        values: dict[str, Any] = {}
        errors: dict[str, str] = {}
        for number, name in self.columns:
            text = row[number] if number < len(row) else ""
            try:
                values[name] = self.value(name, text)
            except ValueError as error:
                errors[name] = str(error)
        return values, errors

    def value(self, name: str, text: str) -> Any:
        """The form's own kind of value for a text: an id for a name, an ISO date for « 12/03/2027 »…"""
        field: Any = self.fields[name]
        if text == "":
            return None
        if isinstance(field, forms.ModelChoiceField):
            return self.related(name, field, text)
        if isinstance(field, forms.BooleanField):
            return plain(text) in {"1", "oui", "yes", "true", "vrai", "x"}
        if isinstance(field, forms.ChoiceField):
            choices: Any = field.choices
            return next(
                (v for v, label in choices if plain(text) in {plain(str(v)), plain(str(label))}), text
            )
        if isinstance(field, forms.DateField):
            return _iso_day(text)
        if isinstance(field, forms.DecimalField | forms.FloatField):
            return (
                text.replace("\u202f", "")
                .replace("\xa0", "")
                .replace(" ", "")
                .replace("€", "")
                .replace(",", ".")
            )
        return text

    def related(self, name: str, field: forms.ModelChoiceField, text: str) -> int:
        """The id of the object a text names; made when it is missing and that is allowed. ``ValueError``
        otherwise.
        """
        names = self._names.setdefault(name, {}) or self._load_names(name, field)
        key = plain(text)
        if key not in names:
            names[key] = self._make(name, field, text)
        return names[key]

    def known_object(self, values: dict[str, Any]) -> Any:
        """The existing object with the same identity (first identity field that the row fills)."""
        for name in self.screen.identity:
            if value := values.get(name):
                found = self._by_identity(name).get(plain(str(value)))
                return self._whole(found) if isinstance(found, int) else found
        return None

    def _whole(self, key: int) -> Any:
        """The recognised object, with what its form and its event read of it."""
        joins = [
            f.name
            for f in self.screen.model._meta.concrete_fields
            if f.is_relation and f.name != "organisation"
        ]
        return (
            self.screen.model._default_manager.select_related(*joins).get(pk=key)
            if joins
            else self.screen.model._default_manager.get(pk=key)
        )

    def remember(self, obj: Any) -> None:
        """After a write: later rows of the same file see the object."""
        for name, known in self._identities.items():
            if value := getattr(obj, name, None):
                known[plain(str(value))] = obj

    def _by_identity(self, name: str) -> dict[str, Any]:
        if name not in self._identities:
            rows = self.screen.model._default_manager.filter(organisation=self.organisation_id).exclude(
                **{name: ""}
            )
            pairs = rows.order_by("-pk").values_list(name, "pk").iterator()
            self._identities[name] = {plain(str(value)): key for value, key in pairs if value}
        return self._identities[name]

    def _load_names(self, name: str, field: Any) -> dict[str, int]:
        queryset = field.queryset
        for obj in queryset.iterator():
            self._names[name].setdefault(plain(str(obj)), obj.pk)
            for own in ("name", "key", "code"):
                if value := getattr(obj, own, ""):
                    self._names[name].setdefault(plain(str(value)), obj.pk)
        return self._names[name]

    def _make(self, name: str, field: Any, text: str) -> int:
        from .. import registry

        target = registry.get(field.queryset.model)
        simple = (
            target is not None
            and target.adds
            and issubclass(target.model, OrganisationModel)
            and "name" in target.identity
        )
        if (
            target is None
            or not simple
            or not self.create_missing
            or not can(self.actor, target.verb("add"), self.organisation_id)
        ):
            raise ValueError(_("“%(text)s” is not known here.") % {"text": text})
        within: dict[str, Any] = {"actor": self.actor, "organisation_id": self.organisation_id}
        defaults = defaults_of(form_class(target)(None, **within))
        form = form_class(target)({**defaults, "name": text, "organisation": self.organisation_id}, **within)
        if not form.is_valid():
            raise ValueError(
                _("“%(text)s” does not exist and cannot be created from its name alone.") % {"text": text}
            )
        return int(target.save(form, self.actor).pk)


def _iso_day(text: str) -> str:
    for form in DAY_FORMS:
        try:
            return datetime.strptime(text, form).date().isoformat()  # noqa: DTZ007  (a day has no zone)
        except ValueError:
            continue
    return text[:10] if len(text) > 10 and text[4:5] == "-" else text


def _letters(text: str) -> str:
    return "".join(c for c in plain(text) if c.isalnum())
