"""Facts of an inventory into the rows of an asset: components replaced by family, identity filled, never torn away."""

from collections.abc import Iterable
from typing import Any

from etabli.assets.models import (
    Asset, AssetKind, AssetModel, Disk, Manufacturer, MemoryModule, NetworkCard, OperatingSystem, Processor, Volume,
)  # fmt: skip
from etabli.kernel.tenancy import OrganisationModel
from etabli.kernel.text import plain

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
    "laptop": "laptop", "notebook": "laptop", "portable": "laptop", "sub notebook": "laptop", "convertible": "laptop",
    "detachable": "laptop", "desktop": "desktop", "low profile desktop": "desktop", "mini tower": "desktop", "tower": "desktop",
    "mini pc": "desktop", "all in one": "desktop", "space-saving": "desktop", "stick pc": "desktop", "tablet": "tablet",
    "rack mount chassis": "server", "main server chassis": "server", "blade": "server", "blade enclosure": "server",
}  # fmt: skip
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
    """The shipped kind that suits a machine, from its item type, hypervisor, chassis (SMBIOS 3.7 §7.4.1) and system."""
    if kind := ITEM_KINDS.get(identity.itemtype.lower()):
        return kind
    told = f"{vmsystem} {identity.model} {identity.manufacturer}".lower()
    if (vmsystem and vmsystem.lower() != "physical") or any(word in told for word in VIRTUAL_WORDS):
        return "vm"
    if "server" in system_name.lower():
        return "server"
    return CHASSIS_KINDS.get(identity.chassis.lower(), "desktop")


def kind_of(identity: Identity, vmsystem: str, system_name: str) -> AssetKind:
    return AssetKind.objects.get(organisation=None, key=kind_key(identity, vmsystem, system_name))


def model_of(identity: Identity, organisation_id: int, kind: AssetKind) -> AssetModel | None:
    """The organisation's row for the machine's model, made when it is new."""
    if not identity.model:
        return None
    maker = None
    if identity.manufacturer:
        maker = Manufacturer.objects.filter(
            organisation=organisation_id, name__iexact=identity.manufacturer[:80]
        ).first()
        maker = maker or Manufacturer.objects.create(
            organisation_id=organisation_id, name=identity.manufacturer[:80]
        )
    known = AssetModel.objects.filter(
        organisation=organisation_id, manufacturer=maker, name__iexact=identity.model[:120]
    )
    return known.first() or AssetModel.objects.create(
        organisation_id=organisation_id, manufacturer=maker, name=identity.model[:120], kind=kind
    )


def fill(asset: Asset, facts: Facts, previous_name: str) -> None:
    """Identity columns follow the machine; what a person typed stays (a name only follows when it was the machine's)."""
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
    asset.memory_mib = facts.memory_mib or asset.memory_mib
    asset.last_user = (facts.last_user or asset.last_user)[:120]
    if asset.model_id is None:
        asset.model = model_of(identity, asset.organisation_id, asset.kind)


def write(asset: Asset, facts: Facts, families: Iterable[str]) -> None:
    """Replace the rows of these families by what the facts say."""
    makers: dict[str, Any] = {
        "system": _system, "processors": _processors, "memory": _memory, "disks": _disks, "volumes": _volumes, "cards": _cards,
    }  # fmt: skip
    for family in families:
        model, rows = makers[family](asset, facts)
        model.objects.filter(asset=asset).delete()
        model.objects.bulk_create(rows)


def refresh_free_space(asset: Asset, facts: Facts) -> None:
    """Free space moves all the time: it is kept current without calling that a change."""
    known = {v.mount: v for v in Volume.objects.filter(asset=asset)}
    moved = []
    for volume in facts.volumes:
        row = known.get(_cut(volume.mount, 200))
        if row is not None and row.free_mib != volume.free_mib:
            row.free_mib = volume.free_mib
            moved.append(row)
    if moved:
        Volume.objects.bulk_update(moved, ["free_mib"])


def _tag_taken(asset: Asset, tag: str) -> bool:
    return (
        Asset.objects.filter(organisation_id=asset.organisation_id, tag__iexact=tag[:60])
        .exclude(pk=asset.pk)
        .exists()
    )


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
        )  # fmt: skip
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
        )  # fmt: skip
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
        )  # fmt: skip
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
        )  # fmt: skip
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
        )  # fmt: skip
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
        )  # fmt: skip
        for c in facts.cards
    ]


def _cut(text: str, length: int) -> str:
    return text[:length]


def _small(number: int | None) -> int | None:
    return number if number is not None and 0 <= number < 2**31 else None


def _big(number: int | None) -> int | None:
    return number if number is not None and 0 <= number < 2**63 else None
