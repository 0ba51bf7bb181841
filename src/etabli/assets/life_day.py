"""What the life of assets says on "My day": loans to return, people who leave with equipment."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Count
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from etabli.kernel.actors import Actor, can
from etabli.kernel.screens import Panel, registry
from etabli.kernel.screens.columns import link_to, show
from etabli.people.models import Person
from etabli.web import markup
from etabli.web.day import add_panels

from .holding import HELD
from .life_pages import SOON
from .models import Loan

SHOWN = 6


@add_panels
def panels(actor: Actor) -> Iterable[Panel]:
    """Two short lists, one query each; those that would be empty are left out."""
    made = [_late(actor), _leaving(actor)]
    return [panel for panel in made if panel is not None]


def _late(actor: Actor) -> Panel | None:
    if not can(actor, "loan.view"):
        return None
    rows = registry[Loan].rows(actor).filter(returned_on=None, due_on__lte=timezone.localdate())
    rows = rows.select_related("asset", "person").order_by("due_on", "id")[:SHOWN]
    found: list[tuple[Any, Any]] = [
        (
            link_to(x.asset),
            markup.joined([x.person, markup.tinted(show(x.due_on), "bad" if x.late else "warn")]),
        )
        for x in rows
    ]
    return Panel(_("Loans to return"), rows=[*found, _all("loan-list", "?state=late")]) if found else None


def _leaving(actor: Actor) -> Panel | None:
    """People who left, or leave soon, and still have something."""
    if not (can(actor, "asset.view") and can(actor, "person.view")):
        return None
    leaving = registry[Person].rows(actor).filter(left_on__lte=timezone.localdate() + SOON)
    rows = leaving.filter(assets__state__in=HELD).annotate(held=Count("assets")).order_by("left_on", "id")
    found: list[tuple[Any, Any]] = [
        (link_to(p), markup.joined([_items(p.held), show(p.left_on)])) for p in rows[:SHOWN]
    ]
    if not found:
        return None
    return Panel(_("Equipment to take back"), rows=[*found, _all("asset-list", "?holder=leaving")])


def _items(count: int) -> str:
    return ngettext("%(n)s item", "%(n)s items", count) % {"n": count}


def _all(name: str, query: str) -> tuple[str, str]:
    return "", format_html('<a href="{}{}">{}</a>', reverse(name), query, _("See all"))
