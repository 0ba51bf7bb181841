"""Asking the rules: after each event of a ticket, and as time goes by."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from etabli.kernel.actors import Actor
from etabli.kernel.events import Event, batching, publish, react
from etabli.kernel.jobs import job
from etabli.kernel.organisations import Organisation, lineage
from etabli.kernel.tenancy import Catalogue, everywhere, opening, scope

from .conditions import Look, Verdict, judge, narrowing
from .rules import VERBS, Rule, RuleFiring
from .states import State
from .steps import JOINS, run_steps
from .tickets import Ticket

DEEPEST = 5
"""How many rules may answer one another."""
AT_ONCE = 500
"""Tickets that one look of a rule of time concerns at most; the next look takes the others."""


def acting(rule: Rule) -> Actor:
    """Who does the steps of a rule, as the history names it."""
    return Actor(account_id=None, label=f"Établi · {rule.name}"[:120], source="system")


@react(*VERBS)
def ask_rules(event: Event) -> None:
    """Ask the rules that follow this event, those above first, each once for the event."""
    ticket = Ticket.objects.select_related(*JOINS).filter(pk=event.object_id).first()
    if ticket is None:
        return
    chain = _chain_of(event)
    if len(chain) >= DEEPEST:
        return
    look = Look(event.at)
    for rule in rules_for(ticket.organisation_id, event.verb):
        if rule.pk in chain:
            continue
        verdict = judge(rule.all_of, rule.any_of, ticket, look)
        if not verdict.met:
            continue
        fire(rule, ticket, verdict, key=f"event:{event.pk}", event_id=event.pk, chain=chain)
        if rule.stops:
            break
        ticket = Ticket.objects.select_related(*JOINS).get(pk=ticket.pk)


def rules_for(organisation: int, verb: str) -> list[Rule]:
    """The rules in use that follow an event in an organisation, in order."""
    above = lineage(organisation)
    rows = Rule.objects.filter(
        organisation__in=above, when=Rule.When.EVENT, paused_at=None, events__contains=[verb]
    )
    return sorted(rows, key=lambda one: (above.index(one.organisation_id), one.position, one.pk))


def _chain_of(event: Event) -> list[int]:
    """The rules whose work led to an event, the first one first."""
    if event.batch is None:
        return []
    firing = RuleFiring.objects.filter(batch=event.batch).first()
    return list(firing.chain) if firing else []


def fire(
    rule: Rule,
    ticket: Ticket,
    verdict: Verdict,
    *,
    key: str,
    event_id: int | None = None,
    chain: Iterable[int] = (),
    at: datetime | None = None,
) -> RuleFiring | None:
    """Do the steps of a rule to a ticket, all or none, once for the key; none when it was done already."""
    batch = uuid.uuid4()
    with transaction.atomic():
        row, new = RuleFiring.objects.get_or_create(
            rule=rule,
            ticket=ticket,
            key=key,
            defaults={
                "organisation_id": ticket.organisation_id,
                "name": rule.name,
                "event_id": event_id,
                "why": verdict.why,
                "batch": batch,
                "chain": [*chain, rule.pk],
                "at": at or timezone.now(),
            },
        )
        if not new:
            return None
        try:
            with transaction.atomic(), batching(batch):
                run_steps(ticket, rule.steps, actor=acting(rule))
                publish(ticket, "ticket.rule_fired", actor=acting(rule), extra={"firing": row.pk})
        except ValidationError as error:
            row.done, row.result = False, " ".join(error.messages)
            row.save(update_fields=["done", "result"])
    return row


@job(every="*/5 * * * *")
def look_at_time() -> None:
    """Every five minutes, ask the rules of time whose turn has come."""
    now = timezone.now()
    with everywhere(because="the rules of every organisation are asked"):
        rows = list(Rule.objects.filter(when=Rule.When.TIME, paused_at=None))
    for rule in rows:
        if rule.looked_at is None or rule.looked_at + timedelta(minutes=rule.every, seconds=-30) <= now:
            with scope(*places_of(rule)):
                ask_about_time.enqueue(rule=rule.pk, once=f"rule-{rule.pk}")


def places_of(set_up: Catalogue) -> list[int]:
    """The organisations that what is set up holds for: its own and those under it."""
    with opening():
        rows = Organisation.objects.filter(path__contains=[set_up.organisation_id], archived_at=None)
        return list(rows.values_list("pk", flat=True))


@job()
def ask_about_time(rule: int) -> None:
    """Ask one rule of time about the tickets it may concern."""
    if found := Rule.objects.filter(pk=rule, paused_at=None).first():
        ask_time_rule(found)


def ask_time_rule(rule: Rule, *, now: datetime | None = None) -> list[RuleFiring]:
    """The firings of one look, each ticket in its own savepoint."""
    now = now or timezone.now()
    look, made = Look(now), []
    for ticket in concerned(rule, now)[:AT_ONCE]:
        key = key_of(rule, ticket, now)
        if key is None:
            continue
        verdict = judge(rule.all_of, rule.any_of, ticket, look)
        if verdict.met and (row := fire(rule, ticket, verdict, key=key, at=now)):
            made.append(row)
    Rule.objects.filter(pk=rule.pk).update(looked_at=now)
    return made


def concerned(rule: Rule, now: datetime) -> QuerySet[Ticket]:
    """The tickets that a rule of time may concern. What is closed is so for good, and left alone."""
    rows = Ticket.objects.filter(organisation__in=places_of(rule)).exclude(state=State.CLOSED)
    rows = rows.filter(narrowing(rule.all_of, now)).select_related(*JOINS)
    if not rule.again:  # those it was done to in the state they are in need not be asked again
        same = Q(firings__rule=rule, firings__at__gte=F("state_since"))
        rows = rows.exclude(pk__in=Ticket.objects.filter(same).values("pk"))
    return rows.order_by("state_since", "id")


def key_of(rule: Rule, ticket: Ticket, now: datetime) -> str | None:
    """What a rule of time fires once for: the state of the ticket, and again after so many hours."""
    state = f"{ticket.state}@{ticket.state_since.timestamp():.3f}"
    last = RuleFiring.objects.filter(rule=rule, ticket=ticket, key__startswith=state).order_by("-id").first()
    if last is None:
        return f"{state}#1"
    if not rule.again or last.at + timedelta(hours=rule.again) > now:
        return None
    return f"{state}#{int(last.key.rpartition('#')[2]) + 1}"


@dataclass(frozen=True)
class Tried:
    """A ticket that a rule was tried on, without anything being done."""

    ticket: Ticket
    verdict: Verdict


def try_rule(
    rule: Rule, rows: QuerySet[Ticket], *, limit: int = 100, now: datetime | None = None
) -> list[Tried]:
    """What a rule says of the latest tickets as they are now; nothing is written."""
    look = Look(now or timezone.now())
    found: Any = rows.filter(organisation__in=places_of(rule)).select_related(*JOINS).order_by("-id")[:limit]
    return [Tried(ticket, judge(rule.all_of, rule.any_of, ticket, look)) for ticket in found]
