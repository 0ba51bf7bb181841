"""Verbs about inventories: load documents from files, answer a suggestion."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from etabli.assets import locks
from etabli.assets.models import Asset
from etabli.kernel.actors import Actor, require
from etabli.kernel.sentences import sentence
from etabli.kernel.tenancy import scope

from . import absorbing, door, receiving, sections, splitting
from .facts import Identity
from .messages import Inventory, NetworkResult, read
from .models import Document
from .reading import Reading, compare, facts_of, warnings_of
from .receiving import content_of
from .wire import TooLarge, Unreadable, open_body

SUFFIXES = {".json", ".xml", ".ocs", ".gz", ".z"}


@dataclass(frozen=True)
class Loaded:
    """What became of a file, in words: the answer to "why did it do that?"."""

    file: str
    asset: int | None
    decision: str
    reason: str
    warnings: list[dict[str, str]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {
            "file": self.file,
            "asset": self.asset,
            "decision": self.decision,
            "reason": self.reason,
            "warnings": self.warnings,
        }


def files_of(paths: list[Path]) -> Iterator[Path]:
    """The documents among files and folders, folders in name order."""
    for one in paths:
        if one.is_dir():
            yield from sorted(p for p in one.rglob("*") if p.is_file() and p.suffix.lower() in SUFFIXES)
        else:
            yield one


def load(file: Path, *, organisation_id: int, now: datetime) -> Loaded:
    """Bring a document from a file by the same path as agents, and read it at once."""
    try:
        wire = file.read_bytes()
    except OSError as error:
        reason = sentence("The file cannot be read: %(why)s.", why=error.strerror)
        return Loaded(str(file), None, "refused", reason)
    return load_bytes(wire, name=str(file), organisation_id=organisation_id, now=now)


def load_bytes(
    wire: bytes, *, name: str, organisation_id: int, now: datetime, headers: dict[str, str] | None = None
) -> Loaded:
    """The same for bytes already read (an uploaded document)."""
    try:
        body = open_body(wire, "", limit=door.LIMIT)
        message = read(body, headers=headers or {})
    except (TooLarge, Unreadable) as error:
        receiving.note_failure(
            wire,
            organisation_id=organisation_id,
            enrolment=None,
            reason=error.sentence,
            headers={},
            now=now,
            source=Path(name).name,
        )
        return Loaded(name, None, "refused", error.sentence)
    if not isinstance(message, Inventory | NetworkResult):
        kind = type(message).__name__.lower()
        reason = _("This document holds no inventory: it is a message of another kind (%(kind)s).")
        return Loaded(name, None, "refused", reason % {"kind": kind})
    document = receiving.receive(
        wire,
        body,
        message,
        organisation_id=organisation_id,
        enrolment=None,
        address=None,
        headers=headers or {},
        now=now,
        expected=door.cadence(organisation_id, now),
        source=Path(name).name,
    )
    return _read_now(document, name=name, organisation_id=organisation_id, now=now)


def _read_now(document_id: int, *, name: str, organisation_id: int, now: datetime) -> Loaded:
    with scope(organisation_id):
        absorbing.lock(organisation_id)
        document = Document.objects.select_related("agent", "enrolment").get(pk=document_id)
        if document.state == Document.State.RECEIVED:
            document = absorbing.absorb(document, now=now)
    return Loaded(name, document.asset_id, document.decision, document.reason, document.warnings)


@transaction.atomic
def settle_suggestion(*, document: Document, asset: Asset | None, actor: Actor, now: datetime) -> Document:
    """A person says whether the machine is this asset, or a new one; its agent is recognised from then on.

    The answer holds for the last inventory of the machine, which may be later than the one that was
    looked at.
    Raises ValidationError when nothing waits for an answer.
    """
    require(actor, "asset.change", document)
    absorbing.lock(document.organisation_id)
    same = Q(agent=document.agent_id) if document.agent_id else Q(pk=document.pk)
    waiting = Document.objects.filter(same, decision=Document.Decision.SUGGESTED).select_related(
        "agent", "enrolment", "asset"
    )
    latest = waiting.order_by("-pk").first()
    if latest is None:
        raise ValidationError(_("This inventory is not waiting for an answer."))
    message = read(open_body(content_of(latest), "application/x-compress-zlib"), headers=latest.headers)
    if not isinstance(message, Inventory):
        raise ValidationError(_("This inventory is not waiting for an answer."))
    reading = Reading(latest, message.itemtype, message.partial, sections.unwrap(message), now)
    compare(reading, asset.pk if asset else None)
    found, told = facts_of(reading, asset)
    reason = (
        sentence("%(who)s said that it is this asset.", who=actor.label)
        if asset
        else sentence("%(who)s said that it is a new asset.", who=actor.label)
    )
    warnings = warnings_of(reading, message.repairs, found.warnings)
    told_name = told.name if told else ""
    suggested = latest.asset
    done = absorbing.settle(reading, found, asset, reason, warnings, told_name)
    if asset is not None and done.asset is not None:
        _remember_numbers(done.asset, found.identity, actor)
    elif suggested is not None and done.asset is not None:
        splitting.remember_apart(suggested, done.asset, actor=actor)
    return done


def _remember_numbers(asset: Asset, identity: Identity, actor: Actor) -> None:
    """A person said that it is this asset: its numbers lead to it, also where its columns say otherwise."""
    serial = identity.serial if identity.serial.lower() != asset.serial.lower() else ""
    uuid = identity.uuid if identity.uuid != asset.uuid else ""
    locks.also_known(asset, serial=serial, uuid=uuid, actor=actor)
