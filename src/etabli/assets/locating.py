"""Where an asset is believed to be: what each source tells, how much it is trusted, what disagrees.

The trust of a source is a number from 0 to 100, halved once it has not been confirmed for a while: an old
observation says where the asset was. What a person declares after a scan replaces that scan.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from etabli.kernel.attachments import on
from etabli.kernel.events import Event
from etabli.kernel.sentences import sentence
from etabli.people import subnets
from etabli.people.models import Room, Site

from .models import Asset, NetworkCard, Position

Source = Position.Source
TRUST = {Source.SCAN: 90, Source.PORT: 80, Source.DECLARED: 70, Source.WIFI: 50, Source.SUBNET: 30}
LASTS = {
    Source.SCAN: timedelta(days=180),
    Source.PORT: timedelta(days=7),
    Source.WIFI: timedelta(days=2),
    Source.SUBNET: timedelta(days=7),
}


@dataclass(frozen=True)
class Told:
    """What one source tells of the place of an asset; ``trust`` counts its age."""

    source: str
    site: Site
    room: Any = None
    since: datetime | None = None
    at: datetime | None = None
    detail: str = ""
    trust: int = 0

    @property
    def label(self) -> str:
        return str(Source(self.source).label)

    def differs_from(self, other: "Told") -> bool:
        """Another site, or another room of the same site when both know the room."""
        if self.site.pk != other.site.pk:
            return True
        return bool(self.room and other.room and self.room.pk != other.room.pk)


def observe(
    asset: Asset,
    source: Position.Source,
    *,
    site: Site,
    room: Room | None = None,
    detail: str = "",
    now: datetime | None = None,
) -> Position | None:
    """Keep what a source tells of the place of an asset; nothing of a personal device.

    This is the only way in for observations; the database refuses those of personal devices as well.
    """
    if asset.ownership == Asset.Ownership.PERSONAL:
        return None
    now = now or timezone.now()
    made, new = Position.objects.get_or_create(
        asset=asset,
        source=source,
        defaults={
            "organisation_id": asset.organisation_id,
            "site": site,
            "room": room,
            "detail": detail,
            "since": now,
            "at": now,
        },
    )
    if new:
        return made
    if (made.site_id, made.room_id) != (site.pk, room.pk if room else None):
        made.since = now
    made.site, made.room, made.detail, made.at = site, room, detail, max(now, made.at)
    made.save()
    return made


def kept(asset: Asset, source: Position.Source) -> dict[str, Any] | None:
    """What a source tells of the place of an asset, as an event keeps it; ``None`` when it tells nothing."""
    return as_kept(Position.objects.filter(asset=asset, source=source).first())


def as_kept(row: Position | None) -> dict[str, Any] | None:
    """The same of a position at hand: moments as text, since JSON would lose their microseconds."""
    if row is None:
        return None
    told = {name: getattr(row, name) for name in ("site_id", "room_id", "detail")}
    return {**told, "since": row.since.isoformat(), "at": row.at.isoformat()}


def unobserve(asset: Asset, source: Position.Source, event: Event) -> None:
    """Give back what a source told before an event, which keeps it beside what it made of it (``place``).

    What the source told again since stays: it is later than what is taken back.
    """
    before, after = event.extra.get("place") or (None, None)
    if after is None or kept(asset, source) != after:
        return
    rows = Position.objects.filter(asset=asset, source=source)
    if before is None:
        rows.delete()
    else:
        rows.update(**before)


def observe_addresses(asset: Asset, addresses: Iterable[str], *, now: datetime) -> Position | None:
    """The site whose subnet holds an address of the machine; an address of no known subnet says nothing."""
    found = subnets.site_of(addresses, asset.organisation_id)
    if found is None:
        Position.objects.filter(asset=asset, source=Source.SUBNET).delete()
        return None
    rule, address = found
    detail = sentence(ADDRESS, address=address, network=rule.network)
    return observe(asset, Source.SUBNET, site=rule.site, detail=detail, now=now)


def observe_network(asset: Asset, *, now: datetime) -> Position | None:
    """The same for the addresses of its cards as they are kept now."""
    cards = NetworkCard.objects.filter(asset=asset).order_by("virtual", "pk")
    lists = cards.values_list("addresses", flat=True)
    return observe_addresses(asset, [address for one in lists for address in one], now=now)


ADDRESS = gettext_noop("its address %(address)s is in %(network)s")


def told_of(asset: Asset, *, now: datetime | None = None) -> list[Told]:
    """What every source tells, the most trusted first: two queries."""
    now = now or timezone.now()
    declared = _declared(asset)
    told = [declared] if declared else []
    for row in asset.positions.exclude(source=Source.DECLARED).select_related("site", "room"):
        at = max(row.at, asset.seen_at) if row.source == Source.SUBNET and asset.seen_at else row.at
        one = Told(row.source, row.site, row.room, row.since, at, row.detail)
        told.append(replace(one, trust=_trust(one, declared, now)))
    return sorted(told, key=lambda one: -one.trust)


def seen_elsewhere(told: list[Told]) -> Told | None:
    """The most trusted observation of another place than the declared one, or ``None``."""
    declared = next((one for one in told if one.source == Source.DECLARED), None)
    seen = (one for one in told if one is not declared)
    return next((one for one in seen if declared is None or one.differs_from(declared)), None)


def _declared(asset: Asset) -> Told | None:
    """The asset's own site and room, since the last event that wrote one of them."""
    if asset.site is None:
        return None
    written = Q(changes__has_any_keys=["site", "room"]) | Q(verb="asset.created")
    event = Event.objects.filter(written, **on(asset)).order_by("-id").only("at", "actor").first()
    by = sentence(BY, name=event.actor) if event else ""
    since = event.at if event else asset.created_at
    return Told(Source.DECLARED, asset.site, asset.room, since, None, by, TRUST[Source.DECLARED])


BY = gettext_noop("by %(name)s")


def _trust(one: Told, declared: Told | None, now: datetime) -> int:
    trust = TRUST[Source(one.source)]
    if one.at is not None and now - one.at > LASTS[Source(one.source)]:
        trust //= 2
    overtaken = declared and one.at and declared.since and one.at < declared.since
    return min(trust, TRUST[Source.DECLARED] - 1) if overtaken else trust


def disagreements(told: list[Told]) -> list[Told]:
    """Those that name another place than the most trusted one."""
    return [one for one in told[1:] if one.differs_from(told[0])]


def elsewhere() -> Q:
    """Condition: something saw the asset at another site than the declared one."""
    seen = Position.objects.filter(asset=OuterRef("pk")).exclude(source=Source.DECLARED)
    return Q(site__isnull=False) & Q(Exists(seen.exclude(site=OuterRef("site"))))


def alert_of(told: list[Told]) -> str:
    """What disagrees with the declared place, in a sentence; empty when nothing does."""
    declared = next((one for one in told if one.source == Source.DECLARED), None)
    one = seen_elsewhere(told)
    if declared is None or one is None:
        return ""
    return _("Declared at %(declared)s, seen at %(seen)s: %(why)s.") % {
        "declared": place_text(declared, beside=one),
        "seen": place_text(one, beside=declared),
        "why": one.detail or one.label,
    }


def place_text(one: Told, beside: Told | None = None) -> str:
    """The site, and the room when it is what differs."""
    if one.room and (beside is None or beside.site.pk == one.site.pk):
        return f"{one.site} · {one.room.name}"
    return str(one.site)
