"""Reading a received document into the fleet: compare by section, recognise the asset, write what changed, explain."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from django.db import connection, transaction

from etabli.assets.models import Asset
from etabli.kernel.actors import Actor
from etabli.kernel.events import publish

from . import composing, facts, matching, sections
from .messages import Inventory, NetworkResult, read
from .models import Agent, Document, Section
from .receiving import content_of
from .wire import TooLarge, Unreadable, open_body

AGENT = Actor(account_id=None, label="Agent", source="agent")
MOST_ATTEMPTS = 5
MOST_WARNINGS = 200
# Sections that say who a machine is: read from the last inventory when a partial leaves them out.
IDENTITY = ("hardware", "bios", "networks", "operatingsystem", "network_device", "network_ports")
QUIET = {"drives", "processes", "envs", "accesslog", "versionprovider", "versionclient"}


@dataclass
class Reading:
    """A document being read: what was sent, what is new in it, what came out."""

    document: Document
    itemtype: str
    partial: bool
    sent: dict[str, Any]
    now: datetime
    known: dict[str, Section] = field(default_factory=dict)
    changed: dict[str, Any] = field(default_factory=dict)
    digests: dict[str, bytes] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    warnings: list[dict[str, str]] = field(default_factory=list)


def absorb(document: Document, *, now: datetime) -> Document:
    """Read one document, in the scope of its organisation and one transaction. Never raises on its content."""
    try:
        body = open_body(content_of(document), "application/x-compress-zlib")
        message = read(body, headers=document.headers)
    except (TooLarge, Unreadable) as error:
        return _finish(document, now, Document.Decision.REFUSED, str(error), state=Document.State.FAILED)
    if isinstance(message, NetworkResult):
        return _absorb_devices(document, message, now)
    if not isinstance(message, Inventory):
        return _finish(
            document,
            now,
            Document.Decision.REFUSED,
            "This message holds no inventory.",
            state=Document.State.FAILED,
        )
    _lock(document.organisation_id, document.agent_id)
    return _absorb_one(
        document, message.itemtype, message.partial, sections.unwrap(message), now, message.repairs
    )


def _absorb_devices(document: Document, message: NetworkResult, now: datetime) -> Document:
    """Each device found by an SNMP task is an inventory of its own; the document keeps the last decision."""
    if not message.devices:
        return _finish(document, now, Document.Decision.REFUSED, "The task found no device.")
    _lock(document.organisation_id, document.agent_id)
    reasons = []
    for device in message.devices:
        if error := getattr(device, "error", ""):
            reasons.append(str(error))
            _finish(document, now, Document.Decision.REFUSED, str(error))
            continue
        document.agent_id, agent = None, document.agent
        _absorb_one(document, device.itemtype, False, sections.unwrap(device), now, ())
        document.agent = agent
        reasons.append(document.reason)
    document.reason = " ".join(dict.fromkeys(reasons))[:400]
    document.save()
    return document


def _absorb_one(
    document: Document,
    itemtype: str,
    partial: bool,
    sent: dict[str, Any],
    now: datetime,
    repairs: tuple[str, ...],
) -> Document:
    reading = Reading(
        document,
        itemtype,
        partial,
        sent,
        now,
        warnings=[{"path": "", "value": "", "reason": r} for r in repairs],
    )
    agent = document.agent
    asset = agent.asset if agent else None
    compare(reading, asset)
    if asset is not None and not reading.changed and not reading.gone:
        return _unchanged(reading, asset)
    found = facts_of(reading)
    match = matching.find(found.identity, organisation_id=document.organisation_id, agent_asset=asset)
    if match.asset is None or match.asset != asset:
        _lock(
            document.organisation_id, 0
        )  # one newcomer at a time: two documents of a new machine make one asset
        match = matching.find(found.identity, organisation_id=document.organisation_id, agent_asset=asset)
    if match.asset is not None and not match.sure:
        document.asset = match.asset
        return _finish(document, now, Document.Decision.SUGGESTED, match.reason, reading.warnings)
    if partial and match.asset is None:
        return _finish(document, now, Document.Decision.REFUSED, PARTIAL_FIRST, reading.warnings)
    return settle(reading, found, match.asset, match.reason)


PARTIAL_FIRST = "A partial inventory came before any full one; the next full inventory will create the asset."


def settle(reading: Reading, found: facts.Facts, asset: Asset | None, reason: str) -> Document:
    """Write the reading into an asset (a new one when none is given) and close the document."""
    document, created = reading.document, asset is None
    if asset is None:
        asset = _new_asset(document, found, reading)
    elif document.agent is None or document.agent.asset_id != asset.pk:
        # Recognised otherwise than by its agent: compare with what this asset already had.
        compare(reading, asset)
        found = facts_of(reading)
    families = [
        f
        for f, names in composing.FAMILIES.items()
        if any(n in reading.changed or n in reading.gone for n in names)
    ]
    before = (
        asset.name,
        asset.serial,
        asset.uuid,
        asset.system,
        asset.memory_mib,
        asset.last_user,
        asset.model_id,
        asset.tag,
    )
    composing.fill(asset, found, _previous_name(reading))
    asset.seen_at, asset.identity_note = document.received_at, reason[:300]
    asset.save()
    composing.write(asset, found, families)
    _write_sections(reading, asset)
    _attach(document, asset)
    _tell(reading, asset, created, before)
    decision = Document.Decision.CREATED if created else Document.Decision.UPDATED
    document.asset = asset
    reading.warnings += [_warning(w) for w in found.warnings]
    return _finish(document, reading.now, decision, reason, reading.warnings)


def compare(reading: Reading, asset: Asset | None) -> None:
    """Sections that say something new, by digest; a full inventory also tells which ones are gone."""
    reading.known = {s.name: s for s in Section.objects.filter(asset=asset)} if asset else {}
    reading.changed, reading.gone = {}, []
    for name, content in reading.sent.items():
        digest = reading.digests.get(name) or sections.digest(name, content)
        reading.digests[name] = digest
        known = reading.known.get(name)
        if known is None or bytes(known.digest) != digest:
            reading.changed[name] = content
    if not reading.partial:
        reading.gone = [name for name in reading.known if name not in reading.sent]


def facts_of(reading: Reading) -> facts.Facts:
    """Facts from the changed sections, cleaned, completed by the last known content of those that tell the identity."""
    reading.warnings = [w for w in reading.warnings if not w["path"]]
    complete: dict[str, Any] = {}
    for name, content in list(reading.changed.items()):
        cleaned, warnings = sections.clean(name, content)
        complete[name] = cleaned
        reading.warnings += [_warning(w) for w in warnings]
    for name in {n for names in composing.FAMILIES.values() for n in names} | set(IDENTITY):
        if name in complete or name in reading.gone:
            continue
        if name in reading.known:
            complete[name] = content_of_section(reading.known[name])
        elif name in reading.sent:
            complete[name] = sections.clean(name, reading.sent[name])[0]
    reading.changed = {n: complete[n] for n in reading.changed}
    return facts.computer_facts(
        {n: c for n, c in complete.items() if n != "softwares"}, itemtype=reading.itemtype
    )


def content_of_section(section: Section) -> Any:
    """The cleaned content of a stored section, as JSON values."""
    return orjson.loads(zlib.decompress(bytes(section.content)))


def _new_asset(document: Document, found: facts.Facts, reading: Reading) -> Asset:
    system = found.operating_system
    hardware = reading.changed.get("hardware")
    vmsystem = str(hardware.get("vmsystem") or "") if isinstance(hardware, Mapping) else ""
    kind = composing.kind_of(found.identity, vmsystem, (system.full_name or system.name) if system else "")
    site_id = document.enrolment.site_id if document.enrolment else None
    name = found.identity.name or found.identity.serial or document.source
    return Asset(organisation_id=document.organisation_id, name=name[:120], kind=kind, site_id=site_id)


def _previous_name(reading: Reading) -> str:
    known = reading.known.get("hardware") or reading.known.get("network_device")
    content = content_of_section(known) if known else {}
    return str(content.get("name") or "") if isinstance(content, Mapping) else ""


def _write_sections(reading: Reading, asset: Asset) -> None:
    rows = [
        Section(
            organisation_id=asset.organisation_id,
            asset=asset,
            name=name[:40],
            digest=reading.digests[name],
            content=zlib.compress(orjson.dumps(content), 6),
            items=len(content) if isinstance(content, list) else 1,
            document=reading.document,
            seen_at=reading.document.received_at,
        )  # fmt: skip
        for name, content in reading.changed.items()
    ]
    Section.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["asset", "name"],
        update_fields=["digest", "content", "items", "document", "seen_at"],
    )  # fmt: skip
    if reading.gone:
        Section.objects.filter(asset=asset, name__in=reading.gone).delete()


def _attach(document: Document, asset: Asset) -> None:
    """The agent's asset is the one last recognised; its older documents lose their raw content."""
    if document.agent_id and document.agent and document.agent.asset_id != asset.pk:
        Agent.objects.filter(pk=document.agent_id).update(asset=asset)
        document.agent.asset = asset
    Document.objects.filter(asset=asset, state=Document.State.READ, pk__lt=document.pk).exclude(
        content=b""
    ).update(content=b"")


def _tell(reading: Reading, asset: Asset, created: bool, before: tuple[Any, ...]) -> None:
    """One event for an inventory that changed something a person may look for."""
    names = sorted((set(reading.changed) | set(reading.gone)) - QUIET)
    if created:
        publish(
            asset,
            "asset.created",
            actor=AGENT,
            extra={"document": reading.document.pk, "text": reading.document.source},
        )
        return
    labels = ("name", "serial", "uuid", "system", "memory_mib", "last_user", "model", "tag")
    after = (
        asset.name,
        asset.serial,
        asset.uuid,
        asset.system,
        asset.memory_mib,
        asset.last_user,
        asset.model_id,
        asset.tag,
    )
    changes = {k: [b, a] for k, b, a in zip(labels, before, after, strict=True) if b != a and k != "model"}
    if names or changes:
        extra = {"sections": names, "text": ", ".join(names), "document": reading.document.pk}
        publish(asset, "asset.inventoried", actor=AGENT, changes=changes, extra=extra)


def _unchanged(reading: Reading, asset: Asset) -> Document:
    document = reading.document
    Asset.objects.filter(pk=asset.pk).update(seen_at=document.received_at)
    if "drives" in reading.sent:
        cleaned, _warnings = sections.clean("drives", reading.sent["drives"])
        composing.refresh_free_space(asset, facts.computer_facts({"drives": cleaned}))
    document.asset = asset
    document.content = b""
    return _finish(
        document, reading.now, Document.Decision.UNCHANGED, "Nothing changed since the last inventory."
    )


def _finish(
    document: Document, now: datetime, decision: str, reason: str, warnings: list[dict[str, str]] | None = None, *,
    state: str = Document.State.READ,
) -> Document:  # fmt: skip
    document.decision, document.reason, document.state, document.read_at = decision, reason[:400], state, now
    document.warnings = (warnings or [])[:MOST_WARNINGS]
    document.save()
    return document


def _warning(one: sections.Warning) -> dict[str, str]:
    return {"path": one.path, "value": one.value, "reason": one.reason}


def _lock(organisation_id: int, agent_id: int | None) -> None:
    """One document at a time for an agent (and for newcomers of an organisation), until the end of the transaction."""
    assert transaction.get_connection().in_atomic_block
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s, %s)", [organisation_id % 2**31, (agent_id or 0) % 2**31]
        )
