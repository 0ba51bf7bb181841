"""When to warn that a promise runs out: at half, three quarters and the whole of its delay.

Nobody is woken up for less than a priority 1: a warning that falls outside business hours waits for the next
opening.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from etabli.kernel.workingtime import WorkingHours, next_opening

from .counting import deadline
from .readings import Reading

SHARES = (50, 75, 100)
AT_ANY_HOUR = 1
"""The priority that is told at any hour."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """A share of the delay, in percent: the instant it is used up, and the one to say so; both in UTC."""

    share: int
    reached_at: datetime
    told_at: datetime


def alarms(reading: Reading, *, business: WorkingHours, shares: Sequence[int] = SHARES) -> tuple[Alarm, ...]:
    """The warnings of a clock, as far as they are known and come before it stops.

    business: when the people who are warned work. Raises `NeverOpen` when they never do.
    """
    found = []
    for share in shares:
        reached = deadline(reading.target.amount * share / 100, reading.stretches)
        if reached is None or (reading.stopped_at is not None and reading.stopped_at <= reached):
            break
        told = reached if reading.priority == AT_ANY_HOUR else next_opening(reached, business)
        found.append(Alarm(share, reached, told))
    return tuple(found)
