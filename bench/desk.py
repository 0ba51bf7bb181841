"""The desk at full size: its list and filters, a ticket, answering, the next one, searching, the clocks."""

# ruff: noqa: E501 - tables read better unfolded

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from etabli.assets.models import Asset
from etabli.kernel.actors import Actor, actor_of
from etabli.kernel.screens import counting
from etabli.kernel.tenancy import scope
from etabli.people.models import Person, Team
from etabli.support.handing import take_next
from etabli.support.outbox import OutgoingMail
from etabli.support.promises import Deadline, readings_of, refresh
from etabli.support.tickets import OPEN, Ticket

from . import desk_fill, fleet
from .figures import Figure, Timings, p95, repeat
from .pages import browser, get
from .rig import backend

NAME = "desk"
PAGE_MS, SEARCH_MS = 100, 150
SENT = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")


def figures(*, quick: bool, size: str) -> Iterator[Figure]:
    tickets = 10_000 if quick else 100_000
    begun = time.monotonic()
    desk_fill.ensure(tickets)
    size = f"{tickets} tickets, {tickets * desk_fill.MESSAGES} messages"
    yield Figure("desk: making the data", time.monotonic() - begun, "s", None, size, "0 when it was there")
    client, times = browser(), 10 if quick else 30
    yield from _lists(client, times, size)
    yield from _ticket(client, times, size)
    yield from _searches(client, max(6, times // 2), size)
    yield from _clocks(100 if quick else 500, size)


def _lists(client: Client, times: int, size: str) -> Iterator[Figure]:
    me = fleet.administrator().pk
    with scope(*fleet.everyone()):
        team = Team.objects.order_by("pk").first()
    assert team is not None
    addresses = {
        "page 1": "", "open": "?is=open", "mine": f"?is=open&assignee={me}", "late": "?is=late", "nobody's": "?is=free",
        "of a team": f"?is=open&team={team.pk}", "an answer is awaited": "?is=owed", "page 500": "?page=500",
    }  # fmt: skip
    for name, query in addresses.items():
        yield from _shown(client, f"ticket list, {name}", f"/tickets/{query}", times, size)
    cold = repeat(partial(_forgetful, client, "/tickets/"), times, backend=backend())
    yield _timed("ticket list, numbers not remembered", cold, size)
    cold = repeat(partial(_forgetful, client, "/tickets/?is=open"), times, backend=backend())
    yield _timed("ticket list, open, numbers not remembered", cold, size)


def _forgetful(client: Client, address: str) -> None:
    counting.forget()
    get(client, address)


def _ticket(client: Client, times: int, size: str) -> Iterator[Figure]:
    with scope(*fleet.everyone()):
        rows = Ticket.objects.filter(OPEN, state="in_progress").order_by("pk")
        keys = list(rows.values_list("pk", flat=True)[: times * 2 + 8])
    yield from _shown(client, "ticket page", f"/tickets/{keys[0]}/", times, size)
    before = _mails()
    for kind, text in (("reply", "Bonjour, le poste est prêt."), ("note", "Rappeler demain matin.")):
        turns = iter(range(len(keys) * 100))
        post = lambda kind=kind, text=text, turns=turns: _write(  # noqa: E731
            client, keys[next(turns) % len(keys)], kind, text
        )
        yield from _done(f"posting a {kind}", post, times, size)
    _take_back(before)
    actor = actor_of(fleet.administrator())
    yield from _done("taking the next ticket", lambda: _next(actor), times, size)


def _write(client: Client, key: int, kind: str, text: str) -> None:
    response = client.post(f"/tickets/{key}/write/", {"kind": kind, "text": text})
    assert response.status_code == 302, response.status_code


def _next(actor: Actor) -> None:
    """Taken, then given back: the queue is the same each time."""
    with scope(*actor.places):
        assert take_next(actor=actor) is not None
        transaction.set_rollback(True)


def _mails() -> int:
    with scope(*fleet.everyone()):
        return int(OutgoingMail.objects.order_by("-pk").values_list("pk", flat=True).first() or 0)


def _take_back(before: int) -> None:
    """Nothing that the bench wrote may ever leave."""
    with scope(*fleet.everyone()):
        OutgoingMail.objects.filter(pk__gt=before).update(state=OutgoingMail.State.CANCELLED)


def _searches(client: Client, times: int, size: str) -> Iterator[Figure]:
    with scope(*fleet.everyone()):
        ticket = Ticket.objects.exclude(assets=None).order_by("pk")[777]
        asset, person = Asset.objects.get(tickets__ticket=ticket), Person.objects.get(pk=ticket.requester_id)
    texts = {
        "a number": ticket.reference, "a serial number": asset.serial, "a name": person.name,
        "a word of one subject in thirty": "imprimante", "a word of most messages": "bonjour",
        "three words of messages": "scanner ancienne adresse", "a name and a word": f"{person.name} imprimante",
        "words that one ticket does not hold": "imprimante zinzolin accueil", "a slip": "imprimente accueil",
        "a slip of a rare word": "vissioconférence", "nothing": "xyzzyqwk",
    }  # fmt: skip
    for name, text in texts.items():
        act = partial(get, client, f"/tickets/?q={text}")
        yield _timed(
            f"search of the desk, {name}", repeat(act, times, backend=backend()), size, SEARCH_MS, text
        )
    act = partial(get, client, "/tickets/?q=imprimante&is=open")
    yield _timed("search of the desk, among the open", repeat(act, times, backend=backend()), size, SEARCH_MS)
    for name, text in (("a number", ticket.reference), ("a name", person.name), ("a word", "imprimante")):
        act = partial(get, client, f"/palette/?q={text}")
        yield _timed(f"palette, {name}", repeat(act, times, backend=backend()), size, SEARCH_MS, text)


def _clocks(number: int, size: str) -> Iterator[Figure]:
    """Clocks read from the facts in the database, then read and their deadlines kept, of open tickets."""
    with scope(*fleet.everyone()):
        rows = list(Ticket.objects.filter(OPEN).select_related("level__calendar")[:number])
        for name, act in (("read", readings_of), ("read and kept", partial(refresh, now=timezone.now()))):
            begun = time.perf_counter()
            for ticket in rows:
                act(ticket)
            spent = time.perf_counter() - begun
            clocks = Deadline.objects.filter(ticket__in=rows).count()
            told = f"{len(rows) / spent:.0f} tickets a second"
            yield Figure(f"deadlines {name}", clocks / spent, "/s", None, size, told, sign=">=")
        with CaptureQueriesContext(connection) as queries:
            refresh(rows[0])
        yield Figure("deadlines read and kept: queries", len(queries), "", None, size)


def _shown(client: Client, name: str, address: str, times: int, size: str) -> Iterator[Figure]:
    yield from _done(name, partial(get, client, address), times, size)


def _done(name: str, act: Callable[[], Any], times: int, size: str) -> Iterator[Figure]:
    act()
    with CaptureQueriesContext(connection) as queries:
        act()
    sent = [one for one in queries if not one["sql"].startswith(SENT)]
    yield _timed(name, repeat(act, times, backend=backend()), size)
    yield Figure(f"{name}: queries", len(sent), "", None, size)


def _timed(name: str, timings: Timings, size: str, target: float = PAGE_MS, text: str = "") -> Figure:
    told = f"“{text}”; {timings.told()}" if text else timings.told()
    return Figure(f"{name}: server p95", p95(timings.wall), "ms", target, size, told)
