"""The cards and tabs of an asset's page."""

from collections.abc import Iterable
from typing import Any

import segno
from django.http import HttpRequest
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from django.utils.text import capfirst
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from etabli.kernel.screens import Panel
from etabli.kernel.screens.columns import link_to, show
from etabli.web import markup

from .codes import address_of
from .models import Asset, NetworkCard

FULL = 90
TIGHT = 80
# Of the capacity a battery had when new: under these it no longer lasts a meeting, or soon will not.
WORN = 50
TIRED = 75


def heading(asset: Asset) -> dict[str, Any]:
    """State, picture and what is wrong now."""
    from .screens import TONES

    alerts = []
    for volume in asset.volumes.all():
        used = volume.used_percent
        if used is not None and used >= FULL:
            text = _("%(volume)s is %(used)s %% full.") % {"volume": volume.mount, "used": used}
            alerts.append({"tone": "warn", "text": text, "url": ""})
    if asset.warranty_end and asset.warranty_end < timezone.localdate() and asset.live:
        text = _("The warranty ended on %(day)s.") % {"day": formats.date_format(asset.warranty_end, "j F Y")}
        alerts.append({"tone": "info", "text": text, "url": ""})
    state = {"label": asset.get_state_display(), "tone": TONES.get(asset.state, "")}
    return {"state": state, "icon": asset.kind.icon, "alerts": alerts, "asset": asset}


def overview(screen: Any, asset: Asset) -> list[Panel]:
    """What it is and how it feels in the middle; identity and costs on the right."""
    panels = [
        Panel(
            _("Health"),
            template="assets/_health.html",
            context={"volumes": [*_volumes(asset), *_battery(asset), *_memory(asset)]},
        )
    ]
    parts = list(asset.parts.select_related("kind", "model")[:50])
    if parts:
        panels.append(Panel(_("Connected to it"), rows=[(p.kind, link_to(p)) for p in parts]))
    identity = [
        (_("Assigned to"), link_to(asset.person)),
        (_("Place"), markup.joined([link_to(asset.site), asset.room, asset.rack])),
        (_("System"), show(asset.system)),
        (_("Address"), show(addresses_of(asset)[:3])),
        (_("Last user"), show(asset.last_user)),
        (_("Asset tag"), show(asset.tag)),
        (_("Serial number"), show(asset.serial)),
        (
            _("Criticality"),
            markup.joined([capfirst(asset.get_criticality_display()), asset.criticality_reason]),
        ),
        (_("Connected to"), link_to(asset.parent)),
        (_("Last inventory"), _ago(asset.seen_at)),
    ]
    costs = screen.facts(
        asset, ["warranty_end", "supplier", "bought_on", "price", "order_number", "commissioned_on"]
    )
    side = [
        Panel(_("Identity"), rows=identity, side=True),
        Panel(_("Purchase and warranty"), rows=costs, side=True),
    ]
    if asset.custom:
        side.append(
            Panel(_("Custom fields"), rows=[(k, show(v)) for k, v in asset.custom.items()], side=True)
        )
    side.append(
        Panel(
            "",
            template="assets/_label.html",
            context={"qr": qr_code(asset), "tag": asset.tag or asset.name},
            side=True,
        )
    )
    if asset.remarks:
        panels.append(Panel(_("Remarks"), rows=[(_("Remarks"), show(asset.remarks))]))
    if asset.identity_note:
        side.append(Panel(_("How it was recognised"), rows=[("", asset.identity_note)], side=True))
    return [*panels, *side]


def qr_code(asset: Asset) -> str:
    """The address of the asset's page as a QR code, drawn in the page itself: printable, nothing to fetch."""
    drawn = segno.make(address_of(asset), micro=False).svg_inline(
        scale=3, border=2, light="#fff", omitsize=True
    )
    return mark_safe(drawn)  # noqa: S308  (made of our own numbers)


def hardware(asset: Asset, request: HttpRequest) -> Iterable[Panel]:
    yield Panel(
        _("Processors"),
        template="assets/_table.html",
        context=_table(asset.processors.all(), ["name", "cores", "threads", "speed_mhz"]),
    )
    yield Panel(
        _("Memory"),
        template="assets/_table.html",
        context=_table(
            asset.memorymodules.all(),
            ["slot", "size_mib", "kind", "speed_mhz", "manufacturer", "part_number", "serial"],
        ),
    )
    yield Panel(
        _("Disks"),
        template="assets/_table.html",
        context=_table(
            asset.disks.all(), ["name", "model", "size_mib", "kind", "interface", "serial", "firmware"]
        ),
    )
    yield Panel(
        _("Volumes"),
        template="assets/_table.html",
        context=_table(
            asset.volumes.all(), ["mount", "label", "filesystem", "size_mib", "free_mib", "encrypted"]
        ),
    )
    system = getattr(asset, "operating_system", None)
    if system:
        fields = [f for f in system._meta.concrete_fields if f.name not in {"id", "organisation", "asset"}]
        yield Panel(
            _("Operating system"),
            rows=[(_cap(f), show(f.value_from_object(system))) for f in fields],
            side=True,
        )


def network(asset: Asset, request: HttpRequest) -> Iterable[Panel]:
    yield Panel(
        _("Network cards"),
        template="assets/_table.html",
        context=_table(
            asset.networkcards.all(),
            ["name", "mac", "addresses", "gateway", "speed_mbps", "connected", "virtual"],
        ),
    )


def software(asset: Asset, request: HttpRequest) -> Iterable[Panel]:
    """Programs as the last inventory listed them."""
    rows = sorted(_content(asset, "softwares"), key=lambda r: str(r.get("name", "")).lower())
    text = request.GET.get("q", "").lower()
    shown = [r for r in rows if text in str(r.get("name", "")).lower()][:2000]
    cells = [
        [show(r.get("name")), show(r.get("version")), show(r.get("publisher")), show(r.get("install_date"))]
        for r in shown
    ]
    header = [_("Name"), _("Version"), _("Publisher"), _("Installed on")]
    yield Panel(
        _("Programs (%(n)s)") % {"n": len(rows)},
        template="assets/_table.html",
        context={"header": header, "rows": cells, "q": text, "searchable": True},
    )


def software_count(asset: Asset) -> int | None:

    return next((s["items"] for s in section_list(asset) if s["name"] == "softwares"), None)


def inventory(asset: Asset, request: HttpRequest) -> Iterable[Panel]:
    """Everything the machine said, section by section."""
    wanted = request.GET.get("section", "")
    for section in section_list(asset):
        if section["name"] == wanted:
            yield Panel(wanted, template="assets/_raw.html", context={"content": _content(asset, wanted)})
    rows = [
        (format_html('<a href="?tab=raw&amp;section={}">{}</a>', s["name"], s["name"]), f"{s['items']}")
        for s in section_list(asset)
    ]
    yield Panel(_("Sections of the inventory"), rows=rows, side=True)


# The inventory domain stands above this one: it gives its sections through these two functions at start.
def section_list(asset: Asset) -> list[dict[str, Any]]:
    """Name and number of items of each section kept for an asset."""
    return _sources["list"](asset) if "list" in _sources else []


def _content(asset: Asset, name: str) -> list[Any]:
    return _sources["content"](asset, name) if "content" in _sources else []


_sources: dict[str, Any] = {}


def give_sections(listing: Any, content: Any) -> None:
    """``listing(asset)`` gives dicts of ``name`` and ``items``; ``content(asset, name)`` a list of rows."""
    _sources.update(list=listing, content=content)


def addresses_of(asset: Asset) -> list[str]:
    """Addresses without their prefix, real cards first; nothing for an asset not saved yet."""
    if not asset.pk:
        return []
    cards = NetworkCard.objects.filter(asset=asset).values_list("virtual", "addresses", "mac")
    found = [
        a.split("/")[0]
        for virtual, addresses, _mac in sorted(cards, key=lambda c: bool(c[0]))
        for a in addresses
    ]
    return [a for a in dict.fromkeys(found) if not a.startswith(("127.", "::1", "fe80"))]


def _table(rows: Any, names: list[str]) -> dict[str, Any]:
    fields = [rows.model._meta.get_field(n) for n in names]
    cells = [[_cell(f, f.value_from_object(r)) for f in fields] for r in rows]
    return {"header": [_cap(f) for f in fields], "rows": cells}


def _cell(field: Any, value: Any) -> str:
    if field.name.endswith("_mib"):
        return size_text(value) if value is not None else markup.NOTHING
    return show(value)


def size_text(mib: int) -> str:
    """A size in words: « 512 Go » is what people read on a box (10⁹), MiB what systems count."""
    gib = mib / 1024
    if gib < 1:
        return f"{mib}\u00a0{_('MiB')}"
    number, unit = (gib / 1024, _("TiB")) if gib >= 1024 else (gib, _("GiB"))
    whole = abs(number - round(number)) < 0.05
    return f"{formats.number_format(number, 0 if whole else 1)}\u00a0{unit}"


def _volumes(asset: Asset) -> list[dict[str, Any]]:
    made = []
    for volume in asset.volumes.all():
        used = volume.used_percent
        if used is None or not volume.size_mib:
            continue
        tone = "bad" if used >= FULL else "warn" if used >= TIGHT else "ok"
        made.append(
            {
                "label": volume.mount,
                "icon": "database",
                "used": used,
                "tone": tone,
                "detail": _("%(free)s free of %(size)s")
                % {"free": size_text(volume.free_mib or 0), "size": size_text(volume.size_mib)},
            }
        )
    return made[:6]


def _battery(asset: Asset) -> list[dict[str, Any]]:
    """What batteries still hold of what they held when new, as the last inventory tells it."""
    made = []
    for battery in _content(asset, "batteries")[:2]:
        new, now = battery.get("capacity"), battery.get("real_capacity")
        if not isinstance(new, int) or not isinstance(now, int) or new <= 0:
            continue
        left = min(100, round(100 * now / new))
        tone = "bad" if left < WORN else "warn" if left < TIRED else "ok"
        detail = _("%(now)s Wh of %(new)s Wh when new") % {"now": round(now / 1000), "new": round(new / 1000)}
        made.append(
            {"label": _("Battery"), "icon": "battery-3", "used": left, "tone": tone, "detail": detail}
        )
    return made


def _memory(asset: Asset) -> list[dict[str, Any]]:
    """How much memory, in how many modules of which kind."""
    if not asset.memory_mib:
        return []
    modules = [m for m in asset.memorymodules.all() if m.size_mib]
    kinds = dict.fromkeys(m.kind for m in modules if m.kind)
    count = ngettext("%(n)s module", "%(n)s modules", len(modules)) % {"n": len(modules)} if modules else ""
    detail = markup.joined([" ".join(kinds), count])
    label = f"{_('Memory')} {size_text(sum(m.size_mib or 0 for m in modules) or asset.memory_mib)}"
    return [{"label": label, "icon": "cpu", "used": None, "tone": "", "detail": detail}]


def _ago(at: Any) -> str:
    return _("%(time)s ago") % {"time": timesince(at, timezone.now(), depth=1)} if at else markup.NOTHING


def _cap(field: Any) -> str:
    text = str(field.verbose_name)
    return text[:1].upper() + text[1:]
