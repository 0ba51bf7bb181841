"""Network cards and switch ports out of cleaned sections.

Agents send one entry for each address of a card: entries with the same MAC address and the same
description are one card with several addresses.
"""

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from etabli.inventory.rows import number, rows, said, switch

_MAC = re.compile(r"[0-9a-f]{12}")
_SPEED = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,12})?)\s*([a-z]*)")
_MBPS = {"": 1.0, "mbps": 1.0, "mb": 1.0, "m": 1.0, "gbps": 1000.0, "gb": 1000.0, "g": 1000.0}
_FASTEST_MBPS = 2_000_000
"""Drivers that do not know the speed write 4294967295 or 9223372036854; no port is that fast."""

# IANAifType numbers (RFC 2863, IANAifType-MIB) worth a word.
_PORT_KINDS = {
    6: "ethernet",
    24: "loopback",
    53: "virtual",
    62: "ethernet",
    69: "ethernet",
    71: "wifi",
    117: "ethernet",
    131: "tunnel",
    135: "vlan",
    136: "vlan",
    161: "aggregate",
    209: "bridge",
}
_VIRTUAL_KINDS = frozenset({"loopback", "virtual", "tunnel", "vlan", "aggregate", "bridge"})
_NOT_HARDWARE = frozenset({"loopback", "bridge", "alias", "aggregate", "dialup"})

# The same on every machine: VMware host adapters, WAN miniports, VPN clients, USB gadgets.
_SHARED = frozenset(
    {"00:50:56:c0:00:01", "00:50:56:c0:00:08", "50:50:54:50:30:30", "20:41:53:59:4e:ff", "00:05:9a:3c:7a:00"}
    | {
        "02:05:85:7f:eb:80",
        "00:09:0f:fe:00:01",
        "00:09:0f:aa:00:01",
        "02:50:41:00:00:01",
        "00:1a:7d:da:71:13",
    }
    | {"02:80:37:ec:02:00", "02:00:4c:4f:4f:50", "00:a0:c6:00:00:00", "02:00:00:00:00:00"}
)


@dataclass(frozen=True, slots=True)
class NetworkCard:
    """A card or a port. `mac` is lower-case with colons or empty, `addresses` are `ip/prefix`.

    `speed_mbps`, `connected` and `virtual` are None when the machine does not tell. `dhcp` is the address
    of the server that gave the lease.
    """

    name: str
    mac: str
    kind: str
    speed_mbps: int | None
    connected: bool | None
    virtual: bool | None
    addresses: tuple[str, ...]
    gateway: str
    dhcp: str


def computer_cards(content: Any) -> tuple[NetworkCard, ...]:
    """The cards of a `networks` section, in the order they were told."""
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    known: dict[str, str] = {}
    for row in rows(content):
        name = said(row, "description").partition("@")[0]
        # Older agents forget the MAC address in the entry of an IPv6 address.
        mac = mac_address(said(row, "mac")) or known.get(name, "")
        known[name] = mac
        groups.setdefault((mac, name), []).append(row)
    return tuple(_card(mac, name, entries) for (mac, name), entries in groups.items())


def _card(mac: str, name: str, entries: list[Mapping[str, Any]]) -> NetworkCard:
    addresses = dict.fromkeys(address for row in entries for address in _addresses(row))
    status = _first(entries, "status").lower()
    return NetworkCard(
        name=name,
        mac=mac,
        kind=_first(entries, "type").lower(),
        speed_mbps=_speed(_first(entries, "speed")),
        connected=status == "up" if status else None,
        virtual=next((flag for row in entries if (flag := switch(row, "virtualdev")) is not None), None),
        addresses=tuple(addresses),
        gateway=next((found for row in entries if (found := _address(said(row, "ipgateway")))), ""),
        dhcp=next((found for row in entries if (found := _address(said(row, "ipdhcp")))), ""),
    )


def _first(entries: Iterable[Mapping[str, Any]], key: str) -> str:
    return next((found for row in entries if (found := said(row, key))), "")


def port_cards(content: Any) -> tuple[NetworkCard, ...]:
    """The ports of a `network_ports` section. SNMP tells no mask here: each address stands alone."""
    return tuple(_port(row) for row in rows(content))


def _port(row: Mapping[str, Any]) -> NetworkCard:
    code, status, bits = number(row, "iftype"), number(row, "ifstatus"), number(row, "ifspeed")
    kind = _PORT_KINDS.get(code or 0, "")
    ips = row.get("ips")
    found = [with_prefix(ip, "") for ip in ips if isinstance(ip, str)] if isinstance(ips, list) else []
    return NetworkCard(
        name=said(row, "ifname", "ifdescr") or str(number(row, "ifnumber") or ""),
        mac=mac_address(said(row, "mac")),
        kind=kind,
        speed_mbps=_plausible(bits / 1_000_000) if bits else None,
        connected=status == 1 if status else None,
        virtual=kind in _VIRTUAL_KINDS if kind else None,
        addresses=tuple(dict.fromkeys(address for address in found if address)),
        gateway="",
        dhcp="",
    )


class Card(Protocol):
    """What is needed of a card to tell whose address it has: ours, or a row of the database."""

    @property
    def name(self) -> str: ...
    @property
    def mac(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def virtual(self) -> bool | None: ...


def hardware_macs(cards: Iterable[Card], *others: str) -> tuple[str, ...]:
    """The MAC addresses that identify the machine, sorted: real cards that stay in it, not bridges nor
    tunnels.
    """
    likely = [card for card in cards if card.mac and card.kind not in _NOT_HARDWARE and not _borrowed(card)]
    found = {card.mac for card in likely if not card.virtual}
    if not found:
        # Agents for macOS called every card virtual for years.
        found = {card.mac for card in likely if not _local(card.mac)}
    return tuple(sorted((found | {mac_address(other) for other in others}) - {""}))


# Adapters that go from one machine to another: docking stations, USB and Thunderbolt adapters, phones.
# Linux names a card on USB after its address (systemd.net-naming-scheme(7), "enx").
_REMOVABLE = re.compile(
    r"\b(usb|dock|docking|thunderbolt|displaylink|rndis|asix|ax88\w+|rtl815\w*|r815\w|lan7[58]\d\d|smsc9\d+"
    r"|cdc.?(ether|ncm|eem)|enx[0-9a-f]{12})\b",
    re.I,
)
# Adapters that programs make: the same address on many machines, or another one after each start.
_MADE_UP = re.compile(
    r"host-only|(vmware|hyper-v) virtual ethernet|^vethernet|tap-|wireguard|anyconnect|fortinet"
    r"|fortissl|globalprotect|pangp|juniper|pulse secure|zerotier|tailscale|npcap|wan miniport|\bvpn\b"
    r"|^(docker|virbr|veth|vnet|br-|tun|tap|wg)",
    re.I,
)


def _borrowed(card: Card) -> bool:
    """An address that is not this machine's own: of an adapter that travels, random on Wi-Fi, or the same on
    every machine.
    """
    if card.mac in _SHARED or (card.kind == "wifi" and _local(card.mac)):
        return True
    return bool(_REMOVABLE.search(card.name) or _MADE_UP.search(card.name))


def _local(mac: str) -> bool:
    """Locally administered (IEEE 802, second bit of the first byte): made up, not given by a maker."""
    return bool(int(mac[1], 16) & 2)


def mac_address(value: str) -> str:
    """`aa:bb:cc:dd:ee:ff`, or nothing when the value is not the address of one card."""
    bare = value.strip().lower().replace(":", "").replace("-", "").replace(".", "")
    if not _MAC.fullmatch(bare) or len(set(bare)) == 1 or int(bare[1], 16) & 1:
        return ""
    return ":".join(bare[at : at + 2] for at in range(0, 12, 2))


def _addresses(row: Mapping[str, Any]) -> list[str]:
    pairs = (("ipaddress", "ipmask"), ("ipaddress6", "ipmask6"))
    found = [with_prefix(said(row, address), said(row, mask)) for address, mask in pairs]
    return [address for address in found if address]


def with_prefix(address: str, mask: str) -> str:
    """`ip/prefix`; a host prefix when the mask is missing or wrong; nothing for no real address."""
    bare = _address(address)
    if not bare:
        return ""
    ip = ipaddress.ip_address(bare)
    prefix = _prefix(mask, ip.max_prefixlen)
    return f"{ip}/{ip.max_prefixlen if prefix is None else prefix}"


def _address(value: str) -> str:
    # `fe80::1%eth0`: the zone is local to the machine.
    try:
        ip = ipaddress.ip_address(value.strip().partition("%")[0])
    except ValueError:
        return ""
    return "" if ip.is_unspecified else str(ip)


def _prefix(mask: str, longest: int) -> int | None:
    """The length of a mask, whether written `255.255.255.0`, `ffff:ffff::` or `24`."""
    if mask.isascii() and mask.isdigit():
        return int(mask) if len(mask) < 4 and int(mask) <= longest else None
    try:
        bits = format(int(ipaddress.ip_address(mask)), f"0{longest}b")
    except ValueError:
        return None
    ones = bits.rstrip("0")
    return len(ones) if len(bits) == longest and "0" not in ones and ones else None


def _speed(value: str) -> int | None:
    match = _SPEED.fullmatch(value.strip().lower())
    factor = _MBPS.get(match[2]) if match else None
    return _plausible(float(match[1]) * factor) if match and factor else None


def _plausible(mbps: float) -> int | None:
    return round(mbps) if 0 < round(mbps) <= _FASTEST_MBPS else None
