"""The verbs of a stocktake: start, count, bring here, close, reopen."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from etabli.kernel import live
from etabli.kernel.actors import Actor, require
from etabli.kernel.events import Event, difference, publish, snapshot
from etabli.kernel.screens.undoing import undoes
from etabli.kernel.screens.writing import count_edit

from . import life, locating, moving, scanning
from .models import Asset, Position, Stocktake, StocktakeLine

Status = StocktakeLine.Status
# What should be seen there: neither what is away for a time, nor what was lost or has gone.
PRESENT = tuple(state for state in life.HERE if state not in {"on_loan", "in_repair", "in_transit"})
BATCH = 1000


def topic(pk: int) -> str:
    """What pages that show a stocktake follow."""
    return f"stocktake:{pk}"


# -- start
def fill_in(stocktake: Stocktake, actor: Actor) -> None:
    """Complete a new stocktake: the site of its room, its name, who starts it; refuse a senseless one."""
    room = stocktake.room
    if room is None and stocktake.site_id is None:
        raise ValidationError(_("Choose the room to count, or the site."))
    if room is not None and stocktake.site_id not in (None, room.site_id):
        raise ValidationError(_("“%(room)s” is on another site: leave the site empty.") % {"room": room})
    if room is not None:
        stocktake.site = room.site
    if _open_there(stocktake).exists():
        text = _("This place is already being counted: continue that stocktake, or close it first.")
        raise ValidationError(text)
    day = formats.date_format(timezone.localdate(), "SHORT_DATE_FORMAT")
    stocktake.name = stocktake.name or f"{stocktake.room or stocktake.site} · {day}"[:120]
    stocktake.started_by = actor.label[:120]


def _open_there(stocktake: Stocktake) -> QuerySet[Stocktake]:
    rows = Stocktake.objects.filter(site=stocktake.site, room=stocktake.room, closed_at=None)
    return rows.exclude(pk=stocktake.pk)


def here(stocktake: Stocktake) -> Q:
    """The condition on an asset of being recorded in the place that is counted."""
    if stocktake.room_id:
        return Q(room=stocktake.room_id)
    return Q(site=stocktake.site_id) | Q(room__site=stocktake.site_id)


def freeze(stocktake: Stocktake) -> int:
    """Write what should be there, as it is recorded now; returns how many."""
    rows = (
        Asset.objects.filter(here(stocktake), organisation=stocktake.organisation_id, state__in=PRESENT)
        .exclude(kind__key="vm")
        .order_by("name", "pk")
        .select_related("site", "room")
        .only("id", "name", "tag", "serial", "price", "state", "site__name", "room__name")
    )
    lines = [_line(stocktake, asset, Status.AWAITED) for asset in rows.iterator(chunk_size=BATCH)]
    StocktakeLine.objects.bulk_create(lines, batch_size=BATCH)
    return len(lines)


def _line(stocktake: Stocktake, asset: Asset, status: str) -> StocktakeLine:
    return StocktakeLine(
        organisation_id=stocktake.organisation_id,
        stocktake=stocktake,
        asset=asset,
        status=status,
        label=asset.name,
        expected=status == Status.AWAITED,
        code=asset.tag or asset.serial,
        recorded=recorded_place(asset),
        price=asset.price,
    )


def recorded_place(asset: Asset) -> str:
    """Where an asset is recorded, in words; its state too when that alone says it should not be seen."""
    parts: list[Any] = [asset.site, asset.room]
    if asset.state not in PRESENT:
        parts.append(asset.get_state_display())
    return " · ".join(str(p) for p in parts if p)[:200]


# -- count
@dataclass(frozen=True)
class Seen:
    """What counting one code gave: ``outcome`` is a status, or ``again`` when it was counted before."""

    outcome: str
    line: StocktakeLine
    text: str


@transaction.atomic
def count(
    stocktake: Stocktake,
    code: str,
    *,
    actor: Actor,
    host: str = "",
    key: uuid.UUID | None = None,
    now: datetime | None = None,
) -> Seen:
    """Record that a code was read in the place that is counted.

    ``key`` names one reading: sent again after a lost answer, it gets the same answer. Several people count
    at once: each reading holds the stocktake for its short time, so that the second of two is told “again”.
    """
    stocktake = _opened(stocktake, actor)
    code = scanning.cleaned(code)
    if not code:
        raise ValidationError(_("Nothing was read: scan or type a code."))
    return _counted(stocktake, code, _the_one(stocktake, code, actor, host), actor, key, now)


@transaction.atomic
def count_asset(stocktake: Stocktake, asset: Asset, *, actor: Actor, now: datetime | None = None) -> Seen:
    """The same for an asset at hand, from the scan basket or a list."""
    stocktake = _opened(stocktake, actor)
    return _counted(stocktake, asset.tag or asset.serial or asset.name, asset, actor, None, now)


def _counted(
    stocktake: Stocktake,
    code: str,
    asset: Asset | None,
    actor: Actor,
    key: uuid.UUID | None,
    now: datetime | None,
) -> Seen:
    if asset is not None and asset.ownership == Asset.Ownership.PERSONAL:
        raise ValidationError(_("“%(asset)s” is a personal device: it is never located.") % {"asset": asset})
    line = _known_line(stocktake, asset, code)
    if line and line.seen_at and line.status != Status.AWAITED and not _now_known(line, asset):
        again = line.key is None or line.key != key
        return _seen(line, "again" if again else line.status)
    line = line or StocktakeLine(organisation_id=stocktake.organisation_id, stocktake=stocktake, code=code)
    place = _record(line, asset, actor, key, now or timezone.now())
    _tell(stocktake, line, actor, place)
    return _seen(line, line.status)


def _opened(stocktake: Stocktake, actor: Actor) -> Stocktake:
    """The stocktake, held until the end of the transaction, if it is still open."""
    require(actor, "stocktake.change", stocktake)
    held = Stocktake.objects.select_for_update(no_key=True).get(pk=stocktake.pk)
    if held.closed_at:
        raise ValidationError(_("This stocktake is closed: reopen it to count again."))
    return held


def _the_one(stocktake: Stocktake, code: str, actor: Actor, host: str) -> Asset | None:
    found = scanning.find(code, actor=actor, host=host, organisation=stocktake.organisation_id)
    if len(found) > 1:
        awaited = StocktakeLine.objects.filter(stocktake=stocktake, asset__in=found)
        keys = set(awaited.values_list("asset_id", flat=True))
        found = [a for a in found if a.pk in keys] or found
    if len(found) > 1:
        names = ", ".join(f"{a} ({a.tag or '—'})" for a in found)
        text = _("Several assets have this code: %(names)s. Scan their tag.")
        raise ValidationError(text % {"names": names})
    return found[0] if found else None


def _known_line(stocktake: Stocktake, asset: Asset | None, code: str) -> StocktakeLine | None:
    lines = StocktakeLine.objects.filter(stocktake=stocktake)
    unknown = lines.filter(status=Status.UNKNOWN, code=code)
    if asset is None:
        return unknown.first()
    known = lines.filter(asset=asset).first()
    if known and known.status != Status.UNKNOWN:
        unknown.delete()  # its asset was counted by another of its codes
        return known
    return unknown.first()


def _now_known(line: StocktakeLine, asset: Asset | None) -> bool:
    """The code was unknown when first read, and the asset was created since."""
    return line.status == Status.UNKNOWN and asset is not None


def _record(
    line: StocktakeLine, asset: Asset | None, actor: Actor, key: uuid.UUID | None, now: datetime
) -> list[Any]:
    """Returns what a scan told of the place of the asset before and after, for the undo."""
    told: list[Any] = []
    line.seen_at, line.seen_by, line.key = now, actor.label[:120], key
    if asset is None:
        line.status = Status.UNKNOWN
    else:
        place, scan = line.stocktake, Position.Source.SCAN
        told.append(locating.kept(asset, scan))
        row = locating.observe(asset, scan, site=place.site, room=place.room, now=now)
        told.append(locating.as_kept(row))
        fresh = _line(line.stocktake, asset, Status.FOUND)
        line.asset, line.label, line.price = asset, fresh.label, fresh.price
        line.code, line.recorded = fresh.code, fresh.recorded
        line.status = Status.FOUND if line.expected or _is_here(asset, line.stocktake) else Status.ELSEWHERE
    line.save()
    return told


def _is_here(asset: Asset, stocktake: Stocktake) -> bool:
    return asset.state in PRESENT and _is_recorded_here(asset, stocktake)


def _is_recorded_here(asset: Asset, stocktake: Stocktake) -> bool:
    if stocktake.room_id:
        return asset.room_id == stocktake.room_id
    room_site = asset.room.site_id if asset.room else None
    return stocktake.site_id in (asset.site_id, room_site)


def _tell(stocktake: Stocktake, line: StocktakeLine, actor: Actor, place: list[Any]) -> None:
    extra = {"stocktake": stocktake.pk, "line": line.pk, "text": stocktake.name}
    if line.asset is not None:
        publish(line.asset, "asset.counted", actor=actor, extra={**extra, "place": place})
    else:
        publish(stocktake, "stocktake.counted", actor=actor, extra={**extra, "text": line.code})
    live.tell(topic(stocktake.pk))


def _seen(line: StocktakeLine, outcome: str) -> Seen:
    name = line.label or line.code
    texts = {
        "found": _("“%(name)s” is in its place."),
        "elsewhere": _("“%(name)s” is recorded elsewhere: %(place)s."),
        "moved": _("“%(name)s” was moved here."),
        "unknown": _("Unknown code: %(name)s."),
        "again": _("“%(name)s” was already scanned by %(by)s."),
    }
    place = line.recorded or _("no place")
    return Seen(outcome, line, texts[outcome] % {"name": name, "place": place, "by": line.seen_by})


@undoes("asset.counted")
@undoes("stocktake.counted")
def _uncount(event: Event, actor: Actor) -> Any:
    """A reading taken back: what was expected is awaited again, the rest leaves the list; the place that a
    scan told before comes back.
    """
    line = StocktakeLine.objects.filter(pk=event.extra.get("line")).select_related("stocktake").first()
    if line is None:
        raise ValidationError(_("This reading is no longer in the stocktake."))
    stocktake = _opened(line.stocktake, actor)
    if line.status == Status.MOVED:
        raise ValidationError(_("“%(name)s” was moved since: undo the move first.") % {"name": line})
    if line.asset is not None:
        locating.unobserve(line.asset, Position.Source.SCAN, event)
    if line.expected:
        line.status, line.seen_at, line.seen_by, line.key = Status.AWAITED, None, "", None
        line.save()
    else:
        line.delete()
    publish(stocktake, "stocktake.uncounted", actor=actor, extra={"text": str(line), "undo": event.pk})
    live.tell(topic(stocktake.pk))
    return stocktake


# -- elsewhere
@transaction.atomic
def bring(line: StocktakeLine, *, actor: Actor) -> StocktakeLine:
    """Record that an asset found here, though recorded elsewhere, is now here."""
    stocktake = _opened(line.stocktake, actor)
    line = StocktakeLine.objects.select_related("asset__room").get(pk=line.pk)
    if line.status != Status.ELSEWHERE or line.asset is None:
        raise ValidationError(_("“%(name)s” is not waiting to be moved here.") % {"name": line})
    if not _is_recorded_here(line.asset, stocktake):  # else its state alone said it should not be seen
        moving.move(line.asset, site=stocktake.site, room=stocktake.room, actor=actor)
    line.status = Status.MOVED
    line.save(update_fields=["status"])
    publish(stocktake, "stocktake.brought", actor=actor, extra={"line": line.pk, "text": str(line)})
    live.tell(topic(stocktake.pk))
    return line


@undoes("stocktake.brought")
def _send_back(event: Event, actor: Actor) -> Any:
    line = StocktakeLine.objects.filter(pk=event.extra.get("line")).select_related("stocktake").first()
    if line is None or line.status != Status.MOVED:
        raise ValidationError(_("This cannot be undone."))
    require(actor, "stocktake.change", line)
    line.status = Status.ELSEWHERE
    line.save(update_fields=["status"])
    publish(line.stocktake, "stocktake.changed", actor=actor, extra={"text": str(line), "undo": event.pk})
    live.tell(topic(line.stocktake_id))
    return line.stocktake


# -- close
@transaction.atomic
def close(stocktake: Stocktake, *, actor: Actor, now: datetime | None = None) -> Stocktake:
    """End the count. What becomes of the assets that nobody saw is another verb: :func:`settle`."""
    stocktake = _opened(stocktake, actor)
    before = snapshot(stocktake)
    stocktake.closed_at, stocktake.closed_by = now or timezone.now(), actor.label[:120]
    count_edit(stocktake)
    stocktake.save()
    changes = difference(before, snapshot(stocktake))
    publish(stocktake, "stocktake.closed", actor=actor, changes=changes)
    live.tell(topic(stocktake.pk))
    return stocktake


@undoes("stocktake.closed")
def _unclose(event: Event, actor: Actor) -> Stocktake:
    return reopen(Stocktake.objects.get(pk=event.object_id), actor=actor)


def unseen(stocktake: Stocktake) -> QuerySet[StocktakeLine]:
    """The lines that nobody saw: awaited while it is open, missing once it is closed."""
    return stocktake.lines.filter(status=Status.AWAITED)


def settle(
    stocktake: Stocktake, missing: str, *, actor: Actor, told: Callable[[int], None] | None = None
) -> int:
    """Decide for the assets nobody saw: ``lost``, or ``unplaced`` (out of the room); returns how many.

    Each in its own transaction, so that a cut leaves what was done; doing it again changes nothing more.
    ``told`` hears how many are done, now and then.
    """
    require(actor, "stocktake.change", stocktake)
    keys = unseen(stocktake).exclude(asset=None).order_by("pk").values_list("asset_id", flat=True)
    done = 0
    for key in list(keys):
        done += _settle_one(key, missing, stocktake, actor)
        if told and done % 50 == 0:
            told(done)
    return done


@transaction.atomic
def _settle_one(key: int, missing: str, stocktake: Stocktake, actor: Actor) -> int:
    related = ("site", "room", "rack", "kind", "model", "person", "parent")
    asset = Asset.objects.filter(pk=key).select_related(*related).first()
    if asset is None:
        return 0
    if missing == "lost":
        declare_lost(asset, actor=actor, reason=stocktake.name)
    else:
        moving.move(asset, site=asset.site, room=None, actor=actor)
    return 1


def declare_lost(asset: Asset, *, actor: Actor, reason: str) -> None:
    """An asset nobody can find, by the machine of states; its place is kept, as the last one known."""
    if asset.state != Asset.State.LOST:
        life.change_state(asset, life.MOVES["lose"], actor=actor, reason=reason)


@transaction.atomic
def reopen(stocktake: Stocktake, *, actor: Actor) -> Stocktake:
    """Go on counting a closed stocktake, unless the place is being counted again."""
    require(actor, "stocktake.change", stocktake)
    if stocktake.closed_at is None:
        raise ValidationError(_("This stocktake is open."))
    if _open_there(stocktake).exists():
        raise ValidationError(_("A later stocktake of this place is open: close it first."))
    before = snapshot(stocktake)
    stocktake.closed_at, stocktake.closed_by = None, ""
    count_edit(stocktake)
    stocktake.save()
    changes = difference(before, snapshot(stocktake))
    publish(stocktake, "stocktake.reopened", actor=actor, changes=changes)
    live.tell(topic(stocktake.pk))
    return stocktake
