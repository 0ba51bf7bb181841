"""Keeps programs alive: starts them, starts them again when they die, stops them all together.

Everything that waits goes through one pipe that signals write to, and handlers do no work.
"""

import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

LONGEST_DELAY = 30.0  # seconds between two attempts at starting a program that keeps dying
STEADY = 60.0  # seconds after which a program is considered well again
GRACE = 4.0  # seconds given to programs to stop by themselves
_PDEATHSIG = 1  # PR_SET_PDEATHSIG, prctl(2)
_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True)
class Program:
    """What to run; ``name`` is what people read, ``orphaned`` the signal it gets when we die uncaught.

    ``later``: not before the others are ready, so as not to slow them down.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    orphaned: int = signal.SIGTERM
    later: bool = False


@dataclass
class _Child:
    program: Program
    process: subprocess.Popen[bytes] | None = None
    since: float = 0.0
    failures: int = 0
    due: float = 0.0


def delay(failures: int) -> float:
    """Seconds to wait before starting again after this many failures in a row: 1, 2, 4 … 30."""
    return min(LONGEST_DELAY, 2.0 ** (failures - 1)) if failures else 0.0


class Supervisor:
    """Runs programs until a stop signal.

    ``say`` receives one sentence per death, ``look`` is called every other second or so.
    """

    def __init__(
        self,
        programs: Sequence[Program],
        say: Callable[[str], None],
        died: str = "{name} stopped ({code}); starting it again in {seconds:.0f} s.",
        look: Callable[[], None] | None = None,
    ) -> None:
        self._children = [_Child(program) for program in programs]
        self._say = say
        self._died = died
        self._look = look

    def run(self, ready: Callable[[], bool] | None = None) -> None:
        """Start everything and keep it alive; returns after a stop signal, once everything has stopped.

        ``ready`` is asked several times a second until it says yes.
        """
        with _signals() as arrived:
            try:
                self._start_due(all_of_them=ready is None)
                while not arrived(self._pause(hurried=ready is not None)) & set(_STOPPING):
                    self._bury()
                    if ready and ready():
                        ready = None
                    self._start_due(all_of_them=ready is None)
                    if self._look and not ready:
                        self._look()
            finally:
                self._stop(arrived)

    def _pause(self, hurried: bool) -> float:
        now = time.monotonic()
        if hurried:
            return 0.05
        waiting = [child.due - now for child in self._children if child.process is None]
        return max(0.0, min([2.0, *waiting]))

    def _start_due(self, *, all_of_them: bool) -> None:
        now = time.monotonic()
        for child in self._children:
            if child.process is None and child.due <= now and (all_of_them or not child.program.later):
                child.process, child.since = _spawn(child.program), now

    def _bury(self) -> None:
        now = time.monotonic()
        for child in self._children:
            if child.process is None or child.process.poll() is None:
                continue
            _signal_group(child.process.pid, signal.SIGKILL)  # what it left behind may hold its port
            child.failures = 1 if now - child.since > STEADY else child.failures + 1
            child.due = now + delay(child.failures)
            code, child.process = child.process.returncode, None
            self._say(self._died.format(name=child.program.name, code=code, seconds=delay(child.failures)))

    def _stop(self, arrived: Callable[[float], set[int]]) -> None:
        """SIGTERM, then SIGKILL after the grace period or a second Ctrl-C."""
        running = [child.process for child in self._children if child.process]
        for process in running:
            _signal_group(process.pid, signal.SIGTERM)
        deadline = time.monotonic() + GRACE
        while any(process.poll() is None for process in running) and time.monotonic() < deadline:
            if signal.SIGINT in arrived(0.1):
                break
        for process in running:
            _signal_group(process.pid, signal.SIGKILL)
            process.wait()


def _spawn(program: Program) -> subprocess.Popen[bytes]:
    """In its own group, so that a Ctrl-C reaches us alone and we stop things in order."""
    return subprocess.Popen(  # noqa: S603 - our own programs
        list(program.command),
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr.fileno(),
        env={**os.environ, **program.environment},
        start_new_session=True,
        preexec_fn=_die_with(os.getpid(), program.orphaned) if sys.platform == "linux" else None,
    )


def _die_with(parent: int, order: int) -> Callable[[], None]:
    """Have the kernel stop the child when we are killed in a way that cannot be caught (prctl(2))."""
    prctl = ctypes.CDLL(None).prctl  # looked up before the fork: nothing may be loaded after it

    def ask() -> None:
        prctl(_PDEATHSIG, int(order))
        if os.getppid() != parent:  # we died in between
            os._exit(1)

    return ask


def _signal_group(leader: int, order: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, order)


@contextmanager
def _signals() -> Iterator[Callable[[float], set[int]]]:
    """A function that waits up to so many seconds and returns the signals that arrived."""
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)
    watched = [n for n in (*_STOPPING, signal.SIGCHLD) if signal.getsignal(n) != signal.SIG_IGN]  # nohup
    former = {number: signal.signal(number, lambda *_arguments: None) for number in watched}
    former_descriptor = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)

    def arrived(seconds: float) -> set[int]:
        ready, _writable, _broken = select.select([reader], [], [], seconds)
        return set(os.read(reader, 1024)) if ready else set()

    try:
        yield arrived
    finally:
        signal.set_wakeup_fd(former_descriptor)
        for number, handler in former.items():
            signal.signal(number, handler)
        os.close(reader)
        os.close(writer)
