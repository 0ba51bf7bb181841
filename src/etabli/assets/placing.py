"""Verbs of place: put on a plan, take off it, mount in a rack, take out, see on the spot, move there."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from etabli.kernel.actors import Actor, require
from etabli.kernel.events import Event, difference, publish, snapshot
from etabli.kernel.screens.undoing import undoes
from etabli.kernel.screens.writing import count_edit
from etabli.people.models import Floor, Rack, Room

from . import racks
from .locating import as_kept, kept, observe, seen_elsewhere, told_of, unobserve
from .models import Asset, Position, RackPlacement

POINT = ("floor_id", "x", "y")
UNITS = ("rack_id", "position", "height", "face")
PLACE = ("site_id", "room_id", "rack_id")


@transaction.atomic
def put_on_plan(asset: Asset, *, floor: Floor, x: float, y: float, room: Room | None, actor: Actor) -> Asset:
    """Put an asset at a point of a plan (0 to 1 each way); its site follows, and its room when it is told."""
    require(actor, "asset.change", asset)
    _refuse_personal(asset)
    if not (0 <= x <= 1 and 0 <= y <= 1):
        raise ValidationError(_("This point is outside the plan: give x and y between 0 and 100 %."))
    if room is not None and room.floor_id != floor.pk:
        raise ValidationError(_("The room %(room)s is not on this floor.") % {"room": room.name})
    before, fields = point_of(asset), snapshot(asset)
    if room is None and asset.room is not None and asset.room.floor_id == floor.pk:
        room = asset.room
    _go(asset, floor.building.site_id, room, asset.rack if asset.rack and asset.rack.room == room else None)
    now = timezone.now()
    Position.objects.update_or_create(
        asset=asset,
        source=Position.Source.DECLARED,
        defaults={
            "organisation_id": asset.organisation_id,
            "site_id": floor.building.site_id,
            "room": room,
            "floor": floor,
            "x": round(x, 5),
            "y": round(y, 5),
            "since": now,
            "at": now,
        },
    )
    return _told(asset, "asset.placed", actor, fields, before, point_of(asset), str(floor))


@transaction.atomic
def take_off_plan(asset: Asset, *, actor: Actor) -> Asset:
    """Forget its point on the plan; it stays in its room."""
    require(actor, "asset.change", asset)
    before = point_of(asset)
    if before is None:
        raise ValidationError(_("“%(asset)s” is on no plan.") % {"asset": asset})
    asset.positions.filter(source=Position.Source.DECLARED).delete()
    return _told(asset, "asset.unplaced", actor, snapshot(asset), before, None, "")


@transaction.atomic
def mount(asset: Asset, *, rack: Rack, position: int, height: int, face: str, actor: Actor) -> Asset:
    """Put an asset in the units of a rack, from ``position`` up. What is taken already is refused by name."""
    require(actor, "asset.change", asset)
    _refuse_personal(asset)
    racks.require_free(rack, position, height, face, asset)
    before, fields = units_of(asset), snapshot(asset)
    _go(asset, rack.room.site_id, rack.room, rack)
    values = {"rack": rack, "position": position, "height": height, "face": face}
    try:
        with transaction.atomic():
            RackPlacement.objects.update_or_create(
                asset=asset, defaults={"organisation_id": asset.organisation_id, **values}
            )
    except IntegrityError as error:
        raise ValidationError(
            _("Somebody has just taken these units of %(rack)s: choose others.") % {"rack": rack.name}
        ) from error
    return _told(asset, "asset.mounted", actor, fields, before, units_of(asset), f"{rack} · U{position}")


@transaction.atomic
def unmount(asset: Asset, *, actor: Actor) -> Asset:
    """Take an asset out of its rack; it stays in the room."""
    require(actor, "asset.change", asset)
    if asset.rack_id is None:
        raise ValidationError(_("“%(asset)s” is in no rack.") % {"asset": asset})
    before, fields = units_of(asset), snapshot(asset)
    text = str(asset.rack)
    _go(asset, asset.site_id, asset.room, None)
    RackPlacement.objects.filter(asset=asset).delete()
    return _told(asset, "asset.unmounted", actor, fields, before, None, text)


@transaction.atomic
def see(asset: Asset, *, room: Room, actor: Actor) -> Asset:
    """Somebody stood before it in this room (scan of the room, then of the asset): what is declared stays."""
    require(actor, "asset.change", asset)
    _refuse_personal(asset)
    before = kept(asset, Position.Source.SCAN)
    place = [before, as_kept(observe(asset, Position.Source.SCAN, site=room.site, room=room))]
    publish(asset, "asset.seen", actor=actor, extra={"text": f"{room.site} · {room.name}", "place": place})
    return asset


@undoes("asset.seen")
def _unsee(event: Event, actor: Actor) -> Asset:
    """What the former scan told comes back."""
    asset = Asset.objects.filter(pk=event.object_id).first()
    if asset is None:
        raise ValidationError(_("“%(name)s” no longer exists.") % {"name": event.label})
    require(actor, "asset.change", asset)
    unobserve(asset, Position.Source.SCAN, event)
    publish(
        asset, "asset.changed", actor=actor, extra={"text": event.extra.get("text", ""), "undo": event.pk}
    )
    return asset


@transaction.atomic
def move_where_seen(asset: Asset, *, actor: Actor) -> Asset:
    """Declare the place where it was seen: the most trusted source that disagrees with the declared one."""
    require(actor, "asset.change", asset)
    seen = seen_elsewhere(told_of(asset))
    if seen is None:
        raise ValidationError(_("Nothing saw “%(asset)s” elsewhere.") % {"asset": asset})
    fields = snapshot(asset)
    _go(asset, seen.site.pk, seen.room, None)
    publish(asset, "asset.changed", actor=actor, changes=difference(fields, snapshot(asset)))
    return asset


def point_of(asset: Asset) -> dict[str, Any] | None:
    """Its point on a plan, as an event keeps it."""
    return asset.positions.filter(source=Position.Source.DECLARED).values(*POINT).first()


def units_of(asset: Asset) -> dict[str, Any] | None:
    """Its units in a rack, as an event keeps them."""
    return RackPlacement.objects.filter(asset=asset).values(*UNITS).first()


def _refuse_personal(asset: Asset) -> None:
    if asset.ownership == Asset.Ownership.PERSONAL:
        raise ValidationError(_("“%(asset)s” is a personal device: it is never located.") % {"asset": asset})


def _go(asset: Asset, site: int | None, room: Room | None, rack: Rack | None) -> None:
    """Write the declared place when it differs; a form opened before is then refused as stale."""
    wanted = (site, room.pk if room else None, rack.pk if rack else None)
    if wanted == tuple(getattr(asset, name) for name in PLACE):
        return
    count_edit(asset)
    asset.site_id, asset.room, asset.rack = site, room, rack
    asset.save(update_fields=["site", "room", "rack", "updated_at"])


def _told(
    asset: Asset, verb: str, actor: Actor, fields: dict[str, Any], before: Any, after: Any, text: str
) -> Asset:
    changes = difference(fields, snapshot(asset))
    extra = {"before": before, "after": after, "text": text}
    publish(asset, verb, actor=actor, changes=changes, extra=extra)
    return asset


@undoes("asset.placed")
@undoes("asset.unplaced")
def undo_point(event: Event, actor: Actor) -> Asset:
    """Put the asset back where it was on a plan, or off it."""
    asset = _untouched(event, point_of)
    fields, now = snapshot(asset), timezone.now()
    _go_back(asset, event)
    before = event.extra.get("before")
    asset.positions.filter(source=Position.Source.DECLARED).delete()
    if before and before["floor_id"]:
        place = {"site_id": asset.site_id, "room": asset.room, "since": now, "at": now}
        Position.objects.create(
            asset=asset,
            organisation_id=asset.organisation_id,
            source=Position.Source.DECLARED,
            **place,
            **before,
        )
    changes = difference(fields, snapshot(asset))
    publish(asset, "asset.changed", actor=actor, changes=changes, extra={"undo": event.pk})
    return asset


@undoes("asset.mounted")
@undoes("asset.unmounted")
def undo_units(event: Event, actor: Actor) -> Asset:
    """Put the asset back in the units it had, or out of the rack; refused when others took them since."""
    asset = _untouched(event, units_of)
    fields, before = snapshot(asset), event.extra.get("before")
    _go_back(asset, event)
    RackPlacement.objects.filter(asset=asset).delete()
    if before:
        rack = Rack.objects.get(pk=before["rack_id"])
        racks.require_free(rack, before["position"], before["height"], before["face"], asset)
        RackPlacement.objects.create(asset=asset, organisation_id=asset.organisation_id, **before)
    changes = difference(fields, snapshot(asset))
    publish(asset, "asset.changed", actor=actor, changes=changes, extra={"undo": event.pk})
    return asset


def _untouched(event: Event, read: Any) -> Asset:
    """The asset, as long as its place is still what the event made of it."""
    asset = Asset.objects.filter(pk=event.object_id).first()
    if asset is None:
        raise ValidationError(_("“%(name)s” no longer exists.") % {"name": event.label})
    now = {name: getattr(asset, f"{name}_id") for name in ("site", "room", "rack")}
    moved = any(now[name] != (pair[1] or {}).get("id") for name, pair in event.changes.items() if name in now)
    if moved or read(asset) != event.extra.get("after"):
        raise ValidationError(_("“%(name)s” was moved again since.") % {"name": event.label})
    return asset


def _go_back(asset: Asset, event: Event) -> None:
    before = {name: pair[0] and pair[0]["id"] for name, pair in event.changes.items()}
    room = Room.objects.get(pk=before["room"]) if before.get("room") else None
    rack = Rack.objects.get(pk=before["rack"]) if before.get("rack") else None
    _go(
        asset,
        before.get("site", asset.site_id),
        room if "room" in before else asset.room,
        rack if "rack" in before else asset.rack,
    )
