"""The acts of a ticket, as its page, its list and the API offer them; each calls the verb it names."""

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext_lazy, gettext_noop

from etabli.kernel.accounts import Account
from etabli.kernel.actors import Actor
from etabli.kernel.screens import Act
from etabli.kernel.screens.history import name_act

from . import ticket_forms as forms
from .handing import assign
from .kinds import convert
from .moving import move, why_not
from .opening import Words
from .originals import no_original, take_original_sender
from .prioritising import override
from .states import MOVES, Move
from .talking import answer, note
from .tickets import Ticket

WORDS = {
    "opened": (gettext_noop("Ticket opened"), ""),
    "answered": (gettext_noop("Answered"), "ok"),
    "noted": (gettext_noop("Internal note"), ""),
    "received": (gettext_noop("Message received"), ""),
    "accepted": (gettext_noop("Sender accepted"), ""),
    "bounced": (gettext_noop("Returned by a mail server"), "bad"),
    "delayed": (gettext_noop("Not delivered yet"), "warn"),
    "taken": (gettext_noop("Taken charge of"), ""),
    "put_on_hold": (gettext_noop("Put on hold"), "warn"),
    "resumed": (gettext_noop("Resumed"), ""),
    "solved": (gettext_noop("Solved"), "ok"),
    "reopened": (gettext_noop("Reopened"), "warn"),
    "closed": (gettext_noop("Ticket closed"), ""),
    "dropped": (gettext_noop("Closed without solution"), "warn"),
    "assigned": (gettext_noop("Assigned"), ""),
    "prioritised": (gettext_noop("Priority changed"), ""),
    "converted": (gettext_noop("Type changed"), ""),
    "task_added": (gettext_noop("Task added"), ""),
    "task_done": (gettext_noop("Task done"), "ok"),
    "task_given_up": (gettext_noop("Task given up"), "warn"),
    "task_resumed": (gettext_noop("Task resumed"), ""),
}
for name, (text, tone) in WORDS.items():
    name_act(f"ticket.{name}", text, tone)

ASKS: dict[str, Any] = {
    "wait": forms.WaitForm,
    "solve": forms.SolveForm,
    "reopen": forms.ReasonForm,
    "drop": forms.ReasonForm,
}
ICONS = {
    "take": "hand-grab",
    "wait": "clock-pause",
    "resume": "player-play",
    "solve": "check",
    "reopen": "arrow-back-up",
    "close": "lock",
    "drop": "x",
}


def _step(one: Move) -> Act:
    """The act of a move on its own."""

    def act(ticket: Ticket, cleaned: dict[str, Any], actor: Actor) -> None:
        told = {n: cleaned[n] for n in ("waiting", "visit_at", "reason", "solution") if cleaned.get(n)}
        if one.name == "take":
            told["assignee"] = ticket.assignee or Account.objects.filter(pk=actor.account_id or 0).first()
        move(ticket, one.name, actor=actor, **told)

    return Act(
        one.name,
        one.label,
        ICONS[one.name],
        "ticket.move",
        act,
        ASKS.get(one.name),
        why_not=_refused(one),
        primary=one.name in {"take", "solve"},
        danger=one.name == "drop",
    )


def _refused(one: Move) -> Callable[[Ticket], str]:
    return lambda ticket: why_not(ticket, one)


def _assign(ticket: Ticket, cleaned: dict[str, Any], actor: Actor) -> None:
    assign(ticket, actor=actor, team=cleaned["team"], assignee=cleaned["assignee"], reason=cleaned["reason"])


def _prioritise(ticket: Ticket, cleaned: dict[str, Any], actor: Actor) -> None:
    override(ticket, cleaned["level"], actor=actor, because=cleaned["because"])


def _convert(ticket: Ticket, cleaned: dict[str, Any], actor: Actor) -> None:
    convert(ticket, cleaned["kind"], actor=actor)


def _answer(ticket: Ticket, cleaned: dict[str, Any], actor: Actor) -> None:
    answer(ticket, Words(cleaned["text"]), actor=actor)


def _note(ticket: Ticket, cleaned: dict[str, Any], actor: Actor) -> None:
    note(ticket, Words(cleaned["text"]), actor=actor)


ACTS = [
    *map(_step, MOVES.values()),
    Act("assign", gettext_lazy("Assign"), "user-plus", "ticket.assign", _assign, forms.AssignForm),
    Act("reply", gettext_lazy("Reply"), "send", "ticket.answer", _answer, forms.WriteForm),
    Act("note", gettext_lazy("Internal note"), "note", "ticket.note", _note, forms.WriteForm),
    Act(
        "prioritise",
        gettext_lazy("Change the priority"),
        "flag",
        "ticket.prioritise",
        _prioritise,
        forms.PriorityForm,
    ),
    Act(
        "take-original-sender",
        gettext_lazy("Original sender as requester"),
        "user-check",
        "ticket.change",
        lambda ticket, _cleaned, actor: take_original_sender(ticket, actor=actor) and None,
        why_not=no_original,
        primary=True,
    ),
    Act("convert", gettext_lazy("Change the type"), "transfer", "ticket.convert", _convert, forms.KindForm),
]
