"""``up`` and ``run``: make everything ready, start the web server and the worker, keep them alive."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from types import FrameType
from typing import Annotated

import typer

from etabli.kernel import localpg

from .. import home
from ..supervisor import Program, Supervisor
from . import instance
from .database import check_role, cluster, connect, empty, ensure_running, external
from .language import _
from .outcome import Failure, Unreachable
from .readiness import make_ready
from .terminal import ask, interactive, say

PORT = 8470
_FIRST_ANSWER = 60.0  # seconds the web server may take to answer for the first time

Host = Annotated[
    str, typer.Option(envvar="ETABLI_HOST", help=_("Address to listen on; 0.0.0.0 opens it to the network"))
]
Port = Annotated[int, typer.Option(envvar="ETABLI_PORT", min=1, max=65535, help=_("Port to listen on"))]
Jobs = Annotated[bool, typer.Option("--worker/--no-worker", help=_("Also run the background jobs"))]
Workers = Annotated[int, typer.Option(min=1, envvar="ETABLI_WORKERS", help=_("Web processes"))]


def up(
    demo: Annotated[
        bool, typer.Option("--demo", help=_("Load the demonstration company without asking"))
    ] = False,
    host: Host = "127.0.0.1",
    port: Port = PORT,
    worker: Jobs = True,
    workers: Workers = 1,
) -> None:
    """Prepare what changed since last time and start Établi. Ctrl-C stops everything."""
    _serve(host, port, worker, workers, demo=demo, curious=interactive())


def run(host: Host = "127.0.0.1", port: Port = PORT, worker: Jobs = True, workers: Workers = 1) -> None:
    """Start Établi without asking anything, as a service does."""
    _serve(host, port, worker, workers, demo=False, curious=False)


def _serve(host: str, port: int, worker: bool, workers: int, *, demo: bool, curious: bool) -> None:
    signal.signal(signal.SIGTERM, _interrupt)  # while preparing; afterwards the supervisor listens
    try:
        with instance.held():
            _check_port(host, port)
            try:
                ensure_running()
                first = _prepare(demo, curious)
                _supervise(host, port, worker, workers, first)
            finally:
                if not external():
                    localpg.stop(cluster())
    except instance.AlreadyRunning as other:
        raise Failure(
            _("Établi already runs on {place} (process {pid}). Stop it with ./etabli stop.").format(
                place=home.directory(), pid=other.pid
            )
        ) from None
    say(_("Établi is stopped."))


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _prepare(demo: bool, curious: bool) -> bool:
    """Everything before the servers start; returns whether nobody can sign in yet."""
    with connect(patience=30 if external() else 5) as connection:
        check_role(connection)
        make_ready(connection)
        first = empty(connection, "kernel_account")
    if demo or (first and curious and ask(_("Load the demonstration company, to look around?"))):
        _load_demo()
    return first


def _load_demo() -> None:
    if subprocess.run(
        [sys.executable, "-P", "-m", "etabli.project.cli", "demo", "load"], check=False
    ).returncode:
        say(_("The demonstration company was not loaded; Établi starts without it."))


def _supervise(host: str, port: int, worker: bool, workers: int, first: bool) -> None:
    programs = [web(host, port, workers)]
    if worker:
        command = [sys.executable, "-P", "-m", "etabli.project.cli", "worker"]
        # jobs are safe to run twice, and a worker that waits for its last job would outlive us for long
        programs.append(Program(_("The background jobs"), command, orphaned=signal.SIGKILL, later=True))
    supervisor = Supervisor(
        programs,
        say,
        died=_("{name} stopped ({code}); starting again in {seconds:.0f} s."),
        look=_keep_database,
    )
    supervisor.run(_Welcome(host, port, first))


def web(host: str, port: int, workers: int) -> Program:
    """The web server; ``ETABLI_INTERFACE`` (wsgi or asgi) chooses how it calls the application."""
    interface = os.environ.get("ETABLI_INTERFACE", "wsgi")
    if interface not in ("asgi", "wsgi"):
        raise Failure(_("ETABLI_INTERFACE must be asgi or wsgi, not “{value}”.").format(value=interface))
    command = [sys.executable, "-P", "-m", "granian", f"etabli.project.{interface}:application"]
    called = {"asgi": "asginl"}.get(interface, interface)  # Django has no lifespan protocol
    command += ["--interface", called, "--host", host, "--port", str(port), "--workers", str(workers)]
    command += ["--log-level", "warning", "--workers-kill-timeout", "2"]
    if interface == "wsgi":
        command += ["--blocking-threads", "48"]  # of which live pages may hold 32
    return Program(_("The web server"), command)


def _check_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError:
            raise Failure(_("Ports below 1024 need rights: choose another, such as --port 8470.")) from None
        except OSError as error:
            raise Unreachable(
                _("Cannot listen on {host}:{port} ({reason}). Choose another port: --port {other}").format(
                    host=host, port=port, reason=error.strerror, other=port + 1
                )
            ) from None


class _Welcome:
    """Asked again and again by the supervisor: prints the address once the web server answers."""

    def __init__(self, host: str, port: int, first: bool) -> None:
        self._host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
        self._port = port
        self._first = first
        self._late = time.monotonic() + _FIRST_ANSWER

    def __call__(self) -> bool:
        if _answers(self._host, self._port):
            self._print()
            return True
        if time.monotonic() > self._late:
            say(_("The web server does not answer yet; its messages are above."))
            return True
        return False

    def _print(self) -> None:
        host = f"[{self._host}]" if ":" in self._host else self._host
        address = f"http://{host}:{self._port}/"
        say(_("Établi is at {address}   (Ctrl-C stops it)").format(address=address))
        if self._first:
            link = f"{address}premiers-pas/?cle={home.secret('setup.key')}"
            say(_("First steps, to create your account: {link}").format(link=link))


def _answers(host: str, port: int) -> bool:
    with closing(http.client.HTTPConnection(host, port, timeout=3)) as client:
        try:
            client.request("HEAD", "/", headers={"User-Agent": "etabli-up"})
            return client.getresponse().status > 0
        except (OSError, http.client.HTTPException):
            return False


def _keep_database() -> None:
    if external() or localpg.running(cluster()):
        return
    say(_("The database had stopped; starting it again."))
    try:
        localpg.start(cluster())
    except localpg.PostgresError as error:
        say(str(error))
