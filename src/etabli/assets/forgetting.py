"""How long the changes of assets are kept: for ever, unless an organisation says a number of months."""

from datetime import date, datetime, time

from django.utils import timezone
from django.utils.translation import gettext_lazy

from etabli.kernel import preferences
from etabli.kernel.tenancy import scope

from .importers.months import later
from .models import AssetChange

SLICE = 5_000
"""Rows deleted in one transaction: a million at once would hold locks and swell the log for minutes."""

preferences.declare(
    "inventory.changes_months",
    kind=int,
    default=0,
    least=0,
    most=600,
    per_organisation=True,
    section=preferences.INVENTORY,
    label=gettext_lazy("Months the changes of assets are kept"),
    help=gettext_lazy("0 keeps them for ever."),
)


def forget_changes(organisation: int, *, today: date | None = None) -> int:
    """Delete what is older than the setting of an organisation, slice after slice; returns how many."""
    months = int(preferences.get("inventory.changes_months", organisation))
    if not months:
        return 0
    first = later(today or timezone.localdate(), -months)
    before = timezone.make_aware(datetime.combine(first, time.min))
    forgotten = 0
    while gone := _forget_slice(organisation, before):
        forgotten += gone
    return forgotten


def _forget_slice(organisation: int, before: datetime) -> int:
    """The oldest ones, in a transaction of their own: a cut leaves what was done, the next night goes on."""
    with scope(organisation):
        old = AssetChange.objects.filter(organisation_id=organisation, at__lt=before)
        slice_ = old.order_by("at", "id").values("pk")[:SLICE]
        return AssetChange.objects.filter(pk__in=slice_).delete()[0]
