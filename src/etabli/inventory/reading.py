"""A document compared with what is known of an asset, section by section: what it says anew, and keeping
it.
"""

import zlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from django.db import connection

from etabli.assets.models import Asset

from . import facts, sections
from .models import Document, Section

# Sections that say who a machine is: read from the last inventory when a partial leaves them out.
IDENTITY = ("hardware", "bios", "network_device")
NEEDED = frozenset({*IDENTITY, "operatingsystem", "cpus", "memories", "drives", "networks", "network_ports"})
MOST_WARNINGS = 200


@dataclass
class Reading:
    """A document being read.

    ``known``: digest of each section the asset already has. ``changed``: the sections that say something new,
    cleaned. ``gone``: those that a full inventory no longer lists.
    """

    document: Document
    itemtype: str
    partial: bool
    sent: dict[str, Any]
    now: datetime
    known: dict[str, bytes] = field(default_factory=dict)
    changed: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    digests: dict[str, bytes] = field(default_factory=dict)
    warnings: list[sections.Warning] = field(default_factory=list)
    _cleaned: dict[str, Any] = field(default_factory=dict)

    @property
    def moved(self) -> bool:
        """Whether it says anything that was not known."""
        return bool(self.changed or self.gone)

    @property
    def switched(self) -> bool:
        """Whether another agent, or version, speaks: what it leaves out or adds is no news of the machine."""
        return "versionprovider" in {*self.changed, *self.gone}

    def cleaned(self, name: str) -> Any:
        """A section as it was sent, cleaned once; its warnings are noted."""
        if name not in self._cleaned:
            self._cleaned[name], warnings = sections.clean(name, self.sent[name])
            self.warnings += warnings
        return self._cleaned[name]


def compare(reading: Reading, asset_id: int | None) -> None:
    """Find what the document says anew about an asset (everything when there is none), by digest.

    A partial inventory lists whole sections, and says nothing of those it leaves out; a full one tells by
    leaving a section out that it is gone.
    """
    reading.known = {}
    if asset_id is not None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT name, digest FROM inventory_section WHERE asset_id = %s", [asset_id])
            reading.known = {name: bytes(digest) for name, digest in cursor.fetchall()}
    if not reading.digests:
        reading.digests = {name: sections.digest(name, content) for name, content in reading.sent.items()}
    reading.changed = [name for name, digest in reading.digests.items() if reading.known.get(name) != digest]
    reading.gone = [] if reading.partial else [name for name in reading.known if name not in reading.sent]


def facts_of(reading: Reading, asset: Asset | None) -> tuple[facts.Facts, facts.Identity | None]:
    """The facts of the machine, completed by the last known sections, and its identity as last told."""
    for name in reading.changed:
        reading.cleaned(name)
    absent = {n for n in NEEDED - reading.sent.keys() if n in reading.known and n not in reading.gone}
    last = contents(asset, absent | (reading.known.keys() & set(IDENTITY))) if asset else {}
    complete = {name: last[name] for name in absent if name in last}
    complete |= {name: reading.cleaned(name) for name in NEEDED & reading.sent.keys()}
    told = facts.computer_facts({n: last[n] for n in IDENTITY if n in last}).identity if last else None
    return facts.computer_facts(complete, itemtype=reading.itemtype), told


def told_of(reading: Reading, asset: Asset, names: Collection[str]) -> dict[str, Any]:
    """Some sections as they now are: those sent, and the last content of those a partial inventory left
    out.
    """
    sent = {name: reading.cleaned(name) for name in names if name in reading.sent}
    absent = {n for n in names if n not in sent and n in reading.known and n not in reading.gone}
    return sent | (contents(asset, absent) if absent else {})


def contents(asset: Asset, names: Collection[str]) -> dict[str, Any]:
    """The last content of some sections of an asset, as JSON values."""
    rows = Section.objects.filter(asset=asset, name__in=names).values_list("name", "content")
    return {name: _opened(content) for name, content in rows}


def content_of_section(section: Section) -> Any:
    """The content of a stored section, as JSON values."""
    return _opened(section.content)


def keep(reading: Reading, asset_id: int) -> None:
    """Store the sections that changed, and the latest content of those that move all the time."""
    moving = (name for name in reading.sent if name in sections.VOLATILE and name in reading.known)
    kept: dict[str, list[Any]] = {}
    for name in dict.fromkeys([*reading.changed, *moving]):
        content = reading.cleaned(name)
        level = 6 if name in reading.changed else 1
        items = len(content) if isinstance(content, list) else 1
        packed = zlib.compress(orjson.dumps(content), level)
        kept[name[:40]] = [name[:40], reading.digests[name], packed, items]
    document = reading.document
    shared: list[Any] = [document.organisation_id, asset_id, document.pk, document.received_at]
    with connection.cursor() as cursor:
        if kept:
            cursor.execute(KEEP, [*shared, *map(list, zip(*kept.values(), strict=True))])
        if reading.gone:
            cursor.execute(FORGET, [asset_id, reading.gone])


KEEP = """
INSERT INTO inventory_section (organisation_id, asset_id, document_id, seen_at, name, digest, content, items)
SELECT %s, %s, %s, %s, * FROM unnest(%s::text[], %s::bytea[], %s::bytea[], %s::int[])
ON CONFLICT (asset_id, name) DO UPDATE SET digest = excluded.digest, content = excluded.content,
       items = excluded.items, document_id = excluded.document_id, seen_at = excluded.seen_at
"""
FORGET = "DELETE FROM inventory_section WHERE asset_id = %s AND name = ANY (%s)"


def warnings_of(
    reading: Reading, repairs: Iterable[str], told: Iterable[sections.Warning]
) -> list[dict[str, str]]:
    """Everything that was mended or dropped, as it is shown beside the decision."""
    mended = [{"path": "", "value": "", "reason": repair} for repair in repairs]
    dropped = [{"path": w.path, "value": w.value, "reason": w.reason} for w in [*reading.warnings, *told]]
    return [*mended, *dropped][:MOST_WARNINGS]


def _opened(content: Any) -> Any:
    return orjson.loads(zlib.decompress(bytes(content)))


def vmsystem_of(cleaned: Mapping[str, Any]) -> str:
    """The hypervisor or container that a machine says it runs in."""
    return str(cleaned.get("vmsystem") or "")
