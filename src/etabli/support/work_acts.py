"""The acts of working on tickets, as the page, the list and the API offer them; each calls its verb."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, pgettext_lazy

from etabli.kernel.actors import Actor
from etabli.kernel.events import publish
from etabli.kernel.kept import kept
from etabli.kernel.screens import Act
from etabli.kernel.screens.columns import label_of
from etabli.kernel.screens.history import name_act
from etabli.kernel.screens.previewing import SHOWN, Preview

from . import work_forms as forms
from .approving import ask_approval
from .linking import Told, answer_children, children_of, link, solve_children
from .macros import Foreseen, foresee, run_macro
from .merging import merge, refusal
from .states import OVER, State
from .task_lists import add_tasks
from .tickets import OPEN, Ticket
from .timing import log_time, start_timer

WORDS = {
    "linked": (gettext_noop("Linked"), ""),
    "unlinked": (gettext_noop("Link removed"), ""),
    "merged": (gettext_noop("Tickets merged here"), ""),
    "merged_into": (gettext_noop("Merged into another ticket"), "warn"),
    "unmerged": (gettext_noop("Merge undone"), ""),
    "split": (gettext_noop("Message made a ticket of its own"), ""),
    "unsplit": (gettext_noop("Split undone"), ""),
    "task_given": (gettext_noop("Task given"), ""),
    "tasks_added": (gettext_noop("Task list added"), ""),
    "macro_run": (gettext_noop("Macro run"), ""),
    "rule_fired": (gettext_noop("A rule fired"), ""),
    "approval_asked": (gettext_noop("Approval asked"), ""),
    "approved": (gettext_noop("Approved"), "ok"),
    "approval_refused": (gettext_noop("Approval refused"), "bad"),
    "approval_withdrawn": (gettext_noop("Approval no longer asked"), ""),
    "children_answered": (gettext_noop("Children answered"), ""),
    "children_solved": (gettext_noop("Children solved"), "ok"),
}
for name, (text, tone) in WORDS.items():
    name_act(f"ticket.{name}", text, tone)


def open_children(ticket: Ticket) -> int:
    return children_of(ticket).filter(OPEN).count()


def _no_child(ticket: Ticket) -> str:
    return "" if kept(ticket, open_children) else _("It has no open child.")


def _over(ticket: Ticket) -> str:
    if ticket.state in OVER:
        return _("It is %(state)s: reopen it first.") % {"state": ticket.get_state_display()}
    return ""


def _merged(ticket: Ticket) -> str:
    return _("It is already part of another ticket.") if ticket.merged_into_id else ""


def _closed(ticket: Ticket) -> str:
    return _("It is closed, for good.") if ticket.state == State.CLOSED else ""


def _link(ticket: Ticket, cleaned: dict[str, Any], actor: Actor) -> None:
    other = cleaned.get("other") or forms.ticket_of(cleaned["number"], ticket.organisation_id)
    link(ticket, cleaned["relation"], other, actor=actor)


def _merge(ticket: Ticket, cleaned: dict[str, Any], actor: Actor) -> None:
    if ticket.pk != cleaned["kept"].pk:  # among those ticked, the one that is kept
        merge(cleaned["kept"], [ticket], actor=actor)


def _tasks(ticket: Ticket, cleaned: dict[str, Any], actor: Actor) -> None:
    add_tasks(ticket, cleaned["tasks"], actor=actor)


def _macro(ticket: Ticket, cleaned: dict[str, Any], actor: Actor) -> None:
    run_macro(ticket, cleaned["macro"], actor=actor)


def _time(ticket: Ticket, cleaned: dict[str, Any], actor: Actor) -> None:
    given = {name: cleaned[name] for name in ("travel_minutes", "distance_km", "remark") if cleaned.get(name)}
    log_time(ticket, cleaned["minutes"], actor=actor, work_type=cleaned.get("work_type"), **given)


def _timer(ticket: Ticket, cleaned: dict[str, Any], actor: Actor) -> None:
    start_timer(ticket, actor=actor)


def _approval(ticket: Ticket, cleaned: dict[str, Any], actor: Actor) -> None:
    asked = [*cleaned["people"], *([cleaned["account"]] if cleaned.get("account") else [])]
    ask_approval(ticket, asked, actor=actor, question=cleaned["question"], waits=cleaned["waits"])


def _answer_children(ticket: Ticket, cleaned: dict[str, Any], actor: Actor) -> None:
    _tell(ticket, answer_children(ticket, cleaned["text"], actor=actor), "children_answered", actor)


def _solve_children(ticket: Ticket, cleaned: dict[str, Any], actor: Actor) -> None:
    _tell(ticket, solve_children(ticket, cleaned["text"], actor=actor), "children_solved", actor)


def _tell(ticket: Ticket, told: Told, verb: str, actor: Actor) -> None:
    """What was done is in the parent's history, with those that refused; when all refuse, nothing is."""
    if not told.done:
        raise ValidationError(told.problems or [_("It has no open child.")])
    done = ", ".join(one.reference for one in told.done)
    text = " · ".join([done, *told.problems])
    publish(ticket, f"ticket.{verb}", actor=actor, extra={"text": text[:1000]})


def preview_macro(rows: Any, cleaned: dict[str, Any]) -> Preview:
    """What a macro would change on each ticket, rehearsed on the first ones."""
    total = rows.count()
    shown = foresee(rows.select_related("requester", "team", "assignee")[:SHOWN], cleaned["macro"],
                    actor=cleaned["actor"])  # fmt: skip
    changes = [(one.ticket, "", _foreseen(one)) for one in shown]
    return Preview(str(cleaned["macro"]), total, 0, changes)


def preview_merge(rows: Any, cleaned: dict[str, Any]) -> Preview:
    """Which tickets become part of the one that is kept, and which refuse."""
    target = cleaned["kept"]
    into = _("part of %(ticket)s") % {"ticket": target.reference}
    others = [one for one in rows[: SHOWN + 1] if one.pk != target.pk]
    changes = [(one, str(one.get_state_display()), refusal(target, one) or into) for one in others[:SHOWN]]
    return Preview(str(target), rows.exclude(pk=target.pk).count(), 0, changes)


def _foreseen(one: Foreseen) -> str:
    if one.problem:
        return _("refused: %(why)s") % {"why": one.problem}
    from etabli.kernel.screens import registry

    screen = registry.get(Ticket)
    parts = [f"{label_of(screen, name)} : {_word(name, pair[1])}" for name, pair in one.changes.items()]
    return " · ".join([*parts, *one.added]) or _("nothing changes")


def _word(name: str, value: Any) -> str:
    if isinstance(value, dict):
        return str(value.get("text", ""))
    field: Any = Ticket._meta.get_field(name)
    return str(dict(field.flatchoices).get(value, "—" if value in (None, "") else value))


MOVES = gettext_lazy("Messages, tasks, time and files move to the ticket that is kept; it can be undone.")
WORK = [
    Act("macro", pgettext_lazy("service desk", "Macro"), "player-play", "ticket.macro", _macro,
        forms.MacroForm, preview=preview_macro),
    Act("link", gettext_lazy("Link to another ticket"), "link", "ticket.link", _link, forms.LinkForm,
        many=False),
    Act("merge", gettext_lazy("Merge"), "git-branch", "ticket.merge", _merge, forms.MergeForm,
        why_not=_merged, text=MOVES, preview=preview_merge),
    Act("tasks", gettext_lazy("Add a task list"), "checklist", "ticket.task", _tasks, forms.ListForm,
        why_not=_over),
    Act("time", gettext_lazy("Log time"), "clock", "timeentry.add", _time, forms.TimeForm),
    Act("timer", gettext_lazy("Start my timer"), "player-play", "timeentry.add", _timer, why_not=_closed,
        many=False),
    Act("approval", gettext_lazy("Ask for an approval"), "user-check", "ticket.approval", _approval,
        forms.ApprovalForm, why_not=_over, many=False),
    Act("answer_children", gettext_lazy("Answer the children"), "send", "ticket.answer", _answer_children,
        forms.TextForm, why_not=_no_child, many=False),
    Act("solve_children", gettext_lazy("Solve the children"), "checks", "ticket.move", _solve_children,
        forms.TextForm, why_not=_no_child, many=False),
]  # fmt: skip
