"""The fleet that measurements are made on is made, whatever columns its nouns have gained."""

import pytest

from etabli.assets.models import Asset
from etabli.inventory.models import Agent, Section
from etabli.kernel.tenancy import scope

fleet = pytest.importorskip(
    "bench.fleet", reason="bench/ is part of the checkout, not of the installed package"
)


def test_a_fleet_is_filled_by_sql(firm):
    fleet.fill(firm.acme.organisation, 240)
    fleet.tell_programs(firm.acme.id)
    with scope(firm.acme.id):
        assert Section.objects.filter(name="softwares", items=300).count() > 100
        assert Asset.objects.count() == 241
        assert Agent.objects.count() > 100
