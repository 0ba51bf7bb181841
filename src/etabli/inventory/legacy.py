"""The XML dialects of inventory: FusionInventory 2.x and OCS Inventory 2.x, brought to native sections.

`read_request` opens any XML message; `sections` maps the content of an inventory. Results of SNMP tasks
are in `snmp`. The mapping follows the GLPI inventory format, which was born from these dialects.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from etabli.inventory.layout import SECTIONS, Kind
from etabli.inventory.values import CONVERTERS, Flaw, told
from etabli.inventory.wire import Unreadable, without_declaration

type Node = dict[str, Any]
_MAX_DEPTH = 20
_MAX_PROCESSORS = 64


@dataclass(frozen=True, slots=True)
class Request:
    """An XML message: what it asks (`query`, upper-case), who sends it, and its raw lower-case content."""

    query: str
    deviceid: str
    tag: str
    version: str
    itemtype: str
    content: Node
    repairs: tuple[str, ...] = ()


def read_request(content: bytes) -> Request:
    """Parse a REQUEST document, DTD and entities refused. Raises Unreadable."""
    root, repairs = _parse(content)
    inside = node(root.get("content"))
    query = words(root.get("query")).upper() or ("SNMPQUERY" if "device" in inside else "INVENTORY")
    hardware = node(inside.get("hardware"))
    agent = node(inside.get("agent"))
    return Request(
        query=query,
        deviceid=words(root.get("deviceid")),
        tag=_tag(inside.get("accountinfo")) or words(root.get("tag")),
        version=words(
            inside.get("versionclient") or hardware.get("versionclient") or agent.get("agentversion")
        ),
        itemtype=words(root.get("itemtype")),
        content=inside,
        repairs=repairs,
    )


def node(value: Any) -> Node:
    """The element itself, the first of several, or an empty one."""
    first = value[0] if isinstance(value, list) else value
    return first if isinstance(first, dict) else {}


def nodes(value: Any) -> list[Node]:
    """The elements of that name: none, one or several."""
    several = value if isinstance(value, list) else [value]
    return [item for item in several if isinstance(item, dict)]


def words(value: Any) -> str:
    """The text of an element, of the first one when it is repeated."""
    first = value[0] if isinstance(value, list) else value
    return first if isinstance(first, str) else ""


class _Builder:
    """Builds dictionaries while parsing: a leaf is its text, a repeated element is a list."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.open: list[Node] = [{}]
        self.texts: list[list[str]] = [[]]

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if len(self.open) > _MAX_DEPTH:
            raise Unreadable("The XML body is nested too deeply to be an inventory message.")
        self.names.append(name.lower())
        self.open.append({key.lower(): value for key, value in attributes.items() if value})
        self.texts.append([])

    def data(self, text: str) -> None:
        self.texts[-1].append(text)

    def end(self, _name: str) -> None:
        inside: Node | str = self.open.pop() or "".join(self.texts[-1]).strip()
        self.texts.pop()
        name = self.names.pop()
        if not inside:
            return
        parent = self.open[-1]
        known = parent.get(name)
        if known is None:
            parent[name] = inside
        elif isinstance(known, list):
            known.append(inside)
        else:
            parent[name] = [known, inside]

    def close(self) -> Node:
        return self.open[0]


def _parse(content: bytes) -> tuple[Node, tuple[str, ...]]:
    document = without_declaration(content)
    repairs: tuple[str, ...] = ()
    try:
        tree = _built(document)
    except ParseError as error:
        mended = _BARE_AMPERSAND.sub(b"&amp;", _CONTROL_REFERENCE.sub(_allowed, document))
        if mended == document:
            raise Unreadable(
                "The body is not valid XML (%(where)s). Send the message again.", where=error
            ) from error
        tree, repairs = (
            _built_or_refused(mended),
            (told("Characters that XML forbids were mended in the message."),),
        )
    if "request" not in tree:
        raise Unreadable("The XML body is not a REQUEST, or an empty one. Check what is sent here.")
    return node(tree["request"]), repairs


# An agent that escapes neither control characters nor `&` is read all the same (XML 1.0 §2.2, §4.1).
_CONTROL_REFERENCE = re.compile(rb"&#(?:x0{0,6}([0-9a-fA-F]{1,2})|0{0,6}([0-9]{1,2}));")
_BARE_AMPERSAND = re.compile(rb"&(?!(?:#[0-9]{1,8}|#x[0-9a-fA-F]{1,8}|amp|lt|gt|quot|apos);)")


def _allowed(reference: re.Match[bytes]) -> bytes:
    code = int(reference[1], 16) if reference[1] else int(reference[2])
    return reference[0] if code >= 32 or code in (9, 10, 13) else b""


def _built(document: bytes) -> Node:
    parser = DefusedXMLParser(target=_Builder(), encoding="utf-8", forbid_dtd=True)
    try:
        parser.feed(document)
        tree: Node = parser.close()
    except DefusedXmlException as error:
        raise Unreadable("The XML body declares a DTD or entities, which no agent does.") from error
    return tree


def _built_or_refused(document: bytes) -> Node:
    try:
        return _built(document)
    except ParseError as error:
        raise Unreadable(
            "The body is not valid XML (%(where)s). Send the message again.", where=error
        ) from error


def _tag(accounts: Any) -> str:
    found = (words(pair.get("keyvalue")) for pair in nodes(accounts) if words(pair.get("keyname")) == "TAG")
    return next(found, "")


_RENAMED_SECTIONS = {"firewall": "firewalls", "user": "users"}
_DROPPED_SECTIONS = frozenset(
    {"accountinfo", "registry", "rudder", "userslist", "jvms", "mib_applications", "mib_components"}
    | {"versionclient", "device", "agent", "moduleversion", "processnumber", "download", "bestagent"}
)
_RENAMED: Mapping[str, Mapping[str, str]] = {
    "local_groups": {"member": "members", "id_group": "id"},
    "local_users": {"id_user": "id"},
    "softwares": {"installdate": "install_date", "releasetype": "release_type"},
    "storages": {"serialnumber": "serial"},
    "networks": {"macaddr": "mac"},
    "antivirus": {
        "datfilecreation": "base_creation",
        "datfileversion": "base_version",
        "engineversion64": "base_version",
        "engineversion32": "base_version",
    },
    "simcards": {"line_number": "phone_number"},
    "inputs": {"pointtype": "pointingtype"},
    "cpus": {
        "cores": "core",
        "threads": "thread",
        "cpuarch": "arch",
        "type": "name",
        "serialnumber": "serial",
        "current_speed": "speed",
    },
}
_DROPPED: Mapping[str, frozenset[str]] = {
    "licenseinfos": frozenset({"oem"}),
    "videos": frozenset({"pciid"}),
    "bios": frozenset({"type"}),
    "hardware": frozenset(
        {"archname", "osname", "checksum", "etime", "ipaddr", "osversion", "oscomments", "processorn"}
        | {"processors", "processort", "userid", "lastdate", "userdomain", "versionclient", "installdate"}
    ),
}
_WORDS: Mapping[tuple[str, str], Mapping[str, str]] = {
    ("slots", "status"): {"in use": "used", "available": "free"},
    ("virtualmachines", "status"): {"pause": "paused", "stopped": "off"},
    ("virtualmachines", "vmtype"): {
        "hyper-v": "hyperv",
        "solaris zone": "solariszone",
        "solaris zones": "solariszone",
    },
    ("networks", "type"): {"local": "loopback", "ether": "ethernet"},
    ("networks", "status"): {},
    ("storages", "interface"): {"serial-ata": "SATA"},
    ("cpus", "arch"): {},
}
_AS_WRITTEN = frozenset({("storages", "interface"), ("slots", "status")})


def sections(content: Node) -> dict[str, Any]:
    """The native sections of an XML inventory: lower-case names, typed leaves, lists where several go."""
    native: dict[str, Any] = {}
    for raw_name, value in content.items():
        name = _RENAMED_SECTIONS.get(raw_name, raw_name)
        if name not in _DROPPED_SECTIONS and not (name != raw_name and name in content):
            native[name] = native_section(name, value)
    _complete(native, node(content.get("hardware")))
    return {name: value for name, value in native.items() if value}


def native_section(name: str, value: Any) -> Any:
    """One section in native form; the value of an unknown one is left as it is."""
    section = SECTIONS.get(name)
    if section is None:
        return value
    rows = [native_row(name, row) for row in nodes(value)]
    return rows if section.many else next(iter(rows), {})


def native_row(name: str, raw: Node) -> Node:
    """One entry in native form: keys renamed, codes spelled as the format does, numbers made numbers."""
    dropped, renamed = _DROPPED.get(name, frozenset()), _RENAMED.get(name, {})
    row = {key: value for key, value in raw.items() if key not in dropped and key not in renamed}
    for old, new in renamed.items():
        if old in raw:
            row.setdefault(new, raw[old])
    mend = _MENDERS.get(name)
    if mend is not None:
        mend(row)
    kinds = SECTIONS[name].kinds
    return {key: _typed(kinds.get(key), _spelled(name, key, value)) for key, value in row.items()}


def _spelled(name: str, key: str, value: Any) -> Any:
    spellings = _WORDS.get((name, key))
    if spellings is None or not isinstance(value, str):
        return value
    return spellings.get(value.lower(), value if (name, key) in _AS_WRITTEN else value.lower())


def _typed(kind: Any, value: Any) -> Any:
    """The value as its kind wants it; a wrong one stays as sent, cleaning will say why it is dropped."""
    if not isinstance(kind, Kind) or kind in (Kind.TEXT, Kind.LONG):
        return value
    result = CONVERTERS[kind](value)
    return result if isinstance(result, str | int | list) and not isinstance(result, Flaw) else value


def _mend_controller(row: Node) -> None:
    vendor, _, product = words(row.pop("pciid", "")).partition(":")
    if vendor and product:
        row.setdefault("vendorid", vendor)
        row.setdefault("productid", product)


def _mend_network(row: Node) -> None:
    # OCS Inventory writes both families under the same names.
    if ":" in words(row.get("ipaddress")):
        for key in ("ipaddress", "ipmask", "ipsubnet"):
            if key in row:
                row.setdefault(f"{key}6", row.pop(key))


def _mend_group(row: Node) -> None:
    if isinstance(row.get("members"), str):
        row["members"] = [member for member in row["members"].split(",") if member]


def _mend_system(row: Node) -> None:
    timezone = row.get("timezone")
    if isinstance(timezone, dict) and re.fullmatch(r"[+-][0-9]{2}", words(timezone.get("offset"))):
        row["timezone"] = timezone | {"offset": timezone["offset"] + "00"}


_MENDERS: Mapping[str, Callable[[Node], None]] = {
    "controllers": _mend_controller,
    "networks": _mend_network,
    "local_groups": _mend_group,
    "operatingsystem": _mend_system,
}


def _complete(native: dict[str, Any], hardware: Node) -> None:
    """Fill from HARDWARE what older agents say only there."""
    if "operatingsystem" not in native and hardware.get("osname"):
        named = {"name": "osname", "full_name": "osname", "version": "osversion"}
        native["operatingsystem"] = _picked(hardware, named.items())
    if not native.get("cpus") and hardware.get("processort"):
        row = _picked(hardware, [("name", "processort"), ("speed", "processors")])
        count = CONVERTERS[Kind.COUNT](words(hardware.get("processorn")))
        native["cpus"] = [native_row("cpus", row)] * min(
            count if isinstance(count, int) else 1, _MAX_PROCESSORS
        )
    etime = CONVERTERS[Kind.COUNT](words(hardware.get("etime")))
    if isinstance(etime, int):
        native["versionprovider"] = {"etime": etime} | node(native.get("versionprovider"))
    if hardware.get("userid") and isinstance(native.get("hardware"), dict):
        native["hardware"].setdefault("lastloggeduser", hardware["userid"])


def _picked(source: Node, names: Iterable[tuple[str, str]]) -> Node:
    return {new: words(source[old]) for new, old in names if words(source.get(old))}
