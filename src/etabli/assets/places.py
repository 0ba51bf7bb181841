"""What the fleet adds to the pages of places: plan of a floor, drawing of a rack, counts of assets."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db.models import Count
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _

from etabli.kernel.actors import Actor, can
from etabli.kernel.screens import Panel, beside
from etabli.people import maps
from etabli.people.models import Floor, Rack, Room, Site

from . import racks
from .models import Asset, Position
from .tones import TONES

MOST = 300
MARK = 60  # a mark is this share of the longer side of the plan


@beside("floor")
def floor_panels(floor: Floor, request: HttpRequest) -> Iterable[Panel]:
    """The plan with its assets, and the list that says the same."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if not floor.plan_id or not can(actor, "asset.view", floor.organisation_id):
        return
    yield Panel(_("Plan"), template="assets/_plan.html", context=plan_of(floor, actor))


def plan_of(floor: Floor, actor: Actor) -> dict[str, Any]:
    """Two queries: the assets on the plan, and those of its rooms that are on none yet."""
    width, height = floor.plan_width or 1000, floor.plan_height or 700
    rows = Position.objects.filter(floor=floor, x__isnull=False, source=Position.Source.DECLARED)
    marks = []
    for row in rows.select_related("asset__kind", "room").order_by("asset__name")[:MOST]:
        share = {"x": round(100 * (row.x or 0), 3), "y": round(100 * (row.y or 0), 3)}
        marks.append(
            {
                "asset": row.asset,
                "room": row.room,
                "tone": TONES.get(row.asset.state, ""),
                "px": round((row.x or 0) * width, 1),
                "py": round((row.y or 0) * height, 1),
                **share,
                "metres": _metres(floor, row.x or 0, row.y or 0, height / width),
            }
        )
    loose = Asset.objects.filter(room__floor=floor).exclude(positions__source=Position.Source.DECLARED)
    return {
        "floor": floor,
        "width": width,
        "height": height,
        "scale": round(max(width, height) / MARK / 12, 3),
        "marks": marks,
        "named": len(marks) <= 40,
        "loose": loose.exclude(ownership=Asset.Ownership.PERSONAL)
        .select_related("kind", "room")
        .order_by("name")[:MOST],
        "sprite": static("vendor/icons.svg"),
        "moves": can(actor, "asset.change", floor.organisation_id),
    }


def _metres(floor: Floor, x: float, y: float, ratio: float) -> tuple[float, float] | None:
    if floor.width_m is None:
        return None
    return round(x * float(floor.width_m), 1), round(y * float(floor.width_m) * ratio, 1)


@beside("rack")
def rack_panels(rack: Rack, request: HttpRequest) -> Iterable[Panel]:
    """Both faces, the table that says the same, the totals."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if not can(actor, "asset.view", rack.organisation_id):
        return
    drawing = racks.draw(rack, TONES)
    moves = can(actor, "asset.change", rack.organisation_id)
    yield Panel(_("Units"), template="assets/_rack.html", context={"rack": drawing, "moves": moves})
    yield Panel(_("Totals"), rows=_totals(drawing), side=True)


def _totals(drawing: racks.Drawing) -> list[tuple[Any, Any]]:
    rack = drawing.rack
    power, weight = _("%(n)s W") % {"n": drawing.power}, _("%(n)s kg") % {"n": drawing.weight}
    if rack.power_w:
        power = _("%(n)s W of %(most)s W") % {"n": drawing.power, "most": rack.power_w}
    if rack.load_kg:
        weight = _("%(n)s kg of %(most)s kg") % {"n": drawing.weight, "most": rack.load_kg}
    rows = [
        (_("Free units"), f"{drawing.free_units} ({drawing.free})" if drawing.free else "0"),
        (_("Power"), power),
        (_("Weight"), weight),
    ]
    if drawing.unknown:
        rows.append((_("Not counted"), _("%(n)s without known power or weight") % {"n": drawing.unknown}))
    return rows


@beside("site")
def site_panels(site: Site, request: HttpRequest) -> Iterable[Panel]:
    yield from _counted(request, site, "site")


@beside("room")
def room_panels(room: Room, request: HttpRequest) -> Iterable[Panel]:
    yield from _counted(request, room, "room")


def _counted(request: HttpRequest, place: Any, name: str) -> Iterable[Panel]:
    """How many assets of each state are declared there, each a link to the list."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if not can(actor, "asset.view", place.organisation_id):
        return
    from etabli.kernel.screens.columns import show
    from etabli.web import markup

    rows = Asset.objects.filter(**{name: place}).order_by().values_list("state").annotate(Count("pk"))
    url, words = reverse("asset-list"), dict(Asset.State.choices)
    counts = [
        (markup.state(words[state], TONES.get(state, "")), show(count))
        for state, count in sorted(rows, key=lambda row: -row[1])
    ]
    yield Panel(_("Assets here"), rows=counts, side=True, more_url=f"{url}?{name}={place.pk}")


def counts_by_site(actor: Actor, sites: Sequence[int]) -> Mapping[int, int]:
    """Site id → number of assets, where the actor may see them: one query."""
    may = [o for o in actor.places if can(actor, "asset.view", o)]
    rows = Asset.objects.filter(site__in=sites, organisation__in=may).order_by()
    return dict(rows.values_list("site").annotate(Count("pk")))


maps.counters.append(counts_by_site)
