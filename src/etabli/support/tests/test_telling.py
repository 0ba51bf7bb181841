"""Who is told of what, once, and never of what they did themselves."""

from typing import Any

import pytest
from django.core import mail as django_mail

from etabli.kernel import preferences
from etabli.kernel.actors import SYSTEM
from etabli.kernel.jobs import run_waiting
from etabli.kernel.notifications import Notification
from etabli.people.models import Person, Team, TeamMember
from etabli.support import identity
from etabli.support.handing import agents_of, assign
from etabli.support.opening import Caller, Words
from etabli.support.outbox import OutgoingMail
from etabli.support.posting import returned
from etabli.support.talking import answer, note, receive
from etabli.support.telling import mentioned
from etabli.support.watchers import watch

from .outgoing import answered, mailbox, opened

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


def told() -> list[tuple[str, str]]:
    """Who was told of what since the last look, once the jobs have run."""
    run_waiting()
    rows = Notification.objects.order_by("kind", "account__name")
    found = [(row.kind, str(row.account)) for row in rows.select_related("account")]
    rows.delete()
    return found


def test_a_ticket_given_to_somebody(provider: Any, actor_of: Any) -> None:
    firm, actor = provider
    ticket = opened(firm, actor)
    told()
    assign(ticket, actor=actor, assignee=firm.provider.administrator)
    assert told() == [("ticket.assigned", "Provider administrator")]
    assign(ticket, actor=actor, assignee=firm.provider.technician)
    assert told() == [], "one is not told of what one did"


def test_a_team_of_the_provider_is_told_of_its_clients_tickets(provider: Any) -> None:
    firm, actor = provider
    team = Team.objects.create(organisation=firm.provider.organisation, name="Level 2")
    for account in (firm.provider.administrator, firm.provider.requester, firm.provider.technician):
        person = Person.objects.create(organisation=firm.provider.organisation, name=str(account))
        person.account = account
        person.save()
        TeamMember.objects.create(organisation=firm.provider.organisation, team=team, person=person)
    ticket = opened(firm, actor)
    assert told() == []
    assign(ticket, actor=actor, team=team)
    assert told() == [("ticket.opened", "Provider administrator")], "whoever may not work on it is not told"


def test_what_the_user_writes_reaches_whoever_has_it_and_those_who_follow(
    provider: Any, actor_of: Any
) -> None:
    firm, actor = provider
    ticket = assign(opened(firm, actor), actor=actor, assignee=firm.provider.technician)
    watch(ticket, actor=actor_of(firm.acme.technician))
    watch(ticket, actor=actor)
    told()
    who = Caller(person=ticket.requester)
    receive(ticket, Words("And now?"), who, actor=SYSTEM, channel="mail")
    assert told() == [("ticket.followed", "Acme technician"), ("ticket.received", "Provider technician")]
    receive(ticket, Words("Merci"), who, actor=SYSTEM, channel="mail", thanks=True)
    receive(ticket, Words("Away"), who, actor=SYSTEM, channel="mail", automatic=True)
    assert told() == []
    answer(ticket, Words("Soon"), actor=actor)
    assert told() == [("ticket.followed", "Acme technician")]


def test_a_mention_is_one_notification_whose_answer_is_a_note(provider: Any) -> None:
    firm, actor = provider
    mailbox(firm, 25)
    ticket = opened(firm, actor)
    told()
    django_mail.outbox.clear()
    preferences.set_value("mail.host", "localhost", organisation=None, actor=SYSTEM)
    note(ticket, Words("@Acme technician, @acme technician and @technician@provider.example?"), actor=actor)
    run_waiting()
    run_waiting()
    assert told() == [("ticket.mentioned", "Acme technician")]
    (sent,) = django_mail.outbox
    assert sent.to == ["technician@acme.example"]
    assert sent.extra_headers["Reply-To"] == "support@etabli.example"
    assert identity.internal(sent.extra_headers["Message-ID"])
    assert identity.internal(sent.body)


def test_names_are_found_whole(provider: Any) -> None:
    firm, _actor = provider
    agents = agents_of(firm.acme.id)

    def named(text: str) -> list[str]:
        return [str(one) for one in mentioned(text, agents)]

    assert named("@ACME Téchnician: see") == ["Acme technician"]
    assert named("@acme technicians") == []
    assert named("@acme") == [], "two are called so"
    assert named("mail me@acme technician") == []
    assert named("@administrator@acme.example!") == ["Acme administrator"]
    firm.acme.technician.name = "Zoé Durand"
    firm.acme.technician.save()
    agents = agents_of(firm.acme.id)
    assert named("(@zoe)") == ["Zoé Durand"]
    assert named("@Globex technician") == [], "not an agent of this organisation"


def test_a_mail_that_came_back_is_told_to_its_author(provider: Any) -> None:
    firm, actor = provider
    ticket = assign(opened(firm, actor), actor=actor, assignee=firm.provider.administrator)
    mail = answered(ticket, actor)
    OutgoingMail.objects.update(state="sent", delivered=mail.to)
    told()
    returned(mail, {"claire@acme.example": "550 unknown"})
    assert told() == [
        ("ticket.mail_failed", "Provider administrator"),
        ("ticket.mail_failed", "Provider technician"),
    ]
