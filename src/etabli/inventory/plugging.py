"""Monitors and printers as assets of their own: found by serial number, made when new, moved to the machine
that sees them.

Only inside the machine's organisation, and never to another site: an inventory says what is plugged in, not
where people keep things.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from etabli.assets.models import Asset, AssetChange, AssetKind, Peripheral
from etabli.kernel.actors import Actor
from etabli.kernel.events import publish

from . import composing
from .comparing import Difference
from .facts import Identity
from .timeline import text_of

AGENT = Actor(account_id=None, label="Agent", source="agent")
MADE = {"monitor": "monitor", "printer": "printer"}  # kind of peripheral → kind of the asset made for it
FORGOTTEN = timedelta(days=90)
MOST = 200


def connect(asset: Asset, found: Iterable[Difference], *, at: datetime, document: int | None) -> None:
    """After an inventory changed what is plugged into a machine: which assets those are, and which are
    missing.
    """
    if all(one.none for one in found if one.family.remembered):
        return
    rows = asset.peripherals.filter(built_in=False).exclude(serial="").select_related("device")
    told = list(rows.order_by("id")[:MOST])
    asset.peripherals.filter(missing_since__lt=at - FORGOTTEN).delete()
    here = [row for row in told if row.missing_since is None]
    known = _known(asset, here)
    for row in here:
        device = row.device or known.get(row.serial.lower()) or _made(asset, row)
        if device is not None:
            _plug(asset, row, device, at, document)
    _miss([row for row in told if row.device and row.missing_since], asset, at)


def _known(asset: Asset, rows: Sequence[Peripheral]) -> dict[str, Asset]:
    """The assets of the organisation with these serial numbers, computers left out, by serial in lower
    case.
    """
    serials = {form for row in rows for form in (row.serial, row.serial.upper(), row.serial.lower())}
    if not serials:
        return {}
    found = Asset.objects.filter(organisation_id=asset.organisation_id, serial__in=serials)
    found = found.filter(kind__computer=False).exclude(pk=asset.pk).order_by("-pk")
    return {one.serial.lower(): one for one in found.select_related("kind", "parent")[:MOST]}


def _made(asset: Asset, row: Peripheral) -> Asset | None:
    """A new asset for a monitor or a printer; other things are only known once somebody entered them."""
    key = MADE.get(row.kind)
    if key is None:
        return None
    kind = AssetKind.objects.get(organisation=None, key=key)
    model = composing.model_of(_identity(row), asset.organisation_id, kind)
    made = Asset(
        organisation_id=asset.organisation_id,
        name=f"{row.name} {row.serial}"[:120],
        serial=row.serial,
        kind=kind,
        model=model,
        site_id=asset.site_id,
        parent=asset,
    )
    made.save()
    publish(made, "asset.created", actor=AGENT, extra={"text": asset.name})
    return made


def _identity(row: Peripheral) -> Identity:
    name = row.driver or row.name if row.kind == "printer" else row.name
    return Identity("", "", row.serial, row.manufacturer, name, "", "", row.kind, ())


def _plug(asset: Asset, row: Peripheral, device: Asset, at: datetime, document: int | None) -> None:
    """This row is that asset, and it is connected here now."""
    if row.device_id != device.pk:
        Peripheral.objects.filter(pk=row.pk).update(device=device)
        others = Peripheral.objects.filter(device=device).exclude(asset=asset)
        others.filter(missing_since__isnull=False).delete()
    held = "parent" in device.locked  # a person said what it is connected to
    if (held or device.parent_id == asset.pk) and device.missing_since is None:
        return
    before = device.parent if device.parent_id != asset.pk else None
    moved = not held and device.parent_id is not None and device.parent_id != asset.pk
    device.parent, device.missing_since = device.parent if held else asset, None
    device.save(update_fields=["parent", "missing_since", "updated_at"])
    if moved and before is not None:
        _tell(device, before, asset, at, document)


def _tell(device: Asset, before: Asset, now: Asset, at: datetime, document: int | None) -> None:
    change = AssetChange(
        organisation_id=device.organisation_id,
        asset=device,
        at=at,
        family=AssetChange.Family.CONNECTION,
        what=AssetChange.What.MOVED,
        label=device.name,
        before=before.name,
        after=now.name,
        serial="",
        other=now,
        document=document,
    )
    change.text = text_of(change)
    change.save()
    told: dict[str, Any] = {
        "parent": [{"id": before.pk, "text": before.name}, {"id": now.pk, "text": now.name}]
    }
    publish(device, "asset.changed", actor=AGENT, changes=told)


def _miss(rows: Iterable[Peripheral], asset: Asset, at: datetime) -> None:
    """What the last inventory no longer found is missing, unless another machine found it since."""
    here: list[Peripheral] = []
    elsewhere: list[Peripheral] = []
    for row in rows:
        device: Any = row.device
        found_elsewhere = device.parent_id != asset.pk and device.missing_since is None
        (elsewhere if found_elsewhere else here).append(row)
    if elsewhere:
        Peripheral.objects.filter(pk__in=[row.pk for row in elsewhere]).delete()
    if here:
        lost = Asset.objects.filter(pk__in=[row.device_id for row in here], parent=asset)
        lost.filter(missing_since=None).update(missing_since=at)
