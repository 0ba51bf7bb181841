"""The sample desk: a year of tickets of the clients and of the provider itself, some thirty open now."""

# ruff: noqa: E501 - tables read better unfolded

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from django.db.models import F

from etabli.assets.models import Asset
from etabli.kernel.accounts import Account
from etabli.kernel.actors import Actor
from etabli.kernel.calendars import default_calendar, hours_of
from etabli.kernel.organisations import Organisation
from etabli.kernel.tenancy import scope
from etabli.people.models import Person
from etabli.support.tickets import Ticket, TicketLink

from . import writing
from .catalogue import Set, set_up
from .companies import CLIENTS, PROVIDER
from .lives import Life
from .major import live_incident
from .rhythm import arrivals
from .situations import Situation
from .stories import Place, Teller

SEED = 5120
YEAR = timedelta(days=365)
PAST = {"normandie": 24, "clinique": 226, "vauquelin": 118, "saint-aubin": 182}
# Where the open tickets are, by company: the stage, the days since they were opened.
OPEN = {
    "clinique": (("new", 0.05), ("new", 0.2), ("begun", 0.6), ("begun", 1), ("owed", 1.2), ("user", 2), ("supplier", 5),
                 ("visit", 2), ("begun", 6), ("owed", 3), ("begun", 9)),
    "vauquelin": (("new", 0.1), ("begun", 0.8), ("user", 4), ("supplier", 8), ("owed", 2)),
    "saint-aubin": (("new", 0.3), ("begun", 1), ("user", 3), ("visit", 4), ("owed", 0.9), ("begun", 7)),
    "normandie": (("begun", 3),),
}  # fmt: skip
STRUCK = "saint-aubin"  # whose messaging is down this morning
# A problem that several incidents of a company had in common: its category, its subject, what it says.
PROBLEMS = (
    ("clinique", ("Réseau", "Accès distant"), "Certificats des postes qui expirent sans renouvellement",
     "Le renouvellement automatique échoue quand le poste n'est pas vu pendant trente jours. Tâche à corriger sur l'autorité."),
    ("saint-aubin", ("Impression", "Imprimer"), "Pilotes d'impression instables depuis la mise à jour",
     "Le pilote universel fait tomber le spouleur. Passage aux pilotes isolés, modèle par modèle."),
)  # fmt: skip


def fill(made: list[Organisation], agents: dict[str, Account], *, now: datetime) -> int:
    """Give the sample companies (the provider first) their tickets; returns how many. All in scope."""
    rng = Random(SEED)  # noqa: S311 - sample data must be the same each time
    start = now - YEAR
    with scope(made[0].pk):
        catalogue = set_up(
            agents=agents, actor=Actor(None, agents["Hugo"].name), at=start + timedelta(minutes=3)
        )
    lives: list[Life] = []
    links: list[tuple[Life, str, Life]] = []
    for company, organisation in zip((PROVIDER, *CLIENTS), made, strict=True):
        teller = Teller(_place(organisation, company.key), catalogue, rng, now)
        past, joined = _past(teller, start)
        lives += [*past, *_open_now(teller)]
        links += [*joined, *_problems(teller, past)]
        if company.key == STRUCK:
            main, children = _struck(teller, catalogue)
            lives += [main, *children]
            links += [(child, TicketLink.Relation.CHILD, main) for child in children]
    lives += [problem for _one, relation, problem in links if relation == "caused" and problem not in lives]
    writing.write(_once(lives), now=now)
    TicketLink.objects.bulk_create(
        TicketLink(
            organisation_id=one.ticket.organisation_id,
            ticket=one.ticket,
            relation=relation,
            other=other.ticket,
        )
        for one, relation, other in links
    )
    rows = Ticket.objects.filter(organisation__in=[one.pk for one in made])
    rows.update(created_at=F("opened_at"), updated_at=F("active_at"))
    return len(lives)


def _once(lives: Iterable[Life]) -> list[Life]:
    found: dict[int, Life] = {id(one): one for one in lives}
    return sorted(found.values(), key=lambda one: one.ticket.opened_at)


def _place(organisation: Organisation, key: str) -> Place:
    people = Person.objects.filter(organisation=organisation.pk, left_on=None).select_related("room", "site")
    assets: dict[str, list[Asset]] = {}
    for one in Asset.objects.filter(organisation=organisation.pk).select_related("kind").order_by("pk"):
        assets.setdefault(one.kind.key, []).append(one)
    hours = hours_of(default_calendar(organisation.pk))
    return Place(organisation, key, list(people.order_by("pk")), assets, hours)


def _past(teller: Teller, start: datetime) -> tuple[list[Life], list[tuple[Life, str, Life]]]:
    """What was asked over the year and is over, a few of them twice."""
    rng, choices = teller.rng, teller.place.situations()
    made: list[Life] = []
    links: list[tuple[Life, str, Life]] = []
    dates = arrivals(PAST[teller.place.key], rng, first=start, last=teller.now - timedelta(days=1))
    for at in dates:
        one = rng.choice(choices)
        life = teller.tell(one, at)
        if not _over(life, teller.now):
            life = teller.tell(replace(one, waiting="", added=[], answers=one.answers[:1]), at)
        if not _over(life, teller.now):
            continue
        made.append(life)
        if one.impact > 1 and rng.random() < 0.1:
            again = teller.begin(one, at + timedelta(minutes=rng.randint(4, 60)))
            again.solve(
                life.ticket.assignee,
                "Doublon : le suivi se fait sur l'autre demande.",
                at + timedelta(minutes=75),
            )
            again.close("Établi", at + timedelta(days=5, minutes=75))
            if _over(again, teller.now):
                made.append(again)
                links.append((again, TicketLink.Relation.DUPLICATE, life))
    return made, links


def _over(life: Life, now: datetime) -> bool:
    """Whether it is over by now; a closing still to come has not happened, it is only solved."""
    if life.ticket.closed_at and life.ticket.closed_at > now:
        life.unclose()
    return life.ticket.state in {"solved", "closed"} and life.ticket.active_at <= now


def _open_now(teller: Teller) -> list[Life]:
    """The ones open now; somebody who comes first is among those who ask."""
    found = []
    vips = [one for one in teller.place.people if one.vip]
    for number, (stage, days) in enumerate(OPEN[teller.place.key]):
        one = _fitting(teller, stage)
        at = _lately(teller, days)
        found.append(teller.stop(one, at, stage, who=vips[0] if vips and number == 2 else None))
    return found


def _fitting(teller: Teller, stage: str) -> Situation:
    """A situation in which such a wait makes sense; no incident of a whole site beside the one that goes on."""
    found = [one for one in teller.place.situations() if one.impact < 3 and not one.watched]
    return teller.rng.choice(
        [one for one in found if stage not in {"user", "supplier", "visit"} or one.waiting == stage]
    )


def _lately(teller: Teller, days: float) -> datetime:
    """An instant of that many days ago when people ask: within the last day, as recent as it says."""
    at = teller.now - timedelta(days=days)
    if days < 0.5:
        return at
    found = arrivals(1, teller.rng, first=at - timedelta(days=2.5), last=at)
    return found[0]


def _struck(teller: Teller, catalogue: Set) -> tuple[Life, list[Life]]:
    sites = Counter(one.site_id for one in teller.place.people)
    site = sites.most_common(1)[0][0]
    people = [one for one in teller.place.people if one.site_id == site][:12]
    situation = next(one for one in teller.place.situations() if one.category == "Envoi et réception")
    lead, helper = catalogue.agents["N2"][2], catalogue.agents["Terrain"][0]
    return live_incident(teller, situation, people, lead, helper)


def _problems(teller: Teller, past: list[Life]) -> list[tuple[Life, str, Life]]:
    """A problem (ITIL) with the incidents it caused."""
    links: list[tuple[Life, str, Life]] = []
    for company, path, title, text in PROBLEMS:
        category = teller.set.categories[path]
        alike = [one for one in past if one.ticket.category == category and one.ticket.kind == "incident"]
        if company != teller.place.key or len(alike) < 2:
            continue
        last = max(one.ticket.opened_at for one in alike[-5:])
        situation = next(one for one in teller.place.situations() if (one.top, one.category) == path)
        problem = teller.begin(situation, min(last + timedelta(days=1), teller.now - timedelta(hours=5)))
        problem.recast(title, text, kind=Ticket.Kind.PROBLEM)
        agent = teller.set.agents["N2"][0]
        problem.take(agent, problem.ticket.opened_at + timedelta(minutes=20))
        problem.note(
            agent,
            "Incidents rapprochés, même message dans les journaux.",
            problem.ticket.opened_at + timedelta(hours=1),
        )
        links += [(one, TicketLink.Relation.CAUSED, problem) for one in alike[-5:]]
    return links
