"""The lists of changes and of peripherals, and what an asset's page shows of its inventories."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from etabli.assets.models import (
    Asset,
    AssetChange,
    AssetKind,
    AssetModel,
    Battery,
    CompatibilityNote,
    FoundLicence,
    HostedMachine,
    LocalUser,
    MemoryModule,
    Peripheral,
    RemoteAccess,
)
from etabli.conftest import Firm
from etabli.kernel.tenancy import scope
from etabli.kernel.text import plain


@pytest.fixture
def acme(firm: Firm) -> Iterator[Firm]:
    with scope(firm.acme.id):
        yield firm


def asset(name: str, key: str = "laptop", **more: Any) -> Asset:
    return Asset.objects.create(name=name, kind=AssetKind.objects.get(organisation=None, key=key), **more)


def change(machine: Asset, label: str, **more: Any) -> AssetChange:
    told = {"family": "memory", "what": "removed", "at": timezone.now(), **more}
    return AssetChange.objects.create(
        asset=machine, label=label, text=plain(f"{machine.name} {label}"), **told
    )


@pytest.fixture
def page(acme: Firm, client_of: Callable[..., Client]) -> Callable[[str], str]:
    client = client_of(acme.acme.technician)

    def read(address: str) -> str:
        answer = client.get(address)
        assert answer.status_code == 200, answer.content
        return answer.content.decode()

    return read


def listed(text: str) -> set[str]:
    return {word for word in ("DIMM-A", "DIMM-B", "DISK-C") if word in text}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {"DIMM-A", "DIMM-B", "DISK-C"}),
        ("family=memory&what=removed&period=month", {"DIMM-A"}),
        ("family=memory", {"DIMM-A", "DIMM-B"}),
        ("family=memory&family=disks", {"DIMM-A", "DIMM-B", "DISK-C"}),
        ("what=replaced", {"DISK-C"}),
        ("period=last_month", {"DIMM-B"}),
        ("q=dimm+pc", {"DIMM-A", "DIMM-B"}),
        ("q=Ünknown", set()),
    ],
)
def test_changes_are_found_by_component_change_period_and_text(
    page: Callable[[str], str], query: str, found: set[str]
) -> None:
    first = timezone.localtime().replace(day=1, hour=0, minute=0, second=1, microsecond=0)
    machine = asset("PC-1")
    change(machine, "DIMM-A", at=first)
    change(machine, "DIMM-B", at=first - timedelta(days=1), what="added")
    change(machine, "DISK-C", at=first, family="disks", what="replaced")
    assert listed(page(f"/changes/?{query}")) == found


@pytest.mark.parametrize(
    ("day", "found"),
    [
        ("2026-03-29", {"DIMM-A"}),
        ("2026-03-29..2026-03-30", {"DIMM-A", "DIMM-B"}),
        ("..2026-03-29", {"DIMM-A"}),
        ("2026-03-30..", {"DIMM-B"}),
    ],
)
def test_days_are_local_and_hold_their_last_hour(
    page: Callable[[str], str], day: str, found: set[str]
) -> None:
    machine = asset("PC-1")
    change(machine, "DIMM-A", at=timezone.make_aware(datetime(2026, 3, 29, 23, 59)))  # noqa: DTZ001
    change(machine, "DIMM-B", at=timezone.make_aware(datetime(2026, 3, 30, 0, 1)))  # noqa: DTZ001
    assert listed(page(f"/changes/?at={day}")) == found


@pytest.mark.parametrize("query", ["at=soon", "asset=x", "period=never", "family=nothing", "what=9"])
def test_a_filter_that_cannot_be_read_says_so(
    acme: Firm, client_of: Callable[..., Client], query: str
) -> None:
    client = client_of(acme.acme.technician)
    answer = client.get(f"/changes/?{query}", follow=True)
    assert answer.redirect_chain
    assert "is not" in answer.content.decode()


def test_the_list_and_the_tab_cost_the_same_whatever_their_length(
    acme: Firm, client_of: Callable[..., Client]
) -> None:
    client, machine, other = client_of(acme.acme.technician), asset("PC-1"), asset("PC-2")

    def cost(address: str) -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(address).status_code == 200
        return len(queries)

    addresses = (
        "/changes/",
        f"/assets/{machine.pk}/?tab=changes",
        f"/assets/{machine.pk}/?tab=hardware",
        "/peripherals/",
    )
    for address in addresses:
        cost(address)
    change(machine, "one", other=other)
    Peripheral.objects.create(asset=machine, kind="usb", name="one", device=other)
    few = [cost(address) for address in addresses]
    for number in range(30):
        change(asset(f"PC-9{number}"), f"more {number}", other=other)
        change(machine, f"more {number}", other=other)
        Peripheral.objects.create(
            asset=machine, kind="usb", name=f"more {number}", device=asset(f"D{number}", "dock")
        )
    assert [cost(address) for address in addresses] == few


def test_missing_peripherals_are_found_in_both_lists(page: Callable[[str], str]) -> None:
    machine, now = asset("PC-1"), timezone.now()
    lost = asset("ECRAN-1", "monitor", parent=machine, missing_since=now)
    asset("ECRAN-2", "monitor", parent=machine)
    Peripheral.objects.create(asset=machine, kind="monitor", name="LOST", device=lost, missing_since=now)
    Peripheral.objects.create(asset=machine, kind="usb", name="KEPT")
    assert "ECRAN-1" in page("/assets/?missing=yes")
    assert "ECRAN-2" not in page("/assets/?missing=yes")
    assert "LOST" in page("/peripherals/?missing=yes")
    assert "KEPT" not in page("/peripherals/?missing=yes")
    assert "KEPT" in page("/peripherals/?missing=no")
    assert "no longer finds it" in page(f"/assets/{lost.pk}/")
    assert "Missing since" in page(f"/assets/{machine.pk}/?tab=hardware")


def test_a_note_of_a_model_is_read_on_its_assets_and_on_the_machine_they_are_connected_to(
    page: Callable[[str], str],
) -> None:
    model = AssetModel.objects.create(name="WD19", page_url="https://vendor.example/wd19")
    CompatibilityNote.objects.create(
        model=model, text="Needs driver 2.11 or later", source_url="https://vendor.example/note"
    )
    machine = asset("PC-1")
    dock = asset("DOCK-1", "dock", model=model, parent=machine)
    for address in (f"/assets/{dock.pk}/", f"/assets/{machine.pk}/", f"/models/{model.pk}/"):
        shown = page(address)
        assert "Needs driver 2.11 or later" in shown
        assert ' href="https://vendor.example/note"' in shown
    assert 'href="https://vendor.example/wd19"' in page(f"/assets/{dock.pk}/")
    assert "Needs driver" not in page(f"/assets/{asset('PC-2').pk}/")


def test_protection_shows_accounts_links_and_no_whole_key(page: Callable[[str], str]) -> None:
    machine = asset("PC-1")
    LocalUser.objects.create(asset=machine, login="backup-admin")
    RemoteAccess.objects.create(asset=machine, kind="anydesk", number="407026896")
    RemoteAccess.objects.create(asset=machine, kind="anydesk", number="javascript:1")
    FoundLicence.objects.create(asset=machine, name="Office", key_end="7FTGD")
    shown = page(f"/assets/{machine.pk}/?tab=protection")
    assert "backup-admin" in shown
    assert 'href="anydesk:407026896"' in shown
    assert 'href="javascript' not in shown
    assert "•••••-7FTGD" in shown


def test_a_battery_tells_its_wear_and_an_empty_slot_its_place(page: Callable[[str], str]) -> None:
    machine = asset("PC-1", memory_mib=8192)
    Battery.objects.create(asset=machine, name="DELL", capacity_mwh=50000, left_mwh=20000)
    MemoryModule.objects.create(asset=machine, slot="DIMM 2")
    shown = page(f"/assets/{machine.pk}/?tab=hardware")
    assert "40\u00a0%" in shown
    assert "DIMM 2" in shown
    assert "20 Wh of 50 Wh when new" in page(f"/assets/{machine.pk}/")


def test_a_guest_that_reports_for_itself_is_linked_from_its_host(page: Callable[[str], str]) -> None:
    host, guest = asset("HOST", "server"), asset("GUEST", "vm", uuid="564d9904-a176-a762-1b95-f75ddd0642d8")
    HostedMachine.objects.create(asset=host, name="ubuntu", uuid=guest.uuid)
    assert f'href="/assets/{guest.pk}/"' in page(f"/assets/{host.pk}/?tab=software")
