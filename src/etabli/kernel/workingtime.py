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

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

type WallSpan = tuple[time, time]
"""Opening and closing wall times of a stretch of a day; a closing of 00:00 is the end of that day, 24:00."""
type Week = tuple[tuple[WallSpan, ...], ...]
"""The wall spans of Monday, Tuesday … Sunday."""
type Span = tuple[datetime, datetime]
"""The instants, in UTC, at which a stretch of work begins and ends; the end is outside."""

END_OF_DAY = time.min
ONE_DAY = timedelta(days=1)
ONE_SECOND = timedelta(seconds=1)


class NeverOpen(ValueError):
    """The calendar has no opening hour at all, so no delay can ever elapse in it."""


@dataclass(frozen=True)
class WorkingHours:
    """When an organisation works: a weekly pattern in a time zone, less the days it is closed.

    timezone: an IANA name ("Europe/Paris"). week: seven days from Monday, each a tuple of (opening, closing)
    wall times in order and without overlap; `time(0)` as a closing means 24:00. closed: local dates without
    any work. Raises ValueError when the zone is unknown or the week is not in that form.
    """

    timezone: str
    week: Week
    closed: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        _zone(self.timezone)
        if len(self.week) != 7:
            raise ValueError(f"A week has 7 days from Monday to Sunday, {len(self.week)} were given.")
        for spans in self.week:
            _refuse_a_disordered_day(spans)

    @classmethod
    def always(cls, timezone: str) -> WorkingHours:
        """Round the clock, every day of the year."""
        return cls(timezone, (((time.min, END_OF_DAY),),) * 7)


def add_working_time(start: datetime, amount: timedelta, hours: WorkingHours) -> datetime:
    """The first instant at which `amount` of working time has gone by since `start`, in UTC.

    A delay that runs out exactly at closing time ends then, not at the next opening; a delay of nothing ends
    at `start`. Raises NeverOpen on an empty calendar, ValueError on a naive start or a negative amount.
    """
    instant, left = _utc(start), amount
    if amount < timedelta(0):
        raise ValueError("A delay counts forward: give a positive amount of working time.")
    if not amount:
        return instant
    _refuse_an_empty_week(hours)
    day = _first_day(instant, hours)
    while True:
        if _starts_month(day, hours, after=instant) and (total := _month_total(hours, day)) < left:
            left -= total
            day = _next_month(day)
            continue
        for opening, closing in _spans_of(hours, day):
            begun = max(opening, instant)
            if closing - begun >= left:
                return begun + left
            left -= max(closing - begun, timedelta(0))
        day += ONE_DAY


def working_time_between(a: datetime, b: datetime, hours: WorkingHours) -> timedelta:
    """The working time that goes by from `a` to `b`, negative when `b` is before `a`.

    Zero in an empty calendar. Raises ValueError on a naive datetime.
    """
    first, last = _utc(a), _utc(b)
    if last < first:
        return -working_time_between(last, first, hours)
    total = timedelta(0)
    day = _first_day(first, hours)
    while _instant(hours.timezone, day, time.min) < last:
        if (
            _starts_month(day, hours, after=first)
            and _instant(hours.timezone, _next_month(day), time.min) <= last
        ):
            total += _month_total(hours, day)
            day = _next_month(day)
            continue
        for opening, closing in _spans_of(hours, day):
            total += max(min(closing, last) - max(opening, first), timedelta(0))
        day += ONE_DAY
    return total


def is_working(at: datetime, hours: WorkingHours) -> bool:
    """Whether `at` is inside opening hours: the opening instant is, the closing instant is not."""
    instant = _utc(at)
    day = _first_day(instant, hours)
    # Where clocks go back past midnight, the evening shown a second time lies after the next day has begun.
    spans = _spans_of(hours, day) + _spans_of(hours, day + ONE_DAY)
    return any(opening <= instant < closing for opening, closing in spans)


def next_opening(at: datetime, hours: WorkingHours) -> datetime:
    """The first working instant from `at` on, in UTC: `at` itself during opening hours.

    Raises NeverOpen on an empty calendar, ValueError on a naive datetime.
    """
    instant = _utc(at)
    _refuse_an_empty_week(hours)
    return next(
        max(opening, instant) for opening, closing in _spans_from(instant, hours) if closing > instant
    )


def _spans_from(instant: datetime, hours: WorkingHours) -> Iterator[Span]:
    day = _first_day(instant, hours)
    while True:
        yield from _spans_of(hours, day)
        day += ONE_DAY


def _first_day(instant: datetime, hours: WorkingHours) -> date:
    """The date clocks show; spans of the day before have all ended by then."""
    return instant.astimezone(_zone(hours.timezone)).date()


def _starts_month(day: date, hours: WorkingHours, *, after: datetime) -> bool:
    return day.day == 1 and _instant(hours.timezone, day, time.min) >= after


def _next_month(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


@lru_cache(maxsize=4096)
def _month_total(hours: WorkingHours, first: date) -> timedelta:
    """The working time of the month beginning on `first`, remembered so that years are walked by months."""
    days = (first + ONE_DAY * n for n in range((_next_month(first) - first).days))
    return sum(
        (closing - opening for day in days for opening, closing in _spans_of(hours, day)), timedelta(0)
    )


@lru_cache(maxsize=16384)
def _spans_of(hours: WorkingHours, day: date) -> tuple[Span, ...]:
    """The stretches of work that begin on this local date, without those a spring change leaves empty."""
    if day in hours.closed:
        return ()
    spans = []
    for opens, closes in hours.week[day.weekday()]:
        opening = _instant(hours.timezone, day, opens)
        closing = _instant(hours.timezone, day + ONE_DAY if closes == END_OF_DAY else day, closes)
        if opening < closing:
            spans.append((opening, closing))
    return tuple(spans)


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
