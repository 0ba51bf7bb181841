"""How an asset's page says where it is: the declared place, and what each source tells."""

from collections.abc import Iterable
from typing import Any

from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _

from etabli.kernel.kept import kept
from etabli.kernel.screens import Panel
from etabli.kernel.screens.columns import link_to
from etabli.web import markup

from .locating import Told, disagreements, told_of
from .models import Asset


def panels(asset: Asset) -> Iterable[Panel]:
    """Where it is believed to be, from which source since when, and what says otherwise."""
    told = kept(asset, told_of)
    if len(told) < 2:
        return
    against = disagreements(told)
    rows: list[tuple[Any, Any]] = [(format_html("<b>{}</b>", _("Believed at")), _told_text(told[0]))]
    rows += [(_("Disagrees") if one in against else _("Agrees"), _told_text(one)) for one in told[1:]]
    yield Panel(_("Where it is"), rows=rows, side=True)


def _told_text(one: Told) -> Any:
    moment = one.at or one.since
    day = formats.date_format(timezone.localtime(moment), "j N Y, H:i") if moment else ""
    words = markup.joined([one.label, one.detail, day, _("trust %(n)s %%") % {"n": one.trust}])
    place = markup.joined([one.site, one.room and one.room.name])
    return format_html("{}<br><small>{}</small>", place, words)


def link_to_some(obj: Any) -> Any:
    """A link, or nothing at all instead of a dash."""
    return link_to(obj) if obj is not None else ""


def rack_text(asset: Asset) -> Any:
    """Its rack, and its lowest unit when it is mounted."""
    placement = getattr(asset, "placement", None)
    if asset.rack is None:
        return ""
    return markup.joined([link_to(asset.rack), f"U{placement.position}" if placement else ""])
