"""Facts of an inventory into the rows of an asset: components replaced by family, identity filled, never
torn away.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import Value

from etabli.assets.models import Asset, AssetKind, AssetModel, Manufacturer
from etabli.kernel.text import Plain, plain

from .comparing import Difference, compare
from .facts import Facts, Identity
from .families import FAMILIES, Family

CHASSIS_KINDS = {
    "laptop": "laptop",
    "notebook": "laptop",
    "portable": "laptop",
    "sub notebook": "laptop",
    "convertible": "laptop",
    "detachable": "laptop",
    "desktop": "desktop",
    "low profile desktop": "desktop",
    "mini tower": "desktop",
    "tower": "desktop",
    "mini pc": "desktop",
    "all in one": "desktop",
    "space-saving": "desktop",
    "stick pc": "desktop",
    "tablet": "tablet",
    "rack mount chassis": "server",
    "main server chassis": "server",
    "blade": "server",
    "blade enclosure": "server",
}
ITEM_KINDS = {"networkequipment": "switch", "printer": "printer", "phone": "phone", "unmanaged": "other"}
MOBILE_SYSTEMS = re.compile(r"\b(?:android|ios|ipados)\b")
TABLET_MODELS = re.compile(r"\b(?:ipad|tab|tablet|pad|sm-[tx][0-9]+)")
VIRTUAL_WORDS = (
    "vmware",
    "virtualbox",
    "qemu",
    "kvm",
    "hyper-v",
    "virtual machine",
    "xen",
    "bochs",
    "docker",
    "lxc",
)


def kind_key(identity: Identity, vmsystem: str, system_name: str) -> str:
    """The shipped kind that suits a machine, from its item type, hypervisor, chassis (SMBIOS 3.7
    §7.4.1) and system.
    """
    if kind := ITEM_KINDS.get(identity.itemtype.lower()):
        return kind
    told = f"{vmsystem} {identity.model} {identity.manufacturer}".lower()
    if (vmsystem and vmsystem.lower() != "physical") or any(word in told for word in VIRTUAL_WORDS):
        return "vm"
    system = system_name.lower()
    if "server" in system:
        return "server"
    chassis = CHASSIS_KINDS.get(identity.chassis.lower(), "")
    if not chassis and MOBILE_SYSTEMS.search(system):
        return "tablet" if TABLET_MODELS.search(identity.model.lower()) else "phone"
    return chassis or "desktop"


def kind_of(identity: Identity, vmsystem: str, system_name: str) -> AssetKind:
    """The shipped kind of :func:`kind_key`."""
    return AssetKind.objects.get(organisation=None, key=kind_key(identity, vmsystem, system_name))


def model_of(identity: Identity, organisation_id: int, kind: AssetKind) -> AssetModel | None:
    """The organisation's row for the machine's model, made when it is new."""
    if not identity.model:
        return None
    own = {"organisation_id": organisation_id}
    maker = None
    if identity.manufacturer:
        maker = _named(Manufacturer, identity.manufacturer[:80], own)
    return _named(AssetModel, identity.model[:120], {**own, "manufacturer": maker}, kind=kind)


def _named[M: (Manufacturer, AssetModel)](model: type[M], name: str, own: dict[str, Any], **more: Any) -> M:
    """The row of this name, however it is accented or capitalised; somebody may be making it at the
    same time.
    """
    known = model.objects.filter(**own).alias(plain_name=Plain("name")).filter(plain_name=Plain(Value(name)))
    if found := known.first():
        return found
    try:
        with transaction.atomic():
            return model.objects.create(**own, name=name, **more)
    except IntegrityError:
        return known.get()


# The columns that follow the machine; the others belong to people.
FILLED = ("name", "serial", "uuid", "tag", "system", "memory_mib", "last_user", "model")


def fill(asset: Asset, facts: Facts, previous_name: str) -> None:
    """Identity columns follow the machine; what a person typed stays.

    The name follows only while it is the one the machine told last; serial, tag and model are filled
    when they
    are empty. Kind, site, place, person and organisation never move by an inventory.
    """
    identity = facts.identity
    if identity.name and (not asset.name or plain(asset.name) == plain(previous_name)):
        asset.name = identity.name[:120]
    asset.serial = asset.serial or identity.serial[:120]
    asset.uuid = (identity.uuid or asset.uuid)[:40]
    if identity.asset_tag and not asset.tag and not _tag_taken(asset, identity.asset_tag):
        asset.tag = identity.asset_tag[:60]
    system = facts.operating_system
    asset.system = (
        (system.full_name or f"{system.name} {system.version}".strip())[:120] if system else asset.system
    )
    asset.memory_mib = _small(facts.memory_mib) or asset.memory_mib
    asset.last_user = (facts.last_user or asset.last_user)[:120]
    if asset.model_id is None:
        asset.model = model_of(identity, asset.organisation_id, asset.kind)


def touched(moved: Collection[str]) -> list[Family]:
    """The families that some sections make."""
    return [family for family in FAMILIES.values() if not set(moved).isdisjoint(family.sections)]


def sections_of(families: Iterable[Family]) -> set[str]:
    """Every section that these families read."""
    return {name for family in families for name in (*family.sections, *family.beside)}


def write(
    asset: Asset, families: Iterable[Family], sections: Mapping[str, Any], at: datetime, *, new: bool = False
) -> list[Difference]:
    """Bring the rows of these families to what the sections say, and give what differed. ``new``: no row
    yet.
    """
    return [_written(asset, family, sections, at, new) for family in families]


def _written(
    asset: Asset, family: Family, sections: Mapping[str, Any], at: datetime, new: bool
) -> Difference:
    own = {"organisation_id": asset.organisation_id, "asset_id": asset.pk, **family.fixed}
    rows: Any = family.model._default_manager.filter(asset=asset.pk, **family.fixed)
    more = ("missing_since",) if family.remembered else ()
    known = [] if new else list(rows.order_by("id").values("id", *family.fields, *more))
    found = compare(family, known, family.rows(sections))
    if found.none:
        return found
    if found.removed:
        gone = rows.filter(pk__in=[row["id"] for row in found.removed])
        gone.update(missing_since=at) if family.remembered else gone.delete()
    if found.returned:
        rows.filter(pk__in=[row["id"] for row in found.returned]).update(missing_since=None)
    if found.changed:
        renewed = [family.model(**own, id=old["id"], **told) for old, told, _fields in found.changed]
        rows.bulk_update(renewed, family.fields, batch_size=500)
    if found.added:
        family.model._default_manager.bulk_create([family.model(**own, **row) for row in found.added])
    return found


def refresh(asset_id: int, facts: Facts, now: datetime) -> None:
    """What moves all the time (last inventory, free space, last start) is kept current; that is no change."""
    free = {v.mount[:200]: _big(v.free_mib) for v in facts.volumes}
    started = facts.operating_system.booted_at if facts.operating_system else None
    values: dict[str, Any] = {
        "asset": asset_id,
        "now": now,
        "mounts": list(free),
        "free": list(free.values()),
        "started": started,
    }
    with connection.cursor() as cursor:
        cursor.execute(REFRESH, values)


# Agents compute the last start from the uptime: some seconds more or less at each run.
REFRESH = """
WITH told AS (SELECT * FROM unnest(%(mounts)s::text[], %(free)s::bigint[]) AS told(mount, free)),
volumes AS (
    UPDATE assets_volume SET free_mib = told.free FROM told
     WHERE asset_id = %(asset)s AND assets_volume.mount = told.mount AND free_mib IS DISTINCT FROM told.free
), started AS (
    UPDATE assets_operatingsystem SET booted_at = %(started)s
     WHERE asset_id = %(asset)s AND abs(extract(epoch FROM %(started)s::timestamptz - booted_at)) > 120
)
UPDATE assets_asset SET seen_at = %(now)s WHERE id = %(asset)s
"""


def _tag_taken(asset: Asset, tag: str) -> bool:
    others = Asset.objects.filter(organisation_id=asset.organisation_id).exclude(pk=asset.pk)
    return others.alias(plain_tag=Plain("tag")).filter(plain_tag=Plain(Value(tag[:60]))).exists()


def _small(number: int | None) -> int | None:
    return number if number is not None and 0 <= number < 2**31 else None


def _big(number: int | None) -> int | None:
    return number if number is not None and 0 <= number < 2**63 else None
