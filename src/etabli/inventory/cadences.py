"""When agents come back: the cadence in force for each, and the setting it comes from.

An agent's own cadence wins, then that of its enrolment key, then the organisation's setting, then the
installation's. When the organisation has agents come more often than they send inventories, the inventory
task is only opened once the cadence has passed, or when somebody asked for an inventory soon.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy, gettext_noop

from etabli.kernel import preferences
from etabli.kernel.sentences import Sentence, joined, sentence

from .models import Agent, Enrolment

HOURS, MINUTES = "inventory.expiration_hours", "inventory.contact_minutes"
REMEMBERED = timedelta(seconds=30)
preferences.declare(
    MINUTES,
    kind=int,
    default=0,
    least=0,
    most=1440,
    per_organisation=True,
    section=preferences.INVENTORY,
    label=gettext_lazy("Minutes between two contacts"),
    help=gettext_lazy(
        "Agents then come more often than they send inventories, so that “Inventory soon” is soon. "
        "0: they only come to send one."
    ),
)
remembered: dict[int, tuple[datetime, "Cadence"]] = {}


@dataclass(frozen=True)
class Cadence:
    """How long between two inventories, and between two contacts when these are more frequent."""

    inventory: timedelta
    contact: timedelta | None = None

    @property
    def expected(self) -> timedelta:
        """When an agent comes back."""
        return min(self.inventory, self.contact) if self.contact else self.inventory

    def due(self, inventoried_at: datetime | None, soon_at: datetime | None, now: datetime) -> bool:
        """Whether the agent that comes now has to send an inventory.

        Half a contact early counts: the next one would be late.
        """
        if self.contact is None or soon_at is not None or inventoried_at is None:
            return True
        return now - inventoried_at >= self.inventory - self.contact / 2


def of_organisation(organisation_id: int, now: datetime) -> Cadence:
    """The settings of an organisation, read again after half a minute."""
    read_at, told = remembered.get(organisation_id, (now - REMEMBERED, Cadence(timedelta())))
    if not timedelta() <= now - read_at < REMEMBERED:
        minutes = int(preferences.get(MINUTES, organisation_id))
        hours = float(preferences.get(HOURS, organisation_id))
        told = Cadence(timedelta(hours=hours), timedelta(minutes=minutes) if minutes else None)
        remembered[organisation_id] = (now, told)
    return told


def of(organisation_id: int, enrolment: Enrolment | None, now: datetime, own: int | None = None) -> Cadence:
    """The cadence for the agents of a key, or for one that has its own (hours)."""
    told = of_organisation(organisation_id, now)
    hours = own or (enrolment.cadence_hours if enrolment else None)
    return Cadence(timedelta(hours=hours), told.contact) if hours else told


SOURCES = {
    "agent": gettext_noop("An inventory every %(hours)s h: set on this agent."),
    "enrolment": gettext_noop("An inventory every %(hours)s h: set on the enrolment key “%(key)s”."),
    "organisation": gettext_noop("An inventory every %(hours)s h: the setting of the organisation."),
    "installation": gettext_noop("An inventory every %(hours)s h: the setting of the installation."),
}


def why(agent: Agent, now: datetime) -> Sentence:
    """The cadence in force for an agent and the setting it comes from, in words."""
    told = of(agent.organisation_id, agent.enrolment, now, agent.cadence_hours)
    hours = f"{told.inventory.total_seconds() / 3600:g}"
    parts = [sentence(SOURCES[_source(agent)], hours=hours, key=str(agent.enrolment or ""))]
    if told.contact and told.contact < told.inventory:
        minutes = round(told.contact.total_seconds() / 60)
        parts.append(sentence("It asks every %(minutes)s min whether one is wanted.", minutes=minutes))
    if agent.soon_at:
        parts.append(sentence("Somebody asked for an inventory soon: its next contact sends one."))
    return joined(*parts)


def _source(agent: Agent) -> str:
    if agent.cadence_hours:
        return "agent"
    if agent.enrolment and agent.enrolment.cadence_hours:
        return "enrolment"
    mine = preferences.Preference.objects.filter(organisation=agent.organisation_id, key=HOURS)
    return "organisation" if mine.exists() else "installation"
