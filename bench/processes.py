"""What Établi takes while it waits, and how long it takes to be there: ``up`` on a prepared directory."""

import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .figures import Figure
from .rig import ROOT, home

NAME = "processes"
PORT = 18470


def figures(*, quick: bool, size: str) -> Iterator[Figure]:
    with product() as (program, seconds):
        time.sleep(8)  # the worker has started and everybody is idle
        memory = _memory(program.pid)
    yield Figure("up, warm, until the first answer", seconds, "s", 5, size)
    for name, value in memory.items():
        yield Figure(f"memory at rest: {name}", value, "MiB", None, size, "proportional share (Pss)")
    yield Figure(
        "memory at rest: everything",
        sum(memory.values()),
        "MiB",
        500,
        size,
        f"{len(memory)} kinds of processes",
    )


@contextmanager
def product() -> Iterator[tuple["subprocess.Popen[bytes]", float]]:
    """The whole product on the bench's directory, as ``run`` starts it; the seconds to its first answer."""
    from django.db import connections

    from etabli.kernel import localpg

    connections.close_all()
    localpg.stop(home() / "postgres")
    environment = {**os.environ, "ETABLI_HOME": str(home()), "PYTHONPATH": str(ROOT / "src")}
    begun = time.perf_counter()
    program = subprocess.Popen(
        [sys.executable, "-P", "-m", "etabli.project.cli", "run", "--port", str(PORT)],
        env=environment,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(program, begun)
        yield program, time.perf_counter() - begun
    finally:
        program.send_signal(signal.SIGTERM)  # a job in the background has SIGINT ignored
        program.wait(40)
        localpg.start(home() / "postgres")


def _wait(program: "subprocess.Popen[bytes]", begun: float) -> None:
    while time.perf_counter() - begun < 90:
        if program.poll() is not None:
            raise RuntimeError(f"up ended with {program.returncode}")
        try:
            client = http.client.HTTPConnection("127.0.0.1", PORT, timeout=2)
            client.request("GET", "/sante/")
            if client.getresponse().status < 500:
                return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("up did not answer within 90 s")


def _memory(root: int) -> dict[str, float]:
    """MiB by kind of process: the program and all its descendants, PostgreSQL by its directory."""
    found: dict[str, float] = {}
    ours = {root, *_descendants(root), *_postgres()}
    for pid in ours:
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        kinds = {"postgres": "PostgreSQL", "granian": "web", "cli worker": "worker", "cli run": "supervisor"}
        kind = next((kind for sign, kind in kinds.items() if sign in words), "other")
        pss = next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
        found[kind] = found.get(kind, 0) + pss / 1024
    return found


def _parents() -> dict[int, int]:
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                found[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    return found


def _descendants(root: int) -> set[int]:
    parents = _parents()
    ours = {root}
    while more := {pid for pid, parent in parents.items() if parent in ours} - ours:
        ours |= more
    return ours


def _postgres() -> set[int]:
    try:
        postmaster = int((home() / "postgres" / "postmaster.pid").read_text().split()[0])
    except (OSError, ValueError):
        return set()
    return {postmaster, *_descendants(postmaster)}
