"""Promises through the database: deadlines read again from their facts, and people told of what is due.

Values are of the processor of this process, as other work on the machine lengthens the clock's.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from time import perf_counter, process_time
from typing import Any

from .figures import Figure

NAME = "promises"
MONDAY = datetime(2026, 11, 30, 8, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
CLOCKS = 4
"""Deadlines of each ticket of the bench: taking charge, first answer, next answer, solution."""


def figures(*, quick: bool, size: str) -> Iterator[Figure]:
    from django.db import transaction

    from etabli.kernel.actors import SYSTEM
    from etabli.kernel.organisations import Organisation
    from etabli.kernel.tenancy import opening, scope

    number = 500 if quick else 2_500
    with transaction.atomic():
        with opening():
            place = Organisation.objects.create(name="Bench of promises", kind="provider")
        with scope(place.pk):
            _fill(place.pk, number, SYSTEM)
            yield _refreshed(place.pk)
            yield _due_rows(place.pk)
            yield _swept(place.pk)
        transaction.set_rollback(True)


def _fill(place: int, number: int, actor: Any) -> None:
    """Tickets of seven facts each, with four clocks of which one runs."""
    from etabli.kernel.calendars import add_public_holidays, default_calendar
    from etabli.support.facts import TicketFact
    from etabli.support.levels import create_usual
    from etabli.support.promises import name_of
    from etabli.support.tickets import Ticket

    level = create_usual(place, actor=actor)
    add_public_holidays(default_calendar(place), range(2025, 2029), actor=actor)
    tickets = Ticket.objects.bulk_create(
        Ticket(
            organisation_id=place,
            title=f"Ticket {n}",
            level=level,
            priority=1 + n % 5,
            state="in_progress",
            opened_at=MONDAY + n * timedelta(seconds=1),
        )
        for n in range(number)
    )
    told: list[tuple[str, int, dict[str, Any]]] = [
        ("moved", 20, {"state": "in_progress", "waiting": None}),
        ("answered", 30, {}),
        ("moved", 40, {"state": "waiting", "waiting": "user"}),
        ("asked", 90, {}),
        ("moved", 90, {"state": "in_progress", "waiting": None}),
        ("answered", 100, {}),
    ]
    facts = []
    for one in tickets:
        opened = {"priority": one.priority, "policy": name_of(level), "team": ""}
        for kind, minutes, more in [("opened", 0, opened), *told]:
            at = one.opened_at + minutes * MINUTE
            facts.append(TicketFact(organisation_id=place, ticket=one, kind=kind, at=at, told=more))
    TicketFact.objects.bulk_create(facts, batch_size=2000)


def _batches(place: int) -> Iterator[list[Any]]:
    from etabli.support.tickets import Ticket

    last = 0
    while True:
        rows = Ticket.objects.filter(organisation=place, pk__gt=last).order_by("pk")
        batch = list(rows.select_for_update(of=("self",)).prefetch_related("facts", "deadlines")[:200])
        if not batch:
            return
        yield batch
        last = batch[-1].pk


def _refreshed(place: int) -> Figure:
    """As after a change of level or calendar: facts read, clocks read, rows written."""
    from etabli.support.promises import Book, refresh_many

    since, cpu, count = perf_counter(), process_time(), 0
    for batch in _batches(place):
        refresh_many(batch, now=MONDAY, book=Book())
        count += len(batch)
    seconds, wall = process_time() - cpu, perf_counter() - since
    note = f"{count} tickets of 7 facts in {wall:.1f} s by the clock, written"
    return Figure(
        "deadlines refreshed through the database", CLOCKS * count / seconds, "/s", 1_000, "", note, ">="
    )


def _due_rows(place: int) -> Figure:
    from etabli.support.promises import Book, refresh_many

    since, cpu, count = perf_counter(), process_time(), 0
    for batch in _batches(place):
        refresh_many(batch, now=MONDAY, book=Book())
        count += len(batch)
    seconds, wall = process_time() - cpu, perf_counter() - since
    note = f"{count} tickets in {wall:.1f} s by the clock, nothing changed"
    return Figure(
        "deadlines read again through the database", CLOCKS * count / seconds, "/s", 1_000, "", note, ">="
    )


def _swept(place: int) -> Figure:
    """10,000 rows due at once, told to the desk: seconds for all of them."""
    from etabli.support.promises import Deadline
    from etabli.support.warning import mark_late, warn_some

    Deadline.objects.filter(organisation=place).update(
        next_at=MONDAY, stopped_at=None, late=False, due_at=MONDAY
    )
    rows = Deadline.objects.filter(organisation=place).count()
    since, cpu = perf_counter(), process_time()
    mark_late(MONDAY + timedelta(days=30))
    while warn_some(place, now=MONDAY + timedelta(days=30)):
        pass
    seconds, wall = process_time() - cpu, perf_counter() - since
    note = f"{rows} rows in {wall:.1f} s by the clock"
    return Figure("due deadlines swept", seconds * 10_000 / rows, "s for 10,000", 60, "", note)
