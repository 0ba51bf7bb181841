"""What people see of the fleet."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from etabli.kernel.actors import Actor
from etabli.kernel.kept import kept
from etabli.kernel.screens import Column, Figure, Panel, Screen, Tab, register
from etabli.kernel.screens.columns import show
from etabli.kernel.screens.counting import remembered, scope_of
from etabli.kernel.screens.history import name_act
from etabli.kernel.screens.memory import atomically
from etabli.kernel.text import Plain
from etabli.web import markup

from . import (  # noqa: F401 - registers its own
    comparing,
    counting_acts,
    dependencies,
    groups,
    identity_acts,
    labels,
    life_pages,
    locks,
    moving,
    pages,
    place_acts,
    place_screens,
    rack_form,
    scan_pages,
    tabs,
)
from .filters import FILTERS, RECENT, SOON
from .life_acts import ASSET_ACTS
from .life_forms import AssetForm
from .life_pages import HOLDER
from .lock_form import UNLOCK
from .models import Asset, AssetKind, AssetModel, Manufacturer, Merge
from .tones import TONES

name_act("asset.inventoried", gettext_noop("Inventory"))
name_act("asset.merged", gettext_noop("Merged with another asset"))
name_act("asset.unmerged", gettext_noop("Taken apart again"))
name_act("asset.split", gettext_noop("A machine was separated from it"))
name_act("asset.separated", gettext_noop("Separated from another asset"))
STATES = dict(Asset.State.choices)  # get_state_display() builds this dict again for each row


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
    tone = "ok" if now - asset.seen_at < RECENT else "off"
    exact = timezone.localtime(asset.seen_at).strftime("%d/%m/%Y %H:%M")
    return SafeString(
        f'<span title="{exact}">{markup.state(markup.ago(asset.seen_at, now), tone, plain=True)}</span>'
    )


def warranty_cell(asset: Asset) -> str:
    if asset.warranty_end is None:
        return markup.NOTHING
    today = timezone.localdate()
    if asset.warranty_end < today:
        return markup.tinted(_("Ended"), "bad")
    return markup.tinted(show(asset.warranty_end), "warn" if asset.warranty_end < today + SOON else "")


def _merged(asset: Asset) -> list[int]:
    """The numbers of the assets that became part of it."""
    return list(asset.merges.values_list("gone_id", flat=True))


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
        Column(
            "state_since",
            gettext_lazy("In this state since"),
            lambda a: show(a.state_since),
            css="m p-hide",
            shown=False,
        ),
        Column("price", gettext_lazy("Price"), lambda a: show(a.price), css="m p-hide num", shown=False),
    ]
    filters = [*FILTERS, HOLDER]
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
        "ownership",
        "pool",
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
        (gettext_lazy("Where and who"), ["person", "site", "room", "rack", "parent", "ownership", "pool"]),
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
    compares = watched = True
    form = AssetForm
    acts = [
        *ASSET_ACTS,
        *place_acts.ACTS,
        moving.MOVE,
        labels.LABELS,
        counting_acts.COUNT,
        *identity_acts.ACTS,
    ]
    tabs = [
        Tab("life", gettext_lazy("Life"), life_pages.life),
        Tab("hardware", gettext_lazy("Hardware"), tabs.hardware),
        Tab("software", gettext_lazy("Software"), tabs.software, count=tabs.software_count),
        Tab("network", gettext_lazy("Network"), tabs.network),
        Tab("protection", gettext_lazy("Protection"), tabs.protection),
        Tab("changes", gettext_lazy("Changes"), tabs.changes),
        Tab("raw", gettext_lazy("Inventory"), pages.inventory),
    ]

    @atomically
    def save(self, form: Any, actor: Actor, *, batch: Any = None) -> Any:
        """What a person edits among the fields inventories fill is locked by the same save; what they tick
        to unlock follows the machine again.
        """
        locks.lock_edited(form, actor)
        asset = super().save(form, actor, batch=batch)
        free = form.cleaned_data.get(UNLOCK)
        return locks.unlock(asset, free, actor=actor) if free else asset

    def known_as(self, obj: Asset) -> list[int]:
        return [obj.pk, *kept(obj, _merged)]

    def successor(self, pk: int) -> int | None:
        return Merge.objects.filter(gone_id=pk).values_list("kept_id", flat=True).first()

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
        number = _("serial %(number)s") % {"number": obj.serial} if obj.serial else ""
        parts = [str(obj.model or ""), number]
        return " · ".join(p for p in parts if p)

    def heading(self, obj: Asset) -> dict[str, Any]:
        return pages.heading(obj)

    def panels(self, obj: Asset, request: HttpRequest) -> list[Panel]:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        return [
            *dependencies.panels(obj, actor),
            *pages.overview(self, obj),
            *scan_pages.photo_panels(obj, actor),
        ]

    def compared(self, obj: Asset) -> Iterable[tuple[Any, Any]]:
        """Its fields, what an inventory found, then its programs."""
        return [*super().compared(obj), *comparing.found(obj)]

    def more_urls(self) -> list[Any]:
        return scan_pages.asset_urls

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
    group = groups.CATALOGUE
    columns = ["name", "website", "support_url", "support_phone"]


@register
class AssetModelScreen(Screen):
    about = gettext_lazy("The product references of the fleet.")
    model = AssetModel
    slug = "models"
    area, icon = "fleet", "versions"
    group = groups.CATALOGUE
    columns = ["name", "manufacturer", "kind", "reference", "end_of_support"]
    filters = ["manufacturer", "kind", "end_of_support"]
    search = ["reference", "manufacturer__name"]

    def panels(self, obj: AssetModel, request: HttpRequest) -> list[Panel]:
        """Its facts, and what to know before using it."""
        notes = obj.notes_of_use.order_by("-noted_on", "id")[:50]
        rows = [(_("Note"), pages.note_text(note)) for note in notes]
        return [*super().panels(obj, request), *([Panel(_("Compatibility"), rows=rows)] if rows else [])]


# After the fleet: the first screen of an area is where its entry in the navigation leads.
from . import changes_screens, feed_screens, life_screens, stock_screens, stocktake_screens  # noqa: E402, F401
