"""What a measurement gives, how repeated timings become one number, and the machine they were taken on."""

import json
import math
import os
import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One measured value. ``target`` is compared with ``sign``; ``value`` is None when ``note`` says why
    not.
    """

    name: str
    value: float | None
    unit: str
    target: float | None = None
    size: str = ""
    note: str = ""
    sign: str = "<="

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; None without one, or without a value."""
        if self.value is None or self.target is None:
            return None
        return self.value <= self.target if self.sign == "<=" else self.value >= self.target

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "met": self.met}


@dataclass
class Timings:
    """Repeated timings of one act, in milliseconds: wall clock, processor of this process, of the
    database's.
    """

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    server: float = 0.0

    @property
    def mean_cpu(self) -> float:
        return sum(self.cpu) / len(self.cpu)

    def told(self) -> str:
        """The words that go beside a wall-clock value, which other work on the machine makes longer."""
        median = percentile(self.wall, 50)
        cpu = f"processor: {self.mean_cpu:.1f} ms here + {self.server:.1f} ms in PostgreSQL"
        return f"median {median:.0f} ms; {cpu}"


def repeat(act: Callable[[], Any], times: int, *, warm: int = 3, backend: int = 0) -> Timings:
    """Time an act; ``backend`` is the process id of the database session it uses, to count its processor
    too.
    """
    for _ in range(warm):
        act()
    found, before = Timings(), _ticks(backend)
    for _ in range(times):
        wall, cpu = time.perf_counter(), time.process_time()
        act()
        found.wall.append((time.perf_counter() - wall) * 1000)
        found.cpu.append((time.process_time() - cpu) * 1000)
    found.server = (_ticks(backend) - before) * 1000 / times
    return found


def percentile(values: list[float], share: float) -> float:
    """The smallest value that ``share`` percent of them do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * share / 100) - 1)]


def p95(values: list[float]) -> float:
    return percentile(values, 95)


def _ticks(pid: int) -> float:
    """Processor seconds a process has used (proc(5), fields 14 and 15 of stat); 0 where there is no /proc."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def machine() -> dict[str, Any]:
    """What the figures were measured on, and how busy it already was."""
    model = ""
    if (cpuinfo := Path("/proc/cpuinfo")).exists():
        lines = [
            line.partition(":")[2].strip()
            for line in cpuinfo.read_text().splitlines()
            if line.startswith("model name")
        ]
        model = lines[0] if lines else ""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "processor": model or platform.processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(memory, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 2),
    }


def as_json(figures: list[Figure]) -> str:
    return json.dumps([one.as_json() for one in figures], ensure_ascii=False, indent=1)
