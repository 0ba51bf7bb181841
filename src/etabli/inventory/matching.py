"""Which asset an inventory speaks of, and the sentence that says why.

Order: the agent's own asset, serial and UUID together, serial, UUID, set of MAC addresses; a name alone is only a
suggestion for a person to confirm. Junk serials and UUIDs have already been emptied by ``facts``.
"""

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from etabli.assets.models import Asset, NetworkCard

from .facts import Identity


@dataclass(frozen=True)
class Match:
    """The asset found, or none. ``sure`` is false for a suggestion. ``reason`` is shown to people."""

    asset: Asset | None
    sure: bool
    reason: str


def find(identity: Identity, *, organisation_id: int, agent_asset: Asset | None) -> Match:
    """Look for the asset of an identity among those of its organisation."""
    if agent_asset is not None and _plausible(agent_asset, identity):
        return Match(agent_asset, True, "Same agent as last time.")
    rows = Asset.objects.filter(organisation_id=organisation_id)
    for rule in (_by_serial_and_uuid, _by_serial, _by_uuid):
        if match := rule(rows, identity):
            return match
    return _by_macs(rows, identity) or _by_name(rows, identity) or _nothing(agent_asset)


def _plausible(asset: Asset, identity: Identity) -> bool:
    """The agent's files may have been cloned with a disk image: when both identifiers differ, it is another machine."""
    serial_differs = (
        bool(asset.serial and identity.serial) and asset.serial.lower() != identity.serial.lower()
    )
    uuid_differs = bool(asset.uuid and identity.uuid) and asset.uuid != identity.uuid
    return not (serial_differs and (uuid_differs or not (asset.uuid and identity.uuid)))


def _by_serial_and_uuid(rows: QuerySet[Asset], identity: Identity) -> Match | None:
    if not (identity.serial and identity.uuid):
        return None
    found = list(rows.filter(serial__iexact=identity.serial, uuid=identity.uuid)[:2])
    return (
        Match(found[0], True, f"Same serial number ({identity.serial}) and same UUID.")
        if len(found) == 1
        else None
    )


def _by_serial(rows: QuerySet[Asset], identity: Identity) -> Match | None:
    if not identity.serial:
        return None
    found = [a for a in rows.filter(serial__iexact=identity.serial)[:20] if _same_maker(a, identity)]
    if len(found) != 1:
        return None
    asset = found[0]
    if asset.uuid and identity.uuid and asset.uuid != identity.uuid:
        return Match(
            asset, True, f"Same serial number ({identity.serial}); its UUID changed (motherboard replaced?)."
        )
    return Match(asset, True, f"Same serial number ({identity.serial}).")


def _by_uuid(rows: QuerySet[Asset], identity: Identity) -> Match | None:
    if not identity.uuid:
        return None
    found = list(rows.filter(uuid=identity.uuid)[:2])
    if len(found) != 1:
        return None
    asset = found[0]
    if asset.serial and identity.serial and asset.serial.lower() != identity.serial.lower():
        return None  # a cloned virtual machine keeps the UUID: another serial number means another machine
    if identity.macs and not _shares_a_mac(asset, identity) and asset.name.lower() != identity.name.lower():
        return None
    return Match(asset, True, f"Same UUID ({identity.uuid}).")


def _by_macs(rows: QuerySet[Asset], identity: Identity) -> Match | None:
    if not identity.macs:
        return None
    holders = set(
        NetworkCard.objects.filter(mac__in=identity.macs, asset__in=rows.values("pk")).values_list(
            "asset_id", flat=True
        )[:3]
    )
    if len(holders) != 1:
        return None
    asset = rows.get(pk=holders.pop())
    clash = (asset.serial and identity.serial and asset.serial.lower() != identity.serial.lower()) or (
        asset.uuid and identity.uuid and asset.uuid != identity.uuid
    )
    return None if clash else Match(asset, True, "Same network card addresses.")


def _by_name(rows: QuerySet[Asset], identity: Identity) -> Match | None:
    """A name alone may be a coincidence: only an asset that nothing else contradicts is suggested."""
    if not identity.name:
        return None
    named = rows.filter(name__iexact=identity.name).filter(
        Q(serial="") | Q(serial__iexact=identity.serial), Q(uuid="") | Q(uuid=identity.uuid)
    )
    found = list(named[:2])
    if len(found) != 1:
        return None
    return Match(
        found[0], False, f"An asset named “{identity.name}” exists without serial number: is it this machine?"
    )


def _nothing(agent_asset: Asset | None) -> Match:
    if agent_asset is not None:
        return Match(
            None,
            True,
            f"Same agent as “{agent_asset}”, but another serial number and UUID: a copied disk; new asset.",
        )
    return Match(None, True, "No asset has this serial number, UUID, network address or name: new asset.")


def _same_maker(asset: Asset, identity: Identity) -> bool:
    """Short serial numbers are reused between makers."""
    maker = asset.model.manufacturer.name.lower() if asset.model and asset.model.manufacturer else ""
    theirs = identity.manufacturer.lower()
    return not maker or not theirs or maker.split()[0] == theirs.split()[0]


def _shares_a_mac(asset: Asset, identity: Identity) -> bool:
    cards = NetworkCard.objects.filter(asset=asset).exclude(mac="")
    return not cards.exists() or cards.filter(mac__in=identity.macs).exists()
