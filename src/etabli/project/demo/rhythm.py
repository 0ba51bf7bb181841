"""When people ask: more on Mondays and when a month begins, hardly at night, in August and on holidays."""

from datetime import date, datetime, time, timedelta
from functools import cache
from random import Random
from zoneinfo import ZoneInfo

from etabli.kernel.holidays import METROPOLE, public_holidays

PARIS = ZoneInfo("Europe/Paris")
WEEK = (1.55, 1.15, 1.0, 1.05, 0.85, 0.05, 0.03)
HOURS = {
    7: 2,
    8: 9,
    9: 15,
    10: 13,
    11: 10,
    12: 3,
    13: 5,
    14: 12,
    15: 10,
    16: 8,
    17: 5,
    18: 2,
    20: 0.3,
    22: 0.2,
    3: 0.1,
}


def arrivals(number: int, rng: Random, *, first: datetime, last: datetime) -> list[datetime]:
    """So many instants between two others, in order."""
    days = [first.date() + timedelta(days=n) for n in range((last.date() - first.date()).days + 1)]
    found: list[datetime] = []
    while len(found) < number:
        for day in rng.choices(days, [weight(day) for day in days], k=number - len(found)):
            hour = rng.choices(list(HOURS), list(HOURS.values()))[0]
            at = datetime.combine(day, time(hour, rng.randint(0, 59), rng.randint(0, 59)), PARIS)
            if first <= at <= last:
                found.append(at)
    return sorted(found)


def weight(day: date) -> float:
    """How much people ask on a day, beside an ordinary Wednesday."""
    if day in _holidays(day.year):
        return 0.02
    told = WEEK[day.weekday()] * (1.5 if day.day <= 4 else 1.0)
    if day.month == 8:
        told *= 0.3
    elif (day.month, day.day) >= (12, 24) or (day.month, day.day) <= (1, 2):
        told *= 0.4
    return told


@cache
def _holidays(year: int) -> frozenset[date]:
    return frozenset(public_holidays(METROPOLE, year))
