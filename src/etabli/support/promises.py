"""What is promised (service levels), and the deadlines that follow: stored to be listed, never trusted.

A deadline is what the clocks read from the facts of the ticket; each fact makes them be read again.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.core.validators import MinValueValidator
from django.db import connection, models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy

from etabli.kernel.calendars import Calendar, default_calendar, hours_of
from etabli.kernel.organisations import lineage
from etabli.kernel.tenancy import Catalogue, OrganisationModel
from etabli.kernel.text import Plain
from etabli.kernel.workingtime import NeverOpen, TooLong, WorkingHours

from .clocks.history import Opened
from .clocks.policies import Clock, Policy, Target
from .clocks.readings import Reading, read
from .escalations import Escalation, rules_of
from .facts import facts_of, forget
from .moments import Moment, moments
from .states import State
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


class ServiceTarget(Catalogue):
    """One delay of a service level: what is timed, for which priority, in minutes of working time.

    Read, as its level, by the organisations under it: their deadlines are counted from it.
    """

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
        verbose_name, verbose_name_plural = gettext_lazy("promised delay"), gettext_lazy("promised delays")
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


PASSING = Q(stopped_at=None, late=False, due_at__isnull=False)
"""Deadlines that time alone makes late: no fact happens when one passes."""


class Deadline(OrganisationModel):
    """What a clock of a ticket said when it was last read. ``due_at`` is empty while it pauses.

    told: the last share of the delay, in percent, that agents were warned of; escalated: the rules of
    escalation that were applied; next_at: when to look again.
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
    escalated = models.JSONField(default=list)
    next_at = models.DateTimeField(null=True)
    touched = False  # in memory: to be written whatever its clock says

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ticket", "clock", "question", "team"], name="deadline_once")
        ]
        indexes = [
            models.Index(fields=["next_at"], condition=Q(next_at__isnull=False), name="deadline_next"),
            models.Index(fields=["due_at"], condition=PASSING, name="deadline_passing"),
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


class Book:
    """What is promised, read once for a work on one ticket or on thousands: levels, hours, escalations."""

    def __init__(self) -> None:
        self._levels: dict[str, ServiceLevel] = {}
        self._calendars: dict[int, Calendar] = {}
        self._hours: dict[int, WorkingHours] = {}
        self._policies: dict[tuple[str, int], Policy] = {}
        self._rules: dict[int, list[Escalation]] = {}

    def policies(self, names: Iterable[str], ticket: Ticket) -> dict[str, Policy]:
        """The promises that facts name, in the hours that hold for this ticket."""
        wanted = list(dict.fromkeys(names))
        self._learn(name for name in wanted if name)
        return {name: self._policy(name, ticket) for name in wanted}

    def business(self, ticket: Ticket) -> WorkingHours:
        """The working hours in which a ticket is served."""
        self._learn([name for name in [_key(ticket.level_id)] if name])
        return self.hours(self.calendar(self._levels.get(_key(ticket.level_id)), ticket))

    def calendar(self, level: ServiceLevel | None, ticket: Ticket) -> Calendar:
        """The calendar of a level, else that of whoever asks."""
        if level is not None and level.calendar is not None:
            return level.calendar
        place = ticket.organisation_id
        if place not in self._calendars:
            self._calendars[place] = default_calendar(place)
        return self._calendars[place]

    def hours(self, calendar: Calendar) -> WorkingHours:
        if calendar.pk not in self._hours:
            self._hours[calendar.pk] = hours_of(calendar)
        return self._hours[calendar.pk]

    def rules(self, organisation_id: int) -> list[Escalation]:
        """The escalations by time in force in an organisation."""
        if organisation_id not in self._rules:
            self._rules[organisation_id] = rules_of(organisation_id)
        return self._rules[organisation_id]

    def level(self, name: str) -> ServiceLevel | None:
        """The level that facts name; none when nothing was promised."""
        self._learn([name] if name else [])
        return self._levels.get(name)

    def _learn(self, names: Iterable[str]) -> None:
        missing = [int(name) for name in names if name not in self._levels]
        if missing:
            rows = ServiceLevel.objects.filter(pk__in=missing).select_related("calendar")
            self._levels |= {name_of(one): one for one in rows.prefetch_related("targets__team")}

    def _policy(self, name: str, ticket: Ticket) -> Policy:
        level = self._levels.get(name)
        if level is None:
            return Policy()
        calendar = self.calendar(level, ticket)
        if (name, calendar.pk) not in self._policies:
            self._policies[name, calendar.pk] = _policy(level, self.hours(calendar))
        return self._policies[name, calendar.pk]


def _key(level_id: int | None) -> str:
    return str(level_id) if level_id else ""


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


def readings_of(ticket: Ticket, book: Book | None = None) -> tuple[Reading, ...]:
    """Every clock of a ticket, read from its facts; none before its opening is written."""
    facts = facts_of(sorted(ticket.facts.all(), key=lambda row: row.pk))
    if not any(isinstance(fact, Opened) for fact in facts):
        return ()
    names = {getattr(fact, "policy", "") for fact in facts}
    return read(facts, (book or Book()).policies(names, ticket))


def refresh(ticket: Ticket, *, now: datetime | None = None, book: Book | None = None) -> None:
    """Read the clocks of a ticket again and keep what they say. To be called after each fact."""
    refresh_many([ticket], now=now, book=book)


def refresh_many(tickets: Iterable[Ticket], *, now: datetime | None = None, book: Book | None = None) -> None:
    """The same for many: what they need of the book is read once, what changed is written together.

    The caller holds their rows (``select_for_update``), so that no deadline is written from older facts.
    """
    now, book = now or timezone.now(), book or Book()
    fresh: list[Deadline] = []
    changed: list[Deadline] = []
    gone: list[int] = []
    moved: list[Ticket] = []
    for ticket in tickets:
        before = {row.key: row for row in ticket.deadlines.all()}
        nearest: tuple[datetime, str] | None = None
        for row, reading in _rows(ticket, before, book):
            if _tell(row, reading, ticket, book, now) or row.touched:
                (changed if row.pk else fresh).append(row)
            if row.stopped_at is None and row.due_at and row.clock != Clock.TEAM:
                nearest = min(nearest or (row.due_at, row.clock), (row.due_at, row.clock))
        gone += [row.pk for row in before.values()]
        due = nearest or (None, "")
        if (ticket.due_at, ticket.due_clock) != due:
            ticket.due_at, ticket.due_clock = due
            moved.append(ticket)
        forget(ticket, "deadlines")
    _write(fresh, changed, gone, moved)


def _rows(
    ticket: Ticket, before: dict[tuple[str, int, str], Deadline], book: Book
) -> Iterator[tuple[Deadline, Reading]]:
    """Each clock with its row, made when there is none; what remains in ``before`` is no longer promised.

    A closed ticket keeps what was true when it was closed, whatever is promised since.
    """
    kept = ticket.state == State.CLOSED
    for reading in readings_of(ticket, book):
        found = before.pop((reading.clock, reading.question, reading.team[:80]), None)
        if kept and found is not None and found.stopped_at == reading.stopped_at:
            continue
        yield (
            found
            or Deadline(
                organisation_id=ticket.organisation_id,
                ticket=ticket,
                clock=reading.clock,
                question=reading.question,
                team=reading.team[:80],
            ),
            reading,
        )
    if kept:
        for key in [key for key, row in before.items() if row.stopped_at]:
            del before[key]


def _write(fresh: list[Deadline], changed: list[Deadline], gone: list[int], moved: list[Ticket]) -> None:
    if fresh:
        Deadline.objects.bulk_create(fresh)
    if changed:
        # An insertion that meets its own row: bulk_update writes a condition a value, ten times slower.
        names = [*TOLD, "told", "escalated"]
        Deadline.objects.bulk_create(
            changed, batch_size=500, update_conflicts=True, unique_fields=["id"], update_fields=names
        )
    if gone:
        Deadline.objects.filter(pk__in=gone).delete()
    if moved:
        columns: list[Any] = [
            [one.pk for one in moved],
            [one.due_at for one in moved],
            [one.due_clock for one in moved],
        ]
        with connection.cursor() as cursor:
            cursor.execute(DUE, columns)


DUE = """
UPDATE support_ticket ticket SET due_at = read.due_at, due_clock = read.due_clock
  FROM unnest(%s::bigint[], %s::timestamptz[], %s::text[]) AS read (id, due_at, due_clock)
 WHERE ticket.id = read.id
"""


def left_of(row: Deadline, reading: Reading, ticket: Ticket, book: Book) -> list[Moment]:
    """When somebody is still to be told of a clock; never in a calendar that does not open."""
    try:
        return moments(
            reading,
            business=book.business(ticket),
            told=row.told,
            applied=row.escalated,
            rules=book.rules(ticket.organisation_id),
        )
    except (NeverOpen, TooLong):
        return []


TOLD = ("minutes", "started_at", "due_at", "stopped_at", "late", "pause", "next_at")


def _tell(row: Deadline, reading: Reading, ticket: Ticket, book: Book, now: datetime) -> bool:
    """Bring what a row says up to date; whether it changed. A calendar that never opens gives no deadline."""
    left = left_of(row, reading, ticket, book)
    try:
        due = reading.due
    except (NeverOpen, TooLong):
        due = None
    running = reading.stopped_at is None and not reading.pause
    values: dict[str, Any] = {
        "minutes": int(reading.target.amount.total_seconds() // 60),
        "started_at": reading.started_at,
        "due_at": due,
        "stopped_at": reading.stopped_at,
        "late": due is not None and due < (reading.stopped_at or now),
        "pause": "" if reading.stopped_at else reading.pause[:60],
        "next_at": left[0].at if left and running else None,
    }
    changed = row.pk is None or any(getattr(row, name) != values[name] for name in TOLD)
    for name in TOLD:
        setattr(row, name, values[name])
    return changed


def told(ticket: Ticket, reading: Reading, book: Book, now: datetime) -> Deadline:
    """A deadline not yet saved, whose past warnings count as given: for tickets brought in whole."""
    row = Deadline(
        organisation_id=ticket.organisation_id,
        ticket=ticket,
        clock=reading.clock,
        question=reading.question,
        team=reading.team[:80],
    )
    passed = [one.share for one in left_of(row, reading, ticket, book) if one.at <= now]
    row.told = max(passed, default=0)
    _tell(row, reading, ticket, book, now)
    return row
