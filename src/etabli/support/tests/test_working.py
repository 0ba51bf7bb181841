"""Tasks and their lists, time and its billing, answers written once, approvals."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from etabli.kernel import preferences
from etabli.kernel.actors import SYSTEM
from etabli.kernel.jobs import run_waiting
from etabli.kernel.notifications import Notification
from etabli.kernel.tenancy import scope
from etabli.support.answer_templates import VARIABLES, AnswerTemplate, check_variables, fill
from etabli.support.approving import Approval, ask_approval, decide, withdraw
from etabli.support.linking import link
from etabli.support.moving import move
from etabli.support.states import State
from etabli.support.task_lists import TaskList, add_tasks
from etabli.support.tasks import Task, add_task, finish_task, resume_task
from etabli.support.tickets import Category
from etabli.support.timing import (
    ROUNDING,
    TimeEntry,
    WorkType,
    log_time,
    rounded,
    start_timer,
    stop_timer,
    totals,
)

from .work import MONDAY, desk, opened, person

__all__ = ["desk"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


def test_a_list_gives_its_tasks_with_working_days(desk: Any) -> None:
    firm, actor = desk
    ticket = opened(firm, actor)
    tasks = TaskList.objects.create(
        organisation=firm.provider.organisation,
        name="Arrival",
        lines=[{"title": "Create the account", "days": 1}, {"title": "Badge", "optional": True}],
    )
    friday = datetime(2026, 12, 4, 9, 0, tzinfo=UTC)
    first, second = add_tasks(ticket, tasks, actor=actor, at=friday)
    assert first.due_at == datetime(2026, 12, 7, 17, 0, tzinfo=UTC)  # Monday 18:00 in Paris
    assert (second.due_at, second.mandatory) == (None, False)
    assert add_tasks(ticket, tasks, actor=actor) == []  # they are to be done already
    with pytest.raises(ValidationError, match="1 mandatory task"):
        move(ticket, "solve", actor=actor, solution="Done")


def test_a_category_brings_its_tasks(desk: Any) -> None:
    firm, actor = desk
    place = firm.provider.organisation
    top = Category.objects.create(organisation=place, name="People")
    category = Category.objects.create(organisation=place, name="Departure", parent=top)
    TaskList.objects.create(organisation=place, name="Leaves", category=top, lines=[{"title": "Take back"}])
    ticket = opened(firm, actor, more={"category": category})
    run_waiting()
    assert [one.title for one in ticket.tasks.all()] == ["Take back"]


def test_whoever_must_do_a_task_is_told_and_must_be_an_agent_there(desk: Any) -> None:
    firm, actor = desk
    ticket = opened(firm, actor)
    add_task(ticket, "Mine", actor=actor, assignee=firm.provider.technician)
    assert not Notification.objects.exists()
    add_task(ticket, "Yours", actor=actor, assignee=firm.provider.administrator)
    assert Notification.objects.get().account == firm.provider.administrator
    with pytest.raises(ValidationError, match="may not work"):
        add_task(ticket, "Theirs", actor=actor, assignee=firm.globex.technician)
    task = finish_task(Task.objects.get(title="Mine"), actor=actor)
    assert resume_task(task, actor=actor).done_at is None
    with pytest.raises(ValidationError, match="still to do"):
        resume_task(task, actor=actor)


@pytest.mark.parametrize(
    ("minutes", "step", "billed"), [(1, 0, 1), (1, 5, 5), (5, 5, 5), (16, 15, 30), (0, 15, 0), (61, 5, 65)]
)
def test_billed_time_is_rounded_up(minutes: int, step: int, billed: int) -> None:
    assert rounded(minutes, step) == billed


def test_what_is_billed_is_rounded_and_what_was_spent_is_kept(desk: Any) -> None:
    firm, actor = desk
    ticket = opened(firm, actor)
    preferences.set_value(ROUNDING, "15", organisation=firm.acme.id, actor=SYSTEM)
    entry = log_time(ticket, 20, actor=actor, travel_minutes=10, distance_km="12.5")
    assert (entry.minutes, entry.travel_minutes, entry.billed_minutes) == (20, 10, 45)
    inside = WorkType.objects.create(organisation=firm.provider.organisation, name="Inside", billable=False)
    assert log_time(ticket, 20, actor=actor, work_type=inside).billed_minutes == 0
    sums = totals(ticket.time_entries.all())
    assert (sums["minutes"], sums["travel"], sums["billed"]) == (40, 10, 45)
    with pytest.raises(ValidationError):
        log_time(ticket, 0, actor=actor)


def test_one_timer_runs_and_another_ticket_stops_it(desk: Any, actor_of: Any) -> None:
    firm, actor = desk
    one, two = opened(firm, actor), opened(firm, actor)
    first = start_timer(one, actor=actor, at=MONDAY)
    with pytest.raises(ValidationError, match="runs on this ticket already"):
        start_timer(one, actor=actor)
    with pytest.raises(ValidationError, match="only they stop it"):
        stop_timer(first, actor=actor_of(firm.provider.administrator))
    second = start_timer(two, actor=actor, at=MONDAY + timedelta(minutes=10, seconds=1))
    first.refresh_from_db()
    assert (first.minutes, first.billed_minutes) == (11, 11)
    with pytest.raises(IntegrityError), transaction.atomic():
        TimeEntry.objects.create(organisation=one.organisation, ticket=one, account=second.account)
    assert stop_timer(second, actor=actor, at=second.started_at).minutes == 1


def test_variables_are_filled_and_what_is_unknown_is_refused(desk: Any) -> None:
    firm, actor = desk
    ticket = opened(firm, actor)
    text = "Hello {{ first_name }}, {{ticket}}: {{due}}. {{ticket.requester}} {{ {{agent}}"
    filled = fill(text, ticket, actor)
    assert filled.text == (
        f"Hello Claire, {ticket.reference}: . {{{{ticket.requester}}}} {{{{ Provider technician"
    )
    assert filled.empty == ("due",)
    with pytest.raises(ValidationError, match=r"no variable “ticket\.requester”"):
        check_variables(text)
    for name in VARIABLES:
        assert name not in fill(f"{{{{{name}}}}}", ticket, actor).text.split()
    template = AnswerTemplate(organisation=firm.provider.organisation, name="Bad", text="{{nobody}}")
    with pytest.raises(ValidationError, match="no variable “nobody”"):
        template.full_clean()


def test_templates_are_picked_by_word_filled_with_what_is_empty(
    firm: Any, client_of: Any, actor_of: Any
) -> None:
    actor = actor_of(firm.provider.technician)
    with scope(*actor.places):
        ticket = opened(firm, actor)
        AnswerTemplate.objects.create(
            organisation=firm.provider.organisation,
            name="Hello",
            shortcut="hi",
            text="Dear {{requester}} {{visit}}",
        )
        AnswerTemplate.objects.create(organisation=firm.globex.organisation, name="Theirs", text="x")
    browser = client_of(firm.provider.technician)
    told = browser.get(f"/tickets/{ticket.pk}/templates/?format=json&q=hi").json()["templates"]
    assert [(one["name"], one["text"], one["empty"]) for one in told] == [
        ("Hello", "Dear Claire Moreau ", ["visit"])
    ]
    page = browser.get(f"/tickets/{ticket.pk}/templates/").content.decode()
    assert "Theirs" not in page
    assert "Empty here:" in page


def test_an_approval_is_decided_by_whoever_was_asked_and_by_nobody_else(desk: Any, actor_of: Any) -> None:
    firm, actor = desk
    ticket = move(opened(firm, actor), "take", actor=actor, assignee=firm.provider.technician)
    boss = person(firm, "Anne Chef", account=firm.acme.requester)
    (approval,) = ask_approval(ticket, [boss], actor=actor, question="A new screen?", waits=True)
    ticket.refresh_from_db()
    assert (ticket.state, ticket.waiting) == (State.WAITING, "user")
    assert Notification.objects.filter(account=firm.acme.requester).exists()
    with pytest.raises(ValidationError, match="1 approval is awaited"):
        move(ticket, "solve", actor=actor, solution="Done")
    for other in (actor, actor_of(firm.provider.administrator)):
        with pytest.raises(ValidationError, match="Only Anne Chef decides"):
            decide(approval, True, actor=other)
    own = actor_of(firm.acme.requester)
    with pytest.raises(ValidationError, match="Say why you refuse"):
        decide(approval, False, actor=own)
    decide(approval, True, actor=own)
    ticket.refresh_from_db()
    assert ticket.state == State.IN_PROGRESS
    with pytest.raises(ValidationError, match="decided already"):
        decide(approval, False, actor=own, comment="No")
    move(ticket, "solve", actor=actor, solution="Done")


def test_an_approval_may_be_withdrawn_and_asks_for_an_account(desk: Any) -> None:
    firm, actor = desk
    ticket = opened(firm, actor)
    with pytest.raises(ValidationError, match="has no account"):
        ask_approval(ticket, [person(firm, "Nobody Here")], actor=actor)
    (approval,) = ask_approval(ticket, [firm.provider.administrator], actor=actor)
    with pytest.raises(ValidationError, match="awaited already"):
        ask_approval(ticket, [firm.provider.administrator], actor=actor)
    assert withdraw(approval, actor=actor).state == Approval.State.WITHDRAWN
    move(ticket, "solve", actor=actor, solution="Done")


def test_a_requester_decides_on_their_page_and_sees_only_their_own(
    firm: Any, client_of: Any, actor_of: Any
) -> None:
    actor = actor_of(firm.provider.technician)
    with scope(*actor.places):
        ticket = opened(firm, actor)
        boss = person(firm, "Anne Chef", account=firm.acme.requester)
        (approval,) = ask_approval(ticket, [boss], actor=actor, question="A new screen?")
    other = client_of(firm.globex.requester)
    assert "A new screen?" not in other.get("/my-approvals/").content.decode()
    assert other.post("/my-approvals/", {"approval": approval.pk, "decision": "approve"}).status_code == 404
    browser = client_of(firm.acme.requester)
    assert "A new screen?" in browser.get("/my-approvals/").content.decode()
    refused = browser.post("/my-approvals/", {"approval": approval.pk, "decision": "refuse"})
    assert refused.status_code == 422
    sent = {"approval": approval.pk, "decision": "refuse", "comment": "Too dear"}
    assert browser.post("/my-approvals/", sent).status_code == 302
    with scope(*actor.places):
        assert Approval.objects.get().comment == "Too dear"


def test_the_small_forms_work_with_a_script_and_without(firm: Any, client_of: Any, actor_of: Any) -> None:
    actor = actor_of(firm.provider.technician)
    with scope(*actor.places):
        ticket = opened(firm, actor)
    browser, url = client_of(firm.provider.technician), f"/tickets/{ticket.pk}/"
    assert browser.post(f"{url}tasks/", {"act": "add", "title": "Plug it"}).headers["Location"] == url
    asked = {"HTTP_HX_REQUEST": "true"}
    with scope(*actor.places):
        key = Task.objects.get().pk
    told = browser.post(f"{url}tasks/", {"act": "give_up", "task": key}, **asked).content.decode()
    assert "Say why it is given up" in told
    assert told.lstrip().startswith('<div id="ticket-tasks"')
    browser.post(f"{url}tasks/", {"act": "do", "task": key}, **asked)
    browser.post(f"{url}time/", {"act": "start"}, **asked)
    with scope(*actor.places):
        assert Task.objects.get().done_at
        entry = TimeEntry.objects.get()
    told = browser.post(f"{url}time/", {"act": "stop", "entry": entry.pk, "remark": "Cable"}, **asked)
    assert "Cable" in told.content.decode()
    assert client_of(firm.provider.auditor).post(f"{url}tasks/", {"act": "do"}).status_code == 403


def test_a_ticket_with_much_work_costs_as_many_queries_as_one_with_little(
    firm: Any, client_of: Any, actor_of: Any
) -> None:
    actor = actor_of(firm.provider.technician)
    with scope(*actor.places):
        little, much = opened(firm, actor), opened(firm, actor)
        for number in range(12):
            add_task(much, f"Task {number}", actor=actor, assignee=firm.provider.technician)
            log_time(much, 5, actor=actor)
            link(opened(firm, actor), "child", much, actor=actor)
        add_task(little, "One", actor=actor, assignee=firm.provider.technician)
        log_time(little, 5, actor=actor)
        link(opened(firm, actor), "child", little, actor=actor)
    browser = client_of(firm.provider.technician)
    counts = []
    for ticket in (little, little, much):  # the first answer also warms what is kept in memory
        with CaptureQueriesContext(connection) as told:
            assert browser.get(f"/tickets/{ticket.pk}/").status_code == 200
        counts.append(len(told))
    assert counts[1] == counts[2]
