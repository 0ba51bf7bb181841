"""Importing a spreadsheet of assets: checking every row, then writing all of them; time and memory."""

import resource
import time
from collections.abc import Iterator
from typing import Any

from etabli.assets.models import Asset
from etabli.kernel.actors import actor_of
from etabli.kernel.screens import registry
from etabli.kernel.screens.importing import actions
from etabli.kernel.tenancy import scope

from . import fleet
from .figures import Figure

NAME = "imports"


def figures(*, quick: bool, size: str) -> Iterator[Figure]:
    rows = 1_000 if quick else 10_000
    screen: Any = registry[Asset]
    actor, organisation = actor_of(fleet.administrator(), source="import"), fleet.everyone()[1]
    run = f"{time.time_ns():x}"
    lines = [
        f"Import {run} {n};{run}{n};laptop;in_service;{n % 900 + 100},50;2026-03-12" for n in range(rows)
    ]
    content = "\n".join(["Nom;Numéro de série;Nature;État;Prix;Acheté le", *lines]).encode()
    before = _peak()
    made = actions.begin(
        screen, content=content, name="assets.csv", organisation_id=organisation, actor=actor
    )
    made.parts[0]["mapping"] = ["name", "serial", "kind", "state", "price", "bought_on"]
    with scope(organisation):
        made.save(update_fields=["parts"])
    data = f"{rows} rows; {size}"
    yield _timed("import, check with preview", lambda: actions.check(made, screen, actor), rows, 6, data)
    with scope(organisation):
        made.refresh_from_db()
    yield Figure(
        "import, rows refused by the check",
        float(made.counts.get("error", rows)),
        "rows",
        0,
        data,
        str(made.preview[:1])[:160],
    )
    yield _timed("import, write", lambda: actions.commit(made, screen, actor), rows, 6, data)
    yield Figure(
        "import, memory above the start",
        _peak() - before,
        "MiB",
        300,
        data,
        f"peak of the process {_peak():.0f} MiB",
    )


def _timed(name: str, act: Any, rows: int, target: float, data: str) -> Figure:
    wall, cpu = time.perf_counter(), time.process_time()
    act()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    note = f"{wall:.1f} s in all, {cpu:.1f} s of processor here"
    return Figure(name, wall * 1000 / rows, "ms/row", target, data, note)


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
