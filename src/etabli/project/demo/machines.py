"""What the sample computers say of themselves: inventories in the native format of agents, at a date."""

# ruff: noqa: S311 - the same sample data each time; tables read better unfolded

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cached_property
from random import Random
from typing import Any

from etabli.assets.models import Asset

from . import equipment, programs
from .companies import Company
from .fleet import Item
from .staff import email_of

VERSION = "GLPI-Agent_v1.15"
SYSTEMS: dict[str, dict[str, str]] = {
    "windows-desktop": {
        "name": "Windows",
        "full_name": "Microsoft Windows 11 Professionnel",
        "version": "24H2",
        "kernel_name": "MSWin32",
        "kernel_version": "10.0.26100",
        "arch": "64-bit",
    },
    "windows-old": {
        "name": "Windows",
        "full_name": "Microsoft Windows 10 Professionnel",
        "version": "22H2",
        "kernel_name": "MSWin32",
        "kernel_version": "10.0.19045",
        "arch": "64-bit",
    },
    "windows-server": {
        "name": "Windows",
        "full_name": "Microsoft Windows Server 2022 Standard",
        "version": "21H2",
        "kernel_name": "MSWin32",
        "kernel_version": "10.0.20348",
        "arch": "64-bit",
    },
    "windows": {
        "name": "Windows",
        "full_name": "Microsoft Windows Server 2019 Standard",
        "version": "1809",
        "kernel_name": "MSWin32",
        "kernel_version": "10.0.17763",
        "arch": "64-bit",
    },
    "debian": {
        "name": "Debian",
        "full_name": "Debian GNU/Linux 12 (bookworm)",
        "version": "12.12",
        "kernel_name": "linux",
        "kernel_version": "6.1.0-41-amd64",
        "arch": "x86_64",
    },
    "proxmox": {
        "name": "Proxmox VE",
        "full_name": "Proxmox VE 8.4",
        "version": "8.4.14",
        "kernel_name": "linux",
        "kernel_version": "6.8.12-15-pve",
        "arch": "x86_64",
    },
    "esx": {
        "name": "VMware ESXi",
        "full_name": "VMware ESXi 8.0.3",
        "version": "8.0.3",
        "kernel_name": "VMkernel",
        "kernel_version": "8.0.3-24784735",
        "arch": "x86_64",
    },
    "macos": {
        "name": "MacOSX",
        "full_name": "macOS 26.1",
        "version": "26.1 (25B78)",
        "kernel_name": "darwin",
        "kernel_version": "25.1.0",
        "arch": "arm64",
    },
}
CHASSIS = {"laptop": "Notebook", "desktop": "Mini PC", "server": "Rack Mount Chassis", "vm": "Other"}


class Voice:
    """A machine that speaks: what never changes is drawn once, the rest at each inventory."""

    def __init__(self, item: Item, company: Company, rank: int, rng: Random) -> None:
        self.item, self.company = item, company
        self.rng = Random(rng.random())  # its own chance: another machine's inventory changes nothing here
        self.uuid = str(uuid.UUID(int=self.rng.getrandbits(128), version=4))
        self.agent = str(uuid.UUID(int=self.rng.getrandbits(128), version=4))
        self.macs = [f"{item.product.mac}:{self.rng.randrange(2**24):06x}" for _ in range(2)]
        self.macs = [f"{mac[:8]}:{mac[9:11]}:{mac[11:13]}:{mac[13:15]}" for mac in self.macs]
        fixed = item.asset.kind.key in {"server", "vm"}
        self.address = f"{company.network}.{(10 if fixed else 60) + rank}"
        old = item.system == "windows-desktop" and item.product.since <= 2021 and self.rng.random() < 0.55
        self.system = SYSTEMS["windows-old" if old else item.system]
        self.family = "debian" if item.system in {"debian", "proxmox"} else item.system
        self.memory = self.rng.choice(item.product.memory) * 1024
        self.disk = self.rng.choice(item.product.disks)
        self.disk_serial = f"S{self.rng.randrange(10**13):013d}"
        self.full = self.rng.random()
        self.choice = self.rng.random()
        self.born = self.rng.randint(20, 900)

    @cached_property
    def screens(self) -> list[Asset]:
        """The monitors connected to it."""
        parts = Asset.objects.filter(parent=self.item.asset, kind__key="monitor").exclude(serial="")
        return list(parts.select_related("model__manufacturer").order_by("pk"))

    @property
    def windows(self) -> bool:
        return self.system["name"] == "Windows"

    @property
    def deviceid(self) -> str:
        return f"{self.item.asset.name.lower()}-2025-01-06-08-00-00"

    def headers(self) -> dict[str, str]:
        return {
            "User-Agent": VERSION,
            "GLPI-Agent-ID": self.agent,
            "Content-Type": "application/x-compress-zlib",
        }

    def says(self, at: datetime, *, newer: float) -> dict[str, Any]:
        """A full inventory; ``newer`` is the share of programs already updated."""
        content = {name: make(self, at) for name, make in {**SECTIONS, **equipment.SECTIONS}.items()}
        if newer > 0.8:
            content = equipment.changed(self, content)
        rng = Random(self.choice)  # the same programs each time: only versions move
        day = at.date() if newer == 0 else (at - timedelta(days=200)).date()
        if self.windows:
            content["softwares"] = programs.windows(
                rng,
                self.company.key,
                self.item.product.maker,
                server=self.item.asset.kind.key in {"server", "vm"},
                newer=newer,
                day=day,
            )
        elif self.family == "debian":
            content["softwares"] = programs.debian(rng, newer=newer, day=day)
        return {
            "action": "inventory",
            "deviceid": self.deviceid,
            "itemtype": "Computer",
            "version": "1.15",
            "content": {name: section for name, section in content.items() if section},
        }


def _hardware(one: Voice, at: datetime) -> Any:
    person = one.item.asset.person
    user = email_of(person.name, "").rstrip("@") if person else ""
    vm = {"VMware, Inc.": "VMware", "QEMU": "QEMU", "Microsoft Corporation": "Hyper-V"}.get(
        one.item.product.maker, "Physical"
    )
    return {
        "name": one.item.asset.name,
        "uuid": one.uuid,
        "memory": one.memory - (64 if one.memory < 16384 else 256),
        "swap": 4096,
        "workgroup": one.company.workgroup,
        "chassis_type": CHASSIS[one.item.asset.kind.key],
        "vmsystem": vm,
        "lastloggeduser": user or ("Administrateur" if one.windows else "root"),
        "defaultgateway": f"{one.company.network}.1",
        "dns": f"{one.company.network}.11",
    }


def _bios(one: Voice, at: datetime) -> Any:
    product, asset = one.item.product, one.item.asset
    found = {
        "smanufacturer": product.maker,
        "smodel": product.name,
        "ssn": asset.serial,
        "bmanufacturer": product.maker,
    }
    return found | {
        "bversion": f"1.{one.born % 30}.{one.born % 9}",
        "bdate": f"{1 + one.born % 12:02d}/{1 + one.born % 27:02d}/{product.since}",
    }


def _system(one: Voice, at: datetime) -> Any:
    booted = at - timedelta(hours=one.rng.randint(2, 300))
    return one.system | {
        "fqdn": f"{one.item.asset.name.lower()}.{one.company.domain}",
        "install_date": f"2024-{1 + one.born % 12:02d}-{1 + one.born % 27:02d} 09:12:00"
        if one.born > 300
        else f"2025-{1 + one.born % 12:02d}-15 09:12:00",
        "boot_time": f"{booted:%Y-%m-%d %H:%M:%S}",
        "timezone": {"name": "Europe/Paris", "offset": "+0100"},
    }


def _cpus(one: Voice, at: datetime) -> Any:
    name, cores, threads, speed = one.item.product.processor or ("", 1, 1, 1000)
    maker = "AMD" if "AMD" in name else "Apple" if "Apple" in name else "Intel"
    sockets = 2 if one.item.asset.kind.key == "server" and one.memory > 65536 else 1
    return [
        {
            "name": name,
            "manufacturer": maker,
            "core": cores,
            "thread": threads,
            "speed": speed,
            "arch": one.system["arch"],
        }
    ] * sockets


def _memories(one: Voice, at: datetime) -> Any:
    if one.item.asset.kind.key == "vm":
        return [{"capacity": one.memory, "caption": "RAM slot #0", "type": "DRAM", "numslots": 1}]
    size = 32768 if one.memory > 65536 else max(8192, one.memory // 2)
    kind, speed = ("DDR5", "5600") if one.item.product.since >= 2023 else ("DDR4", "3200")
    return [
        {
            "capacity": size,
            "caption": f"DIMM {chr(65 + slot)}",
            "type": kind,
            "speed": speed,
            "manufacturer": "SK Hynix" if one.born % 2 else "Micron",
            "numslots": slot + 1,
            "serialnumber": f"{one.born:03d}{slot}A7{one.born % 97:02d}",
            "model": "HMCG78AGBSA095N" if kind == "DDR5" else "M471A1K43EB1-CWE",
        }
        for slot in range(max(1, one.memory // size))
    ]


def _storages(one: Voice, at: datetime) -> Any:
    model, size = one.disk
    nvme = any(word in model for word in ("MZVL", "KXG", "SN740", "MTFDKBA", "APPLE"))
    maker = "Samsung" if "amsung" in model.lower() else "KIOXIA" if "KIOXIA" in model else ""
    return [
        {
            "name": "disk0",
            "model": model,
            "manufacturer": maker,
            "serial": one.disk_serial,
            "disksize": size * 1000,
            "interface": "NVMe" if nvme else "SATA",
            "type": "SSD" if nvme or "SSD" in model else "disk",
            "firmware": f"1B{one.born % 10}QGXA7",
        }
    ]


def _drives(one: Voice, at: datetime) -> Any:
    total = round(one.disk[1] * 1000**3 / 1024**2) - 700
    # One machine in twenty is nearly full; the others drift slowly.
    used = 0.94 + 0.04 * one.choice if one.full < 0.05 else 0.28 + 0.5 * one.full + one.rng.uniform(0, 0.03)
    free = round(total * (1 - used))
    if one.windows:
        system = {
            "letter": "C:",
            "label": "Système",
            "filesystem": "NTFS",
            "total": total,
            "free": free,
            "systemdrive": True,
        }
        if one.item.asset.kind.key == "laptop":
            system |= {"encrypt_name": "BitLocker", "encrypt_algo": "XTS_AES128", "encrypt_status": "Yes"}
        extra = [
            {"letter": "D:", "label": "Données", "filesystem": "NTFS", "total": total * 3, "free": free * 3}
        ]
        return [system, *(extra if one.item.asset.kind.key in {"server", "vm"} else [])]
    mount = "/vmfs/volumes/datastore1" if one.item.system == "esx" else "/"
    made = {
        "type": mount,
        "volumn": "/dev/sda1",
        "filesystem": {"macos": "apfs", "esx": "vmfs6"}.get(one.item.system, "ext4"),
        "total": total,
        "free": free,
    }
    return [made]


def _networks(one: Voice, at: datetime) -> Any:
    laptop = one.item.asset.kind.key == "laptop"
    wired = {
        "description": "Intel(R) Ethernet Connection I219-LM"
        if one.item.asset.kind.key != "vm"
        else "Carte réseau virtuelle",
        "mac": one.macs[0],
        "type": "ethernet",
        "status": "Up",
        "speed": "1000",
        "virtualdev": False,
    }
    wifi = {
        "description": "Intel(R) Wi-Fi 6E AX211 160MHz",
        "mac": one.macs[1],
        "type": "wifi",
        "status": "Up",
        "speed": "1200",
        "virtualdev": False,
    }
    address = {"ipaddress": one.address, "ipmask": "255.255.255.0", "ipgateway": f"{one.company.network}.1"}
    if one.item.asset.kind.key not in {"server", "vm"}:
        address["ipdhcp"] = f"{one.company.network}.11"
    return [wired | {"status": "Down"}, wifi | address] if laptop else [wired | address]


def _antivirus(one: Voice, at: datetime) -> Any:
    if not one.windows:
        return []
    fresh = one.born % 17 != 0
    return [
        {
            "name": "Microsoft Defender Antivirus",
            "company": "Microsoft Corporation",
            "enabled": True,
            "uptodate": fresh,
            "version": "4.18.25100.9008",
        }
    ]


def _batteries(one: Voice, at: datetime) -> Any:
    if one.item.asset.kind.key != "laptop":
        return []
    wear = min(0.55, (at.date() - (one.item.asset.bought_on or at.date())).days / 4200)
    return [
        {
            "name": "DELL 1VX1H93",
            "manufacturer": "SMP",
            "serial": f"{one.born * 7:05d}",
            "chemistry": "LiP",
            "capacity": 54000,
            "real_capacity": round(54000 * (1 - max(0, wear)), -2),
        }
    ]


def _users(one: Voice, at: datetime) -> Any:
    return [{"login": _hardware(one, at)["lastloggeduser"], "domain": one.company.workgroup}]


def _video(one: Voice, at: datetime) -> Any:
    return (
        [{"name": "NVIDIA T1000 8GB", "chipset": "TU117", "memory": 8192}]
        if "Z2" in one.item.product.name
        else [{"name": "Intel(R) Iris(R) Xe Graphics", "memory": 1024}]
    )


def _firewalls(one: Voice, at: datetime) -> Any:
    return (
        [
            {"profile": profile, "status": "on"}
            for profile in ("DomainProfile", "PublicProfile", "StandardProfile")
        ]
        if one.windows
        else []
    )


SECTIONS: dict[str, Callable[[Voice, datetime], Any]] = {
    "hardware": _hardware,
    "bios": _bios,
    "operatingsystem": _system,
    "cpus": _cpus,
    "memories": _memories,
    "storages": _storages,
    "drives": _drives,
    "networks": _networks,
    "antivirus": _antivirus,
    "batteries": _batteries,
    "users": _users,
    "videos": _video,
    "firewalls": _firewalls,
}
