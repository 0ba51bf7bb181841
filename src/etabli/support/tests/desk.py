"""What the tests of the clocks share: office hours in Paris, wall times, a policy."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from etabli.kernel.holidays import public_holidays
from etabli.kernel.workingtime import WorkingHours
from etabli.support.clocks.policies import Clock, Policy, Target

PARIS = "Europe/Paris"
DAY = ((time(8), time(12)), (time(13, 30), time(17, 30)))
NAMES: dict[date, str] = public_holidays("metropole", 2026)
OFFICE = WorkingHours(PARIS, (DAY,) * 5 + ((), ()), frozenset(NAMES))
ALWAYS = WorkingHours.always(PARIS)


def at(text: str, zone: str = PARIS) -> datetime:
    """A wall time of the zone: ``01-05 10:00`` is in 2026."""
    full = text if len(text) > len("01-05 10:00") else f"2026-{text}"
    return datetime.fromisoformat(full).replace(tzinfo=ZoneInfo(zone))


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


def target(number: float, calendar: WorkingHours = OFFICE) -> Target:
    return Target(hours(number), calendar)


POLICY = Policy(
    targets={
        Clock.TAKE_CHARGE: {1: target(0.5, ALWAYS), 3: target(2)},
        Clock.FIRST_ANSWER: {1: target(1, ALWAYS), 3: target(4)},
        Clock.NEXT_ANSWER: {1: target(2, ALWAYS), 3: target(8)},
        Clock.SOLVE: {1: target(4, ALWAYS), 2: target(8), 3: target(16)},
    },
    teams={"n1": {3: target(4)}, "n2": {3: target(8)}},
)
