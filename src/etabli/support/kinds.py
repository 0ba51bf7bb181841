"""Turning a ticket into another type; its history and its clocks go on."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from etabli.kernel.actors import Actor, require
from etabli.kernel.events import difference, publish, snapshot
from etabli.kernel.screens.writing import count_edit

from .moving import locked
from .states import OVER
from .tickets import Ticket


@transaction.atomic
def convert(ticket: Ticket, kind: str, *, actor: Actor) -> Ticket:
    """Make a request of an incident, a major incident of an incident… Raises ``ValidationError``."""
    require(actor, "ticket.convert", ticket)
    ticket = locked(ticket)
    if ticket.state in OVER:
        raise ValidationError(_("It is %(state)s: reopen it first.") % {"state": ticket.get_state_display()})
    if ticket.kind == kind:
        raise ValidationError(_("It is of this type already."))
    before = snapshot(ticket)
    ticket.kind = Ticket.Kind(kind)
    count_edit(ticket)
    ticket.save(update_fields=["kind", "updated_at"])
    publish(ticket, "ticket.converted", actor=actor, changes=difference(before, snapshot(ticket)))
    return ticket
