"""People are told of a promise that runs out: once, in time, at the right hour, and those it concerns."""

import os
import signal
import subprocess
import sys
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from etabli.kernel.events import Event
from etabli.kernel.jobs import run_waiting
from etabli.kernel.notifications import Notification
from etabli.kernel.tenancy import scope
from etabli.support.escalations import Escalation
from etabli.support.handing import assign
from etabli.support.jobs import watch_promises
from etabli.support.levels import Promise, set_targets
from etabli.support.moving import move
from etabli.support.prioritising import priority_of
from etabli.support.promises import Deadline
from etabli.support.skills import Absence
from etabli.support.tickets import Ticket
from etabli.support.warning import ESCALATED, NEAR, PASSED, mark_late, waiting, warn_some

from .promised import DAY, HOUR, MINUTE, MONDAY, level, opened, team

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


def heard(kind: str = "") -> list[tuple[str, str]]:
    """Who was told what, in order."""
    rows = Notification.objects.filter(kind__startswith=kind or "ticket.").order_by("id")
    return [(str(row.account), row.title) for row in rows.select_related("account")]


def names(kind: str = "") -> set[str]:
    return {name for name, _title in heard(kind)}


def sweep(firm: Any, at: datetime) -> None:
    mark_late(at)
    for place in waiting(at):
        while warn_some(place, now=at):
            pass


def test_half_three_quarters_and_the_end_are_told_once_each(provider_desk: Any) -> None:
    firm, actor = provider_desk
    level(firm, actor, solve=120)
    ticket = opened(firm, actor)
    assign(ticket, actor=actor, assignee=firm.provider.technician)
    for minutes in (0, 59, 60, 61, 89, 90, 119, 120, 121, 150):
        sweep(firm, MONDAY + minutes * MINUTE)
    who = "Provider technician"
    assert heard() == [
        (who, f"{ticket.reference}: 50 % of the delay is used (solution)"),
        (who, f"{ticket.reference}: 75 % of the delay is used (solution)"),
        (who, f"{ticket.reference}: the deadline has passed (solution)"),
    ]
    verbs = Event.objects.filter(noun="ticket", object_id=ticket.pk, verb__in=[NEAR, PASSED]).order_by("id")
    assert [(one.verb, one.extra["share"]) for one in verbs] == [(NEAR, 50), (NEAR, 75), (PASSED, 100)]
    assert "told to Provider technician" in verbs[0].extra["text"]
    row = Deadline.objects.get(ticket=ticket)
    assert (row.told, row.late, row.next_at) == (100, True, None)


def test_what_falls_together_is_told_as_one(provider_desk: Any) -> None:
    firm, actor = provider_desk
    made = level(firm, actor, solve=60)
    set_targets(made, [Promise("solve", n, 120, always=True) for n in range(1, 6)], actor=actor)
    friday_evening = MONDAY + 4 * DAY + 10 * HOUR  # 19:00 in Paris
    ticket = opened(firm, actor, friday_evening)
    sweep(firm, friday_evening + DAY)
    assert heard() == []  # nobody works on a Saturday
    assert Deadline.objects.get(ticket=ticket).late  # and yet it is late
    monday = MONDAY + 7 * DAY
    sweep(firm, monday)
    assert {title for _who, title in heard()} == {f"{ticket.reference}: the deadline has passed (solution)"}


def test_a_priority_1_is_told_at_any_hour(provider_desk: Any) -> None:
    firm, actor = provider_desk
    made = level(firm, actor, solve=60)
    set_targets(made, [Promise("solve", n, 120, always=True) for n in range(1, 6)], actor=actor)
    evening = MONDAY + 12 * HOUR
    opened(firm, actor, evening, impact=4, urgency=3)
    sweep(firm, evening + HOUR)
    assert {title[-35:] for _who, title in heard(NEAR)} == {"50 % of the delay is used (solution)"[-35:]}


def test_who_is_told_when_nobody_has_it(provider_desk: Any) -> None:
    firm, actor = provider_desk
    level(firm, actor, solve=120)
    crew = team(firm, "Level 1", firm.provider.technician, leader=firm.provider.auditor)
    ticket = opened(firm, actor)
    sweep(firm, MONDAY + HOUR)
    # Neither team nor dispatchers nor managers: the administrators, of the client and of the provider.
    assert names() == {"Acme administrator", "Provider administrator"}
    assign(ticket, actor=actor, team=crew)
    sweep(firm, MONDAY + 90 * MINUTE)
    sweep(firm, MONDAY + 2 * HOUR)
    assert [name for name, title in heard() if "75 %" in title] == ["Provider technician"]
    assert names(PASSED) == {"Provider technician", "Provider auditor"}  # the leader hears of what failed


def test_somebody_away_hears_nothing_and_the_team_does(provider_desk: Any) -> None:
    firm, actor = provider_desk
    level(firm, actor, solve=120)
    crew = team(firm, "Level 1", firm.provider.technician, firm.provider.administrator)
    ticket = opened(firm, actor)
    assign(ticket, actor=actor, team=crew, assignee=firm.provider.technician)
    Absence.objects.create(
        organisation=firm.provider.organisation,
        account=firm.provider.technician,
        since=MONDAY - DAY,
        until=MONDAY + DAY,
    )
    sweep(firm, MONDAY + HOUR)
    assert names() == {"Provider administrator"}


def test_while_it_pauses_nobody_is_told(provider_desk: Any) -> None:
    firm, actor = provider_desk
    level(firm, actor, solve=120)
    ticket = opened(firm, actor)
    move(ticket, "take", actor=actor, assignee=firm.provider.technician, at=MONDAY)
    move(ticket, "wait", actor=actor, waiting="user", reason="?", at=MONDAY + 30 * MINUTE)
    sweep(firm, MONDAY + 3 * HOUR)
    assert heard() == []
    move(ticket, "resume", actor=actor, at=MONDAY + 5 * HOUR)  # 14:00
    sweep(firm, MONDAY + 5 * HOUR + 30 * MINUTE)
    assert [title[-33:] for _who, title in heard()] == ["50 % of the delay is used (solution)"[-33:]]


def rule(firm: Any, **more: Any) -> Escalation:
    told = {"name": "Late", "minutes_late": 60, "who": "account", "account": firm.provider.auditor, **more}
    return Escalation.objects.create(organisation=firm.provider.organisation, **told)


def test_a_rule_escalates_by_time_and_may_raise_the_priority(provider_desk: Any) -> None:
    firm, actor = provider_desk
    rule(firm, raises=True)
    rule(firm, name="Never for these", lowest=1)
    level(firm, actor, solve=60)
    ticket = opened(firm, actor)
    sweep(firm, MONDAY + HOUR)
    assert names(ESCALATED) == set()
    for minutes in (120, 121, 150):
        sweep(firm, MONDAY + minutes * MINUTE)
    assert heard(ESCALATED) == [("Provider auditor", f"{ticket.reference} is escalated to you: Late")]
    event = Event.objects.get(verb=ESCALATED)
    assert event.extra["text"] == (
        "Rule “Late” (60 working minutes after the deadline, solution): told to Provider auditor."
    )
    ticket.refresh_from_db()
    assert ticket.priority == 3
    found = priority_of(ticket)
    assert found is not None
    assert "instead of 4: escalation “Late”" in found.reason
    assert Deadline.objects.get(ticket=ticket).escalated == [event.extra["rule"]]


def test_a_rule_made_later_applies_at_the_next_reading(provider_desk: Any) -> None:
    firm, actor = provider_desk
    level(firm, actor, solve=60)
    ticket = opened(firm, actor)
    rule(firm, share=150, minutes_late=None)
    move(ticket, "take", actor=actor, assignee=firm.provider.technician, at=MONDAY + MINUTE)
    sweep(firm, MONDAY + 90 * MINUTE)
    assert names(ESCALATED) == {"Provider auditor"}


def test_what_was_done_in_time_warns_nobody(provider_desk: Any) -> None:
    firm, actor = provider_desk
    level(firm, actor, solve=120)
    move(opened(firm, actor), "solve", actor=actor, solution="Done", at=MONDAY + 30 * MINUTE)
    sweep(firm, MONDAY + DAY)
    assert heard() == []
    assert not Deadline.objects.get().late


def test_many_at_once_are_one_notification(provider_desk: Any) -> None:
    firm, actor = provider_desk
    level(firm, actor, solve=120)
    for n in range(7):
        ticket = opened(firm, actor, MONDAY + n * timedelta(seconds=1))
        assign(ticket, actor=actor, assignee=firm.provider.technician)
    sweep(firm, MONDAY + HOUR + MINUTE)
    assert heard() == [("Provider technician", "7 promises need you: the tickets are listed")]
    assert Event.objects.filter(verb=NEAR).count() == 7


def test_a_batch_asks_the_same_number_of_queries_whatever_its_size(provider_desk: Any) -> None:
    firm, actor = provider_desk
    level(firm, actor, solve=120)

    def asked(number: int, at: datetime) -> int:
        for _n in range(number):
            assign(opened(firm, actor, at), actor=actor, assignee=firm.provider.technician)
        with CaptureQueriesContext(connection) as captured:
            warn_some(firm.acme.id, now=at + HOUR)
        Deadline.objects.update(next_at=None)  # the next batch is only of what comes next
        return len(captured)

    few = asked(6, MONDAY)  # beyond five, all are told in one notification
    assert asked(20, MONDAY + DAY) == few


def test_the_job_of_each_minute_does_all_of_it(provider_desk: Any) -> None:
    firm, actor = provider_desk
    level(firm, actor, solve=1)
    opened(firm, actor, MONDAY - 30 * DAY, impact=4, urgency=3)
    run_waiting()
    watch_promises.function()
    watch_promises.function()  # the second finds the work queued
    run_waiting()
    assert Event.objects.filter(verb=PASSED).count() == 1


CHILD = """
import sys, time, django; django.setup()
from django.db import transaction
from datetime import datetime
from etabli.support.warning import warn_some
with transaction.atomic():
    warn_some(int(sys.argv[1]), now=datetime.fromisoformat(sys.argv[2]))
    print("told", flush=True)
    time.sleep(120)
"""


@pytest.mark.slow
def test_a_worker_killed_in_the_middle_tells_nothing_and_the_next_one_once(
    committed_firm: Any, actor_of: Any
) -> None:
    firm = committed_firm
    actor = actor_of(firm.provider.administrator)
    with scope(*actor.places):
        level(firm, actor, solve=120)
        assign(opened(firm, actor), actor=actor, assignee=firm.provider.technician)
    at = MONDAY + HOUR
    settings = connection.settings_dict
    url = f"postgresql://{settings['USER']}@/{settings['NAME']}?host={settings['HOST']}"
    worker = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(firm.acme.id), at.isoformat()],
        env={**os.environ, "DATABASE_URL": url},
        stdout=subprocess.PIPE,
    )
    try:
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"told\n"
        warn_some(firm.acme.id, now=at)  # a second worker meanwhile leaves its tickets alone
        with scope(*actor.places):
            assert heard() == []
        os.kill(worker.pid, signal.SIGKILL)
    finally:
        worker.kill()
        worker.wait(20)
    for _again in range(50):
        warn_some(firm.acme.id, now=at)
        with scope(*actor.places):
            if heard():
                break
    warn_some(firm.acme.id, now=at)
    with scope(*actor.places):
        assert len(heard()) == 1
        assert Event.objects.filter(verb=NEAR).count() == 1
        assert Ticket.objects.count() == 1
