"""Labels: where they fall on the paper, and what a camera reads on them."""

import io
import json
from typing import Any

import pytest
import typst
import zxingcpp
from django.core.exceptions import ValidationError
from PIL import Image
from pypdf import PdfReader

from etabli.assets import codes, labels
from etabli.assets.models import Asset, AssetKind
from etabli.kernel import documents, preferences
from etabli.kernel.actors import SYSTEM
from etabli.kernel.tenancy import scope

PUBLIC = "https://etabli.example.com"
DPI = 300


def some(count: int, **given: Any) -> list[labels.Label]:
    return [
        labels.Label(
            f"{PUBLIC}/assets/{n}/", f"INV-{n:05}", f"INV-{n:05}", f"PC-{n:04}", "Acme & Fils <SARL>"
        )
        for n in range(1, count + 1)
    ]


@pytest.fixture
def raster(monkeypatch: Any) -> Any:
    """The pages of a PDF as typst draws them from the very same template and content."""

    def draw(made: list[labels.Label], sheet: labels.Sheet, **given: Any) -> list[Image.Image]:
        seen: dict[str, Any] = {}
        real = documents._compiler

        class Spy:
            def __init__(self, path: str) -> None:
                self.path = path

            def compile(self, **options: Any) -> bytes:
                seen.update(path=self.path, inputs=options["sys_inputs"])
                return bytes(real(self.path).compile(**options))

        monkeypatch.setattr(documents, "_compiler", Spy)
        labels.pdf(made, sheet, **given)
        drawn = typst.compile(
            seen["path"], root=str(documents.ROOT), format="png", ppi=DPI, sys_inputs=seen["inputs"]
        )
        return [Image.open(io.BytesIO(page)) for page in (drawn if isinstance(drawn, list) else [drawn])]

    return draw


def read(page: Image.Image) -> dict[str, list[tuple[float, float]]]:
    """The codes of a page with where their middle is, in millimetres."""
    found: dict[str, list[tuple[float, float]]] = {}
    for one in zxingcpp.read_barcodes(page):
        corners = [one.position.top_left, one.position.bottom_right]
        middle = tuple(sum(getattr(c, axis) for c in corners) / 2 / DPI * 25.4 for axis in ("x", "y"))
        found.setdefault(one.text, []).append(middle)
    return found


@pytest.mark.parametrize("sheet", labels.SHEETS.values(), ids=lambda s: s.key)
def test_every_format_fits_on_its_page_and_is_centred(sheet):
    _page, left, top = sheet.place(sheet.cells - 1)
    right, bottom = left + sheet.width, top + sheet.height
    assert right <= sheet.page_width + 0.01
    assert bottom <= sheet.page_height + 0.01
    assert sheet.left == pytest.approx(sheet.page_width - right, abs=0.3)
    assert sheet.top == pytest.approx(sheet.page_height - bottom, abs=0.3)


def test_the_cell_after_the_last_is_the_first_of_the_next_sheet():
    sheet = labels.SHEETS["l7159"]
    assert sheet.place(23)[0] == 0
    assert sheet.place(24) == (1, sheet.left, sheet.top)


@pytest.mark.parametrize("key", list(labels.SHEETS))
def test_a_camera_reads_the_codes_of_the_printed_sheet_where_the_format_puts_them(raster, key):
    sheet = labels.SHEETS[key]
    count = min(sheet.cells, 6) + 1
    pages = raster(some(count), sheet, first=1)
    assert len(pages) == sheet.place(count - 1)[0] + 1
    for number, label in enumerate(some(count)):
        page, left, top = sheet.place(number)
        ((x, y),) = read(pages[page])[label.address]
        assert left <= x <= left + sheet.width
        assert top <= y <= top + sheet.height


@pytest.mark.parametrize("key", [s.key for s in labels.SHEETS.values() if s.width >= labels.ROOM_FOR_TWO])
def test_both_codes_are_read_on_one_label(raster, key):
    (page,) = raster(some(1), labels.SHEETS[key], symbol="both")
    assert set(read(page)) == {f"{PUBLIC}/assets/1/", "INV-00001"}
    formats = {one.format for one in zxingcpp.read_barcodes(page)}
    assert formats == {zxingcpp.BarcodeFormat.QRCode, zxingcpp.BarcodeFormat.DataMatrix}


def test_a_begun_sheet_leaves_its_first_labels_empty(raster):
    sheet = labels.SHEETS["l7160"]
    (page,) = raster(some(1), sheet, first=5)
    ((x, y),) = read(page)[f"{PUBLIC}/assets/1/"]
    assert sheet.left + sheet.width + sheet.gap < x < sheet.left + 2 * (sheet.width + sheet.gap)
    assert sheet.top + sheet.height < y < sheet.top + 2 * sheet.height


def test_the_pdf_has_the_size_of_the_paper_and_the_words_as_typed(db):
    made = labels.pdf(some(2), labels.SHEETS["roll62"])
    pages = PdfReader(io.BytesIO(made)).pages
    assert len(pages) == 2
    assert [round(float(v) / 72 * 25.4) for v in pages[0].mediabox[2:]] == [62, 29]
    assert "INV-00001" in pages[0].extract_text()
    assert "Acme & Fils <SARL>" in pages[0].extract_text()


def test_ninety_six_labels_are_four_sheets_of_twenty_four(db):
    made = labels.pdf(some(96), labels.SHEETS["l7159"])
    assert len(PdfReader(io.BytesIO(made)).pages) == 4


def test_zpl_has_one_format_a_label_and_lets_no_text_become_a_command():
    hostile = labels.Label(f"{PUBLIC}/assets/1/", "A^XZ~JA", "A^XZ~JA", "Écran_é", "Acme")
    text = labels.zpl([hostile, *some(2)], symbol="both")
    assert text.count("^XA") == text.count("^XZ") == 3
    assert "~JA" not in text
    assert "A_5EXZ_7EJA" in text
    assert "_5F" in labels.zpl([hostile]).split("cran")[1][:4]
    assert f"^FDMA,{PUBLIC}/assets/1/^FS" in text


@pytest.fixture
def fleet(firm):
    with scope(firm.acme.id):
        kind = AssetKind.objects.get(key="laptop")
        made = [Asset.objects.create(name=f"PC-{n}", tag=f"T{n}", kind=kind) for n in range(3)]
    with scope(firm.globex.id):
        other = Asset.objects.create(name="PC-autre", tag="G1", kind=kind)
    preferences.set_value("pages.url", PUBLIC, organisation=None, actor=SYSTEM)
    return firm, made, other


def test_labels_of_the_rows_chosen_are_one_document_and_never_another_organisations(fleet, client_of):
    firm, made, other = fleet
    browser = client_of(firm.acme.technician)
    ids = [a.pk for a in [*made, other]]
    asked = browser.get("/assets/bulk/labels/", {"ids": ids})
    assert asked.status_code == 200
    sent = {"ids": ids, "confirmed": "1", "sheet": "l7159", "first": "1", "symbol": "qr"}
    answer = browser.post("/assets/bulk/labels/", sent)
    assert answer["Content-Type"] == "application/pdf"
    text = PdfReader(io.BytesIO(answer.content)).pages[0].extract_text()
    assert all(a.tag in text for a in made)
    assert "PC-autre" not in text


def test_one_asset_has_its_button_and_its_api_operation(fleet, client_of):
    firm, made, _other = fleet
    browser = client_of(firm.acme.technician)
    assert f"/assets/{made[0].pk}/act/labels/" in browser.get(f"/assets/{made[0].pk}/").content.decode()
    sent = {"sheet": "zpl", "first": "1", "symbol": "qr"}
    answer = browser.post(f"/assets/{made[0].pk}/act/labels/", sent)
    assert f"{PUBLIC}/assets/{made[0].pk}/" in answer.content.decode()
    by_program = browser.post(
        f"/api/v1/assets/{made[0].pk}/labels", json.dumps({"sheet": "zpl"}), content_type="application/json"
    )
    assert by_program.content == answer.content


def test_a_first_label_beyond_the_sheet_is_refused_with_its_size(fleet, client_of):
    firm, made, _other = fleet
    sent = {"sheet": "l7160", "first": "22", "symbol": "qr"}
    answer = client_of(firm.acme.technician).post(f"/assets/{made[0].pk}/act/labels/", sent)
    assert answer.status_code == 422
    assert "21 labels a sheet" in answer.content.decode()


def test_two_codes_on_a_small_label_are_refused(fleet, client_of):
    firm, made, _other = fleet
    sent = {"sheet": "l4732", "first": "1", "symbol": "both"}
    answer = client_of(firm.acme.technician).post(f"/assets/{made[0].pk}/act/labels/", sent)
    assert answer.status_code == 422
    assert "too small for two codes" in answer.content.decode()


def test_a_long_name_is_cut_and_the_tag_is_whole(raster, db):
    long = labels.Label(
        f"{PUBLIC}/assets/1/", "x", "INV-2026-000123456", "Écran de la salle " * 6, "Acme " * 20
    )
    made = labels.pdf([long], labels.SHEETS["l7160"])
    text = PdfReader(io.BytesIO(made)).pages[0].extract_text()
    assert "INV-2026-000123456" in text
    assert "…" in text


def test_without_the_right_no_label_is_printed(fleet, client_of):
    firm, made, _other = fleet
    sent = {"ids": made[0].pk, "confirmed": "1", "sheet": "zpl", "first": "1", "symbol": "qr"}
    assert client_of(firm.acme.auditor).post("/assets/bulk/labels/", sent).status_code == 403


def test_labels_cost_the_same_queries_for_any_number(fleet, django_assert_num_queries):
    firm, made, _other = fleet
    with scope(firm.acme.id):
        labels.labels_of(Asset.objects.all())
        with django_assert_num_queries(2):
            assert len(labels.labels_of(Asset.objects.filter(pk=made[0].pk))) == 1
        with django_assert_num_queries(2):
            assert len(labels.labels_of(Asset.objects.all())) == 3
        with pytest.raises(ValidationError, match="choose some"):
            labels.labels_of(Asset.objects.none())


def test_only_an_address_of_this_installation_names_an_asset(fleet):
    assert codes.asset_in(f"{PUBLIC}/assets/12/", "other.example") == 12
    assert codes.asset_in("http://10.0.0.5:8000/assets/12/", "10.0.0.5:8000") == 12
    assert codes.asset_in("/assets/12/", "x") == 12
    assert codes.asset_in("https://another.example/assets/12/", "10.0.0.5:8000") is None
    assert codes.asset_in(f"{PUBLIC}/people/12/", "x") is None
