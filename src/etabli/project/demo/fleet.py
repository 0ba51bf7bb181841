"""The equipment of a company: bought over the years, tagged, given to people, some of it broken, lent or on
its way out.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from etabli.assets.models import Asset, AssetKind, AssetModel, Manufacturer
from etabli.people.models import Person, Rack, Room

from .companies import Company
from .hardware import SUPPLIERS, TAGS, Product, products

State = Asset.State
PERSONAL = {"laptop", "desktop", "phone", "tablet", "monitor", "dock", "peripheral"}
TECHNICAL = {"server", "switch", "router", "firewall", "nas", "ups"}
COMPUTERS = {"laptop", "desktop", "server", "vm"}
VITAL = {"SRV-DPI", "SRV-DPI-BASE", "SRV-AD1", "SRV-AD", "SRV-ESX1", "SRV-PVE1", "SRV-HV1"}
REASONS = {
    "SRV-DPI": "Dossier patient : soins arrêtés sans lui",
    "SRV-DPI-BASE": "Base du dossier patient",
    "SRV-ESX1": "Héberge la moitié des serveurs",
    "SRV-PVE1": "Héberge la moitié des serveurs",
    "SRV-HV1": "Héberge tous les serveurs",
}
WHY = {
    "server": "Services internes arrêtés sans lui",
    "vm": "Service interne arrêté sans elle",
    "switch": "Postes de l’étage coupés du réseau sans lui",
    "router": "Site sans accès à Internet sans lui",
    "firewall": "Site sans accès à Internet sans lui",
    "nas": "Fichiers et sauvegardes indisponibles sans lui",
    "ups": "Baie arrêtée à la première coupure sans lui",
}


@dataclass
class Item:
    """An asset being made, the product it is; for a computer the family of its system, whether it never spoke
    yet, and whether it is to be lent.
    """

    asset: Asset
    product: Product
    system: str = ""
    newcomer: bool = False
    to_lend: bool = False


def equip(company: Company, people: list[Person], rng: Random, *, today: date) -> list[Item]:
    """The company's assets, saved in the order of their purchase; not published."""
    items = [
        item for kind, number in company.fleet.items() for item in _bought(company, kind, number, rng, today)
    ]
    # virtual machines are bought by nobody: they come with the hosts, among the oldest
    items.sort(key=lambda item: (item.asset.bought_on or today - timedelta(days=1200), item.product.name))
    _name(company, items)
    _hand_out(items, people, rng)
    _place(items, rng)
    _age(items, rng, today)
    models = _catalogue(items)
    for item in items:
        item.asset.model = models[item.product.name]
    Asset.objects.bulk_create([item.asset for item in items])
    _connect(items)
    return items


def _bought(company: Company, kind: str, number: int, rng: Random, today: date) -> list[Item]:
    kinds = AssetKind.objects.get(organisation=None, key=kind)
    made = []
    for rank in range(number):
        # Purchases come in waves, more of them recently; a fleet is renewed every five years.
        age = (
            round(365 * (0.06 + 5.4 * rng.random() ** 1.35))
            if kind not in TECHNICAL
            else rng.randint(200, 1900)
        )
        day = today - timedelta(days=age)
        product = rng.choice(products(kind, company.key, day.year))
        asset = Asset(kind=kinds, state=State.IN_SERVICE, serial=_serial(product.serial, rng))
        if kind != "vm":
            asset.bought_on, asset.commissioned_on = day, day + timedelta(days=rng.randint(4, 40))
            asset.price = Decimal(str(round(product.price * rng.uniform(0.94, 1.07), 2)))
            asset.supplier = rng.choice(SUPPLIERS)
            asset.order_number = f"BC-{day.year}-{rng.randint(11, 480):04d}"
            years = product.warranty + (2 if kind in COMPUTERS and rng.random() < 0.2 else 0)
            asset.warranty_end = day.replace(year=day.year + years, day=min(day.day, 28))
        item = Item(asset, product)
        if kind == "vm":
            asset.name, item.system = company.machines[rank]
        elif kind == "server":
            asset.name = company.servers[rank]
            item.system = {"SRV-ESX": "esx", "SRV-PVE": "proxmox"}.get(asset.name[:7], "windows-server")
        elif kind in COMPUTERS:
            item.system = "macos" if product.maker == "Apple Inc." else "windows-desktop"
        made.append(item)
    return made


def _serial(pattern: str, rng: Random) -> str:
    letters = "0123456789BCDFGHJKLMNPQRSTVWXYZ"
    if pattern.startswith("VMware-"):
        return pattern + "".join(f" {rng.randrange(256):02x}" for _ in range(6))
    return "".join(
        rng.choice("0123456789") if c == "#" else rng.choice(letters) if c == "?" else c for c in pattern
    )


def _name(company: Company, items: list[Item]) -> None:
    """Tags follow the order of purchase; what nobody calls by a role is called by its tag."""
    number, ranks = company.first_tag, dict.fromkeys(("switch", "router", "firewall", "nas", "ups"), 0)
    for item in items:
        kind = item.asset.kind.key
        if kind == "vm":
            continue
        item.asset.tag = f"{TAGS[kind]}-{number:04d}"
        number += 1
        if kind in ranks:
            ranks[kind] += 1
            item.asset.name = f"{TAGS[kind]}-{company.sites[0].code}-{ranks[kind]:02d}"
        item.asset.name = item.asset.name or item.asset.tag


def _hand_out(items: list[Item], people: list[Person], rng: Random) -> None:
    """A main computer each while there are some, then screens, docks and telephones of the same people."""
    present = [p for p in people if p.left_on is None]
    laptops = [i for i in items if i.asset.kind.key == "laptop"]
    mobile = sorted(present, key=lambda p: not (p.vip or "Responsable" in p.title or "Chef" in p.title))
    owners = mobile[: round(len(laptops) * 0.85)]
    rng.shuffle(owners)
    for item, person in zip(reversed(laptops), owners, strict=False):
        item.asset.person = person
    rest = [p for p in present if p not in owners]
    for kind, share in (
        ("desktop", 0.8),
        ("monitor", 0.72),
        ("phone", 0.8),
        ("dock", 0.9),
        ("tablet", 0.5),
        ("peripheral", 0.5),
    ):
        candidates = [i for i in items if i.asset.kind.key == kind and i.product.companies != ("clinique",)]
        queue = (rest if kind == "desktop" else owners if kind in {"dock", "phone"} else present) or present
        for rank, item in enumerate(candidates[: round(len(candidates) * share)]):
            if kind != "desktop" or rank < len(queue):
                item.asset.person = queue[rank % len(queue)]


def _place(items: list[Item], rng: Random) -> None:
    """People's things are where they work; servers and network in technical rooms; the rest anywhere."""
    rooms = list(Room.objects.select_related("site").order_by("pk"))
    technical, ordinary = [r for r in rooms if r.technical], [r for r in rooms if not r.technical]
    racks = {rack.room_id: rack for rack in Rack.objects.all()}
    for item in items:
        asset, kind = item.asset, item.asset.kind.key
        if asset.person is not None:
            asset.site, asset.room = asset.person.site, asset.person.room
            continue
        room = rng.choice(ordinary)
        if kind in TECHNICAL or kind == "vm":
            room = (
                technical[0]
                if kind in {"server", "nas", "firewall", "router", "vm"}
                else rng.choice(technical)
            )
            asset.rack = None if kind == "vm" else racks.get(room.pk)
        asset.site, asset.room = room.site, None if kind == "vm" else room


def _age(items: list[Item], rng: Random, today: date) -> None:
    """States and criticality: what is not given to anybody waits in stock, the oldest leaves, a few things
    go wrong.
    """
    spare = [i for i in items if i.asset.kind.key in PERSONAL and i.asset.person is None]
    for item in spare:
        old = (today - (item.asset.bought_on or today)).days > 1500
        item.asset.state = rng.choices(
            [
                State.IN_SERVICE,
                State.IN_STOCK,
                State.PREPARING,
                State.ON_LOAN,
                State.TO_RETIRE if old else State.IN_STOCK,
                State.RETIRED if old else State.IN_STOCK,
            ],
            [50, 24, 5, 5, 10, 6],
        )[0]
        if item.asset.state == State.ON_LOAN:  # lent by ``lending``, as people do it
            item.asset.state, item.to_lend = State.IN_STOCK, True
    worn = [
        i
        for i in items
        if i.asset.kind.key in {"laptop", "desktop"} and (today - (i.asset.bought_on or today)).days > 1450
    ]
    for item in worn[::3]:
        item.asset.state = State.TO_RETIRE
    for item in rng.sample(
        [i for i in items if i.asset.kind.key in {"laptop", "printer", "desktop", "phone"}], 2
    ):
        item.asset.state = State.IN_REPAIR
    lost = rng.choice([i for i in items if i.asset.kind.key in {"phone", "tablet"}])
    lost.asset.state = rng.choice([State.LOST, State.STOLEN])
    lost.asset.remarks = "Déclaration faite le jour même ; ligne suspendue et effacement à distance demandé."
    for item in items:
        asset, kind = item.asset, item.asset.kind.key
        asset.criticality = (
            4
            if asset.name in VITAL
            else 3
            if kind in TECHNICAL | {"vm"} or (asset.person and asset.person.vip)
            else 2
        )
        if asset.criticality >= 3:
            asset.criticality_reason = REASONS.get(asset.name) or WHY.get(kind, "Personne prioritaire")
        if kind in {"dock", "peripheral", "monitor"} and asset.criticality == 2:
            asset.criticality = 1


def _catalogue(items: list[Item]) -> dict[str, AssetModel]:
    """The manufacturers and models that the company owns something of."""
    makers: dict[str, Manufacturer] = {}
    models: dict[str, AssetModel] = {}
    for item in items:
        product = item.product
        if product.maker not in makers:
            makers[product.maker] = Manufacturer.objects.create(name=product.maker)
        if product.name not in models:
            models[product.name] = AssetModel.objects.create(
                name=product.name,
                manufacturer=makers[product.maker],
                kind=item.asset.kind,
                end_of_sale=date(product.since + 3, 6, 30) if product.kind != "vm" else None,
                end_of_support=date(product.since + 8, 12, 31)
                if product.kind in COMPUTERS - {"vm"}
                else None,
            )
    return models


def _connect(items: list[Item]) -> None:
    """Screens and docks hang on their person's computer, virtual machines on their host."""
    computers = [i.asset for i in items if i.asset.kind.key in {"laptop", "desktop"}]
    by_person = {asset.person_id: asset for asset in computers if asset.person_id is not None}
    hosts = [i.asset for i in items if i.asset.kind.key == "server"][:2]
    joined = []
    for rank, asset in enumerate(item.asset for item in items):
        if asset.kind.key == "vm":
            asset.parent = hosts[rank % len(hosts)]
        elif asset.kind.key in {"monitor", "dock"} and asset.person_id is not None:
            asset.parent = by_person.get(asset.person_id)
        if asset.parent is not None:
            joined.append(asset)
    Asset.objects.bulk_update(joined, ["parent"])
