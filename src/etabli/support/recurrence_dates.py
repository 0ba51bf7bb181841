"""On which days something comes back: plain rules of the calendar, moved to a day when people work.

Pure: days in, days out. A day is known by its nominal date, which is what makes it happen once; the day it is
moved to only says when.
"""

import calendar
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice

WEEK, MONTH, YEAR = "week", "month", "year"
AS_IT_IS, NEXT, PREVIOUS, SKIP = "same", "next", "previous", "skip"
LAST = 5
"""The fifth Monday of a month stands for its last one."""
FARTHEST = 12 * 50
"""Periods looked at: a rule without a day in them (30 February) has none."""
LONGEST_CLOSING = 60
"""Days that one moves to find a working day: a calendar closed for longer has none."""

Works = Callable[[date], bool]


@dataclass(frozen=True)
class Pattern:
    """Every so many weeks, months or years, from a first day.

    weekdays: for a week, its days (0 is Monday). day: for a month or a year, the day of the month, the last
    one when the month is shorter; or, when ``nth`` is given, the nth weekday (``weekdays[0]``) of the month.
    month: for a year. shift: what is done with a day when nobody works.
    """

    every: str
    first: date
    interval: int = 1
    weekdays: tuple[int, ...] = (0,)
    day: int = 1
    nth: int = 0
    month: int = 1
    shift: str = NEXT
    last: date | None = None


@dataclass(frozen=True)
class Occurrence:
    """A day that comes back: as the rule says it, and as it is once moved."""

    nominal: date
    day: date


def occurrences(pattern: Pattern, works: Works, *, after: date | None = None) -> Iterator[Occurrence]:
    """The days of a pattern in order, those whose nominal day is after a day."""
    for nominal in _nominal(pattern, after):
        if nominal < pattern.first or (after is not None and nominal <= after):
            continue
        if pattern.last is not None and nominal > pattern.last:
            return
        moved = _moved(nominal, pattern.shift, works)
        if moved is not None:
            yield Occurrence(nominal, moved)


def upcoming(pattern: Pattern, works: Works, number: int, *, after: date | None = None) -> list[Occurrence]:
    """The first ones."""
    return list(islice(occurrences(pattern, works, after=after), number))


def _nominal(pattern: Pattern, after: date | None) -> Iterator[date]:
    """Days by period, from the one that holds the day asked: nothing is walked from the first year."""
    if pattern.every == WEEK:
        monday = pattern.first - timedelta(days=pattern.first.weekday())
        skipped = max(0, ((after or pattern.first) - monday).days // 7 // pattern.interval - 1)
        for number in range(skipped, skipped + FARTHEST):
            start = monday + timedelta(weeks=number * pattern.interval)
            yield from (start + timedelta(days=day) for day in sorted(set(pattern.weekdays)))
        return
    step = pattern.interval * (12 if pattern.every == YEAR else 1)
    begin = pattern.first.year * 12 + (pattern.month if pattern.every == YEAR else pattern.first.month) - 1
    start = after or pattern.first
    skipped = max(0, (start.year * 12 + start.month - 1 - begin) // step - 1)
    for number in range(skipped, skipped + FARTHEST):
        year, month = divmod(begin + number * step, 12)
        if year >= date.max.year:
            return
        yield _in_month(year, month + 1, pattern)


def _in_month(year: int, month: int, pattern: Pattern) -> date:
    days = calendar.monthrange(year, month)[1]
    if not pattern.nth:
        return date(year, month, min(pattern.day, days))
    weekday = pattern.weekdays[0] if pattern.weekdays else 0
    first = 1 + (weekday - date(year, month, 1).weekday()) % 7
    found = [day for day in range(first, days + 1, 7)]
    return date(year, month, found[-1] if pattern.nth >= LAST else found[pattern.nth - 1])


def _moved(day: date, shift: str, works: Works) -> date | None:
    if shift == AS_IT_IS or works(day):
        return day
    if shift == SKIP:
        return None
    step = timedelta(days=1 if shift == NEXT else -1)
    for number in range(1, LONGEST_CLOSING):
        moved = day + number * step
        if works(moved):
            return moved
    return None
