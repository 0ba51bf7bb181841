"""The lists of what changed in the fleet, of what is plugged into it, and of what to know of each model."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from etabli.kernel.actors import Actor
from etabli.kernel.screens import Column, Filter, Screen, register
from etabli.kernel.screens.columns import capitalised, link_to, show
from etabli.kernel.screens.filters import BadFilter, named
from etabli.kernel.screens.history import short_time
from etabli.web import markup

from . import groups
from .change_words import FAMILIES, told_cell, what_cell
from .models import AssetChange, CompatibilityNote, Peripheral
from .tabs import characteristics, peripheral_state


def _since(days: int) -> Q:
    return Q(at__gte=timezone.now() - timedelta(days=days))


def _month(back: int) -> Q:
    """A calendar month, this one or one before."""
    first = timezone.localtime().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    until = None
    for _n in range(back):
        until, first = first, (first - timedelta(days=1)).replace(day=1)
    return Q(at__gte=first) & (Q(at__lt=until) if until else Q())


_period = named(
    day=lambda: _since(1),
    week=lambda: _since(7),
    days30=lambda: _since(30),
    month=lambda: _month(0),
    last_month=lambda: _month(1),
    year=lambda: _since(365),
)


def _periods() -> list[tuple[str, str]]:
    return [
        ("day", _("last 24 hours")),
        ("week", _("last 7 days")),
        ("days30", _("last 30 days")),
        ("month", _("this month")),
        ("last_month", _("last month")),
        ("year", _("last 12 months")),
    ]


def _days(values: list[str]) -> Q:
    """`2026-11-24` or `2026-11-01..2026-11-24`, in local time."""
    first, sign, last = values[0].partition("..")
    found = Q(at__gte=_midnight(first)) if first else Q()
    end = last or ("" if sign else first)
    return found & Q(at__lt=_midnight(end) + timedelta(days=1)) if end else found


def _midnight(text: str) -> datetime:
    try:
        return timezone.make_aware(datetime.strptime(text, "%Y-%m-%d"))  # noqa: DTZ007 (local midnight)
    except (ValueError, OverflowError):
        raise BadFilter(_("“%(value)s” is not a date of the form 2027-03-12.") % {"value": text[:40]})


def _of_asset(values: list[str]) -> Q:
    if not values[0].isascii() or not values[0].isdigit() or len(values[0]) > 18:
        raise BadFilter(_("“%(value)s” is not an identifier.") % {"value": values[0][:40]})
    return Q(asset=int(values[0]))


@register
class AssetChangeScreen(Screen):
    """Read only: inventories write it."""

    about = gettext_lazy(
        "What inventories found changed: components added, removed, replaced or moved between machines."
    )
    model = AssetChange
    slug = "changes"
    area, icon = "fleet", "transfer"
    columns = [
        Column("label", gettext_lazy("What"), told_cell, value=lambda c: c.label),
        Column(
            "at",
            gettext_lazy("When"),
            lambda c: short_time(c.at),
            sort=("at",),
            css="m",
            value=lambda c: c.at,
        ),
        Column("asset", gettext_lazy("Asset"), lambda c: link_to(c.asset), related=("asset",), css="q"),
        Column(
            "family",
            gettext_lazy("Component"),
            lambda c: show(capitalised(FAMILIES.get(c.family, c.family))),
            css="m",
        ),
        Column("what", gettext_lazy("Kind of change"), what_cell, css="p-end"),
        Column("before", gettext_lazy("Before"), lambda c: show(c.before), css="m p-hide", shown=False),
        Column("after", gettext_lazy("After"), lambda c: show(c.after), css="m p-hide", shown=False),
        Column(
            "other",
            gettext_lazy("Other machine"),
            lambda c: link_to(c.other) if c.other_id else "",
            related=("other",),
            css="m p-hide",
        ),
    ]
    filters = [
        "family",
        "what",
        Filter("period", gettext_lazy("Period"), _period, _periods, kind="choice"),
        Filter("at", gettext_lazy("Day"), _days, kind="date"),
        Filter("asset", gettext_lazy("Number of the asset"), _of_asset, kind="number"),
    ]
    order = ["-at", "-id"]
    fields = ["asset", "at", "family", "what", "label", "before", "after", "other"]
    adds = changes = deletes = importable = searchable = annexed = False

    def ordered(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.order_by("-at", "-id")

    def holding(self, rows: QuerySet[Any], wanted: Sequence[str], actor: Actor) -> QuerySet[Any]:
        """By its own text: it has no entry in the search of everything."""
        for word in wanted:
            rows = rows.filter(text__like=f"%{word}%")
        return rows


_missing = named(
    yes=lambda: Q(missing_since__isnull=False),
    no=lambda: Q(missing_since=None),
)


@register
class PeripheralScreen(Screen):
    """Read only: inventories write it."""

    about = gettext_lazy("What is plugged into the machines, and what their last inventory no longer finds.")
    model = Peripheral
    area, icon = "fleet", "usb"
    columns = [
        Column(
            "name",
            gettext_lazy("Peripheral"),
            lambda p: markup.titled(p.name, p.manufacturer),
            value=lambda p: p.name,
        ),
        "kind",
        Column("asset", gettext_lazy("Machine"), lambda p: link_to(p.asset), related=("asset",), css="q"),
        "serial",
        Column("detail", gettext_lazy("Characteristics"), lambda p: show(characteristics(p)), css="m p-hide"),
        Column(
            "device",
            gettext_lazy("Asset of its own"),
            lambda p: link_to(p.device) if p.device_id else "",
            related=("device",),
            css="m p-hide",
        ),
        Column(
            "missing_since",
            gettext_lazy("State"),
            peripheral_state,
            css="p-end",
            value=lambda p: p.missing_since,
        ),
    ]
    filters = [
        "kind",
        Filter(
            "missing",
            gettext_lazy("Missing"),
            _missing,
            lambda: [("yes", _("missing")), ("no", _("found"))],
            kind="choice",
        ),
        "built_in",
    ]
    order = ["-id"]
    fields = [
        *("asset", "kind", "name", "manufacturer", "serial", "port", "driver", "detail"),
        *("vendor_code", "product_code", "device", "missing_since"),
    ]
    adds = changes = deletes = importable = searchable = annexed = False

    def holding(self, rows: QuerySet[Any], wanted: Sequence[str], actor: Actor) -> QuerySet[Any]:
        """By name, maker or serial number."""
        for word in wanted:
            bare = word.replace("\\", "")
            rows = rows.filter(
                Q(name__icontains=bare) | Q(manufacturer__icontains=bare) | Q(serial__icontains=bare)
            )
        return rows


@register
class CompatibilityNoteScreen(Screen):
    about = gettext_lazy(
        "What to know before using a model: the driver it needs, what it does not work with."
    )
    model = CompatibilityNote
    slug = "compatibility-notes"
    area, icon = "fleet", "plug-connected"
    group = groups.CATALOGUE
    columns = ["text", "model", "noted_on", "source_url"]
    filters = ["model", "noted_on"]
    fields = ["model", "text", "source_url", "noted_on"]
    identity = ["text"]
    related = ["model"]
