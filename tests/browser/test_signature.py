"""A hand-over signed on the screen: with the mouse, and by the keyboard alone."""

import re

from playwright.sync_api import expect

from .conftest import Opener
from .product import Product


def test_a_slip_is_signed_with_the_mouse(sample: Product, open_as: Opener) -> None:
    page = open_as("technician", f"/slips/{waiting_slip(sample)}/")
    frame = page.locator("e-signature canvas")
    expect(frame).to_be_visible()
    box = frame.bounding_box()
    page.mouse.move(box["x"] + 30, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] + 90, steps=8)
    page.mouse.up()
    value = page.locator("e-signature input").input_value()
    assert value.startswith("data:image/png;base64,")
    page.locator("e-signature button").click()
    assert page.locator("e-signature input").input_value() == ""
    page.mouse.move(box["x"] + 30, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 250, box["y"] + 60, steps=8)
    page.mouse.up()
    page.locator("input[name=agreed]").check()
    page.locator("form:has(e-signature) button.primary").click()
    expect(page.locator("h1")).to_contain_text(re.compile(r"nᵒ \d{6}"))
    expect(page.locator("e-signature")).to_have_count(0)


def test_without_a_script_the_name_and_the_box_are_enough(sample: Product, open_as: Opener) -> None:
    page = open_as("technician", f"/slips/{waiting_slip(sample)}/", java_script_enabled=False)
    expect(page.locator("e-signature canvas")).to_be_hidden()
    page.locator("input[name=name]").focus()
    page.keyboard.press("End")
    page.keyboard.type(" (mère)")
    page.locator("input[name=agreed]").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text(re.compile(r"nᵒ \d{6}"))


def waiting_slip(sample: Product) -> int:
    """A slip of its own for each journey, which nobody has signed."""
    return int(sample.run("-c", WAITING_SLIP))


WAITING_SLIP = """
import os
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "etabli.project.settings")
import django
django.setup()
from django.utils import timezone
from etabli.kernel.organisations import Organisation
from etabli.kernel.tenancy import opening, scope
with opening():
    places = list(Organisation.objects.values_list("pk", flat=True))
from etabli.assets.models import Asset, Slip
from etabli.assets import signing
with scope(*places):
    asset = Asset.objects.filter(person__isnull=False).order_by("pk").first()
    slip = Slip.objects.create(organisation_id=asset.organisation_id, kind="return", person=asset.person,
                               day=timezone.localdate(), lines=[signing.line_of(asset, "", "")])
    print(slip.pk)
"""
