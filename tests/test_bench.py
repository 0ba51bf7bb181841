"""The fleet that measurements are made on is made, whatever columns its nouns have gained."""

import pytest

from etabli.assets.models import Asset
from etabli.inventory.models import Agent
from etabli.kernel.tenancy import scope

fleet = pytest.importorskip("bench.fleet", reason="bench/ is part of the checkout, not of the installed package")


def test_a_fleet_is_filled_by_sql(firm):
    fleet.fill(firm.acme.organisation, 240)
    with scope(firm.acme.id):
        assert Asset.objects.count() == 240
        assert Agent.objects.exclude(asset__seen_at=None).count() == Asset.objects.exclude(seen_at=None).count() > 100
