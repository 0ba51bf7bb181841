"""When an answer counts: at once, when it leaves if that is later, never if it is taken back."""

from datetime import datetime

from .clocks.history import Answered, Opened, periods
from .facts import TicketFact, facts_of, record
from .promises import refresh
from .tickets import Ticket


def count(ticket: Ticket, *, at: datetime) -> TicketFact:
    """The user is answered: nothing more is owed to them until they write again."""
    fact = record(ticket, "answered", at=at)
    _write(ticket, owed=False, answered_at=ticket.answered_at or at)
    refresh(ticket)
    return fact


def withdraw(fact: TicketFact, ticket: Ticket, *, at: datetime) -> None:
    """That answer was not given: clocks read on as if it had never been written."""
    record(ticket, "withdrawn", at=at, fact=fact.pk)
    facts = facts_of(ticket.facts.order_by("id"))
    answered = [one.at for one in facts if isinstance(one, Answered)]
    owed = not ticket.over
    if owed and any(isinstance(one, Opened) for one in facts):
        now = periods(facts)[-1].situation
        owed = now.owed or not now.answered
    _write(ticket, owed=owed, answered_at=min(answered, default=None))
    refresh(ticket)


def _write(ticket: Ticket, **values: object) -> None:
    for name, value in values.items():
        setattr(ticket, name, value)
    Ticket.objects.filter(pk=ticket.pk).update(**values)
