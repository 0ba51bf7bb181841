"""Which asset an inventory speaks of, and the sentence that says why.

Order: the agent's own asset, serial and UUID together, serial, UUID, network addresses; a name alone is
only a
suggestion for a person to confirm. Junk serials and UUIDs have already been emptied by ``facts``. Numbers
lie (makers
repeat them, clones copy them): what points at an asset is refused when everything else contradicts it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from etabli.assets.models import Asset, NetworkCard
from etabli.kernel.sentences import joined, sentence

from .facts import Identity


@dataclass(frozen=True)
class Match:
    """The asset found, or none. ``sure`` is false for a suggestion. ``reason`` is shown to people."""

    asset: Asset | None
    sure: bool
    reason: str


def find(
    identity: Identity, *, organisation_id: int, agent_asset: Asset | None, told: Identity | None = None
) -> Match:
    """Look for the asset of an identity among those of its organisation.

    ``told`` is what the agent's asset said of itself the last time: somebody may have corrected its columns.
    """
    if agent_asset is not None and _plausible(agent_asset, identity, told):
        return Match(agent_asset, True, sentence("Same agent as last time."))
    rows = Asset.objects.filter(organisation_id=organisation_id).select_related("kind", "model__manufacturer")
    for rule in (_by_serial, _by_uuid, _by_macs, _by_name):
        if match := rule(rows, identity):
            return match
    return _nothing(agent_asset)


def _plausible(asset: Asset, identity: Identity, told: Identity | None) -> bool:
    """Whether the agent's asset can be this machine: its files may have been cloned with a disk image.

    Another serial with another UUID, or none to compare, is another machine. A virtual machine whose
    clone keeps
    both shows by its name and network addresses.
    """
    serial_differs = _differs(identity.serial, asset.serial, told.serial if told else "")
    uuid_differs = _differs(identity.uuid, asset.uuid, told.uuid if told else "")
    if serial_differs:
        return bool(asset.uuid and identity.uuid) and not uuid_differs
    return not _is_clone(asset, identity)


def _differs(now: str, *before: str) -> bool:
    known = {value.lower() for value in before if value}
    return bool(now and known) and now.lower() not in known


def _by_serial(rows: QuerySet[Asset], identity: Identity) -> Match | None:
    if not identity.serial:
        return None
    rows = rows.filter(serial__iexact=identity.serial)
    found = [a for a in rows[:50] if _same_maker(a, identity) and not _is_clone(a, identity)]
    same = [a for a in found if identity.uuid and a.uuid == identity.uuid]
    if same:
        reason = sentence("Same serial number (%(serial)s) and same UUID.", serial=identity.serial)
        return _one_of(same, identity, reason)
    # The motherboard may have been replaced; a number that a maker repeats has nothing else in common.
    near = [a for a in found if _compatible(a, identity) or _resembles(a, identity)]
    reason = sentence("Same serial number (%(serial)s).", serial=identity.serial)
    if len(near) == 1 and not _compatible(near[0], identity):
        reason = sentence(
            "Same serial number (%(serial)s); its UUID changed (motherboard replaced?).",
            serial=identity.serial,
        )
    return _one_of(near, identity, reason) if near else None


def _by_uuid(rows: QuerySet[Asset], identity: Identity) -> Match | None:
    if not identity.uuid:
        return None
    found = [
        asset
        for asset in rows.filter(uuid=identity.uuid)[:50]
        # a cloned virtual machine keeps the UUID: another serial number means another machine
        if not _differs(identity.serial, asset.serial)
        and (not identity.macs or not _macs(asset) or _resembles(asset, identity))
    ]
    return _one_of(found, identity, sentence("Same UUID (%(uuid)s).", uuid=identity.uuid)) if found else None


def _by_macs(rows: QuerySet[Asset], identity: Identity) -> Match | None:
    """An address alone may be that of a docking station that goes from one machine to another."""
    if not identity.macs:
        return None
    cards = NetworkCard.objects.filter(mac__in=identity.macs, asset__in=rows.values("pk"))
    shared: dict[int, set[str]] = {}
    for asset_id, mac in cards.values_list("asset_id", "mac")[:500]:
        shared.setdefault(asset_id, set()).add(mac)
    found = [
        asset
        for asset in rows.filter(pk__in=list(shared))
        if not _differs(identity.serial, asset.serial)
        and not _differs(identity.uuid, asset.uuid)
        and (_same_name(asset, identity) or len(shared[asset.pk]) == len(set(identity.macs)))
    ]
    return _one_of(found, identity, sentence("Same network card addresses.")) if found else None


def _by_name(rows: QuerySet[Asset], identity: Identity) -> Match | None:
    """A name alone may be a coincidence: only an asset that nothing else contradicts is suggested."""
    if not identity.name:
        return None
    free = Q(serial="") | Q(serial__iexact=identity.serial), Q(uuid="") | Q(uuid=identity.uuid)
    found = [
        a for a in rows.filter(name__iexact=identity.name).filter(*free)[:2] if not _is_clone(a, identity)
    ]
    if len(found) != 1:
        return None
    reason = sentence(
        "An asset named “%(name)s” exists without serial number: is it this machine?", name=identity.name
    )
    return Match(found[0], False, reason)


def _one_of(found: list[Asset], identity: Identity, reason: str) -> Match:
    """The one asset, or among several the only one that shares an address, or the name; else a person
    says.
    """
    for alike in (lambda a: True, lambda a: _shares_a_mac(a, identity), lambda a: _same_name(a, identity)):
        chosen = [asset for asset in found if alike(asset)]
        if len(chosen) == 1:
            return Match(chosen[0], True, reason)
    several = sentence("%(n)s assets could be this machine: is it this one?", n=len(found))
    return Match(found[0], False, joined(reason, several))


def _nothing(agent_asset: Asset | None) -> Match:
    if agent_asset is not None:
        reason = sentence(
            "Same agent as “%(name)s”, but another machine by its numbers (a copied disk): new asset.",
            name=agent_asset,
        )
        return Match(None, True, reason)
    return Match(
        None, True, sentence("No asset has this serial number, UUID, network address or name: new asset.")
    )


def _same_maker(asset: Asset, identity: Identity) -> bool:
    """Short serial numbers are reused between makers."""
    maker = asset.model.manufacturer.name if asset.model and asset.model.manufacturer else ""
    ours, theirs = maker.lower().split(), identity.manufacturer.lower().split()
    return not ours or not theirs or ours[0] == theirs[0]


def _compatible(asset: Asset, identity: Identity) -> bool:
    return not _differs(identity.uuid, asset.uuid)


def _resembles(asset: Asset, identity: Identity) -> bool:
    return _same_name(asset, identity) or _shares_a_mac(asset, identity)


def _is_clone(asset: Asset, identity: Identity) -> bool:
    """A virtual machine with another name and other addresses is a copy, whatever its numbers say."""
    if asset.kind.key != "vm" or not identity.macs or _same_name(asset, identity):
        return False
    known = _macs(asset)
    return bool(known) and known.isdisjoint(identity.macs)


def _same_name(asset: Asset, identity: Identity) -> bool:
    return bool(identity.name) and asset.name.lower() == identity.name.lower()


def _shares_a_mac(asset: Asset, identity: Identity) -> bool:
    return not _macs(asset).isdisjoint(identity.macs)


def _macs(asset: Asset) -> set[str]:
    found: Iterable[str] = (
        NetworkCard.objects.filter(asset=asset).exclude(mac="").values_list("mac", flat=True)
    )
    return set(found)
