"""What is plugged into a machine, out of cleaned sections: monitors, printers, USB devices, modems."""

import base64
import binascii
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from . import hwdata
from .declared import Row, found, read_as, real, text
from .junk import genuine
from .rows import rows, said, switch

type Sections = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Edid:
    """What a monitor says of itself (VESA E-EDID 1.4, §3): three letters of the maker, inches of the
    diagonal, year made, and whether it gives a serial number in words.
    """

    maker: str
    inches: int | None
    year: int | None
    serial_text: bool


def edid(content: bytes) -> Edid | None:
    """The first block of an EDID; None when it is not one."""
    if len(content) < 128 or content[:8] != b"\x00\xff\xff\xff\xff\xff\xff\x00":
        return None
    letters = int.from_bytes(content[8:10], "big")
    width, height, year = content[21], content[22], content[17]
    descriptors = [content[at : at + 5] for at in range(54, 126, 18)]
    return Edid(
        maker="".join(chr(64 + (letters >> shift & 31)) for shift in (10, 5, 0)),
        inches=round((width**2 + height**2) ** 0.5 / 2.54) if width and height else None,
        year=1990 + year if year else None,
        serial_text=any(head[:4] == b"\x00\x00\x00\xff" for head in descriptors),
    )


# Makers of panels that are mounted inside laptops and tablets (PNP identifiers); their monitors have others.
PANELS = frozenset(
    [
        "AUO",
        "BOE",
        "CMN",
        "CMO",
        "CPT",
        "CSO",
        "CSW",
        "INL",
        "INX",
        "IVO",
        "KDC",
        "LGD",
        "LPL",
        "NCP",
        "SDC",
        "SEC",
        "SHP",
        "TMX",
    ]
)
# What a maker leaves in the serial number of an EDID: 1, 0x01010101, ASCII zeros…
_JUNK_EDID = frozenset({"16843009", "1010101", "01010101", "808464432", "30303030", "20202020", "538976288"})


def _edid_of(row: Row) -> Edid | None:
    try:
        return edid(base64.b64decode(said(row, "base64"), validate=False))
    except (binascii.Error, ValueError):
        return None


def monitor_serial(row: Row) -> str:
    """The serial number when it can tell one monitor from another."""
    told = genuine(said(row, "serial"), said(row, "altserial"))
    bare = re.sub(r"\W", "", told).lower()
    return "" if len(bare) < 4 or bare in _JUNK_EDID else told


def _monitor_detail(row: Row) -> str:
    told = _edid_of(row)
    parts = [f'{told.inches}"' if told and told.inches else "", str(told.year or "") if told else ""]
    return " · ".join(part for part in parts if part)


def _built_in(row: Row) -> bool:
    told = _edid_of(row)
    return told is not None and told.maker in PANELS and not told.serial_text


@dataclass(frozen=True, slots=True)
class Monitor:
    """``serial`` is empty rather than junk; ``built_in`` is the panel of a laptop."""

    name: str = text("caption", "name", "description")
    manufacturer: str = real("manufacturer")
    serial: str = found(monitor_serial)
    port: str = text("port")
    vendor_code: str = found(lambda row: told.maker if (told := _edid_of(row)) else "")
    detail: str = found(_monitor_detail)
    built_in: bool = found(_built_in)


def monitors(sections: Sections) -> tuple[Any, ...]:
    """A serial number that two monitors of one machine share is the maker's, not theirs."""
    made = read_as(Monitor, rows(sections.get("monitors")))
    seen = Counter(one.serial for one in made if one.serial)
    return tuple(replace(one, serial="") if seen[one.serial] > 1 else one for one in made)


_VIRTUAL = re.compile(
    r"\bpdf\b|\bxps\b|onenote|\bfax\b|document writer|document converter|redirect|remote desktop|to file",
    re.IGNORECASE,
)
_VIRTUAL_PORT = re.compile(
    r"nul:?|file:|portprompt:|shrfax:|xpsport:|ts[0-9]+|microsoft\.office", re.IGNORECASE
)
_PRINTER_DETAIL = ("description", "comment")


def _virtual(row: Row) -> bool:
    return bool(
        _VIRTUAL.search(f"{said(row, 'name')} {said(row, 'driver')}")
        or _VIRTUAL_PORT.match(said(row, "port"))
    )


@dataclass(frozen=True, slots=True)
class Printer:
    """A printer as the machine has it installed; ``built_in`` when it is no object at all (PDF, fax,
    redirected).
    """

    name: str = text("name")
    serial: str = found(lambda row: "" if switch(row, "network") else genuine(said(row, "serial")))
    port: str = text("port")
    driver: str = text("driver")
    detail: str = found(
        lambda row: next((t for key in _PRINTER_DETAIL if (t := said(row, key)) != said(row, "name")), "")
    )
    built_in: bool = found(_virtual)


def printers(sections: Sections) -> tuple[Any, ...]:
    return read_as(Printer, rows(sections.get("printers")))


# USB-IF base classes (usb.org, "Defined Class Codes") worth a word.
_CLASSES = {
    "1": "audio",
    "2": "communication",
    "3": "input",
    "6": "imaging",
    "7": "printer",
    "8": "storage",
    "9": "hub",
    "10": "network",
    "11": "smart card",
    "14": "video",
    "224": "wireless",
}
_ROOT_HUBS = "1d6b"


@dataclass(frozen=True, slots=True)
class UsbDevice:
    name: str = found(lambda row: _usb(row)[1] or said(row, "caption", "name") or _usb_codes(row))
    manufacturer: str = found(lambda row: _usb(row)[0] or genuine(said(row, "manufacturer")))
    serial: str = found(lambda row: _usb_serial(row))
    vendor_code: str = found(lambda row: said(row, "vendorid").lower())
    product_code: str = found(lambda row: said(row, "productid").lower())
    detail: str = found(lambda row: _CLASSES.get(said(row, "class"), ""))


def _usb(row: Row) -> tuple[str, str]:
    return hwdata.usb(said(row, "vendorid"), said(row, "productid"))


def _usb_codes(row: Row) -> str:
    return " ".join(part for part in (said(row, "manufacturer"), said(row, "productid")) if part)


def _usb_serial(row: Row) -> str:
    """Makers number a whole series alike: zeros, one, a date, `SN0001`."""
    told = genuine(said(row, "serial"))
    bare = re.sub(r"\W", "", told).lower().removeprefix("0x").lstrip("0")
    return "" if len(bare) < 5 or bare.startswith(("sn0", "20090101")) else told


def usb_devices(sections: Sections) -> tuple[Any, ...]:
    """Each USB device but the machine's own root hubs."""
    kept = (row for row in rows(sections.get("usbdevices")) if said(row, "vendorid").lower() != _ROOT_HUBS)
    return read_as(UsbDevice, kept)


@dataclass(frozen=True, slots=True)
class Modem:
    name: str = text("name", "description", "model")
    manufacturer: str = real("manufacturer")
    serial: str = found(lambda row: genuine(said(row, "imei"), said(row, "serial")))
    detail: str = text("type")
    built_in: bool = found(lambda _row: True)


def modems(sections: Sections) -> tuple[Any, ...]:
    return read_as(Modem, rows(sections.get("modems")))
