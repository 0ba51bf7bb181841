"""The form of a rack: what is placed in it is not forgotten when it is made lower or moved."""

from typing import Any

from django.utils.translation import gettext as _

from etabli.kernel.screens import registry
from etabli.kernel.screens.forms import NounForm
from etabli.people.models import Rack

from . import racks
from .models import Asset

MOST = 10  # assets named in a sentence


class RackForm(NounForm):
    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if self.instance.pk:
            if problem := above(self.instance, cleaned.get("units")):
                self.add_error("units", problem)
            if problem := left_behind(self.instance, cleaned.get("room")):
                self.add_error("room", problem)
        return cleaned


def above(rack: Rack, units: int | None) -> str:
    """Who is placed above so many units, in a sentence; empty when nobody is."""
    if units is None or units >= rack.units:
        return ""
    placed = [p for p in racks.placements_of(rack) if p.top > units]
    if not placed:
        return ""
    return _("Take these out first, they are placed above unit %(units)s: %(assets)s.") % {
        "units": units,
        "assets": listed([f"{p.asset} (U{racks.spans(range(p.position, p.top + 1))})" for p in placed]),
    }


def left_behind(rack: Rack, room: Any) -> str:
    """What would have to travel to another site with the rack, in a sentence; empty when nothing would."""
    if room is None or room.site_id == rack.room.site_id:
        return ""
    inside = [str(one) for one in Asset.objects.filter(rack=rack).order_by("name")[: MOST + 1]]
    if not inside:
        return ""
    return _("This room is at another site: take out first what the rack holds: %(assets)s.") % {
        "assets": listed(inside)
    }


def listed(names: list[str]) -> str:
    """Some names, and a sign when there are more."""
    return ", ".join(names[:MOST]) + (", …" if len(names) > MOST else "")


registry[Rack].form = RackForm
