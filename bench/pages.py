"""Pages on a large fleet: the list with every filter and order, an asset, search, palette, my day."""

import gzip
from collections.abc import Iterator
from functools import partial
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from etabli.assets.models import Asset
from etabli.kernel.screens import counting, registry
from etabli.kernel.tenancy import scope

from . import fleet
from .figures import Figure, Timings, p95, repeat
from .rig import backend

NAME = "pages"
LIST_MS, PAGE_MS, HTML_KB, QUERIES = 60, 80, 60, 12


def browser() -> Client:
    """A client whose session is the administrator's of every organisation, French as most users."""
    client = Client(headers={"accept-language": "fr", "host": "localhost"})
    client.force_login(fleet.administrator(), backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def get(client: Client, address: str) -> Any:
    response = client.get(address)
    assert response.status_code == 200, f"{address}: {response.status_code}"
    return response


def figures(*, quick: bool, size: str) -> Iterator[Figure]:
    client, times = browser(), 8 if quick else 30
    fleet_list, half = "/assets/", max(5, times // 2)
    yield from _page(client, "fleet list, page 1", fleet_list, times, size)
    yield from _page(client, "fleet list, page 500", f"{fleet_list}?page=500", times, size)
    yield _timed("fleet list, page 1, numbers not remembered", _cold(client, times), size, LIST_MS)
    yield _worst(client, "fleet list, worst of all filters", _filters(), half, size)
    yield _worst(client, "fleet list, worst of all orders, page 1 and 500", _orders(), half, size)
    with scope(*fleet.everyone()):
        asset = Asset.objects.exclude(seen_at=None).order_by("pk")[777]
    yield from _page(client, "asset page", f"/assets/{asset.pk}/", times, size, PAGE_MS)
    yield from _page(client, "my day", "/", times, size, PAGE_MS)
    search = repeat(lambda: get(client, f"/recherche/?q={asset.serial}"), times, backend=backend())
    yield _timed("search page, serial number", search, size, PAGE_MS)
    words = (asset.serial, "pc-0123", "hebert", "dell 3", "10.12.")
    palette = [f"/palette/?q={word}" for word in words]
    yield _worst(client, "palette, worst of five texts", palette, half, size, PAGE_MS)
    words = (asset.serial, "pc-0123", "hebert", "windows 11", "site 7")
    searches = [f"{fleet_list}?q={word}" for word in words]
    yield _worst(client, "fleet list, worst of five searches", searches, half, size)
    yield _database(size)


def _database(size: str) -> Figure:
    """All of it by asset; what a single real machine takes is in the inventories."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        taken, count = cursor.fetchone()[0], fleet.count()
    told = f"{taken / 2**30:.1f} GiB; 300 programs a machine that reported"
    return Figure("database, by asset", taken / count / 1000, "kB", None, size, told)


def _cold(client: Client, times: int) -> Timings:
    """The first reader after some seconds: the numbers of the fleet are counted again each time."""

    def act() -> None:
        counting.forget()
        get(client, "/assets/")

    return repeat(act, times, backend=backend())


def _page(
    client: Client, name: str, address: str, times: int, size: str, target: float = LIST_MS
) -> Iterator[Figure]:
    with CaptureQueriesContext(connection) as queries:
        body = get(client, address).content
    sent = [q for q in queries if not q["sql"].startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE"))]
    yield _timed(name, repeat(lambda: get(client, address), times, backend=backend()), size, target)
    limit = QUERIES if target == LIST_MS else None
    yield Figure(f"{name}: queries", len(sent), "", limit, size)
    yield Figure(
        f"{name}: HTML compressed",
        len(gzip.compress(body, 6)) / 1000,
        "kB",
        HTML_KB,
        size,
        f"{len(body) / 1000:.0f} kB plain",
    )


def _timed(name: str, timings: Timings, size: str, target: float) -> Figure:
    return Figure(f"{name}: server p95", p95(timings.wall), "ms", target, size, timings.told())


def _worst(
    client: Client, name: str, addresses: list[str], times: int, size: str, target: float = LIST_MS
) -> Figure:
    found = {
        address: repeat(partial(get, client, address), times, warm=1, backend=backend())
        for address in addresses
    }
    worst = max(found, key=lambda address: p95(found[address].wall))
    others = sorted((round(p95(t.wall)) for t in found.values()), reverse=True)
    note = f"{worst} of {len(addresses)}; {found[worst].told()}; all p95: {' '.join(map(str, others))}"
    return Figure(f"{name}: server p95", p95(found[worst].wall), "ms", target, size, note)


def _filters() -> list[str]:
    """One address for each option of each filter (the first ten of the long ones), and for a range of
    dates.
    """
    made = []
    with scope(*fleet.everyone()):
        for one in registry[Asset].narrowing:
            if one.picks is not None:
                options = [str(pk) for pk in one.picks.objects.values_list("pk", flat=True)[:3]] + ["none"]
            elif one.options is not None:
                options = [value for value, _label in one.options()][:10]
            else:
                options = {"number": ["4"], "text": ["windows"]}.get(one.kind, ["2025-01-01..2025-03-31"])
            made += [f"/assets/?{one.name}={value}" for value in options]
    return made


def _orders() -> list[str]:
    names = [column.name for column in registry[Asset].table if column.sort]
    return [
        f"/assets/?sort={sign}{name}&page={page}" for name in names for sign in ("", "-") for page in (1, 500)
    ]
