"""The page where an agent works: a queue on one side, its tickets one after another."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from etabli.kernel.actors import can, require
from etabli.kernel.screens.history import short_time

from .calling import callers
from .desk import BY_KEY, QUEUES, Line, counts, lines
from .handing import take_next
from .looks import PRIORITY_TONES, left, urgency


@login_required
def desk_page(request: Any) -> HttpResponse:
    """A queue and the way to the next ticket."""
    require(request.actor, "ticket.view")
    context = _queue(request) | {
        "title": _("Service desk"),
        "area": "support",
        "may_take": can(request.actor, "ticket.move"),
        "add_url": reverse("ticket-add") if can(request.actor, "ticket.add") else "",
    }
    return TemplateResponse(request, "support/desk.html", context)


@login_required
def queue_page(request: Any) -> HttpResponse:
    """The queue alone, for the page of a ticket."""
    require(request.actor, "ticket.view")
    return TemplateResponse(request, "support/_queue.html", _queue(request))


def _queue(request: Any) -> dict[str, Any]:
    chosen = request.GET.get("queue", "")
    chosen = chosen if chosen in BY_KEY else QUEUES[0].key
    current, found = request.GET.get("ticket", ""), counts(request.actor)
    return {
        "queues": [
            {
                "label": one.label,
                "url": f"{reverse('desk')}?queue={one.key}",
                "count": found.get(one.key),
                "current": one.key == chosen,
            }
            for one in QUEUES
        ],
        "queue": BY_KEY[chosen],
        "lines": [_line(one, chosen, current) for one in lines(request.actor, chosen)],
    }


def _line(one: Line, queue: str, current: str) -> dict[str, Any]:
    ticket = one.ticket
    return {
        "ticket": ticket,
        "said": one.said,
        "when": short_time(ticket.active_at),
        "url": f"{reverse('ticket-detail', args=[ticket.pk])}?queue={queue}",
        "current": str(ticket.pk) == current,
        "tone": PRIORITY_TONES[ticket.priority],
        "due": left(ticket.due_at) if ticket.due_at else "",
        "due_tone": urgency(ticket),
    }


@login_required
def caller_page(request: Any) -> HttpResponse:
    """Who is calling: found by a number, an address, a login, a machine or a name, then one press away."""
    require(request.actor, "ticket.add")
    text = request.GET.get("q", "")[:80]
    context = {
        "title": _("Who is calling?"),
        "area": "support",
        "q": text,
        "found": callers(text, request.actor),
        "crumbs": [{"label": _("Service desk"), "url": reverse("desk")}],
    }
    template = "support/_callers.html" if request.htmx else "support/callers.html"
    return TemplateResponse(request, template, context)


@login_required
@require_POST
def next_page(request: Any) -> HttpResponse:
    """Take charge of the next ticket of one's queue."""
    require(request.actor, "ticket.move")
    try:
        found = take_next(actor=request.actor)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("desk")
    if found is None:
        messages.info(request, _("Nothing waits for you: every ticket has somebody."))
        return redirect("desk")
    return redirect(f"{reverse('ticket-detail', args=[found.pk])}?queue=mine")


URLS = [
    path("desk/", desk_page, name="desk"),
    path("desk/queue/", queue_page, name="desk-queue"),
    path("desk/caller/", caller_page, name="desk-caller"),
    path("desk/next/", next_page, name="desk-next"),
]
