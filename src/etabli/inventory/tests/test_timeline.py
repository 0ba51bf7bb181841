"""What changed between two inventories is written down: never the first, never what always moves."""

from dataclasses import replace
from typing import Any

import pytest

from etabli.assets.models import AssetChange, Peripheral
from etabli.inventory.comparing import steady_addresses
from etabli.kernel.tenancy import scope

from .machines import Fleet, Machine, computer

MODULE = {"capacity": 8192, "caption": "DIMM A", "type": "DDR4", "serialnumber": "1A2B3C4D", "model": "M471"}
OTHER = {"capacity": 8192, "caption": "DIMM B", "type": "DDR4", "serialnumber": "5E6F7A8B", "model": "M471"}
SSD = {"name": "sda", "model": "Samsung SSD 860", "serial": "S3Z9NB0K", "disksize": 256060, "type": "disk"}
BIGGER = {"name": "sda", "model": "Crucial MX500", "serial": "1924E1F2", "disksize": 512110, "type": "disk"}
DRIVE = {"letter": "C:", "total": 250000, "free": 100000, "filesystem": "NTFS"}


def having(machine: Machine, **sections: Any) -> Machine:
    return replace(machine, sections={**machine.sections, **sections})


def changes(fleet: Fleet) -> list[tuple[str, str, str]]:
    with scope(fleet.acme.pk):
        rows = AssetChange.objects.order_by("pk")
        return [(one.family, one.what, one.label) for one in rows]


def the_change(fleet: Fleet, **wanted: Any) -> AssetChange:
    with scope(fleet.acme.pk):
        return AssetChange.objects.select_related("asset", "other").get(**wanted)


@pytest.fixture
def machine() -> Machine:
    return computer(1, sections={"memories": [MODULE, OTHER], "storages": [SSD], "drives": [DRIVE]})


def test_the_first_inventory_changes_nothing(fleet: Fleet, machine: Machine) -> None:
    fleet.send(machine)
    assert changes(fleet) == []


def test_an_asset_entered_by_hand_has_no_change_at_its_first_inventory(
    fleet: Fleet, machine: Machine
) -> None:
    from etabli.assets.models import Asset, AssetKind

    with scope(fleet.acme.pk):
        Asset.objects.create(name="PC", serial=machine.serial, kind=AssetKind.objects.get(key="laptop"))
    fleet.send(machine)
    assert len(fleet.assets()) == 1
    assert changes(fleet) == []


def test_a_memory_module_that_went_is_told(fleet: Fleet, machine: Machine) -> None:
    fleet.send(machine)
    fleet.send(having(machine, memories=[MODULE]))
    assert changes(fleet) == [("memory", "removed", "8 GiB DDR4 DIMM B")]
    change = the_change(fleet)
    assert change.document == fleet.last().pk
    assert change.at == fleet.last().received_at
    assert change.asset.name in ("PC-00001",)


def test_a_slot_that_is_filled_is_an_addition(fleet: Fleet, machine: Machine) -> None:
    empty = {"caption": "DIMM B", "type": "Empty"}
    fleet.send(having(machine, memories=[MODULE, empty]))
    fleet.send(machine)
    assert changes(fleet) == [("memory", "added", "8 GiB DDR4 DIMM B")]


def test_a_disk_in_the_place_of_another_is_a_replacement(fleet: Fleet, machine: Machine) -> None:
    fleet.send(machine)
    fleet.send(having(machine, storages=[BIGGER]))
    change = the_change(fleet)
    assert (change.family, change.what) == ("disks", "replaced")
    assert (change.before, change.after) == ("Samsung SSD 860", "Crucial MX500")


def test_a_module_that_goes_from_a_machine_to_another_is_one_move(fleet: Fleet, machine: Machine) -> None:
    second = computer(2, sections={"memories": [{**MODULE, "serialnumber": "99887766"}]})
    fleet.send(machine)
    fleet.send(second)
    fleet.send(having(machine, memories=[MODULE]))
    fleet.send(having(second, memories=[*second.sections["memories"], OTHER]))
    with scope(fleet.acme.pk):
        rows = list(
            AssetChange.objects.order_by("pk").values_list(
                "asset__name", "what", "before", "after", "other__name"
            )
        )
    assert rows == [
        ("PC-00001", "moved", "PC-00001", "PC-00002", "PC-00002"),
        ("PC-00002", "moved", "PC-00001", "PC-00002", "PC-00001"),
    ]


def test_the_move_is_told_whichever_machine_speaks_first(fleet: Fleet, machine: Machine) -> None:
    second = computer(2, sections={"memories": [{**MODULE, "serialnumber": "99887766"}]})
    fleet.send(machine)
    fleet.send(second)
    fleet.send(having(second, memories=[*second.sections["memories"], OTHER]))
    fleet.send(having(machine, memories=[MODULE]))
    with scope(fleet.acme.pk):
        rows = list(AssetChange.objects.order_by("pk").values_list("asset__name", "what", "before", "after"))
    assert rows == [
        ("PC-00002", "moved", "PC-00001", "PC-00002"),
        ("PC-00001", "moved", "PC-00001", "PC-00002"),
    ]


def test_a_module_with_the_serial_of_another_organisations_never_moves_across(
    fleet: Fleet, machine: Machine
) -> None:
    fleet.send(computer(2, sections={"memories": [OTHER]}), organisation=fleet.globex)
    fleet.send(having(machine, memories=[MODULE]))
    fleet.send(machine)
    change = the_change(fleet)
    assert (change.what, change.other) == ("added", None)


def test_an_address_that_changes_is_told_and_privacy_addresses_are_not(fleet: Fleet) -> None:
    def at(*addresses: str) -> dict[str, Any]:
        card = {"description": "eth0", "mac": "02:00:00:00:01:01", "type": "ethernet", "virtualdev": False}
        told = [
            {**card, "ipaddress6": a, "ipmask6": "ffff:ffff:ffff:ffff::"}
            if ":" in a
            else {**card, "ipaddress": a, "ipmask": "255.255.255.0"}
            for a in addresses
        ]
        return {"networks": told}

    fleet.send(computer(1, sections=at("192.0.2.10", "2001:db8::1")))
    fleet.send(computer(1, sections=at("192.0.2.10", "2001:db8::beef")))
    assert changes(fleet) == []
    fleet.send(computer(1, sections=at("192.0.2.77", "2001:db8::beef")))
    change = the_change(fleet)
    assert (change.family, change.what, change.before, change.after) == (
        "address",
        "changed",
        "192.0.2.10/24",
        "192.0.2.77/24",
    )


def test_steady_addresses() -> None:
    assert steady_addresses(["2001:db8::2/64", "10.0.0.2/8", "fe80::1/64", "127.0.0.1/8"]) == ["10.0.0.2/8"]
    assert steady_addresses(["2001:db8::2/64", "fe80::1/64"]) == ["2001:db8::2/64"]
    assert steady_addresses(["nonsense"]) == []


def test_another_user_is_told(fleet: Fleet) -> None:
    def used_by(login: str) -> Machine:
        made = computer(1)
        hardware = {**made.content()["hardware"], "lastloggeduser": login}
        return having(made, hardware=hardware)

    fleet.send(used_by("camille"))
    fleet.send(used_by("nadia"))
    change = the_change(fleet)
    assert (change.family, change.before, change.after) == ("user", "camille", "nadia")


def test_what_moves_all_the_time_is_no_change(fleet: Fleet, machine: Machine) -> None:
    fleet.send(machine)
    fleet.send(having(machine, drives=[{**DRIVE, "free": 3}]))
    fleet.send(having(machine, drives=[{**DRIVE, "free": 3, "description": "another word"}]))
    assert changes(fleet) == []


def test_a_firmware_update_tells_both_versions(fleet: Fleet, machine: Machine) -> None:
    bios = {**machine.content()["bios"], "bversion": "1.4.3"}
    fleet.send(having(machine, bios=bios))
    fleet.send(having(machine, bios={**bios, "bversion": "1.9.0"}))
    change = the_change(fleet)
    assert (change.family, change.what, change.label) == ("firmwares", "changed", "BIOS")
    assert (change.before, change.after, change.fields) == ("1.4.3", "1.9.0", ["release"])


def test_a_partial_inventory_tells_only_of_the_sections_it_lists(fleet: Fleet, machine: Machine) -> None:
    fleet.send(machine)
    fleet.send(having(machine, memories=[MODULE]), partial=True, only=("memories",))
    assert changes(fleet) == [("memory", "removed", "8 GiB DDR4 DIMM B")]


def test_another_agent_that_tells_more_or_less_is_no_news_of_the_machine(
    fleet: Fleet, machine: Machine
) -> None:
    glpi = {"versionprovider": {"name": "GLPI", "version": "1.12"}, "sounds": [{"name": "Audio device"}]}
    ocs = {"versionprovider": {"name": "OCS", "version": "2.10"}}
    fleet.send(having(machine, **glpi))
    fleet.send(having(replace(machine, sections={}), **ocs))
    fleet.send(having(machine, **glpi))
    assert changes(fleet) == []


def test_the_same_agent_that_tells_a_new_section_does_tell_news(fleet: Fleet, machine: Machine) -> None:
    fleet.send(machine)
    fleet.send(having(machine, antivirus=[{"name": "Defender", "enabled": True}]))
    assert changes(fleet) == [("antivirus", "added", "Defender")]


def test_a_licence_key_is_in_no_change_whole(fleet: Fleet, machine: Machine) -> None:
    key = "V33KV-CMD8V-6JXQ9-YJP62-7FTGD"
    fleet.send(having(machine, licenseinfos=[{"name": "Office", "key": "AAAAA-BBBBB-CCCCC-DDDDD-EEEEE"}]))
    fleet.send(having(machine, licenseinfos=[{"name": "Office", "key": key}]))
    change = the_change(fleet)
    assert (change.family, change.before, change.after) == ("licences", "EEEEE", "7FTGD")
    assert "cmd8v" not in change.text


def test_a_usb_device_not_found_is_missing_then_found_again(fleet: Fleet, machine: Machine) -> None:
    stick = {"name": "Scanner", "vendorid": "04f2", "productid": "ffff", "serial": "AB12CD34"}
    mouse = {"name": "Mouse", "vendorid": "093a", "productid": "fffe"}
    fleet.send(having(machine, usbdevices=[stick, mouse]))
    fleet.send(having(machine, usbdevices=[mouse]))
    with scope(fleet.acme.pk):
        row = Peripheral.objects.get(serial="AB12CD34")
        assert row.missing_since == fleet.last().received_at
        assert Peripheral.objects.filter(missing_since=None).count() == 1
    fleet.send(having(machine, usbdevices=[stick, mouse]))
    with scope(fleet.acme.pk):
        assert Peripheral.objects.get(serial="AB12CD34").missing_since is None
        assert Peripheral.objects.count() == 2
    assert changes(fleet) == [("usb", "removed", "Scanner"), ("usb", "added", "Scanner")]
