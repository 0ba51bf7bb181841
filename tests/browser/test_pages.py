"""Every page, in both themes and at both sizes: accessible, quiet in the console, as wide as the screen."""

from typing import Any

import pytest
from playwright.sync_api import BrowserContext

from . import looking
from .conftest import DESK, PHONE
from .pages import PAGES, Page
from .product import Product

# Everything is looked at once in each size; the other theme of that size changes colours only.
LOOKS: list[tuple[dict[str, int], str, dict[str, Any]]] = [
    (DESK, "light", {}),
    (DESK, "dark", looking.COLOURS),
    (PHONE, "dark", {}),
    (PHONE, "light", looking.COLOURS),
]


@pytest.mark.parametrize("wanted", PAGES, ids=lambda wanted: wanted.name)
def test_page(wanted: Page, sample: Product, scene: Any, readers: dict[str, BrowserContext]) -> None:
    page = readers[wanted.who].new_page()
    try:
        console = looking.Console(page)
        address = sample.address + wanted.address.format(**scene["ids"])
        answer = page.goto(address, wait_until="load")
        assert answer is not None
        assert (answer.status, page.url) == (wanted.status, address)
        assert page.title().partition("·")[0].strip()
        assert page.locator("h1").count() == 1
        assert look_at(page) == []
        assert [line for line in console.lines if not told_by_status(line, wanted)] == []
    finally:
        page.close()


def look_at(page: Any) -> list[str]:
    found = []
    for size, theme, options in LOOKS:
        looking.set_look(page, size, theme)
        look = f"{size['width']} px, {theme}"
        found += [f"{look}: {one}" for one in looking.violations(page, **options)]
        if wider := looking.too_wide(page):
            found.append(f"{look}: {wider} px too wide")
    return found


def told_by_status(line: str, wanted: Page) -> bool:
    """The browser writes the status of a refused page itself."""
    return wanted.status != 200 and "Failed to load resource" in line
