"""What people see of tasks, of time, and of what is written once: task lists, work types, templates."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, pgettext_lazy

from etabli.kernel.actors import Actor
from etabli.kernel.screens import Act, Column, Figure, Filter, Panel, Screen, register
from etabli.kernel.screens.columns import link_to, show
from etabli.kernel.screens.filters import named
from etabli.kernel.screens.forms import NounForm
from etabli.kernel.screens.history import name_act
from etabli.kernel.text import Plain
from etabli.web import markup

from . import groups, work_forms
from .answer_templates import VARIABLES, AnswerTemplate
from .states import OVER
from .task_lists import TaskList
from .tasks import Task, finish_task, give_task, resume_task
from .timing import TimeEntry, WorkType, bill, spoken, stop_timer, totals

name_act("timeentry.started", gettext_noop("Timer started"))
name_act("timeentry.stopped", gettext_noop("Timer stopped"))
SETTINGS = gettext_lazy("Working on tickets")
OPEN_TASK = Q(done_at=None)
LATE_TASK = OPEN_TASK & Q(due_at__isnull=False)


def task_state(task: Task) -> str:
    if task.given_up:
        return markup.state(_("given up"), "off")
    if task.done_at:
        return markup.state(_("done"), "ok")
    late = task.due_at is not None and task.due_at < timezone.now()
    return markup.state(_("late"), "bad") if late else markup.state(_("to do"), "info")


def _over(task: Task) -> str:
    return _("This task is over already.") if task.done_at else ""


def _to_do(task: Task) -> str:
    return "" if task.done_at else _("This task is still to do.")


def _give(task: Task, cleaned: dict[str, Any], actor: Actor) -> None:
    give_task(task, actor=actor, assignee=cleaned["assignee"], due_at=cleaned["due_at"])


@register
class TaskScreen(Screen):
    about = gettext_lazy(
        "What is to be done for tickets, step by step. Tasks are added on the page of a ticket."
    )
    model = Task
    area, group, icon = "support", groups.WORK, "checklist"
    columns = [
        Column("title", gettext_lazy("Task"), lambda t: markup.titled(t.title, str(t.ticket)),
               sort=(Plain("title"),), related=("ticket",), value=lambda t: t.title),
        Column("state", gettext_lazy("State"), task_state, sort=("done_at",),
               value=lambda t: "given_up" if t.given_up else "done" if t.done_at else "to_do"),
        Column("due_at", gettext_lazy("Due on"), lambda t: show(t.due_at),
               sort=(F("due_at").asc(nulls_last=True),), css="m", value=lambda t: t.due_at),
        Column("assignee", gettext_lazy("Assigned to"),
               lambda t: show(str(t.assignee) if t.assignee_id else None), related=("assignee",), css="m",
               value=lambda t: str(t.assignee or "")),
        Column("mandatory", gettext_lazy("Mandatory"), lambda t: show(t.mandatory), css="m p-hide",
               value=lambda t: t.mandatory),
    ]  # fmt: skip
    filters = [
        Filter("is", gettext_lazy("Which"),
               named(open=lambda: OPEN_TASK, late=lambda: LATE_TASK & Q(due_at__lt=timezone.now()),
                     free=lambda: OPEN_TASK & Q(assignee=None), over=lambda: ~OPEN_TASK),
               lambda: [("open", _("to do")), ("late", _("late")), ("free", _("for nobody yet")),
                        ("over", _("done or given up"))]),
        "assignee", "due_at", "mandatory",
    ]  # fmt: skip
    search = ["title", "ticket__title"]
    fields = ["title", "mandatory"]
    identity = ("title",)
    order = (F("done_at").desc(nulls_first=True), F("due_at").asc(nulls_last=True), "id")
    related = ["ticket", "assignee"]
    adds = deletes = importable = False
    annexed = searchable = False
    acts = [
        Act("do", gettext_lazy("Done"), "check", "task.change",
            lambda t, c, a: finish_task(t, actor=a) and None, why_not=_over, primary=True),
        Act("give_up", gettext_lazy("Give up"), "x", "task.change",
            lambda t, c, a: finish_task(t, actor=a, given_up=c["reason"]) and None,
            work_forms.GiveUpForm, why_not=_over),
        Act("resume", gettext_lazy("Do again"), "arrow-back-up", "task.change",
            lambda t, c, a: resume_task(t, actor=a) and None, why_not=_to_do),
        Act("give", gettext_lazy("Assign"), "user-plus", "task.change", _give, work_forms.TaskAssignForm,
            why_not=_over),
    ]  # fmt: skip

    def list_actions(self, actor: Actor) -> list[dict[str, Any]]:
        mine = f"{self.list_url}?is=open&assignee={actor.account_id}"
        return [{"label": _("My tasks"), "url": mine, "icon": "user-check"}]

    def panels(self, obj: Task, request: HttpRequest) -> list[Panel]:
        rows = [
            (_("Ticket"), link_to(obj.ticket)),
            (_("State"), task_state(obj)),
            (_("Assigned to"), show(str(obj.assignee) if obj.assignee else None)),
            (_("Due on"), show(obj.due_at)),
            (_("Mandatory"), show(obj.mandatory)),
            (_("Done on"), show(obj.done_at)),
            (_("By"), show(obj.done_by)),
            (_("Given up because"), show(obj.given_up)),
        ]
        return [Panel(self.singular, rows=rows)]


@register
class TaskListScreen(Screen):
    about = gettext_lazy("Tasks that come back: arrival of a colleague, lost laptop, new server.")
    model = TaskList
    slug = "task-lists"
    icon, group = "checklist", SETTINGS
    columns = ["name", "category", "archived"]
    filters = ["category", "archived"]
    fields = ["name", "category", "lines", "archived"]
    importable = False

    def panels(self, obj: TaskList, request: HttpRequest) -> list[Panel]:
        tasks = [(n, _line(line)) for n, line in enumerate(obj.lines, 1)]
        facts = self.facts(obj, ["name", "category", "archived"])
        return [Panel(_("Tasks"), rows=tasks), Panel(self.singular, rows=facts, side=True)]


def _line(line: dict[str, Any]) -> str:
    parts = [line.get("title", "")]
    if "days" in line:
        parts.append(_("within %(n)s working days") % {"n": line["days"]})
    if line.get("optional"):
        parts.append(_("may be left"))
    return markup.joined(parts)


@register
class WorkTypeScreen(Screen):
    about = gettext_lazy(
        "What time goes to: remote help, work on site, road. Each says whether it is billed."
    )
    model = WorkType
    slug = "work-types"
    icon, group = "tool", SETTINGS
    columns = ["name", "billable", "archived"]
    filters = ["billable", "archived"]


class TimeEntryForm(NounForm):
    """One's own time on a ticket: whoever writes a new entry is its agent."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        running = self.instance.pk is not None and "minutes" not in (self.initial or {})
        if self.instance.pk is None:
            self.instance.account_id = self.actor.account_id
        if not cleaned.get("minutes") and "minutes" not in self.errors and not running:
            self.add_error("minutes", _("Say how many minutes."))
        return cleaned


def _stop(entry: TimeEntry, cleaned: dict[str, Any], actor: Actor) -> None:
    stop_timer(entry, actor=actor)


@register
class TimeEntryScreen(Screen):
    about = gettext_lazy("The time spent on tickets: by whom, for whom, on the road, billed or not.")
    model = TimeEntry
    slug = "time-entries"
    area, group, icon = "support", groups.WORK, "clock"
    columns = [
        Column("ticket", gettext_lazy("Ticket"),
               lambda t: markup.titled(t.ticket.title, f"{t.ticket.reference} · {t.remark}".rstrip(" ·")),
               related=("ticket",), value=lambda t: str(t.ticket)),
        Column("started_at", gettext_lazy("Started on"), lambda t: show(t.started_at), sort=("started_at",),
               css="m", value=lambda t: t.started_at),
        Column("account", gettext_lazy("Agent"), lambda t: show(str(t.account) if t.account_id else None),
               related=("account",), css="m", value=lambda t: str(t.account or "")),
        Column("work_type", gettext_lazy("Work type"),
               lambda t: show(str(t.work_type) if t.work_type_id else None), related=("work_type",),
               css="m p-hide", value=lambda t: str(t.work_type or "")),
        Column("minutes", gettext_lazy("Spent"), lambda t: spoken(t.minutes), sort=("minutes",), css="num",
               value=lambda t: t.minutes),
        Column("travel_minutes", gettext_lazy("Travel"), lambda t: show(t.travel_minutes or None),
               sort=("travel_minutes",), css="num p-hide", value=lambda t: t.travel_minutes),
        Column("distance_km", gettext_lazy("Km"), lambda t: show(t.distance_km or None),
               sort=("distance_km",), css="num p-hide", value=lambda t: t.distance_km),
        Column("billed_minutes", gettext_lazy("Billed"),
               lambda t: spoken(t.billed_minutes) if t.billable else markup.NOTHING, sort=("billed_minutes",),
               css="num", value=lambda t: t.billed_minutes),
        Column("organisation", gettext_lazy("Organisation"), lambda t: show(str(t.organisation)),
               related=("organisation",), css="m p-hide", shown=False, value=lambda t: str(t.organisation)),
    ]  # fmt: skip
    filters = ["organisation", "account", "work_type", "started_at", "billable"]
    search = ["ticket__title", "remark"]
    fields = [
        "ticket", "work_type", "started_at", "minutes", "travel_minutes", "distance_km", "billable", "remark",
    ]  # fmt: skip
    identity = ("ticket",)
    order = (F("started_at").desc(), F("id").desc())
    related = ["ticket", "account", "work_type", "organisation"]
    form = TimeEntryForm
    importable = searchable = False
    acts = [
        Act("stop", pgettext_lazy("timer", "Stop"), "player-stop", "timeentry.add", _stop,
            why_not=lambda t: "" if t.running else _("This timer is stopped already."), many=False),
    ]  # fmt: skip

    def figures(self, rows: QuerySet[Any], actor: Actor) -> list[Figure]:
        """Their sums, in one query."""
        sums = totals(rows)
        return [
            Figure(_("Time spent"), spoken(sums["minutes"])),
            Figure(_("Travel"), spoken(sums["travel"])),
            Figure(_("Billed"), spoken(sums["billed"])),
            Figure(_("Distance"), f"{show(sums['km'])} km" if sums["km"] else "0 km"),
        ]

    def save(self, form: Any, actor: Actor, *, batch: Any = None) -> TimeEntry:
        """A timer is stopped by its own act; what is billed follows from the rest."""
        entry: TimeEntry = form.instance
        if entry.ticket.state in OVER and entry.pk is None and entry.ticket.merged_into_id:
            raise ValidationError({"ticket": _("It is part of another ticket: choose that one.")})
        bill(entry)
        saved: TimeEntry = super().save(form, actor, batch=batch)
        return saved

    def panels(self, obj: TimeEntry, request: HttpRequest) -> list[Panel]:
        facts = self.facts(obj, ["ticket", "account", *[f for f in self.fields if f != "ticket"]])
        billed = (_("Billed minutes"), show(obj.billed_minutes))
        return [Panel(self.singular, rows=[*facts, billed])]


@register
class AnswerTemplateScreen(Screen):
    about = gettext_lazy(
        "Answers written once, picked while answering; their variables are filled by themselves."
    )
    model = AnswerTemplate
    slug = "answer-templates"
    icon, group = "message", SETTINGS
    columns = ["name", "shortcut", "team", "archived"]
    filters = ["team", "archived"]
    search = ["name", "shortcut", "text"]
    fields = ["name", "shortcut", "team", "text", "archived"]
    importable = False

    def panels(self, obj: AnswerTemplate, request: HttpRequest) -> list[Panel]:
        words = [(f"{{{{{name}}}}}", one.label) for name, one in VARIABLES.items()]
        return [
            Panel(self.singular, rows=self.facts(obj, self.form_fields)),
            Panel(_("Variables"), rows=words, side=True),
        ]
