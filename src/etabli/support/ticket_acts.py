"""The acts of a ticket, as its page, its list and the API offer them; each calls the verb it names."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy, gettext_noop

from etabli.kernel.accounts import Account
from etabli.kernel.actors import Actor
from etabli.kernel.screens import Act
from etabli.kernel.screens.history import name_act

from . import ticket_forms as forms
from .handing import assign
from .identifying import identify, introduce
from .kinds import convert
from .linking import solve_children
from .moving import move, why_not
from .opening import Words
from .originals import no_original, take_original_sender
from .prioritising import override
from .states import MOVES, Move
from .talking import answer, note
from .tickets import Ticket
from .watcher_acts import WATCHER_ACTS
from .work_acts import WORK

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
    "identified": (gettext_noop("Requester identified"), "ok"),
    "left": (gettext_noop("Moved to another organisation"), ""),
    "converted": (gettext_noop("Type changed"), ""),
    "task_added": (gettext_noop("Task added"), ""),
    "task_done": (gettext_noop("Task done"), "ok"),
    "task_given_up": (gettext_noop("Task given up"), "warn"),
    "task_resumed": (gettext_noop("Task resumed"), ""),
    "taken_back": (gettext_noop("Answer taken back"), "warn"),
    "mail_rescheduled": (gettext_noop("Mail put off until"), ""),
    "mail_resent": (gettext_noop("Mail sent again"), ""),
    "mail_given_up": (gettext_noop("Mail given up"), "warn"),
    "mail_failed": (gettext_noop("A mail could not leave"), "bad"),
    "mail_returned": (gettext_noop("A mail came back"), "bad"),
    "reminded": (gettext_noop("User reminded"), ""),
    "survey_asked": (gettext_noop("Opinion asked"), ""),
    "rated": (gettext_noop("Opinion given"), ""),
    "followed": (gettext_noop("Followed"), ""),
    "unfollowed": (gettext_noop("No longer followed"), ""),
    "copied": (gettext_noop("Added in copy"), ""),
    "uncopied": (gettext_noop("Removed from those who follow it"), ""),
}
for name, (text, tone) in WORDS.items():
    name_act(f"ticket.{name}", text, tone)

ASKS: dict[str, Any] = {
    "wait": forms.WaitForm,
    "solve": forms.SolveForm,
    "reopen": forms.ReasonForm,
    "drop": forms.ReasonForm,
}
KEYS = {"take": "t", "wait": "w", "solve": "e"}
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
        if cleaned.get("children"):
            refused = solve_children(ticket, cleaned["solution"], actor=actor).problems
            if refused:  # all or none: the parent is not solved either
                raise ValidationError(refused)

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
        key=KEYS.get(one.name, ""),
    )


def _refused(one: Move) -> Callable[[Ticket], str]:
    return lambda ticket: why_not(ticket, one)


def _assign(ticket: Ticket, cleaned: dict[str, Any], actor: Actor) -> None:
    given = cleaned["given"]
    assign(
        ticket,
        actor=actor,
        team=cleaned["team"] if "team" in given else ticket.team,
        assignee=cleaned["assignee"] if "assignee" in given else ticket.assignee,
        reason=cleaned["reason"],
    )


def _prioritise(ticket: Ticket, cleaned: dict[str, Any], actor: Actor) -> None:
    override(ticket, cleaned["level"], actor=actor, because=cleaned["because"])


def _convert(ticket: Ticket, cleaned: dict[str, Any], actor: Actor) -> None:
    convert(ticket, cleaned["kind"], actor=actor)


def _identify(ticket: Ticket, cleaned: dict[str, Any], actor: Actor) -> None:
    if cleaned["person"]:
        identify(ticket, cleaned["person"], actor=actor)
    else:
        introduce(ticket, cleaned["name"], actor=actor)


def _answer(ticket: Ticket, cleaned: dict[str, Any], actor: Actor) -> None:
    answer(ticket, Words(cleaned["text"]), actor=actor)


def _note(ticket: Ticket, cleaned: dict[str, Any], actor: Actor) -> None:
    note(ticket, Words(cleaned["text"]), actor=actor)


ACTS = [
    *map(_step, MOVES.values()),
    Act("assign", gettext_lazy("Assign"), "user-plus", "ticket.assign", _assign, forms.AssignForm, key="a"),
    Act("reply", gettext_lazy("Reply"), "send", "ticket.answer", _answer, forms.WriteForm, shown=False),
    Act("note", gettext_lazy("Internal note"), "note", "ticket.note", _note, forms.WriteForm, shown=False),
    Act(
        "prioritise",
        gettext_lazy("Change the priority"),
        "flag",
        "ticket.prioritise",
        _prioritise,
        forms.PriorityForm,
        key="p",
    ),
    Act(
        "identify",
        gettext_lazy("Say who asks"),
        "user-search",
        "ticket.change",
        _identify,
        forms.IdentifyForm,
        text=gettext_lazy("The ticket goes to the organisation of this person."),
        crosses=True,
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
    *WORK,
    *WATCHER_ACTS,
]
