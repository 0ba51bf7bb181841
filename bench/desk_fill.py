"""A desk of any size made by SQL on the bench's fleet: tickets, ten messages each, their facts, deadlines and events."""

# ruff: noqa: E501 - statements read better unfolded

import logging
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Count
from django.utils import timezone

from etabli.assets.models import Asset
from etabli.kernel.accounts import Account
from etabli.kernel.organisations import Membership, Organisation, Role
from etabli.kernel.tenancy import everywhere, opening, scope
from etabli.people.models import Person, Team, TeamMember
from etabli.support.clocks.policies import Clock
from etabli.support.facts import record
from etabli.support.promises import ServiceLevel, ServiceTarget, refresh
from etabli.support.tickets import OPEN, Category, Service, Ticket

from . import fleet
from .desk_words import OBJECTS, PLACES, SENTENCES, TROUBLES

AGENTS, MESSAGES, YEARS = 20, 10, 3
MINUTES = {Clock.TAKE_CHARGE: (15, 60, 120, 240, 480), Clock.FIRST_ANSWER: (30, 120, 240, 480, 960),
           Clock.NEXT_ANSWER: (60, 240, 480, 960, 960), Clock.SOLVE: (240, 480, 960, 2400, 4800)}  # fmt: skip
TABLES = (
    "support_ticket",
    "support_message",
    "support_ticketasset",
    "support_ticketfact",
    "support_deadline",
    "support_tickettext",
)
log = logging.getLogger("bench")

STATEMENTS = (
    # One in thirty is open; a third of these are new, and a few of them nobody's.
    """INSERT INTO support_ticket (organisation_id, created_at, updated_at, version, custom, title, kind, channel, state, state_since, waiting,
         requester_id, category_id, service_id, team_id, assignee_id, level_id, impact, urgency, priority, priority_why, opened_at, answered_at,
         solved_at, closed_at, solution, due_at, due_clock, active_at, owed)
       SELECT %(o)s, d.at, d.at, 1, '{}',
         upper(left(w.title, 1)) || substr(w.title, 2) || CASE WHEN i %% 7 = 0 THEN ' (n° ' || 4000 + i %% 900 || ')' ELSE '' END,
         (ARRAY['incident','incident','incident','request','request','problem'])[1 + i * 13 %% 6], (ARRAY['mail','mail','phone','portal'])[1 + i * 7 %% 4],
         s.state, d.at, CASE WHEN s.state = 'waiting' THEN 'user' ELSE '' END,
         (people.ids)[1 + (i * 7919) %% array_length(people.ids, 1)], (%(categories)s::bigint[])[1 + i * 31 %% %(n_categories)s],
         (%(services)s::bigint[])[1 + i * 17 %% %(n_services)s], (%(teams)s::bigint[])[1 + i * 11 %% 3],
         CASE WHEN s.state <> 'new' THEN (%(agents)s::bigint[])[1 + i * 29 %% %(n_agents)s] END, %(level)s,
         1 + i %% 3, 1 + i * 5 %% 3, 2 + i * 3 %% 4, '{}', d.at, CASE WHEN s.state <> 'new' THEN d.at + interval '2 hours' END,
         CASE WHEN s.state IN ('solved', 'closed') THEN d.at + interval '2 days' END, CASE WHEN s.state = 'closed' THEN d.at + interval '6 days' END,
         CASE WHEN s.state IN ('solved', 'closed') THEN 'Réglé : ' || w.title ELSE '' END, NULL, '', d.at + interval '6 days', s.state = 'new'
       FROM generate_series(1, %(n)s) i,
         (SELECT array_agg(id ORDER BY id) ids FROM people_person WHERE organisation_id = %(o)s) people,
         LATERAL (SELECT now() - (%(n)s - i) * (interval '1 day' * 1095 / %(n)s) - interval '7 days' AS at) d,
         LATERAL (SELECT (%(objects)s::text[])[1 + i * 7 %% 30] || ' ' || (%(troubles)s::text[])[1 + (i / 30 + i) %% 16] || ' ' || (%(places)s::text[])[1 + i * 5 %% 12] AS title) w,
         LATERAL (SELECT CASE WHEN i %% 30 > 0 THEN CASE WHEN i %% 30 = 1 AND i > %(n)s * 0.9 THEN 'solved' ELSE 'closed' END
                              WHEN i %% 90 = 0 THEN 'new' WHEN i %% 90 = 30 THEN 'in_progress' ELSE 'waiting' END AS state) s""",
    """INSERT INTO support_ticketasset (organisation_id, ticket_id, asset_id, at)
       SELECT organisation_id, id, (%(assets)s::bigint[])[1 + (id * 104729) %% %(n_assets)s], opened_at FROM support_ticket
       WHERE organisation_id = %(o)s AND id %% 5 < 3""",
    # 60 to some 1,500 characters: two to twenty-five sentences, and now and then a number nobody else has.
    """INSERT INTO support_message (organisation_id, ticket_id, kind, at, author, email, text, visible, html, sent_to, channel, automatic, unverified)
       SELECT t.organisation_id, t.id, k.kind, t.opened_at + j * interval '5 hours', CASE WHEN k.kind = 'asked' THEN p.name ELSE 'Agent ' || t.id %% 20 END,
         CASE WHEN k.kind = 'asked' THEN p.email ELSE '' END, w.said, w.said, '',
         CASE WHEN k.kind = 'reply' THEN jsonb_build_object('to', jsonb_build_array(p.email)) ELSE '{}' END, CASE WHEN k.kind = 'asked' THEN 'mail' ELSE '' END, false, false
       FROM support_ticket t JOIN people_person p ON p.id = t.requester_id, generate_series(0, %(messages)s - 1) j,
         LATERAL (SELECT (ARRAY['asked','reply','note','asked','reply'])[1 + j %% 5] AS kind) k,
         LATERAL (SELECT 1 + (t.id * 31 + j * 17) %% 50 AS first, 2 + CASE WHEN (t.id + j) %% 8 = 0 THEN (t.id * 7 + j) %% 24 ELSE (t.id * 3 + j * 5) %% 9 END AS long) c,
         LATERAL (SELECT array_to_string((%(sentences)s::text[])[c.first : c.first + c.long], ' ')
                         || CASE WHEN (t.id + j) %% 6 = 0 THEN ' Numéro ' || upper(substr(md5(t.id || '-' || j), 1, 8)) || '.' ELSE '' END AS said) w
       WHERE t.organisation_id = %(o)s ORDER BY t.id, j""",
    """INSERT INTO support_ticketfact (organisation_id, ticket_id, kind, at, told)
       SELECT t.organisation_id, t.id, f.kind, f.at, f.told FROM support_ticket t,
         LATERAL (VALUES ('opened', t.opened_at, jsonb_build_object('priority', t.priority, 'policy', %(level)s::text, 'team', '')),
                         ('moved', t.opened_at + interval '1 hour', '{"state": "in_progress", "waiting": null}'),
                         ('answered', t.opened_at + interval '2 hours', '{}'),
                         ('moved', t.solved_at, '{"state": "solved", "waiting": null}'), ('moved', t.closed_at, '{"state": "closed", "waiting": null}')) f (kind, at, told)
       WHERE t.organisation_id = %(o)s AND t.state IN ('solved', 'closed') AND f.at IS NOT NULL""",
    """INSERT INTO kernel_event (organisation_id, at, verb, noun, object_id, label, actor, source, changes, extra)
       SELECT t.organisation_id, e.at, e.verb, 'ticket', t.id, left(t.title, 200), 'Agent ' || t.id %% 20, 'page', '{}', '{}' FROM support_ticket t,
         LATERAL (VALUES ('ticket.opened', t.opened_at), ('ticket.taken', t.answered_at), ('ticket.solved', t.solved_at), ('ticket.closed', t.closed_at)) e (verb, at)
       WHERE t.organisation_id = %(o)s AND e.at IS NOT NULL ORDER BY t.id, e.at""",
    """INSERT INTO kernel_event (organisation_id, at, verb, noun, object_id, label, actor, source, changes, extra)
       SELECT m.organisation_id, m.at, 'ticket.answered', 'ticket', m.ticket_id, left(t.title, 200), m.author, 'page', '{}', jsonb_build_object('text', left(m.text, 200))
       FROM support_message m JOIN support_ticket t ON t.id = m.ticket_id WHERE m.organisation_id = %(o)s AND m.kind = 'reply'""",
    """INSERT INTO kernel_searchentry (organisation_id, noun, object_id, title, subtitle, text)
       SELECT t.organisation_id, 'ticket', t.id, left('ETB-' || lpad(t.id::text, 6, '0') || ' ' || t.title, 200), p.name,
         plain(concat_ws(' ', 'ETB-' || lpad(t.id::text, 6, '0'), t.title, p.name, 'ETB' || t.id, t.id)) FROM support_ticket t JOIN people_person p ON p.id = t.requester_id
       WHERE t.organisation_id = %(o)s""",
)  # fmt: skip


def ensure(tickets: int) -> None:
    """Fill the desk unless it holds as many tickets; then the planner's statistics are renewed."""
    if count() >= tickets:
        return
    if count():
        raise SystemExit("The bench holds a smaller desk: delete its directory (var/bench) and run again.")
    with opening():
        provider = Organisation.objects.order_by("pk")[0]
        clients = {one.name: one for one in Organisation.objects.all()}
    with transaction.atomic():
        with scope(provider.pk):
            setup = _set_up(provider)
        for name, share in fleet.SHARES.items():
            log.info("%s", name)
            fill(clients[name], provider, tickets * share // 100, setup)
    _words()
    with connection.cursor() as cursor:
        for table in (*TABLES, "kernel_event", "kernel_searchentry"):
            cursor.execute(f"VACUUM (ANALYZE) {table}")
    log.warning("A desk of %s tickets was made.", count())


def count() -> int:
    with everywhere(because="the bench counts its whole desk"):
        return int(Ticket.objects.count())


def fill(client: Organisation, provider: Organisation, number: int, setup: dict[str, Any]) -> None:
    """Give a client a desk of that many tickets, all that hangs on them, and the clocks of the open ones."""
    values = {"o": client.pk, "n": number, "messages": MESSAGES, **setup}
    with scope(provider.pk, client.pk), connection.cursor() as cursor:
        assets = list(Asset.objects.filter(organisation=client.pk).values_list("pk", flat=True))
        values |= {"assets": assets, "n_assets": len(assets)}
        cursor.execute(fleet.EMPTY.replace("TABLES", f"'{{{','.join(TABLES)}}}'::regclass[]"))
        # What triggers write row after row is written at once below.
        for table in TABLES[:3]:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for statement in STATEMENTS:
            begun = time.monotonic()
            cursor.execute(statement, values)
            log.info("%s: %.0f s", " ".join(statement.split())[:60], time.monotonic() - begun)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in TABLES[:3]:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        for ticket in _open_ones(client):
            _tell(ticket)


def _words() -> None:
    """The words of every ticket, some thousands at a time, their index made once they are there."""
    begun = time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX ticket_words")
        for table in ("support_ticket", "support_message", "support_ticketasset"):
            cursor.execute(f"ANALYZE {table}")
    for one in fleet.everyone():
        with scope(one):
            keys = list(Ticket.objects.order_by("pk").values_list("pk", flat=True))
            for first in range(0, len(keys), 5000):
                with connection.cursor() as cursor:
                    cursor.execute("SELECT support_write_words(%s::bigint[])", [keys[first : first + 5000]])
                log.info("words %s: %.0f s", first, time.monotonic() - begun)
    with connection.cursor() as cursor:
        cursor.execute("CREATE INDEX ticket_words ON support_tickettext USING gin (words)")
    log.info("words and their index: %.0f s", time.monotonic() - begun)


def _open_ones(client: Organisation) -> Iterator[Ticket]:
    rows = Ticket.objects.filter(OPEN, organisation=client.pk).select_related("level__calendar", "service")
    return rows.annotate(n=Count("messages")).iterator(chunk_size=500)


def _tell(ticket: Ticket) -> None:
    """The facts of an open ticket, moved to these last days, and its deadlines."""
    opened = timezone.now() - (ticket.pk % 5000) * timedelta(minutes=2)
    record(ticket, "opened", at=opened, priority=ticket.priority, policy=str(ticket.level_id), team="")
    if ticket.state != "new":
        record(ticket, "moved", at=opened, state="in_progress", waiting=None)
        record(ticket, "answered", at=opened)
        record(ticket, "asked", at=opened)
    if ticket.state == "waiting":
        record(ticket, "moved", at=timezone.now(), state="waiting", waiting=ticket.waiting)
    refresh(ticket)


def _set_up(provider: Organisation) -> dict[str, Any]:
    """What the provider sets up: teams, agents, categories on two levels, services, a service level."""
    teams = [Team.objects.create(organisation=provider, name=name) for name in ("N1", "N2", "Terrain")]
    level = ServiceLevel.objects.create(organisation=provider, name="Standard", is_default=True)
    ServiceTarget.objects.bulk_create(
        ServiceTarget(organisation=provider, level=level, clock=clock, priority=n, minutes=minutes, always=n == 1)
        for clock, delays in MINUTES.items() for n, minutes in enumerate(delays, 1)
    )  # fmt: skip
    tops = [
        Category.objects.create(organisation=provider, name=f"Famille {n}", team=teams[n % 3])
        for n in range(8)
    ]
    under = [
        Category.objects.create(
            organisation=provider, name=f"Sujet {n}", parent=tops[n % 8], team=teams[n % 3]
        )
        for n in range(60)
    ]
    services = [
        Service.objects.create(organisation=provider, name=f"Service {n}", criticality=1 + n % 4)
        for n in range(12)
    ]
    agents = _agents(provider, teams)
    return {
        "categories": [one.pk for one in under], "n_categories": len(under), "services": [one.pk for one in services],
        "n_services": len(services), "teams": [one.pk for one in teams], "agents": agents, "n_agents": len(agents),
        "level": level.pk, "objects": list(OBJECTS), "troubles": list(TROUBLES), "places": list(PLACES),
        "sentences": [*SENTENCES, *SENTENCES],
    }  # fmt: skip


def _agents(provider: Organisation, teams: list[Team]) -> list[int]:
    """The administrator and technicians of the provider, each in a team."""
    with opening():
        role = Role.objects.get(organisation=None, key="technician")
        made = [fleet.administrator()]
        for n in range(1, AGENTS):
            made.append(
                Account.objects.create(email=f"agent{n}@bench.example", name=f"Agent {n}", password="!")
            )
            Membership.objects.create(organisation=provider, account=made[-1], role=role)
    for n, account in enumerate(made):
        person = Person.objects.filter(account=account).first() or Person.objects.create(
            organisation=provider, name=account.name, email=account.email, account=account
        )
        TeamMember.objects.create(organisation=provider, team=teams[n % 3], person=person)
    return [one.pk for one in made]
