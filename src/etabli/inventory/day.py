"""What inventories say on "My day": machines that wait for an answer, documents that could not be read, the
first steps.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _

from etabli.kernel import preferences
from etabli.kernel.actors import Actor, can
from etabli.kernel.organisations import Organisation
from etabli.kernel.screens import Figure, Panel, registry
from etabli.people.models import Person
from etabli.web.day import add_figures, add_panels, add_steps

from .models import Agent, Document, Enrolment

SHOWN = 5
LATELY = timedelta(days=7)


@add_figures
def figures(actor: Actor) -> Iterable[Figure]:
    """Documents waiting for a person, and those refused this week: one query, served by
    ``document_to_look_at``.
    """
    if not can(actor, "document.view"):
        return []
    lately = Q(decision="refused", received_at__gt=timezone.now() - LATELY)
    rows = registry[Document].rows(actor).filter(decision__in=["suggested", "refused"])
    counts = rows.aggregate(
        waiting=Count("pk", filter=Q(decision="suggested")), failed=Count("pk", filter=lately)
    )
    url = reverse("document-list")
    return [
        Figure(
            _("To confirm"),
            counts["waiting"],
            f"{url}?decision=suggested",
            "warn" if counts["waiting"] else "",
            _("is it this machine?"),
        ),
        Figure(
            _("Refused inventories"),
            counts["failed"],
            f"{url}?decision=refused",
            "warn" if counts["failed"] else "",
            _("within 7 days"),
        ),
    ]


@add_panels
def panels(actor: Actor) -> Iterable[Panel]:
    """The machines that somebody has to recognise."""
    if not can(actor, "document.view"):
        return []
    waiting = (
        registry[Document]
        .rows(actor)
        .filter(decision="suggested")
        .select_related("asset")
        .order_by("-id")[:SHOWN]
    )
    rows = [(_linked(document), document.reason) for document in waiting]
    return [Panel(_("Is it this machine?"), rows=rows)] if rows else []


def _linked(document: Document) -> str:
    return format_html(
        '<a href="{}">{}</a>',
        reverse("document-detail", args=[document.pk]),
        document.asset or document.source,
    )


@add_steps
def steps(actor: Actor) -> Iterable[dict[str, Any]]:
    """The first days, in the order that shows something soonest. The samples' machines and people do not
    count.
    """
    own = Q(organisation__demo=False)
    key = Enrolment.objects.filter(own, revoked_at=None).order_by("pk").first()
    paste = reverse("enrolment-detail", args=[key.pk]) if key else reverse("enrolment-add")
    yield _step(
        _("Create an enrolment key"),
        _("It gives the line to paste on your machines."),
        reverse("enrolment-add"),
        key,
        1,
    )
    seen = Agent.objects.filter(own, asset__isnull=False).exists()
    yield _step(
        _("See a first machine arrive"),
        _("Paste the line on one of them; it appears here within a minute."),
        paste,
        seen,
        3,
    )
    people = Person.objects.filter(own).order_by()[1:2].exists()
    text = _("From a spreadsheet: name, e-mail, department, site.")
    yield _step(_("Import the people"), text, reverse("person-import"), people, 3)
    text = _("A server and a test message: invitations and alerts need it.")
    yield _step(_("Set up outgoing mail"), text, reverse("settings"), preferences.get("mail.host"), 2)
    if Organisation.objects.filter(demo=True).exists():
        text = _("When you have looked around; your own data is not touched.")
        yield _step(_("Remove the sample companies"), text, reverse("demo"), False, 1)


def _step(title: str, text: str, url: str, done: object, minutes: int) -> dict[str, Any]:
    return {"title": title, "text": text, "url": url, "done": bool(done), "minutes": minutes}
