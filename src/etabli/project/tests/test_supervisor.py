"""The supervisor, with real processes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from etabli.project.supervisor import delay

BEAT = "import os, time, pathlib; pathlib.Path({mark!r}).write_text(str(os.getpid())); time.sleep(60)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + BEAT


def supervise(tmp_path: Path, *children: str) -> subprocess.Popen[str]:
    """A supervisor in its own process, of Python programs given as text."""
    programs = [f"Program('child', [sys.executable, '-c', {child!r}])" for child in children]
    code = (
        f"import sys; sys.path[:0] = {[*sys.path]!r}\n"
        "from etabli.project.supervisor import Program, Supervisor\n"
        f"Supervisor([{', '.join(programs)}], lambda text: print(text, flush=True)).run()\nprint('over', flush=True)"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=tmp_path,
    )


def pid_of(mark: Path, other_than: int = 0) -> int:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        text = mark.read_text() if mark.exists() else ""
        if text and int(text) != other_than:
            return int(text)
        time.sleep(0.02)
    raise AssertionError(f"{mark} was not written")


def ends(pid: int, seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        state = Path(f"/proc/{pid}/stat")
        if not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.02)
    return False


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    return tmp_path / "pid"


def test_the_delay_doubles_up_to_half_a_minute() -> None:
    assert [delay(failures) for failures in range(8)] == [0, 1, 2, 4, 8, 16, 30, 30]


@pytest.mark.parametrize("order", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_signal_stops_every_program(tmp_path: Path, mark: Path, order: int) -> None:
    running = supervise(tmp_path, BEAT.format(mark=str(mark)), BEAT.format(mark=str(tmp_path / "second")))
    children = [pid_of(mark), pid_of(tmp_path / "second")]
    running.send_signal(order)
    said, _nothing = running.communicate(timeout=20)
    assert running.returncode == 0
    assert said == "over\n"
    assert all(ends(child) for child in children)


def test_a_program_that_ignores_the_signal_is_killed_within_five_seconds(tmp_path: Path, mark: Path) -> None:
    running = supervise(tmp_path, STUBBORN.format(mark=str(mark)))
    child = pid_of(mark)
    begun = time.monotonic()
    running.send_signal(signal.SIGTERM)
    running.communicate(timeout=20)
    assert ends(child)
    assert time.monotonic() - begun < 5


def test_a_program_that_dies_is_started_again_and_told(tmp_path: Path, mark: Path) -> None:
    running = supervise(tmp_path, BEAT.format(mark=str(mark)))
    first = pid_of(mark)
    os.kill(first, signal.SIGKILL)
    second = pid_of(mark, other_than=first)
    running.send_signal(signal.SIGTERM)
    said, _nothing = running.communicate(timeout=20)
    assert "child stopped (-9); starting it again in 1 s." in said
    assert ends(second)


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
def test_programs_do_not_outlive_a_supervisor_killed_uncaught(tmp_path: Path, mark: Path) -> None:
    running = supervise(tmp_path, BEAT.format(mark=str(mark)))
    child = pid_of(mark)
    running.kill()
    running.communicate(timeout=20)
    assert ends(child)


def test_a_later_program_waits_until_the_others_are_ready(tmp_path: Path, mark: Path) -> None:
    early, late = BEAT.format(mark=str(mark)), BEAT.format(mark=str(tmp_path / "late"))
    code = (
        f"import sys; sys.path[:0] = {[*sys.path]!r}\nfrom pathlib import Path\n"
        "from etabli.project.supervisor import Program, Supervisor\n"
        f"programs = [Program('late', [sys.executable, '-c', {late!r}], later=True),"
        f" Program('early', [sys.executable, '-c', {early!r}])]\n"
        f"Supervisor(programs, print).run(lambda: Path('ready').exists())"
    )
    running = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path)
    try:
        pid_of(mark)
        time.sleep(0.3)
        assert not (tmp_path / "late").exists()
        (tmp_path / "ready").touch()
        assert pid_of(tmp_path / "late")
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait(20)
