"""What people see of stocktakes, of what was counted, and of photos."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from etabli.kernel.actors import Actor, can
from etabli.kernel.screens import Act, Column, Filter, Panel, Screen, register
from etabli.kernel.screens.columns import show
from etabli.kernel.screens.filters import named
from etabli.kernel.screens.history import name_act
from etabli.web import markup

from . import counting, counting_acts, stocktake_pages
from .models import Asset, Photo, Stocktake, StocktakeLine

Status = StocktakeLine.Status
TONES = {"awaited": "off", "found": "ok", "elsewhere": "warn", "moved": "info", "unknown": "bad"}

name_act("asset.moved", gettext_noop("Moved"))
name_act("asset.counted", gettext_noop("Seen during a stocktake"), "ok")
name_act("asset.photographed", gettext_noop("Photo added"))
name_act("stocktake.counted", gettext_noop("Unknown code read"), "warn")
name_act("stocktake.uncounted", gettext_noop("Reading taken back"))
name_act("stocktake.brought", gettext_noop("Asset moved here"))
name_act("stocktake.closed", gettext_noop("Closed"))
name_act("stocktake.reopened", gettext_noop("Reopened"))


def state_of(stocktake: Stocktake) -> tuple[Any, str]:
    return (_("closed"), "off") if stocktake.closed_at else (_("being counted"), "ok")


@register
class StocktakeScreen(Screen):
    about = gettext_lazy(
        "Counting what is really in a room or on a site: scan, and see what is missing, moved or unknown."
    )
    model = Stocktake
    area, icon = "fleet", "clipboard-check"
    columns = [
        "name",
        Column("site", gettext_lazy("Place"), lambda s: show(s.place), related=("site", "room"), css="m"),
        Column(
            "closed_at",
            gettext_lazy("State"),
            lambda s: markup.state(*state_of(s)),
            sort=("closed_at",),
            css="p-end",
        ),
        Column("created_at", gettext_lazy("Started on"), lambda s: show(s.created_at), css="m p-hide"),
        Column("started_by", gettext_lazy("Started by"), lambda s: show(s.started_by), css="m p-hide"),
    ]
    filters = [
        "site",
        "room",
        Filter(
            "state",
            gettext_lazy("State"),
            named(open=lambda: Q(closed_at=None), closed=lambda: Q(closed_at__isnull=False)),
            lambda: [("open", _("being counted")), ("closed", _("closed"))],
        ),
    ]
    fields = ["room", "site", "name", "remarks"]
    search = ["site__name", "room__name"]
    order = ["-pk"]
    related = ["site", "room"]
    importable = False
    acts = counting_acts.STOCKTAKE

    @transaction.atomic
    def save(self, form: Any, actor: Actor, *, batch: Any = None) -> Any:
        new = form.instance.pk is None
        if new:
            counting.fill_in(form.instance, actor)
        elif {"site", "room"} & set(form.changed_data):
            raise ValidationError(_("The place of a stocktake is not changed: start another one there."))
        saved = super().save(form, actor, batch=batch)
        if new:
            counting.freeze(saved)
        return saved

    def subtitle(self, obj: Stocktake) -> str:
        return obj.place

    def heading(self, obj: Stocktake) -> dict[str, Any]:
        label, tone = state_of(obj)
        return {"state": {"label": label, "tone": tone}}

    def actions(self, obj: Stocktake, actor: Actor) -> list[dict[str, Any]]:
        made = []
        if not obj.closed_at and can(actor, "stocktake.change", obj):
            url = self.url(obj, "count")
            made.append({"label": _("Count"), "icon": "scan", "url": url, "primary": True})
        made.append({"label": _("Stocktake report"), "icon": "file-text", "url": self.url(obj, "report")})
        return made

    def panels(self, obj: Stocktake, request: HttpRequest) -> list[Panel]:
        context = stocktake_pages.region(obj, request.actor)  # type: ignore[attr-defined]
        facts = [
            (_("Place"), obj.place),
            (_("Started on"), show(obj.created_at)),
            (_("Started by"), show(obj.started_by)),
            (_("Closed on"), show(obj.closed_at)),
            (_("Closed by"), show(obj.closed_by)),
            (_("Remarks"), show(obj.remarks)),
        ]
        return [
            Panel(_("Result"), template="assets/_count_live.html", context=context),
            Panel(self.singular, rows=facts, side=True),
        ]

    def more_urls(self) -> list[Any]:
        return stocktake_pages.urls


def _bring(line: StocktakeLine, cleaned: dict[str, Any], actor: Actor) -> None:
    counting.bring(line, actor=actor)


def _lost(line: StocktakeLine, cleaned: dict[str, Any], actor: Actor) -> None:
    if line.asset is not None:
        counting.declare_lost(line.asset, actor=actor, reason=line.stocktake.name)


def _not_elsewhere(line: StocktakeLine) -> Any:
    if line.stocktake.closed_at:
        return counting_acts.closed(line.stocktake)
    return "" if line.status == Status.ELSEWHERE else _("It is not recorded elsewhere.")


def _not_missing(line: StocktakeLine) -> Any:
    if line.status != Status.AWAITED or line.asset is None:
        return _("It was seen: it is not lost.")
    return "" if line.asset.state != Asset.State.LOST else _("It is already declared lost.")


@register
class StocktakeLineScreen(Screen):
    about = gettext_lazy("What was expected or scanned in each stocktake.")
    model = StocktakeLine
    slug = "counted"
    area, icon = "fleet", "list-check"
    columns = [
        Column(
            "label",
            gettext_lazy("Name"),
            lambda c: markup.titled(c.label or c.code, c.code if c.label else ""),
        ),
        Column(
            "status",
            gettext_lazy("Result"),
            lambda c: markup.state(c.get_status_display(), TONES[c.status]),
            sort=("status",),
            css="p-end",
        ),
        Column("recorded", gettext_lazy("Recorded place"), lambda c: show(c.recorded), css="m"),
        Column(
            "seen_at", gettext_lazy("Seen on"), lambda c: show(c.seen_at), sort=("seen_at",), css="m p-hide"
        ),
        Column("seen_by", gettext_lazy("Seen by"), lambda c: show(c.seen_by), css="m p-hide"),
        Column(
            "stocktake",
            gettext_lazy("Stocktake"),
            lambda c: show(c.stocktake),
            related=("stocktake",),
            css="m p-hide",
        ),
    ]
    filters = ["stocktake", "status", "expected"]
    search = ["label", "code"]
    fields = ["stocktake", "asset", "status", "expected", "code", "recorded", "price", "seen_at", "seen_by"]
    order = ["-stocktake", "pk"]
    related = ["stocktake", "asset"]
    adds = changes = deletes = importable = listed = searchable = annexed = False
    acts = [
        Act("bring", gettext_lazy("Move here"), "map-pin", "stocktake.change", _bring, None, _not_elsewhere),
        Act(
            "lost",
            gettext_lazy("Declare lost"),
            "alert-triangle",
            "stocktake.change",
            _lost,
            None,
            _not_missing,
            gettext_lazy("Its state becomes “lost”; its last known place is kept."),
            danger=True,
        ),
    ]


@register
class PhotoScreen(Screen):
    about = gettext_lazy("The photos of assets.")
    model = Photo
    area, icon = "fleet", "photo"
    columns = [
        "caption",
        Column("asset", gettext_lazy("Asset"), lambda p: show(p.asset), related=("asset",), css="m"),
        Column("created_at", gettext_lazy("Added on"), lambda p: show(p.created_at), css="m p-hide"),
        Column("author", gettext_lazy("Author"), lambda p: show(p.author), css="m p-hide"),
    ]
    filters = ["asset"]
    fields = ["caption"]
    order = ["-pk"]
    identity = ["caption"]
    related = ["asset"]
    adds = importable = listed = annexed = False

    def panels(self, obj: Photo, request: HttpRequest) -> list[Panel]:
        shown = {"url": reverse("file", args=[obj.file_id]), "caption": obj.caption}
        return [Panel(self.singular, template="assets/_photo.html", context=shown)]

    def subtitle(self, obj: Photo) -> str:
        return f"{obj.asset} · {obj.author}"
