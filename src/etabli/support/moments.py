"""When somebody is to be told of a deadline: the usual warnings, and the escalations of the organisation."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from etabli.kernel.workingtime import WorkingHours, next_opening

from .clocks.alarms import AT_ANY_HOUR, alarms
from .clocks.counting import deadline
from .clocks.readings import Reading
from .escalations import Escalation


@dataclass(frozen=True)
class Moment:
    """An instant at which people are told: a share of the delay in percent, or a rule of escalation."""

    at: datetime
    share: int = 0
    rule: Escalation | None = None


def moments(
    reading: Reading,
    *,
    business: WorkingHours,
    told: int,
    applied: Collection[int],
    rules: Iterable[Escalation],
) -> list[Moment]:
    """What is left to be told of a clock, in order; nothing outside business hours but for a priority 1.

    told: the last usual warning given. applied: the rules already applied. Raises `NeverOpen`, `TooLong`.
    """
    found = [Moment(one.told_at, one.share) for one in alarms(reading, business=business) if one.share > told]
    for rule in rules:
        if rule.pk not in applied and rule.concerns(reading.clock, reading.priority):
            at = _reached(reading, rule)
            if at is not None:
                at = at if reading.priority == AT_ANY_HOUR else next_opening(at, business)
                found.append(Moment(at, rule=rule))
    return sorted(found, key=lambda one: one.at)


def _reached(reading: Reading, rule: Escalation) -> datetime | None:
    """The instant at which a rule applies; none when it is unknown, or when the clock stops before."""
    amount = reading.target.amount
    if rule.share is not None:
        amount = amount * rule.share / 100
    else:
        amount += timedelta(minutes=rule.minutes_late or 0)
    at = deadline(amount, reading.stretches)
    if at is None or (reading.stopped_at is not None and reading.stopped_at <= at):
        return None
    return at
