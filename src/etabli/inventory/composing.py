"""Facts of an inventory into the rows of an asset: components replaced by family, identity filled, never
torn away.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import Value

from etabli.assets.models import (
    Asset,
    AssetKind,
    AssetModel,
    Disk,
    Manufacturer,
    MemoryModule,
    NetworkCard,
    OperatingSystem,
    Processor,
    Volume,
)
from etabli.kernel.tenancy import OrganisationModel
from etabli.kernel.text import Plain, plain

from .facts import Facts, Identity

# Which sections each family of components is read from.
FAMILIES: dict[str, tuple[str, ...]] = {
    "system": ("operatingsystem",),
    "processors": ("cpus",),
    "memory": ("memories",),
    "disks": ("storages",),
    "volumes": ("drives",),
    "cards": ("networks", "network_ports"),
}
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
    if "server" in system_name.lower():
        return "server"
    return CHASSIS_KINDS.get(identity.chassis.lower(), "desktop")


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


def write(asset: Asset, facts: Facts, families: Iterable[str]) -> None:
    """Replace the rows of these families by what the facts say."""
    makers: dict[str, Any] = {
        "system": _system,
        "processors": _processors,
        "memory": _memory,
        "disks": _disks,
        "volumes": _volumes,
        "cards": _cards,
    }
    for family in families:
        model, rows = makers[family](asset, facts)
        model.objects.filter(asset=asset).delete()
        model.objects.bulk_create(rows)


def refresh(asset_id: int, facts: Facts, now: datetime) -> None:
    """What moves all the time (last inventory, free space, last start) is kept current; that is no change."""
    free = {_cut(v.mount, 200): _big(v.free_mib) for v in facts.volumes}
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


Rows = tuple[type[OrganisationModel], list[Any]]


def _own(asset: Asset) -> dict[str, Any]:
    return {"organisation_id": asset.organisation_id, "asset": asset}


def _system(asset: Asset, facts: Facts) -> Rows:
    one = facts.operating_system
    if one is None:
        return OperatingSystem, []
    return OperatingSystem, [
        OperatingSystem(
            **_own(asset),
            name=_cut(one.name or one.full_name, 120),
            version=_cut(one.version, 60),
            full_name=_cut(one.full_name, 160),
            kernel=_cut(one.kernel, 80),
            build=_cut(one.build, 60),
            architecture=_cut(one.architecture, 30),
            installed_on=one.installed_on,
            booted_at=one.booted_at,
            fqdn=_cut(one.fqdn, 200),
        )
    ]


def _processors(asset: Asset, facts: Facts) -> Rows:
    return Processor, [
        Processor(
            **_own(asset),
            name=_cut(p.name, 160),
            manufacturer=_cut(p.manufacturer, 80),
            cores=_small(p.cores),
            threads=_small(p.threads),
            speed_mhz=_small(p.speed_mhz),
        )
        for p in facts.processors
    ]


def _memory(asset: Asset, facts: Facts) -> Rows:
    return MemoryModule, [
        MemoryModule(
            **_own(asset),
            slot=_cut(m.slot, 80),
            size_mib=_small(m.size_mib),
            kind=_cut(m.kind, 40),
            speed_mhz=_small(m.speed_mhz),
            manufacturer=_cut(m.manufacturer, 80),
            serial=_cut(m.serial, 80),
            part_number=_cut(m.part_number, 80),
        )
        for m in facts.memory
    ]


def _disks(asset: Asset, facts: Facts) -> Rows:
    return Disk, [
        Disk(
            **_own(asset),
            name=_cut(d.name, 120),
            model=_cut(d.model, 160),
            manufacturer=_cut(d.manufacturer, 80),
            serial=_cut(d.serial, 120),
            size_mib=_big(d.size_mib),
            kind=_cut(d.kind, 20),
            interface=_cut(d.interface, 40),
            firmware=_cut(d.firmware, 60),
        )
        for d in facts.disks
    ]


def _volumes(asset: Asset, facts: Facts) -> Rows:
    return Volume, [
        Volume(
            **_own(asset),
            mount=_cut(v.mount, 200),
            label=_cut(v.label, 120),
            filesystem=_cut(v.filesystem, 40),
            size_mib=_big(v.size_mib),
            free_mib=_big(v.free_mib),
            encrypted=v.encrypted,
        )
        for v in facts.volumes
    ]


def _cards(asset: Asset, facts: Facts) -> Rows:
    return NetworkCard, [
        NetworkCard(
            **_own(asset),
            name=_cut(c.name, 160),
            mac=_cut(c.mac, 17),
            kind=_cut(c.kind, 40),
            speed_mbps=_big(c.speed_mbps),
            connected=c.connected,
            virtual=c.virtual,
            addresses=[_cut(a, 50) for a in c.addresses],
            gateway=_cut(c.gateway, 45),
            dhcp=_cut(c.dhcp, 45),
        )
        for c in facts.cards
    ]


def _cut(text: str, length: int) -> str:
    return text[:length]


def _small(number: int | None) -> int | None:
    return number if number is not None and 0 <= number < 2**31 else None


def _big(number: int | None) -> int | None:
    return number if number is not None and 0 <= number < 2**63 else None
