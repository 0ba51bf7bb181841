"""From the link that ``up`` prints to a machine in the fleet: the first minutes of somebody who just installed it."""

import re
import subprocess
import sys
import time

from playwright.sync_api import Browser, Page, expect

from .conftest import DESK
from .product import ROOT, Product, environment


def test_from_the_setup_link_to_the_first_machine_within_a_minute(
    brand_new: Product, browser: Browser
) -> None:
    context = browser.new_context(base_url=brand_new.address, locale="fr-FR", viewport=DESK)
    page = context.new_page()
    page.set_default_timeout(20_000)
    begun = time.monotonic()
    page.goto(brand_new.setup_link)
    introduce_oneself(page)
    expect(page.locator("#first-steps")).to_be_visible()
    create_key(page)
    expect(page.locator(".arrivals")).to_contain_text("0 machine")
    collect(brand_new, server_of(page))
    expect(page.locator(".arrivals"), "the page tells by itself").to_contain_text(
        "1 machine vue", timeout=30_000
    )
    page.goto("/assets/")
    expect(page.locator("tbody tr")).to_have_count(1)
    assert time.monotonic() - begun < 60
    context.close()


def introduce_oneself(page: Page) -> None:
    page.locator("[name=profile]").select_option("internal")
    page.locator("[name=organisation]").fill("Ma société")
    page.locator("[name=name]").fill("Claire Moreau")
    page.locator("[name=email]").fill("claire@societe.example")
    page.locator("[name=password]").fill("une phrase assez longue")
    page.locator("[name=demo]").uncheck()
    page.get_by_role("button", name="Commencer").click()


def create_key(page: Page) -> None:
    page.locator("#first-steps").get_by_role("link", name="Créer une clé").click()
    page.locator("[name=name]").fill("Postes du siège")
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.locator("h1")).to_contain_text("Postes du siège")


def server_of(page: Page) -> str:
    """The address in the line to paste that needs no agent."""
    line = page.locator("pre", has_text="collector.py").inner_text()
    return re.search(r"--server (\S+)", line)[1]  # type: ignore[index]


def collect(product: Product, server: str) -> None:
    words = [sys.executable, "-I", str(ROOT / "src/etabli/inventory/collector.py"), "--server", server]
    done = subprocess.run(
        words, env=environment(product.home), capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
