"""The parts of a machine out of cleaned sections: memory slots, processors, firmware, batteries, cards,
SIM cards.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from . import hwdata
from .declared import Row, count, day, flag, found, read_as, real, text, words_of
from .junk import genuine
from .rows import number, one, rows, said

type Sections = Mapping[str, Any]

_AT_GHZ = re.compile(r"@ ?([0-9]{1,2}(?:\.[0-9]{1,3})?) ?GHz")


def _speed(row: Row) -> int | None:
    told = _AT_GHZ.search(said(row, "name", "familyname"))
    return number(row, "speed") or (round(float(told[1]) * 1000) if told else None)


def _threads(row: Row) -> int | None:
    # Some agents count the threads of one core, others those of the whole socket.
    cores, threads = number(row, "core"), number(row, "thread")
    fewer = cores is not None and threads is not None and threads < cores
    return cores * threads if fewer and cores and threads else threads


@dataclass(frozen=True, slots=True)
class Processor:
    """One socket: its cores and its threads, all together."""

    name: str = text("name", "familyname")
    manufacturer: str = text("manufacturer")
    cores: int | None = count("core")
    threads: int | None = found(_threads)
    speed_mhz: int | None = found(_speed)


def _slot(row: Row) -> str:
    caption, place = said(row, "caption"), number(row, "numslots")
    # macOS agents write the health of the module there.
    if caption and not caption.startswith("Status:"):
        return caption
    return "" if place is None else str(place)


def _memory_speed(row: Row) -> int | None:
    told = re.match(r"[0-9]{2,6}", said(row, "speed"))
    return int(told[0]) if told else None


@dataclass(frozen=True, slots=True)
class MemoryModule:
    """A memory slot; ``size_mib`` is None when it is empty."""

    slot: str = found(_slot)
    size_mib: int | None = found(lambda row: number(row, "capacity") or None)
    kind: str = found(lambda row: genuine(said(row, "type")))
    speed_mhz: int | None = found(_memory_speed)
    manufacturer: str = real("manufacturer")
    serial: str = real("serialnumber")
    part_number: str = real("model")


@dataclass(frozen=True, slots=True)
class Motherboard:
    manufacturer: str = real("mmanufacturer")
    model: str = real("mmodel")
    serial: str = real("msn")


@dataclass(frozen=True, slots=True)
class Firmware:
    """``secure_boot`` is as the machine says it: Enabled, Disabled, Unsupported."""

    name: str = text("name", "type")
    kind: str = text("type")
    manufacturer: str = real("manufacturer")
    release: str = text("version")
    released_on: date | None = day("date")
    secure_boot: str = text("secure_boot")


def firmwares(sections: Sections) -> tuple[Firmware, ...]:
    """The BIOS first, then the firmware of the parts."""
    bios = one(sections.get("bios"))
    told = {
        "name": "BIOS",
        "type": "bios",
        "manufacturer": said(bios, "bmanufacturer"),
        "version": said(bios, "bversion"),
        "date": said(bios, "bdate"),
        "secure_boot": said(bios, "secure_boot"),
    }
    first = [told] if said(bios, "bversion", "bdate", "secure_boot") else []
    return read_as(Firmware, [*first, *rows(sections.get("firmwares"))])


@dataclass(frozen=True, slots=True)
class Battery:
    """Capacities in mWh, when new and now; a phone tells a percentage as its capacity, which is neither."""

    name: str = real("name")
    manufacturer: str = real("manufacturer")
    serial: str = real("serial")
    chemistry: str = text("chemistry")
    capacity_mwh: int | None = found(lambda row: _plausible(number(row, "capacity")))
    left_mwh: int | None = found(lambda row: _plausible(number(row, "real_capacity")))
    health: str = text("health")
    made_on: date | None = day("date")


def _plausible(capacity: int | None) -> int | None:
    return capacity if capacity is not None and capacity > 100 else None


@dataclass(frozen=True, slots=True)
class GraphicsCard:
    name: str = text("name", "chipset")
    chipset: str = text("chipset")
    memory_mib: int | None = count("memory")
    resolution: str = text("resolution")


@dataclass(frozen=True, slots=True)
class SoundCard:
    name: str = text("name", "caption", "description")
    manufacturer: str = text("manufacturer")


@dataclass(frozen=True, slots=True)
class Controller:
    """Named by the system's list of PCI identifiers when it is there, else in the agent's words."""

    name: str = found(lambda row: _pci(row)[1] or said(row, "caption", "name"))
    manufacturer: str = found(lambda row: _pci(row)[0] or genuine(said(row, "manufacturer")))
    kind: str = text("type")
    driver: str = text("driver")
    slot: str = text("pcislot")
    vendor_code: str = found(lambda row: said(row, "vendorid").lower())
    product_code: str = found(lambda row: said(row, "productid").lower())


def _pci(row: Row) -> tuple[str, str]:
    return hwdata.pci(said(row, "vendorid"), said(row, "productid"))


@dataclass(frozen=True, slots=True)
class PowerSupply:
    name: str = text("name")
    manufacturer: str = real("manufacturer")
    model: str = real("model")
    serial: str = real("serialnumber")
    part_number: str = real("partnum")
    power_w: int | None = count("power_max")
    status: str = text("status")
    location: str = text("location")
    plugged: bool | None = flag("plugged")


_SIZE = re.compile(r"([0-9]{2,5})x([0-9]{2,5})")


def _best(row: Row) -> str:
    sizes = [match for item in words_of(row, "resolution") if (match := _SIZE.match(item))]
    best = max(sizes, key=lambda size: int(size[1]) * int(size[2]), default=None)
    return f"{best[1]} × {best[2]}" if best else ""


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera of a phone or of a laptop, with its best picture."""

    name: str = text("designation", "model")
    manufacturer: str = real("manufacturer")
    model: str = text("model")
    facing: str = found(lambda row: said(row, "lensfacing").lower())
    resolution: str = found(_best)
    flash: bool | None = flag("flashunit")


@dataclass(frozen=True, slots=True)
class SimCard:
    serial: str = text("iccid", "serial")
    operator: str = text("operator_name", "operator_code")
    country: str = text("country")
    phone: str = text("phone_number")
    subscriber: str = real("subscriber_id")
    status: str = text("state")
