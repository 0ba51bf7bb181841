"""Which asset an inventory speaks of, and the sentence that says why.

The rules are tried in the order of the organisation (``SHIPPED`` when it chose none): the agent's own asset,
serial number and UUID together, serial number, UUID, network addresses; a name alone is only a suggestion
for a person to confirm. Junk serial numbers and UUIDs have already been emptied by ``facts``. What points at
an asset is refused when everything else contradicts it (see ``likeness``), and the sentence then says so.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_noop

from etabli.assets.models import Alias, Asset, Distinction, NetworkCard
from etabli.kernel.sentences import joined, sentence

from .facts import Identity
from .likeness import Likeness, uuid_forms

MOST_ALIKE = 20
"""A number that more assets than this share identifies none of them."""


@dataclass(frozen=True)
class Match:
    """The asset found, or none. ``sure`` is false for a suggestion. ``reason`` is shown to people."""

    asset: Asset | None
    sure: bool
    reason: str
    rule: str = ""


@dataclass
class Question:
    """What the rules have to go by. ``told`` is what the agent's asset said of itself the last time:
    somebody may have corrected its columns. ``doubts`` gathers why assets that share something were left out.
    """

    identity: Identity
    organisation_id: int
    agent_asset: Asset | None = None
    told: Identity | None = None
    virtual: bool = False
    doubts: list[str] = field(default_factory=list)

    @property
    def rows(self) -> QuerySet[Asset]:
        rows = Asset.objects.filter(organisation_id=self.organisation_id)
        return rows.select_related("kind", "model__manufacturer")

    @cached_property
    def by_serial(self) -> list[Likeness]:
        """The assets of this serial number, also of old; none when too many have it to mean anything."""
        serial = self.identity.serial.lower()
        if not serial:
            return []
        found = [*self.rows.filter(serial_key=serial)[: MOST_ALIKE + 1], *self._known_as(Q(serial=serial))]
        if len(found) > MOST_ALIKE:
            text = sentence(
                "More than %(n)s assets have the serial number %(serial)s: it identifies none.",
                n=MOST_ALIKE,
                serial=self.identity.serial,
            )
            self.doubts.append(text)
            return []
        return self._beside(found)

    @cached_property
    def by_uuid(self) -> list[Likeness]:
        forms = uuid_forms(self.identity.uuid)
        if not forms:
            return []
        return self._beside(
            [*self.rows.filter(uuid__in=forms)[:MOST_ALIKE], *self._known_as(Q(uuid__in=forms))]
        )

    def _known_as(self, numbers: Q) -> list[Asset]:
        keys = Alias.objects.filter(numbers, organisation_id=self.organisation_id).values_list("asset")
        wanted = [key for (key,) in keys[:MOST_ALIKE]]
        return list(self.rows.filter(pk__in=wanted)) if wanted else []

    def _beside(self, assets: Iterable[Asset]) -> list[Likeness]:
        return [self.beside(asset) for asset in dict.fromkeys(assets)]

    def beside(self, asset: Asset, told: Identity | None = None) -> Likeness:
        return Likeness(asset, self.identity, told, virtual=self.virtual)

    def doubt(self, one: Likeness, message: str) -> None:
        """Note why an asset was left out: an English message about its ``%(name)s``."""
        self.doubts.append(sentence(message, name=one.asset))


def find(question: Question, rules: Sequence[str] | None = None) -> Match:
    """Look for the asset of an identity among those of its organisation, by the first rule that answers."""
    for key in SHIPPED if rules is None else rules:
        if match := RULES[key](question):
            return replace(match, rule=key)
    return _nothing(question)


def _by_agent(question: Question) -> Match | None:
    """The asset the agent last reported for, unless its files were copied to another machine with a disk
    image.
    """
    if question.agent_asset is None:
        return None
    own = question.beside(question.agent_asset, question.told)
    twin = _better_twin(question, own)
    if twin is not None:
        reason = sentence(
            "Same agent as “%(name)s”, but a person said that these are two machines: by its addresses and "
            "its name, it is this one.",
            name=own.asset,
        )
        return Match(twin.asset, True, reason)
    if _plausible(own):
        return Match(own.asset, True, sentence("Same agent as last time."))
    question.doubt(
        own, gettext_noop("Same agent as “%(name)s”, but another machine by its numbers (a copied disk).")
    )
    return None


def _better_twin(question: Question, own: Likeness) -> Likeness | None:
    """Among the assets that somebody said are not this one, the one that resembles the machine more."""
    pairs = Distinction.objects.filter(Q(one=own.asset) | Q(other=own.asset)).values_list(
        "one_id", "other_id"
    )
    keys = {key for pair in pairs for key in pair} - {own.asset.pk}
    if not keys:
        return None
    twins = [question.beside(asset) for asset in question.rows.filter(pk__in=keys)]
    best = max(twins, key=lambda twin: twin.score, default=None)
    return best if best and best.shared and best.score > own.score else None


def _plausible(own: Likeness) -> bool:
    """Whether the agent's asset can be this machine.

    A serial number may have been corrected while the UUID stays; a motherboard may have been replaced while
    the serial number, or at least the name, stays. When all that can be compared differs, it is another
    machine.
    """
    if own.clone:
        return False
    if own.serial is False:
        return own.uuid is True
    if own.uuid is False:
        return own.resembles
    return bool(own.serial or own.uuid) or not own.stranger


def _by_serial_and_uuid(question: Question) -> Match | None:
    found = [one for one in question.by_serial if one.uuid and one.maker]
    same = [one for one in found if not one.clone]
    for one in found:
        if one.clone:
            question.doubt(
                one,
                gettext_noop(
                    "“%(name)s” has the same numbers, but another name and other addresses (a copy of it)."
                ),
            )
    serial = question.identity.serial
    reason = sentence("Same serial number (%(serial)s) and same UUID.", serial=serial)
    return _one_of(same, reason)


def _by_serial(question: Question) -> Match | None:
    """A number that a maker repeats has nothing else in common; an asset typed by hand has nothing else to
    compare.
    """
    near = []
    for one in question.by_serial:
        if not one.maker:
            question.doubt(one, gettext_noop("“%(name)s” has the same serial number from another maker."))
        elif one.clone or (not one.uuid and (one.stranger or (one.uuid is False and not one.resembles))):
            question.doubt(
                one, gettext_noop("“%(name)s” has the same serial number, and nothing else in common.")
            )
        else:
            near.append(one)
    serial = question.identity.serial
    reason = sentence("Same serial number (%(serial)s).", serial=serial)
    if len(near) == 1 and near[0].uuid is False:
        reason = sentence(
            "Same serial number (%(serial)s); its UUID changed (motherboard replaced?).", serial=serial
        )
    return _one_of(near, reason)


def _by_uuid(question: Question) -> Match | None:
    """A cloned virtual machine keeps the UUID: another serial number, or nothing else in common, is another
    one.
    """
    near = []
    for one in question.by_uuid:
        if one.serial is False:
            question.doubt(one, gettext_noop("“%(name)s” has the same UUID, but another serial number."))
        elif one.stranger:
            question.doubt(
                one, gettext_noop("“%(name)s” has the same UUID, but another name and other addresses.")
            )
        else:
            near.append(one)
    return _one_of(near, sentence("Same UUID (%(uuid)s).", uuid=question.identity.uuid))


def _by_macs(question: Question) -> Match | None:
    """Addresses that only one asset has. One alone may be that of an adapter that goes from desk to desk:
    the name must agree too, or all the addresses.
    """
    mine = set(question.identity.macs)
    if not mine:
        return None
    near = [
        one
        for one in _with_addresses(question, mine)
        if one.serial is not False and one.uuid is not False and not one.clone
    ]
    sure = [
        one for one in near if one.name or one.macs == mine or (len(one.shared) > 1 and _inside(one, mine))
    ]
    if sure:
        return _one_of(sure, sentence("Same network card addresses."))
    likely = [one for one in near if _inside(one, mine)]
    if len(likely) == 1:
        reason = sentence(
            "“%(name)s” has the same network card, under another name: is it this machine?",
            name=likely[0].asset,
        )
        return Match(likely[0].asset, False, reason)
    for one in near:
        question.doubt(
            one, gettext_noop("“%(name)s” shares a network address, perhaps that of a docking station.")
        )
    return None


def _with_addresses(question: Question, mine: set[str]) -> list[Likeness]:
    """The assets that own one of these addresses; what several assets have is no one's own."""
    cards = NetworkCard.objects.filter(organisation_id=question.organisation_id, mac__in=mine)
    owners: dict[str, set[int]] = {}
    for asset_id, mac in cards.values_list("asset_id", "mac")[:500]:
        owners.setdefault(mac, set()).add(asset_id)
    keys = {key for found in owners.values() if len(found) == 1 for key in found}
    likely = [question.beside(asset) for asset in question.rows.filter(pk__in=keys)] if keys else []
    return [one for one in likely if one.shared]


def _inside(one: Likeness, mine: set[str]) -> bool:
    return one.macs <= mine or mine <= one.macs


def _by_name(question: Question) -> Match | None:
    """A name alone may be a coincidence: only an asset that has no number of its own is suggested."""
    name = question.identity.name
    if not name:
        return None
    rows = question.rows.filter(serial_key="", uuid="", name_key=name.lower())[:2]
    found = [one for one in map(question.beside, rows) if not one.clone]
    if len(found) != 1:
        return None
    reason = sentence(
        "An asset named “%(name)s” exists without serial number: is it this machine?", name=name
    )
    return Match(found[0].asset, False, reason)


def _one_of(found: list[Likeness], reason: str) -> Match | None:
    """The one asset, or among several the only one that shares an address, or the name; else a person
    says.
    """
    if not found:
        return None
    alike: list[Callable[[Likeness], object]] = [
        lambda one: True,
        lambda one: one.shared,
        lambda one: one.name,
    ]
    for likes in alike:
        chosen = [one for one in found if likes(one)]
        if len(chosen) == 1:
            return Match(chosen[0].asset, True, reason)
    several = sentence("%(n)s assets could be this machine: is it this one?", n=len(found))
    return Match(found[0].asset, False, joined(reason, several))


def _nothing(question: Question) -> Match:
    doubts = list(dict.fromkeys(question.doubts))[:3]
    new = (
        sentence("It is a new asset.")
        if doubts
        else sentence("No asset has this serial number, UUID, network address or name: new asset.")
    )
    return Match(None, True, joined(*doubts, new))


RULES: dict[str, Callable[[Question], Match | None]] = {
    "agent": _by_agent,
    "serial_uuid": _by_serial_and_uuid,
    "serial": _by_serial,
    "uuid": _by_uuid,
    "macs": _by_macs,
    "name": _by_name,
}
SHIPPED = tuple(RULES)
