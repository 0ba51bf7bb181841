"""Fields of an asset that inventories fill, and that a person edited: locked until somebody unlocks them."""

from collections.abc import Callable, Collection
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from etabli.kernel.actors import Actor, require
from etabli.kernel.events import Event, difference, publish, snapshot

from .identity import Alias
from .models import LOCKABLE, Asset

PROGRAMS = {"agent", "system"}
Told = Callable[[Asset], dict[str, Any]]
Said = Callable[[Asset], dict[str, str]]
_told: list[Told] = []
_said: list[Said] = []


def give_told(told: Told, said: Said) -> None:
    """``told(asset)`` gives what its machine last said of the lockable columns, ``said(asset)`` the same in
    its words; the inventory domain has them.
    """
    _told[:], _said[:] = [told], [said]


def said(asset: Asset) -> dict[str, str]:
    """What the machine last said of the lockable columns, in its words."""
    return _said[0](asset) if _said else {}


def lock_edited(form: Any, actor: Actor) -> None:
    """Before a form is written: what it changes among the lockable fields of an existing asset gets
    locked.
    """
    asset = form.instance
    if not asset.pk or actor.source in PROGRAMS:
        return
    form.before = form.before or snapshot(Asset.objects.get(pk=asset.pk))
    now = snapshot(asset)
    edited = [name for name in LOCKABLE if form.before[name] != now[name]]
    asset.locked = [name for name in LOCKABLE if name in {*asset.locked, *edited}]
    if "serial" in edited and asset.seen_at and form.before["serial"]:
        # The machine goes on telling the number that was corrected: it must find its asset by it.
        also_known(asset, serial=form.before["serial"], actor=actor)


def also_known(asset: Asset, *, actor: Actor, serial: str = "", uuid: str = "") -> None:
    """Remember numbers under which an asset is to be recognised too."""
    if serial or uuid:
        Alias.objects.get_or_create(
            organisation_id=asset.organisation_id,
            asset=asset,
            serial=serial.lower(),
            uuid=uuid.lower(),
            defaults={"by": actor.label[:120]},
        )


@transaction.atomic
def unlock(asset: Asset, fields: Collection[str], *, actor: Actor) -> Asset:
    """Give fields back to the machine: they take what it last told, and follow its inventories again."""
    require(actor, "asset.change", asset)
    asset = Asset.objects.select_for_update().get(pk=asset.pk)
    free = [name for name in asset.locked if name in fields]
    if not free:
        raise ValidationError(_("None of these fields is locked: there is nothing to unlock."))
    before = snapshot(asset)
    asset.locked = [name for name in asset.locked if name not in free]
    told = _told[0](asset) if _told else {}
    for name in free:
        if told.get(name):
            setattr(asset, name, told[name])
    asset.full_clean(exclude={"kind", "model", "person", "site", "room", "rack", "parent"})
    asset.version += 1
    asset.save()
    publish(asset, "asset.changed", actor=actor, changes=difference(before, snapshot(asset)))
    return asset


def locked_since(asset: Asset) -> list[tuple[str, Event | None]]:
    """Each locked field with the event that locked it; one question, none when nothing is locked."""
    if not asset.locked:
        return []
    events = Event.objects.filter(
        organisation_id=asset.organisation_id, noun="asset", object_id=asset.pk, changes__has_key="locked"
    )
    latest = list(events.order_by("-id")[:50])
    return [(name, next((e for e in latest if _locks(e, name)), None)) for name in asset.locked]


def _locks(event: Event, name: str) -> bool:
    before, after = event.changes["locked"]
    return name in (after or []) and name not in (before or [])
