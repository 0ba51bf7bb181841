"""What spreadsheets and other tools do to lists: each trap is read right, or told; never silently wrong."""

import io

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from etabli.kernel.screens.importing import sheets
from etabli.kernel.screens.importing.decoding import decode
from etabli.kernel.screens.importing.sheets import UnreadableSheet
from etabli.kernel.screens.importing.values import Days, Numbers, is_yes

pytestmark = pytest.mark.usefixtures("in_english")
WORD = "Équipé à Nîmes, œuvre n° 5 – 20 €"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"]
)
def test_the_encoding_is_recognised(encoding):
    assert decode(f"Nom;Lieu\r\n{WORD};x\r\n".encode(encoding)) == f"Nom;Lieu\r\n{WORD};x\r\n"


@pytest.mark.parametrize("encoding", ["cp850", "mac_roman"])
def test_old_dos_and_mac_files_are_recognised(encoding):
    text = "Nom;Lieu\r\nÉquipé à Nîmes, déjà prêté;Forêt\r\n"
    assert decode(text.encode(encoding)) == text


def test_lines_ended_by_cr_alone_are_those_of_an_old_mac():
    sheet = sheets.read("Name,Town\rLuts‰,x\rélan,y\r".replace("‰", "â").encode("mac_roman"))
    assert [row[0] for row in sheet.rows] == ["Lutsâ", "élan"]


@pytest.mark.parametrize("sign", [";", ",", "\t", "|"])
def test_the_separator_is_recognised_among_commas_in_texts(sign):
    content = (
        sign.join(["Name", "Remark", "Price"]) + "\n" + sign.join(["PC", '"a, b; c, d | e"', '"1,50"']) + "\n"
    )
    assert sheets.read(content.encode()).rows == [["PC", "a, b; c, d | e", "1,50"]]


def test_what_excel_writes_to_tell_the_separator_is_no_row():
    sheet = sheets.read(b"sep=;\r\nName;Town\r\nA;B\r\n")
    assert (sheet.header, sheet.rows) == (["Name", "Town"], [["A", "B"]])


def test_a_cell_of_several_lines_is_one_cell_and_rows_keep_their_number():
    sheet = sheets.read(b'Name,Remark\nA,"one\n\ntwo ""three"""\n\n,\nB,x\n')
    assert sheet.rows == [["A", 'one\n\ntwo "three"'], ["B", "x"]]
    assert sheet.numbers == [2, 5]


def test_leading_zeros_stay_also_when_excel_was_told_to_keep_them():
    assert sheets.read(b'Name;Code\nA;007\nB;="0042"\n').rows == [["A", "007"], ["B", "0042"]]


def test_a_formula_of_a_csv_is_a_text_and_that_of_a_workbook_its_result():
    assert sheets.read(b'Name;Town\n=1+1;"=HYPERLINK(""x"")"\n').rows == [["=1+1", '=HYPERLINK("x")']]
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, ["Name", "Price"])
        page.write(1, 0, "PC")
        page.write_formula(1, 1, "=10*2", None, 20)
    assert sheets.read(file.getvalue()).rows == [["PC", "20"]]


def test_nul_and_invisible_characters_go():
    assert sheets.read("Name;Town\nA\0B;\u200bLyon\ufeff\n".encode()).rows == [["AB", "Lyon"]]


def test_titles_missing_or_twice_are_told_apart():
    sheet = sheets.read(b"Name;;Company;Company;\nA;b;c;d;e\n")
    assert sheet.header == ["Name", "Column B", "Company", "Company (2)", "Column E"]
    assert sheets.letter(26) == "AA"


def test_a_title_above_the_header_is_left_out():
    content = "Inventaire 2026;;;\n;;;\nImprimé le;12/03/2026;;\nNom;Lieu;Prix;État\nPC;Lyon;12;ok\n"
    sheet = sheets.read(content.encode())
    assert sheet.header == ["Nom", "Lieu", "Prix", "État"]
    assert sheet.numbers == [5]


def test_a_thousand_columns_are_read_and_too_many_refused_with_a_sentence():
    wide = ";".join(f"C{n}" for n in range(1000)) + "\n" + ";".join(map(str, range(1000))) + "\n"
    assert len(sheets.read(wide.encode()).header) == 1000
    with pytest.raises(UnreadableSheet, match=r"3000 columns: remove"):
        sheets.read((";".join(f"C{n}" for n in range(3000)) + "\n" + ";".join("x" * 3000)).encode())


def merged() -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, ["Manufacturer", "Name", "Serial", "Since"])
        page.merge_range(1, 0, 3, 0, "Dell")
        for number in range(3):
            page.write_row(number + 1, 1, [f"PC {number}", 1234567890123456 + number])
            page.write_datetime(
                number + 1,
                3,
                __import__("datetime").datetime(2026, 3, 12),
                book.add_format({"num_format": "d/m/yyyy"}),
            )
        book.add_worksheet("other").write(0, 0, "nothing")
    return file.getvalue()


def test_a_merged_cell_is_said_of_each_of_its_rows_and_dates_of_workbooks_are_dates():
    sheet = sheets.read(merged())
    assert [row[0] for row in sheet.rows] == ["Dell"] * 3
    assert {row[3] for row in sheet.rows} == {"2026-03-12"}


def test_a_number_longer_than_a_spreadsheet_keeps_is_marked_as_shortened():
    assert {row[2] for row in sheets.read(merged()).rows} == {"1.23457E+15"}


@pytest.mark.parametrize(
    ("column", "read"),
    [
        (["28/02/2024", "03/04/2024"], ["2024-02-28", "2024-04-03"]),
        (["02/28/2024", "03/04/2024"], ["2024-02-28", "2024-03-04"]),
        (["4/5/16", "6/16/15"], ["2016-04-05", "2015-06-16"]),
        (["03/04/2024"], ["2024-04-03"]),
        (["45000", "44927.5"], ["2023-03-15", "2023-01-01"]),
        (["2024-02-29", "2024-02-29 10:11:12", "2024/2/9"], ["2024-02-29", "2024-02-29", "2024-02-09"]),
        (["12 mars 2024", "1er août 2023", "Mar 12, 2024", "12-Mar-24"], ["2024-03-12", "2023-08-01", "2024-03-12", "2024-03-12"]),
        (["20240229", "12.03.69", "12.03.68"], ["2024-02-29", "1969-03-12", "2068-03-12"]),
    ],
    ids=["french", "american", "american, two digits", "told by nothing", "excel", "iso", "in words", "others"],
)  # fmt: skip
def test_dates_are_read_by_the_whole_column(column, read):
    days = Days(column)
    assert [days.read(text) for text in column] == read


def test_dates_that_the_column_does_not_tell_are_told_and_can_be_chosen():
    assert not Days(["03/04/2024", "05/06/2024"]).sure
    assert Days(["03/04/2024"], "mdy").read("03/04/2024") == "2024-03-04"
    with pytest.raises(ValueError, match="Write it as"):
        Days(["28/02/2024"]).read("02/28/2024")


@pytest.mark.parametrize(
    "text", ["soon", "31/02/2024", "123456", "1", "12/2024", "32 mars 2024", "99999", "5 foo 2024"]
)
def test_what_is_no_date_is_refused(text):
    with pytest.raises(ValueError, match="no date"):
        Days([text]).read(text)


@pytest.mark.parametrize(
    ("column", "read"),
    [
        (["1 249,90 €", "12"], ["1249.90", "12"]),
        (["1\u202f249,90\u00a0€", "EUR 3,5"], ["1249.90", "3.5"]),
        (["$12.58", "$1,249.90", "$1,249"], ["12.58", "1249.90", "1249"]),
        (["1.249,90", "1.249"], ["1249.90", "1249"]),
        (["1'249.90 CHF"], ["1249.90"]),
        (["12,50 € HT", "(12,00)", "-5"], ["12.50", "-12.00", "-5"]),
        (["1,249"], ["1249"]),
        (["1.234.567"], ["1234567"]),
    ],
)
def test_money_is_read_as_it_is_written(column, read):
    numbers = Numbers(column)
    assert [numbers.read(text) for text in column] == read


def test_three_decimals_are_thousands_for_money_and_decimals_for_a_latitude():
    assert Numbers(["45.750"], 2).read("45.750") == "45750"
    assert Numbers(["45.750"], 6).read("45.750") == "45.750"


@pytest.mark.parametrize("text", ["free", "12 k€", "12 kg", "1.2,3.4", "€", "12 TTC", "--5", "1e999x"])
def test_what_is_no_amount_is_refused_never_cut(text):
    with pytest.raises(ValueError, match="no number"):
        Numbers([text]).read(text)


def test_yes_and_no_are_words_and_nothing_else_is():
    assert [is_yes(word) for word in ("Oui", "TRUE", "1", "x", "Non", "false", "0")] == [True] * 4 + [
        False
    ] * 3
    with pytest.raises(ValueError, match="neither"):
        is_yes("maybe")


@given(st.lists(st.text(max_size=20), min_size=1, max_size=5))
def test_no_text_raises_anything_but_a_sentence(texts):
    told = []
    for reader in (Days(texts), Numbers(texts), Numbers(texts, 0)):
        for text in texts:
            try:
                reader.read(text)
            except ValueError as refused:
                told.append(str(refused))
    assert all(sentence.endswith(".") for sentence in told)


@given(st.binary(max_size=400))
def test_any_bytes_have_a_text(content):
    assert "\0" not in decode(content)
