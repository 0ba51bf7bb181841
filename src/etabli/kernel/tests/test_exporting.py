"""Exports: what the list shows, in a file that a spreadsheet opens safely and that an import reads back unchanged."""

from datetime import date

import orjson
import pytest

from etabli.assets.models import Asset
from etabli.kernel.actors import actor_of
from etabli.kernel.customfields import CustomField
from etabli.kernel.organisations import Membership, Role
from etabli.kernel.screens import registry
from etabli.kernel.screens.importing import actions, sheets
from etabli.kernel.tenancy import opening, scope
from etabli.people.models import Person, Room, Site

SCREENS = {screen.noun: screen for screen in registry.values()}


@pytest.fixture
def browser(firm, client_of):
    return client_of(firm.acme.administrator)


def exported(browser, path: str, **query) -> bytes:
    response = browser.get(path, query)
    assert response.status_code == 200
    assert "attachment" in response.headers["Content-Disposition"]
    return b"".join(response.streaming_content)


@pytest.mark.parametrize("noun", SCREENS)
def test_every_noun_is_exported_in_every_form(noun, firm, maker, browser):
    screen = SCREENS[noun]
    maker(firm.acme).get(screen.model)
    for kind in ("csv", "xlsx", "json"):
        content = exported(browser, f"/{screen.slug}/export/", format=kind)
        if kind == "json":
            assert orjson.loads(content)[0]["id"]
        else:
            assert len(sheets.read(content).rows) >= 1


@pytest.mark.parametrize("kind", ["csv", "xlsx", "json"])
def test_an_export_imported_again_changes_nothing(kind, firm, maker, browser):
    made = maker(firm.acme)
    with scope(firm.acme.id):
        CustomField.objects.create(noun="asset", key="weight", label="Weight", kind="number")
    made.new(
        Asset,
        name="-PC;1",
        tag="=1+1",
        remarks='line\nbreak "quoted"',
        bought_on=date(2024, 2, 29),
        price="12.50",
        custom={"weight": 1.5},
        person=made.get(Person),
        site=made.get(Site),
        room=made.get(Room),
    )
    content = exported(browser, "/assets/export/", format=kind)
    anne = actor_of(firm.acme.administrator)
    with scope(firm.acme.id):
        again = actions.begin(
            registry[Asset], content=content, name="x", organisation_id=firm.acme.id, actor=anne
        )
        actions.check(again, registry[Asset], anne)
    assert again.counts == {"create": 0, "update": 0, "skip": 1, "error": 0}, again.preview
    assert "price" in again.parts[0]["mapping"]
    assert "custom_weight" in again.parts[0]["mapping"]


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_of_a_csv_is_a_formula(name, firm, maker, browser):
    maker(firm.acme).new(Site, name=name)
    row = exported(browser, "/sites/export/", format="csv").decode("utf-8-sig").split("\r\n", 1)[1]
    assert f"'{name[0]}" in row


def test_a_formula_in_excel_is_a_text(firm, maker, browser):
    import io
    import zipfile

    maker(firm.acme).new(Site, name="=1+1", phone="https://example.com")
    with zipfile.ZipFile(io.BytesIO(exported(browser, "/sites/export/", format="xlsx"))) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert "hyperlink" not in sheet
    assert "=1+1" in sheet


def test_an_export_holds_the_rows_the_address_asks_for(firm, maker, browser):
    made = maker(firm.acme)
    made.new(Site, name="Lyons", city="Lyon")
    made.new(Site, name="Lille", city="Lille")
    rows = orjson.loads(exported(browser, "/sites/export/", format="json", city="Lille"))
    assert [row["name"] for row in rows] == ["Lille"]
    assert browser.get("/sites/export/", {"sort": "nothing"}).status_code == 302


def test_dates_before_1900_are_kept_as_text(firm, maker, browser):
    maker(firm.acme).new(Asset, bought_on=date(1899, 12, 31))
    assert "1899-12-31" in sheets.read(exported(browser, "/assets/export/", format="xlsx")).rows[0]


def test_rows_one_may_see_but_not_export_stay_out_of_the_file(firm, maker, client_of):
    with opening():
        looks = Role.objects.create(
            organisation=firm.globex.organisation, key="looks", name="Looks", verbs=["*.view"]
        )
        Membership.objects.create(
            account=firm.acme.auditor, organisation=firm.globex.organisation, role=looks
        )
    maker(firm.acme).new(Site, name="Ours")
    maker(firm.globex).new(Site, name="Theirs")
    browser = client_of(firm.acme.auditor)
    assert "Theirs" in browser.get("/sites/").content.decode()
    assert [r["name"] for r in orjson.loads(exported(browser, "/sites/export/", format="json"))] == ["Ours"]


def test_a_large_export_is_read_in_pieces(firm, maker, browser, django_assert_max_num_queries):
    made = maker(firm.acme)
    for _number in range(30):
        made.new(Room)
    with django_assert_max_num_queries(25):
        assert len(orjson.loads(exported(browser, "/rooms/export/", format="json"))) == 30


def test_a_list_is_printed_with_the_columns_and_filters_chosen(firm, maker, browser):
    made = maker(firm.acme)
    for number in range(3):
        made.new(Asset, name=f"PC-{number}", serial=f"SN{number}")
    response = browser.get("/assets/export/?format=pdf&columns=name,serial&state=requested")
    content = b"".join(response.streaming_content)
    assert content.startswith(b"%PDF-")
    assert response["Content-Type"] == "application/pdf"


def test_a_list_too_long_for_paper_says_what_to_do(firm, browser, monkeypatch, maker):
    from etabli.kernel.screens import exporting

    monkeypatch.setattr(exporting, "MOST_ON_PAPER", 1)
    made = maker(firm.acme)
    for number in range(2):
        made.new(Asset, name=f"PC-{number}")
    response = browser.get("/assets/export/?format=pdf", follow=True)
    assert response.redirect_chain == [("/assets/?", 302)]
    assert "XLSX" in response.content.decode()
