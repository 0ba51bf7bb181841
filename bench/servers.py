"""The web server with one worker, called through WSGI and through ASGI: a page, an API call, an agent's
POST.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import orjson
from django.contrib.sessions.backends.db import SessionStore

from etabli.inventory.enrolments import enrol
from etabli.kernel import tokens
from etabli.kernel.actors import SYSTEM
from etabli.kernel.tenancy import scope

from . import fleet
from .figures import Figure
from .inventories import machine
from .processes import _descendants, _wait
from .rig import ROOT, home

NAME = "servers"
PORT = 18471
POST = """wrk.method = "POST"
wrk.headers["Content-Type"] = "application/x-compress-zlib"
wrk.headers["User-Agent"] = "GLPI-Agent_v1.15"
local file = io.open("{path}", "rb"); wrk.body = file:read("*a"); file:close()
"""


def figures(*, quick: bool, size: str) -> Iterator[Figure]:
    if not shutil.which("wrk"):
        yield Figure("servers", None, "", note="wrk is absent: apt-get install wrk")
        return
    seconds = 4 if quick else 10
    targets = _targets()
    for interface in ("wsgi", "asginl"):
        yield from _measured(interface, targets, seconds, size)


def _targets() -> dict[str, list[str]]:
    """What wrk is told for each call: options, then the path."""
    organisation = fleet.everyone()[1]
    with scope(organisation):
        _t, token = tokens.create(
            fleet.administrator(), name="wrk", scopes=["*"], organisation=organisation, actor=SYSTEM
        )
        key = enrol(name="wrk", organisation_id=organisation, actor=SYSTEM).key.unseal()
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    (folder / "body").write_bytes(
        zlib.compress(orjson.dumps(machine("bench-wrk", programs=420, padding=0)), 6)
    )
    (folder / "post.lua").write_text(POST.format(path=folder / "body"))
    return {
        "health": ["/sante/"],
        "fleet page": ["-H", f"Cookie: sessionid={session()}", "/assets/"],
        "API list": ["-H", f"Authorization: Bearer {token}", "/api/v1/assets?limit=50"],
        "agent POST": ["-s", str(folder / "post.lua"), f"/i/{key}/"],
    }


def session() -> str:
    """A session as Django's login makes it, without the pages of the login."""
    account = fleet.administrator()
    store = SessionStore()
    store["_auth_user_id"] = str(account.pk)
    store["_auth_user_backend"] = "allauth.account.auth_backends.AuthenticationBackend"
    store["_auth_user_hash"] = account.get_session_auth_hash()
    store.create()
    return str(store.session_key)


def _measured(interface: str, targets: dict[str, list[str]], seconds: int, size: str) -> Iterator[Figure]:
    module = "wsgi" if interface == "wsgi" else "asgi"
    command = [
        sys.executable,
        "-P",
        "-m",
        "granian",
        f"etabli.project.{module}:application",
        "--interface",
        interface,
    ]
    command += ["--host", "127.0.0.1", "--port", str(PORT), "--workers", "1", "--log-level", "warning"]
    environment = {
        **os.environ,
        "ETABLI_HOME": str(home()),
        "PYTHONPATH": str(ROOT / "src"),
        "ETABLI_INTERFACE": module,
    }
    program = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        _wait_for(program)
        for name, words in targets.items():
            for clients in (1, 8):
                yield _wrk(f"{module}, {name}, {clients} at once", words, clients, seconds, size)
        yield Figure(
            f"{module}, memory after the load",
            _resident(program.pid),
            "MiB",
            None,
            size,
            "resident, all its processes",
        )
    finally:
        program.terminate()
        program.wait(20)


def _wait_for(program: "subprocess.Popen[bytes]") -> None:
    from . import processes

    before, processes.PORT = processes.PORT, PORT
    try:
        _wait(program, time.perf_counter())
    finally:
        processes.PORT = before


def _wrk(name: str, words: list[str], clients: int, seconds: int, size: str) -> Figure:
    *options, path = words
    command = [
        "wrk",
        "-t1",
        f"-c{clients}",
        f"-d{seconds}s",
        "--latency",
        "--timeout",
        "20s",
        *options,
        f"http://127.0.0.1:{PORT}{path}",
    ]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rate = re.search(r"Requests/sec:\s+([0-9.]+)", said)
    spread = dict(re.findall(r"^\s+(50|99)%\s+(\S+)", said, re.MULTILINE))
    errors = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    note = f"median {spread.get('50')}, 99 % {spread.get('99')}" + (
        f"; {errors[1]} refused" if errors else ""
    )
    return Figure(name, float(rate[1]) if rate else None, "/s", None, size, note)


def _resident(root: int) -> float:
    pages = 0
    for pid in {root, *_descendants(root)}:
        try:
            pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        except OSError:
            continue
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
