"""From a reading to the asset: what a code may stand for, the page, the basket."""

import io
import json

import pytest
import zxingcpp
from PIL import Image

from etabli.assets import codes, scanning
from etabli.assets.models import Asset, AssetKind, BasketItem
from etabli.kernel import externalids, preferences
from etabli.kernel.actors import SYSTEM
from etabli.kernel.tenancy import scope
from etabli.people.models import Room, Site


@pytest.fixture
def fleet(firm):
    kind = AssetKind.objects.get(key="laptop")
    with scope(firm.globex.id):
        Asset.objects.create(name="Globex PC", tag="INV-1", serial="SN1234567", kind=kind)
    with scope(firm.acme.id):
        site = Site.objects.create(name="Rouen")
        Room.objects.create(name="Salle 1", site=site)
        Asset.objects.create(name="PC-1", tag="INV-1", serial="5CG1234XYZ", kind=kind, site=site)
        Asset.objects.create(name="PC-2", tag="inv-2", serial="PF0A1B2C", kind=kind)
        Asset.objects.create(name="PC-3", serial="TWIN0001", kind=kind)
        Asset.objects.create(name="PC-4", serial="TWIN0001", kind=kind)
        Asset.objects.create(name="PC-5", tag="AZQW-1234", kind=kind)
        Asset.objects.create(name="PC-6", kind=kind, uuid="4c4c4544-0042-3510-8052-b9c04f4e3732")
    return firm


@pytest.mark.parametrize(
    ("read", "name"),
    [
        ("INV-1", "PC-1"),
        (" INV-1\r\n", "PC-1"),
        ("5CG1234XYZ", "PC-1"),
        ("S5CG1234XYZ", "PC-1"),  # data identifier S before the serial number
        ("5cg1234xyz", "PC-1"),
        ("1S20XW0054FRPF0A1B2C", "PC-2"),  # Lenovo: 1S, machine type and model, serial number
        ("4C4C4544-0042-3510-8052-B9C04F4E3732", "PC-6"),
        ("QWAZ)&é\"'", "PC-5"),  # a scanner set to a US keyboard on a French one
    ],
)
def test_a_reading_leads_to_its_asset(fleet, actor_of, read, name):
    actor = actor_of(fleet.acme.technician)
    with scope(fleet.acme.id):
        assert [a.name for a in scanning.find(read, actor=actor)] == [name]


@pytest.mark.parametrize("read", ["", "  ", "NOPE", "https://another.example/assets/1/", "x" * 5000, "\0"])
def test_what_names_nothing_finds_nothing(fleet, actor_of, read):
    with scope(fleet.acme.id):
        assert scanning.find(read, actor=actor_of(fleet.acme.technician)) == []


def test_a_tag_comes_before_a_serial_number_and_twins_are_both_shown(fleet, actor_of):
    actor = actor_of(fleet.acme.technician)
    with scope(fleet.acme.id):
        Asset.objects.create(name="PC-7", serial="INV-1", kind=AssetKind.objects.get(key="laptop"))
        assert [a.name for a in scanning.find("INV-1", actor=actor)] == ["PC-1"]
        assert [a.name for a in scanning.find("TWIN0001", actor=actor)] == ["PC-3", "PC-4"]


def test_the_address_of_an_asset_of_another_organisation_finds_nothing(fleet, actor_of):
    preferences.set_value("pages.url", "https://e.example", organisation=None, actor=SYSTEM)
    with scope(fleet.globex.id):
        other = Asset.objects.get()
    with scope(fleet.acme.id):
        mine = Asset.objects.get(name="PC-1")
        actor = actor_of(fleet.acme.technician)
        assert scanning.find(codes.address_of(mine), actor=actor) == [mine]
        assert scanning.find(codes.address_of(other), actor=actor) == []


def test_the_identifier_another_tool_gave_is_found_last(fleet, actor_of):
    actor = actor_of(fleet.acme.technician)
    with scope(fleet.globex.id):
        theirs = Asset.objects.get()
        externalids.keep(
            [("GLPI-77", theirs.pk)], source="glpi", noun="asset", organisation_id=fleet.globex.id, batch=None
        )
    with scope(fleet.acme.id):
        mine = Asset.objects.get(name="PC-3")
        pairs = [("GLPI-42", mine.pk), ("INV-1", mine.pk)]
        externalids.keep(pairs, source="glpi", noun="asset", organisation_id=fleet.acme.id, batch=None)
        assert scanning.find("GLPI-42", actor=actor) == [mine]
        assert [a.name for a in scanning.find("INV-1", actor=actor)] == ["PC-1"]
        assert scanning.find("GLPI-77", actor=actor) == []


def test_finding_costs_at_most_two_queries_whatever_the_code(fleet, actor_of, django_assert_num_queries):
    actor = actor_of(fleet.acme.technician)
    with scope(fleet.acme.id):
        scanning.find("INV-1", actor=actor)
        for read, cost in (("INV-1", 1), ("NOPE", 2), ("TWIN0001", 1)):
            with django_assert_num_queries(cost):
                scanning.find(read, actor=actor)


def test_the_page_shows_the_asset_and_its_big_actions(fleet, client_of):
    browser = client_of(fleet.acme.technician)
    text = browser.get("/scan/", {"code": "INV-1"}).content.decode()
    with scope(fleet.acme.id):
        pk = Asset.objects.get(name="PC-1").pk
    for address in (f"/assets/{pk}/", f"/assets/{pk}/act/move/", f"/assets/{pk}/photos/", "/scan/basket/"):
        assert f'"{address}"' in text
    told = browser.get("/scan/", {"code": "INV-1"}, headers={"Accept": "application/json"}).json()
    assert (told["outcome"], told["text"]) == ("found", "PC-1")
    assert told["url"] == "/scan/?code=INV-1"
    assert "<html" not in told["html"]


def test_an_unknown_code_offers_to_create_the_asset_with_its_tag(fleet, client_of):
    text = client_of(fleet.acme.technician).get("/scan/", {"code": "NEW-9"}).content.decode()
    assert "Unknown code: NEW-9" in text
    assert "/assets/add/?tag=NEW-9" in text
    form = client_of(fleet.acme.technician).get("/assets/add/?tag=NEW-9").content.decode()
    assert 'value="NEW-9"' in form
    assert "/assets/add/" not in client_of(fleet.acme.auditor).get("/scan/?code=NEW-9").content.decode()


def test_only_pages_with_a_camera_may_compile_the_reader(fleet, client_of):
    browser = client_of(fleet.acme.technician)
    for address in ("/scan/", "/scan/basket/"):
        assert "'wasm-unsafe-eval'" in browser.get(address)["Content-Security-Policy"]
    for address in ("/", "/assets/", "/stocktakes/"):
        assert "unsafe" not in browser.get(address)["Content-Security-Policy"]


def picture(text, angle=8):
    drawn = zxingcpp.write_barcode_to_image(
        zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.DataMatrix), scale=9
    )
    symbol = Image.frombuffer("L", (drawn.shape[1], drawn.shape[0]), bytes(drawn))
    table = Image.new("L", (900, 700), 235)
    table.paste(symbol, (300, 240))
    out = io.BytesIO()
    table.rotate(angle, fillcolor=235).convert("RGB").save(out, "JPEG")
    out.seek(0)
    out.name = "label.jpg"
    return out


def test_a_picture_of_the_label_is_read_by_the_server(fleet, client_of):
    browser = client_of(fleet.acme.technician)
    answer = browser.post("/scan/", {"picture": picture("INV-1")})
    assert answer["Location"] == "/scan/?code=INV-1"
    answer = browser.post("/scan/basket/", {"picture": picture("INV-1")}, follow=True)
    assert "is in the basket" in answer.content.decode()


@pytest.mark.parametrize("body", [b"not a picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 40])
def test_what_is_no_picture_is_refused_with_a_sentence(fleet, client_of, body):
    sent = io.BytesIO(body)
    sent.name = "x.png"
    answer = client_of(fleet.acme.technician).post("/scan/", {"picture": sent}, follow=True)
    assert "no picture that can be read" in answer.content.decode()


def test_the_basket_is_kept_for_its_owner_alone_and_shows_every_act(fleet, client_of):
    browser = client_of(fleet.acme.technician)
    for code in ("INV-1", "inv-2", "INV-1"):
        told = browser.post("/scan/basket/", {"code": code}, headers={"Accept": "application/json"}).json()
    assert told["outcome"] == "again"
    text = client_of(fleet.acme.technician).get("/scan/basket/").content.decode()  # another device
    assert "PC-1" in text
    assert "PC-2" in text
    for act in ("move", "labels", "count", "set"):
        assert f'formaction="/assets/bulk/{act}/"' in text
    assert "PC-1" not in client_of(fleet.acme.administrator).get("/scan/basket/").content.decode()


def test_one_act_moves_all_that_is_in_the_basket_and_is_undone_at_once(fleet, client_of):
    browser = client_of(fleet.acme.technician)
    browser.post("/scan/basket/", {"code": "INV-1\ninv-2"})
    with scope(fleet.acme.id):
        ids = list(BasketItem.objects.values_list("asset_id", flat=True))
        room = Room.objects.get()
    answer = browser.post("/assets/bulk/move/", {"ids": ids, "confirmed": "1", "room": room.pk}, follow=True)
    with scope(fleet.acme.id):
        assert {(a.room_id, a.site_id) for a in Asset.objects.filter(pk__in=ids)} == {(room.pk, room.site_id)}
    undo = answer.content.decode().split('action="/evenements/lot/')[1].split('"')[0]
    browser.post(f"/evenements/lot/{undo}")
    with scope(fleet.acme.id):
        assert set(Asset.objects.filter(pk__in=ids).values_list("room_id", flat=True)) == {None}


def test_items_leave_the_basket_one_by_one_or_all(fleet, client_of):
    browser, other = client_of(fleet.acme.technician), client_of(fleet.acme.administrator)
    browser.post("/scan/basket/", {"code": "INV-1\ninv-2"})
    with scope(fleet.acme.id):
        item = BasketItem.objects.first()
    other.post("/scan/basket/drop/", {"item": item.pk})
    other.post("/scan/basket/drop/")
    with scope(fleet.acme.id):
        assert BasketItem.objects.count() == 2  # nobody empties the basket of another
    browser.post("/scan/basket/drop/", {"item": item.pk})
    with scope(fleet.acme.id):
        assert BasketItem.objects.count() == 1
    browser.post("/scan/basket/drop/")
    with scope(fleet.acme.id):
        assert BasketItem.objects.count() == 0


def test_an_asset_of_another_organisation_never_enters_the_basket(fleet, client_of):
    with scope(fleet.globex.id):
        other = Asset.objects.get()
    browser = client_of(fleet.acme.technician)
    assert browser.post("/scan/basket/", {"asset": other.pk}).status_code == 404
    told = browser.post("/scan/basket/", {"code": "SN1234567"}, headers={"Accept": "application/json"}).json()
    assert told["outcome"] == "unknown"


def test_an_ambiguous_code_says_which_tags_to_scan(fleet, client_of):
    browser = client_of(fleet.acme.technician)
    told = browser.post("/scan/basket/", {"code": "TWIN0001"}, headers={"Accept": "application/json"}).json()
    assert told["outcome"] == "refused"
    assert "PC-3" in told["text"]
    assert "PC-4" in told["text"]


def test_a_move_by_the_api_refuses_the_room_of_another_site_and_of_another_organisation(fleet, client_of):
    with scope(fleet.globex.id):
        theirs = Room.objects.create(name="X", site=Site.objects.create(name="Paris"))
    with scope(fleet.acme.id):
        pk = Asset.objects.get(name="PC-1").pk
        other = Site.objects.create(name="Caen")
        room = Room.objects.get(name="Salle 1")
    browser = client_of(fleet.acme.technician)

    def move(**body):
        return browser.post(f"/api/v1/assets/{pk}/move", json.dumps(body), content_type="application/json")

    assert move(room=theirs.pk).status_code == 422
    assert move(room=room.pk, site=other.pk).status_code == 422
    assert move().status_code == 422
    assert move(room=room.pk).status_code == 200
    with scope(fleet.acme.id):
        assert Asset.objects.get(pk=pk).room_id == room.pk
