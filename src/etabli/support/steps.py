"""The steps of macros and rules: each is a verb that an agent has too, with what it is given written down.

A step is a row ``{"do": "assign", "with": "team:12", "text": "…", "minutes": 5}``; ``with`` names what is
chosen by its kind and its key. A step does nothing that its actor may not do.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from etabli.kernel import attachments
from etabli.kernel.accounts import Account
from etabli.kernel.actors import Actor
from etabli.kernel.attachments import Tag
from etabli.kernel.organisations import lineage
from etabli.people.models import Team

from .answer_templates import AnswerTemplate, check_variables, fill
from .handing import agents_of, assign
from .kinds import convert
from .moving import move
from .opening import Words
from .prioritising import override
from .priority import HIGHEST, LOWEST, Impact, Urgency
from .setting import set_fields
from .states import MOVES, Waiting
from .talking import answer, note
from .task_lists import TaskList, add_tasks
from .tickets import Category, Service, Ticket
from .timing import WorkType, log_time

Row = dict[str, Any]
JOINS = (
    "requester__account",
    "category__parent",
    "service",
    "team",
    "assignee",
    "level__calendar",
    "organisation",
)
"""What verbs read of a ticket beside its own columns."""
ME, NOBODY = "me", "none"
KINDS: dict[str, type[models.Model]] = {
    "team": Team,
    "template": AnswerTemplate,
    "list": TaskList,
    "category": Category,
    "service": Service,
    "work": WorkType,
}
"""What ``with`` may name by the number of a row."""


@dataclass(frozen=True)
class Step:
    """A kind of step: its words, the kinds of ``with`` it takes, whether a text must be given, its verb."""

    label: Any
    takes: tuple[str, ...]
    do: Callable[[Ticket, Row, Actor], Any]
    text: bool = False
    needs: bool = True  # one of ``takes`` must be chosen


def columns() -> dict[str, forms.Field]:
    """The table in which steps are edited; ``offer`` fills what may be chosen."""
    return {
        "do": forms.ChoiceField(
            label=gettext_lazy("Step"),
            choices=[("", "—"), *((name, step.label) for name, step in STEPS.items())],
        ),
        "with": forms.ChoiceField(label=gettext_lazy("With"), required=False),
        "text": forms.CharField(
            label=gettext_lazy("Text"),
            required=False,
            max_length=4000,
            widget=forms.Textarea(attrs={"rows": 2}),
        ),
        "minutes": forms.IntegerField(
            label=gettext_lazy("Minutes"), required=False, min_value=1, max_value=1440
        ),
    }


def offered(organisation: int | None) -> list[tuple[str, list[tuple[str, str]]]]:
    """What ``with`` may be, in groups: of an organisation and of those above it."""
    places = lineage(organisation) if organisation else []

    def rows(kind: str) -> list[tuple[str, str]]:
        found = KINDS[kind]._default_manager.filter(organisation__in=places).order_by("pk")
        if kind == "category":
            found = found.select_related("parent")
        return [(f"{kind}:{one.pk}", str(one)) for one in found[:300]]

    agents = agents_of(organisation) if organisation else []
    groups: list[tuple[Any, list[tuple[str, Any]]]] = [
        (_("State"), _moves()),
        (_("Agent"), [("agent:me", _("whoever runs it")), ("agent:none", _("nobody"))]
         + [(f"agent:{one.pk}", str(one)) for one in agents[:300]]),
        (_("Team"), rows("team")),
        (_("Answer template"), rows("template")),
        (_("Task list"), rows("list")),
        (_("Priority"), [("priority:auto", _("as computed"))]
         + [(f"priority:{n}", f"P{n}") for n in range(HIGHEST, LOWEST + 1)]),
        (_("Type"), [(f"kind:{key}", label) for key, label in Ticket.Kind.choices]),
        (_("Category"), rows("category")),
        (_("Service"), rows("service")),
        (_("Impact"), [(f"impact:{one.value}", one.label) for one in Impact]),
        (_("Urgency"), [(f"urgency:{one.value}", one.label) for one in Urgency]),
        (_("Work type"), rows("work")),
    ]  # fmt: skip
    return [(str(label), [(key, str(text)) for key, text in found]) for label, found in groups if found]


def _moves() -> list[tuple[str, Any]]:
    made: list[tuple[str, Any]] = []
    for name, one in MOVES.items():
        if name == "wait":
            waits = [
                w for w in Waiting if w != Waiting.VISIT
            ]  # a visit needs its day: only a person knows it
            made += [(f"move:wait.{w.value}", f"{one.label} : {w.label}") for w in waits]
        else:
            made.append((f"move:{name}", one.label))
    return made


def check(rows: Iterable[Row], organisation: int | None = None) -> None:
    """Raise ``ValidationError`` naming each step that could never be done."""
    mistakes = []
    for number, row in enumerate(rows, 1):
        try:
            _check(row, organisation)
        except ValidationError as error:
            told = _("Line %(n)s: %(text)s")
            mistakes.append(ValidationError(told % {"n": number, "text": " ".join(error.messages)}))
    if mistakes:
        raise ValidationError(mistakes)


def _check(row: Row, organisation: int | None) -> None:
    step = STEPS.get(row.get("do", ""))
    if step is None:
        raise ValidationError(_("Choose what this step does."))
    kind, _colon, key = str(row.get("with", "")).partition(":")
    if kind and kind not in step.takes:
        told = _("“%(step)s” does not take this choice.")
        raise ValidationError(told % {"step": step.label})
    if step.text and not row.get("text") and not kind:
        raise ValidationError(_("Write the text of “%(step)s”.") % {"step": step.label})
    if not kind and step.takes and step.needs and not step.text:
        raise ValidationError(_("Choose what “%(step)s” is done with.") % {"step": step.label})
    if row["do"] == "time" and not row.get("minutes"):
        raise ValidationError(_("Say how many minutes."))
    if kind == "move" and key.partition(".")[0] not in MOVES:
        raise ValidationError(_("“%(step)s” does not take this choice.") % {"step": step.label})
    check_variables(str(row.get("text", "")))
    if kind in KINDS and organisation:
        _row(kind, key, organisation)


def _row(kind: str, key: str, organisation: int) -> Any:
    """The row that ``with`` names, of an organisation or of those above it."""
    number = int(key) if key.isdecimal() and len(key) < 19 else 0
    model = KINDS[kind]
    found = model._default_manager.filter(pk=number, organisation__in=lineage(organisation)).first()
    if found is None:
        told = _("What this step names no longer exists (%(kind)s): choose again.")
        raise ValidationError(told % {"kind": model._meta.verbose_name})
    return found


def _chosen(ticket: Ticket, row: Row, kind: str) -> Any:
    found, _colon, key = str(row.get("with", "")).partition(":")
    return _row(kind, key, ticket.organisation_id) if found == kind else None


def run_steps(ticket: Ticket, rows: Iterable[Row], *, actor: Actor) -> Ticket:
    """Do the steps in order, in the caller's transaction. The first that refuses ends it all with its place
    and its sentence (``ValidationError``).
    """
    for number, row in enumerate(rows, 1):
        step = STEPS[row["do"]]
        ticket = Ticket.objects.select_related(*JOINS).get(pk=ticket.pk)
        try:
            step.do(ticket, row, actor)
        except ValidationError as error:
            told = _("Step %(n)s, “%(step)s”: %(text)s")
            names = {"n": number, "step": step.label, "text": " ".join(error.messages)}
            raise ValidationError(told % names)
    return Ticket.objects.get(pk=ticket.pk)


def spoken(rows: Iterable[Row], organisation: int) -> list[str]:
    """The steps in words, for previews and pages."""
    labels = {key: text for _group, found in offered(organisation) for key, text in found}
    made = []
    for row in rows:
        step = STEPS.get(row.get("do", ""))
        parts = [labels.get(row.get("with", ""), ""), str(row.get("text", ""))[:120]]
        if row.get("minutes"):
            parts.append(f"{row['minutes']} min")
        told = ", ".join(part for part in parts if part)
        made.append(f"{step.label if step else '?'} : {told}" if told else str(step.label if step else "?"))
    return made


def _text(ticket: Ticket, row: Row, actor: Actor) -> str:
    """The text of a step with its variables filled; one that is empty refuses: it would leave a hole."""
    template = _chosen(ticket, row, "template")
    filled = fill(template.text if template else str(row.get("text", "")), ticket, actor)
    if filled.empty:
        told = _("These variables are empty for this ticket: %(names)s.")
        raise ValidationError(told % {"names": ", ".join(filled.empty)})
    return filled.text


def _answer(ticket: Ticket, row: Row, actor: Actor) -> None:
    answer(ticket, Words(_text(ticket, row, actor)), actor=actor)


def _note(ticket: Ticket, row: Row, actor: Actor) -> None:
    note(ticket, Words(_text(ticket, row, actor)), actor=actor)


def _move(ticket: Ticket, row: Row, actor: Actor) -> None:
    name, _dot, waiting = str(row["with"]).partition(":")[2].partition(".")
    text = _text(ticket, row, actor)
    told: dict[str, Any] = {"solution": text} if name == "solve" else {"reason": text}
    if name == "take" and ticket.assignee is None:
        told["assignee"] = Account.objects.filter(pk=actor.account_id or 0).first()
    move(ticket, name, actor=actor, waiting=waiting, **told)


def _assign(ticket: Ticket, row: Row, actor: Actor) -> None:
    kind, _colon, key = str(row["with"]).partition(":")
    text = _text(ticket, row, actor)
    if kind == "team":
        team = _row("team", key, ticket.organisation_id)
        keeps = ticket.assignee if ticket.team_id == team.pk else None
        assign(ticket, actor=actor, team=team, assignee=keeps, reason=text)
        return
    wanted = actor.account_id if key == ME else int(key) if key.isdecimal() else 0
    who = Account.objects.filter(pk=wanted or 0).first()
    if who is None and key != NOBODY:
        raise ValidationError(_("This agent no longer exists: choose again."))
    assign(ticket, actor=actor, team=ticket.team, assignee=who, reason=text)


def _prioritise(ticket: Ticket, row: Row, actor: Actor) -> None:
    key = str(row["with"]).partition(":")[2]
    override(ticket, None if key == "auto" else int(key), actor=actor, because=_text(ticket, row, actor))


def _convert(ticket: Ticket, row: Row, actor: Actor) -> None:
    kind = str(row["with"]).partition(":")[2]
    if ticket.kind != kind:
        convert(ticket, kind, actor=actor)


def _set(ticket: Ticket, row: Row, actor: Actor) -> None:
    kind, _colon, key = str(row["with"]).partition(":")
    value = _row(kind, key, ticket.organisation_id) if kind in KINDS else int(key)
    set_fields(ticket, actor=actor, **{kind: value})


def _tasks(ticket: Ticket, row: Row, actor: Actor) -> None:
    add_tasks(ticket, _chosen(ticket, row, "list"), actor=actor)


def _tag(ticket: Ticket, row: Row, actor: Actor) -> None:
    name = " ".join(str(row["text"]).split())[:40]
    tag = Tag.objects.filter(organisation=ticket.organisation_id, name__iexact=name).first()
    tag = tag or Tag.objects.create(organisation_id=ticket.organisation_id, name=name)
    attachments.tag(ticket, tag, actor=actor)


def _time(ticket: Ticket, row: Row, actor: Actor) -> None:
    remark = _text(ticket, row, actor)[:200]
    work = _chosen(ticket, row, "work")
    log_time(ticket, int(row["minutes"]), actor=actor, work_type=work, remark=remark)


STEPS: dict[str, Step] = {
    "answer": Step(gettext_lazy("Answer"), ("template",), _answer, text=True),
    "note": Step(gettext_lazy("Internal note"), ("template",), _note, text=True),
    "move": Step(gettext_lazy("Change the state"), ("move",), _move),
    "assign": Step(gettext_lazy("Assign"), ("team", "agent"), _assign),
    "prioritise": Step(gettext_lazy("Change the priority"), ("priority",), _prioritise),
    "convert": Step(gettext_lazy("Change the type"), ("kind",), _convert),
    "set": Step(gettext_lazy("Set a field"), ("category", "service", "impact", "urgency"), _set),
    "tasks": Step(gettext_lazy("Add a task list"), ("list",), _tasks),
    "tag": Step(gettext_lazy("Put a tag"), (), _tag, text=True),
    "time": Step(gettext_lazy("Log time"), ("work",), _time, needs=False),
}
