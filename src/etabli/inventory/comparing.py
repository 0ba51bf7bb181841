"""Two inventories of one family of components: what came, went, changed or took the place of another."""

import ipaddress
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .families import Family

type Values = Mapping[str, Any]


@dataclass
class Difference:
    """``added`` and ``removed`` are values of columns; a removed or changed row has its ``id`` too.

    ``changed`` holds the row before, the row after, and the fields whose change is news (none: it is only
    kept current). ``returned`` are rows that had been missing. ``replaced`` pairs what went with what took
    its place; both are also among ``added`` and ``removed``.
    """

    family: Family
    added: list[Values] = field(default_factory=list)
    removed: list[Values] = field(default_factory=list)
    changed: list[tuple[Values, Values, tuple[str, ...]]] = field(default_factory=list)
    returned: list[Values] = field(default_factory=list)
    replaced: list[tuple[Values, Values]] = field(default_factory=list)

    @property
    def none(self) -> bool:
        return not (self.added or self.removed or self.changed or self.returned)


def compare(family: Family, before: Iterable[Values], after: Iterable[Values]) -> Difference:
    """Pair the rows known with those told, by serial number or key; what is left over came or went."""
    found, known = Difference(family), _by_key(family, before)
    for key, row in _by_key(family, after).items():
        old = known.pop(key, None)
        if old is None:
            found.added.append(row)
            continue
        if old.get("missing_since"):
            found.returned.append(old)
        fields = [name for name in family.fields if _differs(old.get(name), row[name])]
        if fields:
            found.changed.append((old, row, _news(family, old, row, fields)))
    found.removed = [row for row in known.values() if not row.get("missing_since")]
    found.replaced = list(_replaced(family, found))
    return found


def _by_key(family: Family, rows: Iterable[Values]) -> dict[tuple[Any, ...], Values]:
    """Rows by what names them; a second of the same name is numbered."""
    counts: dict[tuple[Any, ...], int] = defaultdict(int)
    keyed: dict[tuple[Any, ...], Values] = {}
    for row in rows:
        serial = row.get("serial")
        key = ("serial", serial) if serial else tuple(row[name] for name in family.key)
        keyed[*key, counts[key]] = row
        counts[key] += 1
    return keyed


def _differs(before: Any, after: Any) -> bool:
    return (before or None) != (after or None) if before is None or after is None else before != after


def _news(family: Family, old: Values, new: Values, fields: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for name in fields if name not in family.still and _told(name, old) != _told(name, new))


def _told(name: str, row: Values) -> Any:
    return steady_addresses(row[name]) if name == "addresses" else row[name]


def steady_addresses(addresses: Iterable[str]) -> list[str]:
    """Those whose change says something: IPv6 addresses made for privacy change every day (RFC 8981)."""
    found = [one for one in addresses if not _local(one)]
    return sorted(one for one in found if ":" not in one) or sorted(found)


def _local(address: str) -> bool:
    try:
        ip = ipaddress.ip_interface(address).ip
    except ValueError:
        return True
    return ip.is_loopback or ip.is_link_local


def _replaced(family: Family, found: Difference) -> Iterable[tuple[Values, Values]]:
    """One that went and one that came in the same place, or the only one of each."""
    if not family.place:
        return
    gone = [row for row in found.removed if family.news(row)]
    come = [row for row in found.added if family.news(row)]
    if len(gone) == len(come) == 1:
        yield gone[0], come[0]
        return
    places = {row[family.place]: row for row in gone if row[family.place]}
    for row in come:
        if old := places.pop(row[family.place], None):
            yield old, row
