"""Moving an asset to a site or a room: the one way its place is written by an act."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from etabli.kernel.actors import Actor, require
from etabli.kernel.events import Event, difference, publish, snapshot
from etabli.kernel.screens import Act
from etabli.kernel.screens.acts import ActForm
from etabli.kernel.screens.writing import count_edit
from etabli.people.models import Room, Site

from .models import Asset, RackPlacement


@transaction.atomic
def move(asset: Asset, *, site: Site | None, room: Room | None, actor: Actor) -> Event | None:
    """Record that an asset is now there; a room brings its site, and the rack of another room is left.

    Nothing is written, and ``None`` returned, when it is recorded there already.
    """
    require(actor, "asset.change", asset)
    if asset.ownership == Asset.Ownership.PERSONAL:
        raise ValidationError(_("“%(asset)s” is a personal device: it is never located.") % {"asset": asset})
    before = snapshot(asset)
    asset.room, asset.site = room, room.site if room else site
    if asset.rack and asset.rack.room_id != asset.room_id:
        asset.rack = None
        RackPlacement.objects.filter(asset=asset).delete()
    changes = difference(before, snapshot(asset))
    if not changes:
        return None
    count_edit(asset)
    asset.save()
    return publish(asset, "asset.moved", actor=actor, changes=changes)


class MoveForm(ActForm):
    """Where to: a room, or a site when the room is not known."""

    room = forms.ModelChoiceField(
        Room.objects.select_related("site", "floor__building"), label=gettext_lazy("Room"), required=False
    )
    site = forms.ModelChoiceField(
        Site.objects.order_by("name"),
        label=gettext_lazy("Site"),
        required=False,
        help_text=gettext_lazy("When the room is not known; a room brings its own site."),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        room, site = cleaned.get("room"), cleaned.get("site")
        if not room and not site and not self.errors:
            raise ValidationError(_("Choose a room or a site."))
        if room and site and room.site_id != site.pk:
            self.add_error("site", _("“%(room)s” is on another site: leave the site empty.") % {"room": room})
        return cleaned


def _move(asset: Asset, cleaned: dict[str, Any], actor: Actor) -> None:
    move(asset, site=cleaned["site"], room=cleaned["room"], actor=actor)


MOVE = Act("move", gettext_lazy("Move"), "map-pin", "asset.change", _move, MoveForm)
