"""Who works on a ticket: its team, its agent, the next one in the queue."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from etabli.kernel.accounts import Account
from etabli.kernel.actors import Actor, require
from etabli.kernel.events import difference, publish, snapshot
from etabli.kernel.screens.writing import count_edit
from etabli.people.models import Team, TeamMember

from .facts import record
from .moving import locked, move
from .promises import refresh
from .staff import agents_of
from .states import OVER, State
from .suiting import knows
from .tickets import OPEN, Ticket


@transaction.atomic
def assign(
    ticket: Ticket,
    *,
    actor: Actor,
    team: Team | None = None,
    assignee: Account | None = None,
    reason: str = "",
    at: datetime | None = None,
) -> Ticket:
    """Give a ticket to a team, to an agent, or to both; what is not given is taken away.

    Raises ``ValidationError`` when the agent may not work there, or when the ticket is over.
    """
    require(actor, "ticket.assign", ticket)
    ticket, at = locked(ticket), at or timezone.now()
    if ticket.state in OVER:
        raise ValidationError(_("It is %(state)s: reopen it first.") % {"state": ticket.get_state_display()})
    if assignee is not None and assignee not in agents_of(ticket.organisation_id):
        raise ValidationError(
            {"assignee": _("%(who)s may not work on the tickets of this organisation.") % {"who": assignee}}
        )
    before = snapshot(ticket)
    handed = (team.pk if team else None) != ticket.team_id
    ticket.team, ticket.assignee = team, assignee
    changes = difference(before, snapshot(ticket))
    if not changes:
        return ticket
    count_edit(ticket)
    ticket.save(update_fields=["team", "assignee", "updated_at"])
    if handed:
        record(ticket, "handed", at=at, team=str(team) if team else "")
        refresh(ticket)
    publish(ticket, "ticket.assigned", actor=actor, changes=changes, extra={"text": reason})
    return ticket


def queue_of(actor: Actor) -> QuerySet[Ticket]:
    """The tickets nobody has, of the actor's teams or of none, the most pressing first.

    One that asks for skills is left to those who have one of them.
    """
    teams = TeamMember.objects.filter(person__account=actor.account_id).values("team")
    rows = Ticket.objects.filter(OPEN, assignee=None, state=State.NEW)
    rows = rows.filter(organisation__in=actor.organisations("ticket.move"))
    rows = (rows.filter(team__in=teams) | rows.filter(team=None)).filter(knows(actor.account_id or 0))
    return rows.order_by("priority", F("due_at").asc(nulls_last=True), "id")


@transaction.atomic
def take_next(*, actor: Actor) -> Ticket | None:
    """Take charge of the next ticket of the queue, none when it is empty; two agents at once get two."""
    account = Account.objects.filter(pk=actor.account_id or 0).first()
    if account is None:
        raise ValidationError(_("Only somebody with an account takes charge of a ticket."))
    found = queue_of(actor).select_for_update(of=("self",), skip_locked=True).first()
    return move(found, "take", actor=actor, assignee=account) if found else None


__all__ = ["agents_of", "assign", "queue_of", "take_next"]
