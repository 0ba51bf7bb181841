"""A ticket from its opening to its closing, through the verbs every way in calls."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction

from etabli.kernel.tenancy import scope, visible
from etabli.people.models import Person, Team
from etabli.support.clocks.policies import Clock
from etabli.support.handing import agents_of, assign, take_next
from etabli.support.messages import Message
from etabli.support.moving import move
from etabli.support.opening import Caller, Request, Words, open_ticket
from etabli.support.outbox import OutgoingMail
from etabli.support.prioritising import override, priority_of
from etabli.support.promises import Deadline, ServiceLevel, ServiceTarget
from etabli.support.states import State
from etabli.support.talking import accept, answer, note, receive
from etabli.support.tasks import add_task, finish_task
from etabli.support.tickets import Category, Ticket

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]
MONDAY = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)  # 9:00 in Paris


@pytest.fixture
def desk(firm: Any, actor_of: Any) -> Any:
    """An agent of the provider, in the scope of everything they serve."""
    actor = actor_of(firm.provider.technician)
    with scope(*actor.places):
        yield firm, actor


def opened(firm: Any, actor: Any, at: datetime = MONDAY, **more: Any) -> Ticket:
    person = Person.objects.filter(organisation=firm.acme.id).first() or Person.objects.create(
        organisation=firm.acme.organisation, name="Claire Moreau", email="claire@acme.example"
    )
    request = Request(
        "No network", Words("Nothing works since this morning."), Caller(person=person), more=more
    )
    return open_ticket(request, organisation=firm.acme.id, actor=actor, at=at)


def level(firm: Any, **minutes: int) -> ServiceLevel:
    made = ServiceLevel.objects.create(organisation=firm.provider.organisation, name="Gold", is_default=True)
    for clock, amount in minutes.items():
        for priority in range(1, 6):
            ServiceTarget.objects.create(
                organisation=made.organisation, level=made, clock=clock, priority=priority, minutes=amount
            )
    return made


def test_from_opening_to_closing(desk: Any) -> None:
    firm, actor = desk
    ticket = opened(firm, actor)
    assert (ticket.state, ticket.priority, ticket.owed) == (State.NEW, 4, True)
    ticket = move(ticket, "take", actor=actor, assignee=firm.provider.technician)
    answer(ticket, Words("We look into it."), actor=actor)
    mail = OutgoingMail.objects.get()
    assert (mail.to, mail.subject) == (["claire@acme.example"], f"[{ticket.reference}] No network")
    ticket = move(ticket, "wait", actor=actor, waiting="user", reason="Which socket?")
    receive(ticket, Words("2.14-B"), Caller(person=ticket.requester), actor=actor, channel="mail")
    ticket.refresh_from_db()
    assert (ticket.state, ticket.owed) == (State.IN_PROGRESS, True)
    ticket = move(ticket, "solve", actor=actor, solution="The cable was dead.")
    ticket = move(ticket, "close", actor=actor)
    assert ticket.state == State.CLOSED
    assert ticket.closed_at
    with pytest.raises(ValidationError, match="It is closed, for good"):
        answer(ticket, Words("One more thing"), actor=actor)


def test_each_refusal_names_what_is_missing(desk: Any) -> None:
    firm, actor = desk
    ticket = opened(firm, actor)
    with pytest.raises(ValidationError) as told:
        move(ticket, "solve", actor=actor)
    assert set(told.value.message_dict) == {"solution"}
    with pytest.raises(ValidationError, match="Nobody has taken charge"):
        move(ticket, "wait", actor=actor, waiting="user", reason="x")


def test_a_mandatory_task_keeps_it_open(desk: Any) -> None:
    firm, actor = desk
    ticket = opened(firm, actor)
    task = add_task(ticket, "Test the socket", actor=actor)
    with pytest.raises(ValidationError, match="1 mandatory task is not done"):
        move(ticket, "solve", actor=actor, solution="Done")
    finish_task(task, actor=actor)
    assert move(ticket, "solve", actor=actor, solution="Done").state == State.SOLVED


def test_what_the_user_writes_reopens_except_thanks(desk: Any) -> None:
    firm, actor = desk
    ticket = move(opened(firm, actor), "solve", actor=actor, solution="Done")
    who = Caller(person=ticket.requester)
    receive(ticket, Words("Merci !"), who, actor=actor, channel="mail", thanks=True)
    receive(ticket, Words("Away"), who, actor=actor, channel="mail", automatic=True)
    ticket.refresh_from_db()
    assert ticket.state == State.SOLVED
    receive(ticket, Words("Again"), who, actor=actor, channel="mail")
    ticket.refresh_from_db()
    assert (ticket.state, ticket.solved_at) == (State.NEW, None)


def test_an_unverified_message_counts_once_accepted(desk: Any) -> None:
    firm, actor = desk
    ticket = move(opened(firm, actor), "solve", actor=actor, solution="Done")
    stranger = Caller(name="?", email="who@else.example")
    message = receive(ticket, Words("Give me access"), stranger, actor=actor, channel="mail", unverified=True)
    ticket.refresh_from_db()
    assert ticket.state == State.SOLVED
    accept(message, actor=actor)
    ticket.refresh_from_db()
    assert ticket.state == State.NEW
    with pytest.raises(ValidationError, match="accepted already"):
        accept(message, actor=actor)


def test_a_note_stays_in_the_desk(desk: Any) -> None:
    firm, actor = desk
    ticket = opened(firm, actor)
    message = note(ticket, Words("The boss is in a hurry"), actor=actor)
    assert message.kind == Message.Kind.NOTE
    assert not OutgoingMail.objects.exists()
    assert Ticket.objects.get(pk=ticket.pk).owed


def test_deadlines_follow_the_promise_of_the_provider(desk: Any) -> None:
    firm, actor = desk
    level(firm, take_charge=60, solve=480)
    ticket = opened(firm, actor)
    assert ticket.due_clock == Clock.TAKE_CHARGE
    assert ticket.due_at == MONDAY + timedelta(hours=1)
    ticket = move(
        ticket, "take", actor=actor, assignee=firm.provider.technician, at=MONDAY + timedelta(minutes=5)
    )
    kept = Deadline.objects.get(ticket=ticket, clock=Clock.TAKE_CHARGE)
    assert (kept.late, kept.next_at) == (False, None)
    # 9:00–12:00 and 14:00–18:00: eight hours end on Tuesday at 10:00 in Paris.
    assert (ticket.due_clock, ticket.due_at) == (Clock.SOLVE, datetime(2026, 12, 1, 9, 0, tzinfo=UTC))
    ticket = move(
        ticket, "wait", actor=actor, waiting="supplier", reason="A part", at=MONDAY + timedelta(hours=1)
    )
    assert ticket.due_at is None
    ticket = move(ticket, "resume", actor=actor, at=MONDAY + timedelta(hours=2))
    assert ticket.due_at == datetime(2026, 12, 1, 10, 0, tzinfo=UTC)


def test_the_priority_is_explained_and_may_be_decided(desk: Any) -> None:
    firm, actor = desk
    ticket = opened(firm, actor, impact=4, urgency=3)
    assert ticket.priority == 1
    with pytest.raises(ValidationError, match="Say why this priority"):
        override(ticket, 3, actor=actor)
    override(ticket, 3, actor=actor, because="a drill")
    ticket.refresh_from_db()
    told = priority_of(ticket)
    assert told is not None
    assert "instead of 1: a drill" in told.reason
    override(ticket, None, actor=actor)
    assert Ticket.objects.get(pk=ticket.pk).priority == 1


def test_what_comes_back_is_raised(desk: Any) -> None:
    firm, actor = desk
    levels = [opened(firm, actor, MONDAY + timedelta(hours=n)).priority for n in range(4)]
    assert levels == [4, 4, 4, 3]


def test_two_agents_take_two_tickets(desk: Any, actor_of: Any) -> None:
    firm, actor = desk
    first, second = opened(firm, actor), opened(firm, actor, impact=4)
    assert take_next(actor=actor) == second
    assert take_next(actor=actor_of(firm.provider.administrator)) == first
    assert take_next(actor=actor) is None


def test_a_team_of_the_provider_serves_its_clients(desk: Any, actor_of: Any) -> None:
    firm, actor = desk
    team = Team.objects.create(organisation=firm.provider.organisation, name="Level 2")
    category = Category.objects.create(organisation=firm.provider.organisation, name="Network", team=team)
    ticket = opened(firm, actor, category=category)
    assert ticket.team == team
    own = actor_of(firm.acme.technician)
    with scope(*own.places):  # the client reads the name of the team, and lists none of its provider's
        seen = Ticket.objects.select_related("team").get(pk=ticket.pk)
        assert str(seen.team) == "Level 2"
    other = Team.objects.create(organisation=firm.globex.organisation, name="Theirs")
    with pytest.raises(IntegrityError, match="not above"), transaction.atomic():
        assign(ticket, actor=actor, team=other)
    assert visible()  # the scope of the work is as it was


def test_agents_are_those_of_the_organisation_and_above(desk: Any) -> None:
    firm, actor = desk
    found = {str(account) for account in agents_of(firm.acme.id)}
    assert found == {"Acme administrator", "Acme technician", "Provider administrator", "Provider technician"}
    with pytest.raises(ValidationError, match="may not work"):
        assign(opened(firm, actor), actor=actor, assignee=firm.globex.technician)


def test_reading_is_not_working(desk: Any, actor_of: Any) -> None:
    firm, actor = desk
    ticket = opened(firm, actor)
    for act in (
        lambda who: answer(ticket, Words("x"), actor=who),
        lambda who: note(ticket, Words("x"), actor=who),
        lambda who: move(ticket, "close", actor=who),
        lambda who: assign(ticket, actor=who),
    ):
        with pytest.raises(PermissionDenied):
            act(actor_of(firm.provider.auditor))
