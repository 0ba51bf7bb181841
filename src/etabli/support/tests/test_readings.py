"""The clocks of a ticket follow from what happened to it; changes of priority and policy lose nothing."""

from datetime import datetime, timedelta
from itertools import permutations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etabli.kernel.workingtime import working_time_between
from etabli.support.clocks.history import (
    Answered,
    Asked,
    BadHistory,
    Fact,
    Handed,
    Moved,
    Opened,
    Prioritised,
    Promised,
)
from etabli.support.clocks.policies import Clock, Policy, Target
from etabli.support.clocks.readings import Reading, read
from etabli.support.states import State, Waiting

from .desk import ALWAYS, OFFICE, POLICY, at, hours, target
from .strategies import histories, policies, rule

POLICIES = {"usual": POLICY, "vip": Policy({Clock.SOLVE: {3: target(6)}}), "none": Policy()}
OPENED = Opened(at=at("01-05 10:00"), priority=3, policy="usual")  # a Monday
LATER = at("03-01 10:00")


def clock(which: Clock, *facts: Fact, opened: Opened = OPENED, team: str = "") -> Reading:
    (found,) = (one for one in read([opened, *facts], POLICIES) if (one.clock, one.team) == (which, team))
    return found


def moved(text: str, state: State, waiting: Waiting | None = None) -> Moved:
    return Moved(at=at(text), state=state, waiting=waiting)


TAKEN = moved("01-05 11:00", State.IN_PROGRESS)


def test_a_new_ticket_has_three_clocks_and_no_question_to_answer() -> None:
    found = {one.clock: one.due for one in read([OPENED], POLICIES)}
    assert found == {
        Clock.TAKE_CHARGE: at("01-05 12:00"),
        Clock.FIRST_ANSWER: at("01-05 15:30"),
        Clock.SOLVE: at("01-07 10:00"),
    }


def test_taking_charge_stops_its_clock_and_no_other() -> None:
    taken = clock(Clock.TAKE_CHARGE, TAKEN)
    assert (taken.stopped_at, taken.used(LATER), taken.late(LATER)) == (TAKEN.at, hours(1), False)
    assert clock(Clock.FIRST_ANSWER, TAKEN).stopped_at is None


def test_an_answer_after_its_deadline_is_late_and_one_at_its_deadline_is_not() -> None:
    due = at("01-05 15:30")
    assert not clock(Clock.FIRST_ANSWER, Answered(at=due)).late(LATER)
    late = clock(Clock.FIRST_ANSWER, Answered(at=due + timedelta(minutes=1)))
    assert (late.late(LATER), late.left(LATER), late.due) == (True, -timedelta(minutes=1), due)


def test_a_clock_that_nothing_stopped_is_late_once_its_deadline_is_passed() -> None:
    waiting = clock(Clock.FIRST_ANSWER)
    assert not waiting.late(at("01-05 15:30"))
    assert waiting.late(at("01-05 15:31"))


def test_each_question_after_the_first_answer_starts_its_own_clock() -> None:
    facts = [
        OPENED,
        Asked(at=at("01-05 10:30")),  # the first answer is owed anyway
        Answered(at=at("01-05 11:00")),
        Asked(at=at("01-05 14:00")),
        Asked(at=at("01-05 15:00")),  # still the same question
        Answered(at=at("01-05 16:00")),
        Asked(at=at("01-06 09:00")),
    ]
    first, second = (one for one in read(facts, POLICIES) if one.clock == Clock.NEXT_ANSWER)
    assert (first.question, first.started_at, first.stopped_at) == (1, at("01-05 14:00"), at("01-05 16:00"))
    assert (second.question, second.started_at, second.stopped_at) == (2, at("01-06 09:00"), None)
    assert (first.due, second.due) == (at("01-06 14:00"), at("01-07 09:00"))


@pytest.mark.parametrize(
    ("waiting", "paused"),
    [
        (Waiting.USER, {Clock.FIRST_ANSWER, Clock.SOLVE, Clock.TEAM}),
        (Waiting.SUPPLIER, {Clock.SOLVE, Clock.TEAM}),
        (Waiting.VISIT, {Clock.SOLVE, Clock.TEAM}),
    ],
)
def test_waiting_pauses_the_clocks_of_whoever_cannot_act(waiting: Waiting, paused: set[Clock]) -> None:
    opened = Opened(at=OPENED.at, priority=3, policy="usual", team="n2")
    found = read([opened, TAKEN, moved("01-05 11:30", State.WAITING, waiting)], POLICIES)
    assert {one.clock for one in found if one.pause} == paused
    assert {one.pause for one in found} == {waiting.value, ""}
    assert {one.clock for one in found if one.due is None} == paused


def test_a_reopened_ticket_keeps_the_time_used_and_pauses_while_it_was_solved() -> None:
    facts = [TAKEN, moved("01-05 12:00", State.SOLVED), moved("01-12 08:00", State.IN_PROGRESS)]
    solved = clock(Clock.SOLVE, *facts[:2])
    assert (solved.stopped_at, solved.used(LATER)) == (at("01-05 12:00"), hours(2))
    reopened = clock(Clock.SOLVE, *facts)
    assert (reopened.stopped_at, reopened.due) == (None, at("01-13 15:30"))  # 14 hours from Monday 08:00


def test_a_ticket_solved_as_soon_as_opened_kept_every_promise() -> None:
    found = read([OPENED, Moved(at=OPENED.at, state=State.SOLVED)], POLICIES)
    assert {one.clock for one in found} == {Clock.TAKE_CHARGE, Clock.FIRST_ANSWER, Clock.SOLVE}
    assert all(one.stopped_at == OPENED.at and not one.late(LATER) for one in found)
    assert all(one.used(LATER) == timedelta(0) for one in found)


def test_the_clock_of_a_team_runs_while_it_has_the_ticket() -> None:
    opened = Opened(at=OPENED.at, priority=3, policy="usual", team="n1")
    facts = [Handed(at=at("01-05 11:00"), team="n2"), Handed(at=at("01-06 09:00"), team="n1")]
    gone = clock(Clock.TEAM, facts[0], opened=opened, team="n1")
    assert (gone.stopped_at, gone.used(LATER)) == (at("01-05 11:00"), hours(1))
    back = clock(Clock.TEAM, *facts, opened=opened, team="n1")
    assert (back.stopped_at, back.due) == (None, at("01-06 12:00"))  # 3 hours are left
    second = clock(Clock.TEAM, *facts, opened=opened, team="n2")
    assert (second.started_at, second.stopped_at) == (at("01-05 11:00"), at("01-06 09:00"))
    assert second.used(LATER) == hours(1 + 4 + 1)


def test_a_more_pressing_priority_keeps_the_time_already_used() -> None:
    raised = clock(Clock.SOLVE, Prioritised(at=at("01-05 12:00"), priority=1))
    assert raised.target == target(4, ALWAYS)
    assert raised.due == at("01-05 14:00")  # 2 hours used in office hours, 2 left round the clock


def test_a_priority_raised_at_night_does_not_count_the_hours_before_it() -> None:
    opened = Opened(at=at("01-05 17:00"), priority=3, policy="usual")
    raised = clock(Clock.SOLVE, Prioritised(at=at("01-06 07:00"), priority=1), opened=opened)
    assert raised.due == at("01-06 10:30")  # half an hour was used the day before


def test_a_target_used_up_before_the_change_was_due_when_it_was_used_up() -> None:
    raised = clock(Clock.SOLVE, Prioritised(at=at("01-06 12:00"), priority=1))
    assert raised.due == at("01-05 15:30")


@pytest.mark.parametrize(
    "change", [Prioritised(at=at("01-07 10:00"), priority=2), Promised(at=at("01-07 10:00"), policy="vip")]
)
def test_a_change_of_priority_or_policy_never_loses_a_pause(change: Fact) -> None:
    waited = [
        TAKEN,
        moved("01-05 12:00", State.WAITING, Waiting.USER),
        moved("01-07 08:00", State.IN_PROGRESS),
    ]
    before, after = clock(Clock.SOLVE, *waited), clock(Clock.SOLVE, *waited, change)
    assert before.used(at("01-07 10:00")) == after.used(at("01-07 10:00")) == hours(4)
    assert after.due == at("01-07 10:00") + (hours(5.5) if after.target.amount == hours(8) else hours(2))


def test_what_happens_after_a_clock_stopped_does_not_judge_it_again() -> None:
    answered = Answered(at=at("01-05 14:00"))
    raised = clock(Clock.FIRST_ANSWER, answered, Prioritised(at=at("01-05 15:00"), priority=1))
    assert (raised.target, raised.late(LATER)) == (target(4), False)


def test_nothing_is_read_where_nothing_is_promised() -> None:
    assert read([Opened(at=OPENED.at, priority=3, policy="none")], POLICIES) == ()
    uncovered = clock(Clock.SOLVE, Promised(at=at("01-05 15:00"), policy="vip"), opened=Opened(
        at=OPENED.at, priority=3, policy="none"))  # fmt: skip
    assert uncovered.due == at("01-05 17:30")  # counted in the hours of the only promise


def test_what_is_dated_before_the_opening_happens_with_it() -> None:
    early = Moved(at=OPENED.at - hours(1), state=State.IN_PROGRESS)
    assert clock(Clock.TAKE_CHARGE, early).stopped_at == OPENED.at


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ([], "one opening"),
        ([TAKEN], "one opening"),
        ([OPENED, OPENED], "one opening; this one has 2"),
        ([Opened(at=OPENED.at, priority=3, policy="lost")], "“lost” is not known"),
    ],
)
def test_a_history_that_is_not_one_says_so(facts: list[Fact], told: str) -> None:
    with pytest.raises(BadHistory, match=told):
        read(facts, POLICIES)


def test_a_promise_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="longer than nothing"):
        Target(timedelta(0), OFFICE)


def test_facts_of_one_instant_without_rank_give_one_life_all_the_same() -> None:
    instant = at("01-05 11:00")
    facts = [OPENED, *(Prioritised(at=instant, priority=n) for n in (1, 2, 3)), Answered(at=instant)]
    assert len({read(order, POLICIES) for order in permutations(facts)}) == 1


@rule
@given(histories(), policies(), st.randoms(use_true_random=False))
def test_the_order_of_storage_changes_nothing(
    facts: list[Fact], promised: dict[str, Policy], chance: Random
) -> None:
    expected = [(one, one.due) for one in read(facts, promised)]
    chance.shuffle(facts)
    assert [(one, one.due) for one in read(facts, promised)] == expected


@rule
@given(histories(), policies())
def test_a_deadline_is_when_the_time_used_reaches_the_target(
    facts: list[Fact], promised: dict[str, Policy]
) -> None:
    for one in read(facts, promised):
        counted = timedelta(0)
        for stretch in one.stretches if one.due else ():
            until = min(stretch.until or one.due, one.due)
            if not stretch.pause and stretch.since < until:
                counted += working_time_between(stretch.since, until, stretch.hours)
        assert one.due is None or counted == one.target.amount


@rule
@given(histories(), policies(), st.sampled_from([1, 2]), st.sampled_from(["gold", "silver"]), st.data())
def test_no_change_of_promise_loses_a_pause_or_time_used(
    facts: list[Fact], promised: dict[str, Policy], priority: int, policy: str, data: st.DataObject
) -> None:
    last = max(fact.at for fact in facts)
    when = last + timedelta(minutes=data.draw(st.integers(1, 5000)))
    changes: list[Fact] = [Prioritised(at=when, priority=priority), Promised(at=when, policy=policy, rank=1)]
    before = {(one.clock, one.question, one.team): one for one in read(facts, promised)}
    after = {(one.clock, one.question, one.team): one for one in read([*facts, *changes], promised)}
    assert before.keys() == after.keys()
    for key, one in before.items():
        assert after[key].used(when) == one.used(when)
        assert _paused(after[key], when) == _paused(one, when)


def _paused(one: Reading, now: datetime) -> list[tuple[datetime, datetime, str]]:
    """The pauses so far, whatever the hours of the calendar then in force."""
    return _merged([(s.since, min(s.until or now, now), s.pause) for s in one.stretches if s.pause])


def _merged(spans: list[tuple[datetime, datetime, str]]) -> list[tuple[datetime, datetime, str]]:
    made: list[tuple[datetime, datetime, str]] = []
    for since, until, why in spans:
        if made and (made[-1][1], made[-1][2]) == (since, why):
            made[-1] = (made[-1][0], until, why)
        else:
            made.append((since, until, why))
    return made


@rule
@given(histories(), policies(), st.data())
def test_one_more_wait_never_makes_a_solution_due_earlier(
    facts: list[Fact], promised: dict[str, Policy], data: st.DataObject
) -> None:
    last = max(fact.at for fact in facts)
    resumed = [*facts, Moved(at=last + timedelta(minutes=1), state=State.IN_PROGRESS)]
    since = last + timedelta(minutes=data.draw(st.integers(2, 5000)))
    until = since + timedelta(minutes=data.draw(st.integers(1, 5000)))
    waited = [
        *resumed,
        Moved(at=since, state=State.WAITING, waiting=data.draw(st.sampled_from(Waiting))),
        Moved(at=until, state=State.IN_PROGRESS),
    ]
    (before,) = (one for one in read(resumed, promised) if one.clock == Clock.SOLVE)
    (after,) = (one for one in read(waited, promised) if one.clock == Clock.SOLVE)
    assert before.due is not None
    assert after.due is not None
    assert after.due >= before.due
