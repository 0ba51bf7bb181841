"""The four sharing modes: own, department, site, all; on every address where a ticket shows."""

from typing import Any

import pytest
from django.db.models import Q

from etabli.kernel.accounts import Account
from etabli.kernel.organisations import Membership, Role
from etabli.kernel.tenancy import opening, scope
from etabli.people.models import OrgUnit, Person, Site
from etabli.support.opening import Caller, Request, Words, open_ticket
from etabli.support.talking import note
from etabli.support.tickets import Ticket, Watcher

pytestmark = pytest.mark.django_db
OWN, UNIT, SITE, ALL = "own", "unit", "site", "all"
VERBS = {
    OWN: ["ticket.view"],
    UNIT: ["ticket.view", "ticket.see_unit"],
    SITE: ["ticket.view", "ticket.see_site"],
    ALL: ["ticket.view", "ticket.see_all"],
}
SEEN = {OWN: {"mine"}, UNIT: {"mine", "unit"}, SITE: {"mine", "site"}, ALL: {"mine", "unit", "site", "far"}}


@pytest.fixture
def company(firm: Any, actor_of: Any) -> Any:
    """Four people of a client, each with a ticket: me, one of my department, one of my site, one far away."""
    actor = actor_of(firm.provider.technician)
    with scope(*actor.places):
        home = {"organisation": firm.acme.organisation}
        units = [OrgUnit.objects.create(name=name, **home) for name in ("Care", "Office")]
        sites = [Site.objects.create(name=name, **home) for name in ("North", "South")]
        places = {"mine": (0, 0), "unit": (0, 1), "site": (1, 0), "far": (1, 1)}
        tickets = {}
        for word, (unit, site) in places.items():
            who = Person.objects.create(name=f"zorglub {word}", unit=units[unit], site=sites[site], **home)
            request = Request(f"zorglub {word}", Words(f"help {word}"), Caller(person=who))
            tickets[word] = open_ticket(request, organisation=firm.acme.id, actor=actor)
            note(tickets[word], Words(f"secret of {word}"), actor=actor)
    return firm, tickets


def somebody(firm: Any, ticket: Ticket, mode: str) -> Account:
    """The requester of a ticket, with an account of this sharing mode."""
    with opening():
        account = Account.objects.create_user(f"{mode}@acme.example", name=mode, language="en")
        role = Role.objects.create(organisation=firm.acme.organisation, name=mode, verbs=VERBS[mode])
        Membership.objects.create(organisation=firm.acme.organisation, account=account, role=role)
    with scope(firm.acme.id):
        Person.objects.filter(pk=ticket.requester_id).update(account=account)
    return account


@pytest.mark.parametrize("mode", VERBS)
def test_each_mode_sees_its_tickets_and_no_other(company: Any, client_of: Any, mode: str) -> None:
    firm, tickets = company
    browser = client_of(somebody(firm, tickets["mine"], mode))
    for word, ticket in tickets.items():
        found = word in SEEN[mode]
        for address in (f"/tickets/{ticket.pk}/", f"/api/v1/tickets/{ticket.pk}"):
            assert browser.get(address).status_code == (200 if found else 404), (mode, word, address)
        for address in (
            "/tickets/",
            "/tickets/export/?format=csv",
            "/api/v1/tickets",
            "/palette/?q=zorglub",
            "/recherche/?q=zorglub",
            "/options/ticket/?q=zorglub",
            "/desk/?queue=all",
            "/desk/queue/?queue=all",
        ):
            response = browser.get(address)
            if response.status_code == 403 and "export" in address:
                continue
            assert response.status_code == 200, address
            text = (b"".join(response) if response.streaming else response.content).decode()
            assert (f"zorglub {word}" in text) is found, (mode, word, address)


def test_who_may_not_read_notes_finds_none(company: Any, client_of: Any) -> None:
    firm, tickets = company
    mine = tickets["mine"]
    browser = client_of(somebody(firm, mine, ALL))
    page = browser.get(f"/tickets/{mine.pk}/").content.decode()
    assert "help mine" in page
    assert "secret of" not in page
    with scope(firm.acme.id):
        hidden = mine.messages.get(~Q(kind="asked"))
        hidden.html = "<p>secret of mine</p>"
        hidden.save()
    assert browser.get(f"/tickets/{mine.pk}/messages/{hidden.pk}/").status_code == 404
    assert browser.get(f"/tickets/{mine.pk}/history/").status_code == 403


def test_what_one_follows_is_ones_own(company: Any, client_of: Any) -> None:
    firm, tickets = company
    account = somebody(firm, tickets["mine"], OWN)
    with scope(firm.acme.id):
        Watcher.objects.create(organisation=firm.acme.organisation, ticket=tickets["far"], account=account)
    browser = client_of(account)
    assert browser.get(f"/tickets/{tickets['far'].pk}/").status_code == 200
    assert browser.get(f"/tickets/{tickets['site'].pk}/").status_code == 404
