"""An asset held against what a machine says of itself: what agrees, what contradicts.

Numbers lie (makers repeat them, clones copy them, people mistype them), so no rule trusts one of them alone
when everything else says the opposite.
"""

import re
from collections.abc import Iterable
from functools import cached_property
from uuid import UUID

from etabli.assets.models import Alias, Asset, NetworkCard

from .cards import hardware_macs
from .facts import Identity

# Makers under several names, by the first word of each.
_MAKERS = {
    "hewlett": "hp",
    "hewlett-packard": "hp",
    "hpe": "hp",
    "asustek": "asus",
    "micro-star": "msi",
    "giga-byte": "gigabyte",
    "oracle": "sun",
}


def uuid_forms(value: str) -> list[str]:
    """A hardware UUID as it may be told: older tools read its first three fields in the other byte order
    (SMBIOS 2.6 §7.2.1).
    """
    value = value.lower()
    try:
        return [value, str(UUID(bytes_le=UUID(value).bytes))] if value else []
    except ValueError:  # Android tells 16 hexadecimal digits
        return [value]


class Likeness:
    """How an asset compares with an identity. ``told`` is what the asset's machine last said, when it is
    known: somebody may have corrected the columns since. ``virtual`` says that the identity is a guest's.
    """

    def __init__(
        self, asset: Asset, identity: Identity, told: Identity | None = None, *, virtual: bool = False
    ) -> None:
        self.asset, self.identity, self.told, self.virtual = asset, identity, told, virtual

    @cached_property
    def _aliases(self) -> list[tuple[str, str]]:
        return list(Alias.objects.filter(asset=self.asset).values_list("serial", "uuid"))

    @cached_property
    def macs(self) -> frozenset[str]:
        """The addresses of the asset's own cards, as its last inventory told them."""
        return frozenset(hardware_macs(NetworkCard.objects.filter(asset=self.asset).exclude(mac="")))

    @cached_property
    def shared(self) -> frozenset[str]:
        return self.macs & set(self.identity.macs)

    @cached_property
    def serial(self) -> bool | None:
        """Whether the serial numbers are the same; None when one of the two is not known."""
        ours = [self.asset.serial, self.told.serial if self.told else ""]
        return self._same([self.identity.serial.lower()], [s.lower() for s in ours], 0)

    @cached_property
    def uuid(self) -> bool | None:
        """The same of UUIDs, in either byte order."""
        ours = [self.asset.uuid, self.told.uuid if self.told else ""]
        return self._same(uuid_forms(self.identity.uuid), [u.lower() for u in ours], 1)

    def _same(self, forms: list[str], ours: Iterable[str], column: int) -> bool | None:
        known = {one for one in ours if one}
        if not forms or not forms[0] or not known:
            return None
        return not known.isdisjoint(forms) or any(alias[column] in forms for alias in self._aliases)

    @property
    def name(self) -> bool:
        return bool(self.identity.name) and self.asset.name.lower() == self.identity.name.lower()

    @property
    def resembles(self) -> bool:
        """Something beside the numbers agrees: the name, or an address."""
        return self.name or bool(self.shared)

    @property
    def stranger(self) -> bool:
        """Both tell addresses and a name, and nothing of them agrees."""
        return bool(self.identity.macs and self.macs) and not self.resembles

    @property
    def clone(self) -> bool:
        """A guest with another name and other addresses is a copy, or a container that repeats its host's
        numbers.
        """
        return (self.virtual or self.asset.kind.key == "vm") and self.stranger

    @property
    def maker(self) -> bool:
        """Short serial numbers are reused between makers: false when both are known and differ."""
        model = self.asset.model
        ours = _maker(model.manufacturer.name if model and model.manufacturer else "")
        theirs = _maker(self.identity.manufacturer)
        return not ours or not theirs or ours == theirs

    @property
    def score(self) -> tuple[int, bool, bool, bool]:
        """To choose between two assets that a person said are different."""
        return len(self.shared), self.name, bool(self.serial), bool(self.uuid)


def _maker(name: str) -> str:
    first = (re.split(r"[\s,]+", name.lower().strip(), maxsplit=1) or [""])[0]
    return _MAKERS.get(first, first)
