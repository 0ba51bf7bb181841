"""The form of a noun: an ordinary ``ModelForm`` that knows the organisation, its custom fields and the
version.
"""

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.forms.models import model_to_dict, modelform_factory
from django.urls import reverse
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .. import customfields
from ..accounts import Account
from ..actors import Actor, can
from ..organisations import Organisation, lineage
from ..tenancy import Noun, OrganisationModel, SharedModel, UpwardKey, visible
from .columns import capitalised
from .conditions import NotPlain, names_in, truth
from .memory import RelatedChoiceField, once

if TYPE_CHECKING:
    from .screen import Screen

OWNED = (OrganisationModel, SharedModel)
SELECT_LIMIT = 200
CUSTOM = "custom_"


class NounForm(forms.ModelForm):
    """``organisation`` is asked only when several are possible; ``version`` refuses to overwrite somebody's
    change.
    """

    screen: "Screen"
    vouched: frozenset[str] = frozenset()  # fields whose values the caller knows to be free
    imported: bool = False  # the values come from a file: nobody is there to be asked for more
    before: dict[str, Any] | None = None  # the object before the form touched it, when the caller knows it

    def __init__(
        self, data: Any = None, *args: Any, actor: Actor, organisation_id: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(data, *args, **kwargs)
        self.actor = actor
        self.organisation_id = self._organisation(organisation_id, data)
        self._ask_organisation()
        self._narrow_relations()
        self._add_custom_fields()
        if self.instance.pk and isinstance(self.instance, Noun):
            self.fields["version"] = forms.IntegerField(
                widget=forms.HiddenInput, required=False, initial=self.instance.version
            )

    def again(self, data: Any, instance: Any = None) -> "NounForm":
        """The same form for another object of the organisation: what it offers was worked out once.

        For works on thousands of rows. An object may hold what is no longer offered: then a new form is made.
        """
        if instance is not None and self._may_hold_more():
            return type(self)(data, instance=instance, actor=self.actor, organisation_id=self.organisation_id)
        made = copy.copy(self)
        made.data, made.is_bound, made.files = data, True, MultiValueDict()
        made.instance = self.screen.model() if instance is None else instance
        made.initial, made.before = {}, None
        made._errors, made._bound_fields_cache = None, {}  # type: ignore[attr-defined]
        return made

    def _may_hold_more(self) -> bool:
        """A choice removed since, or an object outside the organisation, that an existing object may hold."""
        if any(one.kind == customfields.CustomField.Kind.CHOICE for one in self.custom_fields):
            return True
        fields: list[Any] = [f for f in self.screen.model._meta.concrete_fields if f.name in self.fields]
        return not all(
            issubclass(f.related_model, OWNED) for f in fields if f.is_relation and f.name != "organisation"
        )

    def _organisation(self, given: int | None, data: Any) -> int | None:
        if not issubclass(self.screen.model, OWNED):
            return None
        if self.instance.pk:
            return self.instance.organisation_id
        possible = self.possible_organisations()
        asked = given or (data.get("organisation") if data else None)
        if asked and str(asked).isdecimal() and int(asked) in possible:
            return int(asked)
        return possible[0] if len(possible) == 1 else None

    def possible_organisations(self) -> list[int]:
        return [o for o in visible() if can(self.actor, self.screen.verb("add"), o)]

    def _ask_organisation(self) -> None:
        if not issubclass(self.screen.model, OWNED) or self.instance.pk:
            return
        possible = self.possible_organisations()
        self.fields["organisation"] = asked = RelatedChoiceField(
            Organisation.objects.filter(pk__in=possible),
            label=_("Organisation"),
            initial=self.organisation_id,
            required=len(possible) > 1,
            widget=forms.Select if len(possible) > 1 else forms.HiddenInput,
        )
        asked.owner = 0  # what is offered here depends on the actor alone
        self.order_fields(["organisation"])

    def _narrow_relations(self) -> None:
        for name, one in list(self.fields.items()):
            if not isinstance(one, forms.ModelChoiceField) or name == "organisation":
                continue
            if one.queryset is None:
                continue
            narrowed = self._offered(name, one.queryset)
            if not issubclass(narrowed.model, OWNED) and self._holds_unseen(name, narrowed):
                del self.fields[name]  # a client does not see its provider: saving must not cut it off
                continue
            one.queryset = narrowed
            if isinstance(one, RelatedChoiceField):
                one.owner = self.organisation_id
            one.widget = ComboSelect(narrowed.model, one.widget.attrs, choices=one.widget.choices)
            one.widget.is_required = one.required

    def _offered(self, name: str, queryset: Any) -> Any:
        """The rows a relation may be given: those of the organisation, when it is known."""
        owner = self.organisation_id

        def narrowed() -> Any:
            if queryset.model is Account:
                # Accounts belong to the installation: only those that work in the visible organisations.
                return queryset.filter(memberships__organisation__in=visible()).distinct()
            if issubclass(queryset.model, OrganisationModel) and owner:
                return queryset.filter(organisation__in=self._homes(name))
            if issubclass(queryset.model, SharedModel) and owner:
                return queryset.filter(Q(organisation=None) | Q(organisation=owner))
            return queryset

        return once((type(self), name, owner), narrowed)

    def _homes(self, name: str) -> list[int | None]:
        """The organisations whose rows a relation may hold: one's own, and those above for an upward key."""
        owner = self.organisation_id
        upward = name in self._upward and owner
        return [*once(("lineage", owner), lambda: lineage(owner or 0))] if upward else [owner]

    @property
    def _upward(self) -> set[str]:
        return {f.name for f in self.screen.model._meta.concrete_fields if isinstance(f, UpwardKey)}

    def _holds_unseen(self, name: str, queryset: Any) -> bool:
        key = getattr(self.instance, f"{name}_id", None) if self.instance.pk else None
        return key is not None and not queryset.filter(pk=key).exists()

    def _add_custom_fields(self) -> None:
        self.custom_fields: Sequence[Any] = ()
        if not self.screen.has_custom_fields:
            return
        places = [self.organisation_id] if self.organisation_id else list(visible())
        noun = self.screen.noun
        self.custom_fields = once((noun, *places), lambda: customfields.fields_of(noun, places))
        for one in self.custom_fields:
            stored = (self.instance.custom or {}).get(one.key)
            made = customfields.form_field(one, stored)
            made.initial = stored
            self.fields[CUSTOM + one.key] = made

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if isinstance(self.instance, OWNED) and not self.instance.pk:
            chosen = cleaned.get("organisation")
            self.organisation_id = chosen.pk if chosen else self.organisation_id
            if self.organisation_id is None:
                raise ValidationError(_("Choose the organisation this belongs to."))
            self.instance.organisation_id = self.organisation_id
        self._check_relations(cleaned)
        seen = cleaned.get("version")
        if seen and self.instance.pk and seen != self.instance.version:
            raise ValidationError(STALE, code="stale")
        return cleaned

    def _check_relations(self, cleaned: dict[str, Any]) -> None:
        """A choice made before the organisation was known must belong to it."""
        for name, value in cleaned.items():
            if isinstance(value, OrganisationModel) and value.organisation_id not in self._homes(name):
                self.add_error(name, _("“%(value)s” belongs to another organisation.") % {"value": value})

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if self.custom_fields:
            values = {f.key: self.cleaned_data.get(CUSTOM + f.key) for f in self.custom_fields}
            self.instance.custom = {
                **(self.instance.custom or {}),
                **customfields.clean_values(self.custom_fields, values),
            }

    def _get_validation_exclusions(self) -> set[str]:
        """A related object that the form found among those offered exists: the model need not ask again."""
        found = {n for n, v in self.cleaned_data.items() if isinstance(v, models.Model)}
        return super()._get_validation_exclusions() | found  # type: ignore[misc]

    def validate_constraints(self) -> None:
        """Every constraint whose fields are sound, also those that count the organisation (which is no form
        field).
        """
        for model, constraints in self.instance.get_constraints():
            for constraint in constraints:
                if self._moot(constraint) or self._vouched(constraint):
                    continue
                try:
                    self._ask(constraint, model)
                except ValidationError as error:
                    self._update_errors(error)  # type: ignore[attr-defined]

    def _ask(self, constraint: Any, model: type[models.Model]) -> None:
        """A check depends on its own fields alone: the same values get the same answer for all rows of a
        work.
        """
        excluded = set(self.errors)
        names = names_in(constraint.condition) if isinstance(constraint, models.CheckConstraint) else {""}
        if "" in names or not hasattr(constraint.condition, "children"):
            constraint.validate(model, self.instance, exclude=excluded)
            return
        values = tuple(str(getattr(self.instance, name)) for name in sorted(names))
        key = (constraint.name, values, bool(names & excluded))
        once(key, lambda: constraint.validate(model, self.instance, exclude=excluded))

    def _vouched(self, constraint: Any) -> bool:
        """Uniqueness that the caller checked against everything there is; the database has the last word."""
        if not isinstance(constraint, models.UniqueConstraint) or not self.vouched:
            return False
        return unique_names(constraint) - {"organisation"} <= self.vouched

    def _moot(self, constraint: Any) -> bool:
        """Whether a constraint cannot be broken by these values: each is a question to the database.

        A check that is met or whose fields are all empty passes; a unique constraint does not concern a row
        outside its condition.
        """
        condition = getattr(constraint, "condition", None)
        if not isinstance(condition, Q):
            return False
        try:
            met = truth(condition, self.instance)
        except NotPlain:
            return isinstance(constraint, models.CheckConstraint) and all(
                getattr(self.instance, name, True) is None for name in names_in(condition)
            )
        if isinstance(constraint, models.UniqueConstraint):
            return met is not True
        return isinstance(constraint, models.CheckConstraint) and met is not False

    def validate_unique(self) -> None:
        try:
            self.instance.validate_unique(exclude=set(self.errors))
        except ValidationError as error:
            self._update_errors(error)  # type: ignore[attr-defined]

    def sections(self) -> list[dict[str, Any]]:
        """The fields grouped as the screen says: the first group open, the others folded unless they hold a
        value.
        """
        left = [n for n in self.fields if n != "version" and not self.fields[n].widget.is_hidden]
        groups = [("", [n for n in left if not any(n in names for _t, names in self.screen.sections)])]
        groups += [(title, [n for n in names if n in left]) for title, names in self.screen.sections]
        return [
            {"title": title, "fields": [self[n] for n in names], "open": not title or self._speaks(names)}
            for title, names in groups
            if names
        ]

    def _speaks(self, names: Sequence[str]) -> bool:
        return any(n in self.errors or self[n].value() not in (None, "", False) for n in names)


def unique_names(constraint: Any) -> set[str]:
    """The fields that are unique together, also those inside an expression (``Plain("name")``)."""
    found = set(constraint.fields)
    waiting = list(constraint.expressions)
    while waiting:
        one = waiting.pop()
        if isinstance(one, models.F):
            found.add(str(one.name))  # type: ignore[attr-defined]
        else:
            waiting += one.get_source_expressions()
    return found


STALE = gettext_lazy(
    "Somebody changed this while you were editing. Your values are kept below: compare them with the "
    "current ones, then save again."
)


class ComboSelect(forms.Select):
    """A select that stays light: beyond some hundred rows it only carries the chosen one and an address to
    search.
    """

    template_name = "screens/combo.html"

    def __init__(self, model: type[models.Model], attrs: Any = None, choices: Any = ()) -> None:
        self.model = model
        self.searched = False
        super().__init__(attrs, choices)

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        noun = self.model._meta.model_name
        context["search_url"] = reverse("options", args=[noun]) if self.searched else ""
        return context

    def optgroups(self, name: str, value: list[Any], attrs: Any = None) -> list[Any]:
        choices = self.choices
        if not isinstance(choices, forms.models.ModelChoiceIterator):
            return super().optgroups(name, value, attrs)
        rows = list(choices.queryset[: SELECT_LIMIT + 1])
        if len(rows) > SELECT_LIMIT:
            wanted = [v for v in value if str(v).isdecimal() and len(str(v)) < 19]
            rows = list(choices.queryset.filter(pk__in=wanted))
            self.searched = True
        self.choices = [("", "—"), *[(str(r.pk), str(r)) for r in rows]]
        made = super().optgroups(name, value, attrs)
        self.choices = choices
        return made


def form_class(screen: "Screen") -> type[NounForm]:
    """The form class of a screen, made once."""
    made = screen.__dict__.get("_form_class")
    if made is None:
        factory = modelform_factory(
            screen.model, form=screen.form or NounForm, fields=screen.form_fields, formfield_callback=_field
        )
        made = type(f"{screen.model.__name__}Form", (factory,), {"screen": screen})
        screen.__dict__["_form_class"] = made
    return made


def values_of(screen: "Screen", obj: Any) -> dict[str, Any]:
    """What the form of an object would send unchanged: the base of a partial update."""
    values = model_to_dict(obj, fields=screen.form_fields)
    for key, value in (getattr(obj, "custom", None) or {}).items():
        values[CUSTOM + key] = value
    return values


def defaults_of(form: NounForm) -> dict[str, Any]:
    """What the form of a new object holds before anybody fills it: the base of a row or a body that leaves
    values out.
    """
    given = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    return {name: value for name, value in given.items() if value is not None and name != "version"}


def _field(field: Any, **kwargs: Any) -> Any:
    if field.many_to_one or field.one_to_one:
        kwargs["form_class"] = RelatedChoiceField
    made = field.formfield(**kwargs)
    if made is None:
        return None
    made.label = capitalised(made.label)
    if isinstance(made, forms.DateTimeField):
        made.widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    elif isinstance(made, forms.DateField):
        made.widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    elif isinstance(made, forms.TimeField):
        made.widget = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    elif isinstance(made, forms.CharField) and isinstance(made.widget, forms.Textarea):
        made.widget.attrs.setdefault("rows", 4)
    return made
