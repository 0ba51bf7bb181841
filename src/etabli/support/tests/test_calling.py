"""Somebody is found by whatever the technician has before their eyes."""

from typing import Any

import pytest

from etabli.assets.models import Asset
from etabli.kernel import search
from etabli.kernel.tenancy import scope
from etabli.people.models import Person
from etabli.support.calling import callers
from etabli.support.tickets import Ticket

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


@pytest.fixture
def people(firm: Any, actor_of: Any, maker: Any) -> Any:
    actor = actor_of(firm.provider.technician)
    with scope(*actor.places):
        claire = Person.objects.create(
            organisation=firm.acme.organisation,
            name="Claire Moreau",
            email="claire@acme.example",
            phone="02 35 12 34 56",
            mobile="+33 6 98 76 54 32",
        )
        search.refresh_many([claire])
        machine = maker(firm.acme).new(
            Asset, name="PC-0417", serial="5CD123", person=claire, last_user="ACME\\cmoreau"
        )
        yield firm, actor, claire, machine


@pytest.mark.parametrize(
    "text",
    [
        "CLAIRE@acme.example", "0235123456", "+33 2 35 12 34 56", "3456", "06.98.76.54.32", "0033698765432",
        "pc-0417", "5cd123", "cmoreau", "ACME\\cmoreau", "moreau", "claire mor",
    ],
)  # fmt: skip
def test_one_way_or_another(people: Any, text: str) -> None:
    _firm, actor, claire, _machine = people
    assert [one.person for one in callers(text, actor)] == [claire]


@pytest.mark.parametrize("text", ["", "  ", "99", "nobody", "%", "PC-04", "\\", "(", "\0"])
def test_what_names_nobody_finds_nobody(people: Any, text: str) -> None:
    assert callers(text, people[1]) == []


def test_the_machine_that_told_is_proposed(people: Any) -> None:
    firm, actor, claire, machine = people
    [found] = callers("PC-0417", actor)
    assert found.query == f"organisation={firm.acme.id}&requester={claire.pk}&asset={machine.pk}"


def test_nobody_of_another_organisation(people: Any, actor_of: Any) -> None:
    firm = people[0]
    other = actor_of(firm.globex.technician)
    with scope(*other.places):
        assert callers("claire@acme.example", other) == []
        assert callers("PC-0417", other) == []


def test_from_the_page_to_the_ticket(people: Any, client_of: Any) -> None:
    firm, _actor, claire, machine = people
    browser = client_of(firm.provider.technician)
    page = browser.get("/desk/caller/?q=0235123456").content.decode()
    assert "Claire Moreau" in page
    form = browser.get(f"/tickets/add/?organisation={firm.acme.id}&requester={claire.pk}&asset={machine.pk}")
    assert f'<option value="{claire.pk}" selected>' in form.content.decode()
    assert f'<option value="{machine.pk}" selected>' in form.content.decode()
    sent = {"title": "Slow", "kind": "incident", "channel": "phone", "impact": 1, "urgency": 2}
    done = browser.post(
        "/tickets/add/",
        {
            **sent,
            "organisation": firm.acme.id,
            "requester": claire.pk,
            "asset": machine.pk,
            "description": "x",
        },
    )
    assert done.status_code == 302, done.context["form"].errors
    ticket = Ticket.objects.get(title="Slow")
    assert (ticket.requester, ticket.assets.get().asset) == (claire, machine)
