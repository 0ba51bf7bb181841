"""A machine without an agent tells what it is made of, from one file and whatever this system lets it read."""

import ast
import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from etabli.inventory import collector
from etabli.inventory.collector import Identity, collect, identity

CORPUS = Path(os.environ.get("ETABLI_CORPUS", "/nonexistent")) / "glpi"
SCHEMA = CORPUS / "inventory_format" / "inventory.schema.json"
SCRIPT = Path(collector.__file__)
KNOWN = Identity("7f9c1d2e-0000-4000-8000-000000000001", "poste-2026-01-05-08-00-00")


@pytest.fixture(scope="module")
def content() -> dict[str, Any]:
    return collected(Path("/"), {})


def printed(*command: str) -> str:
    if not shutil.which(command[0]):
        pytest.skip(f"{command[0]} is not installed")
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def plant(root: Path, files: dict[str, str]) -> str:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return str(root)


def collected(root: Path, files: dict[str, str]) -> dict[str, Any]:
    """The sections of a machine whose tree of files is `root`, once these are planted in it."""
    sections: dict[str, Any] = collect(KNOWN, root=plant(root, files), say=lambda line: None)["content"]
    return sections


# --- this machine -----------------------------------------------------------------------------------------


@pytest.mark.skipif(not SCHEMA.is_file(), reason="ETABLI_CORPUS does not hold glpi/inventory_format")
def test_the_document_of_this_machine_follows_the_format() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    document = collect(KNOWN, tag="CLIENT-A", say=lambda line: None)
    schema = json.loads(SCHEMA.read_text())
    faults = [
        f"{list(fault.path)}: {fault.message}"
        for fault in jsonschema.Draft7Validator(schema).iter_errors(document)
    ]
    assert faults == []


@pytest.mark.skipif(not SCHEMA.is_file(), reason="ETABLI_CORPUS does not hold glpi/inventory_format")
def test_every_field_is_one_the_format_knows(content: dict[str, Any]) -> None:
    known = json.loads(SCHEMA.read_text())["properties"]["content"]["properties"]
    for section, found in content.items():
        for entry in found if isinstance(found, list) else [found]:
            allowed = known[section].get("items", known[section]).get("properties", {})
            assert isinstance(entry, str) or set(entry) <= set(allowed), section


@pytest.mark.skipif(not (CORPUS / "captures").is_dir(), reason="ETABLI_CORPUS does not hold glpi/captures")
def test_it_finds_on_a_debian_machine_the_sections_the_agent_finds(content: dict[str, Any]) -> None:
    if not Path("/etc/debian_version").exists():
        pytest.skip("this machine is not a Debian")
    agent = json.loads((CORPUS / "captures" / "debian12_vm_glpi-inventory.json").read_text())["content"]
    asked = {
        "hardware",
        "operatingsystem",
        "cpus",
        "drives",
        "networks",
        "softwares",
        "storages",
        "local_users",
    }
    assert asked & agent.keys() <= content.keys()


def test_it_says_the_name_processors_and_memory_of_this_machine(content: dict[str, Any]) -> None:
    assert content["hardware"]["name"] == socket.gethostname().split(".")[0]
    assert content["hardware"]["memory"] == int(printed("free", "--mebi").split()[7])
    threads = sum(each["core"] * each["thread"] for each in content["cpus"])
    assert threads == int(printed("nproc", "--all"))
    assert content["operatingsystem"]["kernel_version"] == printed("uname", "-r").strip()


def test_it_lists_the_packages_that_dpkg_lists(content: dict[str, Any]) -> None:
    lines = printed(
        "dpkg-query", "-W", "-f", "${db:Status-Status} ${Package} ${Version} ${Architecture}\n"
    ).splitlines()
    expected = sorted(line.split()[1:] for line in lines if line.startswith("installed "))
    mine = [each for each in content["softwares"] if each["from"] == "deb"]
    found = sorted([each["name"], each["version"], each["arch"]] for each in mine)
    # Another program may be installing packages meanwhile: the last ones may differ, the list may not.
    assert abs(len(found) - len(expected)) < 50
    assert len([each for each in expected if each in found]) > 0.9 * len(expected)


def test_it_gives_the_addresses_that_ip_gives(content: dict[str, Any]) -> None:
    listed = json.loads(printed("ip", "-j", "addr"))
    expected = {(each["ifname"], one["local"]) for each in listed for one in each["addr_info"]}
    found = {
        (each["description"], each.get("ipaddress") or each.get("ipaddress6")) for each in content["networks"]
    }
    assert expected <= found
    assert {name for name, _ in found} == {each["ifname"] for each in listed}
    assert {each["mac"] for each in content["networks"] if "mac" in each} >= {
        each["address"] for each in listed if each["link_type"] == "ether"
    }


def test_it_measures_the_root_file_system_as_df_does(content: dict[str, Any]) -> None:
    total = int(printed("df", "--output=size", "--block-size=1M", "/").split()[-1])
    root = next(each for each in content["drives"] if each["type"] == "/")
    assert root["total"] == pytest.approx(total, abs=1)
    assert 0 < root["free"] <= root["total"]


def test_it_takes_less_than_a_second_and_a_half_of_processor(tmp_path: Path) -> None:
    before = os.times()
    subprocess.run([sys.executable, SCRIPT, "--output", tmp_path / "o"], check=True)
    after = os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    assert spent < 1.5


def test_it_runs_on_python_3_8_with_nothing_installed() -> None:
    tree = ast.parse(SCRIPT.read_text("utf-8"), feature_version=(3, 8))
    roots = [each.module or "" for each in ast.walk(tree) if isinstance(each, ast.ImportFrom)]
    roots += [name.name for each in ast.walk(tree) if isinstance(each, ast.Import) for name in each.names]
    assert {root.split(".")[0] for root in roots} <= sys.stdlib_module_names


# --- other machines, from a tree of files -----------------------------------------------------------------


def test_no_missing_source_stops_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    notes: list[str] = []
    document = collect(KNOWN, root=str(tmp_path), say=notes.append)
    assert document["content"]["versionclient"].startswith("Etabli-Collector")
    assert {note.split()[0] for note in notes} >= {
        "hardware",
        "cpus",
        "memories",
        "drives",
        "users",
        "local_users",
    }


def test_a_broken_source_costs_only_its_section(tmp_path: Path) -> None:
    content = collected(
        tmp_path,
        {
            "proc/meminfo": "nothing here\n",
            "etc/passwd": "anne:x:1000:1000:Anne:/home/anne:/bin/sh\nbroken\n",
        },
    )
    assert "hardware" not in content
    assert [each["name"] for each in content["local_users"]] == ["Anne"]


def test_a_laptop_gives_its_serial_and_chassis(tmp_path: Path) -> None:
    dmi = "sys/class/dmi/id/"
    files = {
        dmi + "product_serial": "PF2ABCDE\n",
        dmi + "sys_vendor": "LENOVO\n",
        dmi + "product_name": "20XW\n",
    }
    files |= {
        dmi + "chassis_type": "10\n",
        dmi + "bios_date": "03/25/2024\n",
        dmi + "product_uuid": "abc-1\n",
    }
    files |= {"proc/meminfo": "MemTotal:  16269456 kB\nSwapTotal: 2097148 kB\n"}
    content = collected(tmp_path, files)
    assert content["bios"] == {
        "ssn": "PF2ABCDE",
        "smanufacturer": "LENOVO",
        "smodel": "20XW",
        "bdate": "2024-03-25",
    }
    hardware = content["hardware"]
    assert [hardware[key] for key in ("chassis_type", "uuid", "vmsystem", "memory", "swap")] == [
        "Notebook",
        "ABC-1",
        "Physical",
        15888,
        2047,
    ]


def test_a_container_does_not_take_the_identity_of_its_host(tmp_path: Path) -> None:
    dmi = "sys/class/dmi/id/"
    host = {
        dmi + "product_uuid": "HOST-UUID\n",
        dmi + "product_serial": "HOST-SERIAL\n",
        "proc/meminfo": "MemTotal: 2048 kB\n",
    }
    content = collected(tmp_path, host | {".dockerenv": "", "etc/machine-id": "0123456789abcdef\n"})
    assert content["hardware"]["vmsystem"] == "Docker"
    assert "HOST" not in json.dumps(content)
    assert content["hardware"]["uuid"] == collected(tmp_path, {})["hardware"]["uuid"]


def test_two_sockets_of_two_cores_of_two_threads(tmp_path: Path) -> None:
    block = "processor\t: {0}\nvendor_id\t: GenuineIntel\nmodel name\t: Xeon\nphysical id\t: {1}\ncore id\t\t: {2}\nstepping\t: 7\n"
    blocks = [block.format(number, number // 4, number // 2 % 2) for number in range(8)]
    cpus = collected(tmp_path, {"proc/cpuinfo": "\n".join(blocks)})["cpus"]
    assert [(cpu["core"], cpu["thread"], cpu["manufacturer"]) for cpu in cpus] == [(2, 2, "Intel")] * 2


def test_an_encrypted_disk_is_told_and_a_passing_file_system_is_not(tmp_path: Path) -> None:
    mounts = "proc /proc proc rw 0 0\n/dev/dm-1 / ext4 rw 0 0\n/dev/dm-1 /srv ext4 rw 0 0\n/dev/loop3 /snap/x squashfs ro 0 0\n"
    mounts += "tmpfs /run tmpfs rw 0 0\nnas:/commun /mnt/en\\040commun nfs4 rw 0 0\n"
    files = {"proc/mounts": mounts, "proc/filesystems": "nodev\tproc\nnodev\ttmpfs\n\text4\n\tsquashfs\n"}
    files |= {
        "sys/class/block/dm-1/slaves/dm-0/uevent": "",
        "sys/class/block/dm-0/dm/uuid": "CRYPT-LUKS2-abc\n",
    }
    drives = collected(tmp_path, files)["drives"]
    assert [(each["type"], each["filesystem"], each.get("encrypt_status")) for each in drives] == [
        ("/", "ext4", "Yes"),
        ("/mnt/en commun", "nfs4", None),
    ]
    assert "total" not in drives[1]


def test_a_disk_gives_its_model_serial_and_size_and_a_loop_is_no_disk(tmp_path: Path) -> None:
    disk, loop = "sys/devices/pci0000:00/nvme/nvme0/nvme0n1/", "sys/devices/virtual/block/loop0/"
    files = {
        disk + "size": "1000215216\n",
        disk + "device/model": "SAMSUNG MZVL2512\n",
        disk + "device/serial": "S64K\n",
    }
    plant(tmp_path, files | {loop + "size": "8192\n", "sys/block/.keep": ""})
    (tmp_path / "sys/block/nvme0n1").symlink_to(tmp_path / disk)
    (tmp_path / "sys/block/loop0").symlink_to(tmp_path / loop)
    expected = {
        "name": "nvme0n1",
        "model": "SAMSUNG MZVL2512",
        "serial": "S64K",
        "disksize": 512110,
        "type": "disk",
    }
    assert collected(tmp_path, {})["storages"] == [expected | {"description": "NVMe"}]


def test_packages_of_alpine_are_read_without_its_tool(tmp_path: Path) -> None:
    apk = "C:Q1abc=\nP:musl\nV:1.2.5-r0\nA:x86_64\nI:667648\nT:the musl c library\nm:Tim <tim@example.org>\n\nP:busybox\nV:1.36\n"
    musl, busybox = collected(tmp_path, {"lib/apk/db/installed": apk})["softwares"]
    assert (musl["name"], musl["version"], musl["filesize"], musl["publisher"]) == (
        "musl",
        "1.2.5-r0",
        667648,
        "Tim",
    )
    assert busybox["name"] == "busybox"


def test_a_package_removed_but_not_purged_is_not_installed(tmp_path: Path) -> None:
    status = (
        "Package: kept\nStatus: hold ok installed\nVersion: 1\nInstalled-Size: 12\nDescription: one\n two\n\n"
    )
    status += "Package: gone\nStatus: deinstall ok config-files\nVersion: 2\n"
    softwares = collected(tmp_path, {"var/lib/dpkg/status": status})["softwares"]
    assert [(each["name"], each["filesize"], each["comments"]) for each in softwares] == [
        ("kept", 12_288, "one")
    ]


# --- identity ---------------------------------------------------------------------------------------------


def test_the_identity_is_the_same_at_each_run_and_leaves_nothing_on_the_machine() -> None:
    first = identity()
    assert identity() == first
    assert first.device_id.startswith(socket.gethostname())
    assert str(UUID(first.agent_id)) == first.agent_id


def test_two_systems_of_one_image_with_their_own_names_are_two_machines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here, name = os.uname(), "another"
    first = identity()
    monkeypatch.setattr(os, "uname", lambda: os.uname_result((here[0], name, *here[2:])))
    assert identity().agent_id != first.agent_id


# --- devices, and a system without ip -----------------------------------------------------------------------

SYS_USB = "sys/bus/usb/devices"
SYS_PCI = "sys/bus/pci/devices"
SYS_POWER = "sys/class/power_supply"


def test_usb_devices_are_told_without_the_hubs_of_the_kernel(tmp_path: Path) -> None:
    files = {
        f"{SYS_USB}/1-2/idVendor": "046d\n",
        f"{SYS_USB}/1-2/idProduct": "c31c\n",
        f"{SYS_USB}/1-2/product": "USB Keyboard\n",
        f"{SYS_USB}/1-2/serial": "K123\n",
        f"{SYS_USB}/1-2/bDeviceClass": "00\n",
        f"{SYS_USB}/1-2:1.0/bInterfaceClass": "03\n",
        f"{SYS_USB}/usb1/idVendor": "1d6b\n",
    }
    assert collected(tmp_path, files)["usbdevices"] == [
        {"vendorid": "046d", "productid": "c31c", "name": "USB Keyboard", "serial": "K123", "class": "00"}
    ]


def test_pci_devices_are_told_as_the_agent_tells_them(tmp_path: Path) -> None:
    place = f"{SYS_PCI}/0000:00:02.0"
    files = {
        f"{place}/vendor": "0x8086\n", f"{place}/device": "0x9bc4\n", f"{place}/class": "0x030000\n",
        f"{place}/revision": "0x05\n", f"{place}/subsystem_vendor": "0x1028\n", f"{place}/subsystem_device": "0x097d\n",
    }  # fmt: skip
    plant(tmp_path, {"sys/bus/pci/drivers/i915/x": ""} | files)
    (tmp_path / place / "driver").symlink_to("../../drivers/i915")
    assert collected(tmp_path, {})["controllers"] == [
        {"vendorid": "8086", "productid": "9bc4", "pciclass": "0300", "rev": "05", "pcisubsystemid": "1028:097d",
         "driver": "i915", "pcislot": "00:02.0"}
    ]  # fmt: skip


@pytest.mark.parametrize(
    "told",
    [
        {"energy_full_design": "57000000", "energy_full": "45600000"},
        {"charge_full_design": "5000000", "charge_full": "4000000"},
    ],
)
def test_batteries_are_told_in_milliwatt_hours_whatever_the_driver_counts(
    tmp_path: Path, told: dict[str, str]
) -> None:
    files = {
        f"{SYS_POWER}/AC/type": "Mains\n",
        f"{SYS_POWER}/hidpp_battery_0/type": "Battery\n",
        f"{SYS_POWER}/hidpp_battery_0/scope": "Device\n",
        f"{SYS_POWER}/BAT0/type": "Battery\n",
        f"{SYS_POWER}/BAT0/model_name": "DELL 1VX1H93\n",
        f"{SYS_POWER}/BAT0/technology": "Li-poly\n",
        f"{SYS_POWER}/BAT0/voltage_min_design": "11400000\n",
        **{f"{SYS_POWER}/BAT0/{name}": value + "\n" for name, value in told.items()},
    }
    assert collected(tmp_path, files)["batteries"] == [
        {
            "name": "DELL 1VX1H93",
            "chemistry": "Li-poly",
            "voltage": 11400,
            "capacity": 57000,
            "real_capacity": 45600,
        }
    ]


def test_without_ip_the_interfaces_are_told_all_the_same_but_their_addresses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine = collector.Machine()
    whole = list(machine.networks())
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr(collector.shutil, "which", lambda *args, **kwargs: None)
    poor = list(machine.networks())
    assert not [e for e in poor if "ipaddress" in e or "ipaddress6" in e]
    assert {(e["description"], e["mac"]) for e in poor if e["mac"]} >= {
        (e["description"], e["mac"]) for e in whole if e["mac"] and e["type"] == "ethernet"
    }
    assert {(e["description"], e["status"], e["mtu"]) for e in poor} == {
        (e["description"], e["status"], e["mtu"]) for e in whole
    }
