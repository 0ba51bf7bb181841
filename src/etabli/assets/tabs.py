"""The tabs of an asset's page that show what its inventories found: parts, programs, network, protection,
changes.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils import formats
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from etabli.kernel.screens import Panel
from etabli.kernel.screens.columns import capitalised, link_to, show
from etabli.kernel.screens.history import short_time
from etabli.web import markup

from . import change_words
from .models import Asset, HostedMachine, Peripheral, RemoteAccess
from .pages import section_content, section_list, size_text

TABLE = "assets/_table.html"
SHOWN = 500


@dataclass(frozen=True)
class Part:
    """A panel of rows of one component: the name of its relation, and its columns. ``always``: shown when
    empty too.
    """

    title: str
    relation: str
    columns: Sequence[str]
    always: bool = False


PARTS = (
    Part(gettext_noop("Processors"), "processors", ["name", "cores", "threads", "speed_mhz"], True),
    Part(
        gettext_noop("Memory"),
        "memorymodules",
        ["slot", "size_mib", "kind", "speed_mhz", "manufacturer", "part_number", "serial"],
        True,
    ),
    Part(
        gettext_noop("Disks"),
        "disks",
        ["name", "model", "size_mib", "kind", "interface", "health", "serial", "firmware"],
        True,
    ),
    Part(
        gettext_noop("Volumes"),
        "volumes",
        ["mount", "label", "filesystem", "size_mib", "free_mib", "encrypted"],
        True,
    ),
    Part(
        gettext_noop("Batteries"),
        "batterys",
        ["name", "chemistry", "left_percent", "left_mwh", "capacity_mwh", "health", "serial"],
    ),
    Part(gettext_noop("SIM cards"), "simcards", ["operator", "phone", "serial", "country", "status"]),
    Part(gettext_noop("Graphics cards"), "graphicscards", ["name", "chipset", "memory_mib", "resolution"]),
    Part(gettext_noop("Sound cards"), "soundcards", ["name", "manufacturer"]),
    Part(
        gettext_noop("Cameras"), "cameras", ["name", "facing", "resolution", "flash", "manufacturer", "model"]
    ),
    Part(
        gettext_noop("Power supplies"),
        "powersupplys",
        ["name", "manufacturer", "model", "power_w", "status", "plugged", "location", "serial"],
    ),
    Part(gettext_noop("Controllers"), "controllers", ["name", "manufacturer", "kind", "driver", "slot"]),
    Part(
        gettext_noop("Firmware"),
        "firmwares",
        ["name", "kind", "manufacturer", "release", "released_on", "secure_boot"],
    ),
)
PROTECTION = (
    Part(
        gettext_noop("Antivirus"),
        "antiviruss",
        ["name", "company", "release", "enabled", "up_to_date", "expires_on"],
        True,
    ),
    Part(gettext_noop("Firewall"), "firewalls", ["name", "profile", "enabled"], True),
    Part(gettext_noop("Encryption"), "volumes", ["mount", "encrypted", "encryption"], True),
    Part(gettext_noop("Local users"), "localusers", ["login", "name", "number", "shell", "home"]),
    Part(gettext_noop("Local groups"), "localgroups", ["name", "members", "number"]),
    Part(
        gettext_noop("Licences found"),
        "foundlicences",
        ["name", "edition", "product_number", "key_end", "trial", "activated_at"],
    ),
)


def hardware(asset: Asset, request: HttpRequest) -> Iterable[Panel]:
    """What it is made of, what is plugged in, and of a printer what is left in its cartridges."""
    yield from _supplies(asset)
    yield from _panels(asset, PARTS[:4])
    yield from _peripherals(asset)
    yield from _panels(asset, PARTS[4:])
    system = getattr(asset, "operating_system", None)
    if system:
        fields = [f for f in system._meta.concrete_fields if f.name not in {"id", "organisation", "asset"}]
        rows = [(capitalised(f.verbose_name), show(f.value_from_object(system))) for f in fields]
        yield Panel(_("Operating system"), rows=rows, side=True)
    for board in asset.motherboards.all()[:1]:
        names = ("manufacturer", "model", "serial")
        rows = [(_label(board, name), show(getattr(board, name))) for name in names]
        yield Panel(_("Motherboard"), rows=rows, side=True)


def protection(asset: Asset, request: HttpRequest) -> Iterable[Panel]:
    """What protects it, who has an account on it, and how to take it in hand from afar."""
    remote = list(asset.remoteaccesss.all()[:20])
    if remote:
        yield Panel(_("Remote control"), rows=[(one.kind, _remote(one)) for one in remote], side=True)
    yield from _panels(asset, PROTECTION)


def network(asset: Asset, request: HttpRequest) -> Iterable[Panel]:
    """Its cards or ports, and the modules of a chassis."""
    cards = Part(
        gettext_noop("Network cards"),
        "networkcards",
        ["name", "mac", "addresses", "gateway", "speed_mbps", "connected", "virtual"],
        True,
    )
    yield from _panels(asset, [cards])
    modules = section_content(asset, "network_components")
    if modules:
        names = ("name", "type", "model", "serial", "firmware")
        header = [_("Name"), _("Type"), _("Model"), _("Serial number"), _("Firmware")]
        cells = [[show(row.get(name)) for name in names] for row in modules[:SHOWN]]
        yield Panel(_("Modules"), template=TABLE, context={"header": header, "rows": cells})


def software(asset: Asset, request: HttpRequest) -> Iterable[Panel]:
    """What it hosts and serves, then its programs as the last inventory listed them."""
    yield from _guests(asset)
    services = ["name", "kind", "release", "port", "active", "size_mib", "backed_up_at", "databases"]
    yield from _panels(asset, [Part(gettext_noop("Database services"), "databaseservices", services)])
    rows = sorted(section_content(asset, "softwares"), key=lambda r: str(r.get("name", "")).lower())
    text = request.GET.get("q", "").lower()
    shown = [r for r in rows if text in str(r.get("name", "")).lower()][:2000]
    names = ("name", "version", "publisher", "install_date")
    yield Panel(
        _("Programs (%(n)s)") % {"n": len(rows)},
        template=TABLE,
        context={
            "header": [_("Name"), _("Version"), _("Publisher"), _("Installed on")],
            "rows": [[show(r.get(name)) for name in names] for r in shown],
            "q": text,
            "searchable": True,
        },
    )


def software_count(asset: Asset) -> int | None:
    return next((s["items"] for s in section_list(asset) if s["name"] == "softwares"), None)


def changes(asset: Asset, request: HttpRequest) -> Iterable[Panel]:
    """What its inventories found changed, the latest first."""
    rows = asset.changes.select_related("other").order_by("-at", "-id")[:200]
    cells = [
        [
            short_time(change.at),
            change_words.told_cell(change),
            change_words.what_cell(change),
            capitalised(change.get_family_display()),
            link_to(change.other) if change.other_id else "",
        ]
        for change in rows
    ]
    header = [_("When"), _("What"), _("Kind of change"), _("Component"), _("Other machine")]
    more = f"{change_words.list_url()}?asset={asset.pk}" if len(cells) == 200 else ""
    yield Panel(_("What changed"), template=TABLE, context={"header": header, "rows": cells}, more_url=more)


def _panels(asset: Asset, parts: Iterable[Part]) -> Iterable[Panel]:
    for part in parts:
        rows = list(getattr(asset, part.relation).all()[:SHOWN])
        if rows or part.always:
            yield Panel(_(part.title), template=TABLE, context=_table(rows, part))


def _table(rows: Sequence[Any], part: Part) -> dict[str, Any]:
    model: Any = Asset._meta.get_field(part.relation).related_model
    return {
        "header": [_label(model, name) for name in part.columns],
        "rows": [[_cell(name, getattr(row, name)) for name in part.columns] for row in rows],
    }


def _label(model: Any, name: str) -> str:
    if name == "left_percent":
        return _("Left")
    return capitalised(model._meta.get_field(name).verbose_name)


def _cell(name: str, value: Any) -> str:
    if value is None:
        return markup.NOTHING
    if name.endswith("_mib"):
        return size_text(value)
    if name.endswith("_percent"):
        return f"{value}\u00a0%"
    if name == "key_end":
        return format_html('<span class="mono">•••••{}</span>', f"-{value}" if value else "")
    return show(value)


def _peripherals(asset: Asset) -> Iterable[Panel]:
    rows = list(asset.peripherals.select_related("device").order_by("kind", "id")[:SHOWN])
    if not rows:
        return
    names = ("kind", "name", "manufacturer", "detail", "serial")
    header = [*(_label(Peripheral, name) for name in names), _("State")]
    cells = [
        [
            capitalised(row.get_kind_display()),
            link_to(row.device) if row.device else show(row.name),
            show(row.manufacturer),
            show(characteristics(row)),
            show(row.serial),
            peripheral_state(row),
        ]
        for row in rows
    ]
    yield Panel(_("Peripherals"), template=TABLE, context={"header": header, "rows": cells})


USB_CLASSES = {
    "audio": gettext_noop("audio"),
    "communication": gettext_noop("communication"),
    "input": gettext_noop("input"),
    "imaging": gettext_noop("imaging"),
    "printer": gettext_noop("printer"),
    "storage": gettext_noop("storage"),
    "hub": gettext_noop("hub"),
    "network": gettext_noop("network"),
    "smart card": gettext_noop("smart card"),
    "video": gettext_noop("video"),
    "wireless": gettext_noop("wireless"),
}


def characteristics(row: Peripheral) -> str:
    """The class of a USB device in words, the size and year of a monitor as they are."""
    return _(USB_CLASSES[row.detail]) if row.detail in USB_CLASSES else row.detail


def peripheral_state(row: Peripheral) -> str:
    """Connected, built in, or missing since the last inventory that no longer listed it."""
    if row.missing_since:
        day = formats.date_format(row.missing_since, "j N Y")
        return markup.state(_("missing since %(day)s") % {"day": day}, "warn")
    return markup.state(_("built in"), "off") if row.built_in else markup.state(_("connected"), "ok")


def _remote(one: RemoteAccess) -> str:
    if not one.link:
        return markup.joined([one.number, one.release])
    # Made of a known scheme and of a number that holds letters, digits and a few signs only.
    link = format_html('<a class="lnk" href="{}">{}</a>', one.link, _("Take control"))
    return markup.joined([one.number, link, one.release])


def _guests(asset: Asset) -> Iterable[Panel]:
    rows = list(asset.hostedmachines.all()[:SHOWN])
    if not rows:
        return
    known = _assets_by_uuid(asset, rows)
    names = ("name", "kind", "status", "system", "memory_mib", "processors", "uuid")
    cells = [[_cell(name, getattr(row, name)) for name in names] for row in rows]
    for row, line in zip(rows, cells, strict=True):
        if guest := known.get(row.uuid):
            line[0] = link_to(guest)
    header = [_label(HostedMachine, name) for name in names]
    yield Panel(_("Virtual machines it hosts"), template=TABLE, context={"header": header, "rows": cells})


def _assets_by_uuid(asset: Asset, rows: Iterable[HostedMachine]) -> dict[str, Asset]:
    """The guests that report for themselves."""
    asked = {row.uuid for row in rows if row.uuid}
    found = Asset.objects.filter(organisation_id=asset.organisation_id, uuid__in=asked)
    return {one.uuid: one for one in found[:SHOWN]}


_COLOURS: dict[str, Callable[[], str]] = {
    "black": lambda: _("black"),
    "cyan": lambda: _("cyan"),
    "magenta": lambda: _("magenta"),
    "yellow": lambda: _("yellow"),
}


def _supplies(asset: Asset) -> Iterable[Panel]:
    """Levels of a printer's cartridges, in percent when that is what it tells, and its page counters."""
    levels = [(key, value) for row in section_content(asset, "cartridges") for key, value in row.items()]
    rows = [(_supply(str(key)), _level(value)) for key, value in levels[:50]]
    rows += [
        (markup.joined([row.get("type"), row.get("color")]), _level(row.get("value")))
        for row in section_content(asset, "consumables")[:50]
    ]
    if rows:
        yield Panel(_("Supplies"), rows=rows)
    counters = [pair for row in section_content(asset, "pagecounters") for pair in row.items()]
    if counters:
        told = [(capitalised(key), formats.number_format(value)) for key, value in counters[:20]]
        yield Panel(_("Pages printed"), rows=told, side=True)


def _supply(key: str) -> str:
    """`tonerblack` in words."""
    for colour, name in _COLOURS.items():
        if key.endswith(colour):
            return f"{capitalised(key.removesuffix(colour))} {name()}"
    return capitalised(key)


def _level(value: Any) -> str:
    text = str(value if value is not None else "")
    if not text.isascii() or not text.isdigit() or int(text) > 100:
        return show(text)
    tone = "bad" if int(text) < 10 else "warn" if int(text) < 25 else ""
    return markup.tinted(f"{text}\u00a0%", tone)  # type: ignore[arg-type]
