"""What was promised changed, or how priorities are given: open tickets are read again, some at a time.

A closed or solved ticket keeps what was true when its clocks stopped.
"""

from collections.abc import Callable, Iterator
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from etabli.kernel.actors import SYSTEM, Actor
from etabli.kernel.events import Event, together
from etabli.kernel.jobs import Run, job
from etabli.kernel.organisations import Organisation, lineage
from etabli.kernel.tenancy import opening, scope

from .facts import TicketFact
from .matrices import matrix_of
from .prioritising import weigh
from .promises import Book, ServiceLevel, name_of, refresh_many
from .tickets import OPEN, Ticket

BATCH = 200


@job(followed=True)
def read_again(run: Run, organisation: int, level: int = 0, calendar: int = 0) -> dict[str, int]:
    """The deadlines of the open tickets that a level covers, or that are served in a calendar's hours."""
    run.begin(_("Deadlines of open tickets"))

    def concerned(place: int) -> Q:
        levels = ServiceLevel.objects.filter(organisation__in=lineage(place))
        if level:
            return _promised(levels.filter(pk=level))
        served = Q(calendar=calendar) | (Q(calendar=None) if place == organisation else Q(pk=None))
        return _promised(levels.filter(served))

    def read(tickets: list[Ticket]) -> None:
        refresh_many(tickets, book=Book())

    return {"tickets": each_batch(run, organisation, concerned, read)}


@job(followed=True)
def weigh_again(run: Run, organisation: int) -> dict[str, int]:
    """The priorities of the open tickets of an organisation and of those under it."""
    run.begin(_("Priorities of open tickets"))

    def again(tickets: list[Ticket]) -> None:
        matrix = matrix_of(tickets[0].organisation_id)
        with together():
            for ticket in tickets:
                weigh(ticket, actor=SYSTEM, matrix=matrix)

    return {"tickets": each_batch(run, organisation, lambda _place: Q(), again)}


def each_batch(
    run: Run, organisation: int, concerned: Callable[[int], Q], act: Callable[[list[Ticket]], None]
) -> int:
    """Do it to the open tickets of an organisation and of those under it; returns how many.

    Each batch is one transaction that holds its tickets: memory stays the same, and nobody waits for long.
    """
    done = 0
    for place in below(organisation):
        last = 0
        while True:
            with scope(*lineage(place)), transaction.atomic():
                rows = Ticket.objects.filter(OPEN, concerned(place), organisation=place, pk__gt=last)
                tickets = list(_held(rows))
                if tickets:
                    act(tickets)
            if not tickets:
                break
            last = tickets[-1].pk
            done += len(tickets)
            run.progress(done)
    return done


def below(organisation: int) -> Iterator[int]:
    """An organisation, then those under it."""
    with opening():
        found = list(
            Organisation.objects.filter(path__contains=[organisation]).order_by("path").values_list("pk")
        )
    yield from (pk for (pk,) in found)


def _promised(levels: QuerySet[ServiceLevel]) -> Q:
    """The tickets to which one of these levels was ever promised: the time used in its hours counts."""
    names = [name_of(level) for level in levels]
    kinds = (TicketFact.Kind.OPENED, TicketFact.Kind.PROMISED)
    return Q(Exists(TicketFact.objects.filter(ticket=OuterRef("pk"), kind__in=kinds, told__policy__in=names)))


def _held(rows: QuerySet[Ticket]) -> QuerySet[Ticket]:
    held = rows.order_by("pk").select_for_update(of=("self",))
    held = held.select_related("requester", "service", "category", "team")
    return held.prefetch_related("facts", "deadlines")[:BATCH]


def of(event: Event) -> Actor:
    """Whoever changed what is read again is told of the end of the work."""
    return Actor(event.account_id, event.actor, source=event.source)


def calendar_of(event: Event) -> int:
    """The calendar that an event speaks of: itself, or that of a holiday, even one that is no more."""
    from etabli.kernel.calendars import Holiday

    if event.noun == "calendar":
        return event.object_id
    found: Any = Holiday.objects.filter(pk=event.object_id).values_list("calendar", flat=True).first()
    if found:
        return int(found)
    told = next((one for one in event.changes.get("calendar", []) if one), None)
    return int(told["id"]) if told else 0
