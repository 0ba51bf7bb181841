"""What is promised (service levels), and the deadlines that follow: stored to be listed, never trusted.

A deadline is what the clocks read from the facts of the ticket; each fact makes them be read again.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy

from etabli.kernel.calendars import Calendar, default_calendar, hours_of
from etabli.kernel.organisations import lineage
from etabli.kernel.tenancy import Catalogue, OrganisationModel
from etabli.kernel.text import Plain
from etabli.kernel.workingtime import NeverOpen, TooLong, WorkingHours

from .clocks.alarms import alarms
from .clocks.history import Opened
from .clocks.policies import Clock, Policy, Target
from .clocks.readings import Reading, read
from .facts import facts_of
from .tickets import Ticket


class ServiceLevel(Catalogue):
    """Delays promised by priority (SLA), and between teams (OLA), in the hours of a calendar."""

    name = models.CharField(gettext_lazy("name"), max_length=80)
    calendar = models.ForeignKey(
        Calendar,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=gettext_lazy("calendar"),
        help_text=gettext_lazy("Empty: the calendar of whoever asks."),
    )
    is_default = models.BooleanField(gettext_lazy("default service level"), default=False)

    class Meta:
        verbose_name, verbose_name_plural = gettext_lazy("service level"), gettext_lazy("service levels")
        constraints = [
            models.UniqueConstraint("organisation", Plain("name"), name="level_name_once"),
            models.UniqueConstraint(
                fields=["organisation"], condition=Q(is_default=True), name="level_default_once"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ServiceTarget(OrganisationModel):
    """One delay of a service level: what is timed, for which priority, in minutes of working time."""

    level = models.ForeignKey(ServiceLevel, models.CASCADE, related_name="targets")
    clock = models.CharField(gettext_lazy("what is promised"), max_length=12, choices=Clock)
    priority = models.PositiveSmallIntegerField(gettext_lazy("priority"))
    minutes = models.PositiveIntegerField(gettext_lazy("delay (minutes)"), validators=[MinValueValidator(1)])
    always = models.BooleanField(gettext_lazy("round the clock"), default=False)
    team = models.ForeignKey(
        "people.Team",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=gettext_lazy("team"),
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["level", "clock", "priority", "team"], nulls_distinct=False, name="target_once"
            ),
            models.CheckConstraint(condition=Q(minutes__gte=1), name="target_lasts"),
            models.CheckConstraint(condition=Q(priority__range=(1, 5)), name="target_priority"),
            models.CheckConstraint(
                condition=Q(clock=Clock.TEAM, team__isnull=False) | ~Q(clock=Clock.TEAM) & Q(team=None),
                name="target_team",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_clock_display()} P{self.priority}: {self.minutes} min"


class Deadline(OrganisationModel):
    """What a clock of a ticket said when it was last read. ``due_at`` is empty while it pauses.

    told: the last share of the delay, in percent, that agents were warned of; next_at: when to look again.
    """

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="deadlines")
    clock = models.CharField(gettext_lazy("what is promised"), max_length=12, choices=Clock)
    question = models.PositiveIntegerField(default=0)
    team = models.CharField(max_length=80, blank=True)
    minutes = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    due_at = models.DateTimeField(gettext_lazy("due on"), null=True)
    stopped_at = models.DateTimeField(gettext_lazy("done on"), null=True)
    late = models.BooleanField(gettext_lazy("late"), default=False)
    pause = models.CharField(max_length=60, blank=True)
    told = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ticket", "clock", "question", "team"], name="deadline_once")
        ]
        indexes = [
            models.Index(fields=["next_at"], condition=Q(next_at__isnull=False), name="deadline_next"),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.clock}"

    @property
    def key(self) -> tuple[str, int, str]:
        return self.clock, self.question, self.team


def level_of(ticket: Ticket) -> ServiceLevel | None:
    """The service level that covers a ticket: that of its service, else the nearest default one."""
    if ticket.service and ticket.service.level:
        return ticket.service.level
    above = lineage(ticket.organisation_id)
    rows = ServiceLevel.objects.filter(organisation__in=above, is_default=True)
    usual = {one.organisation_id: one for one in rows}
    return next((usual[one] for one in reversed(above) if one in usual), None)


def policy_of(ticket: Ticket) -> str:
    """Choose the service level of a new ticket; its name in the facts, empty when nothing is promised."""
    ticket.level = level_of(ticket)
    Ticket.objects.filter(pk=ticket.pk).update(level=ticket.level)
    return name_of(ticket.level)


def name_of(level: ServiceLevel | None) -> str:
    """How facts name a service level: its number, which lasts when it is renamed."""
    return str(level.pk) if level else ""


def policies(names: Iterable[str], ticket: Ticket) -> dict[str, Policy]:
    """The promises that facts name, in the hours that hold for this ticket."""
    made = dict.fromkeys(names, Policy())
    keys = [int(name) for name in made if name]
    levels = (
        ServiceLevel.objects.filter(pk__in=keys).select_related("calendar").prefetch_related("targets__team")
    )
    for level in levels:
        made[name_of(level)] = _policy(level, business_of(level, ticket))
    return made


def business_of(level: ServiceLevel | None, ticket: Ticket) -> WorkingHours:
    """The working hours in which a ticket is served."""
    calendar = level.calendar if level and level.calendar else default_calendar(ticket.organisation_id)
    return hours_of(calendar)


def _policy(level: ServiceLevel, hours: WorkingHours) -> Policy:
    targets: dict[Clock, dict[int, Target]] = {}
    teams: dict[str, dict[int, Target]] = {}
    for row in level.targets.all():
        target = Target(
            timedelta(minutes=row.minutes), WorkingHours.always(hours.timezone) if row.always else hours
        )
        place = teams.setdefault(str(row.team), {}) if row.team else targets.setdefault(Clock(row.clock), {})
        place[row.priority] = target
    return Policy(targets, teams)


def readings_of(ticket: Ticket) -> tuple[Reading, ...]:
    """Every clock of a ticket, read from its facts; none before its opening is written."""
    facts = facts_of(ticket.facts.order_by("id"))
    if not any(isinstance(fact, Opened) for fact in facts):
        return ()
    names = {getattr(fact, "policy", "") for fact in facts}
    return read(facts, policies(names, ticket))


def refresh(ticket: Ticket, *, now: datetime | None = None) -> None:
    """Read the clocks of a ticket again and keep what they say. To be called after each fact."""
    now = now or timezone.now()
    before = {row.key: row for row in ticket.deadlines.all()}
    business = business_of(ticket.level, ticket)
    nearest: tuple[datetime, str] | None = None
    for reading in readings_of(ticket):
        row = before.pop((reading.clock, reading.question, reading.team), None) or Deadline(
            organisation_id=ticket.organisation_id,
            ticket=ticket,
            clock=reading.clock,
            question=reading.question,
            team=reading.team[:80],
        )
        if _tell(row, reading, business, now):
            row.save()
        if reading.stopped_at is None and row.due_at and reading.clock != Clock.TEAM:
            nearest = min(nearest or (row.due_at, reading.clock), (row.due_at, reading.clock))
    if before:
        Deadline.objects.filter(pk__in=[row.pk for row in before.values()]).delete()
    ticket.due_at, ticket.due_clock = nearest or (None, "")
    Ticket.objects.filter(pk=ticket.pk).update(due_at=ticket.due_at, due_clock=ticket.due_clock)


def _tell(row: Deadline, reading: Reading, business: WorkingHours, now: datetime) -> bool:
    """Bring what a row says up to date; whether it changed. A calendar that never opens gives no deadline."""
    try:
        due = reading.due
        left = [one for one in alarms(reading, business=business) if one.share > row.told]
    except (NeverOpen, TooLong):
        due, left = None, []
    values: dict[str, Any] = {
        "minutes": int(reading.target.amount.total_seconds() // 60),
        "started_at": reading.started_at,
        "due_at": due,
        "stopped_at": reading.stopped_at,
        "late": due is not None and due < (reading.stopped_at or now),
        "pause": "" if reading.stopped_at else reading.pause[:60],
        "next_at": left[0].told_at if left and reading.stopped_at is None else None,
    }
    changed = row.pk is None or any(getattr(row, name) != value for name, value in values.items())
    for name, value in values.items():
        setattr(row, name, value)
    return changed


def told(ticket: Ticket, reading: Reading, business: WorkingHours, now: datetime) -> Deadline:
    """A deadline not yet saved, whose past warnings count as given: for what is brought in whole."""
    row = Deadline(
        organisation_id=ticket.organisation_id,
        ticket=ticket,
        clock=reading.clock,
        question=reading.question,
        team=reading.team[:80],
    )
    passed = [one.share for one in alarms(reading, business=business) if one.told_at <= now]
    row.told = max(passed, default=0)
    _tell(row, reading, business, now)
    return row
