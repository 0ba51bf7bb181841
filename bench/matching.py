"""Recognising machines: many documents read once, then again in random order; the fleet must be the same afterwards.

``ETABLI_BENCH_DOCUMENTS`` gives their number: 20,000 when not given (1,000 with ``--quick``).
"""

# ruff: noqa: E501 - statements and documents read better unfolded

import hashlib
import os
import random
import time
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

import orjson
from django.db import connection
from django.utils import timezone

from etabli.assets.models import Asset
from etabli.inventory.actions import load_bytes
from etabli.kernel.organisations import Organisation
from etabli.kernel.tenancy import opening, scope

from .figures import Figure, p95, repeat
from .rig import backend

NAME = "matching"
DOCK = {
    "description": "Realtek USB GbE Family Controller",
    "mac": "00:e0:4c:68:00:01",
    "type": "ethernet",
    "status": "up",
}


def figures(*, quick: bool, size: str) -> Iterator[Figure]:
    number = int(os.environ.get("ETABLI_BENCH_DOCUMENTS") or (1_000 if quick else 20_000))
    with opening():
        organisation = Organisation.objects.create(name=f"Matching {time.time_ns():x}").pk
    order = list(range(number))
    yield _sent("documents of new machines", order, organisation, 40)
    before = _state(organisation)
    random.Random(20261124).shuffle(order)
    yield _sent("the same, again in random order", order, organisation, 100)
    after = _state(organisation)
    yield Figure(
        "assets that differ after it", float(len(before ^ after)), "assets", 0, f"{len(before)} assets"
    )
    reinstalled = random.Random(7).sample(order, min(2_000, number))
    yield _sent("the same machines under new agents", reinstalled, organisation, 80, again=True)
    more = _count(organisation) - len(before)
    yield Figure("duplicates made by it", float(more), "assets", 0, f"{len(before)} assets")
    _forget(organisation)


def _sent(
    name: str, numbers: Sequence[int], organisation: int, target: float, *, again: bool = False
) -> Figure:
    """Documents per second of processor (here and in PostgreSQL): receive, recognise, write."""
    documents = iter([orjson.dumps(machine(n, again=again)) for n in numbers])

    def send() -> None:
        load_bytes(next(documents), name="bench", organisation_id=organisation, now=timezone.now())

    timings = repeat(send, len(numbers), warm=0, backend=backend())
    rate = 1000 / (timings.mean_cpu + timings.server)
    note = f"p95 {p95(timings.wall):.0f} ms on the clock; {timings.told()}"
    return Figure(name, rate, "/s", target, f"{len(numbers)} documents", note, ">=")


def machine(n: int, *, again: bool = False) -> dict[str, Any]:
    """One machine in ten is a trap: a serial number that thirty share, none at all, a docking station, a copied server."""
    name, serial, identity = (
        f"PC-{n:06d}",
        f"SN{n * 7919 + 13:09X}",
        str(uuid.uuid5(uuid.NAMESPACE_OID, str(n))),
    )
    mac = f"02:1b:{n >> 16 & 255:02x}:{n >> 8 & 255:02x}:{n & 255:02x}:01"
    networks, vmsystem, maker = (
        [{"description": "eth0", "mac": mac, "type": "ethernet", "status": "up"}],
        "Physical",
        "Dell Inc.",
    )
    match n % 10:
        case 1:
            serial = f"REPEATED-{n // 300}"
        case 2:
            serial, identity = "To be filled by O.E.M.", ""
        case 3:
            networks.append(DOCK)
        case 4:
            # Two by two: a server and its copy, which kept its numbers.
            serial, identity = f"VMware-{n // 20}", str(uuid.uuid5(uuid.NAMESPACE_OID, f"vm {n // 20}"))
            vmsystem, maker = "VMware", "VMware, Inc."
    return {
        "action": "inventory",
        "deviceid": f"{name}-again" if again else name,
        "itemtype": "Computer",
        "content": {
            "hardware": {
                "name": name,
                "uuid": identity,
                "memory": 16000,
                "chassis_type": "Laptop",
                "vmsystem": vmsystem,
            },
            "bios": {"smanufacturer": maker, "smodel": "Latitude 5450", "ssn": serial},
            "operatingsystem": {
                "name": "Windows",
                "full_name": "Microsoft Windows 11 Professionnel",
                "version": "24H2",
            },
            "networks": networks,
        },
    }


STATE = """
SELECT a.id, a.name, a.serial, a.uuid, a.system, a.model_id,
       (SELECT string_agg(deviceid, ' ' ORDER BY deviceid) FROM inventory_agent g WHERE g.asset_id = a.id),
       (SELECT string_agg(name || encode(digest, 'hex'), ' ' ORDER BY name) FROM inventory_section s WHERE s.asset_id = a.id)
  FROM assets_asset a WHERE a.organisation_id = %s
"""


def _state(organisation: int) -> set[bytes]:
    with scope(organisation), connection.cursor() as cursor:
        cursor.execute("CREATE INDEX IF NOT EXISTS bench_agent_asset ON inventory_agent (asset_id)")
        cursor.execute(STATE, [organisation])
        return {hashlib.sha256(repr(row).encode()).digest() for row in cursor.fetchall()}


def _count(organisation: int) -> int:
    with scope(organisation):
        return Asset.objects.filter(organisation_id=organisation).count()


def _forget(organisation: int) -> None:
    """The documents of this organisation would slow the other groups down; its assets may stay."""
    with scope(organisation), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE inventory_section SET document_id = NULL WHERE organisation_id = %s", [organisation]
        )
        cursor.execute("DELETE FROM inventory_document WHERE organisation_id = %s", [organisation])
