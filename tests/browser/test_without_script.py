"""Without JavaScript: log in, filter a list, fill a form, save."""

from typing import Any

from playwright.sync_api import expect

from .conftest import Opener


def test_log_in_filter_and_save(open_as: Opener, scene: Any) -> None:
    page = open_as("stranger", "/compte/login/", java_script_enabled=False)
    page.locator("[name=login]").fill("lea@demo.example")
    page.locator("[name=password]").fill("sample-password-2026")
    page.get_by_role("button", name="Se connecter", exact=True).click()
    expect(page.locator("h1")).to_have_text("Ma journée")
    page.goto("/assets/")
    page.locator("#search").fill(scene["names"]["asset"])
    page.locator("#search").press("Enter")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.locator("tbody tr a").first.click()
    page.get_by_role("link", name="Modifier").first.click()
    page.locator("summary", has_text="Remarques").click()
    page.locator("[name=remarks]").fill("Écran rayé")
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.locator("main")).to_contain_text("Écran rayé")
