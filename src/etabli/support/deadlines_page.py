"""The deadlines of a ticket, and why they are what they are: a panel, a page, an operation of the API."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from ninja import Router
from pydantic import BaseModel

from etabli.kernel.actors import require
from etabli.kernel.calendars import Holiday
from etabli.kernel.screens import Panel, registry
from etabli.kernel.screens.api import PROBLEMS, answer, find
from etabli.kernel.screens.pages import the_object
from etabli.kernel.workingtime import NeverOpen, TooLong
from etabli.web import markup
from etabli.web.markup import Tone

from .clocks.counting import Pause
from .clocks.explaining import Line, duration
from .clocks.policies import Clock
from .clocks.readings import Reading
from .promises import Book, Deadline, readings_of
from .tickets import Ticket

SOON = timedelta(hours=1)
router = Router()


def deadlines_panel(ticket: Ticket, request: HttpRequest) -> Panel:
    """The next deadline, large; the others in a line each; the way to their explanation. One query."""
    now = timezone.now()
    rows = sorted(ticket.deadlines.all(), key=_urgent)
    running = [row for row in rows if row.stopped_at is None]
    first = next((row for row in running if row.due_at and row.clock != Clock.TEAM), None)
    context = {
        "next": _row(first, now) if first else None,
        "others": [_row(row, now) for row in rows if row is not first],
        "url": reverse("ticket-deadlines", args=[ticket.pk]),
    }
    return Panel(_("Deadlines"), template="support/_deadlines.html", context=context, side=True)


def _urgent(row: Deadline) -> tuple[bool, bool, datetime]:
    return row.stopped_at is not None, row.due_at is None, row.due_at or row.started_at


def _row(row: Deadline, now: datetime) -> dict[str, Any]:
    """A deadline as the panel shows it: what, when, how it stands."""
    tone, state = _standing(row, now)
    return {
        "what": title_of(row.clock, row.question, row.team),
        "due": _when(row.due_at) if row.due_at else "",
        "due_iso": row.due_at.isoformat() if row.due_at else "",
        "state": markup.state(state, tone),
    }


def _standing(row: Deadline, now: datetime) -> tuple[Tone, str]:
    """The tone and the words of a deadline: kept, missed, paused, late, soon or in time."""
    if row.stopped_at:
        return ("bad", _("done late")) if row.late else ("ok", _("kept"))
    if row.due_at is None:
        return "off", str(Pause(row.pause).label) if row.pause in Pause else _("paused")
    if row.due_at < now:
        return "bad", _("late by %(time)s") % {"time": _lasting(now - row.due_at)}
    left = _("%(time)s left") % {"time": _lasting(row.due_at - now)}
    return ("warn" if row.due_at - now < SOON else ""), left


def _lasting(amount: timedelta) -> str:
    """A time on the wall clock, in one unit or two."""
    minutes = int(amount.total_seconds() // 60)
    hours, minutes = divmod(minutes, 60)
    if hours >= 48:
        return _("%(n)s d") % {"n": hours // 24}
    return f"{hours}\u00a0h\u00a0{minutes:02d}" if hours else f"{minutes}\u00a0min"


def title_of(clock: str, question: int = 0, team: str = "") -> str:
    """What is promised, with the number of the question or the team."""
    label = str(Clock(clock).label)
    if team:
        return _("Time in the team %(team)s") % {"team": team}
    label = label[:1].upper() + label[1:]
    return f"{label} ({question})" if question > 1 else label


def _when(at: datetime) -> str:
    return date_format(timezone.localtime(at), "D j N, H:i")


@login_required
def deadlines_view(request: Any, pk: int) -> HttpResponse:
    """Each clock of a ticket, line by line."""
    screen = registry[Ticket]
    require(request.actor, "ticket.view")
    ticket: Ticket = the_object(request, screen, pk)
    context = {
        "title": _("Deadlines of %(ticket)s") % {"ticket": ticket.reference},
        "subtitle": ticket.title,
        "area": "support",
        "crumbs": [
            {"label": screen.title, "url": screen.list_url},
            {"label": ticket.reference, "url": screen.url(ticket)},
        ],
        "level": str(ticket.level) if ticket.level else "",
        "clocks": explained(ticket),
    }
    return TemplateResponse(request, "support/deadlines.html", context)


def explained(ticket: Ticket, *, now: datetime | None = None) -> list[dict[str, Any]]:
    """Each clock of a ticket with its lines. The number of queries does not depend on them."""
    now, book = now or timezone.now(), Book()
    readings = readings_of(ticket, book)
    names = _names(ticket, book)
    return [_explained(one, names, now) for one in readings]


def _names(ticket: Ticket, book: Book) -> dict[date, str]:
    """What the days closed are called in the calendar that serves the ticket."""
    level = book.level(str(ticket.level_id or ""))
    rows = Holiday.objects.filter(calendar=book.calendar(level, ticket), closed_from=None)
    return dict(rows.values_list("day", "name"))


def _explained(one: Reading, names: dict[date, str], now: datetime) -> dict[str, Any]:
    try:
        lines: Sequence[Line] = one.explanation(names=names)
        due, problem, late = one.due, "", one.late(now)
        used, left = one.used(now), one.left(now)
    except (NeverOpen, TooLong):
        lines, due, late, used, left = (), None, False, timedelta(0), one.target.amount
        problem = _("Its calendar has no opening hours: there is no deadline. Open it in the settings.")
    zone = ZoneInfo(one.target.hours.timezone)
    return {
        "what": title_of(one.clock, one.question, one.team),
        "clock": str(one.clock),
        "question": one.question,
        "team": one.team,
        "priority": one.priority,
        "amount": duration(one.target.amount),
        "minutes": int(one.target.amount.total_seconds() // 60),
        "started_at": one.started_at,
        "due_at": due,
        "due": date_format(due.astimezone(zone), "D j N Y, H:i") if due else "",
        "stopped_at": one.stopped_at,
        "used": duration(used),
        "left": duration(abs(left)),
        "late": late,
        "state": markup.state(*_spoken(one, due, late)),
        "lines": [str(line) for line in lines],
        "problem": problem,
    }


def _spoken(one: Reading, due: datetime | None, late: bool) -> tuple[str, str]:
    if one.stopped_at:
        return (_("done late"), "bad") if late else (_("kept"), "ok")
    if due is None:
        return _("paused"), "off"
    return (_("late"), "bad") if late else (_("in time"), "")


class Explained(BaseModel):
    """A clock of a ticket: the promise in minutes, the deadline if it is known, and the lines that lead to
    it in the language of the caller.
    """

    clock: str
    question: int
    team: str
    priority: int
    minutes: int
    started_at: datetime
    due_at: datetime | None
    stopped_at: datetime | None
    late: bool
    lines: list[str]
    problem: str


def read_deadlines(request: Any, key: int) -> HttpResponse:
    """Every clock of a ticket, explained line by line."""
    screen = registry[Ticket]
    require(request.actor, "ticket.view")
    ticket = find(screen, request, key)
    told = [{name: one[name] for name in Explained.model_fields} for one in explained(ticket)]
    return answer(told)


router.add_api_operation(
    "/{int:key}/deadlines",
    ["GET"],
    read_deadlines,
    response={200: list[Explained], **PROBLEMS},
    operation_id="deadlines_get",
    summary="Deadlines of a ticket, explained",
)
urls = [path("tickets/<int:pk>/deadlines/", deadlines_view, name="ticket-deadlines")]
