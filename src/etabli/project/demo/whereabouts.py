"""Where the sample equipment is: subnets of sites, units of racks, a drawn plan with machines on it."""

import io
from collections import Counter
from datetime import datetime, timedelta
from random import Random

from PIL import Image, ImageDraw, ImageFont

from etabli.assets.locating import observe, observe_addresses
from etabli.assets.models import Asset, AssetModel, Position, RackPlacement
from etabli.kernel import files
from etabli.kernel.actors import SYSTEM
from etabli.people.models import Floor, Rack, Room, Site, Subnet

WIDTH, HEIGHT, METRES = 1200, 720, 36
# Height in units, watts and kilograms of what goes in racks, by the key of its kind.
SIZES = {
    "server": (2, 450, "22.5"),
    "switch": (1, 90, "4.8"),
    "router": (1, 40, "3.2"),
    "firewall": (1, 35, "3.5"),
    "nas": (2, 180, "12"),
    "ups": (3, 30, "38"),
}
SEATED = ("laptop", "desktop", "printer", "monitor")


def locate_everything(rng: Random, *, now: datetime) -> None:
    """In the scope of one organisation; not published: it is how things were from the beginning."""
    for number, site in enumerate(Site.objects.order_by("pk"), 10):
        Subnet.objects.create(site=site, network=f"10.{number}.0.0/16", name="Postes et serveurs")
    _fill_racks()
    _draw_floor(rng, now)
    _travel(now)


def _fill_racks() -> None:
    for key, (units, watts, kilos) in SIZES.items():
        AssetModel.objects.filter(kind__key=key).update(units=units, power_w=watts, weight_kg=kilos)
    for rack in Rack.objects.order_by("pk"):
        Rack.objects.filter(pk=rack.pk).update(power_w=3600, load_kg=600)
        unit = 1
        held = Asset.objects.filter(rack=rack).select_related("kind")
        for asset in sorted(held, key=lambda a: -SIZES.get(a.kind.key, (1, 0, ""))[0]):
            height = SIZES.get(asset.kind.key, (1, 0, ""))[0]
            if unit + height - 1 > rack.units:
                break
            RackPlacement.objects.create(asset=asset, rack=rack, position=unit, height=height)
            unit += height + (asset.kind.key == "server")


def _draw_floor(rng: Random, now: datetime) -> None:
    """The floor with most rooms gets a plan: its rooms side by side, and the machines in them."""
    floors = [(Room.objects.filter(floor=floor).count(), -floor.pk, floor) for floor in Floor.objects.all()]
    if not floors:
        return
    floor = max(floors)[2]
    rooms = list(Room.objects.filter(floor=floor).order_by("pk"))
    across = -(-len(rooms) // 2)
    wide, tall = WIDTH // max(across, 1), (HEIGHT - 120) // 2
    corners = {
        room.pk: ((i % across) * wide, 0 if i < across else tall + 120) for i, room in enumerate(rooms)
    }
    floor.plan = files.store(_picture(rooms, corners, wide, tall), name="plan.png", actor=SYSTEM)
    floor.plan_width, floor.plan_height, floor.width_m = WIDTH, HEIGHT, METRES
    floor.save(update_fields=["plan", "plan_width", "plan_height", "width_m"])
    shown = Asset.objects.filter(room__in=rooms, kind__key__in=SEATED).order_by("pk")[:28]
    taken: Counter[int] = Counter()
    for asset in shown:
        left, top = corners[asset.room_id or 0]
        seat = taken[asset.room_id or 0]
        taken[asset.room_id or 0] += 1
        x = left + (0.14 + 0.24 * (seat % 4)) * wide + rng.uniform(-8, 8)
        y = top + (0.34 + 0.22 * (seat // 4 % 3)) * tall + rng.uniform(-6, 6)
        Position.objects.create(
            asset=asset,
            source=Position.Source.DECLARED,
            site=asset.site,
            room_id=asset.room_id,
            floor=floor,
            x=round(x / WIDTH, 4),
            y=round(y / HEIGHT, 4),
            since=now,
            at=now,
        )


def _picture(rooms: list[Room], corners: dict[int, tuple[int, int]], wide: int, tall: int) -> bytes:
    image = Image.new("RGB", (WIDTH, HEIGHT), "#ffffff")
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(20)
    for room in rooms:
        left, top = corners[room.pk]
        pen.rectangle((left + 3, top + 3, left + wide - 4, top + tall - 4), "#f3f6f8", "#8a97a5", 4)
        door = top + tall - 5 if top == 0 else top + 1
        pen.rectangle((left + wide // 2 - 28, door, left + wide // 2 + 28, door + 4), "#ffffff")
        pen.text((left + 16, top + 14), room.name, "#5b6875", font)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def _travel(now: datetime) -> None:
    """Two laptops spoke from another site than theirs, one asset was scanned in another room."""
    sites = list(Site.objects.order_by("pk"))
    laptops = list(Asset.objects.filter(kind__key="laptop", site__isnull=False).order_by("pk")[:3])
    for rank, asset in enumerate(laptops[:2]):
        other = next((s for s in sites if s.pk != asset.site_id), None)
        if other is not None:
            address = f"10.{10 + sites.index(other)}.3.{20 + rank}"
            observe_addresses(asset, [address], now=now - timedelta(hours=5 + rank))
    for asset in laptops[2:]:
        room = Room.objects.filter(site=asset.site).exclude(pk=asset.room_id or 0).order_by("pk").first()
        if room is not None:
            seen = now - timedelta(days=2)
            observe(asset, Position.Source.SCAN, site=room.site, room=room, now=seen)
