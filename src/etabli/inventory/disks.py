"""Disks and volumes out of cleaned sections."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from etabli.inventory.junk import genuine
from etabli.inventory.rows import number, one, rows, said

type DiskKind = Literal["ssd", "hdd", "nvme", "removable", "unknown"]


@dataclass(frozen=True, slots=True)
class Disk:
    """A drive that keeps files, optical drives left out. ``health`` is in the words of the agent that
    sends it.
    """

    name: str
    model: str
    manufacturer: str
    serial: str
    size_mib: int | None
    interface: str
    kind: DiskKind
    firmware: str
    health: str = ""


@dataclass(frozen=True, slots=True)
class Volume:
    """A mounted file system. `encrypted` is None when the agent does not tell, `encryption` is by what."""

    mount: str
    label: str
    filesystem: str
    size_mib: int
    free_mib: int | None
    encrypted: bool | None
    encryption: str = ""


_OPTICAL = re.compile(r"\b(?:cd|dvd|bd)(?:-?r[a-z]*)?\b|cd-?rom|dvd|floppy", re.IGNORECASE)
_MIB_SYSTEMS = re.compile(r"darwin|mac ?os|esx", re.IGNORECASE)


def computer_disks(storages: Any, operatingsystem: Any) -> tuple[Disk, ...]:
    """The disks of a `storages` section, in MiB whatever the unit this system uses."""
    system = one(operatingsystem)
    # Agents write disk sizes in decimal megabytes, but in MiB on macOS and ESX (seen on real inventories).
    mib = bool(_MIB_SYSTEMS.search(f"{said(system, 'kernel_name')} {said(system, 'name')}"))
    kept = [row for row in rows(storages) if not _OPTICAL.search(f"{said(row, 'type')} {_told(row)}")]
    return tuple(_disk(row, mib) for row in kept)


def _told(row: Mapping[str, Any]) -> str:
    return " ".join(said(row, key) for key in ("name", "model", "description"))


def _disk(row: Mapping[str, Any], mib: bool) -> Disk:
    size = number(row, "disksize")
    return Disk(
        name=said(row, "name"),
        model=said(row, "model"),
        manufacturer=genuine(said(row, "manufacturer")),
        serial=genuine(said(row, "serial")),
        size_mib=size if mib or size is None else round(size * 10**6 / 2**20),
        interface=said(row, "interface"),
        kind=_disk_kind(row),
        firmware=said(row, "firmware"),
        health=said(row, "health", "smart_status"),
    )


_DISK_SIGNS: tuple[tuple[DiskKind, re.Pattern[str]], ...] = (
    ("removable", re.compile(r"\busb\b|removable|card reader|memory card|\bsd card", re.IGNORECASE)),
    ("nvme", re.compile(r"nvme", re.IGNORECASE)),
    ("ssd", re.compile(r"\bssd|ssd\b|solid.state", re.IGNORECASE)),
    ("hdd", re.compile(r"\bhdd\b|\b[0-9]+ ?rpm\b", re.IGNORECASE)),
)


def _disk_kind(row: Mapping[str, Any]) -> DiskKind:
    """Only what is written counts: Windows calls a solid state drive "fixed hard disk media"."""
    told = f"{said(row, 'interface')} {said(row, 'type')} {_told(row)}"
    return next((kind for kind, sign in _DISK_SIGNS if sign.search(told)), "unknown")


def computer_volumes(drives: Any) -> tuple[Volume, ...]:
    """The volumes of a `drives` section; an empty optical drive has no size and is not one."""
    return tuple(_volume(row) for row in rows(drives) if number(row, "total"))


def _volume(row: Mapping[str, Any]) -> Volume:
    kind = said(row, "type")
    status = said(row, "encrypt_status").lower()
    named = True if said(row, "encrypt_name", "encrypt_algo") else None
    return Volume(
        mount=said(row, "letter") or (kind if kind.startswith("/") else "") or said(row, "volumn"),
        label=said(row, "label") or ("" if kind.startswith("/") else said(row, "volumn")),
        filesystem=said(row, "filesystem"),
        size_mib=number(row, "total") or 0,
        free_mib=number(row, "free"),
        encrypted={"yes": True, "no": False, "on": True, "off": False}.get(status, named),
        encryption=" ".join(word for key in ("encrypt_name", "encrypt_algo") if (word := said(row, key))),
    )
