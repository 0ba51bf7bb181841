"""How tickets look in lists, queues and pages: tones of states and priorities, the time left."""

from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from etabli.web.markup import Tone

from .states import State
from .tickets import Ticket

TONES: dict[str, Tone] = {
    State.NEW: "info",
    State.IN_PROGRESS: "accent",
    State.WAITING: "warn",
    State.SOLVED: "ok",
    State.CLOSED: "off",
}
PRIORITY_TONES: dict[int, Tone] = {1: "bad", 2: "bad", 3: "warn", 4: "", 5: "off"}


def urgency(ticket: Ticket) -> Tone:
    """Red once a deadline is passed, orange in its last hour."""
    if ticket.due_at is None:
        return ""
    seconds = (ticket.due_at - timezone.now()).total_seconds()
    return "bad" if seconds < 0 else "warn" if seconds < 3600 else ""


def left(due_at: datetime) -> str:
    """The time left on the wall clock, in one unit or two."""
    minutes = int((due_at - timezone.now()).total_seconds() // 60)
    if minutes < 0:
        return pgettext("deadline", "passed")
    hours, minutes = divmod(minutes, 60)
    if hours >= 48:
        return _("%(n)s d") % {"n": hours // 24}
    return f"{hours} h {minutes:02d}" if hours else f"{minutes} min"
