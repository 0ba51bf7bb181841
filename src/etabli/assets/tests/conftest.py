"""A small fleet at Acme: people, places and a maker of assets."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from etabli.assets.models import Asset, AssetKind
from etabli.assets.tests.stocktaking import browser, place, stocktake  # noqa: F401 - fixtures of a count
from etabli.conftest import Firm
from etabli.kernel.actors import Actor, actor_of
from etabli.kernel.tenancy import scope
from etabli.people.models import Person, Room, Site


@dataclass
class Fleet:
    firm: Firm
    actor: Actor
    lille: Site
    room: Room
    claire: Person
    paul: Person

    def asset(self, name: str = "PC-1", kind: str = "laptop", **more: Any) -> Asset:
        found = AssetKind.objects.get(organisation=None, key=kind)
        return Asset.objects.create(name=name, kind=found, **{"state": "in_stock", **more})


def furnish(firm: Firm) -> Fleet:
    lille = Site.objects.create(name="Lille")
    room = Room.objects.create(name="B12", site=lille)
    claire = Person.objects.create(name="Claire Moreau", site=lille, room=room, title="Comptable")
    paul = Person.objects.create(name="Paul Petit")
    return Fleet(firm, actor_of(firm.acme.technician), lille, room, claire, paul)


@pytest.fixture
def fleet(firm: Firm, in_english: None) -> Iterator[Fleet]:
    with scope(firm.acme.id):
        yield furnish(firm)


@pytest.fixture
def last_undo() -> Callable[[Any], str]:
    """The address behind the "Undo" of a toast."""

    def found(answer: Any) -> str:
        tags = [m.extra_tags for m in answer.wsgi_request._messages._queued_messages]
        return next(t.removeprefix("undo=") for t in tags if t and t.startswith("undo="))

    return found
