"""Tickets that come back by the calendar."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etabli.kernel.jobs import run_waiting
from etabli.support.recurrence_dates import MONTH, SKIP, WEEK, YEAR, Pattern, upcoming
from etabli.support.recurring import Recurrence, next_days, open_due, open_those_due, pause, resume
from etabli.support.tickets import Ticket

from .work import desk

__all__ = ["desk"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


def works(day: date) -> bool:
    return day.weekday() < 5


@pytest.mark.parametrize(
    ("pattern", "days"),
    [
        (Pattern(WEEK, date(2026, 1, 5), 2, (0, 3)), ["2026-01-05", "2026-01-08", "2026-01-19"]),
        (Pattern(MONTH, date(2026, 1, 1), day=31), ["2026-02-02", "2026-03-02", "2026-03-31"]),
        (Pattern(MONTH, date(2026, 1, 1), nth=1, weekdays=(0,)), ["2026-01-05", "2026-02-02", "2026-03-02"]),
        (Pattern(MONTH, date(2026, 1, 1), nth=5, weekdays=(4,)), ["2026-01-30", "2026-02-27", "2026-03-27"]),
        (Pattern(YEAR, date(2026, 1, 1), day=29, month=2), ["2026-03-02", "2027-03-01", "2028-02-29"]),
        (Pattern(MONTH, date(2026, 1, 1), day=31, shift=SKIP), ["2026-03-31", "2026-04-30", "2026-06-30"]),
        (Pattern(MONTH, date(2026, 1, 1), day=1, last=date(2026, 2, 15)), ["2026-01-01", "2026-02-02"]),
    ],
)
def test_days_that_come_back(pattern: Pattern, days: list[str]) -> None:
    assert [str(one.day) for one in upcoming(pattern, works, 3)] == days


@given(
    every=st.sampled_from([WEEK, MONTH, YEAR]),
    interval=st.integers(1, 6),
    first=st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    gone=st.integers(0, 2000),
    day=st.integers(1, 31),
)
def test_asking_later_gives_the_same_days(
    every: str, interval: int, first: date, gone: int, day: int
) -> None:
    pattern = Pattern(every, first, interval, (0, 4), day)
    everything = [one for one in upcoming(pattern, works, 400)]
    after = first + timedelta(days=gone)
    expected = [one for one in everything if one.nominal > after][:3]
    found = upcoming(pattern, works, 3, after=after)
    assert found[: len(expected)] == expected


def recurrence(firm: Any, **told: Any) -> Recurrence:
    words: dict[str, Any] = {"title": "Test the backup", "every": "week", "weekdays": [0], **told}
    made = Recurrence(organisation=firm.acme.organisation, starts_on=date(2026, 11, 1), **words)
    made.full_clean()
    made.save()
    Recurrence.objects.filter(pk=made.pk).update(created_at=datetime(2026, 11, 1, tzinfo=UTC))
    made.refresh_from_db()
    return made


def test_a_recurring_ticket_opens_once_on_its_day(desk: Any) -> None:
    firm, _actor = desk
    made = recurrence(firm)
    assert [one.title for one in open_due(made, today=date(2026, 11, 30))] == ["Test the backup"] * 1
    assert open_due(made, today=date(2026, 11, 30)) == []
    assert [str(one.day) for one in next_days(made, 2, today=date(2026, 12, 1))] == [
        "2026-12-07",
        "2026-12-14",
    ]


def test_a_pause_is_not_made_up_for(desk: Any, actor_of: Any) -> None:
    firm, _technician = desk
    actor = actor_of(firm.provider.administrator)
    made = pause(recurrence(firm), actor=actor)
    assert open_due(made, today=date(2026, 11, 30)) == []
    resume(made, actor=actor, today=date(2026, 12, 2))
    made.refresh_from_db()
    assert open_due(made, today=date(2026, 12, 2)) == []
    assert len(open_due(made, today=date(2026, 12, 7))) == 1


def test_the_clock_opens_what_is_due_in_each_organisation(desk: Any) -> None:
    firm, _actor = desk
    recurrence(firm, weekdays=list(range(7)), shift="same")
    open_those_due.function()
    run_waiting()
    assert Ticket.objects.filter(title="Test the backup").exists()
    before = Ticket.objects.count()
    open_those_due.function()
    run_waiting()
    assert Ticket.objects.count() == before
