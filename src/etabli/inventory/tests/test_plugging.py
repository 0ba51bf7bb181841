"""Monitors and printers become assets of their own, and follow the machine they are plugged into."""

from dataclasses import replace
from typing import Any

from etabli.assets.models import Asset, AssetChange, AssetKind, Peripheral
from etabli.kernel.tenancy import scope

from .machines import Fleet, Machine, computer
from .test_parts import display

MONITOR = {
    "caption": "DELL U2719D",
    "serial": "C975661HAB2R",
    "manufacturer": "Dell Inc.",
    "base64": display("DEL"),
}


def showing(machine: Machine, *monitors: dict[str, Any], **more: Any) -> Machine:
    return replace(machine, sections={**machine.sections, "monitors": list(monitors), **more})


def the_monitor(fleet: Fleet) -> Asset:
    with scope(fleet.acme.pk):
        return Asset.objects.select_related("parent", "kind", "model__manufacturer").get(kind__key="monitor")


def test_a_monitor_becomes_an_asset_connected_to_its_machine(fleet: Fleet) -> None:
    fleet.send(showing(computer(1), MONITOR))
    monitor = the_monitor(fleet)
    assert (monitor.serial, monitor.parent.name, str(monitor.model)) == (
        "C975661HAB2R",
        "PC-00001",
        "DELL U2719D",
    )
    assert str(monitor.model.manufacturer) == "Dell Inc."
    assert monitor.missing_since is None


def test_the_same_inventory_again_makes_no_second_monitor(fleet: Fleet) -> None:
    fleet.send(showing(computer(1), MONITOR))
    fleet.send(showing(computer(1), {**MONITOR, "port": "HDMI"}))
    assert the_monitor(fleet).parent.name == "PC-00001"


def test_a_monitor_seen_on_another_machine_moves_there_and_that_is_told(fleet: Fleet) -> None:
    fleet.send(showing(computer(1), MONITOR))
    fleet.send(computer(2))
    fleet.send(showing(computer(2), MONITOR))
    monitor = the_monitor(fleet)
    assert monitor.parent.name == "PC-00002"
    with scope(fleet.acme.pk):
        change = AssetChange.objects.get(asset=monitor)
        assert (change.family, change.what, change.before, change.after) == (
            "connection",
            "moved",
            "PC-00001",
            "PC-00002",
        )
    fleet.send(showing(computer(1)))
    assert the_monitor(fleet).parent.name == "PC-00002"
    assert the_monitor(fleet).missing_since is None
    with scope(fleet.acme.pk):
        assert [row.asset.name for row in Peripheral.objects.all()] == ["PC-00002"]


def test_a_monitor_no_longer_found_is_missing_until_it_is_found_again(fleet: Fleet) -> None:
    second = {**MONITOR, "serial": "OTHER12345"}
    fleet.send(showing(computer(1), MONITOR, {**second, "caption": "LG 27", "manufacturer": "LG"}))
    fleet.send(showing(computer(1), {**second, "caption": "LG 27", "manufacturer": "LG"}))
    with scope(fleet.acme.pk):
        lost = Asset.objects.get(serial="C975661HAB2R")
        assert lost.missing_since == fleet.last().received_at
        assert lost.parent.name == "PC-00001"
        assert Asset.objects.get(serial="OTHER12345").missing_since is None
    fleet.send(showing(computer(3), MONITOR))
    with scope(fleet.acme.pk):
        found = Asset.objects.get(serial="C975661HAB2R")
        assert (found.missing_since, found.parent.name) == (None, "PC-00003")


def test_a_monitor_entered_by_hand_is_recognised_and_keeps_its_site(fleet: Fleet) -> None:
    with scope(fleet.acme.pk):
        kind = AssetKind.objects.get(key="monitor", organisation=None)
        Asset.objects.create(name="Ecran accueil", serial="c975661hab2r", kind=kind)
    fleet.send(showing(computer(1), MONITOR))
    monitor = the_monitor(fleet)
    assert (monitor.name, monitor.parent.name, monitor.site) == ("Ecran accueil", "PC-00001", None)


def test_a_monitor_never_comes_from_another_organisation(fleet: Fleet) -> None:
    fleet.send(showing(computer(2), MONITOR), organisation=fleet.globex)
    fleet.send(showing(computer(1), MONITOR))
    assert [a.parent.name for a in (the_monitor(fleet),)] == ["PC-00001"]
    with scope(fleet.globex.pk):
        assert Asset.objects.get(kind__key="monitor").parent.name == "PC-00002"


def test_panels_junk_serials_and_virtual_printers_make_no_asset(fleet: Fleet) -> None:
    panel = {"caption": "N133BGE", "serial": "ABH55D7", "base64": display("CMN", serial=False)}
    pdf = {"name": "Microsoft Print to PDF", "serial": "ABCDEF12", "port": "PORTPROMPT:"}
    fleet.send(showing(computer(1), panel, {"caption": "VGA", "serial": "00000000"}, printers=[pdf]))
    assert [a.name for a in fleet.assets()] == ["PC-00001"]


def test_a_local_printer_with_a_serial_number_is_an_asset(fleet: Fleet) -> None:
    printer = {
        "name": "Officejet_Pro_8600_34AF9E_",
        "driver": "HP Officejet Pro 8600",
        "serial": "MY47L1W1JHEB6",
    }
    fleet.send(showing(computer(1), printers=[printer]))
    with scope(fleet.acme.pk):
        made = Asset.objects.get(kind__key="printer")
        assert (made.serial, made.parent.name, str(made.model)) == (
            "MY47L1W1JHEB6",
            "PC-00001",
            "HP Officejet Pro 8600",
        )


def test_a_dock_entered_by_hand_follows_the_laptop_it_is_plugged_into(fleet: Fleet) -> None:
    dock = {"name": "ThinkPad Dock", "vendorid": "17ef", "productid": "ffff", "serial": "1S40AJ0135"}
    with scope(fleet.acme.pk):
        kind = AssetKind.objects.get(key="dock", organisation=None)
        Asset.objects.create(name="DOCK-7", serial="1S40AJ0135", kind=kind)
    for number in (1, 2):
        fleet.send(showing(computer(number), usbdevices=[dock]))
    with scope(fleet.acme.pk):
        assert Asset.objects.get(name="DOCK-7").parent.name == "PC-00002"
    assert len(fleet.assets()) == 3


def test_a_connection_that_a_person_set_is_not_moved(fleet: Fleet) -> None:
    fleet.send(showing(computer(1), MONITOR))
    with scope(fleet.acme.pk):
        Asset.objects.filter(kind__key="monitor").update(locked=["parent"])
    fleet.send(showing(computer(2), MONITOR))
    monitor = the_monitor(fleet)
    assert (monitor.parent.name, monitor.missing_since) == ("PC-00001", None)
