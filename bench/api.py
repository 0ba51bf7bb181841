"""The API on a large fleet: a page, one, create, create a hundred; and whether search finds them at once."""

import itertools
import uuid
from collections.abc import Iterator
from typing import Any

import orjson
from django.test import Client

from etabli.assets.models import Asset, AssetKind
from etabli.kernel import tokens
from etabli.kernel.actors import SYSTEM
from etabli.kernel.tenancy import scope

from . import fleet
from .figures import Figure, p95, repeat
from .rig import backend

NAME = "api"


def caller() -> tuple[Client, int]:
    """A client with a token of every right on the largest client organisation, and that organisation's id."""
    organisation = fleet.everyone()[1]
    with scope(organisation):
        _token, text = tokens.create(
            fleet.administrator(), name="bench", scopes=["*"], organisation=organisation, actor=SYSTEM
        )
    return Client(headers={"authorization": f"Bearer {text}"}), organisation


def figures(*, quick: bool, size: str) -> Iterator[Figure]:
    times = 10 if quick else 40
    client, organisation = caller()
    with scope(organisation):
        key = Asset.objects.order_by("pk").values_list("pk", flat=True)[500]
    yield _timed(
        "API, list of 50", client, f"/api/v1/assets?limit=50&organisation={organisation}", times, 25, size
    )
    yield _timed(
        "API, list of 50 by a filter", client, "/api/v1/assets?limit=50&state=in_repair", times, 25, size
    )
    yield _timed("API, one", client, f"/api/v1/assets/{key}", times, 10, size)
    numbers = itertools.count()
    with scope(organisation):
        kind = AssetKind.objects.get(organisation=None, key="laptop").pk
    run = uuid.uuid4().hex[:10]

    def body() -> dict[str, Any]:
        n = next(numbers)
        return {
            "name": f"bench {run} {n}",
            "serial": f"{run}{n}".lower(),
            "kind": kind,
            "state": "in_stock",
            "organisation": organisation,
        }

    one = repeat(lambda: _post(client, "/api/v1/assets", body()), times, backend=backend())
    yield Figure("API, create: p95", p95(one.wall), "ms", 20, size, one.told())
    many = repeat(
        lambda: _post(client, "/api/v1/assets/many", [body() for _ in range(100)]),
        max(3, times // 5),
        warm=1,
        backend=backend(),
    )
    yield Figure("API, create 100 in a call: p95", p95(many.wall), "ms", 500, size, many.told())
    last = body()
    _post(client, "/api/v1/assets", last)
    found = orjson.loads(client.get(f"/api/v1/assets?q={last['serial']}").content)["count"]
    yield Figure("API, the next search finds what was created", float(found), "found", 1, size, sign=">=")


def _timed(name: str, client: Client, address: str, times: int, target: float, size: str) -> Figure:
    def get() -> None:
        answer = client.get(address)
        assert answer.status_code == 200, answer.content[:300]

    timings = repeat(get, times, backend=backend())
    return Figure(f"{name}: p95", p95(timings.wall), "ms", target, size, timings.told())


def _post(client: Client, address: str, body: Any) -> None:
    answer = client.post(address, orjson.dumps(body), content_type="application/json")
    assert answer.status_code == 201, answer.content[:300]
