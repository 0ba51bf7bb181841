"""The priority of a ticket as it is now, and an agent's decision to give it another."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from etabli.kernel.actors import Actor, require
from etabli.kernel.events import publish

from .facts import record
from .priority import (
    WINDOW,
    Criticality,
    Impact,
    Matrix,
    Priority,
    Recurrence,
    Urgency,
    decide,
    prioritise,
)
from .promises import refresh
from .tickets import Ticket


def computed(ticket: Ticket, matrix: Matrix | None = None) -> Priority:
    """What the matrix of its organisation gives, from what the ticket says and what came before it."""
    assets = list(ticket.assets.select_related("asset")) if ticket.pk else []
    critical = [ticket.service.criticality] if ticket.service else []
    critical += [one.asset.criticality for one in assets]
    return prioritise(
        matrix or Matrix(),
        impact=Impact(ticket.impact),
        urgency=Urgency(ticket.urgency),
        criticality=Criticality(max(critical, default=Criticality.NORMAL)),
        recurrence=_recurrence(ticket, [one.asset_id for one in assets]),
        vip=bool(ticket.requester and ticket.requester.vip),
    )


def _recurrence(ticket: Ticket, assets: list[int]) -> Recurrence:
    """How many tickets about the same asset, person and category came within the window before it.

    At most three queries, each on an index of its own.
    """
    earlier = Ticket.objects.filter(
        organisation=ticket.organisation_id,
        opened_at__gte=ticket.opened_at - WINDOW,
        opened_at__lt=ticket.opened_at,
        merged_into=None,
    ).exclude(pk=ticket.pk)

    def count(condition: Q, known: Any) -> int:
        return earlier.filter(condition).order_by().values("pk").distinct().count() if known else 0

    return Recurrence(
        asset=count(Q(assets__asset__in=assets), assets),
        person=count(Q(requester=ticket.requester_id), ticket.requester_id),
        category=count(Q(category=ticket.category_id), ticket.category_id),
    )


def kept(priority: Priority) -> dict[str, Any]:
    """A priority as its ticket keeps it."""
    return {**asdict(priority), "recurrence": asdict(priority.recurrence)}


def priority_of(ticket: Ticket) -> Priority | None:
    """The priority that a ticket keeps, with its reason; none before it is opened."""
    told = dict(ticket.priority_why)
    if not told:
        return None
    return Priority(
        **{
            **told,
            "impact": Impact(told["impact"]),
            "urgency": Urgency(told["urgency"]),
            "criticality": Criticality(told["criticality"]),
            "recurrence": Recurrence(**told["recurrence"]),
        }
    )


def weigh(
    ticket: Ticket, *, actor: Actor, at: datetime | None = None, matrix: Matrix | None = None
) -> Priority:
    """Compute the priority again; what an agent decided stays until they take it back."""
    from .matrices import matrix_of

    now = computed(ticket, matrix or matrix_of(ticket.organisation_id))
    before = priority_of(ticket)
    if before is not None and before.because:
        now = decide(now, before.level, because=before.because, by=before.by)
    _keep(ticket, now, actor=actor, at=at)
    return now


@transaction.atomic
def override(
    ticket: Ticket, level: int | None, *, actor: Actor, because: str = "", at: datetime | None = None
) -> Priority:
    """Give a ticket another priority than the computed one, with a reason; without level, take that back.

    Raises ``ValidationError`` with a sentence.
    """
    require(actor, "ticket.prioritise", ticket)
    from .matrices import matrix_of

    now = computed(ticket, matrix_of(ticket.organisation_id))
    if level is not None:
        try:
            now = decide(now, level, because=because, by=actor.label)
        except ValueError as error:
            raise ValidationError(str(error))
    _keep(ticket, now, actor=actor, at=at)
    return now


def _keep(ticket: Ticket, now: Priority, *, actor: Actor, at: datetime | None = None) -> None:
    before, ticket.priority_why = ticket.priority, kept(now)
    ticket.priority = now.level
    Ticket.objects.filter(pk=ticket.pk).update(priority=now.level, priority_why=ticket.priority_why)
    if before == now.level or not ticket.facts.exists():
        return
    at = at or timezone.now()
    record(ticket, "prioritised", at=at, priority=now.level)
    refresh(ticket, now=at)
    publish(
        ticket,
        "ticket.prioritised",
        actor=actor,
        changes={"priority": [before, now.level]},
        extra={"text": now.reason},
    )
