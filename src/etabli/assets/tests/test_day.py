"""“My day” shows what somebody has to look at in the fleet, and costs the same however large it is."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from etabli.assets import day
from etabli.assets.models import Asset, AssetKind, Volume
from etabli.conftest import Firm
from etabli.kernel.actors import Actor, actor_of
from etabli.kernel.tenancy import scope


@pytest.fixture
def at_acme(firm: Firm) -> Iterator[Actor]:
    with scope(firm.acme.id):
        yield actor_of(firm.acme.technician)


def asset(name: str, **more: object) -> Asset:
    return Asset.objects.create(
        name=name, kind=AssetKind.objects.get(organisation=None, key="laptop"), **more
    )


def shown(actor: Actor) -> dict[str, str]:
    return {str(panel.title): " ".join(f"{a} {b}" for a, b in panel.rows) for panel in day.panels(actor)}


def test_an_empty_fleet_shows_no_panel(at_acme: Actor) -> None:
    assert shown(at_acme) == {}


def test_a_machine_silent_for_a_month_is_shown_unless_it_left_the_fleet(at_acme: Actor) -> None:
    long_ago = timezone.now() - timedelta(days=31)
    asset("SILENT", seen_at=long_ago)
    asset("RETIRED", seen_at=long_ago, state="retired")
    asset("AWAKE", seen_at=timezone.now())
    panel = shown(at_acme)["Not seen for 30 days"]
    assert "SILENT" in panel
    assert "RETIRED" not in panel
    assert "AWAKE" not in panel


@pytest.mark.parametrize(("free", "full"), [(9, True), (10, False), (None, False)])
def test_a_disk_with_less_than_a_tenth_free_is_nearly_full(
    at_acme: Actor, free: int | None, full: bool
) -> None:
    Volume.objects.create(asset=asset("PC"), mount="C:", size_mib=100, free_mib=free)
    assert ("Disks nearly full" in shown(at_acme)) is full


def test_a_warranty_that_ends_within_three_months_is_shown(at_acme: Actor) -> None:
    today = timezone.localdate()
    asset("SOON", warranty_end=today + timedelta(days=90))
    asset("LATER", warranty_end=today + timedelta(days=91))
    asset("PAST", warranty_end=today - timedelta(days=1))
    panel = shown(at_acme)["Warranties ending"]
    assert "SOON" in panel
    assert "LATER" not in panel
    assert "PAST" not in panel


def test_nothing_is_shown_without_the_right_to_see_the_fleet(firm: Firm) -> None:
    with scope(firm.acme.id):
        asset("PC", seen_at=timezone.now() - timedelta(days=40))
        requester = actor_of(firm.acme.requester)
        assert shown(requester) == {}
        assert list(day.figures(requester)) == []


def test_the_number_of_queries_does_not_depend_on_the_fleet(at_acme: Actor) -> None:
    def queries(number: int) -> int:
        for n in range(number):
            one = asset(
                f"PC {number} {n}",
                seen_at=timezone.now() - timedelta(days=40),
                warranty_end=timezone.localdate(),
            )
            Volume.objects.create(asset=one, mount="C:", size_mib=100, free_mib=1)
        with CaptureQueriesContext(connection) as counted:
            shown(at_acme)
            list(day.figures(at_acme))
        return len(counted)

    assert queries(2) == queries(20) <= 5
