"""What inventories say on "My day": machines that wait for an answer, documents that could not be read, the first steps."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _

from etabli.kernel.actors import Actor, can
from etabli.kernel.screens import Figure, Panel, registry
from etabli.web.day import add_figures, add_panels, add_steps

from .models import Agent, Document, Enrolment

SHOWN = 5
LATELY = timedelta(days=7)


@add_figures
def figures(actor: Actor) -> Iterable[Figure]:
    """Documents waiting for a person, and those refused this week: one query, served by ``document_to_look_at``."""
    if not can(actor, "document.view"):
        return []
    lately = Q(decision="refused", received_at__gt=timezone.now() - LATELY)
    rows = registry[Document].rows(actor).filter(decision__in=["suggested", "refused"])
    counts = rows.aggregate(waiting=Count("pk", filter=Q(decision="suggested")), failed=Count("pk", filter=lately))
    url = reverse("document-list")
    return [
        Figure(_("To confirm"), counts["waiting"], f"{url}?decision=suggested", "warn" if counts["waiting"] else "", _("is it this machine?")),
        Figure(_("Refused inventories"), counts["failed"], f"{url}?decision=refused", "warn" if counts["failed"] else "", _("within 7 days")),
    ]


@add_panels
def panels(actor: Actor) -> Iterable[Panel]:
    """The machines that somebody has to recognise."""
    if not can(actor, "document.view"):
        return []
    waiting = registry[Document].rows(actor).filter(decision="suggested").select_related("asset").order_by("-id")[:SHOWN]
    rows = [(_linked(document), document.reason) for document in waiting]
    return [Panel(_("Is it this machine?"), rows=rows)] if rows else []


def _linked(document: Document) -> str:
    return format_html('<a href="{}">{}</a>', reverse("document-detail", args=[document.pk]), document.asset or document.source)


@add_steps
def steps(actor: Actor) -> Iterable[dict[str, Any]]:
    """From nothing to the first machine in the fleet. Those of the sample companies do not count."""
    own = Q(organisation__demo=False)
    key = Enrolment.objects.filter(own, revoked_at=None).order_by("pk").first()
    url = reverse("enrolment-detail", args=[key.pk]) if key else reverse("enrolment-add")
    return [
        {"title": _("Create an enrolment key"), "text": _("It gives the line to paste on your machines."), "url": reverse("enrolment-add"),
         "done": key is not None, "minutes": 1},
        {"title": _("See a first machine arrive"), "text": _("Paste the line on one of them; it appears here within a minute."), "url": url,
         "done": Agent.objects.filter(own, asset__isnull=False).exists(), "minutes": 3},
    ]  # fmt: skip
