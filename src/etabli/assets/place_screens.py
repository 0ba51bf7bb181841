"""What programs and exports read of places: observations and units; people see them on plans and racks."""

from django.utils.translation import gettext_lazy

from etabli.kernel.screens import Screen, register
from etabli.people.placed import followers

from .models import Asset, Position, RackPlacement

followers["room"].append(Asset)
followers["rack"].append(Asset)


class ReadOnly(Screen):
    """Rows that acts and observations write; nobody edits them."""

    area = "fleet"
    adds = changes = deletes = importable = searchable = annexed = listed = undoable = False


@register
class PositionScreen(ReadOnly):
    about = gettext_lazy("Where each source saw an asset for the last time.")
    model = Position
    icon = "map-pin"
    columns = ["asset", "source", "site", "room", "since", "at"]
    fields = ["asset", "source", "site", "room", "floor", "x", "y", "since", "at"]
    filters = ["source", "site"]
    order = ["-at"]


@register
class RackPlacementScreen(ReadOnly):
    about = gettext_lazy("Which units of a rack each asset takes.")
    model = RackPlacement
    slug = "rack-placements"
    icon = "server-2"
    columns = ["asset", "rack", "position", "height", "face"]
    fields = ["asset", "rack", "position", "height", "face"]
    filters = ["rack", "face"]
    order = ["rack", "position"]
