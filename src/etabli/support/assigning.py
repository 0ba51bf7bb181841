"""Tickets that give themselves to an agent when they are opened, where an organisation wants it."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from etabli.kernel import preferences
from etabli.kernel.actors import SYSTEM, Actor
from etabli.kernel.organisations import lineage
from etabli.kernel.tenancy import scope, visible

from .handing import assign
from .moving import locked
from .states import OVER
from .suiting import by_load, rank, seen
from .tickets import Ticket

DESK = gettext_lazy("Service desk")
OFF, LOAD, SKILL = "off", "load", "skill"
ASSIGN = preferences.declare(
    "desk.assign",
    kind=str,
    default=OFF,
    per_organisation=True,
    section=DESK,
    choices=[
        (OFF, gettext_lazy("no: agents take them")),
        (LOAD, gettext_lazy("in turn, to whoever has the fewest")),
        (SKILL, gettext_lazy("by skill, team, site and load")),
    ],
    label=gettext_lazy("New tickets give themselves to an agent"),
    help=gettext_lazy("Never to somebody who is away. A ticket that nobody suits waits in its queue."),
)


@transaction.atomic
def assign_by_itself(ticket: Ticket, *, actor: Actor = SYSTEM, at: datetime | None = None) -> Ticket:
    """Give a ticket to whoever suits it, as its organisation wants; one that somebody has is left alone."""
    way = preferences.get(ASSIGN.key, ticket.organisation_id)
    at = at or timezone.now()
    if way == OFF:
        return ticket
    with scope(*{*visible(), *lineage(ticket.organisation_id)}):
        ticket = locked(ticket)
        if ticket.assignee_id or ticket.state in OVER:
            return ticket
        need, accounts, candidates = seen(ticket, at)
        fits = rank(need, candidates)
        if way == LOAD:
            able = by_load(fit.candidate for fit in fits)
            fits = [fit for fit in fits if able and fit.candidate is able[0]]
        if not fits:
            return ticket
        best = fits[0]
        reason = _("Given by itself: %(why)s.") % {"why": best.why}
        try:
            return assign(
                ticket,
                actor=actor,
                team=ticket.team,
                assignee=accounts[best.candidate.key],
                reason=reason,
                at=at,
            )
        except ValidationError:  # it was closed meanwhile
            return ticket
