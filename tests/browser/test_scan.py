"""Scanning as people do it: a camera, a scanner that types, two people in one room, a network that comes and goes."""

import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import segno
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from . import looking
from .conftest import PHONE, WORDS, Opener, session_cookie
from .product import Product


def film(text: str, path: Path) -> None:
    """What a camera sees of a label held before it, as Chromium's fake camera plays it (MJPEG)."""
    png = io.BytesIO()
    segno.make(text, micro=False).save(png, kind="png", scale=6, border=4)
    label = Image.open(png).convert("RGB")
    frames = []
    for shift in range(10):
        table = Image.new("RGB", (640, 480), (190, 180, 160))
        table.paste(
            label.rotate(5, expand=True, fillcolor=(190, 180, 160)), (180 + 3 * shift, 90 + 2 * shift)
        )
        frame = io.BytesIO()
        table.save(frame, "JPEG", quality=80)
        frames.append(frame.getvalue())
    path.write_bytes(b"".join(frames))


@pytest.fixture
def camera(browser: Browser, sample: Product, scene: Any, tmp_path: Path) -> Iterator[Page]:
    """A phone's browser, under the product's real policy, before whose camera somebody holds the label of an asset."""
    film(f"{sample.address}/assets/{scene['ids']['asset']}/", tmp_path / "label.mjpeg")
    fake = [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={tmp_path / 'label.mjpeg'}",
    ]
    path = next(p for name in ("chromium", "chromium-browser") if (p := shutil.which(name)))
    opened = browser.browser_type.launch(executable_path=path, args=[*WORDS, *fake])
    context = opened.new_context(
        base_url=sample.address, locale="fr-FR", viewport=PHONE, has_touch=True, permissions=["camera"]
    )
    context.add_cookies([session_cookie(sample, scene, "technician")])
    page = context.new_page()
    page.set_default_timeout(30_000)
    yield page
    opened.close()


def test_the_camera_reads_a_label_and_shows_its_asset_with_four_big_actions(camera: Page, scene: Any) -> None:
    console = looking.Console(camera)
    camera.goto("/scan/")
    camera.locator("e-scan .camera").tap()
    expect(camera.locator("#found h2")).to_contain_text(scene["names"]["asset"], timeout=60_000)
    expect(camera.locator(".told")).to_have_attribute("data-tone", "ok")
    expect(camera.locator("e-scan video")).to_be_hidden()  # the camera is given back
    boxes = [one.bounding_box() for one in camera.locator(".big-acts .btn").all()]
    assert len(boxes) == 4
    assert all(box and box["height"] >= 44 for box in boxes)
    assert looking.too_wide(camera) == 0
    assert console.lines == []


def test_a_scanner_that_types_is_heard_wherever_the_focus_is_and_may_end_with_tab(
    open_as: Opener, scene: Any
) -> None:
    page = open_as("technician", "/scan/")
    page.locator("h1").click()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.type(scene["ids"]["scanned"])  # no delay: faster than anybody types
    page.keyboard.press("Tab")
    expect(page.locator("#found h2")).to_contain_text(scene["ids"]["scanned_name"])
    assert page.url.endswith(f"?code={scene['ids']['scanned']}")
    page.reload()
    expect(page.locator("#found h2")).to_contain_text(scene["ids"]["scanned_name"])


def test_two_people_count_one_room_and_what_the_network_loses_is_sent_again(
    open_as: Opener, scene: Any
) -> None:
    first, second, third = scene["ids"]["awaited"]
    address = f"/stocktakes/{scene['ids']['stocktake']}/count/"
    lea = open_as("technician", address, viewport=PHONE, has_touch=True, is_mobile=True)
    nora = open_as("administrator", address)
    seen = lea.locator(".figure.ok b")
    before = int(seen.inner_text().split("/")[0])

    type_code(lea, first)
    expect(lea.locator(".told")).to_have_attribute("data-tone", "ok")
    expect(nora.locator(".figure.ok b")).to_have_text(
        f"{before + 1} / 5"
    )  # told by the server, nothing pressed
    type_code(nora, first)
    expect(nora.locator(".told")).to_have_attribute("data-tone", "warn")  # already scanned

    lea.context.set_offline(True)
    for code in (second, scene["ids"]["elsewhere"]):
        type_code(lea, code)
    expect(lea.locator(".waiting")).to_contain_text("2")
    lea.context.set_offline(False)
    expect(seen).to_have_text(f"{before + 2} / 5")
    expect(lea.locator(".waiting")).not_to_contain_text("2")
    expect(lea.locator("form[action$='/act/bring/'] button").first).to_be_visible()

    lea.context.set_offline(True)
    type_code(lea, third)
    expect(lea.locator(".waiting")).to_be_visible()
    lea.close()  # a flat battery: the reading is in the telephone, not in the page
    again = lea.context.new_page()
    lea.context.set_offline(False)
    again.goto(nora.url)
    expect(again.locator(".figure.ok b")).to_have_text(f"{before + 3} / 5")
    expect(nora.locator(".figure.ok b")).to_have_text(f"{before + 3} / 5")
    assert looking.too_wide(again) == 0


def type_code(page: Page, code: str) -> None:
    page.locator("#code").fill(code)
    page.locator("#code").press("Enter")


def test_without_a_script_a_code_is_counted_and_shown(browser: Browser, sample: Product, scene: Any) -> None:
    context = browser.new_context(base_url=sample.address, locale="fr-FR", java_script_enabled=False)
    context.add_cookies([session_cookie(sample, scene, "technician")])
    page = context.new_page()
    page.goto("/scan/")
    page.locator("#code").fill(scene["ids"]["scanned"])
    page.locator("#code").press("Enter")
    expect(page.locator("#found h2")).to_contain_text(scene["ids"]["scanned_name"])
    page.locator("button[name=asset]").click()
    expect(page.locator("#basket")).to_contain_text(scene["ids"]["scanned_name"])
    context.close()
