"""The sections of an inventory: listed in order, compared by digest, cleaned leaf by leaf.

An odd value never refuses a machine: the leaf is dropped, the rest is kept, and a Warning says so.
"""

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Protocol

import orjson

from etabli.inventory.layout import SECTIONS, Kind, Section
from etabli.inventory.values import (
    CONVERTERS,
    MISSING,
    TEXT_LIMIT,
    Convert,
    Flaw,
    Reason,
    long_text,
    text,
)

VOLATILE: Mapping[str, Mapping[str, str]] = {
    "accesslog": {"*": "the time of the inventory itself"},
    "processes": {"*": "what runs at that second"},
    "envs": {"*": "holds session numbers, window handles, process ids"},
    "pagecounters": {"*": "counters: measures, not changes"},
    "cartridges": {"*": "levels: measures, not changes"},
    "consumables": {"value": "a level"},
    "versionprovider": {"etime": "how long the agent took", "perl_args": "the options of that one run"},
    "hardware": {
        "datelastloggeduser": "moves at each login",
        "swap": "grows and shrinks on macOS and Windows",
        "etime": "how long the agent took",
        "checksum": "of the sections sent by an old agent",
        "lastdate": "the time of the inventory itself",
    },
    "operatingsystem": {"boot_time": "computed from the uptime: a second more or less at each run"},
    "drives": {"free": "free space moves all the time"},
    "physical_volumes": {"free": "free space"},
    "volume_groups": {"free": "free space"},
    "batteries": {
        "voltage": "follows the charge",
        "level": "the charge",
        "status": "charging or not",
        "temperature": "a measure",
    },
    "antivirus": {
        "base_version": "signatures are renewed several times a day",
        "base_creation": "idem; whether they are up to date stays compared",
    },
    "networks": {"wifi_bssid": "a laptop walks from one access point to the next"},
    "network_device": {"uptime": "time passes", "cpu": "load in percent", "memory": "free memory"},
    "network_ports": {
        "ifinbytes": "a counter",
        "ifoutbytes": "a counter",
        "ifinoctets": "a counter",
        "ifoutoctets": "a counter",
        "ifinerrors": "a counter",
        "ifouterrors": "a counter",
        "iflastchange": "an uptime",
    },
    "printers": {"status": "idle or printing", "errstatus": "paper out, cover open"},
    "databases_services": {
        "size": "grows with use",
        "last_boot_date": "an uptime",
        "last_backup_date": "moves at each backup",
        "databases.size": "grows with use",
        "databases.update_date": "moves with use",
        "databases.last_backup_date": "moves at each backup",
    },
}
"""Leaves left out of the digest, each with its reason; `*` is the whole section, `a.b` a nested leaf."""

_ENVELOPE = frozenset({"versionclient"})
_MAX_DEPTH = 8
_MAX_WARNINGS = 100
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Warning:
    """A value that was dropped or mended. `path` is like `softwares[12].install_date`."""

    path: str
    value: str
    reason: str


class Sectioned(Protocol):
    """What holds sections: an Inventory, or a Device found by SNMP."""

    @property
    def sections(self) -> dict[str, Any]: ...


def unwrap(inventory: Sectioned) -> dict[str, Any]:
    """The sections sent, known ones first and in the order of the format, then the others by name.

    `versionclient` is left out: it speaks of the agent, and the message has it as `version`.
    """
    sent = inventory.sections
    known = [name for name in SECTIONS if name in sent]
    others = sorted(name for name in sent if name not in SECTIONS and name not in _ENVELOPE)
    return {name: sent[name] for name in known + others}


def digest(name: str, content: Any) -> bytes:
    """16 bytes that change when the section says something new.

    The order of keys and of rows does not count, nor do the leaves listed in VOLATILE. The digest of a
    wholly volatile section is constant: keep its latest content without calling that a change.
    """
    left_out = _LEFT_OUT.get(name, {})
    hasher = blake2b(digest_size=16)
    if "*" in left_out:
        return hasher.digest()
    if isinstance(content, list):
        rows = [_canonical(_steady(row, left_out) if left_out else row) for row in content]
        hasher.update(b"[" + b",".join(sorted(rows)))
    else:
        hasher.update(_canonical(_steady(content, left_out) if left_out else content))
    return hasher.digest()


type _Tree = dict[str, "_Tree | None"]


def _tree(leaves: Mapping[str, str]) -> _Tree:
    tree: _Tree = {}
    for leaf in leaves:
        parent, _, child = leaf.rpartition(".")
        branch = tree.setdefault(parent, {}) if parent else tree
        if branch is not None:
            branch[child] = None
    return tree


_LEFT_OUT: Mapping[str, _Tree] = {name: _tree(leaves) for name, leaves in VOLATILE.items()}


def _steady(row: Any, left_out: _Tree) -> Any:
    if not isinstance(row, dict):
        return row
    steady = {key: item for key, item in row.items() if left_out.get(key, left_out) is not None}
    for key, branch in left_out.items():
        inside = steady.get(key)
        if branch and isinstance(inside, list):
            steady[key] = [_steady(item, branch) for item in inside]
    return steady


def _canonical(value: Any) -> bytes:
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        # Lone surrogates, numbers beyond 64 bits or deep nesting: rare enough for the slow way.
        return json.dumps(_bounded(value, 0), sort_keys=True).encode()


def _bounded(value: Any, depth: int) -> Any:
    if isinstance(value, dict | list) and depth > 50:
        return None
    if isinstance(value, dict):
        return {str(key): _bounded(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_bounded(item, depth + 1) for item in value]
    return hex(value) if isinstance(value, int) and not isinstance(value, bool) else value


class _Notes:
    """The warnings of one section, at most `_MAX_WARNINGS` and then one that counts the others."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.warnings: list[Warning] = []
        self.others = 0

    def add(self, path: str, value: Any, reason: Reason) -> None:
        if len(self.warnings) < _MAX_WARNINGS:
            self.warnings.append(Warning(path=_tame(path, 200), value=_shown(value), reason=reason.value))
        else:
            self.others += 1

    def all(self) -> list[Warning]:
        if not self.others:
            return self.warnings
        return [
            *self.warnings,
            Warning(path=self.name[:200], value=str(self.others), reason=Reason.MORE.value),
        ]


def _tame(value: str, limit: int) -> str:
    return value[:limit].replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def _shown(value: Any) -> str:
    """A short sight of a value: containers by their size, so that a huge one costs nothing."""
    if isinstance(value, str):
        return _tame(value if len(value) <= _SHOWN else value[: _SHOWN - 1] + "…", _SHOWN)
    if isinstance(value, dict):
        return f"{{{len(value)}}}"
    if isinstance(value, list):
        return f"[{len(value)}]"
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**64:
        return "a number of more than 64 bits"
    return json.dumps(value)[:_SHOWN]


def clean(name: str, content: Any) -> tuple[Any, list[Warning]]:
    """The section with every leaf of the right kind, and a Warning for each one dropped or mended.

    A known section comes back as its list of rows or its object, an unknown one as it is but for
    unsafe text. Never raises on a JSON value.
    """
    notes = _Notes(name)
    section = _COMPILED.get(name)
    if section is not None:
        return section(content, name, notes), notes.all()
    kept = _free(content, name, notes, 0)
    return (None if kept is MISSING else kept), notes.all()


type _Clean = Callable[[Any, str, _Notes], Any]


def _compiled(section: Section) -> _Clean:
    """A cleaner for one section, its table looked up once and not for each leaf."""
    converters = {key: CONVERTERS[kind] for key, kind in section.kinds.items() if isinstance(kind, Kind)}
    nested = {key: _compiled(kind) for key, kind in section.kinds.items() if isinstance(kind, Section)}

    def clean_rows(content: Any, path: str, notes: _Notes) -> list[dict[str, Any]]:
        rows = _rows(content, path, notes)
        return [_clean_row(row, where, converters, nested, notes) for row, where in rows]

    def clean_one(content: Any, path: str, notes: _Notes) -> dict[str, Any]:
        return next(iter(clean_rows(content, path, notes)), {})

    return clean_rows if section.many else clean_one


def _clean_row(
    row: Mapping[str, Any],
    path: str,
    converters: Mapping[str, Convert],
    nested: Mapping[str, _Clean],
    notes: _Notes,
) -> dict[str, Any]:
    cleaned: dict[str, Any] = {}
    for key, value in row.items():
        convert = converters.get(key)
        if convert is not None:
            kept, name = _leaf(value, convert, path, key, notes), key
        elif key in nested:
            kept, name = nested[key](value, f"{path}.{key}", notes), key
        else:
            kept, name = _free(value, _inside(path, key), notes, 1), _tame(key, TEXT_LIMIT)
        if kept is not MISSING:
            cleaned[name] = kept
    return cleaned


def _rows(content: Any, path: str, notes: _Notes) -> Iterator[tuple[Mapping[str, Any], str]]:
    """The objects of a section and where each is, whether it holds one or a list of them."""
    if isinstance(content, dict):
        yield content, path
        return
    if not isinstance(content, list):
        if content not in (None, ""):
            notes.add(path, content, Reason.NOT_A_ROW)
        return
    for index, row in enumerate(content):
        if isinstance(row, dict):
            yield row, f"{path}[{index}]"
        elif row not in (None, ""):
            notes.add(f"{path}[{index}]", row, Reason.NOT_A_ROW)


def _leaf(value: Any, convert: Convert, path: str, key: str, notes: _Notes) -> Any:
    # Nearly every leaf is a short ASCII text: the quick way out makes cleaning three times faster.
    quick = value.__class__ is str and (convert is text or convert is long_text)
    if quick and len(value) <= TEXT_LIMIT and value.isascii() and "\x00" not in value:
        return value.strip()
    result = convert(value)
    if result.__class__ is not Flaw:
        return result
    notes.add(f"{path}.{key}" if key else path, value, result.reason)
    return result.kept


def _inside(path: str, key: str) -> str:
    # Cut, or a key of a megabyte would be copied once for each value below it.
    return f"{path}.{key[:80]}"


def _free(value: Any, path: str, notes: _Notes, depth: int) -> Any:
    """A value the format does not describe: kept, but for what a database cannot hold."""
    if isinstance(value, str):
        return _leaf(value, long_text, path, "", notes)
    if isinstance(value, dict | list) and depth >= _MAX_DEPTH:
        notes.add(path, value, Reason.TOO_DEEP)
        return MISSING
    if isinstance(value, dict):
        pairs = [(key, _free(item, _inside(path, key), notes, depth + 1)) for key, item in value.items()]
        return {_tame(key, TEXT_LIMIT): item for key, item in pairs if item is not MISSING}
    if isinstance(value, list):
        items = [_free(item, f"{path}[{index}]", notes, depth + 1) for index, item in enumerate(value)]
        return [item for item in items if item is not MISSING]
    odd = isinstance(value, int) and abs(value) >= 2**63
    if odd or (isinstance(value, float) and not math.isfinite(value)):
        notes.add(path, value, Reason.ABSURD_NUMBER)
        return MISSING
    return value


_COMPILED: Mapping[str, _Clean] = {name: _compiled(section) for name, section in SECTIONS.items()}
