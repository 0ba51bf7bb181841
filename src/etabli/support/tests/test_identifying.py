"""An unknown caller becomes somebody, and the ticket goes to their organisation with all it holds."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection

from etabli.kernel import files
from etabli.kernel.tenancy import scope
from etabli.people.models import Person, Team
from etabli.support.handing import assign
from etabli.support.identifying import identify, introduce
from etabli.support.messages import Message
from etabli.support.opening import Caller, Request, Words, open_ticket
from etabli.support.promises import ServiceLevel, ServiceTarget
from etabli.support.talking import note
from etabli.support.tasks import add_task
from etabli.support.tickets import Ticket

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


@pytest.fixture
def unknown(firm: Any, actor_of: Any) -> Any:
    """A mail of somebody nobody knows, in the mailbox of the provider."""
    actor = actor_of(firm.provider.administrator)
    with scope(*actor.places):
        kept = files.store(b"log", name="log.txt", actor=actor, organisation=firm.provider.id)
        caller = Caller(name="Claire M.", email="claire@acme.example")
        request = Request("Help", Words("It is me", files=((kept, ""),)), caller, channel="mail")
        yield firm, actor, open_ticket(request, organisation=firm.provider.id, actor=actor)


def test_the_ticket_goes_with_all_it_holds(unknown: Any, actor_of: Any) -> None:
    firm, actor, ticket = unknown
    team = Team.objects.create(organisation=firm.provider.organisation, name="N1")
    ticket = assign(ticket, actor=actor, team=team)
    note(ticket, Words("Who is it?"), actor=actor)
    add_task(ticket, "Call back", actor=actor)
    level = ServiceLevel.objects.create(organisation=firm.acme.organisation, name="Ours", is_default=True)
    ServiceTarget.objects.create(
        organisation=firm.acme.organisation, level=level, clock="solve", priority=ticket.priority, minutes=60
    )
    claire = Person.objects.create(organisation=firm.acme.organisation, name="Claire Moreau")
    identify(ticket, claire, actor=actor)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    with scope(firm.acme.id):  # the client alone has all of it
        found = Ticket.objects.get(pk=ticket.pk)
        assert (found.requester, found.team, found.level) == (claire, team, level)
        assert found.contact_name == found.contact_email == ""
        assert list(found.messages.order_by("id").values_list("text", flat=True)) == [
            "It is me",
            "Who is it?",
        ]
        assert found.messages.first().files.get().file.name == "log.txt"
        assert found.tasks.count() == 1
        assert found.due_at is not None
    with scope(firm.provider.id):
        assert not Ticket.objects.filter(pk=ticket.pk).exists()
        assert not Message.objects.filter(ticket=ticket.pk).exists()


def test_a_new_person_is_made_of_what_is_known(unknown: Any) -> None:
    firm, actor, ticket = unknown
    introduce(ticket, "Claire Moreau", actor=actor)
    made = Person.objects.get(name="Claire Moreau")
    assert (made.organisation_id, made.email) == (firm.provider.id, "claire@acme.example")
    assert Ticket.objects.get(pk=ticket.pk).requester == made
    with pytest.raises(ValidationError, match="Give the name"):
        introduce(ticket, " ", actor=actor)


def test_nobody_sends_a_ticket_where_they_may_not_work(unknown: Any, actor_of: Any) -> None:
    firm, _actor, ticket = unknown
    stranger = Person.objects.create(organisation=firm.globex.organisation, name="Zoé")
    with pytest.raises(PermissionDenied):
        identify(ticket, stranger, actor=actor_of(firm.acme.administrator))


def test_assets_of_the_former_organisation_keep_it_there(unknown: Any) -> None:
    firm, actor, ticket = unknown
    ours = Person.objects.create(organisation=firm.provider.organisation, name="Ours")
    ticket = identify(ticket, ours, actor=actor)
    claire = Person.objects.create(organisation=firm.acme.organisation, name="Claire Moreau")
    with pytest.raises(ValidationError, match="take them off first"):
        identify(ticket, claire, actor=actor)
