"""The work of a day without the mouse."""

from typing import Any

from playwright.sync_api import Page, expect

from .conftest import Opener


def test_the_palette_finds_an_asset_and_opens_it(open_as: Opener, scene: Any) -> None:
    page = open_as("technician")
    page.keyboard.press("Control+k")
    page.keyboard.type(scene["names"]["serial"])
    chosen = page.locator("#palette [role=option]", has_text=scene["names"]["asset"]).first
    expect(chosen).to_be_visible()
    while chosen.get_attribute("aria-selected") != "true":
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text(scene["names"]["asset"])


def test_pages_opened_lately_are_the_first_help_of_the_palette(open_as: Opener, scene: Any) -> None:
    page = open_as("technician", f"/assets/{scene['ids']['asset']}/")
    page.goto("/")
    page.keyboard.press("Control+k")
    expect(page.locator("#palette").get_by_role("option", name=scene["names"]["asset"])).to_be_visible()


def test_three_rows_are_changed_together_and_a_change_is_taken_back(open_as: Opener) -> None:
    page = open_as("administrator", "/assets/?sort=name")
    page.keyboard.press("/")
    page.keyboard.type("PC-00")
    page.wait_for_url("**q=PC-00*")
    expect(page.locator("tbody tr").first).to_contain_text("PC-00")
    page.locator("#search").blur()
    for _row in range(3):
        page.keyboard.press("j")
        page.keyboard.press("x")
    expect(page.locator("bulk-bar .n")).to_contain_text("3")
    page.locator("bulk-bar").get_by_text("Modifier un champ").click()
    page.locator("select[name=field]").select_option("supplier")
    expect(page.locator("input[name=supplier]")).to_be_visible()
    expect(page.locator("select[name=criticality]")).to_be_hidden()
    page.locator("input[name=supplier]").fill("Atelier du Port")
    page.locator("button[name=preview]").click()
    expect(page.locator("main")).to_contain_text("Atelier du Port")
    page.locator("#form button.primary").click()
    expect(page.locator(".toast")).to_contain_text("3")
    take_back_one(page)


def take_back_one(page: Page) -> None:
    """The undo of a toast."""
    page.goto("/assets/?q=PC-00&sort=name")
    page.locator("tbody tr").first.get_by_role("link").first.click()
    address = page.url
    page.goto(f"{address}edit/")
    before = page.locator("[name=name]").input_value()
    page.locator("[name=name]").fill(f"{before} bis")
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.locator("h1")).to_contain_text(f"{before} bis")
    page.locator(".toast").get_by_role("button", name="Annuler").click()
    page.goto(address)
    expect(page.locator("h1")).not_to_contain_text("bis")
