"""The stories of sample tickets: a situation, somebody it happens to, agents, and how it went."""

# ruff: noqa: E501 - texts read better unfolded

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from etabli.assets.models import Asset
from etabli.kernel.accounts import Account
from etabli.kernel.organisations import Organisation
from etabli.kernel.workingtime import WorkingHours, add_working_time, next_opening
from etabli.people.models import Person
from etabli.support.tickets import Ticket

from . import speech
from .catalogue import Set
from .lives import Life
from .situations import Situation, situations

Channel = Ticket.Channel
CHANNELS = {Channel.MAIL: 55, Channel.PHONE: 25, Channel.PORTAL: 15, Channel.COUNTER: 5}
KINDS = {
    "poste": ("laptop", "desktop"), "imprimante": ("printer",), "serveur": ("server", "vm"), "telephone": ("phone", "tablet"),
    "ecran": ("monitor",),
}  # fmt: skip
WAITS = {
    "user": "En attente de la réponse de l'utilisateur.",
    "supplier": "Pièce ou correctif attendu du fournisseur.",
    "visit": "Passage planifié sur site.",
}
HANDED = "Le premier niveau a tout essayé : poste redémarré, cache vidé, autre session. À reprendre par le niveau 2."


@dataclass
class Place:
    """A company as its tickets see it: who asks, with which machines, in which hours it is served."""

    organisation: Organisation
    key: str
    people: list[Person]
    assets: dict[str, list[Asset]]
    hours: WorkingHours

    def situations(self) -> list[Situation]:
        return [one for one in situations() if one.company in {"", self.key}]


@dataclass
class Teller:
    """Tells stories in one company, with the provider's catalogue and agents."""

    place: Place
    set: Set
    rng: Random
    now: datetime

    def begin(self, one: Situation, at: datetime, *, who: Person | None = None) -> Life:
        """A ticket is opened by somebody to whom the situation happens."""
        rng = self.rng
        person = None if one.watched else who or rng.choice(self.place.people)
        asset = self._asset(one.concern, person)
        ticket = Ticket(
            organisation=self.place.organisation,
            kind=one.kind,
            channel=Channel.MONITORING
            if one.watched
            else rng.choices(list(CHANNELS), list(CHANNELS.values()))[0],
            requester=person,
            contact_name="" if person else "Supervision",
            category=self.set.categories[one.top, one.category],
            service=self.set.services[one.service],
            team=self.set.categories[one.top, one.category].team,
            level=self.set.level,
            impact=one.impact,
            urgency=one.urgency,
            opened_at=at,
            state_since=at,
            active_at=at,
        )
        told = {
            "machine": asset.name if asset else "mon poste",
            "lieu": f"du bureau « {person.room.name} »" if person and person.room else "du couloir",
            "collegue": rng.choice(self.place.people).name,
        }
        ticket.title = rng.choice(one.titles).format(**told)[:200]
        life = Life(ticket, rng, [asset] if asset else [])
        body = rng.choice(one.asked).format(**told)
        spoken = ticket.channel in {Channel.PHONE, Channel.COUNTER}
        life.open(speech.letter(person, body, rng, spoken=spoken) if person else body)
        self._told = told
        return life

    def tell(self, one: Situation, at: datetime, *, who: Person | None = None) -> Life:
        """The whole story, from the request to the closing."""
        rng, life = self.rng, self.begin(one, at, who=who)
        agent = self._agent(life.ticket)
        at = self._later(at, rng.expovariate(1 / (35 if one.urgency > 1 else 90)) + 4)
        life.take(agent, at)
        at = self._talk(life, one, agent, at)
        if one.waiting in {"supplier", "visit"}:
            at = self._hold(life, agent, one.waiting, at)
        if one.impact < 3 and rng.random() < 0.12:
            at = self._later(at, rng.uniform(20, 200))
            team = self.set.teams["N2"]
            if team != life.ticket.team:
                agent = rng.choice(self.set.agents["N2"])
                life.hand(team, agent, at, HANDED)
        at = self._solve(life, one, agent, self._later(at, rng.expovariate(1 / 110) + 8))
        if rng.random() < 0.05:
            at = self._later(at, rng.uniform(60, 700))
            life.hear(rng.choice(speech.AGAIN), at)
            at = self._solve(life, one, agent, self._later(at, rng.uniform(30, 300)))
        elif life.ticket.requester and rng.random() < 0.4:
            life.hear(rng.choice(speech.THANKS), self._later(at, rng.uniform(3, 200)), thanks=True)
        life.close("Établi", at + timedelta(days=5))
        return life

    def stop(self, one: Situation, at: datetime, stage: str, *, who: Person | None = None) -> Life:
        """The story of a ticket that is open now: new, begun, owed an answer, or waiting (user, supplier, visit)."""
        life = self.begin(one, at, who=who)
        if stage == "new":
            return life
        agent = self._agent(life.ticket)
        at = self._before_now(at, 12, 70)
        life.take(agent, at)
        at = self._before_now(at, 5, 40)
        life.answer(agent, self._written(life, self.rng.choice([*one.answers, *speech.LOOKING]), agent), at)
        if stage in WAITS:
            at = self._before_now(at, 10, 60)
            visit = next_opening(self.now + timedelta(days=self.rng.randint(1, 3)), self.place.hours)
            life.wait(agent, stage, at, WAITS[stage], visit)
        elif stage == "owed":
            at = self._before_now(at, 40, 200)
            life.hear(self._add(one), at)
        elif one.notes:
            life.note(agent, self.rng.choice(one.notes), self._before_now(at, 10, 90))
        return life

    def _talk(self, life: Life, one: Situation, agent: Account, at: datetime) -> datetime:
        """Questions and answers before anything is found."""
        rng = self.rng
        for text in one.answers or ([rng.choice(speech.LOOKING)] if rng.random() < 0.5 else []):
            at = self._later(at, rng.uniform(3, 45))
            life.answer(agent, self._written(life, text, agent), at)
        if one.waiting == "user" and life.ticket.requester:
            at = self._later(at, 1)
            life.wait(agent, "user", at, WAITS["user"])
            if rng.random() < 0.2:
                at = self._later(at, rng.uniform(480, 900))
                first = speech.first_of(life.ticket.requester)
                life.answer(agent, speech.RECALL.format(first=first, agent=agent.name), at)
            at = self._later(at, rng.expovariate(1 / 120) + 5)
            life.hear(self._add(one), at)
        elif one.added and life.ticket.requester and rng.random() < 0.8:
            at = self._later(at, rng.uniform(5, 120))
            life.hear(self._add(one), at)
        if one.notes and rng.random() < 0.9:
            at = self._later(at, rng.uniform(2, 60))
            life.note(agent, one.notes[0].format(**self._told), at)
        return at

    def _hold(self, life: Life, agent: Account, waiting: str, at: datetime) -> datetime:
        at, until = self._later(at, 5), self._later(at, self.rng.uniform(240, 1900))
        life.wait(agent, waiting, at, WAITS[waiting], until)
        life.resume(agent, until)
        return until

    def _solve(self, life: Life, one: Situation, agent: Account, at: datetime) -> datetime:
        if life.ticket.owed or self.rng.random() < 0.6:
            life.answer(agent, self._written(life, one.solution, agent), at)
            at += timedelta(seconds=self.rng.randint(5, 90))
        life.solve(agent, one.solution, at)
        return at

    def _add(self, one: Situation) -> str:
        text = self.rng.choice(
            one.added or ["J'ai fait l'essai, c'est toujours pareil.", "Oui, vous pouvez y aller."]
        )
        return (
            speech.slipped(text.format(**self._told), self.rng)
            if self.rng.random() < 0.15
            else text.format(**self._told)
        )

    def _written(self, life: Life, text: str, agent: Account) -> str:
        return speech.answer(speech.first_of(life.ticket.requester), text.format(**self._told), agent.name)

    def _agent(self, ticket: Ticket) -> Account:
        found = self.set.agents[str(ticket.team)]
        return self.rng.choices(found, [5, 4, 3][: len(found)])[0]

    def _asset(self, concern: str, person: Person | None) -> Asset | None:
        """The requester's own when they have one of the kind, else one of the company's."""
        if concern not in KINDS:
            return None
        found = [one for kind in KINDS[concern] for one in self.place.assets.get(kind, [])]
        own = [one for one in found if person and one.person_id == person.pk]
        near = [one for one in found if person and one.site_id == person.site_id]
        if concern in {"imprimante", "serveur"}:
            return self.rng.choice(near or found) if found else None
        return self.rng.choice(own) if own else None

    def _later(self, at: datetime, minutes: float) -> datetime:
        return add_working_time(at, timedelta(minutes=minutes), self.place.hours)

    def _before_now(self, at: datetime, least: int, most: int) -> datetime:
        """Some working minutes later, but past."""
        limit = self.now - timedelta(minutes=2)
        return min(self._later(at, self.rng.uniform(least, most)), at + (limit - at) / 2)
