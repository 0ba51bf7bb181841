"""What a person edits is theirs: locked by every way of writing, left alone by inventories, given back when unlocked."""

from dataclasses import replace
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from etabli.assets import locks
from etabli.assets.models import Asset
from etabli.inventory import held
from etabli.kernel.actors import SYSTEM, Actor
from etabli.kernel.events import Event
from etabli.kernel.screens import registry
from etabli.kernel.screens.forms import form_class, values_of
from etabli.kernel.screens.undoing import undo
from etabli.kernel.tenancy import scope

from .machines import Fleet, computer

TAGGED = {
    "bios": {"ssn": "SN000001", "smanufacturer": "Dell Inc.", "smodel": "Latitude 7420", "assettag": "T-9"}
}
LAPTOP = computer(1, deviceid="one")
SCREEN = registry[Asset]


def anne(fleet: Fleet, source: str = "screen") -> Actor:
    return Actor(1, "Anne", source, grants={fleet.acme.pk: frozenset({"*"})})


def edit(fleet: Fleet, actor: Actor | None = None, **columns: Any) -> Asset:
    """Change an asset by its form, as pages, API and imports do."""
    with scope(fleet.acme.pk):
        asset = Asset.objects.get()
        values = {k: v for k, v in (values_of(SCREEN, asset) | columns).items() if v is not None}
        form = form_class(SCREEN)(values, instance=asset, actor=actor or anne(fleet))
        assert form.is_valid(), form.errors
        SCREEN.save(form, actor or anne(fleet))
        return Asset.objects.get()


@pytest.mark.parametrize("source", ["screen", "api", "import", "command"])
def test_a_field_edited_by_hand_is_locked_and_inventories_leave_it(fleet: Fleet, source: str) -> None:
    fleet.send(LAPTOP)
    edited = edit(fleet, anne(fleet, source), name="Reception", order_number="C-17")
    assert edited.locked == ["name"]
    document = fleet.send(replace(LAPTOP, name="PC-RENAMED"))
    (asset,) = fleet.assets()
    assert asset.name == "Reception"
    (warning,) = document.warnings
    assert (warning["path"], warning["value"]) == ("asset.name", "PC-RENAMED")
    assert warning["reason"] == held.REASON


def test_what_the_machine_says_otherwise_is_told_once(fleet: Fleet) -> None:
    fleet.send(LAPTOP)
    edit(fleet, name="Reception")
    disks = [{"storages": [{"name": f"sd{letter}", "disksize": 1000}]} for letter in "abc"]
    told = [fleet.send(replace(LAPTOP, sections=disk)).warnings for disk in disks]
    assert [len(warnings) for warnings in told] == [1, 0, 0]
    assert len(fleet.send(replace(LAPTOP, name="OTHER")).warnings) == 1


def test_a_field_emptied_by_hand_stays_empty(fleet: Fleet) -> None:
    fleet.send(replace(LAPTOP, sections=TAGGED))
    assert edit(fleet, tag="").locked == ["tag"]
    fleet.send(replace(LAPTOP, name="OTHER", sections=TAGGED))
    assert [(a.tag, a.name) for a in fleet.assets()] == [("", "OTHER")]


def test_what_is_saved_unchanged_is_not_locked_and_programs_lock_nothing(fleet: Fleet) -> None:
    fleet.send(LAPTOP)
    assert edit(fleet).locked == []
    assert edit(fleet, SYSTEM, name="By a program").locked == []
    assert edit(fleet, order_number="C-17").locked == []


def test_a_corrected_serial_number_still_recognises_the_machine_once_it_is_installed_again(
    fleet: Fleet,
) -> None:
    machine = replace(LAPTOP, uuid="", macs=())
    first = fleet.send(machine)
    edit(fleet, serial="CORRECTED")
    for again in (machine, machine.reinstalled(), replace(machine.reinstalled(), name="OTHER")):
        assert fleet.send(again).asset == first.asset
    assert [(a.serial, a.locked) for a in fleet.assets()] == [("CORRECTED", ["serial"])]


def test_unlocking_gives_the_field_back_to_the_machine_and_is_undone(fleet: Fleet) -> None:
    fleet.send(replace(LAPTOP, sections=TAGGED))
    edit(fleet, name="Reception", tag="A-1", serial="X")
    with scope(fleet.acme.pk):
        asset = locks.unlock(Asset.objects.get(), ["name", "tag"], actor=anne(fleet))
        assert (asset.name, asset.tag, asset.serial) == (LAPTOP.name, "T-9", "X")
        assert asset.locked == ["serial"]
    fleet.send(replace(LAPTOP, name="FOLLOWED", sections=TAGGED))
    assert fleet.assets()[0].name == "FOLLOWED"
    with scope(fleet.acme.pk):
        Asset.objects.update(name=LAPTOP.name)
        undo(Event.objects.filter(verb="asset.changed").latest("pk"), anne(fleet))
        asset = Asset.objects.get()
        assert (asset.name, asset.tag, asset.locked) == ("Reception", "A-1", ["name", "serial", "tag"])


def test_undoing_an_edit_unlocks_what_it_locked(fleet: Fleet) -> None:
    fleet.send(LAPTOP)
    edit(fleet, name="Reception")
    with scope(fleet.acme.pk):
        undo(Event.objects.filter(verb="asset.changed").latest("pk"), anne(fleet))
        asset = Asset.objects.get()
        assert (asset.name, asset.locked) == (LAPTOP.name, [])


def test_a_locked_field_says_who_and_when(fleet: Fleet) -> None:
    fleet.send(LAPTOP)
    edit(fleet, name="Reception")
    edit(fleet, serial="X")
    with scope(fleet.acme.pk):
        found = locks.locked_since(Asset.objects.get())
        events = list(Event.objects.filter(verb="asset.changed").order_by("pk"))
    assert [(name, event) for name, event in found] == list(zip(["name", "serial"], events, strict=True))


def test_nothing_locked_is_a_sentence(fleet: Fleet) -> None:
    fleet.send(LAPTOP)
    with scope(fleet.acme.pk), pytest.raises(ValidationError, match="nothing to unlock"):
        locks.unlock(Asset.objects.get(), ["name"], actor=anne(fleet))


def test_the_page_shows_the_locks_and_offers_to_unlock(firm, maker, client_of) -> None:
    asset = maker(firm.acme).new(Asset, name="Reception", serial="S1", tag="T1")
    browser = client_of(firm.acme.administrator)
    assert browser.post(f"/assets/{asset.pk}/act/unlock/").status_code == 409
    answer = browser.patch(f"/api/v1/assets/{asset.pk}", {"serial": "S2"}, content_type="application/json")
    assert answer.status_code == 200, answer.content
    page = browser.get(f"/assets/{asset.pk}/").content.decode()
    assert "Locked fields" in page
    assert f"/assets/{asset.pk}/act/unlock/" in page
    assert browser.post(f"/assets/{asset.pk}/act/unlock/").status_code == 302
    assert browser.get(f"/api/v1/assets/{asset.pk}").json()["locked"] == []


def helps(fleet: Fleet) -> dict[str, str]:
    """What the page of the form says under each field."""
    with scope(fleet.acme.pk):
        form = form_class(SCREEN)(None, instance=Asset.objects.get(), actor=anne(fleet))
        return {f.name: str(f.help_text) for section in form.sections() for f in section["fields"]}


def test_the_form_tells_which_value_came_from_the_inventory_and_which_is_kept_by_hand(fleet: Fleet) -> None:
    fleet.send(LAPTOP)
    before = helps(fleet)
    assert before["name"].startswith("From its inventory.")
    assert before["order_number"] == ""
    assert "unlock" not in before
    edit(fleet, name="<Reception>")
    after = helps(fleet)
    assert "Kept by hand since" in after["name"]
    assert "(Anne)" in after["name"]
    assert f"The machine says “{LAPTOP.name}”." in after["name"]
    assert after["serial"].startswith("From its inventory.")
    assert "unlock" in after


def test_the_form_unlocks_what_is_ticked_and_nothing_else(fleet: Fleet) -> None:
    fleet.send(replace(LAPTOP, sections=TAGGED))
    edit(fleet, name="Reception", tag="A-1")
    edited = edit(fleet, unlock=["name"], order_number="C-17")
    assert (edited.name, edited.tag, edited.locked, edited.order_number) == (
        LAPTOP.name, "A-1", ["tag"], "C-17",
    )  # fmt: skip
    fleet.send(replace(LAPTOP, name="OTHER", sections=TAGGED))
    assert [(a.name, a.tag) for a in fleet.assets()] == [("OTHER", "A-1")]


def test_a_box_of_a_field_that_is_not_locked_is_refused(fleet: Fleet) -> None:
    fleet.send(LAPTOP)
    edit(fleet, name="Reception")
    with scope(fleet.acme.pk):
        asset = Asset.objects.get()
        values = {k: v for k, v in values_of(SCREEN, asset).items() if v is not None}
        form = form_class(SCREEN)({**values, "unlock": ["serial"]}, instance=asset, actor=anne(fleet))
        assert set(form.errors) == {"unlock"}


def test_the_page_of_the_form_shows_the_boxes(firm, maker, client_of) -> None:
    asset = maker(firm.acme).new(Asset, name="Reception", tag="T1", locked=["tag"])
    page = client_of(firm.acme.administrator).get(f"/assets/{asset.pk}/edit/").content.decode()
    assert 'name="unlock" value="tag"' in page
    assert "Kept by hand" in page
