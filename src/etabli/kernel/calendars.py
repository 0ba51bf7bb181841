"""Calendars: when an organisation works, in wall-clock hours, less its holidays."""

from collections.abc import Iterable
from datetime import datetime, time
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .actors import SYSTEM, Actor, require
from .events import publish
from .holidays import public_holidays
from .organisations import Organisation
from .tenancy import Catalogue
from .weekfield import WeekField
from .workingtime import ONE_DAY, Closure, WorkingHours, parse_week


def validate_week(value: Any) -> None:
    """Refuse a week that :class:`WorkingHours` could not count with."""
    try:
        WorkingHours("UTC", parse_week(value))
    except (TypeError, ValueError) as error:
        raise ValidationError(
            _("Give seven days from Monday, each a list of [opening, closing] hours (%(why)s)."),
            params={"why": str(error)},
        )


def validate_timezone(value: str) -> None:
    """Refuse a name that is not in the time zone database (IANA)."""
    try:
        WorkingHours(value, ((),) * 7)
    except ValueError:
        raise ValidationError(_("“%(name)s” is not a time zone; write Europe/Paris."), params={"name": value})


def office_week() -> list[list[list[str]]]:
    """Monday to Friday, 9:00–12:00 and 14:00–18:00."""
    return [[["09:00", "12:00"], ["14:00", "18:00"]] for _day in range(5)] + [[], []]


class Calendar(Catalogue):
    """Opening hours in a time zone; ``week`` lists seven days of [opening, closing] hours."""

    name = models.CharField(gettext_lazy("name"), max_length=80)
    timezone = models.CharField(
        gettext_lazy("time zone"), max_length=40, default="Europe/Paris", validators=[validate_timezone]
    )
    week = WeekField(gettext_lazy("opening hours"), default=office_week, validators=[validate_week])
    is_default = models.BooleanField(gettext_lazy("default calendar"), default=False)

    class Meta:
        verbose_name, verbose_name_plural = gettext_lazy("calendar"), gettext_lazy("calendars")
        constraints = [
            models.UniqueConstraint(fields=["organisation", "name"], name="calendar_name_once"),
            models.UniqueConstraint(
                fields=["organisation"], condition=models.Q(is_default=True), name="calendar_default_once"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Holiday(Catalogue):
    """A day without work in a calendar, or some hours of one: closed from noon on Christmas Eve."""

    calendar = models.ForeignKey(
        Calendar, models.CASCADE, related_name="holidays", verbose_name=gettext_lazy("calendar")
    )
    day = models.DateField(gettext_lazy("day"))
    name = models.CharField(gettext_lazy("name"), max_length=120)
    closed_from = models.TimeField(
        gettext_lazy("closed from"),
        null=True,
        blank=True,
        help_text=gettext_lazy("Empty: the whole day."),
    )
    closed_until = models.TimeField(
        gettext_lazy("closed until"),
        null=True,
        blank=True,
        help_text=gettext_lazy("Empty or 00:00: until the end of the day."),
    )

    class Meta:
        verbose_name, verbose_name_plural = gettext_lazy("holiday"), gettext_lazy("holidays")
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "calendar", "day", "closed_from"],
                nulls_distinct=False,
                name="holiday_once",
            ),
            models.CheckConstraint(
                condition=Q(closed_until=None)
                | Q(closed_from__isnull=False)
                & (Q(closed_until=time.min) | Q(closed_until__gt=F("closed_from"))),
                name="holiday_hours_in_order",
                violation_error_message=gettext_lazy("The hours closed end before they begin."),
            ),
        ]
        ordering = ["day", F("closed_from").asc(nulls_first=True)]

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d} {self.name}"

    def closure(self) -> Closure:
        """The wall times between which the calendar is closed."""
        until = self.closed_until or time.min
        ends = self.day + ONE_DAY if until == time.min else self.day
        return datetime.combine(self.day, self.closed_from or time.min), datetime.combine(ends, until)


def hours_of(calendar: Calendar) -> WorkingHours:
    """The calendar as working time is counted: its week less its holidays, those of some hours included."""
    listed = list(calendar.holidays.all())
    closed = frozenset(one.day for one in listed if one.closed_from is None)
    closures = tuple(one.closure() for one in listed if one.closed_from is not None)
    return WorkingHours(calendar.timezone, parse_week(calendar.week), closed, closures)


def default_calendar(organisation_id: int) -> Calendar:
    """The organisation's default calendar, made with office hours in its own time zone when it has none."""
    found = Calendar.objects.filter(organisation=organisation_id, is_default=True).first()
    if found:
        return found
    organisation = Organisation.objects.get(pk=organisation_id)
    made, new = Calendar.objects.get_or_create(
        organisation_id=organisation_id,
        is_default=True,
        defaults={"name": _free_name(organisation_id), "timezone": organisation.timezone},
    )
    if new:
        publish(made, "calendar.created", actor=SYSTEM)
    return made


@transaction.atomic
def set_default(calendar: Calendar, *, actor: Actor) -> None:
    """Make it the organisation's default calendar, in the place of the former one."""
    require(actor, "calendar.change", calendar)
    others = Calendar.objects.filter(organisation=calendar.organisation_id, is_default=True).exclude(
        pk=calendar.pk
    )
    others.update(is_default=False)
    calendar.is_default = True
    calendar.save(update_fields=["is_default", "updated_at"])
    publish(calendar, "calendar.made_default", actor=actor)


@transaction.atomic
def add_public_holidays(calendar: Calendar, years: Iterable[int], *, actor: Actor) -> int:
    """Close the calendar on the public holidays of its organisation's zone; returns how many days were added.

    Days already there keep the name somebody gave them. Raises :class:`holidays.UnknownZone`.
    """
    require(actor, "calendar.change", calendar)
    zone = calendar.organisation.holiday_zone
    known = set(calendar.holidays.filter(closed_from=None).values_list("day", flat=True))
    found = {
        day: name for year in years for day, name in public_holidays(zone, year).items() if day not in known
    }
    Holiday.objects.bulk_create(
        Holiday(organisation_id=calendar.organisation_id, calendar=calendar, day=day, name=name[:120])
        for day, name in found.items()
    )
    if found:
        publish(
            calendar,
            "calendar.holidays_added",
            actor=actor,
            extra={"zone": zone, "days": sorted(map(str, found))},
        )
    return len(found)


def _free_name(organisation_id: int) -> str:
    taken = set(Calendar.objects.filter(organisation=organisation_id).values_list("name", flat=True))
    name = _("Office hours")
    return next(n for n in [name, *(f"{name} {i}" for i in range(2, 99))] if n not in taken)
