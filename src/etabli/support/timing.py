"""The time spent on tickets: measured by a timer or said afterwards, with the road, and what is billed."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.db.models import Q, Sum
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from etabli.kernel import preferences
from etabli.kernel.actors import Actor, require
from etabli.kernel.events import difference, publish, snapshot
from etabli.kernel.screens.writing import count_edit, kept, obeying
from etabli.kernel.tenancy import Catalogue, Noun, UpwardKey
from etabli.kernel.text import Plain

from .tickets import Ticket

WEEK = 7 * 24 * 60
ROUNDING = "support.rounding"
preferences.declare(
    ROUNDING,
    kind=str,
    default="0",
    choices=[
        ("0", gettext_lazy("to the minute")),
        ("5", gettext_lazy("up to 5 minutes")),
        ("15", gettext_lazy("up to a quarter of an hour")),
    ],
    per_organisation=True,
    section=gettext_lazy("Service desk"),
    label=gettext_lazy("Billed time is rounded"),
    help=gettext_lazy("The time really spent is always kept beside it."),
)


class WorkType(Catalogue):
    """What kind of work time goes to: remote, on site, road, training; whether it is usually billed."""

    name = models.CharField(gettext_lazy("name"), max_length=60)
    billable = models.BooleanField(gettext_lazy("usually billed"), default=True)
    archived = models.BooleanField(gettext_lazy("no longer offered"), default=False)

    class Meta:
        verbose_name, verbose_name_plural = gettext_lazy("work type"), gettext_lazy("work types")
        constraints = [models.UniqueConstraint("organisation", Plain("name"), name="work_type_once")]

    def __str__(self) -> str:
        return self.name


class TimeEntry(Noun):
    """Time spent on a ticket. While its timer runs it has no minutes; an account has one timer at most.

    ``billed_minutes`` is what is billed, with the rounding in force when it was written; ``minutes`` and
    ``travel_minutes`` are the time really spent.
    """

    ticket = models.ForeignKey(
        Ticket, models.CASCADE, related_name="time_entries", verbose_name=gettext_lazy("ticket")
    )
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=gettext_lazy("agent"),
    )
    work_type = UpwardKey(
        WorkType,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=gettext_lazy("work type"),
    )
    started_at = models.DateTimeField(gettext_lazy("started on"), default=timezone.now)
    minutes = models.PositiveIntegerField(
        gettext_lazy("minutes"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(WEEK)],
    )
    travel_minutes = models.PositiveIntegerField(
        gettext_lazy("minutes of travel"), default=0, blank=True, validators=[MaxValueValidator(WEEK)]
    )
    distance_km = models.DecimalField(
        gettext_lazy("distance (km)"),
        max_digits=6,
        decimal_places=1,
        default=Decimal(0),
        blank=True,
        validators=[MinValueValidator(0)],
    )
    billable = models.BooleanField(gettext_lazy("billed"), default=True)
    billed_minutes = models.PositiveIntegerField(gettext_lazy("billed minutes"), default=0, editable=False)
    remark = models.CharField(gettext_lazy("remark"), max_length=200, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = gettext_lazy("time entry"), gettext_lazy("time entries")
        constraints = [
            models.UniqueConstraint(fields=["account"], condition=Q(minutes=None), name="timer_once"),
            models.CheckConstraint(
                condition=Q(minutes=None) | Q(minutes__range=(1, WEEK)), name="time_entry_minutes"
            ),
            models.CheckConstraint(condition=Q(distance_km__gte=0), name="time_entry_distance"),
        ]
        indexes = [
            models.Index(fields=["ticket", "id"], name="time_of_ticket"),
            models.Index(fields=["organisation", "started_at"], name="time_by_day"),
            models.Index(fields=["account", "started_at"], name="time_of_agent"),
        ]

    def __str__(self) -> str:
        return f"{self.ticket.reference} · {spoken(self.minutes)}"

    @property
    def running(self) -> bool:
        return self.minutes is None


def spoken(minutes: int | None) -> str:
    """A duration as people read it: ``45 min``, ``2 h 05``; that of a running timer is not known yet."""
    if minutes is None:
        return _("in progress")
    hours, left = divmod(minutes, 60)
    return f"{hours} h {left:02d}" if hours else f"{left} min"


def rounded(minutes: int, step: int) -> int:
    """A time rounded up to a number of minutes; none when nothing was spent."""
    return minutes if step <= 1 else -(-minutes // step) * step


def bill(entry: TimeEntry) -> None:
    """Work out what is billed: work and travel are each rounded up as their organisation says."""
    if entry.minutes is None or not entry.billable:
        entry.billed_minutes = 0
        return
    step = int(preferences.get(ROUNDING, entry.organisation_id) or 0)
    entry.billed_minutes = rounded(entry.minutes, step) + rounded(entry.travel_minutes, step)


def running_of(account_id: int | None) -> TimeEntry | None:
    """The timer that runs for an account, among the organisations in sight."""
    rows = TimeEntry.objects.select_related("ticket").filter(account=account_id or 0, minutes=None)
    return rows.first()


@transaction.atomic
def start_timer(
    ticket: Ticket, *, actor: Actor, work_type: WorkType | None = None, at: datetime | None = None
) -> TimeEntry:
    """Measure the time from now on; a timer that ran on another ticket stops, and its time is kept."""
    require(actor, "timeentry.add", ticket)
    if actor.account_id is None:
        raise ValidationError(_("Only somebody with an account measures their time."))
    at = at or timezone.now()
    if (before := running_of(actor.account_id)) is not None:
        if before.ticket_id == ticket.pk:
            raise ValidationError(_("Your timer runs on this ticket already."))
        stop_timer(before, actor=actor, at=at)
    entry = TimeEntry(
        organisation_id=ticket.organisation_id,
        ticket=ticket,
        account_id=actor.account_id,
        work_type=work_type,
        billable=work_type.billable if work_type else True,
        started_at=at,
    )
    obeying(entry.save)
    publish(entry, "timeentry.started", actor=actor, extra={"text": ticket.reference})
    return entry


@transaction.atomic
def stop_timer(entry: TimeEntry, *, actor: Actor, remark: str = "", at: datetime | None = None) -> TimeEntry:
    """Stop one's timer: the minutes begun count. Raises ``ValidationError``."""
    entry = TimeEntry.objects.select_for_update(of=("self",)).select_related("ticket").get(pk=entry.pk)
    require(actor, "timeentry.add", entry)
    if not entry.running:
        raise ValidationError(_("This timer is stopped already."))
    if entry.account_id != actor.account_id and actor.source != "system":
        raise ValidationError(_("It is the timer of %(who)s: only they stop it.") % {"who": entry.account})
    before = snapshot(entry)
    seconds = ((at or timezone.now()) - entry.started_at).total_seconds()
    entry.minutes = min(max(1, -int(-seconds // 60)), WEEK)
    entry.remark = remark.strip()[:200] or entry.remark
    bill(entry)
    count_edit(entry)
    entry.save()
    text = f"{entry.ticket.reference} · {spoken(entry.minutes)}"
    publish(
        entry,
        "timeentry.stopped",
        actor=actor,
        changes=difference(before, snapshot(entry)),
        extra={"text": text},
    )
    return entry


@transaction.atomic
def log_time(
    ticket: Ticket,
    minutes: int,
    *,
    actor: Actor,
    work_type: WorkType | None = None,
    billable: bool | None = None,
    at: datetime | None = None,
    **more: Any,
) -> TimeEntry:
    """Say afterwards how long one worked. ``more``: travel_minutes, distance_km, remark."""
    require(actor, "timeentry.add", ticket)
    usual = work_type.billable if work_type else True
    entry = TimeEntry(
        organisation_id=ticket.organisation_id,
        ticket=ticket,
        account_id=actor.account_id,
        work_type=work_type,
        started_at=at or timezone.now(),
        minutes=minutes,
        billable=usual if billable is None else billable,
        **more,
    )
    entry.clean_fields(exclude=["organisation", "account"])
    bill(entry)
    obeying(entry.save)
    publish(entry, "timeentry.created", actor=actor, changes=difference({}, kept(snapshot(entry))))
    return entry


def totals(rows: models.QuerySet[TimeEntry]) -> dict[str, Any]:
    """The sums of some entries: ``minutes``, ``travel``, ``billed``, ``km``. One query."""
    found = rows.order_by().aggregate(
        minutes=Sum("minutes"),
        travel=Sum("travel_minutes"),
        billed=Sum("billed_minutes"),
        km=Sum("distance_km"),
    )
    return {name: value or 0 for name, value in found.items()}
