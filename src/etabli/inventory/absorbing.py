"""Reading a received document into the fleet: compare, recognise the asset, write what changed, explain.

Documents of an organisation are read one at a time, in the order in which they were received (see
``jobs``). The
order of arrival is the only clock: the clocks of machines are not trusted. A document that is read after a
later
one of the same agent all the same (loaded by hand meanwhile) changes nothing.
"""

import hashlib
import time
import zlib
from collections import Counter
from datetime import datetime
from typing import Any

import orjson
from django.db import connection

from etabli.assets.locating import observe_network
from etabli.assets.models import Asset, AssetKind
from etabli.kernel import live
from etabli.kernel.actors import Actor
from etabli.kernel.events import publish
from etabli.kernel.sentences import joined, sentence

from . import composing, facts, held, hosting, matching, plugging, rules, sections, timeline
from .messages import Inventory, NetworkResult, read
from .models import Agent, Document
from .reading import Reading, compare, facts_of, keep, told_of, vmsystem_of, warnings_of
from .receiving import content_of
from .snmp import Device
from .wire import TooLarge, Unreadable, open_body

AGENT = Actor(account_id=None, label="Agent", source="agent")
ONE_READER = 0x1A7E  # the first half of the advisory lock; the organisation is the second
# Sections whose changes nobody wants to be told about.
QUIET = {"drives", "processes", "envs", "accesslog", "versionprovider", "versionclient"}
Decision, State = Document.Decision, Document.State


def lock(organisation_id: int, *, wait: bool = True) -> bool:
    """Be the only reader of an organisation's documents until the transaction ends; false when another
    one is.

    Two documents of a new machine must make one asset, and two documents of one machine must be read in
    order.
    """
    verb = "pg_advisory_xact_lock" if wait else "pg_try_advisory_xact_lock"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {verb}(%s, %s)", [ONE_READER, organisation_id % 2**31])
        return bool(cursor.fetchone()[0]) or wait


def absorb(document: Document, *, now: datetime) -> Document:
    """Read one document, under :func:`lock` and in the scope of its organisation. Never raises on its
    content.
    """
    document.began = time.monotonic()
    try:
        message = read(
            open_body(content_of(document), "application/x-compress-zlib"), headers=document.headers
        )
    except (TooLarge, Unreadable) as error:
        return _finish(document, now, Decision.REFUSED, error.sentence, state=State.FAILED)
    if isinstance(message, NetworkResult):
        return _absorb_devices(document, message.devices, now)
    if not isinstance(message, Inventory):
        reason = sentence("This message asks for something and holds no inventory.")
        return _finish(document, now, Decision.REFUSED, reason, state=State.FAILED)
    if _overtaken(document):
        reason = sentence(
            "A later inventory of this machine was read before this one, which changes nothing."
        )
        return _finish(document, now, Decision.UNCHANGED, reason, content=b"")
    reading = Reading(document, message.itemtype, message.partial, sections.unwrap(message), now)
    return _absorb_one(reading, message.repairs)


def _absorb_devices(document: Document, devices: tuple[Device, ...], now: datetime) -> Document:
    """Each device found by an SNMP task becomes a document of its own, with its own decision."""
    told = [device.error for device in devices if device.error]
    children = []
    for device in devices:
        if not device.error:
            child = _child(document, device)
            children.append(
                _absorb_one(Reading(child, device.itemtype, False, sections.unwrap(device), now), ())
            )
    if not children:
        reason = joined(*dict.fromkeys(told)) or sentence("The task found no device.")
        return _finish(document, now, Decision.REFUSED, reason)
    if len(children) == 1:
        document.asset_id = children[0].asset_id
        told.insert(0, children[0].reason)
    counts = Counter(str(Decision(child.decision).label) for child in children)
    told = [f"{label}: {count}" for label, count in counts.items()] + told
    decision = Decision.UPDATED if document.asset_id is None else children[0].decision
    if decision == Decision.SUGGESTED:  # asked on the child, not twice
        decision = Decision.UPDATED
    return _finish(document, now, decision, ". ".join(told), content=b"")


def _child(document: Document, device: Device) -> Document:
    told = {"action": "inventory", "deviceid": "", "itemtype": device.itemtype, "content": device.sections}
    plain = orjson.dumps(told)
    identity = facts.computer_facts(device.sections).identity
    return Document.objects.create(
        organisation_id=document.organisation_id,
        enrolment=document.enrolment,
        received_at=document.received_at,
        source=(identity.name or identity.serial or document.source)[:120],
        content=zlib.compress(plain, 6),
        size=len(plain),
        sha256=hashlib.sha256(plain).hexdigest(),
        state=State.RECEIVED,
    )


def _absorb_one(reading: Reading, repairs: tuple[str, ...]) -> Document:
    document = reading.document
    asset_id = document.agent.asset_id if document.agent else None
    compare(reading, asset_id)
    if asset_id is not None and not reading.moved:
        return _unchanged(reading, asset_id)
    asset = _loaded(asset_id) if asset_id is not None else None
    found, told = facts_of(reading, asset)
    question = matching.Question(
        found.identity, document.organisation_id, asset, told, virtual=_kind_key(reading, found) == "vm"
    )
    match = matching.find(question, rules.order_of(document.organisation_id))
    warnings = warnings_of(reading, repairs, found.warnings)
    if match.asset is not None and not match.sure:
        return _suggest(reading, match, warnings)
    if reading.partial and match.asset is None and not (found.identity.serial or found.identity.uuid):
        reason = sentence(
            "A partial inventory came before any full one and does not say which machine it is; "
            "the next full inventory will create the asset."
        )
        return _finish(document, reading.now, Decision.REFUSED, reason, warnings)
    if match.asset is not None and match.asset != asset:
        # Recognised otherwise than by its agent: compare with what this asset already had.
        compare(reading, match.asset.pk)
        if not reading.moved:
            return _unchanged(reading, match.asset.pk)
        found, told = facts_of(reading, match.asset)
    return settle(reading, found, match.asset, match.reason, warnings, told.name if told else "")


def _loaded(asset_id: int) -> Asset:
    """An asset held until the end: what somebody edits meanwhile waits, and is not written over."""
    rows = Asset.objects.select_for_update(of=("self",)).select_related("kind", "model__manufacturer")
    return rows.get(pk=asset_id)


def settle(
    reading: Reading,
    found: facts.Facts,
    asset: Asset | None,
    reason: str,
    warnings: list[dict[str, str]],
    previous_name: str,
) -> Document:
    """Write the reading into an asset (a new one when none is given) and close the document."""
    document, created = reading.document, asset is None
    if asset is None:
        asset = _new_asset(reading, found)
    else:
        asset = _loaded(asset.pk)
        if other := _other_agent(document, asset):
            # Each system of a machine has its name: whoever spoke last must not rename it each time.
            reason, previous_name = joined(reason, _with_another(other)), ""
    before = _traits(asset)
    held.fill(asset, found, previous_name)
    warnings = [*warnings, *held.warnings(asset, found)]
    asset.identity_note = reason
    if created:
        asset.save()
    else:
        asset.save(update_fields=[*composing.FILLED, "identity_note", "updated_at"])
    moved = {*reading.changed, *reading.gone}
    _compose(reading, asset, moved, before, created)
    composing.refresh(asset.pk, found, document.received_at)
    if "networks" in moved:
        observe_network(asset, now=document.received_at)
    keep(reading, asset.pk)
    _attach(document, asset.pk)
    _forget_older(document, asset)
    _tell(reading, asset, created, before)
    _host(reading, asset, created or asset.uuid != before["uuid"])
    document.asset = asset
    decision = Decision.CREATED if created else Decision.UPDATED
    if document.enrolment_id:
        live.tell(f"enrolment:{document.enrolment_id}")  # its page counts the machines as they arrive
    return _finish(document, reading.now, decision, reason, warnings)


def _compose(reading: Reading, asset: Asset, moved: set[str], before: dict[str, Any], created: bool) -> None:
    """The components, what changed among them, and what is plugged in."""
    at, document = reading.document.received_at, reading.document.pk
    families = composing.touched(moved)
    told = told_of(reading, asset, composing.sections_of(families))
    found = composing.write(asset, families, told, at, new=created)
    if reading.known:  # the first inventory of an asset is no change
        heard = [one for one in found if not reading.switched or reading.known.keys() & one.family.sections]
        kept = [
            one for one in heard if not (reading.switched and set(one.family.sections) & set(reading.gone))
        ]
        timeline.note(asset, kept, before, at=at, document=document)
    plugging.connect(asset, found, at=at, document=document)


def _new_asset(reading: Reading, found: facts.Facts) -> Asset:
    document = reading.document
    kind = AssetKind.objects.get(organisation=None, key=_kind_key(reading, found))
    site_id = document.enrolment.site_id if document.enrolment else None
    name = found.identity.name or found.identity.serial or document.source
    return Asset(organisation_id=document.organisation_id, name=name[:120], kind=kind, site_id=site_id)


def _kind_key(reading: Reading, found: facts.Facts) -> str:
    hardware = reading.cleaned("hardware") if "hardware" in reading.sent else {}
    system = found.operating_system
    return composing.kind_key(
        found.identity, vmsystem_of(hardware), (system.full_name or system.name) if system else ""
    )


def _host(reading: Reading, asset: Asset, numbered: bool) -> None:
    """Guests and hosts find each other, whichever comes first."""
    if hosting.LISTED in {*reading.changed, *reading.gone}:
        listed = reading.cleaned(hosting.LISTED) if hosting.LISTED in reading.sent else []
        hosting.connect_guests(asset, listed, actor=AGENT)
    if numbered and asset.kind.key == "vm":
        hosting.find_host(asset, actor=AGENT)


def _other_agent(document: Document, asset: Asset) -> str:
    """The agent that spoke last for the asset of this one, when it is another: two systems on one machine."""
    if document.agent is None or document.agent.asset_id != asset.pk:
        return ""
    before = Document.objects.filter(asset=asset, pk__lt=document.pk).exclude(agent=None)
    last = before.order_by("-pk").values_list("agent_id", "agent__deviceid").first()
    return last[1] if last and last[0] != document.agent_id else ""


def _with_another(agent: str) -> str:
    return sentence(
        "“%(agent)s” reports for it too: two systems on one machine, or two agents in one system.",
        agent=agent,
    )


def _suggest(reading: Reading, match: matching.Match, warnings: list[dict[str, str]]) -> Document:
    """Ask a person; what the same agent sent before and nobody answered is answered with this one."""
    document = reading.document
    document.asset = match.asset
    if document.agent_id:
        older = Document.objects.filter(
            agent=document.agent_id, decision=Decision.SUGGESTED, pk__lt=document.pk
        )
        reason = sentence("Nobody answered; the next inventory asks the same.")
        older.update(decision=Decision.UNCHANGED, reason=reason, content=b"", asset=None)
    return _finish(document, reading.now, Decision.SUGGESTED, match.reason, warnings)


def _unchanged(reading: Reading, asset_id: int) -> Document:
    document = reading.document
    moving: dict[str, Any] = {
        n: reading.cleaned(n) for n in ("drives", "operatingsystem") if n in reading.sent
    }
    composing.refresh(asset_id, facts.computer_facts(moving), document.received_at)
    keep(reading, asset_id)
    _attach(document, asset_id)
    document.asset_id = asset_id
    reason = sentence("Nothing changed since the last inventory.")
    return _finish(document, reading.now, Decision.UNCHANGED, reason, content=b"")


def _overtaken(document: Document) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(OVERTAKEN, [document.agent_id, document.pk])
        return cursor.fetchone() is not None


OVERTAKEN = """
SELECT 1 FROM inventory_document
 WHERE agent_id = %s AND id > %s AND state = 'read' AND decision NOT IN ('refused', 'suggested') LIMIT 1
"""


def _attach(document: Document, asset_id: int) -> None:
    """The agent's asset is the one last recognised."""
    if document.agent and document.agent.asset_id != asset_id:
        Agent.objects.filter(pk=document.agent.pk).update(asset=asset_id)
        document.agent.asset_id = asset_id


def _forget_older(document: Document, asset: Asset) -> None:
    """Only the last full document of an agent, and the last partial after it, keep their raw content: they
    are read again when a person takes two machines apart.
    """
    older = Document.objects.filter(
        asset=asset, agent=document.agent_id, state=State.READ, pk__lt=document.pk
    ).exclude(content=b"")
    (older.filter(partial=True) if document.partial else older).update(content=b"")


def _traits(asset: Asset) -> dict[str, Any]:
    names = ("name", "serial", "uuid", "system", "memory_mib", "last_user", "tag")
    return {name: getattr(asset, name) for name in names}


def _tell(reading: Reading, asset: Asset, created: bool, before: dict[str, Any]) -> None:
    """One event for an inventory that changed something a person may look for."""
    extra: dict[str, Any] = {"document": reading.document.pk, "text": reading.document.source}
    if created:
        publish(asset, "asset.created", actor=AGENT, extra=extra)
        return
    names = sorted({*reading.changed, *reading.gone} - QUIET)
    changes = {name: [old, new] for name, new in _traits(asset).items() if (old := before[name]) != new}
    if names or changes:
        extra |= {"sections": names, "text": ", ".join(names)}
        publish(asset, "asset.inventoried", actor=AGENT, changes=changes, extra=extra)


def _finish(
    document: Document,
    now: datetime,
    decision: str,
    reason: str,
    warnings: list[dict[str, str]] | None = None,
    *,
    state: str = State.READ,
    content: bytes | None = None,
) -> Document:
    """Close a document. ``content`` replaces its raw content, which is not written again otherwise."""
    document.decision, document.reason, document.state, document.read_at = decision, reason, state, now
    document.warnings = warnings or []
    fields = ["decision", "reason", "state", "read_at", "warnings", "asset"]
    if document.began:
        document.took_ms = round((time.monotonic() - document.began) * 1000)
        fields.append("took_ms")
    if content is not None:
        document.content = content
        fields.append("content")
    document.save(update_fields=fields)
    return document
