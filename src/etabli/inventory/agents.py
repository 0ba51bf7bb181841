"""Verbs about agents: ask for an inventory soon, set a cadence, forget one that is gone."""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from etabli.kernel.actors import Actor, require
from etabli.kernel.events import Event, publish, snapshot
from etabli.kernel.screens.undoing import undoes

from .models import Agent, Document

# Forgetting is taken back with the documents; those beyond keep their asset and lose only their agent.
MOST_KEPT = 500


@transaction.atomic
def ask_soon(agent: Agent, *, actor: Actor, now: datetime | None = None) -> Agent:
    """Have the agent's next contact send an inventory, whenever the last one was."""
    require(actor, "agent.change", agent)
    before, agent.soon_at = agent.soon_at, now or timezone.now()
    agent.save(update_fields=["soon_at"])
    publish(agent, "agent.asked", actor=actor, changes={"soon_at": [before, agent.soon_at]})
    return agent


@transaction.atomic
def set_cadence(agent: Agent, *, hours: int | None, actor: Actor) -> Agent:
    """Give the agent a cadence of its own (hours between two inventories), or none any more.

    It holds from its next contact.
    """
    require(actor, "agent.change", agent)
    before, agent.cadence_hours = agent.cadence_hours, hours
    agent.save(update_fields=["cadence_hours"])
    publish(agent, "agent.changed", actor=actor, changes={"cadence_hours": [before, hours]})
    return agent


@transaction.atomic
def forget(agent: Agent, *, actor: Actor) -> None:
    """Take an agent off the list; its inventories and its asset stay. It comes back if it reports again."""
    require(actor, "agent.delete", agent)
    told = snapshot(agent)
    changes = {name: [value, None] for name, value in told.items() if value not in (None, "", [])}
    documents = Document.objects.filter(agent=agent).order_by("-pk")
    if documents.filter(state=Document.State.RECEIVED).exists():
        raise ValidationError(_("An inventory of this agent is waiting to be read: try again in a minute."))
    kept = list(documents.values_list("pk", flat=True)[:MOST_KEPT])
    documents.order_by().update(agent=None)
    # With one agent left, nothing is doubtful about its asset any more.
    others = Agent.objects.filter(asset=agent.asset_id).exclude(pk=agent.pk) if agent.asset_id else None
    if others is not None and others.count() == 1:
        others.filter(doubt__in=[Agent.Doubt.REPLACED, Agent.Doubt.DUPLICATED]).update(
            doubt="", doubt_reason=""
        )
    key = agent.pk
    agent.delete()
    agent.pk = key
    publish(agent, "agent.deleted", actor=actor, changes=changes, extra={"documents": kept})


@undoes("agent.deleted")
def remember(event: Event, actor: Actor) -> Agent:
    """Bring a forgotten agent back with its inventories."""
    require(actor, "agent.change", event.organisation_id)
    told: dict[str, Any] = {name: pair[0] for name, pair in event.changes.items()}
    if Agent.objects.filter(organisation=event.organisation_id, deviceid=told["deviceid"]).exists():
        raise ValidationError(_("This agent has reported again since: it is already in the list."))
    agent = Agent(pk=event.object_id, organisation_id=event.organisation_id)
    for name, value in told.items():
        one: Any = Agent._meta.get_field(name)
        related = one.is_relation and isinstance(value, dict)
        setattr(agent, one.attname, value["id"] if related else one.to_python(value))
    agent.save(force_insert=True)
    documents = Document.objects.filter(pk__in=event.extra["documents"], agent=None)
    documents.update(agent=agent)
    publish(agent, "agent.created", actor=actor, extra={"undo": event.pk})
    return agent
