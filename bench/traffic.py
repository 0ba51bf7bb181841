"""A morning: the agents of a fleet report one after the other while people read pages of the product."""

import http.client
import threading
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import orjson
import psycopg

from etabli.assets.models import Asset
from etabli.inventory.enrolments import enrol
from etabli.kernel import localpg
from etabli.kernel.actors import SYSTEM
from etabli.kernel.tenancy import scope

from . import fleet
from .figures import Figure, p95, percentile
from .inventories import machine
from .processes import PORT, product
from .rig import home
from .servers import session

NAME = "traffic"
AGENTS, SECONDS = 10_000, 1_800.0  # the load promised; the quick run has the same agents per second
PATIENCE = 600  # seconds for what waits at the end


@dataclass
class Seen:
    """What agents and readers met: milliseconds of each answer, answers that were no success."""

    contacts: list[float] = field(default_factory=list)
    inventories: list[float] = field(default_factory=list)
    pages: list[float] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def figures(*, quick: bool, size: str) -> Iterator[Figure]:
    agents = AGENTS // 15 if quick else AGENTS
    seconds = SECONDS * agents / AGENTS
    organisation = fleet.everyone()[1]
    with scope(organisation):
        key = enrol(name=f"traffic {time.time_ns()}", organisation_id=organisation, actor=SYSTEM).key.unseal()
        assets = list(Asset.objects.exclude(seen_at=None).order_by("pk").values_list("pk", flat=True)[:200])
    cookie, run = session(), f"{time.time_ns():x}"
    with product():
        seen = _morning(key, run, agents, seconds, assets, cookie)
        backlog, drained = _drained()
    data = f"{agents} new machines of 420 programs in {seconds / 60:.0f} min; {size}"
    yield Figure(
        "traffic, answers that are no success", len(seen.refused), "", 0, data, "; ".join(seen.refused[:2])
    )
    yield Figure(
        "traffic, an agent's contact: p95", p95(seen.contacts), "ms", None, data, _median(seen.contacts)
    )
    yield Figure(
        "traffic, an agent's inventory: p95",
        p95(seen.inventories),
        "ms",
        None,
        data,
        _median(seen.inventories),
    )
    yield Figure("traffic, a page meanwhile: p95", p95(seen.pages), "ms", 200, data, _median(seen.pages))
    yield Figure(
        "traffic, inventories still to be read at the end",
        backlog,
        "",
        None,
        data,
        f"read within {drained:.0f} s",
    )


def _median(times: list[float]) -> str:
    return f"{len(times)} answers, median {percentile(times, 50):.0f} ms"


def _morning(key: str, run: str, agents: int, seconds: float, assets: list[int], cookie: str) -> Seen:
    """Each agent at its moment, by whichever of sixteen senders is free; a page every half second."""
    seen, over = Seen(), threading.Event()
    template = machine("NAME-OF-IT", programs=420, padding=0)
    reader = threading.Thread(target=_read, args=(seen, over, assets, cookie))
    reader.start()
    begun = time.monotonic()
    with ThreadPoolExecutor(16) as senders:
        for number in range(agents):
            time.sleep(max(0.0, begun + number * seconds / agents - time.monotonic()))
            senders.submit(_report, seen, key, f"{run}-{number:05}", template)
    over.set()
    reader.join()
    return seen


def _report(seen: Seen, key: str, name: str, template: dict[str, object]) -> None:
    """What an agent says when its time has come: it is there, then what it found."""
    contact = {"action": "contact", "deviceid": name, "name": "GLPI-Agent", "version": "1.15"}
    document = orjson.dumps(template).replace(b"NAME-OF-IT", name.encode())
    for body, times in ((orjson.dumps(contact), seen.contacts), (document, seen.inventories)):
        headers = {"Content-Type": "application/x-compress-zlib", "User-Agent": "GLPI-Agent_v1.15"}
        _ask(seen, times, "POST", f"/i/{key}/", zlib.compress(body, 6), headers)


def _read(seen: Seen, over: threading.Event, assets: list[int], cookie: str) -> None:
    number = 0
    while not over.wait(0.5):
        number += 1
        pages = (
            "/assets/",
            f"/assets/{assets[number % len(assets)]}/",
            "/",
            f"/assets/?page={number}",
            "/recherche/?q=pc-01",
        )
        _ask(seen, seen.pages, "GET", pages[number % len(pages)], b"", {"Cookie": f"sessionid={cookie}"})


def _ask(seen: Seen, times: list[float], verb: str, path: str, body: bytes, headers: dict[str, str]) -> None:
    begun = time.perf_counter()
    client = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
    try:
        client.request(verb, path, body or None, headers)
        answer = client.getresponse()
        answer.read()
        if answer.status != 200:
            seen.refused.append(f"{verb} {path[:40]}: {answer.status}")
    except (OSError, http.client.HTTPException) as error:
        seen.refused.append(f"{verb} {path[:40]}: {error!r}")
    finally:
        client.close()
    times.append((time.perf_counter() - begun) * 1000)


def _drained() -> tuple[int, float]:
    """How many inventories wait to be read, and the seconds until none does."""
    begun, first = time.monotonic(), None
    with psycopg.connect(localpg.superuser_dsn(home() / "postgres"), autocommit=True) as connection:
        while True:
            (left,) = connection.execute(WAITING).fetchone() or (0,)
            first = left if first is None else first
            if not left or time.monotonic() - begun > PATIENCE:
                return first, time.monotonic() - begun
            time.sleep(1)


WAITING = "SELECT count(*) FROM inventory_document WHERE state = 'received'"
