"""What stands beside the conversation of a ticket, in the order of its page."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from etabli.kernel.screens import Panel
from etabli.kernel.screens.columns import show

from . import caller
from .deadlines_page import deadlines_panel
from .prioritising import priority_of
from .satisfaction import satisfaction_panel
from .tickets import Ticket
from .watchers import watchers_panel
from .work_panels import work_panels


def panels(ticket: Ticket, request: HttpRequest) -> list[Panel]:
    """The conversation has the width; what the ticket is, who asks and what is done for it stand beside."""
    actor: Any = request.actor  # type: ignore[attr-defined]
    rated = satisfaction_panel(ticket)
    return [
        deadlines_panel(ticket, request),
        sorting(ticket),
        *caller.panels(ticket, request),
        *([rated] if rated else []),
        *work_panels(ticket, request),
        watchers_panel(ticket, actor),
    ]


def sorting(ticket: Ticket) -> Panel:
    """Who has it, what it is, and why it has this priority."""
    rows = [
        (_("Assigned to"), show(str(ticket.assignee) if ticket.assignee else None)),
        (_("Team"), show(str(ticket.team) if ticket.team else None)),
        (_("Type"), show(str(ticket.get_kind_display()))),
        (_("Category"), show(str(ticket.category) if ticket.category else None)),
        (_("Service"), show(str(ticket.service) if ticket.service else None)),
        (_("Impact"), show(str(ticket.get_impact_display()))),
        (_("Urgency"), show(str(ticket.get_urgency_display()))),
        (_("Opened on"), show(ticket.opened_at)),
    ]
    context = {"rows": rows, "priority": priority_of(ticket)}
    return Panel("", template="support/_sorting.html", context=context, side=True)
