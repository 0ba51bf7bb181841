"""What working on tickets says on "My day": one's tasks, what one is asked to approve."""

from collections.abc import Iterable
from typing import Any

from django.db.models import F
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _

from etabli.kernel.actors import Actor, can
from etabli.kernel.screens import Panel, registry
from etabli.kernel.screens.columns import link_to, show
from etabli.web import markup
from etabli.web.day import add_panels

from .approving import mine
from .tasks import Task

SHOWN = 6


@add_panels
def panels(actor: Actor) -> Iterable[Panel]:
    """Two short lists, one query each; those that would be empty are left out."""
    return [panel for panel in (_tasks(actor), _approvals(actor)) if panel is not None]


def _tasks(actor: Actor) -> Panel | None:
    if actor.account_id is None or not can(actor, "task.view"):
        return None
    rows = registry[Task].rows(actor).filter(assignee=actor.account_id, done_at=None).select_related("ticket")
    now = timezone.now()
    found: list[tuple[Any, Any]] = [
        (
            link_to(one),
            markup.joined([
                one.ticket.reference,
                markup.tinted(show(one.due_at), "bad" if one.due_at < now else "") if one.due_at else "",
            ]),
        )
        for one in rows.order_by(F("due_at").asc(nulls_last=True), "id")[:SHOWN]
    ]  # fmt: skip
    if not found:
        return None
    query = f"?is=open&assignee={actor.account_id}"
    see_all = format_html('<a href="{}{}">{}</a>', reverse("task-list"), query, _("See all"))
    return Panel(_("My tasks"), rows=[*found, ("", see_all)])


def _approvals(actor: Actor) -> Panel | None:
    if actor.account_id is None:
        return None
    rows: list[tuple[Any, Any]] = [
        (str(one.ticket), one.question) for one in mine(actor.account_id).select_related("ticket")[:SHOWN]
    ]
    if not rows:
        return None
    decide = format_html('<a href="{}">{}</a>', reverse("my-approvals"), _("Decide"))
    return Panel(_("My approvals"), rows=[*rows, ("", decide)], side=True)
