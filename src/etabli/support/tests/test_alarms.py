"""Warnings come at half, three quarters and the whole of a delay, and wake nobody up for less than a priority 1."""

from datetime import datetime

from hypothesis import given

from etabli.kernel.workingtime import is_working
from etabli.support.clocks.alarms import alarms
from etabli.support.clocks.history import Answered, Fact, Moved, Opened, Prioritised
from etabli.support.clocks.policies import Clock, Policy
from etabli.support.clocks.readings import Reading, read
from etabli.support.states import State, Waiting

from .desk import ALWAYS, OFFICE, POLICY, at, target
from .strategies import histories, policies, rule

ROUND_THE_CLOCK = Policy({Clock.SOLVE: {1: target(8, ALWAYS), 3: target(8, ALWAYS)}})
POLICIES = {"usual": POLICY, "always": ROUND_THE_CLOCK}


def solve(*facts: Fact) -> Reading:
    return next(one for one in read(facts, POLICIES) if one.clock == Clock.SOLVE)


def opened(text: str, priority: int = 3, policy: str = "usual") -> Opened:
    return Opened(at=at(text), priority=priority, policy=policy)


def told(reading: Reading) -> list[tuple[int, datetime]]:
    return [(one.share, one.told_at) for one in alarms(reading, business=OFFICE)]


def test_they_come_when_the_share_of_the_delay_is_used() -> None:
    assert told(solve(opened("01-05 08:00"))) == [
        (50, at("01-06 08:00")),  # half of 16 hours is used at the closing of Monday: told at the opening
        (75, at("01-06 12:00").replace(hour=13, minute=30)),  # at the stroke of noon: told after lunch
        (100, at("01-07 08:00")),
    ]


def test_outside_business_hours_they_wait_for_the_opening() -> None:
    assert told(solve(opened("01-05 20:00", policy="always"))) == [
        (50, at("01-06 08:00")),
        (75, at("01-06 08:00")),
        (100, at("01-06 08:00")),
    ]


def test_a_priority_1_is_told_at_any_hour() -> None:
    assert told(solve(opened("01-05 20:00", priority=1, policy="always"))) == [
        (50, at("01-06 00:00")),
        (75, at("01-06 02:00")),
        (100, at("01-06 04:00")),
    ]


def test_the_priority_of_now_decides() -> None:
    raised = solve(opened("01-05 20:00", policy="always"), Prioritised(at=at("01-05 21:00"), priority=1))
    assert told(raised)[0] == (50, at("01-06 00:00"))


def test_a_pause_holds_back_those_that_are_not_reached() -> None:
    waited = Moved(at=at("01-06 09:00"), state=State.WAITING, waiting=Waiting.USER)
    assert told(solve(opened("01-05 08:00"), waited)) == [(50, at("01-06 08:00"))]


def test_what_was_done_in_time_is_not_warned_of() -> None:
    facts = [opened("01-05 08:00"), Answered(at=at("01-05 10:30"))]
    first = next(one for one in read(facts, POLICIES) if one.clock == Clock.FIRST_ANSWER)
    assert told(first) == [(50, at("01-05 10:00"))]


@rule
@given(histories(), policies())
def test_none_falls_outside_business_hours_unless_the_priority_is_1(
    facts: list[Fact], promised: dict[str, Policy]
) -> None:
    for reading in read(facts, promised):
        found = alarms(reading, business=OFFICE)
        assert [one.share for one in found] == sorted(one.share for one in found)
        for one in found:
            assert one.told_at >= one.reached_at
            assert is_working(one.told_at, OFFICE) or reading.priority == 1
            assert one.told_at == one.reached_at or reading.priority != 1
