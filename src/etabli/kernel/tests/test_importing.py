"""Imports: any table people have, looked at before it is written, all of it or nothing, and taken back."""

import io
import zipfile

import pytest
import xlsxwriter
from django.core.exceptions import ValidationError
from hypothesis import given, settings
from hypothesis import strategies as st

from etabli.assets.models import Asset
from etabli.kernel.actors import actor_of
from etabli.kernel.customfields import CustomField
from etabli.kernel.events import Event
from etabli.kernel.screens import registry
from etabli.kernel.screens.importing import actions, sheets
from etabli.kernel.screens.importing.models import Import
from etabli.kernel.screens.importing.sheets import UnreadableSheet
from etabli.kernel.tenancy import scope
from etabli.people.models import Site

pytestmark = pytest.mark.usefixtures("in_english")
TABLE = [["Name", "Town", "Postcode"], ["Lyons", "Lyon", "69001"], ["Élan", "Saint-Étienne", "42000"]]


def csv_of(table: list[list[str]], delimiter: str = ";", encoding: str = "utf-8") -> bytes:
    return "\r\n".join(delimiter.join(row) for row in table).encode(encoding)


def xlsx_of(table: list[list[str]]) -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(table):
            sheet.write_row(number, 0, row)
    return file.getvalue()


def ods_of(table: list[list[str]]) -> bytes:
    cells = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="string"><text:p>{c}</text:p></table:table-cell>'
            for c in row
        )
        + "</table:table-row>"
        for row in table
    )
    names = "".join(
        f' xmlns:{n}="urn:oasis:names:tc:opendocument:xmlns:{n}:1.0"' for n in ("office", "table", "text")
    )
    content = f'<?xml version="1.0"?><office:document-content{names}><office:body><office:spreadsheet><table:table table:name="a">{cells}</table:table></office:spreadsheet></office:body></office:document-content>'
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "META-INF/manifest.xml",
            '<?xml version="1.0"?><manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
        )
        archive.writestr("content.xml", content)
    return file.getvalue()


@pytest.fixture
def anne(firm):
    with scope(firm.acme.id):
        yield actor_of(firm.acme.administrator)


def begun(anne, content: bytes, model=Site, **changes) -> Import:
    screen = registry[model]
    organisation = next(iter(anne.places))
    made = actions.begin(screen, content=content, name="file", organisation_id=organisation, actor=anne)
    if "mapping" in changes:
        made.parts[0]["mapping"] = changes.pop("mapping")
    for name, value in changes.items():
        setattr(made, name, value)
    made.save()
    actions.check(made, screen, anne)
    return made


def brought(anne, content: bytes, model=Site, **changes) -> Import:
    made = begun(anne, content, model, **changes)
    actions.commit(made, registry[model], anne)
    return made


@pytest.mark.parametrize(
    "content",
    [
        csv_of(TABLE),
        csv_of(TABLE, ","),
        csv_of(TABLE, "\t"),
        csv_of(TABLE, "|"),
        csv_of(TABLE, ";", "cp1252"),
        csv_of(TABLE, ";", "utf-8-sig"),
        csv_of(TABLE).replace(b"\r\n", b"\n") + b"\n\n;;\n",
        xlsx_of(TABLE),
        ods_of(TABLE),
        b'[{"Name": "Lyons", "Town": "Lyon", "Postcode": 69001}, {"Name": "\xc3\x89lan", "Town": "Saint-\xc3\x89tienne", "Postcode": "42000"}]',
    ],
    ids=["semicolon", "comma", "tab", "bar", "cp1252", "utf-8-sig", "unix", "xlsx", "ods", "json"],
)
def test_a_table_is_read_whatever_its_form(content):
    sheet = sheets.read(content)
    assert sheet.header == TABLE[0]
    assert sheet.rows == TABLE[1:]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n",
        b"Name",
        b"\0\0\0",
        b"PK\x03\x04 no archive",
        b"\xd0\xcf\x11\xe0 no workbook",
        xlsx_of([]),
        b"[1, 2]",
        b"[{",
        b"%PDF-1.7\n",
    ],
    ids=[
        "empty",
        "blank",
        "header alone",
        "NUL",
        "broken zip",
        "broken xls",
        "empty xlsx",
        "numbers",
        "broken json",
        "pdf",
    ],
)
def test_what_is_no_table_is_refused_with_a_sentence(content):
    with pytest.raises(UnreadableSheet) as refused:
        sheets.read(content)
    assert str(refused.value).endswith((".", ")."))


def test_a_huge_cell_is_read_or_refused_and_a_huge_file_refused(monkeypatch):
    sheet = sheets.read(b"Name;Town\n" + b"x" * 900_000 + b";Lyon\n")
    assert len(sheet.rows[0][0]) == 900_000
    with pytest.raises(UnreadableSheet):
        sheets.read(b'Name;Town\n"' + b"x" * 2_000_000 + b'";Lyon\n')
    monkeypatch.setattr(sheets, "MOST_BYTES", 10)
    with pytest.raises(UnreadableSheet, match="split"):
        sheets.read(csv_of(TABLE))
    monkeypatch.undo()
    monkeypatch.setattr(sheets, "MOST_ROWS", 1)
    with pytest.raises(UnreadableSheet, match="split"):
        sheets.read(csv_of(TABLE))


def test_rows_are_as_wide_as_the_header_and_what_stands_beside_it_has_a_column_of_its_own():
    sheet = sheets.read(b"a;b;c\n1\n1;2;3;4\n1;2;;\n")
    assert sheet.header == ["a", "b", "c", "Column D"]
    assert sheet.rows == [["1", "", "", ""], ["1", "2", "3", "4"], ["1", "2", "", ""]]


def test_a_hundred_columns_are_fine(anne):
    header = ["Name", *(f"Extra {n}" for n in range(100))]
    made = brought(anne, csv_of([header, ["Lyons", *map(str, range(100))]]))
    assert made.counts["create"] == 1


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=300),
        st.text(max_size=200).map(lambda t: t.encode("utf-8", "surrogatepass")),
        st.binary(max_size=200).map(lambda b: b"PK\x03\x04" + b),
        st.text(alphabet='a;,"\n\r\t|[]{}:\0', max_size=80).map(str.encode),
    )
)
def test_no_content_raises_anything_but_unreadable(content):
    try:
        sheet = sheets.read(content)
    except UnreadableSheet:
        return
    assert all(len(row) == len(sheet.header) for row in sheet.rows)


@pytest.mark.parametrize(
    ("header", "fields"),
    [
        (["Name", "Town", "Postcode", "Nonsense"], ["name", "city", "postcode", ""]),
        (["Nom", "Ville", "CODE POSTAL", "name"], ["name", "city", "postcode", ""]),
        (["name", "city", "Téléphone", "telephone"], ["name", "city", "phone", ""]),
    ],
)
def test_columns_are_guessed_in_french_and_in_english(anne, header, fields):
    made = begun(anne, csv_of([header, ["x"] * len(header)]))
    assert made.parts[0]["mapping"] == fields


def test_the_preview_says_what_would_happen_and_writes_nothing(anne):
    brought(anne, csv_of([["Code", "Name", "Town"], ["A", "Lyons", "Lyon"], ["B", "Lille", "Lille"]]))
    events = Event.objects.count()
    table = [
        ["Code", "Name", "Town", "Latitude"],
        ["A", "Lyons", "Lyon", ""],
        ["B", "Lille", "Roubaix", ""],
        ["C", "Nantes", "Nantes", ""],
        ["D", "", "x", "95"],
    ]
    made = begun(anne, csv_of(table))
    assert made.counts == {"create": 1, "update": 1, "skip": 1, "error": 1}
    by_row = {p["row"]: p for p in made.preview}
    assert by_row[2]["outcome"] == "skip" or by_row[2]["changes"] == []
    assert [(c["label"], c["before"], c["after"]) for c in by_row[3]["changes"] if c["label"] == "Town"] == [
        ("Town", "Lille", "Roubaix")
    ]
    assert by_row[5]["outcome"] == "error"
    assert "Name" in by_row[5]["text"]
    assert Site.objects.count() == 2
    assert Event.objects.count() == events


def test_one_wrong_row_and_nothing_is_written(anne):
    made = begun(anne, csv_of([["Name", "Latitude"], ["Lyons", "45"], ["Lille", "north"]]))
    with pytest.raises(ValidationError, match="Row 3"):
        actions.commit(made, registry[Site], anne)
    assert not Site.objects.exists()
    assert not Event.objects.filter(noun="site").exists()


def test_the_same_file_twice_changes_nothing_the_second_time(anne):
    content = csv_of(
        [
            ["Name", "Town", "Latitude", "Access"],
            ["Lyons", "Lyon", "45,75", "Badge"],
            ["Lille", "Lille", "", ""],
        ]
    )
    brought(anne, content)
    events = Event.objects.count()
    again = brought(anne, content)
    assert again.counts == {"create": 0, "update": 0, "skip": 2, "error": 0}
    assert Event.objects.count() == events


def test_committing_twice_writes_once(anne):
    made = brought(anne, csv_of(TABLE))
    actions.commit(made, registry[Site], anne)
    assert Site.objects.count() == 2


def test_two_rows_for_one_object_are_an_error_with_its_row(anne):
    made = begun(anne, csv_of([["Name"], ["Lyons"], ["lyons"]]))
    assert made.counts["error"] == 1
    assert made.preview[0]["row"] == 3


def test_an_import_undone_leaves_everything_as_it_was(anne):
    brought(anne, csv_of([["Name", "Town"], ["Lyons", "Lyon"]]))
    before = Site.objects.get().city
    made = brought(anne, csv_of([["Name", "Town"], ["Lyons", "Villeurbanne"], ["Lille", "Lille"]]))
    assert (made.counts["update"], made.counts["create"]) == (1, 1)
    assert actions.take_back(made, anne) == 2
    assert Site.objects.get().city == before
    made.refresh_from_db()
    assert made.state == Import.State.UNDONE


def test_an_import_is_not_undone_over_later_work(anne):
    made = brought(anne, csv_of(TABLE))
    site = Site.objects.get(name="Lyons")
    actions_before = Event.objects.count()
    Site.objects.filter(pk=site.pk).update(city="Villeurbanne")
    with pytest.raises(ValidationError, match="changed again"):
        actions.take_back(made, anne)
    assert Site.objects.count() == 2
    assert Event.objects.count() == actions_before


def test_names_of_other_objects_are_understood_and_made_when_asked(anne):
    table = csv_of(
        [
            ["Name", "Kind", "Model", "Site", "State", "Bought on", "Price"],
            ["PC-1", "laptop", "Latitude 5440", "Lyons", "in stock", "29/02/2024", "1 299,90 €"],
        ]
    )
    screen = registry[Asset]
    mapping = ["name", "kind", "model", "site", "state", "bought_on", "price"]
    made = begun(anne, table, Asset, create_missing=False, mapping=mapping)
    assert made.counts["error"] == 1
    made = begun(anne, table, Asset, create_missing=True, mapping=mapping)
    assert made.counts["create"] == 1, made.preview
    assert not Site.objects.exists()
    actions.commit(made, screen, anne)
    asset = Asset.objects.get()
    assert (str(asset.model), str(asset.site), asset.state, str(asset.bought_on), str(asset.price)) == (
        "Latitude 5440",
        "Lyons",
        "in_stock",
        "2024-02-29",
        "1299.90",
    )
    actions.take_back(made, anne)
    assert not Asset.objects.exists()


def test_an_empty_cell_says_nothing_about_the_object(anne):
    brought(anne, csv_of([["Name", "Access"], ["Lyons", "Badge"]]))
    made = brought(anne, csv_of([["Name", "Access", "Country"], ["Lyons", "", ""], ["Lille", "", ""]]))
    assert (made.counts["skip"], made.counts["create"]) == (1, 1)
    assert Site.objects.get(name="Lyons").access == "Badge"
    assert Site.objects.get(name="Lille").country == "FR"


def test_custom_fields_are_imported(anne):
    CustomField.objects.create(noun="site", key="colour", label="Colour")
    brought(anne, csv_of([["Name", "Colour"], ["Lyons", "red"]]))
    assert Site.objects.get().custom == {"colour": "red"}


def test_an_object_of_another_organisation_is_neither_recognised_nor_named(anne, firm, maker):
    maker(firm.globex).new(Site, name="Lyons", code="L")
    made = brought(anne, csv_of([["Name", "Code"], ["Lyons", "L"]]))
    assert made.counts["create"] == 1
    assert Site.objects.get().organisation_id == firm.acme.id


def test_the_pages_lead_from_the_file_to_its_undoing(firm, client_of):
    from django.core.files.uploadedfile import SimpleUploadedFile

    browser = client_of(firm.acme.administrator)
    refused = browser.post("/sites/import/", {"file": SimpleUploadedFile("x.xlsx", b"PK\x03\x04")})
    assert refused.status_code == 422
    page = browser.post("/sites/import/", {"file": SimpleUploadedFile("x.csv", csv_of(TABLE))}).headers[
        "Location"
    ]
    assert browser.get(page).status_code == 200
    browser.post(page, {"act": "check", "column-0-0": "name", "column-0-1": "city", "column-0-2": "postcode"})
    assert (
        "Saint-Étienne" in browser.get(page).content.decode() or "Élan" in browser.get(page).content.decode()
    )
    browser.post(page, {"act": "commit"})
    with scope(firm.acme.id):
        assert Site.objects.count() == 2
    assert browser.get(page).status_code == 200
    browser.post(page, {"act": "undo"})
    with scope(firm.acme.id):
        assert not Site.objects.exists()
