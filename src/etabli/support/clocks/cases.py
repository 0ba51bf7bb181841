"""Cases of deadlines in a JSON file: a clock, its calendar and, to check it, the deadline expected.

A file holds a list of cases, or an object whose `vectors` (or `cases`) is that list. A case has `start` and
`minutes`; it may have `id`, `name`, `pauses` ([from, to] or [from, to, why]; `to` is null while it lasts),
`deadline` (what is expected) and its calendar: `tz`, `week` (seven days of [opening, closing] hours),
`holidays` (a zone of public holidays, null for none), `closures` (dates, or [from, to]). A calendar at the
level of the file is that of all its cases; what nobody says is office hours in metropolitan France. Times
without an offset are wall times of `tz`.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from etabli.kernel.holidays import METROPOLE, UnknownZone, public_holidays
from etabli.kernel.workingtime import FARTHEST, Closure, NeverOpen, TooLong, Week, WorkingHours, parse_week

from .counting import Interruption, Pause, Stretch, deadline, interrupted
from .explaining import Names, explain

OFFICE = [[["08:00", "12:00"], ["13:30", "17:30"]]] * 5 + [[], []]
DEFAULTS: dict[str, Any] = {"tz": "Europe/Paris", "week": OFFICE, "holidays": METROPOLE, "closures": []}
LISTS = ("vectors", "cases")
YEARS = range(1900, 2200)
"""A date outside of them is a slip of the keyboard, and public holidays are not known so far."""
KNOWN = frozenset({"id", "name", "note", "start", "minutes", "pauses", "deadline", *DEFAULTS})


class BadFile(ValueError):
    """The file holds no list of cases."""


class BadCase(ValueError):
    """A case that cannot be counted; the sentence says what to mend."""


@dataclass(frozen=True)
class Calendar:
    """Working hours with as many years of public holidays as a deadline turns out to need."""

    timezone: str
    week: Week
    zone: str | None
    closed: frozenset[date]
    closures: tuple[Closure, ...]

    def names(self, years: Sequence[int]) -> Names:
        listed = (public_holidays(self.zone, year) for year in years) if self.zone else ()
        return {day: name for days in listed for day, name in days.items()}

    def hours(self, first: int, last: int) -> WorkingHours:
        """The hours of these years; one object for all the cases that share it: months are counted once."""
        return _hours(self, first, last)


@lru_cache(maxsize=256)
def _hours(calendar: Calendar, first: int, last: int) -> WorkingHours:
    closed = calendar.closed.union(calendar.names(range(first, last + 1)))
    return WorkingHours(calendar.timezone, calendar.week, closed, calendar.closures)


@dataclass(frozen=True)
class Case:
    """One clock: how long it counts, from when, with which pauses, in which calendar."""

    start: datetime
    amount: timedelta
    pauses: tuple[Interruption, ...]
    calendar: Calendar

    def solve(self) -> "Solution":
        """The deadline. Raises BadCase when the calendar has no hours, or too few."""
        first = self.start.year - 1
        last = self.start.year + 1
        try:
            while True:
                stretches = interrupted(self.start, self.pauses, self.calendar.hours(first, last))
                due = deadline(self.amount, stretches)
                if due is None or due.year < last:
                    return Solution(self, stretches, due, range(first, last + 1))
                last = due.year + 1
        except NeverOpen:
            raise BadCase(_("This calendar has no opening hours, or is closed for good: it has no deadline."))
        except (TooLong, OverflowError):
            raise BadCase(_("This delay does not end within %(years)s years.") % {"years": FARTHEST})


@dataclass(frozen=True)
class Solution:
    """A deadline, in UTC, None while a pause lasts; and what it was found from."""

    case: Case
    stretches: list[Stretch]
    due: datetime | None
    years: range

    def explanation(self) -> list[str]:
        names = self.case.calendar.names(self.years)
        return [str(line) for line in explain(self.case.amount, self.stretches, names=names)]

    def told(self) -> str | None:
        """The deadline in ISO 8601, with the offset of its time zone then; seconds when there are some."""
        if self.due is None:
            return None
        local = self.due.astimezone(ZoneInfo(self.case.calendar.timezone))
        whole = not (local.second or local.microsecond)
        return local.isoformat(timespec="minutes") if whole else local.isoformat()


def listed(text: bytes) -> tuple[list[Any], dict[str, Any]]:
    """The cases of a file as they are written, and what the file says for all of them. Raises BadFile."""
    try:
        content = json.loads(text)
    except ValueError as error:
        raise BadFile(_("This is not JSON: %(why)s.") % {"why": error})
    common = content if isinstance(content, dict) else {"vectors": content}
    cases = next((common[name] for name in LISTS if name in common), None)
    if not isinstance(cases, list):
        raise BadFile(_("There is no list of cases here: give a list, or an object with “vectors”."))
    return cases, {name: common.get(name, usual) for name, usual in DEFAULTS.items()}


def unknown_keys(cases: Sequence[Any]) -> list[str]:
    """The keys of cases that mean nothing here, which a misspelling would hide."""
    return sorted({str(key) for case in cases if isinstance(case, dict) for key in case.keys() - KNOWN})


def read(written: Any, common: dict[str, Any]) -> Case:
    """A case from what is written. Raises BadCase, naming the key."""
    if not isinstance(written, dict):
        raise BadCase(_("A case is an object with “start” and “minutes”."))
    calendar = _calendar({name: written.get(name, usual) for name, usual in common.items()})
    zone = ZoneInfo(calendar.timezone)
    start = _part("start", written.get("start"), lambda value: instant(value, zone))
    minutes = _part("minutes", written.get("minutes"), _minutes)
    given = written.get("pauses") or []
    pauses = _part("pauses", given, lambda value: tuple(_pause(one, zone) for one in value))
    return Case(start, minutes, pauses, calendar)


def expected(written: dict[str, Any], case: Case) -> datetime | None:
    """The deadline a case expects, None for none. Raises BadCase."""
    value, zone = written["deadline"], ZoneInfo(case.calendar.timezone)
    return None if value is None else _part("deadline", value, lambda text: instant(text, zone))


def instant(text: Any, zone: ZoneInfo) -> datetime:
    """An ISO 8601 time; without an offset, a wall time of the zone.

    One that a change of clocks repeats is the first, one that it skips counts as before it (RFC 5545
    §3.3.5).
    """
    at = datetime.fromisoformat(text)
    if at.year not in YEARS:
        raise ValueError(text)
    return at if at.tzinfo else at.replace(tzinfo=zone)


def _part[T](key: str, value: Any, read_it: Callable[[Any], T]) -> T:
    if value is None:
        raise BadCase(_("“%(key)s” is missing.") % {"key": key})
    try:
        return read_it(value)
    except (TypeError, ValueError, OverflowError):
        raise BadCase(_("“%(key)s” is not understood: %(example)s.") % {"key": key, "example": _example(key)})


def _example(key: str) -> str:
    return {
        "start": _("write a date and time, between 1900 and 2199, such as 2026-01-05T10:00"),
        "deadline": _("write a date and time such as 2026-01-05T15:30+01:00"),
        "minutes": _("write a number of minutes, 0 or more"),
        "pauses": _("write a list of [from, to], each with its end after its beginning"),
        "tz": _("write a time zone such as Europe/Paris"),
        "week": _("write seven days from Monday, each a list of [opening, closing] hours without overlap"),
        "holidays": _("write a zone such as metropole, 57, 974 or BE, or null"),
        "closures": _("write a list of dates and of [from, to]"),
    }[key]


def _minutes(value: Any) -> timedelta:
    if isinstance(value, bool):
        raise TypeError(value)
    amount = timedelta(minutes=value)
    if amount < timedelta(0):
        raise ValueError(value)
    return amount


def _pause(value: Any, zone: ZoneInfo) -> Interruption:
    since, until, *why = value
    begins = instant(since, zone)
    ends = None if until is None else instant(until, zone)
    return Interruption(begins, ends, str(why[0]) if why else Pause.ASKED.value)


def _calendar(written: dict[str, Any]) -> Calendar:
    timezone = _part("tz", written["tz"], lambda name: WorkingHours.always(name).timezone)
    week = _part("week", written["week"], parse_week)
    _part("week", week, lambda given: WorkingHours(timezone, given))
    whole, hours = _part("closures", written["closures"] or [], _closures)
    zone = written["holidays"]
    return Calendar(timezone, week, None if zone is None else _part("holidays", zone, _zone), whole, hours)


def _zone(value: Any) -> str:
    try:
        public_holidays(str(value), 2000)  # any year tells whether the zone is known
    except UnknownZone:
        raise ValueError(value)
    return str(value)


def _closures(value: Any) -> tuple[frozenset[date], tuple[Closure, ...]]:
    whole = frozenset(date.fromisoformat(one) for one in value if isinstance(one, str))
    spans = [[datetime.fromisoformat(wall) for wall in one] for one in value if not isinstance(one, str)]
    hours = tuple((since, until) for since, until in spans)
    WorkingHours("UTC", ((),) * 7, whole, hours)
    return whole, hours
