"""The filters of the fleet that are more than a field: age, memory, free disk, maker, last contact, place."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from etabli.kernel.screens import Filter
from etabli.kernel.screens.filters import named
from etabli.kernel.screens.finding import number, pick, tagged
from etabli.people.models import Person, Rack, Room

from . import locating
from .models import AssetModel, Manufacturer, Volume

RECENT = timedelta(hours=24)
SOON = timedelta(days=90)
YEAR = timedelta(days=365.25)


def _older(years: Decimal) -> Q:
    return Q(bought_on__lte=timezone.localdate() - YEAR * float(years))


def _less_memory(gib: Decimal) -> Q:
    return Q(memory_mib__lt=int(gib * 1024))


def _less_free(percent: Decimal) -> Q:
    """One of its volumes has less than this share free; nothing is said of a machine without volumes."""
    full = Volume.objects.filter(asset=OuterRef("pk"), free_mib__lt=F("size_mib") * float(percent) / 100)
    return Q(Exists(full))


_warranty = named(
    soon=lambda: Q(warranty_end__range=(timezone.localdate(), timezone.localdate() + SOON)),
    ended=lambda: Q(warranty_end__lt=timezone.localdate()),
    unknown=lambda: Q(warranty_end=None),
)
_seen = named(
    day=lambda: Q(seen_at__gt=timezone.now() - RECENT),
    old=lambda: Q(seen_at__lt=timezone.now() - timedelta(days=30)),
    never=lambda: Q(seen_at=None),
)
FILTERS: list[Any] = [
    "kind",
    "state",
    "site",
    pick("room", gettext_lazy("Room"), Room),
    pick("rack", gettext_lazy("Rack"), Rack),
    pick("person", gettext_lazy("Assigned to"), Person),
    pick("manufacturer", gettext_lazy("Manufacturer"), Manufacturer, "model__manufacturer"),
    pick("model", gettext_lazy("Model"), AssetModel),
    tagged("asset", gettext_lazy("Tag")),
    Filter(
        "warranty",
        gettext_lazy("Warranty"),
        _warranty,
        lambda: [("soon", _("ends within 90 days")), ("ended", _("ended")), ("unknown", _("unknown"))],
    ),
    Filter(
        "seen",
        gettext_lazy("Last contact"),
        _seen,
        lambda: [("day", _("within 24 h")), ("old", _("more than 30 days ago")), ("never", _("never"))],
    ),
    Filter(
        "place",
        gettext_lazy("Whereabouts"),
        named(elsewhere=locating.elsewhere),
        lambda: [("elsewhere", _("seen elsewhere than declared"))],
    ),
    Filter(
        "missing",
        gettext_lazy("Missing"),
        named(yes=lambda: Q(missing_since__isnull=False)),
        lambda: [("yes", _("since the last inventory"))],
    ),
    "system",
    number("memory_under", gettext_lazy("Memory under (GiB)"), _less_memory),
    number("free_under", gettext_lazy("Free disk under (%)"), _less_free, most=100),
    number("age_over", gettext_lazy("Age over (years)"), _older, most=200),
    "criticality",
    "ownership",
    "bought_on",
]
