"""Results of SNMP discovery and SNMP inventory sent in XML, brought to native sections.

Elements as the GLPI Agent and FusionInventory write them: `DEVICE` flat for a discovery, with `INFO`,
`PORTS`, `COMPONENTS`… for an inventory, with `ERROR` when the device did not answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from etabli.inventory.layout import SECTIONS
from etabli.inventory.legacy import Node, native_row, native_section, node, nodes, words
from etabli.inventory.values import told

type Phase = Literal["start", "count", "devices", "end", "abort"]


@dataclass(frozen=True, slots=True)
class Device:
    """A device found by an agent.

    `itemtype` is Computer, NetworkEquipment, Printer, Phone or Unmanaged. `reference` is the number given
    with the task (INFO/ID), `entity` the one of the range of addresses. `error` says why it did not answer.
    """

    itemtype: str
    sections: dict[str, Any] = field(default_factory=dict)
    reference: str = ""
    entity: str = ""
    error: str = ""


_TYPES = {
    "computer": "Computer",
    "networking": "Networking",
    "printer": "Printer",
    "storage": "Storage",
    "power": "Power",
    "phone": "Phone",
    "video": "Video",
    "kvm": "KVM",
    "unmanaged": "Unmanaged",
}
_ITEMTYPES = {"Computer": "Computer", "Phone": "Phone", "Printer": "Printer"}
_EQUIPMENT = frozenset({"Networking", "Storage", "Power", "Video", "KVM"})


def phase(content: Node) -> Phase:
    """Which step of the task the message tells."""
    agent = node(content.get("agent"))
    if "device" in content or not agent:
        return "devices"
    steps: Mapping[str, Phase] = {"exit": "abort", "end": "end", "start": "start", "nbip": "count"}
    return next((step for key, step in steps.items() if key in agent), "devices")


def job(content: Node) -> int | None:
    """The number of the job (PROCESSNUMBER), None when absent or not a number."""
    return _number(content.get("processnumber"))


def count(content: Node) -> int | None:
    """The number of addresses about to be asked (AGENT/NBIP)."""
    return _number(node(content.get("agent")).get("nbip"))


def _number(value: Any) -> int | None:
    digits = words(value)
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 16 else None


def devices(content: Node) -> tuple[Device, ...]:
    """The devices of a message, in its order."""
    return tuple(_device(raw) for raw in nodes(content.get("device")))


def _device(raw: Node) -> Device:
    error = node(raw.get("error"))
    if error:
        message = words(error.get("message")) or told("The device did not answer.")
        return Device(
            itemtype=_itemtype(_type(error.get("type"))), reference=words(error.get("id")), error=message
        )
    info = node(raw.get("info")) or _discovered(raw)
    described = _described(info)
    sections = {"network_device": described} | _sections(raw, flat="info" not in raw)
    if described.get("firmware") and "firmwares" not in sections:
        sections["firmwares"] = [{"name": described["firmware"], "version": described["firmware"]}]
    return Device(
        itemtype=_itemtype(described.get("type", "")),
        sections=sections,
        reference=words(info.get("id")),
        entity=words(raw.get("entity")),
    )


def _type(value: Any) -> str:
    return _TYPES.get(words(value).lower(), "")


def _itemtype(kind: str) -> str:
    return "NetworkEquipment" if kind in _EQUIPMENT else _ITEMTYPES.get(kind, "Unmanaged")


_NAMES = ("snmphostname", "netbiosname", "dnshostname")
_DISCOVERED = (
    *("mac", "ips", "contact", "firmware", "location", "manufacturer", "model", "uptime", "type"),
    *("description", "serial", "assettag", "authport", "authprotocol"),
)


def _discovered(raw: Node) -> Node:
    """The flat form of a discovery; a name told by SNMP is better than NetBIOS, and that than DNS."""
    info = {key: raw[key] for key in _DISCOVERED if key in raw}
    name = next((raw[key] for key in _NAMES if words(raw.get(key))), None)
    extra = {"name": name, "credentials": raw.get("authsnmp")}
    if "ips" not in info and words(raw.get("ip")):
        extra["ips"] = {"ip": raw["ip"]}
    if "manufacturer" not in info:
        extra["manufacturer"] = raw.get("netportvendor")
    return info | {key: value for key, value in extra.items() if value}


def _described(info: Node) -> Node:
    row = {
        key: value for key, value in info.items() if key not in ("id", "comments", "macaddr", "ips", "type")
    }
    if "comments" in info:
        row.setdefault("description", info["comments"])
    if "macaddr" in info:
        row.setdefault("mac", info["macaddr"])
    if "ips" in info:
        row["ips"] = _inside(info["ips"], "ip")
    if _type(info.get("type")):
        row["type"] = _type(info["type"])
    return native_row("network_device", row)


def _inside(value: Any, name: str) -> list[Any]:
    """The elements `name` within an element, always as a list."""
    found = node(value).get(name)
    return found if isinstance(found, list) else [] if found is None else [found]


def _sections(raw: Node, *, flat: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "ports" in raw:
        found["network_ports"] = [_port(port) for port in nodes(_inside(raw["ports"], "port"))]
    if "components" in raw:
        rows = nodes(_inside(raw["components"], "component"))
        found["network_components"] = [_component(row) for row in rows]
    if flat and words(raw.get("workgroup")):
        found["hardware"] = {"workgroup": words(raw["workgroup"])}
    names = [name for name in raw if name in SECTIONS and name != "ports"]
    return {
        name: value
        for name, value in (found | {n: native_section(n, raw[n]) for n in names}).items()
        if value
    }


_PORT_NAMES = {"ifinoctets": "ifinbytes", "ifoutoctets": "ifoutbytes"}


def _port(raw: Node) -> Node:
    port = {
        _PORT_NAMES.get(key, key): value for key, value in raw.items() if key not in ("ip", "connections")
    }
    if "ips" in raw or "ip" in raw:
        port["ips"] = _inside(raw.get("ips"), "ip") or _inside(raw, "ip")
    if "vlans" in raw:
        port["vlans"] = nodes(_inside(raw["vlans"], "vlan"))
    if "aggregate" in raw:
        members = (_number(member) for member in _inside(raw["aggregate"], "port"))
        port["aggregate"] = [member for member in members if member is not None]
    if "connections" in raw:
        port["connections"] = _connections(raw["connections"])
    if "cdp" in node(raw.get("connections")):
        port["lldp"] = words(node(raw["connections"])["cdp"]) == "1"
    return native_row("network_ports", port)


def _connections(value: Any) -> list[Node]:
    """One row for each neighbour: a port that only learnt addresses lists them in a single element."""
    rows: list[Node] = []
    for row in nodes(_inside(value, "connection")):
        macs = row.get("mac")
        rows += [row | {"mac": mac} for mac in macs] if isinstance(macs, list) else [row]
    return rows


_COMPONENT_NAMES = {"containedinindex": "contained_index", "version": "firmware"}


def _component(raw: Node) -> Node:
    row = {key: value for key, value in raw.items() if key not in _COMPONENT_NAMES and key != "revision"}
    for old, new in _COMPONENT_NAMES.items():
        if old in raw:
            row.setdefault(new, raw[old])
    return native_row("network_components", row)
