from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etabli.inventory.cards import NetworkCard, mac_address, with_prefix
from etabli.inventory.facts import (
    Facts,
    OperatingSystem,
    Processor,
    Software,
    Volume,
    computer_facts,
    junk_serial,
    junk_uuid,
)
from etabli.inventory.sections import clean
from etabli.inventory.tests.strategies import CONTENT, NAMES


def facts(**sections: Any) -> Facts:
    """Facts of sections as an agent would send them."""
    return computer_facts({name: clean(name, content)[0] for name, content in sections.items()})


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        "0",
        "To be filled by O.E.M.",
        " To Be Filled By O.E.M. ",
        "Default string",
        "System Serial Number",
        "Chassis Serial Number",
        "0123456789",
        "123456789",
        "1234567890",
        "None",
        "Not Specified",
        "Not Applicable",
        "INVALID",
        "N/A",
        "(null string)",
        "xxxxxxxxxxx",
        "00000000",
        "........",
        "1111111",
        "SYS-1234567890",
        "SYS-9876543210",
        "SN-12345",
        "MB-1234567890",
        "Asset-1234567890",
        "Serial Number xxxxxx",
        "NNNNNNN",
        "OEM",
        "empty",
        "No Asset Tag",
        "EVAL",
    ],
)
def test_what_makers_leave_unfilled_is_junk(value: str) -> None:
    assert junk_serial(value)


@pytest.mark.parametrize(
    "value",
    [
        "640HP72",
        "8C554721F",
        "CZC0479792",
        "W87051UGVUV",
        "5a30d8711bbadc9d",
        "486280",
        "VMware-56 4d 99 04 a1 76 a7 62-1b 95 f7 5d dd 06 42 d8",
        "SN0001",
        "SSI1912014B",
        "D9J230159",
        "MB-7F31C9",
        "SYS-40013",
        "0123-4567-8901-7755",
        "01234567890AAA",
    ],
)
def test_a_real_serial_number_is_not_junk(value: str) -> None:
    assert not junk_serial(value)


@pytest.mark.parametrize(
    ("value", "junk"),
    [
        ("03000200-0400-0500-0006-000700080009", True),
        ("00020003-0004-0005-0006-000700080009", True),
        ("00000000-0000-0000-0000-000000000000", True),
        ("FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF", True),
        ("FEFEFEFE-FEFE-FEFE-FEFE-FEFEFEFEFEFE", True),
        ("01010101-0101-0101-0101-010101010101", True),
        ("4C4C4544-0000-2010-8020-80C04F202020", True),
        ("44454C4C-0000-1020-8020-80C04F202020", True),
        ("Not Settable", True),
        ("", True),
        ("4c4c4544-0034-3010-8048-b6c04f503732", False),
        ("33E737A8-F827-11DF-9297-47C0A301005A", False),
        ("5a30d8711bbadc9d", False),
    ],
)
def test_a_uuid_many_machines_share_is_junk(value: str, junk: bool) -> None:
    assert junk_uuid(value) is junk


def test_an_identity_prefers_the_serial_of_the_machine_to_that_of_its_board() -> None:
    bios = {
        "ssn": "To be filled by O.E.M.",
        "msn": "BOARD77",
        "smanufacturer": "System manufacturer",
        "mmanufacturer": "ASUS",
    }
    found = facts(bios=bios, hardware={"name": "pc", "uuid": "33E737A8-F827-11DF-9297-47C0A301005A"})
    assert (found.identity.serial, found.identity.manufacturer) == ("BOARD77", "ASUS")
    assert found.identity.uuid == "33e737a8-f827-11df-9297-47c0a301005a"
    assert found.warnings == ()


def test_what_identifies_nothing_is_left_out_and_explained() -> None:
    found = facts(bios={"ssn": "Default string"}, hardware={"uuid": "03000200-0400-0500-0006-000700080009"})
    assert (found.identity.name, found.identity.serial, found.identity.uuid) == ("", "", "")
    assert [warning.path for warning in found.warnings] == ["hardware.name", "hardware.uuid", "bios.ssn"]


def test_a_switch_is_known_by_its_device_section_and_its_ports_are_cards() -> None:
    device = {
        "name": "sw1",
        "serial": "FOC1",
        "manufacturer": "Cisco",
        "model": "C9300",
        "mac": "8C:60:4F:8D:AE:FC",
    }
    port = {
        "ifname": "Gi1",
        "iftype": 6,
        "ifspeed": 1_000_000_000,
        "ifstatus": 1,
        "ips": ["10.0.0.1"],
        "mac": "8c604f8daea1",
    }
    sections = {"network_device": device, "network_ports": [port]}
    found = computer_facts(sections, itemtype="NetworkEquipment")
    assert (found.identity.name, found.identity.serial, found.identity.itemtype) == (
        "sw1",
        "FOC1",
        "NetworkEquipment",
    )
    assert found.identity.macs == ("8c:60:4f:8d:ae:fc",)
    assert found.cards == (
        NetworkCard("Gi1", "8c:60:4f:8d:ae:a1", "ethernet", 1000, True, False, ("10.0.0.1/32",), "", ""),
    )


def test_entries_of_one_card_are_one_card_with_several_addresses() -> None:
    common = {
        "description": "eth0",
        "mac": "02:FC:00:00:00:01",
        "status": "up",
        "type": "ethernet",
        "speed": "1000",
    }
    found = facts(
        networks=[
            common | {"ipaddress": "192.0.2.2", "ipmask": "255.255.255.0", "ipgateway": "192.0.2.1"},
            common | {"ipaddress6": "fd00::2", "ipmask6": "ffff:ffff:ffff:ffff::", "virtualdev": False},
            {"description": "eth0", "ipaddress6": "fe80::1%eth0"},
        ]
    )
    addresses = ("192.0.2.2/24", "fd00::2/64", "fe80::1/128")
    assert found.cards == (
        NetworkCard("eth0", "02:fc:00:00:00:01", "ethernet", 1000, True, False, addresses, "192.0.2.1", ""),
    )


def test_two_cards_that_share_an_address_stay_two() -> None:
    found = facts(
        networks=[{"description": name, "mac": "52:54:00:fa:20:0e"} for name in ("virbr0", "virbr0-nic")]
    )
    assert [card.name for card in found.cards] == ["virbr0", "virbr0-nic"]


@pytest.mark.parametrize(
    ("speed", "mbps"),
    [
        ("1000", 1000),
        ("1000 Mbps", 1000),
        ("2.5 Gbps", 2500),
        ("-1", None),
        ("0", None),
        ("4294967295", None),
        ("9223372036854.78", None),
        ("fast", None),
    ],
)
def test_a_speed_no_port_has_is_unknown(speed: str, mbps: int | None) -> None:
    assert facts(networks=[{"description": "e", "speed": speed}]).cards[0].speed_mbps == mbps


@pytest.mark.parametrize(
    ("address", "mask", "told"),
    [
        ("10.0.0.1", "255.255.0.0", "10.0.0.1/16"),
        ("10.0.0.1", "24", "10.0.0.1/24"),
        ("10.0.0.1", "", "10.0.0.1/32"),
        ("10.0.0.1", "255.0.255.0", "10.0.0.1/32"),
        ("10.0.0.1", "0.0.0.0", "10.0.0.1/32"),
        ("10.0.0.1", "99", "10.0.0.1/32"),
        ("fe80::1", "ffff:ffff:ffff:ffff::", "fe80::1/64"),
        ("fe80::1", "255.255.255.0", "fe80::1/128"),
        ("0.0.0.0", "0.0.0.0", ""),
        ("::", "", ""),
        ("10.0.0.300", "", ""),
        ("", "", ""),
    ],
)
def test_an_address_comes_with_a_prefix_that_makes_sense(address: str, mask: str, told: str) -> None:
    assert with_prefix(address, mask) == told


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("AA-BB-CC-DD-EE-F0", "aa:bb:cc:dd:ee:f0"),
        ("aabb.ccdd.eef0", "aa:bb:cc:dd:ee:f0"),
        ("00:00:00:00:00:00", ""),
        ("ff:ff:ff:ff:ff:ff", ""),
        ("01:00:5e:00:00:01", ""),
        ("d5:c9:gh:81:cf:80", ""),
        ("b53d:dc:44:af:e9", ""),
    ],
)
def test_only_the_address_of_one_card_is_a_mac_address(value: str, told: str) -> None:
    assert mac_address(value) == told


def test_only_addresses_of_this_very_machine_identify_it() -> None:
    found = facts(
        networks=[
            {"description": "lan", "mac": "00:e0:4c:68:01:db", "type": "ethernet", "virtualdev": False},
            {"description": "docker0", "mac": "02:42:ac:11:00:02", "type": "bridge", "virtualdev": True},
            {"description": "wlan0", "mac": "ae:ed:e7:56:9b:a0", "type": "wifi"},
            {"description": "VMware Network Adapter VMnet8", "mac": "00:50:56:c0:00:08", "type": "ethernet"},
        ]
    )
    assert found.identity.macs == ("00:e0:4c:68:01:db",)


def test_the_cards_of_a_mac_identify_it_though_its_agent_calls_them_virtual() -> None:
    cards = [{"description": "en0", "mac": "00:17:f2:d1:14:32", "virtualdev": True}]
    assert facts(networks=cards).identity.macs == ("00:17:f2:d1:14:32",)


def test_a_windows_system_tells_edition_and_build() -> None:
    found = facts(
        operatingsystem={
            "name": "Windows",
            "full_name": "Microsoft Windows 10 Professionnel",
            "version": "22H2",
            "kernel_name": "MSWin32",
            "kernel_version": "10.0.19045",
            "arch": "64-bit",
            "install_date": "2015-04-17 03:02:45",
            "boot_time": "2017-05-15 09:23:09",
            "timezone": {"name": "Romance Standard Time", "offset": "+0200"},
            "fqdn": "pc.example.test",
        }
    )
    assert found.operating_system == OperatingSystem(
        name="Windows",
        full_name="Microsoft Windows 10 Professionnel",
        version="22H2",
        edition="Professionnel",
        kernel="10.0.19045",
        architecture="64-bit",
        build="19045",
        installed_on=date(2015, 4, 17),
        booted_at=datetime(2017, 5, 15, 9, 23, 9, tzinfo=timezone(timedelta(hours=2))),
        timezone="Romance Standard Time",
        fqdn="pc.example.test",
    )


@pytest.mark.parametrize(
    ("told", "version", "edition", "build"),
    [
        (
            {"version": "10.13.5 (17F77)", "kernel_name": "darwin", "kernel_version": "17.6.0"},
            "10.13.5",
            "",
            "17F77",
        ),
        ({"version": "31 (Workstation Edition)", "kernel_name": "linux"}, "31", "Workstation Edition", ""),
        ({"version": "12.11", "kernel_version": "6.18.44-fc"}, "12.11", "", ""),
        ({"full_name": "Microsoft Windows Server 2019 Standard"}, "2019", "Standard", ""),
    ],
)
def test_versions_of_other_systems_are_taken_apart(
    told: dict[str, str], version: str, edition: str, build: str
) -> None:
    system = facts(operatingsystem={"name": "x"} | told).operating_system
    assert system is not None
    assert (system.version, system.edition, system.build) == (version, edition, build)


def test_threads_are_those_of_the_socket_and_speed_may_be_in_the_name() -> None:
    found = facts(
        cpus=[{"name": "Intel i5 @ 2.30GHz", "core": 4, "thread": 2}, {"core": 2, "thread": 4, "speed": 1700}]
    )
    assert found.processors == (
        Processor("Intel i5 @ 2.30GHz", "", 4, 8, 2300),
        Processor("", "", 2, 4, 1700),
    )


def test_an_empty_memory_slot_is_told_as_empty() -> None:
    module = {
        "capacity": 4096,
        "caption": "DIMM0",
        "speed": "1600 MT/s",
        "type": "DDR4",
        "serialnumber": "00000000",
    }
    found = facts(memories=[module, {"caption": "DIMM1", "type": "Empty"}])
    assert [(m.slot, m.size_mib, m.speed_mhz, m.serial) for m in found.memory] == [
        ("DIMM0", 4096, 1600, ""),
        ("DIMM1", None, None, ""),
    ]
    assert found.memory_mib == 4096


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ({"name": "nvme0n1", "model": "PM951 NVMe SAMSUNG SSD"}, "nvme"),
        ({"name": "sda", "model": "Samsung SSD 860"}, "ssd"),
        ({"name": "sda", "description": "Solid State Disk"}, "ssd"),
        ({"name": "disk0", "model": "HDD ST1000DM003"}, "hdd"),
        ({"name": "sdb", "interface": "USB"}, "removable"),
        ({"name": "spcardreader", "type": "Card reader"}, "removable"),
        ({"name": "PHYSICALDRIVE0", "type": "Fixed hard disk media"}, "unknown"),
    ],
)
def test_the_kind_of_a_disk_is_only_what_is_written(row: dict[str, str], kind: str) -> None:
    assert facts(storages=[row]).disks[0].kind == kind


def test_optical_drives_are_not_disks() -> None:
    rows = [{"name": "sr0", "type": "cdrom"}, {"model": "DV-28E-V DVD-ROM"}, {"name": "sda"}]
    assert [disk.name for disk in facts(storages=rows).disks] == ["sda"]


def test_disk_sizes_are_in_mib_whatever_the_unit_of_the_agent() -> None:
    disk = [{"name": "a", "disksize": 250059}]
    assert facts(storages=disk, operatingsystem={"kernel_name": "linux"}).disks[0].size_mib == 238475
    assert facts(storages=disk, operatingsystem={"kernel_name": "darwin"}).disks[0].size_mib == 250059


def test_volumes_of_windows_and_of_linux_are_named_as_their_users_do() -> None:
    windows = {
        "letter": "C:",
        "label": "System",
        "total": 100,
        "free": 5,
        "type": "Local Disk",
        "encrypt_status": "No",
    }
    linux = {"type": "/", "volumn": "/dev/sda1", "total": 50, "filesystem": "ext4", "encrypt_status": "Yes"}
    assert facts(drives=[windows, linux, {"letter": "D:"}]).volumes == (
        Volume("C:", "System", "", 100, 5, False),
        Volume("/", "", "ext4", 50, None, True),
    )


def test_a_software_told_twice_is_one_and_one_without_a_name_goes_by_its_guid() -> None:
    found = facts(softwares=[{"name": "a", "version": "1"}] * 2 + [{"guid": "{1}"}, {"publisher": "x"}])
    assert [(software.name, software.version) for software in found.software] == [("a", "1"), ("{1}", "")]
    assert isinstance(found.software[0], Software)


@settings(deadline=None, max_examples=300)
@given(st.dictionaries(NAMES, CONTENT, max_size=6))
def test_any_sections_have_facts_whether_cleaned_or_not(sections: dict[str, Any]) -> None:
    computer_facts(sections)
    cleaned = computer_facts({name: clean(name, content)[0] for name, content in sections.items()})
    assert cleaned.identity.name or cleaned.warnings
