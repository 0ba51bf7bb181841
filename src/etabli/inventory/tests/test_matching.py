"""Which asset a machine is, from the first day to the bad ones: no duplicate, no wrong merge, always a reason."""

from dataclasses import replace

import pytest

from etabli.assets.models import Asset, AssetKind
from etabli.inventory import actions, jobs
from etabli.inventory.models import Agent, Document
from etabli.kernel.actors import SYSTEM
from etabli.kernel.tenancy import scope

from .machines import Fleet, Machine, computer

LAPTOP = computer(1)


def enter(fleet: Fleet, **columns: str) -> Asset:
    """An asset that somebody typed."""
    with scope(fleet.acme.pk):
        kind = AssetKind.objects.get(organisation=None, key="laptop")
        return Asset.objects.create(organisation=fleet.acme, kind=kind, **columns)


def test_a_new_machine_makes_one_asset_that_keeps_its_first_name_number_and_maker(fleet: Fleet) -> None:
    document = fleet.send(LAPTOP)
    (asset,) = fleet.assets()
    assert (document.decision, document.asset) == ("created", asset)
    assert (asset.name, asset.serial, asset.uuid) == (LAPTOP.name, LAPTOP.serial, LAPTOP.uuid)
    with scope(fleet.acme.pk):
        assert str(asset.model.manufacturer) == "Dell Inc."
        assert asset.kind.key == "laptop"


def test_a_reinstalled_agent_finds_its_asset_again(fleet: Fleet) -> None:
    first = fleet.send(LAPTOP)
    again = fleet.send(LAPTOP.reinstalled())
    assert (again.decision, again.asset) == ("unchanged", first.asset)
    with scope(fleet.acme.pk):
        assert set(Agent.objects.values_list("asset", flat=True)) == {first.asset.pk}


def test_a_reinstalled_and_renamed_machine_is_the_same_asset(fleet: Fleet) -> None:
    fleet.send(LAPTOP)
    document = fleet.send(replace(LAPTOP, name="PC-DIRECTION").reinstalled())
    (asset,) = fleet.assets()
    assert (document.decision, asset.name) == ("updated", "PC-DIRECTION")


def test_a_renamed_machine_takes_its_new_name_unless_somebody_had_named_it(fleet: Fleet) -> None:
    fleet.send(LAPTOP)
    fleet.send(replace(LAPTOP, name="PC-RENAMED", deviceid="one"))
    assert fleet.assets()[0].name == "PC-RENAMED"
    with scope(fleet.acme.pk):
        Asset.objects.update(name="The director's")
    fleet.send(replace(LAPTOP, name="PC-AGAIN", deviceid="one"))
    assert [a.name for a in fleet.assets()] == ["The director's"]


def test_a_new_motherboard_with_the_old_serial_number_is_the_same_asset(fleet: Fleet) -> None:
    fleet.send(LAPTOP)
    repaired = replace(LAPTOP, uuid=computer(77).uuid, macs=computer(77).macs)
    document = fleet.send(repaired.reinstalled())
    (asset,) = fleet.assets()
    assert (document.decision, asset.uuid) == ("updated", repaired.uuid)
    assert LAPTOP.serial in document.reason


def test_a_new_motherboard_under_the_same_agent_is_the_same_asset(fleet: Fleet) -> None:
    fleet.send(LAPTOP)
    fleet.send(replace(LAPTOP, uuid=computer(77).uuid, macs=computer(77).macs))
    assert len(fleet.assets()) == 1


def test_a_disk_image_copied_with_its_agent_makes_another_asset_and_both_stay_apart(fleet: Fleet) -> None:
    other = replace(computer(2), agent=LAPTOP.agent_id, deviceid="image-2026")
    original = replace(LAPTOP, deviceid="image-2026")
    first = fleet.send(original)
    copy = fleet.send(other)
    assert (first.decision, copy.decision) == ("created", "created")
    for _round in range(2):
        assert fleet.send(original).asset == first.asset
        assert fleet.send(other).asset == copy.asset
    assert [a.serial for a in fleet.assets()] == [LAPTOP.serial, other.serial]


def test_a_virtual_machine_cloned_with_its_numbers_is_another_asset(fleet: Fleet) -> None:
    server = computer(3, name="SRV-1", vmsystem="VMware", maker="VMware, Inc.")
    clone = replace(server, name="SRV-2", macs=("02:99:00:00:00:01",))
    fleet.send(server)
    assert fleet.send(clone.reinstalled()).decision == "created"
    # Later both are installed again: each finds its own.
    assert fleet.send(server.reinstalled()).asset.name == "SRV-1"
    assert fleet.send(clone.reinstalled()).asset.name == "SRV-2"
    assert len(fleet.assets()) == 2


def test_a_virtual_machine_cloned_with_its_agent_is_another_asset(fleet: Fleet) -> None:
    server = computer(3, name="SRV-1", vmsystem="VMware", maker="VMware, Inc.", deviceid="srv")
    clone = replace(server, name="SRV-2", macs=("02:99:00:00:00:01",))
    for _round in range(2):
        assert fleet.send(server).asset.name == "SRV-1"
        assert fleet.send(clone).asset.name == "SRV-2"
    assert len(fleet.assets()) == 2


def test_the_same_machine_in_two_organisations_is_two_assets_that_ignore_each_other(fleet: Fleet) -> None:
    ours = fleet.send(LAPTOP)
    theirs = fleet.send(LAPTOP, organisation=fleet.globex)
    assert (ours.decision, theirs.decision) == ("created", "created")
    assert len(fleet.assets()) == len(fleet.assets(fleet.globex)) == 1
    assert fleet.send(replace(LAPTOP, name="PC-X"), organisation=fleet.globex).decision == "updated"
    assert fleet.assets()[0].name == LAPTOP.name


@pytest.mark.parametrize("serial", ["To be filled by O.E.M.", "0123456789", "Default string", "ABCD-1234"])
def test_a_number_that_forty_machines_share_identifies_none(fleet: Fleet, serial: str) -> None:
    machines = [computer(n, serial=serial) for n in range(40)]
    for machine in machines:
        fleet.send(machine)
    assert len({a.uuid for a in fleet.assets()}) == len(fleet.assets()) == 40
    for machine in machines[:5]:
        assert fleet.send(machine.reinstalled()).asset.name == machine.name
    assert len(fleet.assets()) == 40


def test_two_makers_may_use_the_same_serial_number(fleet: Fleet) -> None:
    fleet.send(computer(1, serial="12345"))
    fleet.send(computer(2, serial="12345", maker="LENOVO"))
    assert len(fleet.assets()) == 2


def test_a_docking_station_that_goes_from_desk_to_desk_merges_nobody(fleet: Fleet) -> None:
    dock = "02:dd:00:00:00:01"
    fleet.send(computer(1, macs=(*computer(1).macs, dock)))
    fleet.send(computer(2, macs=(*computer(2).macs, dock)))
    fleet.send(computer(3, serial="", uuid="", macs=(*computer(3).macs, dock)))
    assert len(fleet.assets()) == 3


def test_a_machine_without_numbers_is_recognised_by_its_addresses(fleet: Fleet) -> None:
    first = fleet.send(computer(1))
    assert fleet.send(computer(1, serial="", uuid="").reinstalled()).asset == first.asset


def test_an_agent_replaced_by_an_older_one_in_another_format_keeps_the_asset(fleet: Fleet) -> None:
    fleet.send(LAPTOP)
    xml = f"""<REQUEST><CONTENT><HARDWARE><NAME>{LAPTOP.name}</NAME><UUID>{LAPTOP.uuid.upper()}</UUID></HARDWARE>
    <BIOS><SSN>{LAPTOP.serial}</SSN><SMANUFACTURER>Dell Inc.</SMANUFACTURER></BIOS></CONTENT>
    <DEVICEID>{LAPTOP.name}-2026-02-01-09-00-00</DEVICEID><QUERY>INVENTORY</QUERY></REQUEST>"""
    answer = fleet.post(xml.encode(), User_Agent="OCS-NG_unified_unix_agent_v2.10.0")
    assert answer.status_code == 200
    jobs.drain_all(fleet.acme.pk)
    assert [a.serial for a in fleet.assets()] == [LAPTOP.serial]
    assert fleet.last().decision == "updated"


def test_an_asset_typed_with_its_serial_number_is_found_by_it_and_keeps_what_was_typed(fleet: Fleet) -> None:
    typed = enter(fleet, name="Reception", serial=LAPTOP.serial.lower(), tag="A-17")
    document = fleet.send(LAPTOP)
    (asset,) = fleet.assets()
    assert (document.decision, asset.pk) == ("updated", typed.pk)
    assert (asset.name, asset.serial, asset.tag) == ("Reception", LAPTOP.serial.lower(), "A-17")


def test_an_asset_typed_by_its_name_alone_is_suggested_and_a_person_says_yes(fleet: Fleet) -> None:
    typed = enter(fleet, name=LAPTOP.name.lower())
    document = fleet.send(LAPTOP)
    assert (document.decision, document.asset) == ("suggested", typed)
    fleet.send(LAPTOP)
    with scope(fleet.acme.pk):
        assert Document.objects.filter(decision="suggested").count() == 1
        settled = actions.settle_suggestion(
            document=document, asset=typed, actor=SYSTEM, now=document.received_at
        )
    assert (settled.decision, settled.asset) == ("updated", typed)
    assert fleet.send(LAPTOP).decision == "unchanged"
    assert [a.serial for a in fleet.assets()] == [LAPTOP.serial]


def test_a_person_may_say_that_the_suggested_asset_is_another_machine(fleet: Fleet) -> None:
    typed = enter(fleet, name=LAPTOP.name)
    document = fleet.send(LAPTOP)
    with scope(fleet.acme.pk):
        settled = actions.settle_suggestion(
            document=document, asset=None, actor=SYSTEM, now=document.received_at
        )
    assert settled.decision == "created"
    assert settled.asset != typed
    assert fleet.send(LAPTOP).asset == settled.asset
    assert len(fleet.assets()) == 2


def test_a_serial_number_corrected_by_hand_does_not_lose_the_machine(fleet: Fleet) -> None:
    machine = replace(LAPTOP, uuid="")
    fleet.send(machine)
    with scope(fleet.acme.pk):
        Asset.objects.update(serial="CORRECTED")
    fleet.send(replace(machine, sections={"storages": [{"name": "sda", "disksize": 1000}]}))
    assert [a.serial for a in fleet.assets()] == ["CORRECTED"]


def test_two_typed_assets_with_one_serial_number_ask_a_person(fleet: Fleet) -> None:
    enter(fleet, name="One", serial=LAPTOP.serial)
    enter(fleet, name="Two", serial=LAPTOP.serial)
    assert fleet.send(LAPTOP).decision == "suggested"
    assert len(fleet.assets()) == 2


def test_of_two_typed_assets_with_one_serial_number_the_one_with_the_name_is_it(fleet: Fleet) -> None:
    enter(fleet, name="One", serial=LAPTOP.serial)
    named = enter(fleet, name=LAPTOP.name, serial=LAPTOP.serial)
    assert fleet.send(LAPTOP).asset == named


def test_a_machine_of_nobody_is_refused_with_a_reason(fleet: Fleet) -> None:
    anonymous = Machine(name="", deviceid="?")
    document = fleet.send(anonymous, partial=True, only=("networks",))
    assert document.decision == "refused"
    assert document.reason
    assert fleet.assets() == []
