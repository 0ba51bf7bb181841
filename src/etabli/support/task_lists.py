"""Lists of tasks that come back: what is to be done for a new colleague, a lost laptop, a new server."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from etabli.kernel.actors import SYSTEM, Actor, require
from etabli.kernel.events import Event, publish, react
from etabli.kernel.organisations import lineage
from etabli.kernel.tenancy import Catalogue
from etabli.kernel.text import Plain
from etabli.kernel.workingtime import WorkingHours

from .promises import Book
from .rowsfield import RowsField
from .states import OVER
from .tasks import Task
from .tickets import Category, Ticket

FARTHEST = timedelta(days=3 * 366)


def _columns() -> dict[str, forms.Field]:
    return {
        "title": forms.CharField(label=gettext_lazy("Task"), max_length=200),
        "days": forms.IntegerField(
            label=gettext_lazy("Working days to do it"), min_value=0, max_value=500, required=False
        ),
        "optional": forms.BooleanField(label=gettext_lazy("May be left"), required=False),
    }


class TaskList(Catalogue):
    """Tasks added to a ticket at once: by an act, by a macro or a rule, or with each ticket of a category."""

    name = models.CharField(gettext_lazy("name"), max_length=80)
    category = models.ForeignKey(
        Category,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="task_lists",
        verbose_name=gettext_lazy("added to each ticket of the category"),
    )
    lines = RowsField(gettext_lazy("tasks"), columns=_columns)
    archived = models.BooleanField(gettext_lazy("no longer offered"), default=False)

    class Meta:
        verbose_name, verbose_name_plural = gettext_lazy("task list"), gettext_lazy("task lists")
        constraints = [models.UniqueConstraint("organisation", Plain("name"), name="task_list_name_once")]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if not self.lines:
            raise ValidationError({"lines": _("Write at least one task.")})


@transaction.atomic
def add_tasks(ticket: Ticket, tasks: TaskList, *, actor: Actor, at: datetime | None = None) -> list[Task]:
    """Add the tasks of a list that the ticket does not have to do already. Raises ``ValidationError``."""
    require(actor, "ticket.task", ticket)
    if ticket.state in OVER:
        raise ValidationError(_("It is %(state)s: reopen it first.") % {"state": ticket.get_state_display()})
    known = set(ticket.tasks.filter(done_at=None).values_list("title", flat=True))
    last = ticket.tasks.order_by("-position").values_list("position", flat=True).first() or 0
    lines = [line for line in tasks.lines if line.get("title") and line["title"] not in known]
    hours = Book().business(ticket) if any("days" in line for line in lines) else None
    made = Task.objects.bulk_create(
        Task(
            organisation_id=ticket.organisation_id,
            ticket=ticket,
            title=line["title"],
            mandatory=not line.get("optional"),
            position=min(last + number, 32_000),
            due_at=due(at or timezone.now(), int(line["days"]), hours) if hours and "days" in line else None,
        )
        for number, line in enumerate(lines, 1)
    )
    if made:
        publish(ticket, "ticket.tasks_added", actor=actor, extra={"text": f"{tasks} ({len(made)})"})
    return made


def opens(day: Any, hours: WorkingHours) -> bool:
    """Whether anybody works on a day."""
    return bool(hours.week[day.weekday()]) and day not in hours.closed


def due(start: datetime, days: int, hours: WorkingHours) -> datetime | None:
    """The end of the so-many-th working day after a moment; none in a calendar that never opens."""
    zone = _zone(hours)
    day = start.astimezone(zone).date()
    last = day + FARTHEST
    left = days
    while left > 0 or not opens(day, hours):
        day += timedelta(days=1)
        left -= opens(day, hours)
        if day > last:
            return None
    closing = hours.week[day.weekday()][-1][1]
    end = datetime.combine(day, closing, zone)
    return end + timedelta(days=1) if closing == datetime.min.time() else end


def _zone(hours: WorkingHours) -> Any:
    from zoneinfo import ZoneInfo

    return ZoneInfo(hours.timezone)


def lists_for(ticket: Ticket) -> Iterable[TaskList]:
    """The lists that come with the category of a ticket, or with the one above it."""
    if ticket.category_id is None or ticket.category is None:
        return []
    wanted = Q(category=ticket.category_id) | Q(category=ticket.category.parent_id, category__isnull=False)
    rows = TaskList.objects.filter(wanted, organisation__in=lineage(ticket.organisation_id), archived=False)
    return rows.order_by("name")


@react("ticket.opened")
def add_those_of_its_category(event: Event) -> None:
    """A ticket begins with the tasks of its category."""
    ticket = Ticket.objects.select_related("category", "level__calendar").filter(pk=event.object_id).first()
    if ticket is None or ticket.state in OVER:
        return
    for tasks in lists_for(ticket):
        add_tasks(ticket, tasks, actor=SYSTEM)
