"""A deadline told line by line: what was counted each day, what was closed, each pause, and where it ends."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import Enum
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from etabli.kernel.workingtime import (
    Span,
    WorkingHours,
    add_working_time,
    spans_between,
    working_time_between,
)

from .counting import Pause, Stretch

ONE_DAY = timedelta(days=1)
MOST_DAYS = 62
"""A stretch of more working days is told by months."""

type Names = Mapping[date, str]
"""What the days a calendar is closed are called."""


class Kind(Enum):
    STARTED, COUNTED, MONTH, SHUT, PAUSED, CHANGED, AWAITED, DUE = range(8)


@dataclass(frozen=True, slots=True)
class Line:
    """One line; `str` gives its sentence in the language of whoever reads, in the time zone of the calendar.

    counted, left: the working time it adds, and what remains after it. days: first and last of those shut.
    """

    kind: Kind
    zone: str
    since: datetime | None = None
    until: datetime | None = None
    counted: timedelta = timedelta(0)
    left: timedelta = timedelta(0)
    spans: tuple[Span, ...] = field(default=(), repr=False)
    days: tuple[date, date] | None = None
    why: str = ""

    def __str__(self) -> str:
        return _SENTENCES[self.kind](self)


def explain(amount: timedelta, stretches: Sequence[Stretch], *, names: Names | None = None) -> Iterator[Line]:
    """The lines that lead from the start of a clock to its deadline; raises what `deadline` raises."""
    left, hours = amount, stretches[0].hours
    yield Line(Kind.STARTED, hours.timezone, stretches[0].since, left=left)
    for stretch in stretches:
        zone = stretch.hours.timezone
        if stretch.pause:
            yield Line(Kind.PAUSED, zone, stretch.since, stretch.until, left=left, why=stretch.pause)
            continue
        if stretch.hours != hours:
            hours = stretch.hours
            yield Line(Kind.CHANGED, zone, stretch.since, left=left)
        counted = _counted(stretch)
        ends = counted is None or counted >= left
        until = add_working_time(stretch.since, left, hours) if ends else stretch.until
        yield from _told(stretch, until, left, names or {})
        if ends:
            yield Line(Kind.DUE, zone, until)
            return
        left -= counted or timedelta(0)
    yield Line(Kind.AWAITED, hours.timezone, left=left)


def _counted(stretch: Stretch) -> timedelta | None:
    """The working time of a stretch; None when it has no end."""
    if stretch.until is None:
        return None
    return working_time_between(stretch.since, stretch.until, stretch.hours)


def _told(stretch: Stretch, until: datetime | None, left: timedelta, names: Names) -> Iterator[Line]:
    """What is counted from the beginning of a stretch to an instant, by day or by month."""
    hours, zone = stretch.hours, ZoneInfo(stretch.hours.timezone)
    spans = list(spans_between(stretch.since, until or stretch.since, hours))
    days = [(day, tuple(each)) for day, each in groupby(spans, key=lambda one: _day(one[0], zone))]
    by_month = len(days) > MOST_DAYS
    if by_month:
        days = [
            (d, tuple(each)) for d, each in groupby(spans, key=lambda one: _day(one[0], zone).replace(day=1))
        ]
    cursor = _day(stretch.since, zone)
    for day, of_it in days:
        if not by_month:
            yield from _shut(cursor, day, hours, names)
        counted = sum((closing - opening for opening, closing in of_it), timedelta(0))
        left -= counted
        kind = Kind.MONTH if by_month else Kind.COUNTED
        yield Line(kind, hours.timezone, of_it[0][0], of_it[-1][1], counted, left, of_it)
        cursor = day + ONE_DAY


def _shut(first: date, end: date, hours: WorkingHours, names: Names) -> Iterator[Line]:
    """The days from the first until the end, all without work, as few lines as there are reasons."""
    days = [first + ONE_DAY * n for n in range((end - first).days)]
    for why, each in groupby(days, key=lambda day: _why_shut(day, hours, names)):
        same = list(each)
        yield Line(Kind.SHUT, hours.timezone, days=(same[0], same[-1]), why=why)


def _why_shut(day: date, hours: WorkingHours, names: Names) -> str:
    if day in names:
        return names[day]
    closed = day in hours.closed or hours.week[day.weekday()]
    return _("exceptional closure") if closed else _("no opening hours")


def _day(instant: datetime, zone: ZoneInfo) -> date:
    return instant.astimezone(zone).date()


def _started(line: Line) -> str:
    return _("%(when)s: the clock starts, %(left)s to count in opening hours (%(zone)s).") % _values(line)


def _by_day(line: Line) -> str:
    return _("%(day)s, %(spans)s: %(counted)s counted, %(left)s left.") % _values(line)


def _by_month(line: Line) -> str:
    return _("%(month)s: %(counted)s counted, %(left)s left.") % _values(line)


def _closed(line: Line) -> str:
    first, last = line.days or (date.min, date.min)
    told = {"first": _date(first), "last": _date(last), "why": line.why}
    if first == last:
        return _("%(first)s: %(why)s.") % told
    return _("%(first)s to %(last)s: %(why)s.") % told


def _paused(line: Line) -> str:
    if line.until is None:
        return _("From %(when)s on: %(why)s, nothing is counted.") % _values(line)
    return _("From %(when)s to %(until)s: %(why)s, nothing is counted.") % _values(line)


def _changed(line: Line) -> str:
    return _("%(when)s: counted from now on in other opening hours (%(zone)s).") % _values(line)


def _awaited(line: Line) -> str:
    return _("No deadline while it pauses; %(left)s will be left.") % _values(line)


def _due(line: Line) -> str:
    return _("Deadline: %(when)s (%(zone)s).") % _values(line)


_SENTENCES = {
    Kind.STARTED: _started,
    Kind.COUNTED: _by_day,
    Kind.MONTH: _by_month,
    Kind.SHUT: _closed,
    Kind.PAUSED: _paused,
    Kind.CHANGED: _changed,
    Kind.AWAITED: _awaited,
    Kind.DUE: _due,
}


def _values(line: Line) -> dict[str, Any]:
    zone = ZoneInfo(line.zone)
    since = line.since.astimezone(zone) if line.since else None
    until = line.until.astimezone(zone) if line.until else None
    return {
        "zone": line.zone,
        "when": f"{_date(since)} {_clock(since)}" if since else "",
        "until": f"{_date(until)} {_clock(until)}" if until else "",
        "day": _date(since) if since else "",
        "month": date_format(since, "F Y") if since else "",
        "spans": ", ".join(_span(one, zone) for one in line.spans) if line.kind is Kind.COUNTED else "",
        "counted": duration(line.counted),
        "left": duration(line.left),
        "why": Pause(line.why).label if line.why in Pause else line.why,
    }


def duration(amount: timedelta) -> str:
    """Working time in words. Never days: nobody agrees on how long a working day is."""
    seconds = round(amount.total_seconds())
    parts = ((seconds // 3600, "h"), (seconds // 60 % 60, "min"), (seconds % 60, "s"))
    return " ".join(f"{number}\u00a0{unit}" for number, unit in parts if number) or "0\u00a0min"


def _date(day: date) -> str:
    return date_format(day, "D j F Y")


def _clock(at: datetime) -> str:
    return f"{at:%H:%M:%S}" if at.second else f"{at:%H:%M}"


def _span(span: Span, zone: ZoneInfo) -> str:
    opening, closing = (one.astimezone(zone) for one in span)
    ends = "24:00" if closing.date() > opening.date() and _clock(closing) == "00:00" else _clock(closing)
    return f"{_clock(opening)}–{ends}"
