"""The clocks of tickets: deadlines computed again from what happened, each second of one core."""

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any

from etabli.kernel.holidays import public_holidays
from etabli.kernel.workingtime import WorkingHours
from etabli.support.clocks.counting import Interruption, deadline, interrupted
from etabli.support.clocks.explaining import explain
from etabli.support.clocks.history import Answered, Asked, Fact, Handed, Moved, Opened, Prioritised
from etabli.support.clocks.policies import Clock, Policy, Target
from etabli.support.clocks.readings import read
from etabli.support.states import State, Waiting

from .figures import Figure, repeat

NAME = "clocks"
DAY = ((time(8), time(12)), (time(13, 30), time(17, 30)))
HOLIDAYS = frozenset(day for year in range(2025, 2038) for day in public_holidays("metropole", year))
OFFICE = WorkingHours("Europe/Paris", (DAY,) * 5 + ((), ()), HOLIDAYS)
ALWAYS = WorkingHours.always("Europe/Paris")
START = datetime(2026, 1, 5, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


def figures(*, quick: bool, size: str) -> Iterator[Figure]:
    rounds, starts = (3, 10)[not quick], _starts(1000)
    for name, hours, pauses, target in (
        ("deadlines of 4 hours", 4, 0, 10_000),
        ("deadlines of 40 hours, 3 pauses", 40, 3, 10_000),
        ("deadlines of 10 years", 20_000, 0, 1_000),
    ):
        amount, paused = timedelta(hours=hours), [(start, _pauses(start, pauses)) for start in starts]
        yield _rate(name, paused, lambda one, amount=amount: _deadline(amount, *one), rounds, target)
    tickets = [_ticket(start) for start in starts]
    yield _rate("tickets of 12 facts, 6 clocks each", tickets, _read, rounds, 1_000)
    amount = timedelta(hours=40)
    yield _rate(
        "deadlines of 40 hours explained",
        starts,
        lambda start: [str(line) for line in explain(amount, interrupted(start, _pauses(start, 3), OFFICE))],
        rounds,
        100,
    )


def _rate(name: str, things: list[Any], act: Callable[[Any], object], rounds: int, target: float) -> Figure:
    timings = repeat(lambda: [act(one) for one in things], rounds)
    rate = 1000 * len(things) / timings.mean_cpu
    return Figure(name, rate, "/s", target, f"{len(things)} tickets", timings.told(), ">=")


def _starts(number: int) -> list[datetime]:
    chance = random.Random(20261201)
    return [START + chance.randrange(365 * 24) * HOUR for _ in range(number)]


def _pauses(start: datetime, number: int) -> list[Interruption]:
    chance = random.Random(start.timestamp())
    begins = [start + chance.randrange(1, 60) * HOUR for _ in range(number)]
    return [Interruption(since, since + chance.randrange(1, 40) * HOUR) for since in begins]


def _deadline(amount: timedelta, start: datetime, pauses: list[Interruption]) -> datetime | None:
    return deadline(amount, interrupted(start, pauses, OFFICE))


def _target(hours: int, calendar: WorkingHours = OFFICE) -> Target:
    return Target(timedelta(hours=hours), calendar)


POLICIES = {
    "gold": Policy(
        targets={
            Clock.TAKE_CHARGE: {1: _target(1, ALWAYS), 3: _target(2)},
            Clock.FIRST_ANSWER: {1: _target(1, ALWAYS), 3: _target(4)},
            Clock.NEXT_ANSWER: {1: _target(2, ALWAYS), 3: _target(8)},
            Clock.SOLVE: {1: _target(4, ALWAYS), 3: _target(24)},
        },
        teams={"n1": {1: _target(1, ALWAYS), 3: _target(8)}, "n2": {1: _target(2, ALWAYS), 3: _target(16)}},
    )
}


def _ticket(start: datetime) -> list[Fact]:
    def at(hours: float) -> datetime:
        return start + hours * HOUR

    return [
        Opened(at=start, priority=3, policy="gold", team="n1"),
        Moved(at=at(1), state=State.IN_PROGRESS),
        Answered(at=at(1.5)),
        Moved(at=at(2), state=State.WAITING, waiting=Waiting.USER),
        Asked(at=at(26)),
        Moved(at=at(26), state=State.IN_PROGRESS, rank=1),
        Answered(at=at(28)),
        Handed(at=at(30), team="n2"),
        Moved(at=at(31), state=State.WAITING, waiting=Waiting.SUPPLIER),
        Moved(at=at(80), state=State.IN_PROGRESS),
        Prioritised(at=at(81), priority=1),
        Moved(at=at(83), state=State.SOLVED),
    ]


def _read(facts: list[Fact]) -> list[datetime | None]:
    return [one.due for one in read(facts, POLICIES)]
