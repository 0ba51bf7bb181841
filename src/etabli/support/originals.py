"""Making a requester of who wrote first what an agent forwarded."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from etabli.kernel.actors import Actor, require
from etabli.kernel.events import difference, publish, snapshot
from etabli.kernel.screens.writing import count_edit

from .callers import people_at, read_back
from .letters import valid
from .moving import locked
from .prioritising import weigh
from .tickets import Ticket


def no_original(ticket: Ticket) -> str:
    """Why there is nobody to take as requester, in a sentence; empty when there is."""
    return "" if ticket.original_sender else _("Nobody else wrote first what this ticket comes from.")


@transaction.atomic
def take_original_sender(ticket: Ticket, *, actor: Actor) -> Ticket:
    """The original sender becomes the requester: somebody of the organisation, else a caller by name."""
    require(actor, "ticket.change", ticket)
    ticket = locked(ticket)
    if problem := no_original(ticket):
        raise ValidationError(problem)
    before = snapshot(ticket)
    name, address = read_back(ticket.original_sender)
    found = people_at(valid(address), [ticket.organisation_id])
    ticket.requester = found[0] if found else None
    ticket.contact_name = "" if found else (name or address)[:120]
    ticket.contact_email = "" if found else valid(address)
    ticket.original_sender = ""
    count_edit(ticket)
    ticket.save()
    publish(ticket, "ticket.changed", actor=actor, changes=difference(before, snapshot(ticket)))
    weigh(ticket, actor=actor)
    return ticket
