"""A promise, a calendar, a matrix changes: the open tickets that it concerns are read again, the others not."""

from datetime import date, time
from typing import Any

import pytest
from django.db import connection

from etabli.kernel.calendars import Calendar, Holiday, default_calendar, set_default
from etabli.kernel.events import publish
from etabli.kernel.jobs import Job, run_waiting
from etabli.kernel.tenancy import scope
from etabli.support import rereading
from etabli.support.clocks.policies import Clock
from etabli.support.levels import Promise, set_targets
from etabli.support.matrices import PriorityMatrix
from etabli.support.moving import move
from etabli.support.promises import Deadline
from etabli.support.tickets import Ticket

from .promised import DAY, HOUR, MONDAY, level, opened

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("in_english")]


@pytest.fixture
def desk(committed_firm: Any, actor_of: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
    return committed_firm, actor_of(committed_firm.provider.administrator)


def due(actor: Any, ticket: Ticket) -> Any:
    with scope(*actor.places):
        return Deadline.objects.get(ticket=ticket, clock=Clock.SOLVE).due_at


def test_the_deadlines_follow_their_level(desk: Any, monkeypatch: Any) -> None:
    firm, actor = desk
    monkeypatch.setattr(rereading, "BATCH", 2)  # three tickets are two batches
    with scope(*actor.places):
        gold = level(firm, actor, solve=480)
        other = level(firm, actor, "Other", default=False, solve=480)
        tickets = [opened(firm, actor, MONDAY) for _n in range(3)]
        closed = move(opened(firm, actor), "solve", actor=actor, solution="Done", at=MONDAY + HOUR)
    run_waiting()
    with scope(*actor.places):
        set_targets(gold, [Promise("solve", n, 60) for n in range(1, 6)], actor=actor)
        set_targets(other, [Promise("solve", n, 30) for n in range(1, 6)], actor=actor)
    run_waiting()
    assert [due(actor, one) for one in tickets] == [MONDAY + HOUR] * 3
    assert due(actor, closed) == MONDAY + DAY + HOUR  # as it was promised then
    with scope(*actor.places):
        done = Job.objects.filter(name__endswith="read_again").order_by("id")
        assert [(job.state, job.result) for job in done][-2:] == [
            ("done", {"tickets": 3}),
            ("done", {"tickets": 0}),
        ]
        assert Ticket.objects.get(pk=tickets[0].pk).due_at == MONDAY + HOUR


def test_the_deadlines_follow_the_calendar_and_its_holidays(desk: Any) -> None:
    firm, actor = desk
    with scope(*actor.places):
        level(firm, actor, solve=480)
        ticket = opened(firm, actor)
        own = default_calendar(firm.acme.id)
    run_waiting()
    assert due(actor, ticket) == MONDAY + DAY + HOUR
    with scope(*actor.places):
        day = Holiday.objects.create(
            organisation=firm.acme.organisation, calendar=own, day=date(2026, 12, 1), name="Stocktaking",
            closed_from=time(9), closed_until=time(11),
        )  # fmt: skip
        publish(day, "holiday.created", actor=actor)
    run_waiting()
    assert due(actor, ticket) == MONDAY + DAY + 3 * HOUR
    with scope(*actor.places):
        key, changes = day.pk, {"calendar": [{"id": own.pk, "text": str(own)}, None]}
        day.delete()
        day.pk = key
        publish(day, "holiday.deleted", actor=actor, changes=changes)
    run_waiting()
    assert due(actor, ticket) == MONDAY + DAY + HOUR
    with scope(*actor.places):
        week = [[["09:00", "13:00"]]] * 5 + [[], []]
        half = Calendar.objects.create(organisation=firm.acme.organisation, name="Mornings", week=week)
        set_default(half, actor=actor)
    run_waiting()
    assert due(actor, ticket) == MONDAY + DAY + 4 * HOUR


def test_the_priorities_follow_the_matrix(desk: Any) -> None:
    firm, actor = desk
    with scope(*actor.places):
        ticket = opened(firm, actor)
        assert ticket.priority == 4
        matrix = PriorityMatrix.objects.create(organisation=firm.provider.organisation, cells=[[3, 2, 1]] * 4)
        publish(matrix, "prioritymatrix.created", actor=actor)
    run_waiting()
    with scope(*actor.places):
        assert Ticket.objects.get(pk=ticket.pk).priority == 2
        own = PriorityMatrix.objects.create(organisation=firm.acme.organisation, cells=[[5, 5, 5]] * 4)
        publish(own, "prioritymatrix.created", actor=actor)
    run_waiting()
    with scope(*actor.places):
        assert Ticket.objects.get(pk=ticket.pk).priority == 5  # its own comes before that of the provider
