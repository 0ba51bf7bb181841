"""What the sample provider sets up once for its clients: teams, categories, services, what is promised."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from etabli.kernel.accounts import Account
from etabli.kernel.actors import Actor
from etabli.kernel.events import publish
from etabli.people.models import Person, Team, TeamMember
from etabli.support.clocks.policies import Clock
from etabli.support.matrices import PriorityMatrix
from etabli.support.promises import ServiceLevel, ServiceTarget
from etabli.support.tickets import Category, Service

from .situations import situations

# Who is in which team, by first name, and how much each takes.
TEAMS = {"N1": ("Léa", "Karim", "Jade"), "N2": ("Marc", "Anouk", "Hugo"), "Terrain": ("Théo", "Jade")}
# The team that receives a family of requests; the others go to the first level.
RECEIVED = {"Sauvegarde": "N2", "Métier": "N2", "Sécurité": "N2"}
CRITICALITY = {
    "Messagerie": 3, "Réseau": 3, "Dossier patient": 4, "Hébergement et serveurs": 3, "Sécurité": 3,
    "Impression": 2, "Sauvegarde": 3, "Bureautique": 1,
}  # fmt: skip
# Minutes of working time by priority, from 1 to 5; the first priority is served round the clock.
TARGETS = {
    Clock.TAKE_CHARGE: (15, 30, 60, 120, 240),
    Clock.FIRST_ANSWER: (30, 60, 120, 240, 480),
    Clock.NEXT_ANSWER: (30, 120, 240, 480, 480),
    Clock.SOLVE: (240, 480, 960, 1920, 2880),
}


@dataclass
class Set:
    """What was set up, by name; ``agents`` are the accounts of each team."""

    teams: dict[str, Team] = field(default_factory=dict)
    agents: dict[str, list[Account]] = field(default_factory=dict)
    categories: dict[tuple[str, str], Category] = field(default_factory=dict)
    services: dict[str, Service] = field(default_factory=dict)
    level: ServiceLevel | None = None


def set_up(*, agents: dict[str, Account], actor: Actor, at: datetime) -> Set:
    """In the scope of the provider alone; the accounts are by first name."""
    made, tops = Set(), dict[str, Category]()
    for name, members in TEAMS.items():
        made.teams[name] = _new(Team(name=name), actor, at)
        made.agents[name] = [agents[one] for one in members]
        people = Person.objects.filter(account__in=made.agents[name])
        TeamMember.objects.bulk_create(
            TeamMember(organisation_id=one.organisation_id, team=made.teams[name], person=one)
            for one in people
        )
    made.level = _promise(actor, at)
    _new(PriorityMatrix(), actor, at)
    for one in situations():
        team = made.teams[RECEIVED.get(one.top, "N1")]
        if one.top not in tops:
            tops[one.top] = _new(Category(name=one.top, team=team), actor, at)
        if (one.top, one.category) not in made.categories:
            category = Category(name=one.category, parent=tops[one.top], team=team)
            made.categories[one.top, one.category] = _new(category, actor, at)
        if one.service not in made.services:
            service = Service(name=one.service, criticality=CRITICALITY.get(one.service, 2), team=team)
            made.services[one.service] = _new(service, actor, at)
    return made


def _promise(actor: Actor, at: datetime) -> ServiceLevel:
    level: ServiceLevel = _new(ServiceLevel(name="Standard", is_default=True), actor, at)
    ServiceTarget.objects.bulk_create(
        ServiceTarget(
            organisation_id=level.organisation_id,
            level=level,
            clock=clock,
            priority=priority,
            minutes=minutes,
            always=priority == 1,
        )
        for clock, delays in TARGETS.items()
        for priority, minutes in enumerate(delays, 1)
    )
    return level


def _new(obj: Any, actor: Actor, at: datetime) -> Any:
    obj.save()
    publish(obj, f"{obj._meta.model_name}.created", actor=actor, at=at)
    return obj
