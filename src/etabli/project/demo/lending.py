"""Loans, bookings, kits and slips of a company: some go on, one is late, one slip waits for its signature."""

import uuid
from datetime import date, datetime, time, timedelta

from etabli.assets import holding, signing
from etabli.assets.models import Asset, Booking, Kit, KitItem, Pool, Slip
from etabli.kernel.actors import Actor
from etabli.kernel.events import batching, publish
from etabli.people.models import Person, Site

from .fleet import Item
from .history import PARIS

LENT = ("laptop", "tablet", "monitor", "peripheral", "phone", "desktop")
# Lent how many days ago, due in how many, what for; the first is late.
LOANS = (
    (20, -6, "Poste en attente de réparation"),
    (5, 9, "Déplacement chez un client"),
    (2, 12, "Stagiaire"),
)
BOOKED = ((3, 4, "Salon professionnel"), (8, 10, "Formation du personnel"))


def lend_out(
    organisation: int, items: list[Item], people: list[Person], technician: Actor, *, now: datetime
) -> None:
    """Through the same acts as people, on days of the last weeks."""
    actor = Actor(None, technician.label, grants={organisation: frozenset({"*"})})
    today = now.date()
    free = [i for i in items if i.asset.state == "in_stock" and i.asset.person_id is None]
    free.sort(key=lambda i: (not i.to_lend, LENT.index(i.asset.kind.key) if i.asset.kind.key in LENT else 9))
    present = [
        p for p in people if p.left_on is None and (p.arrived_on or today) < today - timedelta(days=40)
    ]
    pool = Pool.objects.create(name="Prêt de matériel", site=Site.objects.order_by("pk").first())
    publish(pool, "pool.created", actor=actor)
    shared = [i for i in free if i.asset.kind.key in LENT][:5]
    Asset.objects.filter(pk__in=[i.asset.pk for i in shared]).update(pool=pool)
    for rank, (item, (ago, left, purpose)) in enumerate(zip(shared, LOANS, strict=False)):
        with batching(uuid.uuid4()):
            holding.lend(
                Asset.objects.get(pk=item.asset.pk),
                person=present[-1 - rank],
                due_on=today + timedelta(days=left),
                on=today - timedelta(days=ago),
                purpose=purpose,
                accessories="Chargeur et housse" if item.asset.kind.key == "laptop" else "",
                condition="Bon état",
                slip=rank == 1,
                actor=actor,
            )
    _book(pool, [i.asset for i in shared[len(LOANS) :]], present, actor, today)
    rest = [i for i in free if i not in shared and i.asset.kind.key in {"laptop", "monitor", "dock", "phone"}]
    _sign(rest[:1], present[0], actor, today)
    _pack(rest[1:4], actor)
    for item in free:
        item.asset.refresh_from_db()


def _book(pool: Pool, assets: list[Asset], people: list[Person], actor: Actor, today: date) -> None:
    for asset, person, (first, last, purpose) in zip(assets, people[1:], BOOKED, strict=False):
        start, end = (datetime.combine(today + timedelta(days=n), time(9), PARIS) for n in (first, last))
        made = Booking.objects.create(
            asset=asset,
            person=person,
            starts_at=start,
            ends_at=end,
            purpose=purpose,
            organisation_id=pool.organisation_id,
        )
        publish(made, "booking.created", actor=actor)


def _sign(items: list[Item], person: Person, actor: Actor, today: date) -> None:
    """A hand-over signed on the spot."""
    day = today - timedelta(days=12)
    for item in items:
        with batching(uuid.uuid4()):
            asset = Asset.objects.get(pk=item.asset.pk)
            holding.assign(asset, person=person, on=day, condition="Neuf", slip=True, actor=actor)
            slip = Slip.objects.get(person=person, day=day, signed_at=None)
            signing.sign(slip, name=person.name, actor=actor, now=datetime.combine(day, time(10, 5), PARIS))


def _pack(items: list[Item], actor: Actor) -> None:
    if len(items) < 2:  # a kit of one thing is none
        return
    kit = Kit.objects.create(name="Kit télétravail")
    publish(kit, "kit.created", actor=actor)
    for item in items:
        KitItem.objects.create(kit=kit, asset=item.asset)
