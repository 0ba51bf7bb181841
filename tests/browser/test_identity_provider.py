"""From the login page to the company's identity provider and back, under the real policy of both sites."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from ..identity_provider import PASSWORD, SECRET, serving
from . import looking, product
from .conftest import DESK
from .product import Product


@pytest.fixture
def joined(prepared: Path, tmp_path: Path) -> Iterator[Product]:
    """The product and a provider that know each other; Claire, its administrator, has an account at both."""
    home = tmp_path / "joined"
    product.copy(prepared, home)
    port = product.free_port()
    back = f"http://127.0.0.1:{port}/compte/oidc/oidc/login/callback/"
    with serving(tmp_path, back) as provider:
        settings = {"ETABLI_OIDC_URL": provider, "ETABLI_OIDC_CLIENT": "asks", "ETABLI_OIDC_SECRET": SECRET}
        with product.running(home, port, **settings, ETABLI_OIDC_NAME="Annuaire") as running:
            running.run("-P", "-m", "etabli.project.cli", "createadmin", "claire@societe.example")
            yield running
    shutil.rmtree(home)


def test_one_link_leads_to_the_provider_and_back_to_my_day(browser: Browser, joined: Product) -> None:
    context = browser.new_context(base_url=joined.address, locale="fr-FR", viewport=DESK)
    page = context.new_page()
    page.set_default_timeout(15_000)
    console = looking.Console(page)
    leave(page, "stranger")
    expect(page.locator(".alert")).to_contain_text("Aucun compte")
    context.clear_cookies()
    leave(page, "claire")
    expect(page.locator("h1")).to_contain_text("Ma journée")
    expect(page.locator(".side")).to_contain_text("claire@societe.example")
    # the picture of the provider, which has none, is all that may be missing
    assert [line for line in console.lines if "favicon.ico" not in line] == []
    context.close()


def leave(page: Page, name: str) -> None:
    """Through the provider's own pages: login, then consent."""
    page.goto("/compte/login/")
    page.get_by_role("link", name="Se connecter avec Annuaire").click()
    page.locator("[name=login]").fill(name)
    page.locator("[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Sign In").click()
    page.get_by_role("button", name="Authorize").click()
