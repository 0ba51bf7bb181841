"""Typed facts of a machine, derived from its cleaned sections.

Sizes are in MiB (2**20 bytes), speeds in MHz or Mbit/s. A fact the machine does not tell is an empty text,
an empty tuple or None, never a guess.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

from etabli.inventory.cards import NetworkCard, computer_cards, hardware_macs, port_cards
from etabli.inventory.declared import day_of, read_as
from etabli.inventory.disks import Disk, Volume, computer_disks, computer_volumes
from etabli.inventory.junk import genuine, junk_serial, junk_uuid
from etabli.inventory.parts import MemoryModule, Processor
from etabli.inventory.rows import number, one, rows, said
from etabli.inventory.sections import Warning
from etabli.inventory.values import moment_of, told

__all__ = [
    "Disk",
    "Facts",
    "Identity",
    "MemoryModule",
    "NetworkCard",
    "OperatingSystem",
    "Processor",
    "Software",
    "Volume",
    "computer_facts",
    "junk_serial",
    "junk_uuid",
]


@dataclass(frozen=True, slots=True)
class Identity:
    """What tells this machine from another. Serial, UUID and asset tag are empty rather than junk."""

    name: str
    uuid: str
    serial: str
    manufacturer: str
    model: str
    chassis: str
    asset_tag: str
    itemtype: str
    macs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OperatingSystem:
    """The system. `booted_at` is in the time zone the machine tells, UTC when it tells none."""

    name: str
    full_name: str
    version: str
    edition: str
    kernel: str
    architecture: str
    build: str
    installed_on: date | None
    booted_at: datetime | None
    timezone: str
    fqdn: str


@dataclass(frozen=True, slots=True)
class Software:
    """An installed software, as its package manager or the Windows registry names it."""

    name: str
    version: str
    publisher: str
    architecture: str
    source: str
    category: str
    installed_on: date | None
    size_bytes: int | None
    guid: str
    user: str
    comment: str


@dataclass(frozen=True, slots=True)
class Facts:
    """All the facts of a machine. `warnings` explain what could not be told."""

    identity: Identity
    operating_system: OperatingSystem | None
    memory_mib: int | None
    last_user: str
    processors: tuple[Processor, ...]
    memory: tuple[MemoryModule, ...]
    disks: tuple[Disk, ...]
    volumes: tuple[Volume, ...]
    cards: tuple[NetworkCard, ...]
    software: tuple[Software, ...]
    warnings: tuple[Warning, ...]


def computer_facts(sections: Mapping[str, Any], *, itemtype: str = "Computer") -> Facts:
    """The facts of a computer, phone, printer or network equipment.

    `sections` are cleaned, and complete: give the last known content of those a partial inventory left
    out. Never raises on JSON values.
    """
    hardware = one(sections.get("hardware"))
    cards = computer_cards(sections.get("networks")) + port_cards(sections.get("network_ports"))
    memory = read_as(MemoryModule, rows(sections.get("memories")))
    identity, warnings = _identity(sections, itemtype, cards)
    return Facts(
        identity=identity,
        operating_system=operating_system(sections),
        memory_mib=number(hardware, "memory") or sum(module.size_mib or 0 for module in memory) or None,
        last_user=said(hardware, "lastloggeduser"),
        processors=read_as(Processor, rows(sections.get("cpus"))),
        memory=memory,
        disks=computer_disks(sections.get("storages"), sections.get("operatingsystem")),
        volumes=computer_volumes(sections.get("drives")),
        cards=cards,
        software=_software(sections.get("softwares")),
        warnings=warnings,
    )


def _identity(
    sections: Mapping[str, Any], itemtype: str, cards: tuple[NetworkCard, ...]
) -> tuple[Identity, tuple[Warning, ...]]:
    hardware, bios = one(sections.get("hardware")), one(sections.get("bios"))
    device, system = one(sections.get("network_device")), one(sections.get("operatingsystem"))
    told_uuid = said(hardware, "uuid")
    serials = [said(device, "serial"), *(said(bios, key) for key in ("ssn", "enclosureserial", "msn"))]
    identity = Identity(
        name=said(hardware, "name") or said(device, "name") or said(system, "fqdn").partition(".")[0],
        uuid="" if junk_uuid(told_uuid) else told_uuid.lower(),
        serial=genuine(*serials),
        manufacturer=genuine(
            said(device, "manufacturer"), said(bios, "smanufacturer"), said(bios, "mmanufacturer")
        ),
        model=genuine(said(device, "model"), said(bios, "smodel"), said(bios, "mmodel")),
        chassis=genuine(said(hardware, "chassis_type")),
        asset_tag=genuine(said(device, "assettag"), said(bios, "assettag")),
        itemtype=itemtype,
        # The ports of a switch are not its identity: its own address is enough.
        macs=hardware_macs(() if device else cards, said(device, "mac")),
    )
    return identity, _explained(identity, told_uuid, serials)


def _explained(identity: Identity, uuid: str, serials: list[str]) -> tuple[Warning, ...]:
    warnings = []
    if not identity.name:
        warnings.append(
            Warning("hardware.name", "", "The machine does not tell its name; give it one by hand.")
        )
    if uuid and not identity.uuid:
        warnings.append(
            Warning("hardware.uuid", uuid[:60], "Many machines share this UUID; it identifies none.")
        )
    junk = next((serial for serial in serials if serial), "")
    if junk and not identity.serial:
        reason = told("The maker left this serial number unfilled; it identifies no machine.")
        warnings.append(Warning("bios.ssn", junk[:60], reason))
    return tuple(warnings)


_WINDOWS = re.compile(r"Windows (?:Server )?((?:[0-9.]+|XP|Vista)(?: R2)?)(?: (.+))?")
_BRACKETED = re.compile(r"(.+?) \(([^()]+)\)")
_APPLE_BUILD = re.compile(r"[0-9]{1,2}[A-Z][0-9]{1,5}[a-z]?")


def operating_system(sections: Mapping[str, Any]) -> OperatingSystem | None:
    """The system out of its section, with the architecture of the processors when it is not told there."""
    system = one(sections.get("operatingsystem"))
    if not system:
        return None
    zone = one(system.get("timezone"))
    kernel = said(system, "kernel_version")
    version, bracketed = _split(said(system, "version")[:200])
    apple = bool(_APPLE_BUILD.fullmatch(bracketed))
    windows = _WINDOWS.search(said(system, "full_name"))
    processor = next(iter(rows(sections.get("cpus"))), {})
    return OperatingSystem(
        name=said(system, "name", "full_name"),
        full_name=said(system, "full_name", "name"),
        version=version or (windows[1] if windows else ""),
        edition=windows[2] or "" if windows else "" if apple else bracketed,
        kernel=kernel,
        architecture=said(system, "arch") or said(processor, "arch"),
        build=bracketed if apple else _windows_build(said(system, "kernel_name", "full_name"), kernel),
        installed_on=day_of(said(system, "install_date")),
        booted_at=_moment(said(system, "boot_time"), said(zone, "offset")),
        timezone=said(zone, "name", "offset"),
        fqdn=said(system, "fqdn"),
    )


def _split(version: str) -> tuple[str, str]:
    """`31` and `Workstation Edition`, `10.13.5` and `17F77`."""
    match = _BRACKETED.fullmatch(version)
    return (match[1], match[2]) if match else (version, "")


def _windows_build(name: str, kernel: str) -> str:
    """`19045` out of `10.0.19045`; only Windows numbers its builds there."""
    parts = kernel.split(".")
    return parts[2] if "win" in name.lower().replace("darwin", "") and len(parts) > 2 else ""


def _moment(value: str, offset: str) -> datetime | None:
    moment = moment_of(value[:64])
    return moment.replace(tzinfo=_zone(offset)) if moment else None


def _zone(offset: str) -> timezone:
    match = re.fullmatch(r"([+-])(0[0-9]|1[0-4])([0-5][0-9])", offset)
    if match is None:
        return UTC
    away = timedelta(hours=int(match[2]), minutes=int(match[3]))
    return timezone(-away if match[1] == "-" else away)


def _software(content: Any) -> tuple[Software, ...]:
    """Each software once: some agents list the same one for each of its registry keys."""
    found = (_installed(row) for row in rows(content))
    return tuple(dict.fromkeys(software for software in found if software.name))


def _installed(row: Mapping[str, Any]) -> Software:
    return Software(
        name=said(row, "name", "guid"),
        version=said(row, "version"),
        publisher=said(row, "publisher"),
        architecture=said(row, "arch"),
        source=said(row, "from"),
        category=said(row, "system_category", "release_type"),
        installed_on=day_of(said(row, "install_date")),
        size_bytes=number(row, "filesize"),
        guid=said(row, "guid"),
        user=said(row, "username"),
        comment=said(row, "comments"),
    )
