"""The cards and tabs of an asset's page."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

import segno
from django.http import HttpRequest
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from django.utils.text import capfirst
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from etabli.kernel.kept import kept
from etabli.kernel.screens import Panel
from etabli.kernel.screens.columns import link_to, show
from etabli.web import markup

from . import locks, whereabouts
from .codes import address_of
from .locating import alert_of, told_of
from .models import LOCKABLE, Asset, CompatibilityNote, NetworkCard, Volume
from .tones import TONES

FULL = 90
TIGHT = 80
# Of the capacity a battery had when new: under these it no longer lasts a meeting, or soon will not.
WORN = 50
TIRED = 75


def heading(asset: Asset) -> dict[str, Any]:
    """State, picture and what is wrong now."""
    from .life_pages import alerts as of_its_life

    alerts = of_its_life(asset)
    for volume in kept(asset, _volumes_of):
        used = volume.used_percent
        if used is not None and used >= FULL:
            text = _("%(volume)s is %(used)s %% full.") % {"volume": volume.mount, "used": used}
            alerts.append({"tone": "warn", "text": text, "url": ""})
    if asset.missing_since and asset.live:
        since = formats.date_format(asset.missing_since, "j F Y")
        text = _("Missing since %(day)s: the last inventory of %(machine)s no longer finds it.")
        told = text % {"day": since, "machine": asset.parent or "—"}
        alerts.append({"tone": "warn", "text": told, "url": ""})
    if asset.warranty_end and asset.warranty_end < timezone.localdate() and asset.live:
        text = _("The warranty ended on %(day)s.") % {"day": formats.date_format(asset.warranty_end, "j F Y")}
        alerts.append({"tone": "info", "text": text, "url": ""})
    if text := alert_of(kept(asset, told_of)):
        alerts.append({"tone": "warn", "text": text, "url": ""})
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
        panels.append(Panel(_("Connected to it"), rows=[(p.kind, _connected(p)) for p in parts]))
    if notes := compatibility(asset, parts):
        panels.append(notes)
    identity = [
        (_("Assigned to"), link_to(asset.person)),
        (
            _("Place"),
            markup.joined(
                [link_to(asset.site), whereabouts.link_to_some(asset.room), whereabouts.rack_text(asset)]
            ),
        ),
        (_("System"), show(asset.system)),
        (_("Address"), show(addresses_of(asset)[:3])),
        (_("Last user"), show(asset.last_user)),
        (_("Asset tag"), show(asset.tag)),
        (_("Serial number"), show(asset.serial)),
        (
            _("Criticality"),
            markup.joined([capfirst(asset.get_criticality_display()), asset.criticality_reason]),
        ),
        (_("Vendor page"), _vendor_page(asset)),
        (_("Connected to"), link_to(asset.parent)),
        (_("Last inventory"), ago(asset.seen_at)),
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
    side += whereabouts.panels(asset)
    return [*panels, *side, *locked_panel(asset), *_sources["recognition"](asset)]


def locked_panel(asset: Asset) -> list[Panel]:
    """The fields inventories leave alone, with who said so and when."""
    rows = []
    for name, event in locks.locked_since(asset):
        said = markup.joined([event.actor, formats.date_format(event.at, "j F Y")]) if event else ""
        rows.append((capfirst(str(LOCKABLE.get(name, name))), said or markup.NOTHING))
    text = _("Inventories do not change them.")
    return [Panel(_("Locked fields"), rows=[*rows, ("", text)], side=True)] if rows else []


def _connected(part: Asset) -> str:
    """A part, and since when it is no longer found."""
    if part.missing_since is None:
        return link_to(part)
    since = _("missing since %(day)s") % {"day": formats.date_format(part.missing_since, "j F Y")}
    return markup.joined([link_to(part), markup.tinted(since, "warn")])


def _vendor_page(asset: Asset) -> str:
    url = asset.model.page_url if asset.model else ""
    if not url.startswith(("https://", "http://")):
        return markup.NOTHING
    return format_html('<a class="lnk" href="{}" rel="noreferrer">{}</a>', url, urlsplit(url).hostname or url)


def compatibility(asset: Asset, parts: Iterable[Asset]) -> Panel | None:
    """What is noted of its model and of those connected to it, or of the machine it is connected to."""
    models = {one.model_id: one.model for one in (asset, *parts) if one.model_id}
    found = CompatibilityNote.objects.filter(model__in=list(models)).order_by("model_id", "-noted_on", "id")
    rows = [(link_to(models[note.model_id]), note_text(note)) for note in found[:50]]
    return Panel(_("Compatibility"), rows=rows) if rows else None


def note_text(note: CompatibilityNote) -> str:
    """A note, when it was made and who says so."""
    day = formats.date_format(note.noted_on, "j F Y") if note.noted_on else ""
    source = ""
    if note.source_url.startswith(("https://", "http://")):
        host = urlsplit(note.source_url).hostname or note.source_url
        source = format_html('<a class="lnk" href="{}" rel="noreferrer">{}</a>', note.source_url, host)
    return markup.joined([note.text, source, day])


def qr_code(asset: Asset) -> str:
    """The address of the asset's page as a QR code, drawn in the page itself: printable, nothing to fetch."""
    drawn = segno.make(address_of(asset), micro=False).svg_inline(
        scale=3, border=2, light="#fff", omitsize=True
    )
    return mark_safe(drawn)  # noqa: S308  (made of our own numbers)


def inventory(asset: Asset, request: HttpRequest) -> Iterable[Panel]:
    """Everything the machine said, section by section."""
    wanted = request.GET.get("section", "")
    for section in section_list(asset):
        if section["name"] == wanted:
            yield Panel(
                wanted, template="assets/_raw.html", context={"content": section_content(asset, wanted)}
            )
    rows = [
        (format_html('<a href="?tab=raw&amp;section={}">{}</a>', s["name"], s["name"]), f"{s['items']}")
        for s in section_list(asset)
    ]
    yield Panel(_("Sections of the inventory"), rows=rows, side=True)


# The inventory domain stands above this one: it gives its sections through these two functions at start.
def section_list(asset: Asset) -> list[dict[str, Any]]:
    """Name and number of items of each section kept for an asset."""
    return _sources["list"](asset) if "list" in _sources else []


def section_content(asset: Asset, name: str) -> list[Any]:
    return _sources["content"](asset, name) if "content" in _sources else []


_sources: dict[str, Any] = {"recognition": lambda _asset: []}


def give_recognition(panels: Any) -> None:
    """``panels(asset)`` gives the cards that say how an asset's inventories were recognised."""
    _sources["recognition"] = panels


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


def size_text(mib: int) -> str:
    """A size in words: « 512 Go » is what people read on a box (10⁹), MiB what systems count."""
    gib = mib / 1024
    if gib < 1:
        return "\u00a0".join([str(mib), _("MiB")])
    number, unit = (gib / 1024, _("TiB")) if gib >= 1024 else (gib, _("GiB"))
    whole = abs(number - round(number)) < 0.05
    return f"{formats.number_format(number, 0 if whole else 1)}\u00a0{unit}"


def _volumes_of(asset: Asset) -> list[Volume]:
    return list(asset.volumes.all())


def _volumes(asset: Asset) -> list[dict[str, Any]]:
    made = []
    for volume in kept(asset, _volumes_of):
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
    """What batteries still hold of what they held when new."""
    made = []
    for battery in asset.batterys.all()[:2]:
        left = battery.left_percent
        if left is None:
            continue
        tone = "bad" if left < WORN else "warn" if left < TIRED else "ok"
        detail = _("%(now)s Wh of %(new)s Wh when new") % {
            "now": round((battery.left_mwh or 0) / 1000),
            "new": round((battery.capacity_mwh or 0) / 1000),
        }
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
    size = size_text(sum(m.size_mib or 0 for m in modules) or asset.memory_mib)
    label = _("Memory %(size)s") % {"size": size}
    return [{"label": label, "icon": "cpu", "used": None, "tone": "", "detail": detail}]


def ago(at: Any) -> str:
    return _("%(time)s ago") % {"time": timesince(at, timezone.now(), depth=1)} if at else markup.NOTHING
