"""A deadline is told line by line, in the words and the time zone of whoever reads."""

from datetime import date, datetime, time, timedelta

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from etabli.kernel.workingtime import WorkingHours
from etabli.support.clocks.counting import Interruption, Stretch, deadline, interrupted
from etabli.support.clocks.explaining import Kind, duration, explain
from etabli.support.clocks.history import Moved, Opened
from etabli.support.clocks.policies import Clock
from etabli.support.clocks.readings import read
from etabli.support.states import State, Waiting

from .desk import ALWAYS, DAY, NAMES, OFFICE, PARIS, POLICY, at, hours
from .strategies import amounts, calendars, pauses, rule, starts


def told(amount: timedelta, stretches: list[Stretch]) -> list[str]:
    lines = (str(line) for line in explain(amount, stretches, names=NAMES))
    return [line.replace("\u00a0", " ") for line in lines]


def test_each_day_each_closed_day_and_each_pause_has_its_line() -> None:
    pause = Interruption(at("07-15 08:30"), at("07-16 09:00"), Waiting.SUPPLIER.value)
    assert told(hours(12), interrupted(at("07-10 16:30"), [pause], OFFICE)) == [
        "Fri 10 July 2026 16:30: the clock starts, 12 h to count in opening hours (Europe/Paris).",
        "Fri 10 July 2026, 16:30–17:30: 1 h counted, 11 h left.",
        "Sat 11 July 2026 to Sun 12 July 2026: no opening hours.",
        "Mon 13 July 2026, 08:00–12:00, 13:30–17:30: 8 h counted, 3 h left.",
        "Tue 14 July 2026: Fête nationale.",
        "Wed 15 July 2026, 08:00–08:30: 30 min counted, 2 h 30 min left.",
        "From Wed 15 July 2026 08:30 to Thu 16 July 2026 09:00: waiting for a supplier, nothing is counted.",
        "Thu 16 July 2026, 09:00–11:30: 2 h 30 min counted, 0 min left.",
        "Deadline: Thu 16 July 2026 11:30 (Europe/Paris).",
    ]


def test_a_pause_that_lasts_is_the_last_word() -> None:
    stretches = interrupted(at("01-05 10:00"), [Interruption(at("01-05 11:00"), None, "strike")], OFFICE)
    assert told(hours(4), stretches)[-2:] == [
        "From Mon 5 January 2026 11:00 on: strike, nothing is counted.",
        "No deadline while it pauses; 3 h will be left.",
    ]


def test_a_closure_that_no_list_names_is_exceptional() -> None:
    shut = WorkingHours(
        PARIS,
        (DAY,) * 5 + ((), ()),
        frozenset({date(2026, 1, 6)}),
        ((datetime(2026, 1, 7), datetime(2026, 1, 8)),),  # noqa: DTZ001
    )
    lines = told(hours(7), interrupted(at("01-05 10:00"), [], shut))
    assert lines[2:4] == [
        "Tue 6 January 2026 to Wed 7 January 2026: exceptional closure.",
        "Thu 8 January 2026, 08:00–09:00: 1 h counted, 0 min left.",
    ]


def test_another_calendar_is_told_where_it_begins() -> None:
    (solve,) = (
        one
        for one in read(
            [
                Opened(at=at("01-05 10:00"), priority=3, policy="usual"),
                Moved(at=at("01-05 11:00"), state=State.IN_PROGRESS),
            ],
            {"usual": POLICY},
        )
        if one.clock == Clock.SOLVE
    )
    stretches = [
        Stretch(at("01-05 10:00"), at("01-05 11:00"), OFFICE),
        Stretch(at("01-05 11:00"), None, ALWAYS),
    ]
    assert "counted from now on in other opening hours" in told(hours(15), stretches)[2]
    assert told(hours(15), stretches)[3].startswith("Mon 5 January 2026, 11:00–24:00: 13 h counted")
    assert [line.kind for line in solve.explanation()].count(Kind.CHANGED) == 0


def test_years_are_told_by_months() -> None:
    lines = list(explain(hours(40 * 52), interrupted(at("01-05 08:00"), [], OFFICE)))
    assert [line.kind for line in lines] == [Kind.STARTED, *[Kind.MONTH] * 13, Kind.DUE]
    assert str(lines[1]).replace("\u00a0", " ") == "January 2026: 160 h counted, 1920 h left."


def test_it_is_told_in_the_zone_of_the_calendar() -> None:
    reunion = WorkingHours("Indian/Reunion", (((time(8), time(12)),),) * 7)
    lines = told(hours(1), interrupted(at("01-05 05:00"), [], reunion))
    assert lines[1] == "Mon 5 January 2026, 08:00–09:00: 1 h counted, 0 min left."


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 min"), (45, "45 s"), (5400, "1 h 30 min"), (3605, "1 h 5 s"), (360000, "100 h")],
)
def test_a_duration_is_told_in_hours_and_never_in_days(seconds: int, words: str) -> None:
    assert duration(timedelta(seconds=seconds)).replace("\u00a0", " ") == words


def test_a_line_speaks_the_language_of_its_reader() -> None:
    line = next(iter(explain(hours(1), interrupted(at("01-05 10:00"), [], OFFICE))))
    with translation.override("fr"):
        assert "lun 5 janvier 2026 10:00" in str(line)
    assert "Mon 5 January 2026 10:00" in str(line)


@rule
@given(starts, amounts, st.lists(pauses, max_size=3), calendars())
def test_the_lines_add_up_to_the_deadline(
    start: datetime, amount: timedelta, paused: list[Interruption], calendar: WorkingHours
) -> None:
    stretches = interrupted(start, paused, calendar)
    lines = list(explain(amount, stretches))
    assert sum((line.counted for line in lines), timedelta(0)) == amount
    assert lines[-1].kind is Kind.DUE
    assert lines[-1].since == deadline(amount, stretches)
    left = amount
    for line in lines:
        left -= line.counted
        assert line.left == left or line.kind in (Kind.SHUT, Kind.DUE)
