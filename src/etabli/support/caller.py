"""Who asks, beside what they ask: their machines with what is wrong or new on them, their other requests."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from etabli.assets.changes import AssetChange
from etabli.assets.models import Asset, Volume
from etabli.assets.pages import FULL
from etabli.kernel import screens
from etabli.kernel.actors import Actor, can
from etabli.kernel.screens import Panel, beside
from etabli.kernel.screens.columns import link_to, show
from etabli.people.models import Person
from etabli.web import markup

from .tickets import Ticket, TicketAsset

RECENT = timedelta(days=7)
SILENT = timedelta(days=3)
MACHINES = 6


@dataclass(frozen=True)
class Machine:
    """A machine as the desk sees it: what it is, and each thing that is wrong or new on it."""

    asset: Asset
    tone: str
    told: Sequence[str]
    concerned: bool

    @property
    def url(self) -> str:
        return reverse("asset-detail", args=[self.asset.pk])


def machines(ticket: Ticket) -> list[Machine]:
    """The assets of the ticket, then those of its requester; four queries whatever their number."""
    linked = list(ticket.assets.values_list("asset", flat=True)[:MACHINES])
    mine = Q(pk__in=linked)
    if ticket.requester_id:
        mine |= Q(person=ticket.requester_id, kind__computer=True)
    rows = Asset.objects.filter(mine, organisation=ticket.organisation_id).select_related("kind", "model")
    found = sorted(rows[: MACHINES * 2], key=lambda one: (one.pk not in linked, one.name))[:MACHINES]
    keys = [one.pk for one in found]
    full = _full(keys)
    changed = _changed(keys)
    return [_machine(one, full.get(one.pk, []), changed.get(one.pk, 0), one.pk in linked) for one in found]


def _full(keys: list[int]) -> dict[int, list[str]]:
    told: dict[int, list[str]] = {}
    for volume in Volume.objects.filter(asset__in=keys):
        if (volume.used_percent or 0) >= FULL:
            text = _("%(volume)s is %(used)s %% full.") % {
                "volume": volume.mount,
                "used": volume.used_percent,
            }
            told.setdefault(volume.asset_id, []).append(text)
    return told


def _changed(keys: list[int]) -> dict[int, int]:
    rows = AssetChange.objects.filter(asset__in=keys, at__gte=timezone.now() - RECENT)
    return dict(rows.order_by().values_list("asset").annotate(n=Count("pk")))


def _machine(asset: Asset, full: list[str], changed: int, concerned: bool) -> Machine:
    told = list(full)
    if asset.state != Asset.State.IN_SERVICE:
        told.insert(0, str(asset.get_state_display()))
    silent = asset.seen_at is not None and asset.seen_at < timezone.now() - SILENT
    if silent and asset.seen_at is not None:
        told.append(_("silent for %(time)s") % {"time": markup.ago(asset.seen_at, timezone.now())})
    if changed:
        told.append(ngettext("%(n)s change in a week", "%(n)s changes in a week", changed) % {"n": changed})
    return Machine(asset, "bad" if full else "warn" if silent else "ok", told, concerned)


def panels(ticket: Ticket, request: HttpRequest) -> list[Panel]:
    """The cards of the caller and of the machines."""
    actor: Any = request.actor  # type: ignore[attr-defined]
    made = []
    if can(actor, "asset.view", ticket.organisation_id):
        found = machines(ticket)
        if found:
            made.append(
                Panel(
                    _("Machines"), template="support/_machines.html", context={"machines": found}, side=True
                )
            )
    made.append(
        Panel(
            _("Requester"),
            template="support/_caller.html",
            context={"ticket": ticket, "others": other_tickets(ticket, actor)},
            side=True,
        )
    )
    return made


def other_tickets(ticket: Ticket, actor: Actor) -> list[Ticket]:
    """What else this person asked for, the latest first."""
    if not ticket.requester_id:
        return []
    rows = screens.registry[Ticket].rows(actor).filter(requester=ticket.requester_id)
    rows = rows.exclude(pk=ticket.pk)
    return list(rows.order_by("-active_at")[:5])


def _lines(rows: Any) -> list[tuple[Any, Any]]:
    return [
        (
            link_to(one),
            markup.joined([one.get_state_display(), show(timezone.localtime(one.opened_at).date())]),
        )
        for one in rows.order_by("-opened_at")[:6]
    ]


@beside("asset")
def of_asset(asset: Asset, request: HttpRequest) -> list[Panel]:
    """The tickets about an asset, on its page."""
    about = Q(pk__in=TicketAsset.objects.filter(asset=asset).values("ticket"))
    return _card(about, asset, request, f"asset={asset.pk}")


@beside("person")
def of_person(person: Person, request: HttpRequest) -> list[Panel]:
    """What somebody asked for, on their page."""
    return _card(Q(requester=person), person, request, f"requester={person.pk}")


def _card(which: Q, obj: Any, request: HttpRequest, query: str) -> list[Panel]:
    actor: Any = request.actor  # type: ignore[attr-defined]
    if not can(actor, "ticket.view", obj):
        return []
    lines = _lines(screens.registry[Ticket].rows(actor).filter(which))
    add = reverse("ticket-add")
    if can(actor, "ticket.add", obj):
        name = query.partition("=")[0]
        label = format_html('<a class="lnk" href="{}?{}={}">{}</a>', add, name, obj.pk, _("Open a ticket"))
        lines.append((label, ""))
    more = f"{reverse('ticket-list')}?{query}"
    return [Panel(_("Tickets"), rows=lines, side=True, more_url=more if len(lines) > 1 else "")]
