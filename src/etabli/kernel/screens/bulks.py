"""Acts on many rows: those every noun has (set a field, tag, delete), then the screen's own."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..actors import Actor, can
from ..jobs import Run, job
from ..tenancy import scope, visible
from .forms import form_class, values_of
from .screen import Bulk

if TYPE_CHECKING:
    from .screen import Screen

AT_ONCE = 100


def all_of(screen: "Screen") -> list[Bulk]:
    acts = [*screen.bulk]
    if screen.changes:
        acts.append(Bulk("set", gettext_lazy("Set a field"), "edit", screen.verb("change"), _set_field))
    if screen.deletes:
        acts.append(
            Bulk("delete", gettext_lazy("Delete"), "trash", screen.verb("delete"), _delete, danger=True)
        )
    return acts


def offered(screen: "Screen", actor: Actor) -> list[dict[str, Any]]:
    """The acts this actor may do, as the bulk bar shows them."""
    return [
        {
            "name": b.name,
            "label": b.label,
            "icon": b.icon,
            "form_url": reverse(f"{screen.noun}-bulk", args=[b.name]),
        }
        for b in all_of(screen)
        if can(actor, b.verb)
    ]


def by_name(screen: "Screen", name: str) -> Bulk | None:
    return next((b for b in all_of(screen) if b.name == name), None)


def form_of(screen: "Screen", act: Bulk, actor: Actor, rows: Any, data: Any) -> Any:
    """The form asked before the act, or ``None``. The rows' organisations limit its choices."""
    if act.name == "set":
        return SetField(data, screen=screen, actor=actor, places=_places(rows))
    if act.form is None:
        return None
    return act.form(actor, _places(rows))(data)


def run(
    screen: "Screen", act: Bulk, rows: Any, cleaned: dict[str, Any], actor: Actor
) -> str | tuple[int, list[str]]:
    """Do it now for few rows; else as a followed job, whose address is returned."""
    keys = list(rows.values_list("pk", flat=True))
    if len(keys) > AT_ONCE:
        values = {k: getattr(v, "pk", v) for k, v in cleaned.items()}
        title = f"{act.label} · {screen.title} ({len(keys)})"
        made = run_bulk.follow(
            title=title,
            actor=actor,
            noun=screen.noun,
            act=act.name,
            keys=keys,
            values=values,
            account=actor.account_id,
        )
        return reverse("job-detail", args=[made.pk])
    return apply(screen, act, keys, cleaned, actor)


def apply(
    screen: "Screen",
    act: Bulk,
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
            with transaction.atomic():
                act.act(obj, {**cleaned, "screen": screen}, actor)
            done += 1
        except ValidationError as error:
            problems.append(f"{obj} : {' '.join(error.messages)}")
        if run is not None and number % 20 == 0:
            run.progress(number)
    return done, problems


@job(followed=True)
def run_bulk(
    run: Run,
    noun: str,
    act: str,
    keys: list[int],
    values: dict[str, Any],
    account: int | None,
    scope_ids: Any = None,
) -> dict[str, Any]:
    """The same act on many rows, followed on its page."""
    from ..accounts import Account
    from ..actors import SYSTEM, actor_of
    from . import by_noun

    screen = by_noun(noun)
    chosen = by_name(screen, act) if screen else None
    if screen is None or chosen is None:
        return {}
    actor = actor_of(Account.objects.get(pk=account)) if account else SYSTEM
    run.begin(str(chosen.label), total=len(keys))
    with scope(*(actor.places or visible())):
        form = form_of(screen, chosen, actor, screen.model._default_manager.filter(pk__in=keys), values)
        cleaned = form.cleaned_data if form is not None and form.is_valid() else {}
        done, problems = apply(screen, chosen, keys, cleaned, actor, run)
    for problem in problems[:200]:
        run.say(problem)
    return {"done": done, "problems": len(problems)}


class SetField(forms.Form):
    """Which field, and the value: the widgets and rules are those of the noun's own form."""

    field = forms.ChoiceField(label=gettext_lazy("Field"))

    def __init__(self, data: Any, *, screen: "Screen", actor: Actor, places: Sequence[int]) -> None:
        super().__init__(data)
        only = places[0] if len(places) == 1 else None
        source = form_class(screen)(None, actor=actor, organisation_id=only)
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


def _places(rows: Any) -> list[int]:
    if not hasattr(rows.model, "organisation_id"):
        return []
    return list(rows.order_by().values_list("organisation_id", flat=True).distinct())
