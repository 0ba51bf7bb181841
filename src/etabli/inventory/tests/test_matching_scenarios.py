"""Whole stories of machines, in every order and sent twice: how many assets are left, which, under which agents.

Each story says its end state. It is told as it happened, backwards, and shuffled; then everything is sent again.
"""

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import pytest

from etabli.assets.models import Asset, AssetKind
from etabli.inventory import jobs
from etabli.inventory.models import Document
from etabli.kernel.tenancy import scope

from .machines import Fleet, Machine, computer

ORDERS: dict[str, Callable[[Sequence[Machine]], list[Machine]]] = {
    "as it happened": list,
    "backwards": lambda sent: list(reversed(sent)),
    "shuffled 1": lambda sent: random.Random(1).sample(list(sent), len(sent)),
    "shuffled 2": lambda sent: random.Random(2).sample(list(sent), len(sent)),
}
LAPTOP = computer(1, agent="a", deviceid="laptop-a")


@dataclass(frozen=True)
class End:
    """An asset at the end: its serial number, its UUID, the agents that report for it."""

    serial: str
    uuid: str
    agents: frozenset[str]


def end(machine: Machine, *others: Machine) -> End:
    return End(machine.serial, machine.uuid, frozenset(m.deviceid for m in (machine, *others)))


def state(fleet: Fleet) -> set[End]:
    with scope(fleet.acme.pk):
        return {
            End(a.serial, a.uuid, frozenset(a.agents.values_list("deviceid", flat=True)))
            for a in Asset.objects.filter(organisation=fleet.acme)
        }


def tell(fleet: Fleet, order: str, sent: Sequence[Machine], expected: set[End]) -> list[Document]:
    """Send the story twice in an order; the end state is checked after each time. Gives all the documents."""
    documents = []
    for _round in range(2):
        documents += [fleet.send(machine) for machine in ORDERS[order](sent)]
        assert state(fleet) == expected
        assert len(fleet.assets()) == len(expected)
    assert all(document.reason for document in documents)
    assert "created" not in {d.decision for d in documents[len(sent) :]}
    return documents


everywhere = pytest.mark.parametrize("order", ORDERS)


@everywhere
def test_an_agent_installed_again(fleet: Fleet, order: str) -> None:
    again = replace(LAPTOP, agent="b", deviceid="laptop-b")
    documents = tell(fleet, order, [LAPTOP, again], {end(LAPTOP, again)})
    assert documents[1].decision == "unchanged"


@everywhere
def test_a_machine_renamed_and_installed_again(fleet: Fleet, order: str) -> None:
    again = replace(LAPTOP, name="PC-DIRECTION", agent="b", deviceid="laptop-b")
    documents = tell(fleet, order, [LAPTOP, again], {end(LAPTOP, again)})
    assert documents[1].reason == f"Same serial number ({LAPTOP.serial}) and same UUID."


@everywhere
def test_a_motherboard_swapped_under_the_same_agent(fleet: Fleet, order: str) -> None:
    repaired = replace(LAPTOP, uuid=computer(77).uuid, macs=computer(77).macs)
    last = ORDERS[order]([LAPTOP, repaired])[-1]
    documents = tell(fleet, order, [LAPTOP, repaired], {end(last)})
    assert {d.reason for d in documents[1:]} == {"Same agent as last time."}


@everywhere
def test_a_motherboard_swapped_and_the_system_installed_again(fleet: Fleet, order: str) -> None:
    repaired = replace(LAPTOP, uuid=computer(77).uuid, macs=computer(77).macs, agent="b", deviceid="laptop-b")
    last = ORDERS[order]([LAPTOP, repaired])[-1]
    documents = tell(fleet, order, [LAPTOP, repaired], {replace(end(LAPTOP, repaired), uuid=last.uuid)})
    assert "motherboard replaced?" in documents[1].reason


@everywhere
def test_the_disks_of_two_machines_exchanged(fleet: Fleet, order: str) -> None:
    """The agent, its name and its files follow the disk; the assets follow the machines."""
    one, two = computer(1, agent="a", deviceid="disk-a"), computer(2, agent="b", deviceid="disk-b")
    swapped = [
        replace(one, name=two.name, agent="b", deviceid="disk-b"),
        replace(two, name=one.name, agent="a", deviceid="disk-a"),
    ]
    sent = ORDERS[order]([one, two, *swapped])
    last = {machine.deviceid: machine.serial for machine in sent}
    ends = {
        End(m.serial, m.uuid, frozenset(d for d, serial in last.items() if serial == m.serial))
        for m in (one, two)
    }
    documents = tell(fleet, order, [one, two, *swapped], ends)
    assert any("a copied disk" in d.reason or "same UUID" in d.reason for d in documents)


@everywhere
def test_a_new_disk_with_a_fresh_system(fleet: Fleet, order: str) -> None:
    disk = {"storages": [{"name": "nvme0n1", "serial": "NEW-DISK", "disksize": 512000}]}
    fresh = replace(LAPTOP, name="DESKTOP-7F3K", agent="b", deviceid="fresh", sections=disk)
    tell(fleet, order, [LAPTOP, fresh], {end(LAPTOP, fresh)})


@everywhere
def test_a_virtual_machine_cloned_with_its_uuid(fleet: Fleet, order: str) -> None:
    server = computer(3, name="SRV-1", vmsystem="VMware", maker="VMware, Inc.", deviceid="srv-1")
    clone = replace(server, name="SRV-2", macs=("02:99:00:00:00:01",), deviceid="srv-2")
    documents = tell(fleet, order, [server, clone], {end(server), end(clone)})
    assert "a copy of it" in documents[1].reason


@everywhere
def test_a_virtual_machine_cloned_with_its_agent(fleet: Fleet, order: str) -> None:
    """One agent for two machines: it goes from one asset to the other, and nothing is mixed."""
    server = computer(3, name="SRV-1", vmsystem="VMware", maker="VMware, Inc.", deviceid="srv")
    clone = replace(server, name="SRV-2", macs=("02:99:00:00:00:01",))
    for _round in range(2):
        for machine in ORDERS[order]([server, clone]):
            assert fleet.send(machine).asset.name == machine.name
    assert sorted(a.name for a in fleet.assets()) == ["SRV-1", "SRV-2"]


def hypervisor(**more: object) -> Machine:
    guests = {"virtualmachines": [{"name": "mail", "uuid": computer(21).uuid.upper(), "status": "running"}]}
    return replace(computer(20, name="HV-1", deviceid="hv"), sections=guests, **more)


@everywhere
def test_a_virtual_machine_seen_by_its_host_and_by_its_own_agent(fleet: Fleet, order: str) -> None:
    guest = computer(21, name="MAIL", vmsystem="QEMU", maker="QEMU", serial="", deviceid="guest")
    host = hypervisor()
    tell(fleet, order, [host, guest], {end(host), end(guest)})
    with scope(fleet.acme.pk):
        assert Asset.objects.get(name="MAIL").parent.name == "HV-1"


def test_a_virtual_machine_that_moves_is_connected_to_its_new_host(fleet: Fleet) -> None:
    guest = computer(21, name="MAIL", vmsystem="QEMU", maker="QEMU", serial="", deviceid="guest")
    fleet.send(hypervisor())
    fleet.send(guest)
    other = replace(hypervisor(), name="HV-2", serial="SN-HV2", uuid=computer(30).uuid, macs=())
    other = replace(other, deviceid="hv-2", agent="hv-2")
    fleet.send(other)
    with scope(fleet.acme.pk):
        assert Asset.objects.get(name="MAIL").parent.name == "HV-2"
    fleet.send(replace(other, sections={}))
    with scope(fleet.acme.pk):
        assert Asset.objects.get(name="MAIL").parent is None


@everywhere
def test_a_container_that_repeats_the_numbers_of_its_host(fleet: Fleet, order: str) -> None:
    host = computer(5, name="HOST", deviceid="host")
    container = replace(
        host, name="web-1", macs=("02:42:ac:11:00:02",), vmsystem="lxc", deviceid="container", agent="c"
    )
    tell(fleet, order, [host, container], {end(host), end(container)})


@everywhere
def test_two_clients_whose_machines_share_everything(fleet: Fleet, order: str) -> None:
    sent = [(LAPTOP, fleet.acme), (LAPTOP, fleet.globex)]
    if order != "as it happened":
        sent.reverse()
    for _round in range(2):
        for machine, organisation in sent:
            fleet.send(machine, organisation=organisation)
    for organisation in (fleet.acme, fleet.globex):
        (asset,) = fleet.assets(organisation)
        with scope(organisation.pk):
            assert [a.deviceid for a in asset.agents.all()] == [LAPTOP.deviceid]
    fleet.send(replace(LAPTOP, name="RENAMED"), organisation=fleet.globex)
    assert fleet.assets()[0].name == LAPTOP.name


def linux() -> Machine:
    system = {"operatingsystem": {"name": "Debian GNU/Linux", "full_name": "Debian GNU/Linux 13"}}
    return replace(LAPTOP, name="tux", agent="b", deviceid="linux", sections=system)


@everywhere
def test_two_systems_on_one_machine(fleet: Fleet, order: str) -> None:
    tell(fleet, order, [LAPTOP, linux()], {end(LAPTOP, linux())})


def test_of_two_systems_on_one_machine_neither_renames_it_each_time_and_the_page_says_why(
    fleet: Fleet,
) -> None:
    fleet.send(LAPTOP)
    fleet.send(linux())
    names = []
    for machine in (LAPTOP, linux(), LAPTOP):
        document = fleet.send(machine)
        assert "two systems on one machine" in document.reason
        names.append(fleet.assets()[0].name)
    assert len(set(names)) == 1


@everywhere
def test_an_agent_of_glpi_replaced_by_one_of_ocs(fleet: Fleet, order: str) -> None:
    xml = f"""<REQUEST><CONTENT><HARDWARE><NAME>{LAPTOP.name}</NAME><UUID>{LAPTOP.uuid.upper()}</UUID></HARDWARE>
    <BIOS><SSN>{LAPTOP.serial}</SSN><SMANUFACTURER>Dell</SMANUFACTURER></BIOS></CONTENT>
    <DEVICEID>{LAPTOP.name}-2026-02-01-09-00-00</DEVICEID><QUERY>INVENTORY</QUERY></REQUEST>"""

    def ocs() -> None:
        answer = fleet.post(xml.encode(), User_Agent="OCS-NG_unified_unix_agent_v2.10.0")
        assert answer.status_code == 200
        jobs.drain_all(fleet.acme.pk)

    acts: list[Callable[[], object]] = [lambda: fleet.send(LAPTOP), ocs]
    if order == "backwards":
        acts.reverse()
    for _round in range(2):
        for act in acts:
            act()
            assert [(a.serial, a.uuid) for a in fleet.assets()] == [(LAPTOP.serial, LAPTOP.uuid)]
    with scope(fleet.acme.pk):
        assert fleet.assets()[0].agents.count() == 2


DOCK = {"description": "Realtek USB GbE Family Controller", "mac": "00:e0:4c:68:00:01", "type": "ethernet"}


def docked(machine: Machine) -> Machine:
    networks = [*machine.content()["networks"], DOCK | {"status": "up", "virtualdev": False}]
    return replace(machine, sections={"networks": networks})


@everywhere
@pytest.mark.parametrize("numbers", ["with numbers", "without"])
def test_a_docking_station_shared_by_ten_laptops(fleet: Fleet, order: str, numbers: str) -> None:
    blank = {} if numbers == "with numbers" else {"serial": "To be filled by O.E.M.", "uuid": ""}
    laptops = [docked(computer(n, deviceid=f"laptop-{n}", **blank)) for n in range(1, 11)]
    ends = {end(replace(m, serial="", uuid="") if blank else m) for m in laptops}
    tell(fleet, order, laptops, ends)


@everywhere
def test_laptops_that_only_tell_the_address_of_the_docking_station(fleet: Fleet, order: str) -> None:
    laptops = [docked(computer(n, serial="", uuid="", macs=(), deviceid=f"l-{n}")) for n in range(3)]
    tell(fleet, order, laptops, {end(m) for m in laptops})


@everywhere
@pytest.mark.parametrize("uuid", ["their own", "a maker's default"])
@pytest.mark.parametrize("serial", ["Default string", "ABCD-1234"])
def test_a_junk_serial_number_on_forty_machines(fleet: Fleet, order: str, serial: str, uuid: str) -> None:
    """Also one that no list knows, and with a UUID that says nothing either: the rest contradicts it."""
    blank = {} if uuid == "their own" else {"uuid": "03000200-0400-0500-0006-000700080009"}
    machines = [computer(n, serial=serial, deviceid=f"m-{n}", **blank) for n in range(40)]
    kept = "" if serial == "Default string" else serial
    ends = {end(replace(m, serial=kept, uuid="" if blank else m.uuid)) for m in machines}
    tell(fleet, order, machines, ends)
    for machine in machines[:3]:
        again = fleet.send(machine.reinstalled())
        assert again.asset.name == machine.name
    assert len(fleet.assets()) == 40


@everywhere
def test_a_disk_image_spread_with_its_agent_on_machines_without_numbers(fleet: Fleet, order: str) -> None:
    machines = [computer(n, serial="", uuid="", deviceid="image") for n in range(5)]
    for _round in range(2):
        for machine in ORDERS[order](machines):
            assert fleet.send(machine).asset.name == machine.name
    assert len(fleet.assets()) == 5


def enter(fleet: Fleet, **columns: str) -> Asset:
    """An asset that somebody typed from an invoice."""
    with scope(fleet.acme.pk):
        kind = AssetKind.objects.get(organisation=None, key="laptop")
        return Asset.objects.create(organisation=fleet.acme, kind=kind, **columns)


@everywhere
def test_an_asset_typed_from_an_invoice_with_its_serial_number(fleet: Fleet, order: str) -> None:
    typed = enter(fleet, name="Reception", serial=LAPTOP.serial.lower(), order_number="C-2026-17")
    again = replace(LAPTOP, agent="b", deviceid="laptop-b")
    expected = {replace(end(LAPTOP, again), serial=typed.serial)}
    documents = tell(fleet, order, [LAPTOP, again], expected)
    assert documents[0].reason == f"Same serial number ({LAPTOP.serial})."
    (asset,) = fleet.assets()
    assert (asset.pk, asset.name, asset.order_number) == (typed.pk, "Reception", "C-2026-17")


@pytest.mark.parametrize("maker", ["HP", "Hewlett-Packard", "HPE"])
def test_the_maker_of_an_invoice_is_written_in_several_ways(fleet: Fleet, maker: str) -> None:
    fleet.send(replace(LAPTOP, maker=maker, uuid=""))
    again = replace(LAPTOP, maker="Hewlett-Packard Company", agent="b", deviceid="b", name="X", uuid="")
    fleet.send(again)
    assert len(fleet.assets()) == 1


def test_an_asset_typed_with_its_name_alone_waits_for_a_person_and_makes_no_duplicate(fleet: Fleet) -> None:
    typed = enter(fleet, name=LAPTOP.name, order_number="C-2026-18")
    for machine in (LAPTOP, LAPTOP, replace(LAPTOP, agent="b", deviceid="laptop-b")):
        document = fleet.send(machine)
        assert (document.decision, document.asset) == ("suggested", typed)
        assert "is it this machine?" in document.reason
    assert [a.pk for a in fleet.assets()] == [typed.pk]


def test_the_other_byte_order_of_a_uuid_is_the_same_uuid(fleet: Fleet) -> None:
    first = replace(LAPTOP, serial="", macs=(), uuid="33221100-5544-7766-8899-aabbccddeeff")
    fleet.send(replace(first, uuid="12345678-9abc-def0-1122-334455667788"))
    swapped = replace(first, name="X", uuid="78563412-BC9A-F0DE-1122-334455667788", agent="b", deviceid="b")
    fleet.send(swapped)
    assert len(fleet.assets()) == 1


def test_an_inventory_never_moves_an_asset_to_another_organisation_or_site(fleet: Fleet) -> None:
    first = fleet.send(LAPTOP).asset
    site = first.site_id
    fleet.send(replace(LAPTOP, name="ELSEWHERE"), organisation=fleet.globex)
    fleet.send(replace(LAPTOP, name="HERE"))
    (asset,) = fleet.assets()
    assert (asset.pk, asset.organisation_id, asset.site_id) == (first.pk, fleet.acme.pk, site)


def test_every_document_keeps_its_sentence_in_both_languages(fleet: Fleet) -> None:
    document = fleet.send(LAPTOP)
    stored = json.dumps(document.reason.stored)
    assert "No asset has this serial number" in stored
