"""What the tests of working on tickets share: an agent of the provider, tickets of its client."""

from datetime import UTC, datetime
from typing import Any

import pytest

from etabli.kernel.tenancy import scope
from etabli.people.models import Person
from etabli.support.opening import Caller, Request, Words, open_ticket
from etabli.support.tickets import Ticket

MONDAY = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)  # 9:00 in Paris


@pytest.fixture
def desk(firm: Any, actor_of: Any) -> Any:
    """An agent of the provider, in the scope of everything they serve."""
    actor = actor_of(firm.provider.technician)
    with scope(*actor.places):
        yield firm, actor


def person(firm: Any, name: str = "Claire Moreau", **more: Any) -> Person:
    found = Person.objects.filter(organisation=firm.acme.id, name=name).first()
    email = f"{name.split()[0].lower()}@acme.example"
    return found or Person.objects.create(
        organisation=firm.acme.organisation, name=name, **{"email": email, **more}
    )


def opened(
    firm: Any, actor: Any, *, who: Person | None = None, title: str = "No network", **told: Any
) -> Ticket:
    at = told.pop("at", MONDAY)
    request = Request(title, Words(f"{title}!"), Caller(person=who or person(firm)), **told)
    return open_ticket(request, organisation=firm.acme.id, actor=actor, at=at)
