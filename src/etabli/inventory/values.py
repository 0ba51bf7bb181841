"""Leaf values of an inventory: what agents write, turned into the kind the format promises.

A conversion gives the value itself, MISSING when there is nothing to keep, or a Flaw when the value is
wrong: the reason, and what of it can still be kept.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, StrEnum
from typing import Any, Final

from etabli.inventory.layout import Kind

TEXT_LIMIT = 1_000
LONG_LIMIT = 65_000
_LIST_LIMIT = 2_000
_LARGEST = 2**53
"""Above this a JSON number is no longer exact (RFC 8259 §6), and no machine has that much of anything."""


def told(message: str) -> str:
    """Marks a message for the catalogue; it is said in the reader's language when it is shown."""
    return message


class Reason(StrEnum):
    """Why a value was dropped or mended, in a sentence a technician can read."""

    WRONG_KIND = told("This is not the kind of value expected here; it was left out.")
    ABSURD_DATE = told("This is not a possible date; it was left out.")
    ABSURD_NUMBER = told("This number is too large to be true; it was left out.")
    NEGATIVE = told("A size or a count cannot be negative; it was left out.")
    CUT = told("This text is too long; it was cut.")
    MENDED = told("Unreadable characters were taken out of this text.")
    TOO_DEEP = told("This is nested too deeply; it was left out.")
    TOO_MANY = told("There are more entries than can be kept; the others were left out.")
    NOT_A_ROW = told("A list of entries was expected here; this was left out.")
    MORE = told("Other values of this section had the same kind of trouble.")


class Absent(Enum):
    """The single value MISSING: nothing to keep, and nothing wrong with that."""

    MISSING = "missing"


MISSING: Final = Absent.MISSING


@dataclass(frozen=True, slots=True)
class Flaw:
    """A wrong value: why, and what is kept of it (MISSING when nothing is)."""

    reason: Reason
    kept: Any = MISSING


type Convert = Callable[[Any], Any]

# What agents write when they do not know.
_UNKNOWN = frozenset({"", "n/a", "na", "none", "null", "unknown", "undef", "not available", "0000-00-00"})
_TRUE = frozenset({"1", "true", "yes", "on", "oui"})
_FALSE = frozenset({"0", "false", "no", "off", "non"})
_NUMBER = re.compile(r"([+-]?[0-9]{1,18}(?:[.,][0-9]{1,18})?)\s*([A-Za-z]*)")
_MIB = {
    **dict.fromkeys(("kb", "kib", "ko"), 1 / 1024),
    **dict.fromkeys(("", "m", "mb", "mib", "mo"), 1.0),
    **dict.fromkeys(("g", "gb", "gib", "go"), 1024.0),
    **dict.fromkeys(("t", "tb", "tib", "to"), 1024.0**2),
}
_MHZ = {"": 1.0, "mhz": 1.0, "ghz": 1000.0, "khz": 1 / 1000}
_MWH = {"": 1.0, "mwh": 1.0, "wh": 1000.0, "mah": 1.0}
_MV = {"": 1.0, "mv": 1.0, "v": 1000.0}
_COUNT = {"": 1.0}


def text(value: Any, limit: int = TEXT_LIMIT) -> Any:
    """Text of at most `limit` characters, without NUL nor lone surrogate: PostgreSQL refuses both."""
    if isinstance(value, str):
        return _tidy(value, limit)
    if value is None:
        return MISSING
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value) if -_LARGEST < value < _LARGEST else Flaw(Reason.ABSURD_NUMBER)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return _tidy(", ".join(value), limit)
    return Flaw(Reason.WRONG_KIND)


def long_text(value: Any) -> Any:
    return text(value, LONG_LIMIT)


def masked(value: Any) -> Any:
    """The last signs of a secret that people compare with what is on a box: `•••••-7FTGD`.

    The others are never stored. A text too short to hide most of itself is hidden whole.
    """
    told = text(value)
    if not isinstance(told, str) or not told:
        return told if told is MISSING or told == "" else MISSING
    return f"•••••-{told[-5:]}" if len(told) >= 15 else "•••••"


def _tidy(value: str, limit: int) -> Any:
    kept = value.strip()
    if "\x00" in kept or not (kept.isascii() or _encodable(kept)):
        kept = kept.replace("\x00", "").encode("utf-8", "replace").decode("utf-8").strip()
        return Flaw(Reason.MENDED, kept[:limit])
    return kept if len(kept) <= limit else Flaw(Reason.CUT, kept[:limit])


def _encodable(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def texts(value: Any) -> Any:
    """A list of texts; a single text becomes a list of one."""
    if value is None or value == "":
        return MISSING
    items = value if isinstance(value, list) else [value]
    if any(isinstance(item, dict | list) for item in items):
        return Flaw(Reason.WRONG_KIND)
    results = [text(item) for item in items[:_LIST_LIMIT]]
    kept = [result.kept if isinstance(result, Flaw) else result for result in results]
    kept = [item for item in kept if item is not MISSING]
    flaw = next((result for result in results if isinstance(result, Flaw)), None)
    if len(items) > _LIST_LIMIT:
        flaw = Flaw(Reason.TOO_MANY)
    return Flaw(flaw.reason, kept) if flaw else kept


def flag(value: Any) -> Any:
    """True or False; agents also write 0, 1, "0", "1", "yes", "no"."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and value in (0, 1):
        return bool(value)
    if value is None:
        return MISSING
    word = value.strip().lower() if isinstance(value, str) else "?"
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    return MISSING if word in _UNKNOWN else Flaw(Reason.WRONG_KIND)


def whole(value: Any, units: Mapping[str, float]) -> Any:
    """A whole number, zero or more, in the unit whose factor is 1; text may carry another unit."""
    if value is None:
        return MISSING
    if isinstance(value, bool):
        return Flaw(Reason.WRONG_KIND)
    number = _parsed(value, units) if isinstance(value, str) else value
    if not isinstance(number, int | float):
        return number
    if not -_LARGEST < number < _LARGEST:
        return Flaw(Reason.ABSURD_NUMBER)
    return round(number) if number >= 0 else Flaw(Reason.NEGATIVE)


def _parsed(value: str, units: Mapping[str, float]) -> Any:
    stripped = value.strip()
    if stripped.lower() in _UNKNOWN:
        return MISSING
    match = _NUMBER.fullmatch(stripped)
    factor = units.get(match[2].lower()) if match else None
    if match is None or factor is None:
        return Flaw(Reason.WRONG_KIND)
    number = float(match[1].replace(",", ".")) if "." in match[1] or "," in match[1] else int(match[1])
    return number if factor == 1 else number * factor


_ISO_DATE = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")
_SLASHED = re.compile(r"([0-9]{1,2})[/.]([0-9]{1,2})[/.]([0-9]{4})")
_CTIME = re.compile(r"[A-Za-z]{3} ([A-Za-z]{3}) +([0-9]{1,2}) ([0-9:]{5,8}) ([0-9]{4})")
_CLOCK = re.compile(r"[T ]+([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_YEARS = range(1980, 2101)
"""Before 1980 there was no PC: 1970 and 1601 are clocks at zero. After 2100 it is a broken clock too."""


def moment_of(value: str, *, month_first: bool = False) -> datetime | None:
    """The local date and time a text tells, or None.

    Accepts ISO 8601, the `dd/mm/yyyy` of FusionInventory (`mm/dd/yyyy` when `month_first`, as SMBIOS
    writes BIOS dates, or when the month would be above 12), `yyyymmdd` and the form of ctime(3).
    """
    found = _calendar(value.strip(), month_first)
    if found is None:
        return None
    year, month, day, rest = found
    clock = _CLOCK.match(rest)
    hour, minute, second = (int(part or 0) for part in clock.groups()) if clock else (0, 0, 0)
    try:
        moment = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 (local to the machine)
    except ValueError:
        return None
    return moment if year in _YEARS else None


def _calendar(value: str, month_first: bool) -> tuple[int, int, int, str] | None:
    if match := _ISO_DATE.match(value):
        return int(match[1]), int(match[2]), int(match[3]), value[match.end() :]
    if match := _SLASHED.match(value):
        first, second = int(match[1]), int(match[2])
        swap = second > 12 if not month_first else first <= 12
        day, month = (second, first) if swap else (first, second)
        return int(match[3]), month, day, value[match.end() :]
    if match := _CTIME.fullmatch(value):
        name = match[1].lower()
        return int(match[4]), _MONTHS.index(name) + 1 if name in _MONTHS else 0, int(match[2]), " " + match[3]
    if len(value) == 8 and value.isascii() and value.isdigit():
        return int(value[:4]), int(value[4:6]), int(value[6:]), ""
    return None


_DAY_ONLY, _WITH_TIME = len("2020-12-31"), len("2020-12-31 23:59:59")


def _dated(value: Any, length: int, month_first: bool = False) -> Any:
    if value is None or (isinstance(value, str) and value.strip().lower() in _UNKNOWN):
        return MISSING
    if not isinstance(value, str):
        return Flaw(Reason.WRONG_KIND)
    moment = moment_of(value[:64], month_first=month_first)
    return moment.isoformat(" ")[:length] if moment else Flaw(Reason.ABSURD_DATE)


CONVERTERS: Mapping[Kind, Convert] = {
    Kind.TEXT: text,
    Kind.LONG: long_text,
    Kind.TEXTS: texts,
    Kind.HIDDEN: masked,
    Kind.FLAG: flag,
    Kind.COUNT: lambda value: whole(value, _COUNT),
    Kind.MIB: lambda value: whole(value, _MIB),
    Kind.MHZ: lambda value: whole(value, _MHZ),
    Kind.MWH: lambda value: whole(value, _MWH),
    Kind.MV: lambda value: whole(value, _MV),
    Kind.DATE: lambda value: _dated(value, _DAY_ONLY),
    Kind.US_DATE: lambda value: _dated(value, _DAY_ONLY, True),
    Kind.MOMENT: lambda value: _dated(value, _WITH_TIME),
}
