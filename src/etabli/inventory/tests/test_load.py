"""What an inventory costs: questions to the database, and bytes kept. Times are measured by the bench."""

import random
import time
import zlib
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from etabli.inventory import door, jobs
from etabli.kernel.tenancy import scope

from .machines import AGENT, Fleet, Machine, computer

pytestmark = pytest.mark.slow


def debian(number: int, changed: int = 0, programs: int = 900) -> Machine:
    """A Debian machine of 900 programs and 130 processes: some 300 kB, 25 kB on the wire."""
    rng = random.Random(number)
    installed = [
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
        for n in range(programs)
    ]
    for program in installed[:changed]:
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
    return computer(number, sections={"softwares": installed, "processes": processes, "drives": drives})


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


def questions(work: Callable[[], None]) -> int:
    """How many questions the database is asked."""
    with CaptureQueriesContext(connection) as asked:
        work()
    return len(asked)


def asked_in_a_life(fleet: Fleet, number: int, programs: int) -> list[int]:
    """Questions of taking in and reading an inventory: the first, the same again, one with changed programs."""
    found = []
    for one in (
        debian(number, programs=programs),
        debian(number, programs=programs),
        debian(number, changed=5, programs=programs),
    ):
        found.append(questions(lambda one=one: accept(fleet, one)))
        found.append(questions(lambda: read_one(fleet)))
    return found


def test_nine_hundred_programs_ask_the_database_no_more_than_ten(committed_fleet: Fleet) -> None:
    fleet = committed_fleet
    asked_in_a_life(fleet, 999, 10)  # what is asked once a process
    few, many = asked_in_a_life(fleet, 1, 10), asked_in_a_life(fleet, 2, 900)
    assert many == few
    assert few[2] <= few[0] <= 14
    assert few[3] < few[5] <= few[1]


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
