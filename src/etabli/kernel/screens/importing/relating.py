"""The objects that a row names beside its own: found by what the row says of them, made when they are
missing.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils.translation import gettext as _

from ...actors import Actor, can
from ...tenancy import OrganisationModel, SharedModel
from ..forms import RelatedChoiceField, defaults_of, form_class
from .known import Known

if TYPE_CHECKING:
    from ..screen import Screen

NAME = ""
"""In what is said of a related object, the key of its name; the other keys are its fields."""
BY_ID = "#"
"""Before an id: what somebody chose in a page for a word of the file."""
Said = Mapping[str, Any]


class Unknown(ValueError):
    """Nothing here is called by this word."""


class Lost(Exception):
    """The database refused a write made without a savepoint: nothing more can be done in this transaction."""


def written(screen: "Screen", form: Any, actor: Actor, batch: Any) -> Any:
    """Save a valid form. ``ValueError`` with a sentence when that is refused all the same."""
    try:
        return screen.save(form, actor, batch=batch)
    except ValidationError as error:
        if transaction.get_rollback():
            raise Lost
        raise ValueError(" ".join(error.messages))


class Relations:
    """Everything one import knows of the nouns around the one it fills."""

    def __init__(self, actor: Actor, organisation_id: int, *, create_missing: bool, batch: Any) -> None:
        self.actor, self.organisation_id = actor, organisation_id
        self.create_missing, self.batch = create_missing, batch
        self.made: dict[str, list[str]] = {}
        self._known: dict[type[models.Model], Known] = {}
        self._answers: dict[type[models.Model], dict[Any, int | ValueError]] = {}
        self._blanks: dict[type[models.Model], Any] = {}

    def known(self, model: type[models.Model]) -> Known:
        """The objects of a noun, read at first need."""
        if model not in self._known:
            from .. import registry

            screen = registry.get(model)
            identity = screen.identity if screen and issubclass(model, OrganisationModel) else ()
            self._known[model] = Known(model, self.organisation_id, identity)
        return self._known[model]

    def wrote(self, obj: Any) -> None:
        """The import wrote an object of a noun that others may name."""
        self.known(type(obj)).add(obj)
        self._answers.pop(type(obj), None)

    def find(self, model: type[models.Model], said: Said, around: Mapping[str, Any]) -> int:
        """The id of the object that a row speaks of. ``around`` is what the row says of itself (``site`` →
        id).

        Raises ``ValueError`` with a sentence when it is neither known nor makable.
        """
        nested = any(isinstance(one, Mapping) for one in said.values())
        near = {n: around[n] for n in (around if nested else self.known(model).narrow) if around.get(n)}
        answers = self._answers.setdefault(model, {})
        key = (_frozen(said), tuple(near.items()))
        if key not in answers:
            try:
                answers[key] = self._find(model, said, near)
            except ValueError as error:
                answers[key] = error
        answer = answers[key]
        if isinstance(answer, ValueError):
            raise answer
        return answer

    def _find(self, model: type[models.Model], said: Said, near: Mapping[str, Any]) -> int:
        known, name = self.known(model), str(said.get(NAME, ""))
        if name.startswith(BY_ID) and name[1:].isdecimal() and int(name[1:]) in known.facts:
            return int(name[1:])
        said = self._named(known, said, name)
        values: dict[str, Any] = {n: near[n] for n in known.narrow if n in near}
        for field, inside in said.items():
            if field != NAME:
                values[field] = self._value(model, field, inside, {**near, **values})
        told = {n: values.get(n) for n in known.sure} | known.inside(values)
        name = str(said.get(NAME, ""))
        found = known.find(name, told)
        if found is None and len(said) == 1:
            found = next(
                (known.by[n][p][0] for n in known.sure for p in [_plain(name)] if p in known.by[n]), None
            )
        return self._make(model, name, values) if found is None else found

    def _named(self, known: Known, said: Said, name: str) -> Said:
        """An address where a name is asked names somebody too."""
        if "email" in known.sure and "@" in name and " " not in name.strip():
            return {"email": name, **said, NAME: ""}
        return said

    def _value(self, model: type[models.Model], field: str, inside: Any, around: Mapping[str, Any]) -> Any:
        if not isinstance(inside, Mapping):
            return inside
        target: Any = model._meta.get_field(field).related_model
        return self.find(target, inside, around)

    def _make(self, model: type[models.Model], name: str, values: Mapping[str, Any]) -> int:
        screen = self._makable(model)
        text = name or str(values.get("email", ""))
        if screen is None or not text:
            raise Unknown(_("“%(text)s” is not known here.") % {"text": name})
        form = self._form(screen, text, values)
        if not form.is_valid():
            why = " ".join(str(m) for messages in form.errors.values() for m in messages)
            raise ValueError(
                _("“%(text)s” does not exist and cannot be created from what the line says (%(why)s)")
                % {"text": text, "why": why}
            )
        obj = written(screen, form, self.actor, self.batch)
        self.known(model).add(obj)
        self.made.setdefault(screen.noun, []).append(str(obj))
        return int(obj.pk)

    def _makable(self, model: type[models.Model]) -> Any:
        from .. import registry

        screen = registry.get(model)
        fits = screen is not None and screen.adds and issubclass(model, OrganisationModel | SharedModel)
        if not fits or screen is None or "name" not in screen.form_fields or not self.create_missing:
            return None
        return screen if can(self.actor, screen.verb("add"), self.organisation_id) else None

    def _form(self, screen: "Screen", text: str, values: Mapping[str, Any]) -> Any:
        within: dict[str, Any] = {"actor": self.actor, "organisation_id": self.organisation_id}
        blank = self._blanks.get(screen.model)
        if blank is None:
            blank = self._blanks[screen.model] = form_class(screen)(None, **within)
        given = {
            **defaults_of(blank),
            **screen.from_name(text),
            **values,
            "organisation": self.organisation_id,
        }
        form = blank.again(given)
        form.imported = True
        form.vouched = self.known(screen.model).vouched(given, None)
        return form


def sub_fields(model: type[models.Model], blank: Any) -> list[tuple[str, str]]:
    """What a file may say of a related object beside its name: its texts and its own relations."""
    return [
        (name, str(field.label))
        for name, field in blank.fields.items()
        if name not in {"name", "organisation", "version"}
        and ((isinstance(field, RelatedChoiceField) and field.offers is not model) or _is_text(model, name))
    ]


def _is_text(model: type[models.Model], name: str) -> bool:
    if name not in {f.name for f in model._meta.concrete_fields}:
        return False
    field = model._meta.get_field(name)
    return isinstance(field, models.CharField) and not field.choices


def _frozen(said: Said) -> tuple[Any, ...]:
    return tuple((k, _frozen(v) if isinstance(v, Mapping) else v) for k, v in sorted(said.items()))


def _plain(text: str) -> str:
    from ...text import plain

    return plain(text)
