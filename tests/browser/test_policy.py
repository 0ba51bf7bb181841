"""The content security policy is that of the product, not set aside: nothing that pages do is refused by it."""

from typing import Any

from playwright.sync_api import expect

from . import looking
from .conftest import Opener


def test_pages_work_under_the_policy_they_announce(open_as: Opener, scene: Any) -> None:
    page = open_as("administrator", "/aide/")
    console = looking.Console(page)
    for address in (
        "/",
        "/assets/",
        f"/assets/{scene['ids']['asset']}/",
        f"/enrolments/{scene['ids']['enrolment']}/",
        "/style/",
    ):
        answer = page.goto(address)
        assert answer is not None
        policy = answer.headers["content-security-policy"]
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
    page.goto("/assets/")
    page.locator("#search").fill(scene["names"]["asset"])
    expect(page.locator("tbody tr")).to_have_count(1)
    page.keyboard.press("Control+k")
    expect(page.locator("#palette [role=option]").first).to_be_visible()
    assert console.lines == []
