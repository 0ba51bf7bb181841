"""What is printed: the words given, as text, in a tagged PDF."""

import io

import pypdf

from etabli.kernel import documents


def printed(content: bytes) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(content))


def a_list(rows: list[list[str]]) -> bytes:
    content = {"title": "Parc", "subtitle": "2 actifs", "header": ["Nom", "Série"], "rows": rows}
    return documents.pdf("kernel/list", content, organisation="Clinique des Tilleuls", reference="PV-12")


def test_a_document_says_what_it_was_given_and_whose_it_is():
    text = printed(a_list([["PC-0417", "5CG1"], ["Écran", "—"]])).pages[0].extract_text()
    for word in ("Parc", "2 actifs", "PC-0417", "Écran", "Clinique des Tilleuls", "PV-12"):
        assert word in text


def test_a_long_table_repeats_its_header_on_each_page():
    pages = printed(a_list([[f"PC-{n:04}", "x"] for n in range(200)])).pages
    assert len(pages) > 3
    assert all("Série" in page.extract_text() for page in pages)


def test_what_people_type_is_never_read_as_markup():
    hostile = '#panic("no") *bold* $x$ <label> @ref `raw` \\ " ] } #import "/etc/passwd"'
    text = printed(a_list([[hostile, "x"]])).pages[0].extract_text()
    assert "#panic" in text
    assert "*bold*" in text


def test_a_document_is_tagged_for_screen_readers_and_speaks_a_language():
    root = printed(a_list([])).trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"]
