"""Telling people of promises that run out or are broken: usual warnings, and escalations by time.

Each batch is one transaction: tickets locked, people told, and what was told written on the deadlines. A
worker killed in the middle leaves nothing of it; two workers never hold the same ticket.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from etabli.kernel.accounts import Account
from etabli.kernel.actors import SYSTEM
from etabli.kernel.events import publish, together
from etabli.kernel.notifications import NotificationChoice, declare_kind, notify
from etabli.kernel.organisations import lineage
from etabli.kernel.tenancy import everywhere, scope

from .clocks.policies import Clock
from .clocks.readings import Reading
from .escalations import Escalation
from .prioritising import override
from .priority import HIGHEST
from .promises import PASSING, Book, Deadline, left_of, readings_of, refresh_many
from .staff import Staff
from .tickets import Ticket

BATCH = 200
FEW = 5
"""Beyond, an agent is told of all of a batch in one notification: forty at once are read by nobody."""
NEAR, PASSED, ESCALATED = "ticket.deadline_near", "ticket.deadline_passed", "ticket.escalated"
declare_kind(NEAR, gettext_lazy("A promise of a ticket runs out"))
declare_kind(PASSED, gettext_lazy("A promise of a ticket is broken"), way=NotificationChoice.Way.MAIL)
declare_kind(ESCALATED, gettext_lazy("A ticket is escalated to me"), way=NotificationChoice.Way.MAIL)
WHOLE = 100


@dataclass(frozen=True)
class Letter:
    """What one account is to be told of one ticket."""

    account: Account
    kind: str
    ticket: Ticket
    title: Callable[[], str]
    text: Callable[[], str]


def waiting(now: datetime) -> list[int]:
    """The organisations where somebody is to be told of something."""
    with everywhere(because="deadlines of every organisation are watched by the same worker"):
        rows = Deadline.objects.filter(next_at__lte=now).order_by()
        return list(rows.values_list("organisation", flat=True).distinct())


def mark_late(now: datetime, *, most: int = 50_000) -> int:
    """Write that deadlines have passed, which no fact says; returns how many.

    Rows that somebody is writing are left to them: they will say it themselves.
    """
    with everywhere(because="time passes for all organisations at once"):
        passed = Deadline.objects.filter(PASSING, due_at__lt=now).select_for_update(skip_locked=True)
        keys = list(passed.values_list("pk", flat=True)[:most])
        return Deadline.objects.filter(pk__in=keys).update(late=True)


def warn_some(organisation: int, *, now: datetime | None = None, most: int = BATCH) -> bool:
    """Tell of what is due in an organisation, some tickets at a time; returns whether more is left.

    Tickets that somebody is writing are left to the next minute.
    """
    now = now or timezone.now()
    with scope(*lineage(organisation)), transaction.atomic():
        due = Deadline.objects.filter(organisation=organisation, next_at__lte=now).order_by("next_at")
        keys = list(dict.fromkeys(due.values_list("ticket", flat=True)[:most]))
        rows = Ticket.objects.filter(pk__in=keys).select_for_update(of=("self",), skip_locked=True)
        rows = rows.select_related("requester", "team__leader", "service", "category").order_by("pk")
        tickets = list(rows.prefetch_related("facts", "deadlines"))
        book, staff = Book(), Staff(organisation, now)
        with together():
            letters = [letter for ticket in tickets for letter in _look(ticket, book, staff, now)]
            refresh_many(tickets, now=now, book=book)
        _send(letters, organisation, now)
        return bool(tickets) and due.exists()


def _look(ticket: Ticket, book: Book, staff: Staff, now: datetime) -> Iterable[Letter]:
    """What is to be told of a ticket now; what was told is written on its deadlines."""
    rows = {row.key: row for row in ticket.deadlines.all()}
    raising: Escalation | None = None
    for reading in readings_of(ticket, book):
        row = rows.get((reading.clock, reading.question, reading.team[:80]))
        if row is None or row.next_at is None or row.next_at > now:
            continue
        due = [one for one in left_of(row, reading, ticket, book) if one.at <= now]
        shares = [one.share for one in due if one.rule is None]
        if shares:
            # Half, three quarters and the end may fall together, after a night: the last one says it all.
            row.told, row.touched = max(shares), True
            yield from _warn(ticket, reading, row.told, staff)
        for one in due:
            if one.rule is not None:
                row.escalated, row.touched = [*row.escalated, one.rule.pk], True
                raising = one.rule if one.rule.raises and ticket.priority > HIGHEST else raising
                yield from _escalate(ticket, reading, one.rule, staff)
    if raising is not None:  # last: it reads the clocks again, and writes what was told until here
        because = _("escalation “%(rule)s”") % {"rule": raising}
        override(ticket, ticket.priority - 1, actor=SYSTEM, because=because)


def _warn(ticket: Ticket, reading: Reading, share: int, staff: Staff) -> list[Letter]:
    passed = share >= WHOLE
    hearers = _usual(ticket, staff)
    if passed:
        hearers = _once([*hearers, *_leader(ticket, staff)])
    why = _why(reading, share, hearers)
    verb = PASSED if passed else NEAR
    extra = {"text": why, "clock": reading.clock, "share": share, "told": [one.pk for one in hearers]}
    publish(ticket, verb, actor=SYSTEM, extra=extra)

    def title() -> str:
        told = {"ticket": ticket.reference, "what": Clock(reading.clock).label, "share": share}
        if passed:
            return _("%(ticket)s: the deadline has passed (%(what)s)") % told
        return _("%(ticket)s: %(share)s %% of the delay is used (%(what)s)") % told

    return [Letter(one, verb, ticket, title, lambda: _text(ticket, reading)) for one in hearers]


def _escalate(ticket: Ticket, reading: Reading, rule: Escalation, staff: Staff) -> list[Letter]:
    hearers = _named(ticket, rule, staff)
    names = ", ".join(map(str, hearers)) or _("nobody")
    why = _("Rule “%(rule)s” (%(when)s, %(what)s): told to %(names)s.") % {
        "rule": rule,
        "when": rule.when,
        "what": Clock(reading.clock).label,
        "names": names,
    }
    told = [one.pk for one in hearers]
    extra = {"text": why, "clock": reading.clock, "rule": rule.pk, "told": told}
    publish(ticket, ESCALATED, actor=SYSTEM, extra=extra)

    def title() -> str:
        return _("%(ticket)s is escalated to you: %(rule)s") % {"ticket": ticket.reference, "rule": rule}

    return [Letter(one, ESCALATED, ticket, title, lambda: _text(ticket, reading)) for one in hearers]


def _usual(ticket: Ticket, staff: Staff) -> list[Account]:
    """The agent who has it, else their team, else who runs the desk; somebody away hears nothing."""
    return staff.present([ticket.assignee_id]) or staff.team(ticket.team_id) or staff.in_charge()


def _leader(ticket: Ticket, staff: Staff) -> list[Account]:
    leader = ticket.team.leader if ticket.team else None
    return staff.present([leader.account_id]) if leader else []


def _named(ticket: Ticket, rule: Escalation, staff: Staff) -> list[Account]:
    """Whom a rule names; when nobody of them is there, who runs the desk: a rule is never for nothing."""
    found: dict[str, Callable[[], list[Account]]] = {
        Escalation.Who.ASSIGNEE: lambda: staff.present([ticket.assignee_id]),
        Escalation.Who.TEAM: lambda: staff.team(ticket.team_id),
        Escalation.Who.LEADER: lambda: _leader(ticket, staff),
        Escalation.Who.MANAGERS: staff.in_charge,
        Escalation.Who.ACCOUNT: lambda: staff.present([rule.account_id]),
    }
    return found[rule.who]() or staff.in_charge()


def _once(accounts: Iterable[Account]) -> list[Account]:
    return list({one.pk: one for one in accounts}.values())


def _why(reading: Reading, share: int, hearers: list[Account]) -> str:
    told = {
        "share": share,
        "what": Clock(reading.clock).label,
        "names": ", ".join(map(str, hearers)) or _("nobody"),
    }
    return _("%(share)s %% of the delay is used (%(what)s): told to %(names)s.") % told


def _text(ticket: Ticket, reading: Reading) -> str:
    due = date_format(timezone.localtime(reading.due), "j N Y, H:i") if reading.due else ""
    return _("%(title)s — priority %(priority)s, due on %(due)s") % {
        "title": ticket.title,
        "priority": ticket.priority,
        "due": due,
    }


def _send(letters: list[Letter], organisation: int, now: datetime) -> None:
    """Tell each account in its language: one notification a ticket, or one for all when they are many."""
    piles: dict[tuple[int, str], list[Letter]] = defaultdict(list)
    for letter in letters:
        piles[letter.account.pk, letter.kind].append(letter)
    for (_account, kind), pile in piles.items():
        account = pile[0].account
        with translation.override(account.language):
            for told in _told(pile) if len(pile) <= FEW else [_summed(pile)]:
                notify([account], kind=kind, organisation=organisation, at=now, **told)


def _told(pile: list[Letter]) -> Iterable[dict[str, Any]]:
    for one in pile:
        url = reverse("ticket-detail", args=[one.ticket.pk])
        yield {"title": one.title(), "text": one.text(), "url": url, "obj": one.ticket}


def _summed(pile: list[Letter]) -> dict[str, Any]:
    count = len(pile)
    title = ngettext(
        "%(n)s promise needs you: the ticket is listed",
        "%(n)s promises need you: the tickets are listed",
        count,
    )
    url = f"{reverse('ticket-list')}?is=open&order=due_at"
    return {"title": title % {"n": count}, "text": "\n".join(one.title() for one in pile[:20]), "url": url}
