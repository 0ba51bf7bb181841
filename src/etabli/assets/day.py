"""What the fleet says on "My day": its numbers, machines to look for, disks nearly full, warranties ending,
arrivals.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from etabli.kernel.actors import Actor, can
from etabli.kernel.screens import Figure, Panel, registry
from etabli.kernel.screens.columns import link_to, show
from etabli.web import markup
from etabli.web.day import add_figures, add_panels

from .models import Asset, Volume

SHOWN = 6
SILENT = timedelta(days=30)
SOON = timedelta(days=90)
LIVE = ("in_service", "on_loan", "in_repair", "to_retire", "preparing")


@add_figures
def figures(actor: Actor) -> Iterable[Figure]:
    """The same numbers as at the top of the fleet, without the one that is only of interest there."""
    if not can(actor, "asset.view"):
        return []
    screen: Any = registry[Asset]
    service, seen, _watched, soon = screen.figures(screen.rows(actor), actor)
    return [service, seen, soon]


@add_panels
def panels(actor: Actor) -> Iterable[Panel]:
    """Four short lists, one query each; those that would be empty are left out."""
    if not can(actor, "asset.view"):
        return []
    fleet = registry[Asset].rows(actor)
    made = [_full(fleet), _silent(fleet), _ending(fleet), _arrived(fleet)]
    return [panel for panel in made if panel is not None]


def _full(fleet: QuerySet[Asset]) -> Panel | None:
    """Volumes with less than a tenth free; the index ``volume_full`` holds only those."""
    volumes = Volume.objects.filter(size_mib__gt=F("free_mib") * 10, asset__in=fleet).select_related("asset")
    rows = [(link_to(v.asset), _fill(v)) for v in volumes.order_by("organisation_id", "id")[:SHOWN]]
    return Panel(_("Disks nearly full"), rows=rows) if rows else None


def _fill(volume: Volume) -> str:
    used = volume.used_percent or 0
    text = _("%(volume)s is %(used)s %% full.") % {"volume": volume.mount, "used": used}
    return markup.tinted(text, "bad" if used >= 95 else "warn")


def _silent(fleet: QuerySet[Asset]) -> Panel | None:
    """Machines that used to speak and stopped a month ago, the latest first."""
    rows = fleet.filter(seen_at__lt=timezone.now() - SILENT, state__in=LIVE).select_related("person", "site")
    found = [
        (link_to(a), markup.joined([_ago(a), a.person, a.site]))
        for a in rows.order_by("-seen_at", "-id")[:SHOWN]
    ]
    if not found:
        return None
    return Panel(_("Not seen for 30 days"), rows=[*found, _all("?seen=old")])


def _ending(fleet: QuerySet[Asset]) -> Panel | None:
    today = timezone.localdate()
    rows = fleet.filter(warranty_end__range=(today, today + SOON)).select_related("model")
    found = [
        (link_to(a), markup.joined([show(a.warranty_end), a.model]))
        for a in rows.order_by("warranty_end", "id")[:SHOWN]
    ]
    return Panel(_("Warranties ending"), rows=[*found, _all("?warranty=soon")], side=True) if found else None


def _arrived(fleet: QuerySet[Asset]) -> Panel | None:
    """The newest assets: those bought, and those that an agent brought."""
    rows = fleet.select_related("kind", "model").order_by("-id")[:SHOWN]
    found = [(link_to(a), markup.joined([a.kind, a.model])) for a in rows]
    return Panel(_("Last arrivals"), rows=found, side=True) if found else None


def _ago(asset: Asset) -> str:
    return _("%(time)s ago") % {"time": timesince(asset.seen_at, timezone.now(), depth=1)}  # type: ignore[arg-type]


def _all(query: str) -> tuple[str, str]:
    return "", format_html('<a href="{}{}">{}</a>', reverse("asset-list"), query, _("See all"))
