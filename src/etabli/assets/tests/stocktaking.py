"""A place to count, and what the tests of stocktakes start from."""

from decimal import Decimal

import pytest

from etabli.assets import counting
from etabli.assets.models import Asset, AssetKind, Stocktake
from etabli.kernel.tenancy import scope
from etabli.people.models import Room, Site


class Place:
    """Two rooms of a site: four assets in the first, one of them on loan; one in the second."""

    def __init__(self, staff, actor):
        self.staff, self.actor = staff, actor
        kind = AssetKind.objects.get(key="monitor")
        with scope(staff.id):
            self.site = Site.objects.create(name="Rouen")
            self.room = Room.objects.create(name="Salle 1", site=self.site)
            self.other = Room.objects.create(name="Salle 2", site=self.site)
            here = {"kind": kind, "site": self.site, "room": self.room}
            self.a = Asset.objects.create(name="A", tag="T-A", price=Decimal("100.50"), **here)
            self.b = Asset.objects.create(name="B", tag="T-B", price=Decimal("200"), **here)
            self.c = Asset.objects.create(name="C", serial="SER-C", **here)
            self.lent = Asset.objects.create(name="L", tag="T-L", state="on_loan", **here)
            vm = AssetKind.objects.get(key="vm")
            Asset.objects.create(name="VM", tag="T-VM", **{**here, "kind": vm})
            self.far = Asset.objects.create(name="F", tag="T-F", kind=kind, site=self.site, room=self.other)

    def start(self, client, **given):
        answer = client.post("/stocktakes/add/", {"room": self.room.pk, **given})
        assert answer.status_code == 302, answer.content.decode()[:3000]
        with scope(self.staff.id):
            return Stocktake.objects.order_by("-pk").first()

    def count(self, stocktake, code, **given):
        return counting.count(stocktake, code, actor=self.actor, **given)


@pytest.fixture
def place(firm, actor_of, in_english):
    return Place(firm.acme, actor_of(firm.acme.technician))


@pytest.fixture
def browser(firm, client_of):
    return client_of(firm.acme.technician)


@pytest.fixture
def stocktake(place, browser):
    return place.start(browser)
