"""A floor plan moved by hand and by keys, a value changed in its cell, two people on one asset, many rows previewed."""

import re
from typing import Any

from playwright.sync_api import expect

from .conftest import Opener


def test_a_mark_is_moved_by_the_keys_and_the_move_is_undone(open_as: Opener, scene: Any) -> None:
    page = open_as("administrator", f"/floors/{scene['ids']['floor_plan']}/")
    mark = page.locator("svg.plan .mark").first
    number, before = mark.get_attribute("data-asset"), float(mark.get_attribute("data-x") or 0)
    mark.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Escape")
    assert float(mark.get_attribute("data-x") or 0) == before
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    same = page.locator(f"svg.plan .mark[data-asset='{number}']")
    assert float(same.get_attribute("data-x") or 0) > before
    page.locator(".toast button", has_text="Annuler").click()
    page.wait_for_load_state()
    assert abs(float(same.get_attribute("data-x") or 0) - before) < 1


def test_a_mark_is_dragged_and_the_drag_does_not_open_the_asset(open_as: Opener, scene: Any) -> None:
    page = open_as("administrator", f"/floors/{scene['ids']['floor_plan']}/")
    mark = page.locator("svg.plan .mark").nth(2)
    number, before = mark.get_attribute("data-asset"), float(mark.get_attribute("data-x") or 0)
    mark.scroll_into_view_if_needed()
    box = mark.locator("circle").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y + 20, steps=6)
    with page.expect_navigation():
        page.mouse.up()
    assert page.url.endswith(f"/floors/{scene['ids']['floor_plan']}/")
    moved = page.locator(f"svg.plan .mark[data-asset='{number}']").get_attribute("data-x")
    assert float(moved or 0) > before + 10


def test_an_asset_of_the_floor_is_put_on_its_plan_without_the_mouse(open_as: Opener, scene: Any) -> None:
    page = open_as("administrator", f"/floors/{scene['ids']['floor_plan']}/")
    link = page.locator("[data-place]").first
    number = link.get_attribute("data-place")
    link.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".mark.fresh")).to_be_focused()
    page.keyboard.press("ArrowDown")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator(f"svg.plan .mark[data-asset='{number}']")).to_have_count(1)
    expect(page.locator(f"[data-place='{number}']")).to_have_count(0)


def test_a_value_is_changed_in_its_cell_and_taken_back(open_as: Opener) -> None:
    page = open_as("administrator", "/assets/?columns=name,tag,state&q=pc-")
    row = page.locator("tbody tr").first
    cell = row.locator("td[data-edit=tag]")
    before = cell.inner_text()
    cell.click()
    page.locator(".cell-form input[name=tag]").fill("INV-VU")
    page.keyboard.press("Enter")
    expect(cell).to_have_text("INV-VU")
    row.locator(".row-link").focus()
    page.keyboard.press("F2")
    expect(page.locator(".cell-form")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator(".cell-form")).to_have_count(0)
    page.locator(".toast button", has_text="Annuler").click()
    page.wait_for_load_state()
    page.goto("/assets/?columns=name,tag,state&q=pc-")
    expect(page.locator("tbody tr").first.locator("td[data-edit=tag]")).to_have_text(before)


def test_two_people_on_one_asset_see_each_others_change(open_as: Opener, scene: Any) -> None:
    address = f"/assets/{scene['ids']['server']}/"
    reader, writer = open_as("technician", address), open_as("administrator", f"{address}edit/")
    late = open_as("technician", f"{address}edit/")
    for page, text in ((writer, "vu par Nora"), (late, "vu par Léa")):
        page.evaluate("document.querySelectorAll('#form details').forEach((part) => { part.open = true })")
        page.locator("[name=remarks]").fill(text)
    writer.locator("#form .btn.primary").click()
    expect(reader.locator("e-live .alert")).to_contain_text("vu par Nora")
    expect(late.locator("e-live .alert")).to_contain_text("vu par Nora")
    late.locator("#form .btn.primary").click()
    expect(late.locator("input[name=keep_theirs][value=remarks]")).to_have_count(1)
    late.locator("input[name=keep_theirs][value=remarks]").check()
    late.locator("#form .btn.primary").click()
    expect(late).to_have_url(re.compile(rf"{address}$"))
    expect(late.locator(".main-column")).to_contain_text("vu par Nora")


def test_what_many_rows_will_become_is_shown_before_anything_is_written(open_as: Opener) -> None:
    page = open_as("administrator", "/assets/?q=pc-")
    page.locator("tbody [type=checkbox]").first.check()
    page.locator("bulk-bar .everything").click()
    page.locator("bulk-bar").get_by_text("Modifier un champ").click()
    page.locator("[name=field]").select_option("criticality")
    page.locator("[name=criticality]").select_option("4")
    page.locator("button[name=preview]").click()
    expect(page.locator("ins").first).to_have_text("vitale")
    page.get_by_role("link", name="Annuler").click()
    expect(page).to_have_url(re.compile(r"/assets/$"))
