"""Lists of Snipe-IT and GLPI: recognised, brought in whole, found again, taken back."""

import gzip
import random
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etabli.assets.importers import mysqldump
from etabli.assets.importers.glpi_dump import wanted
from etabli.assets.importers.months import later
from etabli.assets.importers.mysqldump import BadDump
from etabli.assets.models import Asset, AssetKind, AssetModel, Licence, Manufacturer, StockItem
from etabli.kernel.actors import actor_of
from etabli.kernel.externalids import ExternalId, told_of
from etabli.kernel.screens.importing import actions, sources
from etabli.kernel.screens.importing.sheets import UnreadableSheet
from etabli.kernel.tenancy import scope
from etabli.people.models import Floor, Person, Room, Site

from .bringing import again_changes_nothing, begun, brought, sample
from .dumps import FAMILIES, RECENT

pytestmark = pytest.mark.usefixtures("in_english")


@pytest.fixture
def anne(firm):
    with scope(firm.acme.id):
        yield actor_of(firm.acme.administrator)


# -- Snipe-IT ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "slug", "rows", "errors"),
    [
        ("assets-sample.csv", "assets", 22, 0),
        ("assets-sample-BAD.csv", "assets", 200, 0),
        ("assets-sample-BLANKS.csv", "assets", 200, 0),
        ("users-sample.csv", "people", 100, 0),
        ("models-sample.csv", "models", 20, 0),
        ("locations-sample.csv", "sites", 17, 2),  # two places are written twice
        ("licenses-sample.csv", "licences", 50, 0),
        ("accessories-sample.csv", "stock-items", 3, 0),
        ("consumables-sample.csv", "stock-items", 3, 0),
        ("components-sample.csv", "stock-items", 1, 0),
    ],
)
def test_a_sample_of_snipe_it_goes_in_once_and_is_taken_back_whole(anne, name, slug, rows, errors):
    content = sample(name)
    counted = [Asset, Person, Site, Room, Manufacturer, AssetModel, AssetKind, StockItem, Licence]
    before = [model.objects.count() for model in counted]
    made = brought(anne, content, name, leave_out=True)
    assert (made.source, made.slug) == ("snipe", slug)
    assert (made.counts["create"], made.counts["error"]) == (rows, errors), made.preview[:3]
    again_changes_nothing(anne, content, leave_out=True)
    actions.take_back(made, anne)
    assert [model.objects.count() for model in counted] == before
    assert not ExternalId.objects.exists()


def test_the_cells_of_several_lines_of_the_licences_are_fifty_rows():
    from etabli.kernel.screens.importing import sheets

    assert len(sheets.read(sample("licenses-sample.csv")).rows) == 50


def test_assets_of_snipe_it_bring_their_models_owners_and_places(anne):
    brought(anne, sample("assets-sample.csv"))
    asset = Asset.objects.get(tag="WBH-2841795")
    assert (asset.name, str(asset.model), str(asset.model.manufacturer)) == (
        "Dragline", 'Macbook Pro 13"', "Botsford, Boyle and Herzog",
    )  # fmt: skip
    assert (asset.model.reference, asset.person.name, asset.person.email) == (
        "9351IS25A51", "Gage McCrackem", "gmccrackem2a@bing.com",
    )  # fmt: skip
    assert (asset.bought_on, str(asset.price), asset.state) == (date(2022, 11, 14), "1292.94", "in_service")
    assert Asset.objects.get(tag="ICC-2065556").state == "in_stock"
    assert AssetModel.objects.filter(name='Macbook Pro 13"').count() > 1, "one model by manufacturer"


def test_numbers_shortened_by_a_spreadsheet_are_left_out_and_told(anne):
    made = brought(anne, sample("assets-sample-BAD.csv"))
    assert not AssetModel.objects.exclude(reference="").exists()
    assert any("200 numbers such as “6.37702E+15”" in remark for remark in made.findings["remarks"])
    asset = Asset.objects.get(tag="970882174-8")
    assert (asset.bought_on, asset.warranty_end) == (date(2016, 4, 5), date(2017, 6, 5))
    assert asset.state == "in_repair"
    words = {(w["text"], w["means"]) for w in made.findings["unknown"]}
    assert {("Undeployable", "in_repair"), ("Archived", "retired"), ("Lost", "lost")} <= words


def test_a_shortened_serial_number_is_refused(anne):
    made = begun(anne, b"Name;Asset Tag;Serial;Category\nPC;T1;6.37702E+15;Laptops\n")
    assert made.counts["error"] == 1
    assert "its last digits are lost" in made.preview[0]["text"]


def test_users_of_snipe_it_know_their_managers_and_their_logins(anne):
    brought(anne, sample("users-sample.csv"))
    first = Person.objects.get(email="rtenant0@istockphoto.com")
    assert (first.name, first.title, first.vip, str(first.manager)) == (
        "Reagen Tenant", "Nurse Practicioner", True, "Reagen Tenant",
    )  # fmt: skip
    assert Person.objects.filter(name="Veronike Poytress").count() == 1, (
        "named as a manager before her own row"
    )
    assert [str(one) for one in told_of(first)] == ["snipe: rtenant0"]


def test_an_answer_of_the_api_of_snipe_it(anne):
    content = sample("snipe_api_hardware_sample.json")
    brought(anne, content)
    asset = Asset.objects.get()
    assert (asset.name, asset.tag, asset.serial, asset.kind.key, asset.state) == (
        "PC-COMPTA-07", "ETB-00042", "5CG1234XYZ", "laptop", "in_service",
    )  # fmt: skip
    assert (str(asset.site), str(asset.room)) == ("Lyon", "2e étage"), "the names come as HTML"
    assert (str(asset.price), asset.bought_on, asset.warranty_end) == (
        "1249.90",
        date(2023, 3, 1),
        date(2026, 3, 1),
    )
    assert (asset.person.name, asset.person.employee_number) == ("Jeanne Dupont", "E012")
    assert [one.external for one in told_of(asset)] == ["42"]
    again_changes_nothing(anne, content)


def test_what_the_other_tool_calls_an_asset_finds_it_again_whatever_else_changed(anne):
    content = b'[{"id": 42, "name": "A", "asset_tag": "T1", "serial": "S1", "category": "Laptops"}]'
    brought(anne, content)
    made = brought(anne, content.replace(b"T1", b"T9").replace(b"S1", b"S9").replace(b'"A"', b'"B"'))
    assert made.counts["update"] == 1
    assert Asset.objects.get().tag == "T9"


# -- GLPI ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("family", FAMILIES)
def test_a_dump_of_each_family_gives_the_same_fleet(anne, family):
    made = brought(anne, FAMILIES[family], "glpi.sql")
    assert made.source == "glpi-sql"
    assert made.counts["error"] == 0, made.preview[:3]
    assert sorted(Asset.objects.values_list("name", flat=True)) == ["PC-COMPTA", "Écran"]
    asset = Asset.objects.get(serial="SN1")
    assert (asset.tag, asset.kind.key, str(asset.model), str(asset.model.manufacturer), asset.state) == (
        "INV-1", "laptop", "Latitude E6400", "Dell", "in_service",
    )  # fmt: skip
    assert (str(asset.site), str(asset.room), asset.supplier, asset.order_number) == (
        "Lyon", "R&D", "Fournisseur A", "BC-9",
    )  # fmt: skip
    assert asset.warranty_end == date(2012, 2, 29)
    assert asset.price is None, "GLPI does not say whether its value includes tax: it is for somebody to say"
    assert asset.remarks == 'Note; it\'s "here"\nand (there);'
    assert (asset.person.email, str(asset.person.room)) == ("jeanne.dupont@example.fr", "Accueil")
    assert Asset.objects.get(serial="MON1").kind.key == "monitor"
    assert [one.name for one in Person.objects.all()] == ["Jeanne Dupont"], (
        "accounts of GLPI itself are nobody"
    )
    assert [one.external for one in told_of(asset)] == ["Computer:1"]
    again_changes_nothing(anne, FAMILIES[family])


def test_a_dump_is_taken_back_whole(anne):
    made = brought(anne, gzip.compress(RECENT.encode()), "glpi.sql.gz")
    assert Site.objects.get().postcode == "69001"
    assert Asset.objects.get(serial="SN1").criticality == Asset.Criticality.HIGH
    actions.take_back(made, anne)
    assert not any(
        m.objects.exists() for m in (Asset, Person, Site, Room, AssetModel, Manufacturer, ExternalId)
    )


FRENCH = """"Nom";"Entité";"Statut";"Fabricants";"Numéro de série";"Types";"Modèle";"Lieu";"Utilisateur";"Dernière modification";"ID";
"PC-1";"Racine";"En stock";"Dell";"S1";"Portable";"Latitude";"Lyon > Bâtiment A > 2e étage > Salle 12";"Jeanne Dupont
Paul Martin";"2026-01-02 10:00";"11";
"PC-2";"Racine";"En production";"HP";"S2";"PC fixe";"ProDesk";"Lyon > Bâtiment B > RDC > Salle 12";"";"2026-01-02 10:00";"12";
"""
ENGLISH = """"Name";"Entity";"Status";"Manufacturers";"Serial number";"Types";"Model";"Location";"User";"Last update";"ID";
"PC-1";"Root";"In stock";"Dell";"S1";"Laptop";"Latitude";"Lyon > Bâtiment A > 2e étage > Salle 12";"Jeanne Dupont
Paul Martin";"2026-01-02 10:00";"11";
"PC-2";"Root";"In use";"HP";"S2";"Desktop";"ProDesk";"Lyon > Bâtiment B > RDC > Salle 12";"";"2026-01-02 10:00";"12";
"""


@pytest.mark.parametrize("content", [FRENCH, ENGLISH], ids=["french", "english"])
def test_a_list_of_glpi_in_either_language(anne, content):
    made = brought(anne, content.encode("utf-8-sig"))
    assert made.source == "glpi"
    first, second = Asset.objects.order_by("name")
    assert (first.kind.key, first.state, str(first.model.manufacturer), str(first.person)) == (
        "laptop", "in_stock", "Dell", "Jeanne Dupont",
    )  # fmt: skip
    assert (second.kind.key, second.state) == ("desktop", "in_service")
    assert first.room != second.room, "two rooms of the same name in two buildings"
    assert {str(f) for f in Floor.objects.all()} == {"Bâtiment A · 2e étage", "Bâtiment B · RDC"}
    again_changes_nothing(anne, content.encode())


def test_glpi_written_by_us_is_not_taken_for_glpi(anne):
    for header in (b"Name;Kind;State;Asset tag;Serial number;Model;Site\nA;laptop;;T;S;M;Lyon\n",):
        assert sources.recognise(sources.of_bytes("ours.csv", header)).key == "sheet"


# -- dumps ---------------------------------------------------------------------------------------------------
def rows_of(text: str) -> list[tuple[str, dict[str, str]]]:
    import io

    return list(mysqldump.rows(io.BytesIO(text.encode()), wanted))


def test_texts_of_a_dump_are_unescaped():
    text = r"INSERT INTO `glpi_states` (`id`, `name`) VALUES (1,'a\'b''c\\d\n);'),(2,NULL),(-3,'');"
    assert [line for _t, line in rows_of(text)] == [
        {"id": "1", "name": "a'b'c\\d\n);"}, {"id": "2", "name": ""}, {"id": "-3", "name": ""},
    ]  # fmt: skip


def test_a_semicolon_at_the_end_of_a_line_inside_a_text_ends_nothing():
    text = "INSERT INTO `glpi_states` (`id`, `name`) VALUES\n(1,'one);\ntwo'),\n(2,'x');\n"
    assert [line["name"] for _t, line in rows_of(text)] == ["one);\ntwo", "x"]


@pytest.mark.parametrize(
    "text",
    [
        "INSERT INTO `glpi_states` VALUES (1,'x');",
        "INSERT INTO `glpi_states` (`id`) VALUES (1",
        "INSERT INTO `glpi_states` (`id`) VALUES (1,'x;\n",
        "INSERT INTO `glpi_states` (`id`) VALUES (SELECT 1);",
    ],
)
def test_a_broken_dump_is_refused_with_a_sentence(anne, text):
    with pytest.raises(BadDump):
        rows_of(text)
    with pytest.raises(UnreadableSheet, match="This dump cannot be read"):
        begun(anne, f"-- glpi\n{text} ".encode() + b" ")


def test_months_are_added_as_people_count_them():
    assert later(date(2024, 1, 31), 1) == date(2024, 2, 29)
    assert later(date(2023, 11, 30), 3) == date(2024, 2, 29)
    assert later(date(2023, 3, 1), 36) == date(2026, 3, 1)


# -- any file ------------------------------------------------------------------------------------------------
SEEDS = [RECENT.encode(), FAMILIES["0.7"], FRENCH.encode(), ENGLISH.encode(),
         b"Name;Asset Tag;Serial;Category\nPC;T1;6.37702E+15;Laptops\n",
         b'{"total": 1, "rows": [{"id": 1, "name": {"a": [1]}, "asset_tag": null, "category": {"id": 1, "name": "x"}}]}']  # fmt: skip


@st.composite
def damaged(draw) -> bytes:
    """A file of a known tool with pieces cut, doubled, swapped for noise."""
    content = bytearray(draw(st.sampled_from(SEEDS)))
    chance = random.Random(draw(st.integers(0, 1 << 30)))
    for _ in range(draw(st.integers(0, 8))):
        at, size = chance.randrange(len(content)), chance.randrange(1, 40)
        piece = chance.choice(
            [b"", content[at : at + size] * 2, chance.randbytes(size), b"'", b'"', b"\0", b";", b"(", b"\n"]
        )
        content[at : at + size] = piece
        content = content or bytearray(b";")
    return bytes(content)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(damaged() | st.binary(max_size=200))
def test_no_file_raises_anything_but_a_plain_refusal(content):
    """Recognising and reading: every source, whatever it is given."""
    file, told = sources.of_bytes("x", content), []
    for source in sources.every():
        source.recognises(file)
        if not isinstance(source, sources.Bringing):
            try:
                for table in source.tables(file, "assets"):
                    assert len(table.mapping or table.sheet.header) == len(table.sheet.header)
                    assert all(len(row) == len(table.sheet.header) for row in table.sheet.rows)
            except UnreadableSheet as refused:
                told.append(str(refused))
        assert all(sentence.endswith(".") for sentence in told)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(damaged())
def test_no_file_breaks_a_check(anne, content):
    try:
        made = begun(anne, content)
    except UnreadableSheet:
        return
    except sources.Taken:
        return
    assert sum(made.counts.values()) == sum(part["total"] for part in made.parts)
    assert not Asset.objects.exists()
