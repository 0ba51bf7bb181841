"""What an inventory costs: processor time on this machine, and bytes kept. The figures are printed (-s).

Budgets are those of a quiet machine of 2 cores; on a slower or busier one they grow as a reference loop does.
"""

import random
import statistics
import time
import zlib
from collections.abc import Callable
from dataclasses import replace

import pytest
from django.db import connection
from django.test import RequestFactory

from etabli.inventory import door, jobs
from etabli.kernel.tenancy import scope

from .machines import AGENT, Fleet, Machine, computer

pytestmark = pytest.mark.slow
REFERENCE = 0.014  # seconds of the loop below on a quiet machine
ROUNDS = 25


def slowness() -> float:
    begun = time.process_time()
    sum(range(1_000_000))
    return max(1.0, (time.process_time() - begun) / REFERENCE)


def debian(number: int, changed: int = 0) -> Machine:
    """A Debian machine of 900 programs and 130 processes: some 300 kB, 25 kB on the wire."""
    rng = random.Random(number)
    programs = [
        {
            "name": f"lib{rng.randrange(10**6)}-package-{n}",
            "version": f"{n}.{rng.randrange(99)}-{rng.randrange(9)}",
            "arch": "amd64",
            "from": "deb",
            "filesize": rng.randrange(10**7),
            "publisher": "Debian Developers",
            "comments": "a library that does something useful for others",
            "system_category": "libs",
        }
        for n in range(900)
    ]
    for program in programs[:changed]:
        program["version"] += "+deb12u1"
    processes = [
        {
            "cmd": f"/usr/sbin/daemon-{n} --option {time.time_ns()}",
            "pid": n,
            "user": "root",
            "mem": 0.1,
            "cpuusage": 0.0,
        }
        for n in range(130)
    ]
    drives = [
        {
            "type": "/",
            "volumn": "/dev/sda1",
            "total": 100_000,
            "free": rng.randrange(100_000),
            "filesystem": "ext4",
        }
    ]
    return computer(number, sections={"softwares": programs, "processes": processes, "drives": drives})


def accept(fleet: Fleet, one: Machine) -> None:
    body = zlib.compress(one.document())
    request = RequestFactory().post(
        fleet.url(),
        body,
        "application/x-compress-zlib",
        headers={"User-Agent": AGENT, "GLPI-Agent-ID": one.agent_id},
    )
    assert door.view(request).status_code == 200


def read_one(fleet: Fleet) -> None:
    assert jobs.read_next(fleet.acme.pk) is jobs.Turn.READ


def costs(work: Callable[[int], None]) -> list[float]:
    """Milliseconds of processor that each call takes, as on a quiet machine."""
    found = []
    for number in range(ROUNDS):
        slow, begun = slowness(), time.process_time()
        work(number)
        found.append((time.process_time() - begun) * 1000 / slow)
    return sorted(found)


def test_what_each_kind_of_inventory_costs(committed_fleet: Fleet) -> None:
    fleet, figures = committed_fleet, {}
    machines = [debian(n) for n in range(ROUNDS)]
    accept(fleet, debian(999))
    read_one(fleet)
    figures["accept"] = costs(lambda n: accept(fleet, machines[n]))
    figures["first"] = costs(lambda n: read_one(fleet))
    for machine in machines:
        accept(fleet, replace(machine, sections=debian(int(machine.name[3:])).sections))
    figures["unchanged"] = costs(lambda n: read_one(fleet))
    for number in range(ROUNDS):
        accept(fleet, debian(number, changed=20))
    figures["changed"] = costs(lambda n: read_one(fleet))
    for name, taken in figures.items():
        print(
            f"{name}: median {statistics.median(taken):.1f} ms, p95 {taken[int(len(taken) * 0.95) - 1]:.1f} ms"
        )
    assert statistics.median(figures["accept"]) < 1000 / 150
    assert figures["accept"][-2] < 20
    assert statistics.median(figures["unchanged"]) < 12
    assert statistics.median(figures["changed"]) < 60
    assert statistics.median(figures["first"]) < 150


def test_a_first_inventory_of_nine_hundred_programs_keeps_less_than_sixty_kilobytes(fleet: Fleet) -> None:
    document = fleet.send(debian(1))
    tables = (
        "inventory_document",
        "inventory_section",
        "assets_asset",
        "assets_volume",
        "assets_networkcard",
        "kernel_event",
    )
    with scope(fleet.acme.pk), connection.cursor() as cursor:
        # The whole rows, with what is stored out of line.
        cursor.execute(
            " UNION ALL ".join(f"SELECT sum(pg_column_size(t.*)) FROM {table} t" for table in tables)
        )
        kept = sum(row[0] or 0 for row in cursor.fetchall())
    print(f"{kept} bytes kept for {document.size} received")
    assert kept < 60_000
