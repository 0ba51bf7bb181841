"""The real product in a directory of its own: its database, its web server, its worker, on a free port."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg

from etabli.kernel import localpg

SOURCE = Path(__file__).resolve().parents[3]
PREPARE = """
import django, json
django.setup()
from etabli.inventory import enrolments
from etabli.kernel.actors import SYSTEM
from etabli.kernel.tenancy import scope
from etabli.people.actions import start_organisation
made = start_organisation(name="Acme", kind="client", actor=SYSTEM)
with scope(made.pk):
    enrolment = enrolments.enrol(name="Site", organisation_id=made.pk, actor=SYSTEM)
print(json.dumps({"organisation": made.pk, "key": enrolment.key.unseal(), "client": enrolment.client_id}))
"""


class Product:
    """Start it with :meth:`start`; every process it starts is known by its id and ended by :meth:`stop`."""

    def __init__(self, home: Path) -> None:
        self.home, self.cluster = home, home / "postgres"
        self.port = _free_port()
        self.web: subprocess.Popen[bytes] | None = None
        self.worker: subprocess.Popen[bytes] | None = None
        self.organisation, self.key, self.client = 0, "", ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/i/{self.key}/"

    def start(self, settings: dict[str, str] | None = None) -> None:
        localpg.start(self.cluster, settings)
        self._python("-m", "django", "migrate", "-v", "0")
        made = json.loads(self._python("-c", PREPARE))
        self.organisation, self.key, self.client = made["organisation"], made["key"], made["client"]
        self.start_web()
        self.start_worker()

    def start_web(self) -> None:
        words = ["-m", "granian", "etabli.project.asgi:application", "--interface", "asginl"]
        words += ["--host", "127.0.0.1", "--port", str(self.port), "--workers", "1", "--log-level", "warning"]
        words += ["--workers-kill-timeout", "2"]
        self.web = self._launch(words, "web.log")
        self.until(lambda: self.answers(), "the web server answers")

    def start_worker(self) -> None:
        self.worker = self._launch(
            ["-m", "django", "procrastinate", "worker", "--concurrency", "2"], "worker.log"
        )

    def supervise(self) -> None:
        """Start the worker again when it ended, as one may without its database: ``up`` does the same."""
        if self.worker is None or self.worker.poll() is not None:
            self.start_worker()

    def kill_web(self) -> None:
        """As a power cut does; its children too."""
        _kill(self.web)

    def kill_worker(self) -> None:
        _kill(self.worker)

    def kill_database(self) -> None:
        """kill -9 of the server and of all its sessions."""
        pid = int((self.cluster / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGKILL)
        # The sessions see their postmaster die and end; a new one must not start before.
        self.until(lambda: not _children(pid) and not _alive(pid), "the database is dead")

    def start_database(self, settings: dict[str, str] | None = None) -> None:
        localpg.start(self.cluster, settings)

    def stop(self) -> None:
        self.kill_web()
        self.kill_worker()
        localpg.stop(self.cluster)

    def answers(self) -> bool:
        try:
            return self.request("GET", f"/i/{self.key}/")[0] == 200
        except OSError:
            return False

    def request(
        self, verb: str, path: str, body: bytes = b"", **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            client.request(
                verb, path, body, {name.replace("_", "-"): value for name, value in headers.items()}
            )
            answer = client.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        except http.client.HTTPException as error:
            raise OSError(str(error)) from error
        finally:
            client.close()

    def post(self, document: bytes, **headers: str) -> int:
        """Send an inventory as an agent does; the HTTP status. OSError when nobody answers."""
        named = {"Content_Type": "application/x-compress-zlib", "User_Agent": "GLPI-Agent_v1.12", **headers}
        return self.request("POST", f"/i/{self.key}/", zlib.compress(document), **named)[0]

    def sql(self, statement: str) -> Any:
        """The first column of the first row, read above the walls between organisations."""
        with psycopg.connect(localpg.superuser_dsn(self.cluster)) as connection:
            row = connection.execute(statement).fetchone()
        return row[0] if row else None

    def until(self, true: Callable[[], Any], what: str, seconds: float = 60) -> None:
        """Wait until something is true; fails with its name and the end of the logs."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                if true():
                    return
            except (OSError, psycopg.Error):
                pass
            assert time.monotonic() < deadline, f"not within {seconds} s: {what}\n{self.logs()}"
            time.sleep(0.1)

    def until_read(self, seconds: float = 60) -> None:
        waiting = "SELECT count(*) FROM inventory_document WHERE state = 'received'"

        def read() -> bool:
            self.supervise()
            return bool(self.sql(waiting) == 0)

        self.until(read, "every document is read", seconds)

    def logs(self) -> str:
        files = [self.home / "web.log", self.home / "worker.log"]
        return "\n".join(f.read_text(errors="replace")[-1500:] for f in files if f.exists())

    def _environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "ETABLI_HOME"}}
        own = {"ETABLI_HOME": str(self.home), "DJANGO_SETTINGS_MODULE": "etabli.project.settings"}
        return {**kept, **own, "PYTHONPATH": str(SOURCE)}

    def _python(self, *words: str) -> str:
        command = [sys.executable, *words]
        done = subprocess.run(command, env=self._environment(), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    def _launch(self, words: list[str], log: str) -> subprocess.Popen[bytes]:
        with (self.home / log).open("ab") as file:
            return subprocess.Popen(
                [sys.executable, *words],
                env=self._environment(),
                stdout=file,
                stderr=file,
                start_new_session=True,
            )


def _kill(program: subprocess.Popen[bytes] | None) -> None:
    if program:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(program.pid, signal.SIGKILL)
        program.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists() and "Z" not in Path(f"/proc/{pid}/stat").read_text().split()[2]


def _children(pid: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(stat.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(stat.parent.name))
        except OSError:
            continue
    return found
