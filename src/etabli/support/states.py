"""The states of a ticket: one machine, here and nowhere else, that explains each refusal.

new → in progress ⇄ waiting (for the user, a supplier, a planned visit) → solved → closed; what was solved may
be reopened, what was closed may not. The page, the API and the mail gateway all ask `refusals` before a move.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from .clocks.counting import Pause
from .clocks.policies import Clock


class State(TextChoices):
    """Where a ticket is in its life."""

    NEW = "new", pgettext_lazy("ticket", "new")
    IN_PROGRESS = "in_progress", pgettext_lazy("ticket", "in progress")
    WAITING = "waiting", pgettext_lazy("ticket", "waiting")
    SOLVED = "solved", pgettext_lazy("ticket", "solved")
    CLOSED = "closed", pgettext_lazy("ticket", "closed")


class Waiting(TextChoices):
    """What a waiting ticket waits for."""

    USER = Pause.USER.value, gettext_lazy("the user")
    SUPPLIER = Pause.SUPPLIER.value, gettext_lazy("a supplier")
    VISIT = Pause.VISIT.value, gettext_lazy("a planned visit")


OVER = frozenset({State.SOLVED, State.CLOSED})
"""In these states every clock has stopped."""
_ANSWERS = frozenset({Clock.FIRST_ANSWER, Clock.NEXT_ANSWER})
_WORK = frozenset({Clock.SOLVE, Clock.TEAM})
PAUSED: dict[Waiting, frozenset[Clock]] = {
    # Whoever must speak is the user, so no answer is owed; a supplier or a visit is no excuse for silence.
    Waiting.USER: _ANSWERS | _WORK,
    Waiting.SUPPLIER: _WORK,
    Waiting.VISIT: _WORK,
}
"""The clocks that each wait pauses; that of taking charge has stopped before any wait."""


def pauses(clock: Clock, state: State, waiting: Waiting | None) -> bool:
    """Whether a clock pauses in a state."""
    return state == State.WAITING and waiting is not None and clock in PAUSED[waiting]


@dataclass(frozen=True)
class Told:
    """What is known when a move is asked: what the ticket holds, and what was filled in with the move."""

    assignee: bool = False
    waiting: Waiting | None = None
    visit_at: datetime | None = None
    reason: str = ""
    solution: str = ""
    open_tasks: int = 0
    approvals: int = 0  # awaited


@dataclass(frozen=True)
class Refusal:
    """Why a move is refused; `field` is what to fill in, empty when it is not something to fill in."""

    sentence: str
    field: str = ""


def _wants_somebody(told: Told) -> Refusal | None:
    return None if told.assignee else Refusal(_("Say who takes charge of it."), "assignee")


def _wants_a_wait(told: Told) -> Refusal | None:
    if told.waiting:
        return None
    text = _("Say what it waits for: the user, a supplier or a planned visit. The clocks depend on it.")
    return Refusal(text, "waiting")


def _wants_a_date(told: Told) -> Refusal | None:
    if told.waiting != Waiting.VISIT or told.visit_at:
        return None
    return Refusal(_("Say when the visit is planned."), "visit_at")


def _wants_a_reason(told: Told) -> Refusal | None:
    return None if told.reason.strip() else Refusal(_("Give a reason: it stays in the history."), "reason")


def _wants_a_solution(told: Told) -> Refusal | None:
    if told.solution.strip():
        return None
    return Refusal(_("Write what solved it: the user reads it, and the next one to ask."), "solution")


def _wants_tasks_done(told: Told) -> Refusal | None:
    if not told.open_tasks:
        return None
    text = ngettext(
        "%(count)s mandatory task is not done: do it or give it up first.",
        "%(count)s mandatory tasks are not done: do them or give them up first.",
        told.open_tasks,
    )
    return Refusal(text % {"count": told.open_tasks})


def _wants_approvals(told: Told) -> Refusal | None:
    if not told.approvals:
        return None
    text = ngettext(
        "%(count)s approval is awaited: wait for it, or no longer ask for it.",
        "%(count)s approvals are awaited: wait for them, or no longer ask for them.",
        told.approvals,
    )
    return Refusal(text % {"count": told.approvals})


@dataclass(frozen=True)
class Move:
    """A change of state: from which states, to which one, and what it demands."""

    name: str
    label: Any
    sources: tuple[State, ...]
    target: State
    demands: tuple[Callable[[Told], Refusal | None], ...] = ()


MOVES: dict[str, Move] = {
    move.name: move
    for move in (
        Move("take", gettext_lazy("Take charge"),
             (State.NEW,), State.IN_PROGRESS, (_wants_somebody,)),
        Move("wait", gettext_lazy("Put on hold"),
             (State.IN_PROGRESS, State.WAITING), State.WAITING,
             (_wants_a_wait, _wants_a_date, _wants_a_reason)),
        Move("resume", gettext_lazy("Resume"),
             (State.WAITING,), State.IN_PROGRESS),
        Move("solve", gettext_lazy("Solve"),
             (State.NEW, State.IN_PROGRESS, State.WAITING), State.SOLVED,
             (_wants_a_solution, _wants_tasks_done, _wants_approvals)),
        Move("reopen", gettext_lazy("Reopen"),
             (State.SOLVED,), State.IN_PROGRESS, (_wants_a_reason,)),
        Move("close", pgettext_lazy("ticket", "Close"),
             (State.SOLVED,), State.CLOSED),
        Move("drop", gettext_lazy("Close without solution"),
             (State.NEW, State.IN_PROGRESS, State.WAITING), State.CLOSED, (_wants_a_reason,)),
    )
}  # fmt: skip


def possible(state: State) -> tuple[Move, ...]:
    """The moves that leave a state, whatever they demand."""
    return tuple(move for move in MOVES.values() if state in move.sources)


def refusals(state: State, move: Move, told: Told) -> tuple[Refusal, ...]:
    """Everything that stands against a move now; empty when it is possible."""
    if state not in move.sources:
        return (Refusal(_wrong_state(state, move)),)
    return tuple(refusal for demand in move.demands if (refusal := demand(told)))


def _wrong_state(state: State, move: Move) -> str:
    if state == State.CLOSED:
        return _("It is closed, for good: open a new ticket and link it to this one.")
    if state == State.NEW and move.name == "wait":
        return _("Nobody has taken charge of it: take charge first, then put it on hold.")
    return _("It is %(state)s: “%(move)s” is not possible. Possible now: %(moves)s.") % {
        "state": state.label,
        "move": move.label,
        "moves": ", ".join(str(one.label) for one in possible(state)),
    }
