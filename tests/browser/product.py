"""The product as its users have it: web server, worker and database of their own, in a data directory that is thrown away."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from etabli.kernel import localpg

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120.0  # seconds for the first answer, on a machine that does other things
# The database is thrown away: it need not survive a power cut.
HURRIED = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_wal_size": "1GB"}


@dataclass(frozen=True)
class Product:
    """A running Établi: where its pages are and where its data lies."""

    address: str
    home: Path

    @property
    def setup_link(self) -> str:
        """What ``up`` prints when nobody has an account yet."""
        return f"{self.address}/premiers-pas/?cle={(self.home / 'setup.key').read_text().strip()}"

    def run(self, *words: str) -> str:
        """A Python program beside the product, with its settings; what it prints."""
        done = subprocess.run(
            [sys.executable, *words],
            cwd=ROOT,
            env=environment(self.home),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    def scene(self) -> Any:
        """What ``scene.py`` adds and finds."""
        return json.loads(self.run("tests/browser/scene.py"))


def environment(home: Path, **more: str) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in {"DATABASE_URL", "DJANGO_SETTINGS_MODULE"}
    }
    paths = os.pathsep.join([str(ROOT / "src"), *filter(None, [kept.get("PYTHONPATH")])])
    return {**kept, "ETABLI_HOME": str(home), "PYTHONPATH": paths, "LANG": "fr_FR.UTF-8", **more}


def prepare(home: Path) -> None:
    """A data directory with an empty, migrated database and the pages' files; its database is stopped."""
    localpg.start(home / "postgres", HURRIED)
    try:
        words = ["-m", "etabli.project.commands.readiness", "migrate", "static"]
        subprocess.run([sys.executable, *words], cwd=ROOT, env=environment(home), check=True)
    finally:
        localpg.stop(home / "postgres")


def copy(source: Path, target: Path) -> None:
    """Another data directory in the same state; owners are kept, since PostgreSQL checks them."""
    subprocess.run(["cp", "-a", str(source), str(target)], check=True)


@contextmanager
def running(home: Path, port: int = 0, **more: str) -> Iterator[Product]:
    """The product started on a data directory, and stopped at the end with everything it started; ``more`` is added
    to its environment.
    """
    localpg.start(home / "postgres", HURRIED)
    port = port or free_port()
    words = ["-P", "-m", "etabli.project.cli", "run", "--port", str(port)]
    log = (home / "product.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, *words], cwd=ROOT, env=environment(home, **more), stdout=log, stderr=log
    )
    product = Product(f"http://127.0.0.1:{port}", home)
    try:
        wait_for_answer(product, process)
        yield product
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        log.close()
        localpg.stop(home / "postgres")


def wait_for_answer(product: Product, process: "subprocess.Popen[bytes]") -> None:
    late = time.monotonic() + PATIENCE
    while time.monotonic() < late and process.poll() is None:
        try:
            urllib.request.urlopen(f"{product.address}/sante/", timeout=5).close()
            return
        except (OSError, urllib.error.URLError):
            time.sleep(0.2)
    raise AssertionError(f"The product did not start:\n{(product.home / 'product.log').read_text()[-3000:]}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
