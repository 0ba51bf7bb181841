"""Inventories: accepting one over HTTP, then reading it when nothing, something or everything is new; what is stored."""

# ruff: noqa: E501 - statements and documents read better unfolded

import copy
import time
import uuid
import zlib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import orjson
from django.db import connection
from django.test import Client
from django.utils import timezone

from etabli.inventory.actions import load_bytes
from etabli.inventory.enrolments import enrol
from etabli.inventory.models import Document, Enrolment, Section
from etabli.kernel.actors import SYSTEM
from etabli.kernel.tenancy import scope

from . import fleet
from .figures import Figure, p95, repeat
from .rig import backend

NAME = "inventories"


def figures(*, quick: bool, size: str) -> Iterator[Figure]:
    times, organisation = (8, 30)[not quick], fleet.everyone()[1]
    yield from _accepted(organisation, times * 4, size)
    windows = machine("bench-windows", programs=220, padding=180)
    yield from _read("unchanged", windows, organisation, times, 12, lambda document, _n: document)
    yield from _read("20 programs changed", windows, organisation, times, 60, _twenty_changed)
    debian = machine("bench-debian", programs=900, padding=0)
    yield from _read("first, 900 programs", debian, organisation, times, 150, _another)
    yield _stored(organisation, size)
    full = machine("bench-windows-3000", programs=3000, padding=100)
    full["content"] |= PARTS
    yield from _read(
        "first, Windows, 3,000 programs and every component", full, organisation, times, 400, _another
    )
    usual = machine("bench-usual", programs=300, padding=0)
    usual["content"] |= PARTS
    yield _grown(usual, organisation, 60 if quick else 400)


# What a Windows laptop on its dock tells beside its programs.
PARTS: dict[str, Any] = {
    "memories": [
        {
            "capacity": 8192,
            "caption": f"DIMM {n}",
            "type": "DDR5",
            "serialnumber": f"8A7B{n}",
            "speed": "5600",
        }
        for n in range(2)
    ],
    "storages": [{"name": "PhysicalDrive0", "model": "KIOXIA KXG8", "serial": "9C8D7E", "disksize": 512110}],
    "batteries": [{"name": "DELL 1PP63", "serial": "3701", "capacity": "57000", "real_capacity": "51000"}],
    "controllers": [
        {
            "caption": f"Controller {n}",
            "vendorid": "8086",
            "productid": f"{0x7D00 + n:04x}",
            "pcislot": f"00:{n:02x}.0",
        }
        for n in range(45)
    ],
    "usbdevices": [
        {
            "caption": f"Device {n}",
            "vendorid": "17ef",
            "productid": f"{0x3000 + n:04x}",
            "serial": f"AB{n:06d}CD",
        }
        for n in range(18)
    ],
    "local_users": [{"login": f"user{n}", "id": f"S-1-5-21-{n}", "name": f"User {n}"} for n in range(8)],
    "local_groups": [{"name": f"Group {n}", "id": f"S-1-5-32-{n}", "members": ["user1"]} for n in range(25)],
    "antivirus": [{"name": "Windows Defender", "enabled": True, "uptodate": True, "version": "4.18"}],
    "firewalls": [{"profile": name, "status": "on"} for name in ("domain", "public", "standard")],
    "videos": [{"name": "Intel(R) Graphics", "memory": 128, "resolution": "2560x1440"}],
    "sounds": [{"name": f"Audio {n}", "manufacturer": "Realtek"} for n in range(3)],
    "monitors": [{"caption": "DELL U2722D", "manufacturer": "Dell Inc.", "serial": "00000000"}],
    "printers": [{"name": f"Printer {n}", "driver": "HP Universal", "port": f"10.1.2.{n}"} for n in range(7)],
    "licenseinfos": [{"name": "Office", "fullname": "Office 2021", "key": "AAAAA-BBBBB-CCCCC-DDDDD-EEEEE"}],
}


def machine(name: str, *, programs: int, padding: int) -> dict[str, Any]:
    """A plain computer; ``padding`` bytes of comment on each program and process bring it to a real one's size."""
    rows = [
        {
            "name": f"programme-{n}",
            "version": f"{n % 9}.{n % 7}.{n}",
            "publisher": f"Éditeur {n % 40}",
            "arch": "x86_64",
            "from": "registry",
            "install_date": "2026-03-12",
            "comments": "x" * padding,
            "guid": str(uuid.uuid5(uuid.NAMESPACE_DNS, str(n))),
        }
        for n in range(programs)
    ]
    processes = [
        {"cmd": "x" * padding, "pid": n, "user": "SYSTEM", "mem": "0.1", "cpuusage": "0"} for n in range(200)
    ]
    return {
        "action": "inventory",
        "deviceid": name,
        "itemtype": "Computer",
        "version": "1.15",
        "content": {
            "hardware": {
                "name": name,
                "uuid": str(uuid.uuid5(uuid.NAMESPACE_DNS, name)),
                "memory": 16000,
                "chassis_type": "Laptop",
            },
            "bios": {"smanufacturer": "Dell Inc.", "smodel": "Latitude 5450", "ssn": name.upper()},
            "operatingsystem": {
                "name": "Windows",
                "full_name": "Microsoft Windows 11 Professionnel",
                "version": "24H2",
                "kernel_version": "10.0.26100",
            },
            "cpus": [{"name": "Intel(R) Core(TM) Ultra 5 135U", "core": 12, "thread": 14, "speed": 1600}],
            "drives": [{"letter": "C:", "total": 480000, "free": 200000, "filesystem": "NTFS"}],
            "networks": [
                {
                    "description": "Ethernet",
                    "mac": "c8:4b:d6:01:02:03",
                    "type": "ethernet",
                    "ipaddress": "10.9.8.7",
                    "ipmask": "255.255.0.0",
                }
            ],
            "softwares": rows,
            "processes": processes,
        },
    }


def _accepted(organisation: int, times: int, size: str) -> Iterator[Figure]:
    """The POST of an agent until its answer, committed: what a storm of agents is limited by."""
    with scope(organisation):
        key = Enrolment.objects.filter(name="bench").first() or enrol(
            name="bench", organisation_id=organisation, actor=SYSTEM
        )
    client, bodies = Client(headers={"user-agent": "GLPI-Agent_v1.15"}), _bodies(times + 3)
    kilobytes = sum(map(len, bodies)) / len(bodies) / 1000

    def post() -> None:
        answer = client.post(
            f"/i/{key.key.unseal()}/", bodies.pop(), content_type="application/x-compress-zlib"
        )
        assert answer.status_code == 200, answer.content

    begun = time.perf_counter()
    timings = repeat(post, times, backend=backend())
    yield Figure(
        "accept an inventory: p95",
        p95(timings.wall),
        "ms",
        20,
        f"{kilobytes:.0f} kB compressed; {size}",
        timings.told(),
    )
    rate = 1000 / (timings.mean_cpu + timings.server)
    elapsed = (times + 3) / (time.perf_counter() - begun)
    yield Figure(
        "accept an inventory: on one core",
        rate,
        "/s",
        150,
        size,
        f"by processor time; {elapsed:.0f}/s on the clock, one client",
        ">=",
    )
    with scope(organisation):
        Document.objects.filter(state=Document.State.RECEIVED).delete()


def _bodies(number: int) -> list[bytes]:
    made = []
    for n in range(number):
        document = machine(f"bench-accept-{n}", programs=420, padding=0)
        document["content"]["hardware"]["winprodid"] = uuid.uuid4().hex
        made.append(zlib.compress(orjson.dumps(document), 6))
    return made


def _read(
    name: str, document: dict[str, Any], organisation: int, times: int, target: float, change: Any
) -> Iterator[Figure]:
    start, number = timezone.now(), 0

    def send() -> None:
        nonlocal number
        number += 1
        wire = orjson.dumps(change(copy.deepcopy(document), number))
        begun.append(time.process_time())
        load_bytes(wire, name="bench", organisation_id=organisation, now=start + timedelta(seconds=number))
        spent.append((time.process_time() - begun[-1]) * 1000)

    begun: list[float] = []
    spent: list[float] = []
    timings = repeat(send, times, backend=backend())
    note = f"receive and read, this process; {timings.server:.1f} ms more in PostgreSQL; median {sorted(spent)[len(spent) // 2]:.1f}"
    yield Figure(
        f"read an inventory, {name}: p95 processor",
        p95(spent[3:]),
        "ms",
        target,
        f"{len(orjson.dumps(document)) / 1000:.0f} kB",
        note,
    )


def _twenty_changed(document: dict[str, Any], number: int) -> dict[str, Any]:
    for row in document["content"]["softwares"][:20]:
        row["version"] = f"{number}.0"
    return document


def _another(document: dict[str, Any], number: int) -> dict[str, Any]:
    """A machine never seen: other name, serial number, UUID and network address."""
    name = f"bench-{uuid.uuid4().hex[:12]}"
    content = document["content"]
    document["deviceid"] = content["hardware"]["name"] = name
    content["hardware"]["uuid"], content["bios"]["ssn"] = str(uuid.uuid4()), name.upper()
    content["networks"][0]["mac"] = ":".join(f"{b:02x}" for b in b"\x00\x1b\x21" + uuid.uuid4().bytes[:3])
    return document


def _grown(document: dict[str, Any], organisation: int, number: int) -> Figure:
    """What the whole database takes for a machine: rows of every table, their indexes, its raw document."""
    before = _database()
    for n in range(number):
        wire = orjson.dumps(_another(copy.deepcopy(document), n))
        load_bytes(wire, name="bench", organisation_id=organisation, now=timezone.now())
    told = f"{number} new machines of 300 programs and every component"
    return Figure("database, for a machine", (_database() - before) / number / 1000, "kB", None, told)


def _database() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r'")
        return int(cursor.fetchone()[0])


def _stored(organisation: int, size: str) -> Figure:
    """What the last new machine takes: its sections and its raw document, compressed."""
    with scope(organisation):
        document = Document.objects.filter(decision="created").order_by("-id")[0]
        sections = sum(
            len(s.content) + len(s.digest) for s in Section.objects.filter(asset=document.asset_id)
        )
        return Figure(
            "stored for a first inventory of 900 programs",
            (len(document.content) + sections) / 1000,
            "kB",
            60,
            size,
            "sections and raw document",
        )
