"""The fleet and the desk that measurements are made on are made, whatever columns their nouns have gained."""

import pytest

from etabli.assets.models import Asset
from etabli.inventory.models import Agent, Section
from etabli.kernel.accounts import Account
from etabli.kernel.tenancy import scope
from etabli.support.messages import Message
from etabli.support.promises import Deadline
from etabli.support.tickets import OPEN, Ticket

fleet = pytest.importorskip(
    "bench.fleet", reason="bench/ is part of the checkout, not of the installed package"
)
desk_fill = pytest.importorskip("bench.desk_fill")
ADMIN = "bench@bench.example"


def test_a_fleet_is_filled_by_sql(firm):
    fleet.fill(firm.acme.organisation, 240)
    fleet.tell_programs(firm.acme.id)
    with scope(firm.acme.id):
        assert Section.objects.filter(name="softwares", items=300).count() > 100
        assert Asset.objects.count() == 241
        assert Agent.objects.count() > 100


def test_a_desk_is_filled_by_sql(firm):
    fleet.fill(firm.acme.organisation, 240)
    Account.objects.create_user(ADMIN, name="Bench")
    with scope(firm.provider.id):
        setup = desk_fill._set_up(firm.provider.organisation)
    desk_fill.fill(firm.acme.organisation, firm.provider.organisation, 180, setup)
    with scope(firm.acme.id):
        assert Ticket.objects.count() == 180
        assert Message.objects.count() == 1800
        lengths = [len(text) for text in Message.objects.values_list("text", flat=True)]
        assert min(lengths) < 150
        assert max(lengths) > 900
        assert Ticket.objects.filter(OPEN).count() == 6
        assert Deadline.objects.filter(ticket__state="new", clock="take_charge").count() == 2
