"""Moving a ticket from a state to another: ``states`` says what is possible, here it is done and written."""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from etabli.kernel.actors import Actor, require
from etabli.kernel.events import difference, publish, snapshot
from etabli.kernel.screens.writing import count_edit

from .facts import record
from .promises import refresh
from .states import MOVES, OVER, Move, State, Told, Waiting, refusals
from .tickets import Ticket

DONE = {
    "take": "taken",
    "wait": "put_on_hold",
    "resume": "resumed",
    "solve": "solved",
    "reopen": "reopened",
    "close": "closed",
    "drop": "dropped",
}


def locked(ticket: Ticket) -> Ticket:
    """The ticket as it is now, ours until the end of the transaction."""
    rows = Ticket.objects.select_for_update(of=("self",))
    return rows.select_related("requester", "team", "category", "service", "assignee").get(pk=ticket.pk)


def why_not(ticket: Ticket, move: Move) -> str:
    """Why a move makes no sense in this state, in a sentence; what may still be filled in is not asked."""
    told = Told(assignee=True, waiting=Waiting.USER, visit_at=timezone.now(), reason="x", solution="x",
                **_left(ticket, move))  # fmt: skip
    found = refusals(State(ticket.state), move, told)
    return found[0].sentence if found else ""


def _left(ticket: Ticket, move: Move) -> dict[str, int]:
    """What is not done yet, and keeps a ticket from being solved."""
    from .approving import pending
    from .tasks import open_tasks

    if move.target != State.SOLVED:
        return {}
    return {"open_tasks": open_tasks(ticket), "approvals": pending(ticket)}


@transaction.atomic
def move(
    ticket: Ticket,
    name: str,
    *,
    actor: Actor,
    at: datetime | None = None,
    waiting: str = "",
    visit_at: datetime | None = None,
    reason: str = "",
    solution: str = "",
    assignee: Any = None,
) -> Ticket:
    """Make a move (``take``, ``wait``, ``solve``…). ``ValidationError`` names each field that is missing."""
    step = MOVES[name]
    require(actor, "ticket.move", ticket)
    ticket, at = locked(ticket), at or timezone.now()
    assignee = assignee or ticket.assignee
    told = Told(
        assignee=assignee is not None,
        waiting=Waiting(waiting) if waiting else None,
        visit_at=visit_at,
        reason=reason,
        solution=solution,
        **_left(ticket, step),
    )
    if found := refusals(State(ticket.state), step, told):
        raise ValidationError({one.field or "__all__": one.sentence for one in found})
    before = snapshot(ticket)
    ticket.waiting = waiting if step.target == State.WAITING else ""
    ticket.visit_at = visit_at if step.target == State.WAITING else None
    if name == "take":
        ticket.assignee = assignee
    _enter(ticket, step.target, at, solution)
    _write(ticket, f"ticket.{DONE[name]}", before, actor, reason or solution)
    return ticket


def _enter(ticket: Ticket, state: State, at: datetime, solution: str = "") -> None:
    """Set the state, with the dates that follow from it."""
    ticket.state, ticket.state_since, ticket.active_at = state, at, max(at, ticket.active_at)
    if state == State.SOLVED:
        ticket.solved_at, ticket.solution, ticket.owed = at, solution, False
    elif state == State.CLOSED:
        ticket.closed_at, ticket.owed = at, False
    elif state not in OVER:
        ticket.solved_at = ticket.closed_at = None


def _write(ticket: Ticket, verb: str, before: dict[str, Any], actor: Actor, text: str) -> None:
    count_edit(ticket)
    ticket.save()
    record(ticket, "moved", at=ticket.state_since, state=ticket.state, waiting=ticket.waiting or None)
    refresh(ticket)
    publish(ticket, verb, actor=actor, changes=difference(before, snapshot(ticket)), extra={"text": text})


def reopen_by_answer(ticket: Ticket, *, actor: Actor, at: datetime, who: str) -> None:
    """The user wrote: a wait for them ends, what was solved opens again. What is closed stays closed."""
    waits = ticket.state == State.WAITING and ticket.waiting == Waiting.USER
    if not waits and ticket.state != State.SOLVED:
        return
    before = snapshot(ticket)
    verb = "ticket.resumed" if waits else "ticket.reopened"
    ticket.waiting, ticket.visit_at = "", None
    _enter(ticket, State.IN_PROGRESS if ticket.assignee_id else State.NEW, at)
    _write(ticket, verb, before, actor, _("%(who)s wrote.") % {"who": who})


def resume_by(ticket: Ticket, *, actor: Actor, why: str, at: datetime | None = None) -> None:
    """What a ticket waited for came by itself (an approval): the work goes on, whoever decided it."""
    ticket = locked(ticket)
    before = snapshot(ticket)
    ticket.waiting, ticket.visit_at = "", None
    _enter(ticket, State.IN_PROGRESS, at or timezone.now())
    _write(ticket, "ticket.resumed", before, actor, why)
