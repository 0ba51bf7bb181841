"""What people see of the fleet."""

from datetime import timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.text import slugify
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from etabli.kernel.actors import Actor
from etabli.kernel.screens import Column, Figure, Filter, Panel, Screen, Tab, register
from etabli.kernel.screens.columns import show
from etabli.kernel.screens.counting import remembered, scope_of
from etabli.kernel.screens.filters import named
from etabli.kernel.screens.history import name_act
from etabli.kernel.text import Plain
from etabli.web import markup

from . import pages
from .models import Asset, AssetKind, AssetModel, Manufacturer

name_act("asset.inventoried", gettext_noop("Inventory"))
RECENT = timedelta(hours=24)
SOON = timedelta(days=90)
STATES = dict(Asset.State.choices)  # get_state_display() builds this dict again for each row
TONES = {
    "in_service": "ok",
    "in_stock": "info",
    "on_loan": "info",
    "preparing": "info",
    "in_repair": "warn",
    "to_retire": "warn",
    "lost": "bad",
    "stolen": "bad",
    "retired": "off",
    "gone": "off",
}


def name_cell(asset: Asset) -> str:
    """Icon of the kind, name, and the model under it."""
    return markup.titled(asset.name, asset.model or asset.kind, picture=asset.kind.icon)


def place_cell(asset: Asset) -> str:
    return markup.joined([asset.site, asset.room]) if asset.site_id else markup.NOTHING


def state_cell(asset: Asset) -> str:
    return markup.state(STATES[asset.state], TONES.get(asset.state, ""))


def seen_cell(asset: Asset) -> str:
    """When the machine last spoke, in words, with the date on hover."""
    if asset.seen_at is None:
        return markup.NOTHING
    now = timezone.now()
    text = _("%(time)s ago") % {"time": timesince(asset.seen_at, now, depth=1)}
    tone = "ok" if now - asset.seen_at < RECENT else "off"
    return format_html(
        '<span title="{}">{}</span>',
        timezone.localtime(asset.seen_at).strftime("%d/%m/%Y %H:%M"),
        markup.state(text, tone, plain=True),
    )


def warranty_cell(asset: Asset) -> str:
    if asset.warranty_end is None:
        return markup.NOTHING
    today = timezone.localdate()
    if asset.warranty_end < today:
        return markup.tinted(_("Ended"), "bad")
    return markup.tinted(show(asset.warranty_end), "warn" if asset.warranty_end < today + SOON else "")


_warranty = named(
    soon=lambda: Q(warranty_end__range=(timezone.localdate(), timezone.localdate() + SOON)),
    ended=lambda: Q(warranty_end__lt=timezone.localdate()),
)
_seen = named(
    day=lambda: Q(seen_at__gt=timezone.now() - RECENT),
    old=lambda: Q(seen_at__lt=timezone.now() - timedelta(days=30)),
    never=lambda: Q(seen_at=None),
)


def _counts(rows: QuerySet[Any]) -> dict[str, int]:
    """Read from the index ``asset_counts`` alone, as long as only its columns are named here."""
    now, today = timezone.now(), timezone.localdate()
    return rows.aggregate(
        service=Count("organisation", filter=Q(state="in_service")),
        seen=Count("organisation", filter=Q(seen_at__gt=now - RECENT)),
        watch=Count("organisation", filter=Q(state__in=["in_repair", "to_retire"])),
        soon=Count("organisation", filter=Q(warranty_end__range=(today, today + SOON))),
        total=Count("organisation"),
    )


@register
class AssetScreen(Screen):
    about = gettext_lazy("Every piece of equipment, from its request to its recycling.")
    model = Asset
    area, icon = "fleet", "devices"
    columns = [
        Column("name", gettext_lazy("Asset"), name_cell, sort=(Plain("name"),), related=("kind", "model")),
        Column("person", gettext_lazy("Assigned to"), lambda a: show(a.person), related=("person",), css="q"),
        Column("site", gettext_lazy("Place"), place_cell, related=("site", "room"), css="m p-hide"),
        Column(
            "system", gettext_lazy("System"), lambda a: show(a.system), sort=(Plain("system"),), css="p-hide"
        ),
        Column("state", gettext_lazy("State"), state_cell, sort=("state",), css="p-end"),
        Column("warranty_end", gettext_lazy("Warranty"), warranty_cell, sort=("warranty_end",), css="p-hide"),
        Column("seen_at", gettext_lazy("Last contact"), seen_cell, sort=("seen_at",), css="m p-hide"),
        Column(
            "serial", gettext_lazy("Serial number"), lambda a: show(a.serial), css="m p-hide", shown=False
        ),
        Column("tag", gettext_lazy("Asset tag"), lambda a: show(a.tag), css="m p-hide", shown=False),
        Column(
            "criticality",
            gettext_lazy("Criticality"),
            lambda a: show(a.get_criticality_display()),
            css="m p-hide",
            shown=False,
        ),
        Column(
            "last_user", gettext_lazy("Last user"), lambda a: show(a.last_user), css="m p-hide", shown=False
        ),
        Column("price", gettext_lazy("Price"), lambda a: show(a.price), css="m p-hide num", shown=False),
    ]
    filters = [
        "kind",
        "state",
        "site",
        "criticality",
        Filter(
            "warranty",
            gettext_lazy("Warranty"),
            _warranty,
            lambda: [("soon", _("ends within 90 days")), ("ended", _("ended"))],
        ),
        Filter(
            "seen",
            gettext_lazy("Last contact"),
            _seen,
            lambda: [("day", _("within 24 h")), ("old", _("more than 30 days ago")), ("never", _("never"))],
        ),
        "bought_on",
    ]
    search = [
        "tag",
        "serial",
        "model__name",
        "model__manufacturer__name",
        "person__name",
        "site__name",
        "system",
        "last_user",
    ]
    fields = [
        "name",
        "kind",
        "state",
        "tag",
        "serial",
        "model",
        "person",
        "site",
        "room",
        "rack",
        "parent",
        "criticality",
        "criticality_reason",
        "bought_on",
        "commissioned_on",
        "price",
        "supplier",
        "order_number",
        "warranty_end",
        "remarks",
    ]
    sections = [
        (gettext_lazy("Where and who"), ["person", "site", "room", "rack", "parent"]),
        (
            gettext_lazy("Purchase and warranty"),
            ["bought_on", "commissioned_on", "price", "supplier", "order_number", "warranty_end"],
        ),
        (gettext_lazy("Criticality"), ["criticality", "criticality_reason"]),
        (gettext_lazy("Remarks"), ["remarks"]),
    ]
    identity = ["tag", "serial", "name"]
    related = ["kind", "model__manufacturer", "person", "site", "room"]
    template = "assets/asset.html"
    tabs = [
        Tab("hardware", gettext_lazy("Hardware"), pages.hardware),
        Tab("software", gettext_lazy("Software"), pages.software, count=pages.software_count),
        Tab("network", gettext_lazy("Network"), pages.network),
        Tab("raw", gettext_lazy("Inventory"), pages.inventory),
    ]

    def figures(self, rows: QuerySet[Any], actor: Actor) -> list[Figure]:
        """The numbers of the fleet: one query, of a large fleet some seconds old."""
        counts = remembered(
            ("fleet", *scope_of(actor)), lambda: _counts(rows), rows=lambda found: found["total"]
        )
        total = counts["total"] or 1
        url = self.list_url
        return [
            Figure(
                _("In service"),
                counts["service"],
                f"{url}?state=in_service",
                detail=_("%(n)s %% of the fleet") % {"n": round(100 * counts["service"] / total)},
            ),
            Figure(
                _("Seen within 24 h"),
                counts["seen"],
                f"{url}?seen=day",
                detail=_("%(n)s %% of the fleet") % {"n": round(100 * counts["seen"] / total)},
            ),
            Figure(
                _("To look at"),
                counts["watch"],
                f"{url}?state=in_repair&state=to_retire",
                "warn" if counts["watch"] else "",
                _("in repair or to retire"),
            ),
            Figure(_("Warranty ends < 90 days"), counts["soon"], f"{url}?warranty=soon"),
        ]

    def subtitle(self, obj: Asset) -> str:
        parts = [str(obj.model or ""), f"{_('serial')} {obj.serial}" if obj.serial else ""]
        return " · ".join(p for p in parts if p)

    def heading(self, obj: Asset) -> dict[str, Any]:
        return pages.heading(obj)

    def panels(self, obj: Asset, request: HttpRequest) -> list[Panel]:
        return pages.overview(self, obj)

    def search_text(self, obj: Asset) -> tuple[str, str, str]:
        """Also found by any of its network addresses."""
        title, _subtitle, text = super().search_text(obj)
        addresses = " ".join(pages.addresses_of(obj)) if obj.seen_at else ""  # no inventory, no address
        return title, " · ".join(str(p) for p in (obj.model, obj.person) if p), f"{text} {addresses}"


@register
class AssetKindScreen(Screen):
    about = gettext_lazy("The kinds of equipment; add your own beside those shipped.")
    model = AssetKind
    slug = "asset-kinds"
    icon = "category"
    columns = ["name", "key", "icon", "computer", "organisation"]
    fields = ["name", "key", "icon", "computer", "position"]
    importable = deletes = False
    searchable = False

    def from_name(self, text: str) -> dict[str, Any]:
        """A kind that only a file names: its key is made from its name."""
        return {"name": text, "key": slugify(text)[:40]}


@register
class ManufacturerScreen(Screen):
    about = gettext_lazy("The makers of the equipment, and where to ask them for help.")
    model = Manufacturer
    area, icon = "fleet", "building-factory-2"
    columns = ["name", "website", "support_url", "support_phone"]


@register
class AssetModelScreen(Screen):
    about = gettext_lazy("The product references of the fleet.")
    model = AssetModel
    slug = "models"
    area, icon = "fleet", "versions"
    columns = ["name", "manufacturer", "kind", "reference", "end_of_support"]
    filters = ["manufacturer", "kind", "end_of_support"]
    search = ["reference", "manufacturer__name"]
