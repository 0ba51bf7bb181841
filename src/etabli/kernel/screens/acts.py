"""Acts on objects, one or many: those every noun has (set a field, delete), then the screen's own."""

import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..actors import SYSTEM, Actor, actor_of, can, require
from ..events import batching
from ..jobs import Run, job
from ..organisations import lineage
from ..tenancy import Catalogue, OrganisationModel, SharedModel, scope, visible
from .forms import ComboSelect, form_class, values_of
from .previewing import of_field
from .screen import Act
from .undoing import undo_batch

if TYPE_CHECKING:
    from .screen import Screen

AT_ONCE = 100


class ActForm(forms.Form):
    """The form asked before an act on ``rows``: its relations offer what the rows' organisations hold."""

    def __init__(
        self, data: Any = None, files: Any = None, *, actor: Actor, rows: QuerySet[Any], initial: Any = None
    ) -> None:
        super().__init__(data, files, initial=initial)
        self.actor, self.rows = actor, rows
        self.places = places_of(rows)
        for field in self.fields.values():
            if isinstance(field, forms.ModelChoiceField) and field.queryset is not None:
                self._narrow(field)

    def _narrow(self, field: forms.ModelChoiceField) -> None:
        queryset: Any = field.queryset
        if issubclass(queryset.model, Catalogue):
            above = {one for place in self.places for one in lineage(place)}
            queryset = queryset.filter(organisation__in=above)
        elif issubclass(queryset.model, OrganisationModel):
            queryset = queryset.filter(organisation__in=self.places)
        elif issubclass(queryset.model, SharedModel):
            queryset = queryset.filter(Q(organisation=None) | Q(organisation__in=self.places))
        field.queryset = queryset
        if type(field.widget) is forms.Select:
            field.widget = ComboSelect(queryset.model, field.widget.attrs, choices=field.widget.choices)
            field.widget.is_required = field.required


def all_of(screen: "Screen") -> list[Act]:
    acts, words = [*screen.acts], (gettext_lazy("Set a field"), gettext_lazy("Delete"))
    if screen.changes:
        acts.append(
            Act(
                "set",
                words[0],
                "edit",
                screen.verb("change"),
                _set_field,
                SetField,
                one=False,
                preview=lambda rows, cleaned: of_field(
                    screen, rows, cleaned["field"], cleaned.get(cleaned["field"])
                ),
            )
        )
    if screen.deletes:
        acts.append(Act("delete", words[1], "trash", screen.verb("delete"), _delete, danger=True, one=False))
    return acts


def by_name(screen: "Screen", name: str) -> Act | None:
    return next((a for a in all_of(screen) if a.name == name), None)


def offered(screen: "Screen", actor: Actor) -> list[dict[str, Any]]:
    """The acts on many that this actor may do, as the bulk bar shows them."""
    made = [
        {
            "name": a.name,
            "label": a.label,
            "icon": a.icon,
            "form_url": reverse(f"{screen.noun}-bulk", args=[a.name]),
        }
        for a in all_of(screen)
        if a.many and can(actor, a.verb)
    ]
    if screen.compares:
        url = reverse(f"{screen.noun}-compare")
        made.append({"name": "compare", "label": _("Compare"), "icon": "columns-3", "form_url": url})
    return made


def buttons(screen: "Screen", obj: Any, actor: Actor) -> list[dict[str, Any]]:
    """The acts this actor may do on this object now, as buttons of its page; one is the first to do."""
    allowed = [a for a in screen.acts if a.one and a.shown and can(actor, a.verb, obj)]
    possible = [a for a in allowed if not a.why_not(obj)]
    first = next((a for a in possible if a.primary), None)
    return [
        {
            "label": a.label,
            "icon": a.icon,
            "danger": a.danger,
            "primary": a is first,
            "more": not a.primary,
            "hotkey": a.key,
            "url": reverse(f"{screen.noun}-act", args=[obj.pk, a.name]),
            "method": "" if a.form or a.danger else "post",
        }
        for a in possible
    ]


def form_of(
    screen: "Screen", act: Act, actor: Actor, rows: QuerySet[Any], data: Any, files: Any = None
) -> Any:
    """The form asked before the act, or ``None``."""
    if act.form is None:
        return None
    form = act.form(data, files, actor=actor, rows=rows)
    if isinstance(form, SetField):
        form.offer(screen)
    return form


def perform(screen: "Screen", act: Act, obj: Any, cleaned: dict[str, Any], actor: Actor) -> Any:
    """Do it to one object, or raise ``ValidationError`` (a sentence) or ``PermissionDenied``.

    Every way in comes here: button, bulk act, API.
    """
    require(actor, act.verb, obj)
    if problem := act.why_not(obj):
        raise ValidationError(problem)
    owner = getattr(obj, "organisation_id", None)
    for value in cleaned.values():
        if (
            isinstance(value, OrganisationModel)
            and owner
            and value.organisation_id not in homes(value, owner)
        ):
            raise ValidationError(_("“%(value)s” belongs to another organisation.") % {"value": value})
    with transaction.atomic():
        return act.act(obj, {**cleaned, "screen": screen}, actor)


def homes(value: OrganisationModel, owner: int) -> list[int]:
    """The organisations whose rows may be given to one: its own, and those above for what they set up."""
    return lineage(owner) if isinstance(value, Catalogue) else [owner]


def together(act: Act, rows: Any, cleaned: dict[str, Any], actor: Actor) -> Any:
    """The answer of an act done once to all the rows where this actor may do it."""
    if act.together is None:
        raise TypeError(f"{act.name} is done to each row")
    places = [o for o in places_of(rows) if can(actor, act.verb, o)]
    with transaction.atomic():
        return act.together(rows.filter(organisation__in=places), cleaned, actor)


def run(
    screen: "Screen", act: Act, rows: Any, form: Any, actor: Actor
) -> str | tuple[int, list[str], uuid.UUID]:
    """Do it now to few rows; else as a followed job, whose address is returned."""
    keys = list(rows.values_list("pk", flat=True))
    batch = uuid.uuid4()
    if len(keys) <= AT_ONCE:
        with batching(batch):
            return *apply(screen, act, keys, form.cleaned_data if form else {}, actor), batch
    values = {name: form[name].value() for name in form.fields} if form else {}
    made = run_act.follow(
        title=f"{act.label} · {screen.title} ({len(keys)})",
        actor=actor,
        noun=screen.noun,
        act=act.name,
        keys=keys,
        values=values,
        account=actor.account_id,
        batch=str(batch),
    )
    return reverse("job-detail", args=[made.pk])


def apply(
    screen: "Screen",
    act: Act,
    keys: Sequence[int],
    cleaned: dict[str, Any],
    actor: Actor,
    run: Run | None = None,
) -> tuple[int, list[str]]:
    """Each row in its own savepoint: one that is refused is told and does not stop the others."""
    done, problems = 0, []
    for number, key in enumerate(keys, 1):
        obj = screen.model._default_manager.filter(pk=key).first()
        if obj is None:
            continue
        try:
            if not can(actor, act.verb, obj):
                raise ValidationError(_("your role does not allow it here"))
            perform(screen, act, obj, cleaned, actor)
            done += 1
        except ValidationError as error:
            problems.append(f"{obj} : {' '.join(error.messages)}")
        if run is not None and number % 20 == 0:
            run.progress(number)
    return done, problems


@job(followed=True)
def run_act(
    run: Run,
    noun: str,
    act: str,
    keys: list[int],
    values: dict[str, Any],
    account: int | None,
    batch: str,
) -> dict[str, Any]:
    """The same act on many rows, followed on its page, which offers to take all of it back."""
    from . import by_noun

    screen = by_noun(noun)
    chosen = by_name(screen, act) if screen else None
    if screen is None or chosen is None:
        return {}
    actor = _actor(account)
    run.begin(str(chosen.label), total=len(keys))
    with scope(*(actor.places or visible())), batching(uuid.UUID(batch)):
        form = form_of(screen, chosen, actor, screen.model._default_manager.filter(pk__in=keys), values)
        if form is not None and not form.is_valid():  # somebody removed what was chosen meanwhile
            raise ValidationError([m for told in form.errors.values() for m in told])
        done, problems = apply(screen, chosen, keys, form.cleaned_data if form else {}, actor, run)
    for problem in problems[:200]:
        run.say(problem)
    return {"done": done, "problems": len(problems), "batch": batch}


@job(followed=True)
def run_undo(run: Run, batch: str, total: int, account: int | None) -> dict[str, Any]:
    """Taking back an act on many rows, followed on its page."""
    actor = _actor(account)
    run.begin(_("Undo the rows"), total=total)
    with scope(*(actor.places or visible())):
        return {"undone": undo_batch(uuid.UUID(batch), actor, run.progress)}


def _actor(account: int | None) -> Actor:
    from ..accounts import Account

    return actor_of(Account.objects.get(pk=account)) if account else SYSTEM


class SetField(ActForm):
    """Which field, and the value: the widgets and rules are those of the noun's own form."""

    field = forms.ChoiceField(label=gettext_lazy("Field"))

    def offer(self, screen: "Screen") -> None:
        """Add the fields of the screen's form."""
        only = self.places[0] if len(self.places) == 1 else None
        source = form_class(screen)(None, actor=self.actor, organisation_id=only)
        names = [n for n in source.fields if n not in {"organisation", "version", *screen.identity}]
        self.fields["field"].choices = [  # type: ignore[attr-defined]
            (n, source.fields[n].label) for n in names
        ]
        for name in names:
            self.fields[name] = source.fields[name]
            self.fields[name].required = False
            self.fields[name].widget.attrs["data-when"] = name


def _set_field(obj: Any, cleaned: dict[str, Any], actor: Actor) -> None:
    screen, name = cleaned["screen"], cleaned["field"]
    value = cleaned.get(name)
    data = {**values_of(screen, obj), name: getattr(value, "pk", value)}
    form = form_class(screen)(data, instance=obj, actor=actor)
    if not form.is_valid():
        raise ValidationError([m for messages in form.errors.values() for m in messages])
    screen.save(form, actor)


def _delete(obj: Any, cleaned: dict[str, Any], actor: Actor) -> None:
    cleaned["screen"].delete(obj, actor)


def places_of(rows: Any) -> list[int]:
    """The organisations of some rows."""
    if not hasattr(rows.model, "organisation_id"):
        return []
    return list(rows.order_by().values_list("organisation_id", flat=True).distinct())
