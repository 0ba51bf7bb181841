"""Reminding, closing, asking: in working time, as the organisation says, and once."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as some

from etabli.kernel import preferences
from etabli.kernel.actors import SYSTEM
from etabli.kernel.workingtime import is_working
from etabli.support.following import acknowledge, acknowledged, follow, working_days_after
from etabli.support.moving import move
from etabli.support.opening import Caller, Words
from etabli.support.outbox import OutgoingMail
from etabli.support.states import State
from etabli.support.talking import receive
from etabli.support.tickets import Ticket

from .desk import OFFICE, at
from .outgoing import mailbox, opened

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        ("2026-11-30 10:00", 1, "2026-12-01 10:00"),  # Monday
        ("2026-12-04 10:00", 1, "2026-12-07 10:00"),  # Friday
        ("2026-12-05 22:00", 3, "2026-12-10 08:00"),  # Saturday night
        ("2026-12-24 16:00", 2, "2026-12-29 16:00"),  # over Christmas and a week-end
        ("2026-12-01 12:30", 1, "2026-12-02 13:30"),  # at lunch
        ("2026-12-01 10:00", 0, "2026-12-01 10:00"),
    ],
)
def test_working_days(start: str, days: int, end: str) -> None:
    assert working_days_after(at(start), days, OFFICE) == at(end)


@given(some.integers(0, 300 * 24 * 60), some.integers(0, 30))
def test_working_days_are_never_fewer_days(minutes: int, days: int) -> None:
    begun = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    end = working_days_after(begun, days, OFFICE)
    assert end >= begun + timedelta(days=days) - timedelta(hours=1)  # the clocks change
    assert is_working(end, OFFICE)


MONDAY = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)  # 10:00 in Paris


def waiting(firm: Any, actor: Any, **more: Any) -> Ticket:
    ticket = move(
        opened(firm, actor, **more), "take", actor=actor, assignee=firm.provider.technician, at=MONDAY
    )
    return move(ticket, "wait", actor=actor, waiting="user", reason="Which socket?", at=MONDAY)


def reminders() -> list[Any]:
    rows = OutgoingMail.objects.filter(kind="reminder").order_by("id")
    return list(rows.values_list("to", "send_at"))


def test_two_reminders_then_it_closes(provider: Any) -> None:
    firm, actor = provider
    ticket = waiting(firm, actor)
    for days, count in ((2, 0), (3, 1), (3, 1), (7, 1), (8, 2), (10, 2)):
        follow(firm.acme.id, now=MONDAY + timedelta(days=days, minutes=1))
        assert len(reminders()) == count, days
    assert reminders()[0][0] == ["claire@acme.example"]
    last = OutgoingMail.objects.filter(kind="reminder").latest("id")
    assert "elle sera bientôt close" in last.text
    assert Ticket.objects.get(pk=ticket.pk).state == State.WAITING
    follow(firm.acme.id, now=MONDAY + timedelta(days=11, minutes=2))
    ticket.refresh_from_db()
    assert ticket.state == State.CLOSED
    assert ticket.solved_at is None, "nobody is asked for an opinion about it"
    follow(firm.acme.id, now=MONDAY + timedelta(days=11, minutes=5))
    assert not OutgoingMail.objects.filter(kind="survey").exists()


def test_an_answer_or_the_settings_stop_the_reminders(provider: Any) -> None:
    firm, actor = provider
    ticket = waiting(firm, actor)
    follow(firm.acme.id, now=MONDAY + timedelta(days=3, minutes=1))
    receive(ticket, Words("2.14"), Caller(person=ticket.requester), actor=actor, channel="mail",
            at=MONDAY + timedelta(days=4))  # fmt: skip
    follow(firm.acme.id, now=MONDAY + timedelta(days=30))
    assert len(reminders()) == 1
    other = waiting(firm, actor, email="paul@acme.example")
    preferences.set_value("desk.waiting_closes", False, organisation=firm.acme.id, actor=SYSTEM)
    for days in (3, 8, 20, 30):
        follow(firm.acme.id, now=MONDAY + timedelta(days=days, minutes=1))
    assert len(reminders()) == 3
    assert Ticket.objects.get(pk=other.pk).state == State.WAITING
    preferences.set_value("desk.reminder_days", 0, organisation=firm.acme.id, actor=SYSTEM)
    waiting(firm, actor, email="marc@acme.example")
    follow(firm.acme.id, now=MONDAY + timedelta(days=30))
    assert len(reminders()) == 3


def test_what_is_solved_closes_after_five_working_days(provider: Any) -> None:
    firm, actor = provider
    ticket = move(opened(firm, actor), "solve", actor=actor, solution="Mended", at=MONDAY)
    follow(firm.acme.id, now=MONDAY + timedelta(days=6))
    assert Ticket.objects.get(pk=ticket.pk).state == State.SOLVED
    preferences.set_value("desk.solved_days", 0, organisation=firm.acme.id, actor=SYSTEM)
    follow(firm.acme.id, now=MONDAY + timedelta(days=60))
    assert Ticket.objects.get(pk=ticket.pk).state == State.SOLVED
    preferences.set_value("desk.solved_days", 5, organisation=firm.acme.id, actor=SYSTEM)
    follow(firm.acme.id, now=MONDAY + timedelta(days=7, minutes=1))
    assert Ticket.objects.get(pk=ticket.pk).state == State.CLOSED


def test_a_sender_is_known_to_have_been_told(provider: Any) -> None:
    firm, actor = provider
    before = timezone.now()
    acknowledge(opened(firm, actor, mailbox=mailbox(firm, 25)))
    assert len(acknowledged("Claire@acme.example", since=before)) == 1
    assert acknowledged("paul@acme.example", since=before) == []
    assert acknowledged("claire@acme.example", since=timezone.now() + timedelta(hours=1)) == []


def test_following_many_costs_no_more_than_a_few_queries_each(
    provider: Any, django_assert_max_num_queries: Any
) -> None:
    firm, actor = provider
    for n in range(12):
        waiting(firm, actor, email=f"p{n}@acme.example")
    with django_assert_max_num_queries(110):  # none is due: each costs its own scope and its calendar
        follow(firm.acme.id, now=MONDAY + timedelta(days=3, minutes=-5))
