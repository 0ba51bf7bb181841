"""Two machines that were taken for one asset are taken apart, and stay so."""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from etabli.assets import belongings, merging
from etabli.assets.models import Asset, Distinction
from etabli.kernel.actors import Actor, require
from etabli.kernel.events import Event, difference, publish, snapshot
from etabli.kernel.screens.undoing import undoes
from etabli.kernel.sentences import sentence

from . import absorbing, composing, facts, held, sections
from .messages import Inventory, read
from .models import Agent, Document
from .reading import NEEDED, Reading, compare, contents, facts_of, keep, told_of
from .receiving import content_of
from .wire import open_body

State = Document.State
NOT_READ = (Document.Decision.REFUSED, Document.Decision.SUGGESTED)


@transaction.atomic
def separate(source: Agent | Document, *, actor: Actor, now: datetime, name: str = "") -> Asset:
    """Make the machine behind an agent (or behind a document that has none) an asset of its own; returns it.

    What the machine last said goes to the new asset; the former one goes back to what its other agents said,
    or keeps only what people wrote. They are remembered as two machines: no inventory makes them one again.
    """
    asset = source.asset
    if asset is None:
        raise ValidationError(_("It reports for no asset: there is nothing to separate it from."))
    require(actor, "asset.change", asset)
    require(actor, "asset.add", asset)
    absorbing.lock(asset.organisation_id)
    asset = Asset.objects.select_for_update(of=("self",)).select_related("kind", "model").get(pk=asset.pk)
    before = snapshot(asset)
    spoke_last = _speaks(source, asset)
    told = held.told(asset) if spoke_last else {}
    new = _new_asset(asset, source, name, actor)
    documents = _take(source, asset, new)
    if spoke_last:
        belongings.move_inventory(asset, new)
        _fill_from_sections(new)
        _step_back(asset, told, now)
    else:
        _replay(new, documents, now, previous_name=new.name)
    _forget_numbers(asset, new)
    remember_apart(asset, new, actor=actor)
    asset.version += 1
    asset.save()
    publish(new, "asset.separated", actor=actor, extra={"about": {"id": asset.pk, "text": str(asset)}})
    changes, about = difference(before, snapshot(asset)), {"id": new.pk, "text": str(new)}
    publish(asset, "asset.split", actor=actor, changes=changes, extra={"about": about})
    return new


def remember_apart(one: Asset, other: Asset, *, actor: Actor) -> None:
    """Remember that a person said that these are two machines."""
    Distinction.objects.get_or_create(
        organisation_id=one.organisation_id,
        one_id=min(one.pk, other.pk),
        other_id=max(one.pk, other.pk),
        defaults={"by": actor.label[:120]},
    )


def _take(source: Agent | Document, asset: Asset, new: Asset) -> QuerySet[Document]:
    """Give the agent and its documents to the new asset; returns these documents."""
    own = Q(agent=source) if isinstance(source, Agent) else Q(pk=source.pk)
    documents = Document.objects.filter(own)
    documents.filter(asset=asset).update(asset=new)
    if isinstance(source, Agent):
        Agent.objects.filter(pk=source.pk).update(asset=new)
    return documents.filter(asset=new)


def _speaks(source: Agent | Document, asset: Asset) -> bool:
    """Whether what is known of the asset now was last told by this source."""
    read_ones = Document.objects.filter(asset=asset, state=State.READ).exclude(decision__in=NOT_READ)
    last = read_ones.order_by("-pk").only("agent_id").first()
    if last is None:
        return isinstance(source, Agent) and not asset.agents.exclude(pk=source.pk).exists()
    return last.agent_id == source.pk if isinstance(source, Agent) else last.pk == source.pk


def _new_asset(asset: Asset, source: Agent | Document, name: str, actor: Actor) -> Asset:
    own = source.deviceid if isinstance(source, Agent) else source.source
    return Asset.objects.create(
        organisation_id=asset.organisation_id,
        name=(name.strip() or own or asset.name)[:120],
        kind=asset.kind,
        site_id=asset.site_id,
        locked=["name"] if name.strip() else [],
        identity_note=sentence("%(who)s separated it from “%(name)s”.", who=actor.label, name=asset),
    )


def _fill_from_sections(new: Asset) -> None:
    """The columns of an asset that received the sections of another one."""
    found = facts.computer_facts(contents(new, NEEDED))
    held.fill(new, found, new.name)
    new.seen_at = new.documents.order_by("-pk").values_list("received_at", flat=True).first()
    new.save()


def _step_back(asset: Asset, told: dict[str, Any], now: datetime) -> None:
    """The asset that lost its latest speaker: back to what its other agents said, or to what people wrote."""
    others = asset.agents.values("pk")
    rest = Document.objects.filter(asset=asset, agent__in=others)
    for column, empty in (("uuid", ""), ("system", ""), ("last_user", ""), ("memory_mib", None)):
        setattr(asset, column, empty)
    asset.seen_at = rest.order_by("-pk").values_list("received_at", flat=True).first()
    if rest.exists() and "serial" not in asset.locked and asset.serial == told.get("serial"):
        asset.serial = ""  # the others tell theirs
    _replay(asset, rest, now, previous_name=told.get("name", ""))


def _replay(asset: Asset, documents: QuerySet[Document], now: datetime, previous_name: str = "") -> None:
    """Read the last full document that is still kept, and the partial one after it, into an asset."""
    kept = documents.exclude(content=b"").filter(state=State.READ).exclude(decision__in=NOT_READ)
    full = kept.filter(partial=False).order_by("-pk").first()
    if full is None:
        return
    later = kept.filter(partial=True, pk__gt=full.pk).order_by("-pk").first()
    for document in filter(None, (full, later)):
        message = read(
            open_body(content_of(document), "application/x-compress-zlib"), headers=document.headers
        )
        if isinstance(message, Inventory):
            sent = sections.unwrap(message)
            _read_into(asset, Reading(document, message.itemtype, message.partial, sent, now), previous_name)


def _read_into(asset: Asset, reading: Reading, previous_name: str) -> None:
    compare(reading, asset.pk)
    found, _told = facts_of(reading, asset)
    held.fill(asset, found, previous_name)
    asset.save()
    families = list(composing.FAMILIES.values())
    told = told_of(reading, asset, composing.sections_of(families))
    composing.write(asset, families, told, reading.document.received_at)
    keep(reading, asset.pk)
    asset.seen_at = reading.document.received_at


def _forget_numbers(asset: Asset, new: Asset) -> None:
    """Numbers that the former asset was also known under, and that are those of the new one."""
    theirs = Q(serial=new.serial.lower()) & ~Q(serial="") | Q(uuid=new.uuid.lower()) & ~Q(uuid="")
    asset.aliases.filter(theirs).delete()


@undoes("asset.split")
def _undo(event: Event, actor: Actor) -> Asset:
    asset = Asset.objects.filter(pk=event.object_id).first()
    new = Asset.objects.filter(pk=event.extra["about"]["id"]).first()
    if asset is None or new is None:
        raise ValidationError(_("One of the two assets no longer exists."))
    return _together(asset, new, event.changes, actor)


@undoes("asset.separated")
def _undo_from_the_new(event: Event, actor: Actor) -> Asset | None:
    """The same, from the other end; taken back already when both were undone as one act."""
    asset = Asset.objects.filter(pk=event.extra["about"]["id"]).first()
    new = Asset.objects.filter(pk=event.object_id).first()
    return _together(asset, new, {}, actor) if asset and new else asset


def _together(asset: Asset, new: Asset, changes: dict[str, Any], actor: Actor) -> Asset:
    """Undoing is merging again, then putting back the columns that nobody wrote since."""
    merging.merge(asset, new, actor=actor, sure=True)
    asset.refresh_from_db()
    merging.put_back(asset, changes)
    asset.save()
    return asset
