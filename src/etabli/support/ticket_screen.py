"""What people see of tickets: their list, their page, their form."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from etabli.assets.models import Asset
from etabli.kernel.actors import Actor, can
from etabli.kernel.screens import Column, Filter, Panel, Screen, register
from etabli.kernel.screens.columns import show
from etabli.kernel.screens.filters import named
from etabli.kernel.text import Plain
from etabli.web import markup

from . import (
    deadlines_page,
    desk_pages,
    promise_acts,
    searching,
    sharing,
    survey_pages,
    ticket_page,
    ticket_panels,
    work_pages,
)
from .deadaddresses import dead
from .levels import follow_service
from .looks import PRIORITY_TONES, TONES, left, urgency
from .opening import open_ticket
from .prioritising import weigh
from .promises import level_of
from .sharing import shared
from .states import State
from .ticket_acts import ACTS
from .ticket_forms import TicketForm
from .tickets import OPEN, PREFIX, Ticket, TicketAsset


def title_cell(ticket: Ticket) -> str:
    return markup.titled(ticket.title, f"{ticket.reference} · {ticket.caller}")


def due_cell(ticket: Ticket) -> str:
    """How long is left before the next deadline, or that it is passed."""
    return markup.NOTHING if ticket.due_at is None else markup.tinted(left(ticket.due_at), urgency(ticket))


def about_asset(values: list[str]) -> Q:
    """The tickets about one of these assets (ids)."""
    keys = [int(value) for value in values if value.isdecimal() and len(value) < 19]
    return Q(pk__in=TicketAsset.objects.filter(asset__in=keys).values("ticket"))


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
        Filter(
            "asset",
            gettext_lazy("Asset"),
            about_asset,
            kind="pick",
            picks=Asset,
        ),
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
    acts = [*ACTS, *promise_acts.ACTS]
    deletes = False
    watched = True
    noted = False
    template = "support/ticket.html"

    def rows(self, actor: Actor, act: str = "view") -> QuerySet[Any]:
        """Those of the organisations, as far as the role of the actor sees."""
        found: QuerySet[Any] = shared(super().rows(actor, act), actor)
        return found

    def holding(self, rows: QuerySet[Any], wanted: Sequence[str], actor: Actor) -> QuerySet[Any]:
        """The desk's own search, in what was said too; whoever may not read notes finds none by them."""
        words = " ".join(wanted).replace("\\", "")
        return searching.ranked(rows, words, notes=can(actor, "ticket.read_notes"))

    def ordered(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """What was searched comes the best first."""
        return rows.order_by("found") if "found" in rows.query.annotations else super().ordered(rows)

    def seen(self, actor: Actor, keys: Sequence[int]) -> set[int]:
        return sharing.seen(actor, keys)

    def told(self, actor: Actor, obj: Ticket) -> bool:
        """The history quotes internal notes."""
        return can(actor, "ticket.read_notes", obj)

    @transaction.atomic
    def save(self, form: Any, actor: Actor, *, batch: Any = None) -> Ticket:
        """A new ticket is opened; what changed of another may change its priority."""
        if form.instance.pk is None:
            return open_ticket(form.request(), organisation=form.organisation_id, actor=actor)
        before = Ticket.objects.select_related("service__level").get(pk=form.instance.pk)
        usual = before.level_id == getattr(level_of(before), "pk", None)
        saved: Ticket = super().save(form, actor, batch=batch)
        weigh(saved, actor=actor)
        return follow_service(saved, actor) if usual and before.service_id != saved.service_id else saved

    def search_text(self, obj: Ticket) -> tuple[str, str, str]:
        title, subtitle, text = super().search_text(obj)
        return title, subtitle, f"{text} {PREFIX}{obj.pk} {obj.pk}"

    def subtitle(self, obj: Ticket) -> str:
        return f"{obj.reference} · {obj.caller}"

    def heading(self, obj: Ticket) -> dict[str, Any]:
        label = obj.get_state_display()
        if obj.state == State.WAITING:
            label = _("waits for %(whom)s") % {"whom": obj.get_waiting_display()}
        alerts = [
            {"tone": "bad", "text": _("%(address)s does not receive: %(why)s") % {"address": one, "why": why}}
            for one, why in dead(obj.organisation_id, [obj.caller_email]).items()
        ]
        return {"state": {"label": label, "tone": TONES[obj.state]}, "title": obj.title, "alerts": alerts}

    def panels(self, obj: Ticket, request: HttpRequest) -> list[Panel]:
        """The conversation has the width; what the ticket is stands beside it."""
        return ticket_panels.panels(obj, request)

    def context(self, obj: Ticket, request: HttpRequest) -> dict[str, Any]:
        """The conversation, and the first line of the page: priority and what is due."""
        return {
            **ticket_page.context(obj, request),
            "priority": markup.badge(f"P{obj.priority}", PRIORITY_TONES[obj.priority]),
            "queue": request.GET.get("queue", ""),
            "due": {"text": left(obj.due_at), "tone": urgency(obj), "what": obj.get_due_clock_display()}
            if obj.due_at
            else None,
        }

    def list_actions(self, actor: Actor) -> list[dict[str, Any]]:
        if not can(actor, "ticket.move"):
            return []
        url = reverse("desk-next")
        return [{"label": _("Take the next one"), "url": url, "icon": "hand-grab", "method": "post"}]

    def more_urls(self) -> list[Any]:
        return [
            *desk_pages.URLS,
            *ticket_page.URLS,
            *work_pages.urls,
            *survey_pages.urls,
            *deadlines_page.urls,
        ]
