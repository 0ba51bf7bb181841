"""Closing a count: the missing are settled as chosen, all is taken back by undo, the report names the gaps."""

import io

import pytest
from django.core.exceptions import ValidationError
from pypdf import PdfReader

from etabli.assets.models import Asset, Stocktake
from etabli.kernel.events import Event
from etabli.kernel.jobs import run_waiting
from etabli.kernel.screens.undoing import undo_batch
from etabli.kernel.tenancy import scope


@pytest.mark.parametrize(
    ("choice", "state", "in_room"),
    [("keep", "in_service", True), ("lost", "lost", True), ("unplaced", "in_service", False)],
)
def test_closing_settles_the_missing_as_chosen_and_undo_takes_all_back(
    place, browser, stocktake, choice, state, in_room
):
    with scope(place.staff.id):
        place.count(stocktake, "T-A")
    asked = browser.get(f"/stocktakes/{stocktake.pk}/act/close/").content.decode()
    assert "declare them lost" in asked
    answer = browser.post(f"/stocktakes/{stocktake.pk}/act/close/", {"missing": choice}, follow=True)
    with scope(place.staff.id):
        missing = Asset.objects.get(pk=place.b.pk)
        assert (missing.state, missing.room_id == place.room.pk) == (state, in_room)
        assert missing.site_id == place.site.pk
        seen = Asset.objects.get(pk=place.a.pk)
        assert (seen.state, seen.room_id) == ("in_service", place.room.pk)
        with pytest.raises(ValidationError, match="closed"):
            place.count(Stocktake.objects.get(pk=stocktake.pk), "T-B")
    batch = answer.content.decode().split('action="/evenements/lot/')[1].split('"')[0]
    browser.post(f"/evenements/lot/{batch}")
    with scope(place.staff.id):
        back = Asset.objects.get(pk=place.b.pk)
        assert (back.state, back.room_id) == ("in_service", place.room.pk)
        assert Stocktake.objects.get(pk=stocktake.pk).closed_at is None
        assert place.count(stocktake, "T-B").outcome == "found"


def test_many_missing_are_settled_by_a_followed_job_and_taken_back_with_the_close(place, browser):
    with scope(place.staff.id):
        here = {"kind": place.a.kind, "site": place.site, "room": place.other}
        Asset.objects.bulk_create(Asset(name=f"M{n}", tag=f"M{n}", **here) for n in range(120))
    made = place.start(browser, room=place.other.pk)
    answer = browser.post(f"/stocktakes/{made.pk}/act/close/", {"missing": "unplaced"})
    assert answer["Location"].startswith("/jobs/")
    run_waiting()
    with scope(place.staff.id):
        assert Stocktake.objects.get(pk=made.pk).closed_at
        assert Asset.objects.filter(room=place.other).count() == 0
        batch = Event.objects.get(verb="stocktake.closed", object_id=made.pk).batch
        assert undo_batch(batch, place.actor) == 122
        assert Asset.objects.filter(room=place.other).count() == 121
        assert Stocktake.objects.get(pk=made.pk).closed_at is None


def test_a_closed_stocktake_is_reopened_unless_the_place_is_counted_again(place, browser, stocktake):
    browser.post(f"/stocktakes/{stocktake.pk}/act/close/", {"missing": "keep"})
    assert browser.get(f"/stocktakes/{stocktake.pk}/count/").status_code == 302
    second = place.start(browser)
    refused = browser.post(f"/stocktakes/{stocktake.pk}/act/reopen/")
    assert refused.status_code == 409
    assert "A later stocktake" in refused.content.decode()
    browser.post(f"/stocktakes/{second.pk}/act/close/", {"missing": "keep"})
    assert browser.post(f"/stocktakes/{stocktake.pk}/act/reopen/").status_code == 302


def test_one_missing_asset_is_declared_lost_from_the_list(place, browser, stocktake):
    with scope(place.staff.id):
        line = stocktake.lines.get(asset=place.b)
        seen = place.count(stocktake, "T-A").line
    browser.post("/counted/bulk/lost/", {"ids": [line.pk, seen.pk], "confirmed": "1"})
    with scope(place.staff.id):
        assert Asset.objects.get(pk=place.b.pk).state == "lost"
        assert Asset.objects.get(pk=place.a.pk).state == "in_service"


def test_a_deleted_asset_stays_in_the_report_under_its_name(place, browser, stocktake):
    with scope(place.staff.id):
        place.b.delete()
    text = browser.get(f"/stocktakes/{stocktake.pk}/").content.decode()
    assert "<b>B</b>" in text


def test_the_report_names_the_gaps_and_their_value(place, browser, stocktake):
    with scope(place.staff.id):
        for code in ("T-A", "T-F", "ZZZ-<x>"):
            place.count(stocktake, code)
    browser.post(f"/stocktakes/{stocktake.pk}/act/close/", {"missing": "keep"})
    answer = browser.get(f"/stocktakes/{stocktake.pk}/report/")
    text = "\n".join(p.extract_text() for p in PdfReader(io.BytesIO(answer.content)).pages)
    for words in (
        "Salle 1",
        "1 (33 %)",
        "200.00",
        "ZZZ-<x>",
        "Approved by",
        "Not seen (2)",
        "Rouen · Salle 2",
    ):
        assert words in text, text
