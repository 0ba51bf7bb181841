"""Counting a room: what is expected, found, elsewhere, unknown; several people at once; who may count."""

import json
import threading
import uuid
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from etabli.assets import counting, locating, placing, stocktake_pages
from etabli.assets.models import Asset, Position, StocktakeLine
from etabli.assets.tests.stocktaking import Place
from etabli.kernel.events import Event
from etabli.kernel.screens.undoing import undo
from etabli.kernel.tenancy import scope
from etabli.people.models import Rack, Site

Status = StocktakeLine.Status


def statuses(stocktake):
    return dict(stocktake.lines.values_list("label", "status"))


def test_what_is_expected_is_frozen_at_the_start(place, stocktake):
    assert str(stocktake).startswith("Salle 1 · ")
    assert stocktake.site_id == place.site.pk
    with scope(place.staff.id):
        assert statuses(stocktake) == {"A": "awaited", "B": "awaited", "C": "awaited"}
        Asset.objects.filter(pk=place.a.pk).update(name="renamed", room=place.other)
        Asset.objects.create(name="late", kind=place.a.kind, site=place.site, room=place.room)
        assert statuses(stocktake) == {"A": "awaited", "B": "awaited", "C": "awaited"}


def test_a_site_is_counted_with_all_its_rooms(place, browser):
    made = place.start(browser, room="", site=place.site.pk)
    with scope(place.staff.id):
        assert set(statuses(made)) == {"A", "B", "C", "F"}


def test_a_place_is_counted_once_at_a_time_and_a_room_is_on_its_site(place, browser, stocktake):
    again = browser.post("/stocktakes/add/", {"room": place.room.pk})
    assert again.status_code == 422
    assert "already being counted" in again.content.decode()
    with scope(place.staff.id):
        caen = Site.objects.create(name="Caen")
    wrong = browser.post("/stocktakes/add/", {"room": place.other.pk, "site": caen.pk})
    assert "is on another site" in wrong.content.decode()
    assert "Choose the room to count" in browser.post("/stocktakes/add/", {"name": "x"}).content.decode()


def test_a_reading_is_in_its_place_elsewhere_unknown_or_again(place, stocktake):
    with scope(place.staff.id):
        assert place.count(stocktake, "T-A").outcome == "found"
        assert place.count(stocktake, "SER-C").outcome == "found"
        elsewhere = place.count(stocktake, "T-F")
        assert elsewhere.outcome == "elsewhere"
        assert elsewhere.text == "“F” is recorded elsewhere: Rouen · Salle 2."
        assert place.count(stocktake, "T-L").text == "“L” is recorded elsewhere: Rouen · Salle 1 · on loan."
        assert place.count(stocktake, "NOPE").outcome == "unknown"
        for code in ("T-A", "T-F", "NOPE"):
            assert place.count(stocktake, code).outcome == "again"
        assert place.a.counts.get().seen_by == str(place.staff.technician)
        assert Event.objects.filter(verb="asset.counted").count() == 4


def test_the_same_reading_sent_again_after_a_lost_answer_gets_the_same_answer(place, stocktake):
    key = uuid.uuid4()
    with scope(place.staff.id):
        for _time in range(3):
            assert place.count(stocktake, "T-A", key=key).outcome == "found"
        assert place.count(stocktake, "T-A", key=uuid.uuid4()).outcome == "again"
        assert Event.objects.filter(verb="asset.counted").count() == 1


def test_an_unknown_code_becomes_its_asset_once_created(place, stocktake):
    with scope(place.staff.id):
        place.count(stocktake, "NEW-1")
        Asset.objects.create(name="N", tag="NEW-1", kind=place.a.kind, site=place.site, room=place.room)
        assert place.count(stocktake, "NEW-1").outcome == "found"
        assert stocktake.lines.filter(status=Status.UNKNOWN).count() == 0
        assert stocktake.lines.get(label="N").expected is False


def test_an_asset_read_by_two_of_its_codes_is_counted_once(place, stocktake):
    with scope(place.staff.id):
        place.count(stocktake, "SER-A")
        Asset.objects.filter(pk=place.a.pk).update(serial="SER-A")
        assert place.count(stocktake, "T-A").outcome == "found"
        assert place.count(stocktake, "SER-A").outcome == "again"
        assert stocktake.lines.filter(status=Status.UNKNOWN).count() == 0


def test_of_two_assets_with_one_serial_number_the_expected_one_is_meant(place, stocktake):
    with scope(place.staff.id):
        Asset.objects.create(name="twin", serial="SER-C", kind=place.a.kind)
        assert place.count(stocktake, "SER-C").line.label == "C"


def test_an_asset_recorded_elsewhere_is_moved_on_confirmation_and_back_by_undo(place, browser, stocktake):
    with scope(place.staff.id):
        rack = Rack.objects.create(name="R", room=place.other)
        Asset.objects.filter(pk=place.far.pk).update(rack=rack)
        line = place.count(stocktake, "T-F").line
        assert Asset.objects.get(pk=place.far.pk).room_id == place.other.pk
    answer = browser.post(f"/counted/{line.pk}/act/bring/", follow=True)
    with scope(place.staff.id):
        moved = Asset.objects.get(pk=place.far.pk)
        assert (moved.room_id, moved.rack_id) == (place.room.pk, None)
        assert StocktakeLine.objects.get(pk=line.pk).status == Status.MOVED
    batch = answer.content.decode().split('action="/evenements/lot/')[1].split('"')[0]
    browser.post(f"/evenements/lot/{batch}")
    with scope(place.staff.id):
        back = Asset.objects.get(pk=place.far.pk)
        assert (back.room_id, back.rack_id) == (place.other.pk, rack.pk)
        assert StocktakeLine.objects.get(pk=line.pk).status == Status.ELSEWHERE


def test_an_asset_in_its_place_that_is_lent_keeps_its_place_when_confirmed(place, browser):
    made = place.start(browser, room="", site=place.site.pk)
    with scope(place.staff.id):
        line = place.count(made, "T-L").line
        counting.bring(line, actor=place.actor)
        assert Asset.objects.get(pk=place.lent.pk).room_id == place.room.pk


def test_all_that_was_found_elsewhere_moves_in_one_act(place, browser, stocktake):
    with scope(place.staff.id):
        place.count(stocktake, "T-F")
    browser.post(f"/stocktakes/{stocktake.pk}/act/bring/")
    with scope(place.staff.id):
        assert Asset.objects.get(pk=place.far.pk).room_id == place.room.pk


def test_a_reading_is_taken_back(place, stocktake):
    with scope(place.staff.id):
        place.count(stocktake, "T-A")
        place.count(stocktake, "NOPE")
        for event in Event.objects.filter(verb__endswith=".counted").order_by("-pk"):
            undo(event, place.actor)
        assert statuses(stocktake) == {"A": "awaited", "B": "awaited", "C": "awaited"}
        assert place.count(stocktake, "T-A").outcome == "found"


def test_the_place_of_a_stocktake_is_not_changed(place, browser, stocktake):
    sent = {"room": place.other.pk, "site": place.site.pk, "name": "x", "version": 1}
    assert "start another one" in browser.post(f"/stocktakes/{stocktake.pk}/edit/", sent).content.decode()
    sent["room"] = place.room.pk
    assert browser.post(f"/stocktakes/{stocktake.pk}/edit/", sent).status_code == 302


def test_a_reading_says_where_the_asset_was_seen_and_a_personal_device_is_never_located(
    place, browser, stocktake
):
    with scope(place.staff.id):
        place.count(stocktake, "T-F")
        seen = place.far.positions.get(source="scan")
        assert (seen.site_id, seen.room_id) == (place.site.pk, place.room.pk)
        mine = Asset.objects.create(name="P", tag="T-P", ownership="personal", kind=place.a.kind)
        with pytest.raises(ValidationError, match="personal device"):
            place.count(stocktake, "T-P")
        assert not stocktake.lines.filter(asset=mine).exists()
    moved = browser.post(f"/assets/{mine.pk}/act/move/", {"room": place.room.pk})
    assert moved.status_code == 409
    assert "personal device" in moved.content.decode()


def post(browser, stocktake, code, **given):
    return browser.post(
        f"/stocktakes/{stocktake.pk}/count/", {"code": code, **given}, headers={"Accept": "application/json"}
    )


def test_the_counting_page_answers_a_script_and_works_without_one(place, browser, stocktake):
    page = browser.get(f"/stocktakes/{stocktake.pk}/count/")
    assert "'wasm-unsafe-eval'" in page["Content-Security-Policy"]
    assert f'src="/stocktakes/{stocktake.pk}/live/"' in page.content.decode()
    told = post(browser, stocktake, "T-A", key=str(uuid.uuid4())).json()
    assert told["outcome"] == "found"
    assert "1 / 3" in told["html"]
    assert post(browser, stocktake, " ").json()["outcome"] == "refused"
    plain = browser.post(f"/stocktakes/{stocktake.pk}/count/", {"code": "T-B\nT-F"}, follow=True)
    assert "2 / 3" in plain.content.decode()
    assert "is recorded elsewhere" in plain.content.decode()


def test_an_unknown_code_leads_to_the_form_with_tag_and_place(place, browser, stocktake):
    html = post(browser, stocktake, "NEW-1").json()["html"]
    assert f"/assets/add/?tag=NEW-1&amp;site={place.site.pk}&amp;room={place.room.pk}" in html


def test_a_program_counts_by_the_api(place, browser, stocktake):
    def call(act, **body):
        return browser.post(
            f"/api/v1/stocktakes/{stocktake.pk}/{act}", json.dumps(body), content_type="application/json"
        )

    assert call("scan", code="T-A").status_code == 200
    assert call("scan").status_code == 422
    assert call("close", missing="keep").json()["closed_by"]
    assert call("scan", code="T-B").status_code in {400, 409, 422}
    counted = browser.get(f"/api/v1/counted?stocktake={stocktake.pk}&status=found").json()
    assert [line["label"] for line in counted["items"]] == ["A"] if "items" in counted else counted


def test_an_asset_of_another_organisation_is_an_unknown_code(place, firm, stocktake):
    with scope(firm.globex.id):
        Asset.objects.create(name="theirs", tag="G-1", kind=place.a.kind)
    with scope(firm.acme.id, firm.globex.id):
        assert place.count(stocktake, "G-1").outcome == "unknown"


def test_the_provider_counts_at_a_client_and_never_meets_another_clients_assets(
    place, firm, stocktake, actor_of
):
    with scope(firm.globex.id):
        Asset.objects.create(name="theirs", tag="T-A", kind=place.a.kind)
    with scope(firm.acme.id, firm.globex.id):
        assert place.count(stocktake, "T-A").line.label == "A"


def test_somebody_who_only_reads_sees_the_count_and_changes_nothing(place, firm, client_of, stocktake):
    reader = client_of(firm.acme.auditor)
    assert reader.get(f"/stocktakes/{stocktake.pk}/").status_code == 200
    assert reader.get(f"/stocktakes/{stocktake.pk}/report/").status_code == 200
    assert reader.get(f"/stocktakes/{stocktake.pk}/count/").status_code == 403
    assert post(reader, stocktake, "T-A").status_code == 403


def test_counting_costs_the_same_queries_however_many_are_expected(
    place, stocktake, browser, django_assert_max_num_queries
):
    with scope(place.staff.id):
        kind, room = place.a.kind, place.other
        Asset.objects.bulk_create(
            Asset(name=f"M{n}", tag=f"M{n}", kind=kind, site=place.site, room=room) for n in range(5000)
        )
    made = place.start(browser, room=place.other.pk)
    with scope(place.staff.id):
        assert made.lines.count() == 5001
        with django_assert_max_num_queries(20):
            place.count(made, "M42")
        with django_assert_max_num_queries(6):
            for rows in stocktake_pages.region(made, place.actor).values():
                list(rows) if hasattr(rows, "query") else None
    for one in (stocktake, made):
        with django_assert_max_num_queries(40):
            assert post(browser, one, "T-B").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_two_people_scanning_the_same_label_at_once_count_it_once(committed_firm, actor_of, client_of):
    place = Place(committed_firm.acme, actor_of(committed_firm.acme.technician))
    made = place.start(client_of(committed_firm.acme.technician))
    outcomes, gate = [], threading.Barrier(4)

    def scan(code):
        try:
            with scope(place.staff.id):
                gate.wait(10)
                outcomes.append((code, place.count(made, code).outcome))
        finally:
            connection.close()

    threads = [threading.Thread(target=scan, args=(code,)) for code in ("T-A", "T-A", "NOPE", "NOPE")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == [("NOPE", "again"), ("NOPE", "unknown"), ("T-A", "again"), ("T-A", "found")]
    with scope(place.staff.id):
        assert made.lines.count() == 4


# -- taking a reading back
def scanned(asset):
    found = asset.positions.filter(source=Position.Source.SCAN)
    return found.values_list("room", "since", "at").first()


def test_undoing_a_reading_gives_back_what_the_scan_before_told(place, stocktake):
    with scope(place.staff.id):
        a, b = place.a, place.b
        long_ago = timezone.now() - timedelta(days=90)
        locating.observe(a, Position.Source.SCAN, site=place.site, room=place.other, now=long_ago)
        before = scanned(a)
        for code in ("T-A", "T-B"):
            place.count(stocktake, code)
        assert scanned(a)[0] == scanned(b)[0] == place.room.pk
        for event in Event.objects.filter(verb="asset.counted"):
            undo(event, place.actor)
        assert scanned(a) == before == (place.other.pk, long_ago, long_ago)
        assert scanned(b) is None
        assert statuses(stocktake)["A"] == "awaited"


def test_undoing_a_reading_leaves_what_a_later_scan_told(place, stocktake):
    with scope(place.staff.id):
        place.count(stocktake, "T-A")
        placing.see(place.a, room=place.other, actor=place.actor)
        undo(Event.objects.get(verb="asset.counted"), place.actor)
        assert scanned(place.a)[0] == place.other.pk


def test_undoing_what_was_seen_on_the_spot_gives_back_the_scan_before(place):
    with scope(place.staff.id):
        placing.see(place.a, room=place.other, actor=place.actor)
        before = scanned(place.a)
        placing.see(place.a, room=place.room, actor=place.actor)
        first, second = Event.objects.filter(verb="asset.seen").order_by("id")
        undo(second, place.actor)
        assert scanned(place.a) == before
        undo(first, place.actor)
        assert scanned(place.a) is None
