"""On a phone: the menu, the fleet as cards, an asset."""

from typing import Any

from playwright.sync_api import expect

from . import looking
from .conftest import PHONE, Opener


def test_the_menu_leads_to_the_fleet_and_to_an_asset(open_as: Opener, scene: Any) -> None:
    page = open_as("technician", "/", viewport=PHONE, has_touch=True, is_mobile=True)
    page.get_by_role("button", name="Menu").tap()
    side = page.locator("#side")
    expect(side).to_be_visible()
    side.get_by_role("link", name="Parc").tap()
    page.wait_for_url("**/assets/")
    expect(side).to_be_hidden()
    card = page.locator("tbody tr").first
    box = card.bounding_box()
    assert box is not None
    assert box["width"] <= PHONE["width"]
    page.locator("#search").fill(scene["names"]["asset"])
    expect(page.locator("tbody tr")).to_have_count(1)
    page.locator("tbody tr a").first.tap()
    expect(page.locator("h1")).to_contain_text(scene["names"]["asset"])
    assert looking.too_wide(page) == 0
