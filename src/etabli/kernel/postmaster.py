"""Is the server of a cluster alive? Read from its pid file, its socket and /proc; nothing is started here."""

import os
import socket
import time
from pathlib import Path


def forget_reused_pids(cluster: Path, door: Path) -> None:
    """Remove stale lock files whose number now belongs to another program: a container started again.

    The server refuses to start then, since it only sees that the number lives. Orphans of the former server
    are still detected, by the shared memory they hold. To be called when :func:`living` found no server.
    """
    for lock in (cluster / "postmaster.pid", door.with_name(f"{door.name}.lock")):
        pid = _recorded_pid(lock)
        if pid is not None and alive(pid) and os.path.exists(f"/proc/{pid}/cwd"):
            lock.unlink(missing_ok=True)


def living(cluster: Path, door: Path) -> int | None:
    """The process id of the cluster's living server, ready or not."""
    pid = _recorded_pid(cluster / "postmaster.pid")
    if pid is None or not alive(pid):
        return None
    if answers(door):
        return pid
    works_in = f"/proc/{pid}/cwd"  # a postmaster works in its data directory
    elsewhere = os.path.exists(works_in) and os.path.realpath(works_in) != str(cluster.resolve())
    return None if elsewhere else pid


def _recorded_pid(lock: Path) -> int | None:
    lines = _lines(lock)
    return int(lines[0]) if lines and lines[0].strip().isdigit() else None


def status(cluster: Path) -> str:
    """``starting``, ``ready``, ``stopping``, or nothing: the eighth line of postmaster.pid (PM_STATUS_*)."""
    lines = _lines(cluster / "postmaster.pid")
    return lines[7].strip() if len(lines) > 7 else ""


def _lines(lock: Path) -> list[str]:
    try:
        return lock.read_text().splitlines()
    except FileNotFoundError:
        return []


def answers(door: Path) -> bool:
    """Whether somebody listens on this Unix socket."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(2)
        try:
            client.connect(str(door))
        except OSError:
            return False
    return True


def alive(pid: int) -> bool:
    """Whether one of our own processes has this number."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):  # no such process, or not one of ours
        return False
    try:  # a zombie nobody reaps (first process of a container) is dead
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return not Path("/proc/self").exists()


def wait_end(pid: int, seconds: float) -> bool:
    """Wait until the process has ended; False when it still lives after ``seconds``."""
    deadline = time.monotonic() + seconds
    while alive(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
