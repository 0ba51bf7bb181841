"""Fixtures of the browser tests: one product with the sample companies, one that is new, one browser for all."""

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from . import product
from .product import Product

DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
PASSWORD, SCENE = "sample-password-2026", "scene.json"
WORDS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]

expect.set_options(timeout=15_000)  # the machine may do other things


def pytest_collection_modifyitems(items: list[Any]) -> None:
    """Everything here drives a browser."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.component("chromium"))


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One test process at a time: they share what takes long to prepare."""
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of this run share."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "browser"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def prepared(shared: Path) -> Path:
    """A data directory made ready once, copied for each product."""
    home = shared / "prepared"
    with alone(shared):
        if not home.exists():
            product.prepare(home)
    return home


@pytest.fixture(scope="session")
def with_samples(shared: Path, prepared: Path) -> Path:
    """The same with the sample companies and what ``scene.py`` adds to them."""
    home = shared / "samples"
    with alone(shared):
        if not home.exists():
            product.copy(prepared, home)
            with product.running(home) as running:
                running.run("-P", "-m", "etabli.project.cli", "demo", "load", "--password", PASSWORD)
                (home / SCENE).write_text(json.dumps(running.scene()))
    return home


@pytest.fixture(scope="session")
def sample(with_samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The product with the sample companies, one for each test process."""
    home = tmp_path_factory.mktemp("browser") / "sample"
    product.copy(with_samples, home)
    with product.running(home) as running:
        yield running


@pytest.fixture(scope="session")
def scene(sample: Product) -> Any:
    """Numbers, names and sessions: see ``scene.py``."""
    return json.loads((sample.home / SCENE).read_text())


@pytest.fixture
def brand_new(prepared: Path, tmp_path: Path) -> Iterator[Product]:
    """The product as ``up`` leaves it the first time, before anybody has an account."""
    home = tmp_path / "new"
    product.copy(prepared, home)
    with product.running(home) as running:
        yield running
    shutil.rmtree(home)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = next(p for name in ("chromium", "chromium-browser") if (p := shutil.which(name)))
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=WORDS)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def readers(browser: Browser, sample: Product, scene: Any) -> Iterator[dict[str, BrowserContext]]:
    """A browser context for each reader of ``pages.py``. The policy is set aside for the tools that look at pages."""
    made = {}
    for who in ("administrator", "technician", "stranger"):
        made[who] = browser.new_context(
            locale="fr-FR", bypass_csp=True, reduced_motion="reduce", viewport=DESK
        )
        if who in scene["sessions"]:
            made[who].add_cookies([session_cookie(sample, scene, who)])
    yield made
    for context in made.values():
        context.close()


def session_cookie(sample: Product, scene: Any, who: str) -> Any:
    return {"name": "sessionid", "value": scene["sessions"][who], "url": sample.address}


type Opener = Callable[..., Page]


@pytest.fixture
def open_as(browser: Browser, sample: Product, scene: Any) -> Iterator[Opener]:
    """A page of one's own in the sample product, under its real policy: ``open_as("administrator", "/assets/")``."""
    contexts: list[BrowserContext] = []

    def visit(who: str, address: str = "/", **options: Any) -> Page:
        contexts.append(
            browser.new_context(base_url=sample.address, locale="fr-FR", **{"viewport": DESK, **options})
        )
        if who != "stranger":
            contexts[-1].add_cookies([session_cookie(sample, scene, who)])
        page = contexts[-1].new_page()
        page.set_default_timeout(15_000)
        page.goto(address)
        return page

    yield visit
    for context in contexts:
        context.close()
