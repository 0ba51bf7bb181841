"""The acts of place on an asset: what each asks, and when it makes sense."""

from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from etabli.kernel.actors import Actor
from etabli.kernel.kept import kept
from etabli.kernel.screens import Act
from etabli.kernel.screens.acts import ActForm
from etabli.kernel.screens.history import name_act
from etabli.people.models import Floor, Rack, Room

from . import placing
from .locating import seen_elsewhere, told_of
from .models import Asset, RackPlacement

name_act("asset.placed", gettext_noop("Put on a plan"))
name_act("asset.unplaced", gettext_noop("Taken off the plan"))
name_act("asset.mounted", gettext_noop("Mounted in a rack"))
name_act("asset.unmounted", gettext_noop("Taken out of the rack"))
name_act("asset.seen", gettext_noop("Seen on the spot"))
name_act("floor.planned", gettext_noop("Plan replaced"))


class PlaceForm(ActForm):
    """A point of a plan, in per cent of its width and height."""

    floor = forms.ModelChoiceField(
        Floor.objects.exclude(plan=None).select_related("building"), label=gettext_lazy("Floor")
    )
    room = forms.ModelChoiceField(
        Room.objects.exclude(floor=None).select_related("site"), label=gettext_lazy("Room"), required=False
    )
    x = forms.DecimalField(
        label=gettext_lazy("From the left (%)"),
        min_value=0,
        max_value=100,
        decimal_places=3,
        initial=Decimal(50),
    )
    y = forms.DecimalField(
        label=gettext_lazy("From the top (%)"),
        min_value=0,
        max_value=100,
        decimal_places=3,
        initial=Decimal(50),
    )


class MountForm(ActForm):
    """Units of a rack; the height is the one of the model when it is known."""

    rack = forms.ModelChoiceField(Rack.objects.select_related("room__site"), label=gettext_lazy("Rack"))
    position = forms.IntegerField(label=gettext_lazy("Lowest unit (1 is at the bottom)"), min_value=1)
    height = forms.IntegerField(label=gettext_lazy("Height (U)"), min_value=1, max_value=60, initial=1)
    face = forms.ChoiceField(
        label=gettext_lazy("Face"), choices=RackPlacement.Face.choices, initial=RackPlacement.Face.BOTH
    )

    def __init__(self, *args: Any, rows: QuerySet[Any], **kwargs: Any) -> None:
        super().__init__(*args, rows=rows, **kwargs)
        if self.is_bound:
            return
        asset = rows.select_related("model", "placement").first()
        placement = getattr(asset, "placement", None) if asset else None
        if placement:
            names = ("position", "height", "face")
            self.initial.update({"rack": placement.rack_id, **{n: getattr(placement, n) for n in names}})
        elif asset:
            self.initial["rack"] = asset.rack_id
            if asset.model and asset.model.units:
                self.initial["height"] = asset.model.units


class SeenForm(ActForm):
    room = forms.ModelChoiceField(Room.objects.select_related("site"), label=gettext_lazy("Room"))


def _place(asset: Asset, cleaned: dict[str, Any], actor: Actor) -> None:
    x, y = (float(cleaned[name]) / 100 for name in ("x", "y"))
    placing.put_on_plan(asset, floor=cleaned["floor"], x=x, y=y, room=cleaned.get("room"), actor=actor)


def _mount(asset: Asset, cleaned: dict[str, Any], actor: Actor) -> None:
    values = {name: cleaned[name] for name in ("rack", "position", "height", "face")}
    placing.mount(asset, actor=actor, **values)


def _personal(asset: Asset) -> Any:
    if asset.ownership == Asset.Ownership.PERSONAL:
        return _("A personal device is never located.")
    return ""


def _in_no_rack(asset: Asset) -> Any:
    return "" if asset.rack_id else _("It is in no rack.")


def _on_no_plan(asset: Asset) -> Any:
    return "" if placing.point_of(asset) else _("It is on no plan.")


def _seen_nowhere_else(asset: Asset) -> Any:
    return "" if seen_elsewhere(kept(asset, told_of)) else _("Nothing saw it elsewhere.")


ACTS = [
    Act(
        "move-where-seen",
        gettext_lazy("Move where it was seen"),
        "map-pin",
        "asset.change",
        lambda asset, cleaned, actor: placing.move_where_seen(asset, actor=actor) and None,
        why_not=_seen_nowhere_else,
        text=gettext_lazy("The declared place becomes the one of the most trusted source."),
    ),
    Act(
        "place",
        gettext_lazy("Put on a plan"),
        "map-2",
        "asset.change",
        _place,
        PlaceForm,
        why_not=_personal,
        many=False,
    ),
    Act(
        "unplace",
        gettext_lazy("Take off the plan"),
        "x",
        "asset.change",
        lambda asset, cleaned, actor: placing.take_off_plan(asset, actor=actor) and None,
        why_not=_on_no_plan,
        many=False,
    ),
    Act(
        "mount",
        gettext_lazy("Mount in a rack"),
        "server-2",
        "asset.change",
        _mount,
        MountForm,
        why_not=_personal,
        many=False,
    ),
    Act(
        "unmount",
        gettext_lazy("Take out of the rack"),
        "x",
        "asset.change",
        lambda asset, cleaned, actor: placing.unmount(asset, actor=actor) and None,
        why_not=_in_no_rack,
        many=False,
    ),
    Act(
        "seen",
        gettext_lazy("Seen on the spot"),
        "scan",
        "asset.change",
        lambda asset, cleaned, actor: placing.see(asset, room=cleaned["room"], actor=actor) and None,
        SeenForm,
        why_not=_personal,
        text=gettext_lazy("Says where somebody saw it; the declared place stays as it is."),
    ),
]
