"""Giving a ticket other values of what sorts it: the verb that macros and rules use."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from etabli.kernel.actors import Actor, require
from etabli.kernel.events import difference, publish, snapshot
from etabli.kernel.screens.writing import count_edit, obeying

from .moving import locked
from .prioritising import weigh
from .states import OVER
from .tickets import Ticket

SET = ("category", "service", "impact", "urgency", "title", "requester")


@transaction.atomic
def set_fields(ticket: Ticket, *, actor: Actor, **values: Any) -> Ticket:
    """Set some of ``SET``, and weigh the ticket again. Raises ``ValidationError``."""
    require(actor, "ticket.change", ticket)
    ticket = locked(ticket)
    if ticket.state in OVER:
        raise ValidationError(_("It is %(state)s: reopen it first.") % {"state": ticket.get_state_display()})
    before = snapshot(ticket)
    for name, value in values.items():
        if name not in SET:
            raise ValueError(f"{name} is not set so")
        setattr(ticket, name, value)
    ticket.clean_fields(exclude=["organisation"])
    changes = difference(before, snapshot(ticket))
    if changes:
        count_edit(ticket)
        obeying(lambda: ticket.save(update_fields=[*values, "updated_at"]))
        publish(ticket, "ticket.changed", actor=actor, changes=changes)
        weigh(ticket, actor=actor)
    return ticket
