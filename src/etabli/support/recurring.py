"""Requests that come back by the calendar: the backup tested each month, the extinguishers each year."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.dates import MONTHS, WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from etabli.assets.models import Asset
from etabli.kernel.actors import SYSTEM, Actor, require
from etabli.kernel.calendars import default_calendar, hours_of
from etabli.kernel.events import publish
from etabli.kernel.jobs import job
from etabli.kernel.screens.writing import count_edit
from etabli.kernel.tenancy import Noun, OrganisationModel, UpwardKey, everywhere, scope
from etabli.people.models import Person, Team

from .macros import Prefilled
from .opening import Caller, open_ticket
from .recurrence_dates import LAST, Occurrence, Pattern, occurrences, upcoming
from .task_lists import TaskList, add_tasks, opens
from .tickets import Ticket
from .ticks import TicksField

LATE = timedelta(days=7)
"""What was missed for longer, because nothing ran, is not made up for."""


class WeekdaysField(TicksField):
    """Days of the week; 0 is Monday."""

    choices_of = list(WEEKDAYS.items())


class Recurrence(Prefilled, Noun):
    """A ticket that opens by itself, on the days of a rule."""

    class Every(models.TextChoices):
        WEEK = "week", gettext_lazy("weeks")
        MONTH = "month", gettext_lazy("months")
        YEAR = "year", gettext_lazy("years")

    class Nth(models.IntegerChoices):
        DAY = 0, gettext_lazy("on a day of the month")
        FIRST = 1, gettext_lazy("on the first weekday chosen")
        SECOND = 2, gettext_lazy("on the second weekday chosen")
        THIRD = 3, gettext_lazy("on the third weekday chosen")
        FOURTH = 4, gettext_lazy("on the fourth weekday chosen")
        LAST = LAST, gettext_lazy("on the last weekday chosen")

    class Shift(models.TextChoices):
        NEXT = "next", gettext_lazy("the next working day")
        PREVIOUS = "previous", gettext_lazy("the working day before")
        SAME = "same", gettext_lazy("that day all the same")
        SKIP = "skip", gettext_lazy("not at all that time")

    every = models.CharField(gettext_lazy("unit"), max_length=5, choices=Every, default=Every.MONTH)
    interval = models.PositiveSmallIntegerField(
        gettext_lazy("every so many"), default=1, validators=[MinValueValidator(1), MaxValueValidator(60)]
    )
    weekdays = WeekdaysField(
        models.PositiveSmallIntegerField(validators=[MaxValueValidator(6)]),
        verbose_name=gettext_lazy("days of the week"),
        default=list,
        blank=True,
        help_text=gettext_lazy("For weeks, and for the first, second… weekday of a month."),
    )
    nth = models.PositiveSmallIntegerField(gettext_lazy("which day"), choices=Nth, default=Nth.DAY)
    day = models.PositiveSmallIntegerField(
        gettext_lazy("day of the month"),
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(31)],
        help_text=gettext_lazy("31 is the last day of every month."),
    )
    month = models.PositiveSmallIntegerField(
        gettext_lazy("month"), choices=list(MONTHS.items()), default=1, help_text=gettext_lazy("For years.")
    )
    shift = models.CharField(
        gettext_lazy("when nobody works that day"), max_length=8, choices=Shift, default=Shift.NEXT
    )
    starts_on = models.DateField(gettext_lazy("from"), default=timezone.localdate)
    ends_on = models.DateField(gettext_lazy("until"), null=True, blank=True)
    requester = models.ForeignKey(
        Person,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=gettext_lazy("requester"),
    )
    team = UpwardKey(
        Team, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=gettext_lazy("team")
    )
    tasks = UpwardKey(
        TaskList,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=gettext_lazy("task list"),
    )
    paused_at = models.DateTimeField(gettext_lazy("paused on"), null=True, blank=True, editable=False)
    seen_on = models.DateField(null=True, editable=False)  # nominal days up to this one are settled

    class Meta:
        verbose_name, verbose_name_plural = (
            gettext_lazy("recurring ticket"),
            gettext_lazy("recurring tickets"),
        )
        indexes = [
            models.Index(
                fields=["organisation", "id"], condition=Q(paused_at=None), name="recurrence_running"
            )
        ]

    def __str__(self) -> str:
        return self.title

    def clean(self) -> None:
        weekly = self.every == self.Every.WEEK
        if (weekly or self.nth) and not self.weekdays:
            raise ValidationError({"weekdays": _("Choose at least one day of the week.")})
        if self.ends_on and self.starts_on and self.ends_on < self.starts_on:
            raise ValidationError({"ends_on": _("It ends before it begins.")})

    def pattern(self) -> Pattern:
        """As the calendar reads it."""
        return Pattern(
            every=self.every,
            first=self.starts_on,
            interval=self.interval or 1,
            weekdays=tuple(sorted(self.weekdays)),
            day=self.day,
            nth=0 if self.every == self.Every.WEEK else self.nth,
            month=self.month,
            shift=self.shift,
            last=self.ends_on,
        )


class RecurrenceAsset(OrganisationModel):
    """An asset that each ticket of a recurrence is about."""

    recurrence = models.ForeignKey(Recurrence, models.CASCADE, related_name="assets")
    asset = models.ForeignKey(Asset, models.CASCADE, related_name="recurrences")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["recurrence", "asset"], name="recurrence_asset_once")]

    def __str__(self) -> str:
        return str(self.asset)


class RecurrenceRun(OrganisationModel):
    """A day of a recurrence whose ticket was opened: it is opened once, whatever runs twice."""

    recurrence = models.ForeignKey(Recurrence, models.CASCADE, related_name="runs")
    day = models.DateField()
    ticket = models.ForeignKey(Ticket, models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["recurrence", "day"], name="recurrence_run_once")]

    def __str__(self) -> str:
        return f"{self.recurrence} {self.day}"


def works_in(organisation: int) -> Any:
    """Whether anybody works on a day, in an organisation's own calendar."""
    hours = hours_of(default_calendar(organisation))
    return lambda day: opens(day, hours)


def next_days(recurrence: Recurrence, number: int = 6, *, today: date | None = None) -> list[Occurrence]:
    """When it will open again, as things are."""
    settled = max(filter(None, [recurrence.seen_on, (today or timezone.localdate()) - timedelta(days=1)]))
    return upcoming(recurrence.pattern(), works_in(recurrence.organisation_id), number, after=settled)


def open_due(recurrence: Recurrence, *, today: date, actor: Actor = SYSTEM) -> list[Ticket]:
    """Open the tickets whose day has come and that are not opened yet."""
    if recurrence.paused_at:
        return []
    settled = max(
        filter(None, [recurrence.seen_on, today - LATE, recurrence.created_at.date() - timedelta(1)])
    )
    made: list[Ticket] = []
    works = works_in(recurrence.organisation_id)
    for one in occurrences(recurrence.pattern(), works, after=settled):
        if one.nominal > today + LATE:
            break
        if one.day > today:
            continue
        try:
            ticket = _open(recurrence, one, actor)
        except ValidationError as error:  # what it names is gone: said in its history, the others go on
            publish(recurrence, "recurrence.refused", actor=actor, extra={"text": " ".join(error.messages)})
            continue
        made += [ticket] if ticket else []
    return made


@transaction.atomic
def _open(recurrence: Recurrence, one: Occurrence, actor: Actor) -> Ticket | None:
    run, new = RecurrenceRun.objects.get_or_create(
        organisation_id=recurrence.organisation_id, recurrence=recurrence, day=one.nominal
    )
    if not new:
        return None
    assets = tuple(row.asset for row in recurrence.assets.select_related("asset").order_by("id"))
    caller = Caller(person=recurrence.requester, name="" if recurrence.requester else _("planned work"))
    request = recurrence.request(caller, Ticket.Channel.API, assets=assets, team=recurrence.team)
    ticket = open_ticket(request, organisation=recurrence.organisation_id, actor=actor)
    if recurrence.tasks:
        add_tasks(ticket, recurrence.tasks, actor=actor)
    RecurrenceRun.objects.filter(pk=run.pk).update(ticket=ticket)
    extra = {"day": str(one.nominal), "about": {"id": ticket.pk, "text": str(ticket)}}
    publish(recurrence, "recurrence.opened", actor=actor, extra=extra)
    return ticket


@transaction.atomic
def pause(recurrence: Recurrence, *, actor: Actor, at: datetime | None = None) -> Recurrence:
    """Open no more tickets until it is resumed."""
    require(actor, "recurrence.change", recurrence)
    if recurrence.paused_at:
        raise ValidationError(_("It is paused already."))
    recurrence.paused_at = at or timezone.now()
    count_edit(recurrence)
    recurrence.save(update_fields=["paused_at", "updated_at"])
    publish(recurrence, "recurrence.paused", actor=actor)
    return recurrence


@transaction.atomic
def resume(recurrence: Recurrence, *, actor: Actor, today: date | None = None) -> Recurrence:
    """Open tickets again from today: the days of the pause are not made up for."""
    require(actor, "recurrence.change", recurrence)
    if not recurrence.paused_at:
        raise ValidationError(_("It is not paused."))
    recurrence.paused_at = None
    recurrence.seen_on = (today or timezone.localdate()) - timedelta(days=1)
    count_edit(recurrence)
    recurrence.save(update_fields=["paused_at", "seen_on", "updated_at"])
    publish(recurrence, "recurrence.resumed", actor=actor)
    return recurrence


@transaction.atomic
def set_asset(recurrence: Recurrence, asset: Asset, *, actor: Actor, there: bool = True) -> None:
    """Say that its tickets are about an asset, or no longer."""
    require(actor, "recurrence.change", recurrence)
    if asset.organisation_id != recurrence.organisation_id:
        raise ValidationError(_("“%(name)s” belongs to another organisation.") % {"name": asset})
    rows = RecurrenceAsset.objects.filter(recurrence=recurrence, asset=asset)
    if there == rows.exists():
        return
    if there:
        RecurrenceAsset.objects.create(
            organisation_id=recurrence.organisation_id, recurrence=recurrence, asset=asset
        )
    else:
        rows.delete()
    verb = "recurrence.asset_added" if there else "recurrence.asset_removed"
    publish(recurrence, verb, actor=actor, extra={"about": {"id": asset.pk, "text": str(asset)}})


@job(every="35 * * * *")
def open_those_due() -> None:
    """Each hour, so that each organisation has its tickets in its own morning."""
    with everywhere(because="recurring tickets of every organisation are opened"):
        rows = Recurrence.objects.filter(paused_at=None, organisation__archived_at=None)
        places = sorted({one.organisation_id for one in rows.only("organisation_id")})
    for place in places:
        with scope(place):
            open_in.enqueue(once=f"recurrences-{place}")


@job()
def open_in() -> None:
    """Open what is due in the organisation in scope, on its own day."""
    rows = Recurrence.objects.filter(paused_at=None).select_related(
        "organisation", "requester", "team", "tasks", "category__parent", "service"
    )
    for one in rows:
        open_due(one, today=timezone.now().astimezone(ZoneInfo(one.organisation.timezone)).date())
