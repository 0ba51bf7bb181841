"""Switches and printers as a server's agent reads them by SNMP."""

from datetime import datetime, timedelta
from random import Random
from typing import Any

from .arrivals import Sending
from .fleet import Item
from .machines import Voice


def answers(items: list[Item], speaking: list[Voice], rng: Random, *, now: datetime) -> list[Sending]:
    """One document a device, sent last night by the agent of the company's first server."""
    voice = next(v for v in speaking if v.item.asset.kind.key == "server")
    asked = [i for i in items if i.asset.kind.key in {"switch", "printer"} and i.asset.state == "in_service"]
    found = []
    for rank, item in enumerate(asked):
        at = now - timedelta(hours=14, minutes=rng.randint(0, 50))
        content = (
            _switch(item, voice, rank, rng)
            if item.asset.kind.key == "switch"
            else _printer(item, voice, rank, rng)
        )
        kind = "NetworkEquipment" if item.asset.kind.key == "switch" else "Printer"
        document = {
            "action": "netinventory",
            "deviceid": voice.deviceid,
            "itemtype": kind,
            "jobid": 1,
            "version": "1.15",
            "content": content,
        }
        found.append(Sending(at, item.asset.name.lower(), document, voice.headers()))
    return found


def _device(item: Item, voice: Voice, rank: int, kind: str, firmware: str, rng: Random) -> dict[str, Any]:
    room = str(item.asset.room or "")
    return {
        "type": kind,
        "name": item.asset.name,
        "serial": item.asset.serial,
        "manufacturer": item.product.maker,
        "model": item.product.name,
        "mac": _mac(item.product.mac, rng),
        "ips": [f"{voice.company.network}.{200 + rank}"],
        "firmware": firmware,
        "location": room,
        "uptime": f"{rng.randint(3, 240)} days, {rng.randint(0, 23):02d}:{rng.randint(0, 59):02d}:00.00",
    }


def _switch(item: Item, voice: Voice, rank: int, rng: Random) -> dict[str, Any]:
    ports = []
    for number in range(1, 29):
        up = rng.random() < (0.62 if number <= 24 else 0.4)
        fast = number > 24
        ports.append(
            {
                "ifnumber": number,
                "ifname": f"{'Te' if fast else 'Gi'}1/0/{number}",
                "ifdescr": f"{'10' if fast else ''}GigabitEthernet1/0/{number}",
                "iftype": 6,
                "ifmtu": 1500,
                "ifspeed": 10_000_000_000 if fast else 1_000_000_000,
                "ifstatus": 1 if up else 2,
                "mac": _mac(item.product.mac, rng),
                "trunk": fast,
            }
        )
    return {
        "network_device": _device(item, voice, rank, "Networking", "16.10.4", rng),
        "network_ports": ports,
    }


def _printer(item: Item, voice: Voice, rank: int, rng: Random) -> dict[str, Any]:
    colours = (
        ("tonerblack", "tonercyan", "tonermagenta", "toneryellow")
        if "C" in item.product.name[:9]
        else ("tonerblack",)
    )
    total = rng.randint(8_000, 240_000)
    return {
        "network_device": _device(item, voice, rank, "Printer", "2503.11", rng),
        "cartridges": [{"name": colour, "value": str(rng.randint(3, 98))} for colour in colours],
        "pagecounters": {"total": total, "black": round(total * 0.8), "color": total - round(total * 0.8)},
    }


def _mac(prefix: str, rng: Random) -> str:
    tail = f"{rng.randrange(2**24):06x}"
    return f"{prefix}:{tail[:2]}:{tail[2:4]}:{tail[4:]}"
