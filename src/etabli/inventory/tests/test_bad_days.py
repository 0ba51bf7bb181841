"""A thousand machines at once, processes killed, a full disk, no database: what was acknowledged is there, once.

``ETABLI_MACHINES`` and ``ETABLI_KILLED`` give the number of machines of the two long tests (200 and 60 by default).
"""

import contextlib
import json
import os
import random
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from .machines import Machine, computer
from .product import Product

pytestmark = pytest.mark.slow
PROGRAMS = [{"name": f"package-{n}", "version": f"1.{n}", "from": "deb"} for n in range(100)]


@pytest.fixture
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    made = Product(tmp_path_factory.mktemp("product"))
    try:
        made.start()
        yield made
    finally:
        made.stop()


def machine(number: int, version: str = "") -> Machine:
    extra = [{"name": "marker", "version": version}] if version else []
    return computer(number, sections={"softwares": [*PROGRAMS, *extra]})


def send_until_heard(product: Product, one: Machine, seconds: float = 180) -> None:
    """As an agent does: send again until somebody acknowledges."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            status = product.post(one.document(), GLPI_Agent_ID=one.agent_id)
            assert status in {200, 500, 503}, status
            if status == 200:
                return
        time.sleep(0.2)
    pytest.fail(f"{one.name} was never acknowledged\n{product.logs()}")


def assets(product: Product) -> tuple[int, int]:
    """How many assets there are, and how many serial numbers."""
    return (
        product.sql("SELECT count(*) FROM assets_asset"),
        product.sql("SELECT count(DISTINCT serial) FROM assets_asset"),
    )


def test_every_machine_that_reports_in_the_same_minutes_is_in_the_fleet(product: Product) -> None:
    count = int(os.environ.get("ETABLI_MACHINES", "200"))
    begun = time.monotonic()
    with ThreadPoolExecutor(16) as clients:
        list(clients.map(lambda n: send_until_heard(product, machine(n)), range(count)))
    accepted = time.monotonic() - begun
    product.until_read(60 + count)
    took = time.monotonic() - begun
    print(f"{count} machines: accepted in {accepted:.1f} s ({count / accepted:.0f}/s), read in {took:.1f} s")
    assert assets(product) == (count, count)
    assert product.sql("SELECT count(*) FROM inventory_document WHERE decision <> 'created'") == 0


def test_nothing_acknowledged_is_lost_or_doubled_when_processes_are_killed(product: Product) -> None:
    count, rng, over = int(os.environ.get("ETABLI_KILLED", "60")), random.Random(20260105), threading.Event()
    killed = []

    def kill() -> None:
        while not over.wait(rng.uniform(0.2, 1)):
            victim = rng.choice(["web", "worker", "database"])
            killed.append(victim)
            getattr(product, f"kill_{victim}")()
            getattr(product, f"start_{victim}")()
            product.supervise()

    def send_later(number: int) -> None:
        time.sleep(rng.uniform(0, 1))
        send_until_heard(product, machine(number))

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        with ThreadPoolExecutor(8) as clients:
            list(clients.map(send_later, range(count)))
    finally:
        over.set()
        killer.join()
    send_until_heard(product, machine(count))
    product.until_read(60 + count)
    print(f"{count} machines while {len(killed)} processes were killed: {killed}")
    assert len(killed) >= 3
    assert assets(product) == (count + 1, count + 1)
    assert product.sql("SELECT count(*) FROM inventory_document WHERE state = 'failed'") == 0


def test_the_same_machine_sent_many_times_at_once_is_one_asset_as_last_acknowledged(product: Product) -> None:
    with ThreadPoolExecutor(8) as clients:
        for turn in range(5):
            one = machine(1, version=str(turn))
            list(clients.map(lambda _n, one=one: send_until_heard(product, one), range(8)))
    product.until_read()
    assert assets(product) == (1, 1)
    last = machine(1, version="last")
    send_until_heard(product, last)
    product.until_read()
    marker = "SELECT items FROM inventory_section WHERE name = 'softwares'"
    assert product.sql(marker) == len(PROGRAMS) + 1
    newest = "SELECT decision FROM inventory_document ORDER BY id DESC LIMIT 1"
    assert product.sql(newest) == "updated"


def test_without_its_database_the_server_says_so_and_recovers_by_itself(product: Product) -> None:
    product.kill_database()
    status, headers, body = product.request(
        "POST", f"/i/{product.key}/", machine(1).document(), Content_Type="application/json"
    )
    assert (status, headers.get("retry-after") or headers.get("Retry-After")) == (503, "30")
    assert "database" in json.loads(body)["message"]
    web = product.web
    product.start_database()
    product.until(lambda: product.post(machine(1).document()) == 200, "inventories are accepted again", 30)
    assert product.web is web
    send_until_heard(product, machine(2))
    product.until_read()
    assert assets(product) == (2, 2)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 400 MB, in memory."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=400m,mode=0755", "etabli-test", str(place)]
    if os.geteuid() or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk needs the rights of root")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_on_a_full_disk_nothing_is_acknowledged_and_it_recovers_once_there_is_room(small_disk: Path) -> None:
    product = Product(small_disk)
    try:
        product.start({"max_wal_size": "64MB", "min_wal_size": "32MB"})
        acknowledged = []
        filler = small_disk / "filler"
        with contextlib.suppress(OSError), filler.open("wb") as file:
            while True:
                file.write(b"x" * 65536)
                file.flush()
        refused, number = 0, 0
        while not refused and number < 3000:
            number += 1
            body = computer(number, sections={"softwares": [{"name": os.urandom(40_000).hex()}]})
            try:
                status, _headers, answer = product.request(
                    "POST", f"/i/{product.key}/", body.document(), Content_Type="application/json"
                )
            except OSError:
                continue
            if status == 200:
                acknowledged.append(body)
            else:
                refused = status
        assert refused == 503, refused
        assert "disk is full" in json.loads(answer)["message"]
        filler.unlink()
        product.start_database({"max_wal_size": "64MB", "min_wal_size": "32MB"})
        product.supervise()
        send_until_heard(product, computer(9999))
        product.until_read(120)
        found = product.sql("SELECT count(*) FROM assets_asset")
        assert found == len(acknowledged) + 1
    finally:
        product.stop()
