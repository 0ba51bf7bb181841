"""What people see of the desk's tickets and of what sorts them."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from etabli.kernel.actors import Actor
from etabli.kernel.screens import Column, Filter, Panel, Screen, register
from etabli.kernel.screens.columns import show
from etabli.kernel.screens.filters import named
from etabli.kernel.text import Plain
from etabli.web import markup
from etabli.web.markup import Tone

from . import mailbox_screens  # noqa: F401 - declares its own
from .deadaddresses import dead
from .opening import open_ticket
from .prioritising import weigh
from .states import State
from .ticket_acts import ACTS
from .ticket_forms import TicketForm
from .tickets import OPEN, PREFIX, Category, Service, Ticket

TONES: dict[str, Tone] = {
    State.NEW: "info",
    State.IN_PROGRESS: "accent",
    State.WAITING: "warn",
    State.SOLVED: "ok",
    State.CLOSED: "off",
}
PRIORITY_TONES: dict[int, Tone] = {1: "bad", 2: "bad", 3: "warn", 4: "", 5: "off"}


def title_cell(ticket: Ticket) -> str:
    return markup.titled(ticket.title, f"{ticket.reference} · {ticket.caller}")


def due_cell(ticket: Ticket) -> str:
    """How long is left before the next deadline, or that it is passed."""
    return markup.NOTHING if ticket.due_at is None else markup.tinted(left(ticket.due_at), urgency(ticket))


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
        return _("passed")
    hours, minutes = divmod(minutes, 60)
    if hours >= 48:
        return _("%(n)s d") % {"n": hours // 24}
    return f"{hours} h {minutes:02d}" if hours else f"{minutes} min"


@register
class TicketScreen(Screen):
    """Incidents, requests, problems and changes."""

    about = gettext_lazy("What people ask for: incidents, requests, problems, changes.")
    model = Ticket
    area, icon = "support", "ticket"
    columns = [
        Column(
            "title",
            gettext_lazy("Subject"),
            title_cell,
            sort=(Plain("title"),),
            related=("requester",),
            value=lambda t: t.title,
        ),
        Column(
            "priority",
            gettext_lazy("Priority"),
            lambda t: markup.badge(f"P{t.priority}", PRIORITY_TONES[t.priority]),
            sort=("priority",),
            value=lambda t: t.priority,
        ),
        Column(
            "state",
            gettext_lazy("State"),
            lambda t: markup.state(t.get_state_display(), TONES[t.state]),
            sort=("state",),
            value=lambda t: str(t.get_state_display()),
        ),
        Column(
            "due_at",
            gettext_lazy("Due in"),
            due_cell,
            sort=(F("due_at").asc(nulls_last=True),),
            css="num",
            value=lambda t: t.due_at,
        ),
        Column(
            "assignee",
            gettext_lazy("Assigned to"),
            lambda t: show(str(t.assignee)) if t.assignee_id else show(str(t.team) if t.team else None),
            related=("assignee", "team"),
            css="m",
            value=lambda t: str(t.assignee or ""),
        ),
        Column(
            "category",
            gettext_lazy("Category"),
            lambda t: show(str(t.category) if t.category else None),
            related=("category__parent",),
            css="m",
            value=lambda t: str(t.category or ""),
        ),
        Column(
            "active_at",
            gettext_lazy("Last activity"),
            lambda t: markup.ago(t.active_at, timezone.now()),
            sort=(F("active_at").desc(),),
            css="m p-hide",
            value=lambda t: t.active_at,
        ),
    ]
    filters = [
        Filter(
            "is",
            gettext_lazy("Which"),
            named(
                open=lambda: OPEN,
                over=lambda: ~OPEN,
                free=lambda: OPEN & Q(assignee=None),
                late=lambda: OPEN & Q(due_at__lt=timezone.now()),
                owed=lambda: OPEN & Q(owed=True),
            ),
            lambda: [
                ("open", _("open")),
                ("over", _("solved or closed")),
                ("free", _("nobody has it")),
                ("late", _("a deadline is passed")),
                ("owed", _("an answer is awaited")),
            ],
        ),
        "state",
        "priority",
        "kind",
        "team",
        "assignee",
        "category",
        "service",
        "requester",
        "opened_at",
    ]
    search = ["requester__name", "contact_name", "contact_email"]
    fields = [
        "title", "kind", "channel", "requester", "contact_name", "contact_email", "contact_phone",
        "category", "service", "impact", "urgency",
    ]  # fmt: skip
    sections = [
        (gettext_lazy("Unknown caller"), ["contact_name", "contact_email", "contact_phone"]),
        (gettext_lazy("Sorting"), ["category", "service", "impact", "urgency"]),
    ]
    order = (F("active_at").desc(), F("id").desc())
    identity = ("title",)
    related = ["requester", "team", "assignee", "category__parent", "service"]
    form = TicketForm
    acts = ACTS
    deletes = False

    @transaction.atomic
    def save(self, form: Any, actor: Actor, *, batch: Any = None) -> Ticket:
        """A new ticket is opened; what changed of another may change its priority."""
        if form.instance.pk is None:
            return open_ticket(form.request(), organisation=form.organisation_id, actor=actor)
        saved: Ticket = super().save(form, actor, batch=batch)
        weigh(saved, actor=actor)
        return saved

    def search_text(self, obj: Ticket) -> tuple[str, str, str]:
        title, subtitle, text = super().search_text(obj)
        return title, subtitle, f"{text} {PREFIX}{obj.pk} {obj.pk}"

    def subtitle(self, obj: Ticket) -> str:
        return obj.caller

    def heading(self, obj: Ticket) -> dict[str, Any]:
        told = [
            {"tone": "bad", "text": _("%(address)s does not receive: %(why)s") % {"address": one, "why": why}}
            for one, why in dead(obj.organisation_id, [obj.caller_email]).items()
        ]
        return {"state": {"label": obj.get_state_display(), "tone": TONES[obj.state]}, "alerts": told}

    def panels(self, obj: Ticket, request: HttpRequest) -> list[Panel]:
        return [Panel(self.singular, rows=self.facts(obj, self.form_fields), side=True)]


@register
class CategoryScreen(Screen):
    about = gettext_lazy("What requests are about, on two levels; each has the team that receives them.")
    model = Category
    icon = "folders"
    columns = ["name", "parent", "team", "archived"]
    filters = ["parent", "team", "archived"]
    fields = ["name", "parent", "team", "archived"]


@register
class ServiceScreen(Screen):
    about = gettext_lazy("What people use: messaging, the network of a site, the payroll.")
    model = Service
    area, icon = "support", "apps"
    columns = ["name", "criticality", "team", "level"]
    filters = ["criticality", "team"]
    fields = ["name", "criticality", "team", "level", "description"]
