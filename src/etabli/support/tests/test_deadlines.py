"""A delay runs in opening hours and stands still during pauses, whatever their order and the night."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from etabli.kernel.workingtime import NeverOpen, TooLong, WorkingHours, is_working, spans_between
from etabli.support.clocks.counting import Interruption, Stretch, deadline, interrupted, joined, used

from .desk import ALWAYS, OFFICE, PARIS, at, hours
from .strategies import MARCH, OCTOBER, amounts, calendars, pauses, rule, starts


def due(start: datetime, amount: timedelta, paused: list[Interruption], calendar: WorkingHours) -> datetime:
    found = deadline(amount, interrupted(start, paused, calendar))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("paused", "end"),
    [
        pytest.param([("01-05 11:00", "01-07 09:00")], "01-07 12:00", id="one"),
        pytest.param([("01-05 11:00", "01-05 11:30"), ("01-05 11:15", "01-05 11:45")], "01-05 16:15", id="overlap"),
        pytest.param([("01-05 11:00", "01-05 12:00"), ("01-05 11:15", "01-05 11:30")], "01-05 16:30", id="within"),
        pytest.param([("01-05 14:00", "01-05 14:30"), ("01-05 11:00", "01-05 11:15")], "01-05 16:15", id="disorder"),
        pytest.param([("01-05 12:00", "01-05 13:30")], "01-05 15:30", id="while closed anyway"),
        pytest.param([("01-04 10:00", "01-05 10:30")], "01-05 16:00", id="begun before the start"),
        pytest.param([("01-03 10:00", "01-04 10:30")], "01-05 15:30", id="over before the start"),
        pytest.param([("01-05 15:30", "01-09 10:30")], "01-05 15:30", id="after the deadline"),
    ],
)  # fmt: skip
def test_a_pause_delays_by_the_opening_hours_it_covers(paused: list[tuple[str, str]], end: str) -> None:
    pairs = [Interruption(at(since), at(until)) for since, until in paused]
    assert due(at("01-05 10:00"), hours(4), pairs, OFFICE) == at(end)


def test_a_pause_that_lasts_leaves_no_deadline_but_keeps_what_was_used() -> None:
    stretches = interrupted(at("01-05 10:00"), [Interruption(at("01-05 11:00"))], OFFICE)
    assert deadline(hours(4), stretches) is None
    assert deadline(hours(1), stretches) == at("01-05 11:00")
    assert used(stretches, at("01-07 10:00")) == hours(1)


def test_a_pause_backwards_is_refused() -> None:
    with pytest.raises(ValueError, match="ends before"):
        Interruption(at("01-05 11:00"), at("01-05 10:00"))


@pytest.mark.parametrize(
    ("evening", "end"),
    [
        pytest.param("03-28 20:00", "03-29 05:00", id="the night of March has an hour less"),
        pytest.param("10-24 20:00", "10-25 03:00", id="the night of October has an hour more"),
        pytest.param("01-05 20:00", "01-06 04:00", id="any night"),
    ],
)
def test_eight_hours_of_a_night_are_real_hours(evening: str, end: str) -> None:
    assert due(at(evening), hours(8), [], ALWAYS) == at(end)


def test_a_pause_over_the_night_of_october_covers_the_hour_shown_twice() -> None:
    pause = Interruption(at("10-24 22:00"), at("10-25 04:00"))  # 7 hours
    assert due(at("10-24 20:00"), hours(8), [pause], ALWAYS) == at("10-25 10:00")


def test_a_calendar_without_hours_is_an_error_and_not_a_wait() -> None:
    never = WorkingHours(PARIS, ((),) * 7)
    with pytest.raises(NeverOpen, match="at least one span"):
        due(at("01-05 10:00"), hours(1), [], never)
    with pytest.raises(TooLong, match="100 years"):
        due(at("01-05 10:00"), hours(1_000_000), [], OFFICE)


def test_stretches_that_follow_each_other_alike_are_one() -> None:
    a, b, c, d = (at(f"01-05 {hour}:00") for hour in (10, 11, 12, 13))
    pieces = [
        Stretch(a, b, OFFICE),
        Stretch(b, b, OFFICE, "user"),
        Stretch(b, c, OFFICE),
        Stretch(c, d, ALWAYS),
    ]
    assert joined(pieces) == (Stretch(a, c, OFFICE), Stretch(c, d, ALWAYS))


@rule
@given(starts, st.lists(pauses, max_size=5), calendars())
def test_the_stretches_of_a_clock_follow_each_other_from_its_start(
    start: datetime, paused: list[Interruption], calendar: WorkingHours
) -> None:
    stretches = interrupted(start, paused, calendar)
    assert [one.since for one in stretches] == [start, *(one.until for one in stretches[:-1])]
    assert stretches[-1].until is None


@rule
@given(starts, amounts, st.lists(pauses, max_size=4), pauses, calendars())
def test_one_more_pause_never_makes_a_deadline_earlier(
    start: datetime, amount: timedelta, paused: list[Interruption], more: Interruption, calendar: WorkingHours
) -> None:
    assert due(start, amount, [*paused, more], calendar) >= due(start, amount, paused, calendar)


@rule
@given(starts, amounts, st.lists(pauses, max_size=4), calendars())
def test_the_opening_hours_up_to_the_deadline_less_the_pauses_are_the_delay(
    start: datetime, amount: timedelta, paused: list[Interruption], calendar: WorkingHours
) -> None:
    end = due(start, amount, paused, calendar)
    edges = {start, end}
    edges |= {instant for span in spans_between(start, end, calendar) for instant in span}
    edges |= {
        instant for one in paused for instant in (one.since, one.until) if instant and start < instant < end
    }
    ordered = sorted(edges)
    counted = timedelta(0)
    for a, b in pairwise(ordered):
        middle = a + (b - a) / 2
        still = any(one.since <= middle and (one.until is None or middle < one.until) for one in paused)
        if is_working(middle, calendar) and not still:
            counted += b - a
    assert counted == amount
    assert used(interrupted(start, paused, calendar), end) == amount


@rule
@given(starts, amounts, st.lists(pauses, max_size=5), st.randoms(use_true_random=False), calendars())
def test_pauses_are_told_in_any_order(
    start: datetime, amount: timedelta, paused: list[Interruption], chance: Random, calendar: WorkingHours
) -> None:
    expected = due(start, amount, paused, calendar)
    chance.shuffle(paused)
    assert due(start, amount, paused, calendar) == expected


@rule
@given(st.sampled_from([MARCH, OCTOBER]), st.integers(0, 48 * 60), st.integers(1, 48 * 60))
def test_round_the_clock_a_delay_is_real_time_across_both_changes(
    evening: datetime, later: int, amount: int
) -> None:
    start = evening + timedelta(minutes=later)
    assert due(start, timedelta(minutes=amount), [], ALWAYS) == start + timedelta(minutes=amount)


@rule
@given(calendars(), starts, st.integers(1, 87_600).map(lambda number: timedelta(hours=number)))
def test_ten_years_of_a_calendar_are_counted_to_the_minute(
    calendar: WorkingHours, start: datetime, amount: timedelta
) -> None:
    weekly = sum((b - a for a, b in spans_between(START, START + timedelta(days=7), calendar)), timedelta(0))
    assume(weekly >= hours(20))  # beyond, the delay would be a mistake: see TooLong
    end = due(start, amount, [], calendar)
    assert used(interrupted(start, [], calendar), end) == amount
    assert used(interrupted(start, [], calendar), end - timedelta(seconds=1)) < amount


START = datetime(2028, 1, 3, tzinfo=UTC)  # an ordinary week, after every closure drawn
