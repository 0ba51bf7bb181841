"""Which assets a ticket is about: its priority depends on them."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from etabli.assets.models import Asset
from etabli.kernel.actors import Actor, require
from etabli.kernel.events import publish

from .moving import locked
from .opening import attach_assets
from .prioritising import weigh
from .tickets import Ticket, TicketAsset


@transaction.atomic
def attach_asset(ticket: Ticket, asset: Asset, *, actor: Actor, at: datetime | None = None) -> TicketAsset:
    """Say that a ticket is about an asset; its priority is computed again. Raises ``ValidationError``."""
    require(actor, "ticket.change", ticket)
    ticket, at = locked(ticket), at or timezone.now()
    if TicketAsset.objects.filter(ticket=ticket, asset=asset).exists():
        raise ValidationError(_("“%(name)s” is attached already.") % {"name": asset})
    attach_assets(ticket, [asset], at=at)
    publish(ticket, "ticket.asset_attached", actor=actor, extra={"text": str(asset), "asset": asset.pk})
    weigh(ticket, actor=actor, at=at)
    return TicketAsset.objects.get(ticket=ticket, asset=asset)


@transaction.atomic
def detach_asset(ticket: Ticket, asset: Asset, *, actor: Actor, at: datetime | None = None) -> Ticket:
    """Say that a ticket is not about an asset; its priority is computed again. Raises ``ValidationError``."""
    require(actor, "ticket.change", ticket)
    ticket, at = locked(ticket), at or timezone.now()
    gone, _each = TicketAsset.objects.filter(ticket=ticket, asset=asset).delete()
    if not gone:
        raise ValidationError(_("“%(name)s” is not attached to this ticket.") % {"name": asset})
    publish(ticket, "ticket.asset_detached", actor=actor, extra={"text": str(asset), "asset": asset.pk})
    weigh(ticket, actor=actor, at=at)
    return ticket


def why_not_detach(ticket: Ticket) -> str:
    """Why nothing can be detached, in a sentence."""
    return "" if ticket.assets.exists() else _("No asset is attached to it.")
