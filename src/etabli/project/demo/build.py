"""Making the sample companies, in one transaction, from a fixed seed and the day it is done."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain
from random import Random
from typing import Any

from etabli.assets.models import Asset, AssetModel, Manufacturer
from etabli.inventory import enrolments
from etabli.inventory.models import Document
from etabli.kernel.actors import SYSTEM, Actor
from etabli.kernel.events import together
from etabli.kernel.organisations import Organisation
from etabli.kernel.tenancy import scope
from etabli.people.actions import start_organisation
from etabli.people.models import Building, Floor, OrgUnit, Person, Rack, Room, Site, Team

from . import arrivals, devices, fleet, history, lending, places, staff, whereabouts
from .companies import CLIENTS, PROVIDER, Company
from .staff import Names

SEED = 412
YEAR = timedelta(days=365)
Tell = Callable[[str], None]


@dataclass
class Work:
    """What one company's construction needs from the others': chance, names, the technicians who sign."""

    now: datetime
    tell: Tell
    rng: Random = field(default_factory=lambda: Random(SEED))  # noqa: S311 - sample data must be the same each time
    team: list[Actor] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.names, self.start = Names(self.rng), self.now - YEAR


def build(parent: Organisation | None, *, now: datetime, tell: Tell) -> list[Organisation]:
    """The provider (under ``parent`` when there is one), then its clients, under it and served by it."""
    work = Work(now, tell)
    kind = Organisation.Kind.ENTITY if parent else Organisation.Kind.PROVIDER
    provider = _start(PROVIDER, kind, parent)
    made = [provider, *(_start(one, Organisation.Kind.CLIENT, provider) for one in CLIENTS)]
    for company, organisation in zip((PROVIDER, *CLIENTS), made, strict=True):
        tell(organisation.name)
        with scope(organisation.pk):
            _furnish(company, organisation, work)
    return made


def _start(company: Company, kind: str, parent: Organisation | None) -> Organisation:
    return start_organisation(
        name=company.name, kind=kind, parent=parent, colour=company.colour, demo=True, actor=SYSTEM
    )


def _furnish(company: Company, organisation: Organisation, work: Work) -> None:
    today = work.now.date()
    places.settle(company)
    people = staff.hire(company, work.rng, work.names, today=today)
    staff.team_up(people, company)
    work.team = work.team or [Actor(None, people[n].name) for n in (1, 2, 3, 4)]
    items = fleet.equip(company, people, work.rng, today=today)
    with together():
        around = chain.from_iterable(
            m._default_manager.filter(organisation=organisation.pk)
            for m in (Site, Building, Floor, Room, Rack, OrgUnit, Team, Manufacturer, AssetModel)
        )
        history.beginnings(items, people, list(around), work.team, work.rng, start=work.start, now=work.now)
        history.life(items, work.team, work.rng, start=work.start, now=work.now)
        lending.lend_out(organisation.pk, items, people, work.team[2], now=work.now)
        history.remarks(items, work.team, work.rng, start=work.start, now=work.now)
    _inventory(company, organisation, items, work)
    whereabouts.locate_everything(Random(SEED), now=work.now)  # noqa: S311 - leaves the other draws alone


def _inventory(company: Company, organisation: Organisation, items: list[fleet.Item], work: Work) -> None:
    key = enrolments.enrol(
        name=f"Postes – {company.sites[0].name}",
        organisation_id=organisation.pk,
        actor=SYSTEM,
        site=Site.objects.first(),
    )
    speaking = arrivals.voices(company, items, work.rng)
    found = arrivals.sendings(speaking, work.rng, start=work.start, now=work.now)
    odd = arrivals.oddities(company, items, speaking, now=work.now)
    asked = devices.answers(items, speaking, work.rng, now=work.now)
    with together():
        arrivals.send(sorted([*found, *odd, *asked], key=lambda s: s.at), organisation.pk)
    arrivals.enrolled(speaking, key)


def counted(organisations: list[int]) -> dict[str, Any]:
    """What there is to see, in numbers."""
    kinds = (("people", Person), ("assets", Asset), ("inventories", Document))
    return {name: model.objects.filter(organisation__in=organisations).count() for name, model in kinds}
