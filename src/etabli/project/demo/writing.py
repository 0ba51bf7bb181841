"""Writing lives: tickets and what hangs on them, a table at a time, priorities and clocks worked out."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from etabli.kernel import search
from etabli.kernel.events import Event
from etabli.support.clocks.readings import read
from etabli.support.facts import TicketFact, facts_of
from etabli.support.messages import Message
from etabli.support.outbox import OutgoingMail, subject_of
from etabli.support.prioritising import kept
from etabli.support.priority import WINDOW, Criticality, Impact, Matrix, Recurrence, Urgency, prioritise
from etabli.support.promises import Book, Deadline, name_of, told
from etabli.support.tickets import Ticket, TicketAsset

from .lives import Life

BATCH = 500


def write(lives: list[Life], *, now: datetime) -> None:
    """Write lives in the order of their opening. Events are rows only: what is past wakes nothing."""
    _weigh(lives)
    Ticket.objects.bulk_create([one.ticket for one in lives], batch_size=BATCH)
    for model, rows in _rows(lives):
        model._default_manager.bulk_create(rows, batch_size=BATCH)
    _promise(lives, now)
    search.refresh_many([one.ticket for one in lives])


def _rows(lives: list[Life]) -> Iterator[tuple[Any, list[Any]]]:
    """What hangs on the tickets, now that these have their numbers."""
    for one in lives:
        ticket, owner = one.ticket, one.ticket.organisation_id
        hanging: list[Any] = [*one.facts, *one.messages, *one.mails]
        for row in hanging:
            row.ticket, row.organisation_id = ticket, owner
        for mail in one.mails:
            mail.subject = subject_of(ticket.title, ticket.reference)
        for event in one.events:
            event.organisation_id, event.object_id, event.label = owner, ticket.pk, str(ticket)[:200]
    yield TicketFact, [row for one in lives for row in one.facts]
    yield Message, [row for one in lives for row in one.messages]
    yield OutgoingMail, [row for one in lives for row in one.mails]
    yield Event, [row for one in lives for row in one.events]
    yield (
        TicketAsset,
        [
            TicketAsset(
                organisation_id=one.ticket.organisation_id,
                ticket=one.ticket,
                asset=asset,
                at=one.ticket.opened_at,
            )
            for one in lives
            for asset in one.assets
        ],
    )


def _weigh(lives: list[Life]) -> None:
    """Priorities by the matrix in force, each from what came before it in its organisation."""
    for number, one in enumerate(lives):
        ticket, since = one.ticket, one.ticket.opened_at - WINDOW
        earlier = [
            other
            for other in lives[:number]
            if other.ticket.organisation_id == ticket.organisation_id
            and since <= other.ticket.opened_at < ticket.opened_at
        ]
        critical = [asset.criticality for asset in one.assets]
        if ticket.service:
            critical.append(ticket.service.criticality)
        found = prioritise(
            Matrix(),
            impact=Impact(ticket.impact),
            urgency=Urgency(ticket.urgency),
            criticality=Criticality(max(critical, default=Criticality.NORMAL)),
            recurrence=_recurrence(one, earlier),
            vip=bool(ticket.requester and ticket.requester.vip),
        )
        ticket.priority, ticket.priority_why = found.level, kept(found)
        one.facts[0].told = {
            "priority": found.level,
            "policy": name_of(ticket.level),
            "team": str(one.first_team or ""),
        }


def _recurrence(one: Life, earlier: list[Life]) -> Recurrence:
    assets = {asset.pk for asset in one.assets}
    person, category = one.ticket.requester_id, one.ticket.category_id
    return Recurrence(
        asset=sum(any(asset.pk in assets for asset in other.assets) for other in earlier),
        person=sum(other.ticket.requester_id == person for other in earlier) if person else 0,
        category=sum(other.ticket.category_id == category for other in earlier),
    )


def _promise(lives: list[Life], now: datetime) -> None:
    """Every deadline, read from the facts, and the nearest one of each open ticket."""
    book = Book()
    rows: list[Deadline] = []
    for one in lives:
        ticket = one.ticket
        promised = book.policies([name_of(ticket.level)], ticket)
        found = [told(ticket, reading, book, now) for reading in read(facts_of(one.facts), promised)]
        waiting = [row for row in found if row.stopped_at is None and row.due_at and row.clock != "team"]
        if waiting:
            nearest = min(waiting, key=lambda row: (row.due_at or now, row.clock))
            ticket.due_at, ticket.due_clock = nearest.due_at, nearest.clock
        rows += found
    Deadline.objects.bulk_create(rows, batch_size=BATCH)
    Ticket.objects.bulk_update(
        [one.ticket for one in lives if one.ticket.due_at], ["due_at", "due_clock"], batch_size=BATCH
    )
