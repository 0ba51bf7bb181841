"""Working time: what a promised delay means on a wall clock with nights, lunches, holidays and summer time.

A promise ("answered within 4 working hours") is counted inside the opening hours of a calendar. Opening hours
are wall-clock times in the calendar's own zone; the time counted is real elapsed time, so the night the
clocks change has 23 or 25 hours. Instants go in as aware datetimes of any zone and come out in UTC, because
Python subtracts two datetimes of one zone by their wall clocks and would be an hour wrong across a change.

Two conventions, which keep every wall time on one instant and the order of wall times on the order of
instants: a wall time that the spring change skips is the instant of the change; one that the autumn change
repeats is its first occurrence.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import accumulate
from typing import Any
from zoneinfo import ZoneInfo

type WallSpan = tuple[time, time]
"""Opening and closing wall times of a stretch of a day; a closing of 00:00 is the end of that day, 24:00."""
type Week = tuple[tuple[WallSpan, ...], ...]
"""The wall spans of Monday, Tuesday … Sunday."""
type Closure = tuple[datetime, datetime]
"""Wall times of the calendar's zone between which nobody works, once; the end is outside."""
type Span = tuple[datetime, datetime]
"""The instants, in UTC, at which a stretch of work begins and ends; the end is outside."""

END_OF_DAY = time.min
ONE_DAY = timedelta(days=1)
ONE_SECOND = timedelta(seconds=1)
LONGEST_NIGHT = timedelta(hours=16)
"""A longer span over midnight was rather typed in the wrong order, as 12:00-09:00 for 09:00-12:00."""
FARTHEST = 100
"""Years looked at: a promise that has not ended by then is a mistake in its delay or in its calendar."""


class TooLong(ValueError):
    """The delay does not end within :data:`FARTHEST` years."""


class NeverOpen(ValueError):
    """The calendar has no opening hour, or none within :data:`FARTHEST` years: no delay can elapse in it."""


@dataclass(frozen=True)
class WorkingHours:
    """When an organisation works: a weekly pattern in a time zone, less the days and hours it is closed.

    timezone: an IANA name ("Europe/Paris"). week: seven days from Monday, each a tuple of (opening, closing)
    wall times in order and without overlap; `time(0)` as a closing means 24:00, and `split_nights` makes this
    form from nights. closed: local dates without any work. closures: what else is closed once, a
    Christmas Eve from noon. Raises ValueError when the zone is unknown or the rest is not in that form.
    """

    timezone: str
    week: Week
    closed: frozenset[date] = frozenset()
    closures: tuple[Closure, ...] = ()

    def __post_init__(self) -> None:
        _zone(self.timezone)
        for closure in self.closures:
            _refuse_a_closure_backwards(closure)
        if len(self.week) != 7:
            raise ValueError(f"A week has 7 days from Monday to Sunday, {len(self.week)} were given.")
        for spans in self.week:
            _refuse_a_disordered_day(spans)

    @classmethod
    def always(cls, timezone: str) -> WorkingHours:
        """Round the clock, every day of the year."""
        return cls(timezone, (((time.min, END_OF_DAY),),) * 7)


def parse_week(value: Any) -> Week:
    """``[[["09:00", "12:00"], …], … 7 days]`` as times, nights cut at midnight; 24:00 is the end of a day.

    Raises ValueError or TypeError when malformed.
    """
    days = (tuple((time.fromisoformat(opens), _closing(closes)) for opens, closes in day) for day in value)
    return split_nights(tuple(days))


def _closing(text: str) -> time:
    return END_OF_DAY if text == "24:00" else time.fromisoformat(text)


def split_nights(week: Week) -> Week:
    """The week with each night cut at midnight: Monday 22:00–06:00 goes on as Tuesday 00:00–06:00.

    What cannot be a night (:data:`LONGEST_NIGHT`) is left as it is, for WorkingHours to refuse.
    """
    days: list[list[WallSpan]] = [[] for _day in week]
    for number, spans in enumerate(week):
        for opens, closes in spans:
            if END_OF_DAY < closes <= opens and _length_of_night(opens, closes) <= LONGEST_NIGHT:
                days[number].append((opens, END_OF_DAY))
                days[(number + 1) % len(week)].insert(0, (time.min, closes))
            else:
                days[number].append((opens, closes))
    return tuple(map(tuple, days))


def add_working_time(start: datetime, amount: timedelta, hours: WorkingHours) -> datetime:
    """The first instant at which `amount` of working time has gone by since `start`, in UTC.

    A delay that runs out exactly at closing time ends then, not at the next opening; a delay of nothing ends
    at `start`. Raises NeverOpen on a calendar without hours, TooLong, ValueError on a naive start or a
    negative amount.
    """
    instant, left = _utc(start), amount
    if amount < timedelta(0):
        raise ValueError("A delay counts forward: give a positive amount of working time.")
    if not amount:
        return instant
    _refuse_an_empty_week(hours)
    for month in _months(hours, since=instant):
        left += month.before(instant)
        if left <= month.total:
            return month.when(left)
        left -= month.total
    if left == amount:
        raise NeverOpen(_never(hours))
    raise TooLong(f"This delay does not end within {FARTHEST} years: shorten it, or open the calendar more.")


def working_time_between(a: datetime, b: datetime, hours: WorkingHours) -> timedelta:
    """The working time that goes by from `a` to `b`, negative when `b` is before `a`.

    Zero in an empty calendar. Raises ValueError on a naive datetime.
    """
    first, last = _utc(a), _utc(b)
    if last < first:
        return -working_time_between(last, first, hours)
    total = -_month(hours, _month_of(first, hours)).before(first)
    for month in _months(hours, since=first, until=last):
        total += month.before(last)
    return total


def spans_between(a: datetime, b: datetime, hours: WorkingHours) -> Iterator[Span]:
    """The stretches of work from `a` to `b`, in order, the first and the last cut there."""
    first, last = _utc(a), _utc(b)
    for month in _months(hours, since=first, until=last):
        for opening, closing in zip(month.openings, month.closings, strict=True):
            if first < closing and opening < last:
                yield max(opening, first), min(closing, last)


def is_working(at: datetime, hours: WorkingHours) -> bool:
    """Whether `at` is inside opening hours: the opening instant is, the closing instant is not."""
    instant = _utc(at)
    return _month(hours, _month_of(instant, hours)).next_opening(instant) == instant


def next_opening(at: datetime, hours: WorkingHours) -> datetime:
    """The first working instant from `at` on, in UTC: `at` itself during opening hours.

    Raises NeverOpen on a calendar without hours, ValueError on a naive datetime.
    """
    instant = _utc(at)
    _refuse_an_empty_week(hours)
    for month in _months(hours, since=instant):
        if opening := month.next_opening(instant):
            return opening
    raise NeverOpen(_never(hours))


@dataclass(frozen=True, slots=True)
class _Month:
    """The stretches of work that begin in a month, and the working time gone by at the end of each.

    Both questions asked of a calendar, how much by an instant and when so much, are then a bisection.
    """

    openings: list[datetime]
    closings: list[datetime]
    gone: list[timedelta]

    @property
    def total(self) -> timedelta:
        return self.gone[-1] if self.gone else timedelta(0)

    def before(self, instant: datetime) -> timedelta:
        """The working time of this month gone by at the instant."""
        ended = bisect_right(self.closings, instant)
        gone = self.gone[ended - 1] if ended else timedelta(0)
        if ended < len(self.openings) and self.openings[ended] < instant:
            gone += instant - self.openings[ended]
        return gone

    def when(self, amount: timedelta) -> datetime:
        """The first instant at which so much of this month's working time has gone by; at most its total."""
        place = bisect_left(self.gone, amount)
        return self.closings[place] - (self.gone[place] - amount)

    def next_opening(self, instant: datetime) -> datetime | None:
        """The first working instant from this one on; none when the month has no more."""
        ended = bisect_right(self.closings, instant)
        return max(self.openings[ended], instant) if ended < len(self.openings) else None


def _months(hours: WorkingHours, *, since: datetime, until: datetime | None = None) -> Iterator[_Month]:
    """The months from an instant to the other, or as far as a promise may go."""
    first = _month_of(since, hours)
    last = _month_of(until, hours) if until else date(min(first.year + FARTHEST, date.max.year), 1, 1)
    while first <= last:
        yield _month(hours, first)
        first = _next_month(first)


def _month_of(instant: datetime, hours: WorkingHours) -> date:
    """The first day of the month that has begun by this instant.

    Where clocks go back past midnight, the evening shown a second time lies after the next day has begun.
    """
    first = instant.astimezone(_zone(hours.timezone)).date().replace(day=1)
    following = _next_month(first)
    return following if _instant(hours.timezone, following, time.min) <= instant else first


def _next_month(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


@lru_cache(maxsize=2048)
def _month(hours: WorkingHours, first: date) -> _Month:
    days = (first + ONE_DAY * n for n in range((_next_month(first) - first).days))
    spans = [span for day in days for span in _spans_of(hours, day)]
    for closure in hours.closures:
        spans = _less(spans, _closed(hours.timezone, closure))
    lengths = (closing - opening for opening, closing in spans)
    return _Month([a for a, _b in spans], [b for _a, b in spans], list(accumulate(lengths)))


def _spans_of(hours: WorkingHours, day: date) -> list[Span]:
    """The stretches of work that begin on this local date, without those a spring change leaves empty."""
    if day in hours.closed:
        return []
    spans = []
    for opens, closes in hours.week[day.weekday()]:
        opening = _instant(hours.timezone, day, opens)
        closing = _instant(hours.timezone, day + ONE_DAY if closes == END_OF_DAY else day, closes)
        if opening < closing:
            spans.append((opening, closing))
    return spans


def _closed(timezone: str, closure: Closure) -> Span:
    since, until = (_instant(timezone, wall.date(), wall.time()) for wall in closure)
    return since, until


def _less(spans: list[Span], closed: Span) -> list[Span]:
    """What is left of the spans around a closure."""
    since, until = closed
    parts = (
        part
        for opening, closing in spans
        for part in ((opening, min(closing, since)), (max(opening, until), closing))
    )
    return [(opening, closing) for opening, closing in parts if opening < closing]


@lru_cache(maxsize=16384)
def _instant(timezone: str, day: date, wall: time) -> datetime:
    """The instant, in UTC, at which clocks of the zone first show this wall time or a later one."""
    zone = _zone(timezone)
    naive = datetime.combine(day, wall)
    instant = naive.replace(tzinfo=zone).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == naive:
        return instant
    return _change_before(instant, zone, earliest=naive.replace(tzinfo=zone, fold=1).astimezone(UTC))


def _change_before(instant: datetime, zone: ZoneInfo, *, earliest: datetime) -> datetime:
    """The change of offset in (earliest, instant]; zone files (RFC 9636) give it to the second."""
    offset = instant.astimezone(zone).utcoffset()
    low, high = earliest.replace(microsecond=0), instant.replace(microsecond=0)
    while high - low > ONE_SECOND:
        middle = low + (high - low) // ONE_SECOND // 2 * ONE_SECOND
        changed = middle.astimezone(zone).utcoffset() == offset
        low, high = (low, middle) if changed else (middle, high)
    return high


def _zone(timezone: str) -> ZoneInfo:
    try:
        return ZoneInfo(timezone)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"Unknown time zone {timezone!r}: use an IANA name such as Europe/Paris.") from error


def _utc(at: datetime) -> datetime:
    if at.utcoffset() is None:
        raise ValueError("Working time needs datetimes that carry their time zone.")
    return at.astimezone(UTC)


def _refuse_an_empty_week(hours: WorkingHours) -> None:
    if not any(hours.week):
        raise NeverOpen("This calendar has no opening hours: add at least one span to its week.")


def _never(hours: WorkingHours) -> str:
    return f"This calendar has no opening hours within {FARTHEST} years: look at its closures."


def _length_of_night(opens: time, closes: time) -> timedelta:
    anyday = date(2000, 1, 1)
    return datetime.combine(anyday + ONE_DAY, closes) - datetime.combine(anyday, opens)


def _refuse_a_closure_backwards(closure: Closure) -> None:
    since, until = closure
    if since.tzinfo or until.tzinfo:
        raise ValueError("Closures are wall times of the calendar's zone: give them without a zone.")
    if until <= since:
        raise ValueError(f"The closure from {since:%Y-%m-%d %H:%M} ends before it begins.")


def _refuse_a_disordered_day(spans: tuple[WallSpan, ...]) -> None:
    previous = time.min
    for rank, (opens, closes) in enumerate(spans):
        if opens.tzinfo or closes.tzinfo:
            raise ValueError("Opening hours are wall times of the calendar's zone: give them without a zone.")
        if closes != END_OF_DAY and closes <= opens:
            raise ValueError(f"{opens:%H:%M}-{closes:%H:%M} closes before it opens: split a night at 24:00.")
        if opens < previous or (rank and previous == END_OF_DAY):
            raise ValueError(f"The span from {opens:%H:%M} overlaps the one before it, or is out of order.")
        previous = closes
