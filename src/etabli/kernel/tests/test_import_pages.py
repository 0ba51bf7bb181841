"""What the pages of an import add: words explained, mappings remembered, lines left out, related objects taken back."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from etabli.assets.models import Asset, AssetKind, AssetModel, Manufacturer
from etabli.kernel.actors import actor_of
from etabli.kernel.events import Event
from etabli.kernel.externalids import ExternalId
from etabli.kernel.screens import registry
from etabli.kernel.screens.importing import actions
from etabli.kernel.screens.importing.models import Import, ImportMapping
from etabli.kernel.tenancy import scope
from etabli.people.models import Person, Room, Site

pytestmark = pytest.mark.usefixtures("in_english")


@pytest.fixture
def anne(firm):
    with scope(firm.acme.id):
        yield actor_of(firm.acme.administrator)


def begun(
    anne, text: str, mapping: list[str] | None = None, model=Asset, organisation: int | None = None, **changes
) -> Import:
    made = actions.begin(
        registry[model],
        content=text.encode(),
        name="f.csv",
        organisation_id=organisation or next(iter(anne.places)),
        actor=anne,
    )
    if mapping is not None:
        made.parts[0]["mapping"] = mapping
    for name, value in changes.items():
        setattr(made, name, value)
    made.save()
    actions.check(made, registry[model], anne)
    return made


def brought(anne, text, mapping=None, model=Asset, **changes) -> Import:
    made = begun(anne, text, mapping, model, **changes)
    actions.commit(made, registry[model], anne)
    return made


def posted(browser, content: bytes, act: dict[str, str], url: str = "/assets/import/") -> str:
    page = browser.post(url, {"file": SimpleUploadedFile("x.csv", content)}).headers["Location"]
    browser.post(page, act)
    return page


COLUMNS = {"column-0-0": "name", "column-0-1": "kind", "column-0-2": "state", "create_missing": "1"}


def test_a_word_without_a_meaning_is_asked_then_remembered_for_the_next_file(firm, client_of):
    browser = client_of(firm.acme.administrator)
    page = posted(
        browser,
        b"Nom;Nature;Etat\nPC 1;laptop;zorglonde\nPC 2;laptop;in stock\n",
        {"act": "check", **COLUMNS},
    )
    assert "zorglonde" in browser.get(page).content.decode()
    browser.post(page, {"act": "words", "word-0": "in_repair"})
    browser.post(page, {"act": "commit"})
    with scope(firm.acme.id):
        assert dict(Asset.objects.values_list("name", "state")) == {"PC 1": "in_repair", "PC 2": "in_stock"}
        assert ImportMapping.objects.get().words == {"state": {"zorglonde": "in_repair"}}
    again = browser.post("/assets/import/", {"file": SimpleUploadedFile("y.csv", b"Nom;Nature;Etat\nPC 3;laptop;Zorglonde\n")}).headers["Location"]  # fmt: skip
    with scope(firm.acme.id):
        made = Import.objects.order_by("-pk").first()
        assert made.parts[0]["mapping"] == ["name", "kind", "state"]
        actions.check(made, registry[Asset], actor_of(firm.acme.administrator))
        assert made.counts["create"] == 1
    assert "Zorglonde" in browser.get(again).content.decode(), "what is remembered is shown, to be corrected"


def test_a_mapping_is_remembered_for_its_organisation_alone(anne, firm):
    brought(anne, "Truc;Machin\nA;laptop\n", ["name", "kind"])
    assert begun(anne, "TRUC; machin\nB;laptop\n").counts["create"] == 1
    assert begun(anne, "Machin;Truc\nlaptop;B\n").parts[0]["mapping"] == ["", ""], "another header"
    with scope(firm.globex.id):
        bob = actor_of(firm.globex.administrator)
        made = actions.begin(registry[Asset], content=b"Truc;Machin\nC;laptop\n", name="f", organisation_id=firm.globex.id, actor=bob)  # fmt: skip
        assert made.parts[0]["mapping"] == ["", ""]


def test_related_objects_are_announced_made_with_what_the_row_says_and_taken_back(anne):
    text = "Name;Kind;Model;Maker;Site;Room;Who;Mail\nPC 1;laptop;Latitude;Dell;Lyon;12;Jeanne Dupont;jd@example.fr\nPC 2;laptop;Latitude;HP;Lille;12;;jd@example.fr\n"
    mapping = ["name", "kind", "model", "model__manufacturer", "site", "room", "person", "person__email"]
    made = begun(anne, text, mapping)
    also = {one["noun"]: one["count"] for one in made.findings["also"]}
    assert also == {"manufacturer": 2, "assetmodel": 2, "site": 2, "room": 2, "person": 1}
    assert not Site.objects.exists()
    actions.commit(made, registry[Asset], anne)
    first, second = Asset.objects.order_by("name")
    assert (str(first.model.manufacturer), str(second.model.manufacturer)) == ("Dell", "HP")
    assert (str(first.room.site), str(second.room.site)) == ("Lyon", "Lille"), (
        "a room is in the site of its row"
    )
    assert first.person == second.person
    actions.take_back(made, anne)
    assert not any(m.objects.exists() for m in (Asset, AssetModel, Manufacturer, Site, Room, Person))


def test_an_import_whose_related_objects_serve_somebody_else_is_not_half_undone(anne):
    made = brought(anne, "Name;Kind;Site\nPC 1;laptop;Lyon\n", ["name", "kind", "site"])
    brought(anne, "Name;Kind;Site\nPC 2;laptop;Lyon\n", ["name", "kind", "site"])
    with pytest.raises(Exception, match="still used by"):
        actions.take_back(made, anne)
    assert Asset.objects.count() == 2


def test_without_leave_nothing_is_made_beside_the_rows(anne):
    made = begun(anne, "Name;Kind;Site\nPC 1;laptop;Lyon\n", ["name", "kind", "site"], create_missing=False)
    assert (made.counts["error"], made.findings["also"]) == (1, [])


def test_lines_in_error_are_left_out_when_somebody_says_so(firm, client_of):
    browser = client_of(firm.acme.administrator)
    page = posted(
        browser,
        b"Nom;Nature;Prix\nPC 1;laptop;12\nPC 2;laptop;cheap\n",
        {"act": "check", **COLUMNS, "column-0-2": "price"},
    )
    browser.post(page, {"act": "commit"})
    with scope(firm.acme.id):
        assert not Asset.objects.exists()
    assert "Import without the line in error" in browser.get(page).content.decode()
    browser.post(page, {"act": "leave_out"})
    with scope(firm.acme.id):
        assert [asset.name for asset in Asset.objects.all()] == ["PC 1"]


def test_the_source_can_be_corrected(firm, client_of):
    browser = client_of(firm.acme.administrator)
    page = posted(
        browser, b"Name;Asset Tag;Category;Mine\nPC 1;T1;Laptops;x\n", {"act": "source", "source": "sheet"}
    )
    with scope(firm.acme.id):
        made = Import.objects.get()
        assert (made.source, made.parts[0]["mapping"]) == ("sheet", ["name", "tag", "", ""])
    assert browser.get(page).status_code == 200


def test_an_identifier_of_another_tool_is_kept_and_finds_the_object_again(anne):
    mapping = ["external_id", "name", "kind", "serial"]
    brought(anne, "Id;Name;Kind;Serial\n7;PC 1;laptop;S1\n", mapping)
    made = brought(anne, "Id;Name;Kind;Serial\n7;PC renamed;laptop;S2\n", mapping)
    assert made.counts["update"] == 1
    asset = Asset.objects.get()
    assert (asset.name, ExternalId.objects.get().object_id) == ("PC renamed", asset.pk)
    registry[Asset].delete(asset, anne)
    assert brought(anne, "Id;Name;Kind;Serial\n7;PC 1;laptop;S1\n", mapping).counts["create"] == 1
    assert ExternalId.objects.get().object_id == Asset.objects.get().pk


@pytest.mark.parametrize(
    ("text", "mapping", "assets"),
    [
        ("T;S;N;K\nT1;JUNK;A;laptop\nT2;JUNK;B;laptop\n", ["tag", "serial", "name", "kind"], 2),
        ("I;S;N;K\n1;JUNK;A;laptop\n2;JUNK;A;laptop\n", ["external_id", "serial", "name", "kind"], 2),
        ("T;S;N;K\nT1;S1;A;laptop\n;S1;A;laptop\n", ["tag", "serial", "name", "kind"], 1),
    ],
    ids=["two tags", "two identifiers", "twice the same"],
)
def test_two_rows_are_one_machine_only_when_nothing_says_otherwise(anne, text, mapping, assets):
    brought(anne, text, mapping, leave_out=True)
    assert Asset.objects.count() == assets


def test_a_serial_number_is_corrected_through_the_tag(anne):
    brought(anne, "T;S;N;K\nT1;S1;A;laptop\n", ["tag", "serial", "name", "kind"])
    made = brought(anne, "T;S;N;K\nT1;S2;A;laptop\n", ["tag", "serial", "name", "kind"])
    assert (made.counts["update"], Asset.objects.get().serial) == (1, "S2")


def test_an_asset_known_by_its_name_alone_is_completed_and_a_homonym_is_not_chosen_by_chance(anne):
    brought(anne, "N;K\nPC 1;laptop\n", ["name", "kind"])
    made = brought(anne, "N;K;T\nPC 1;laptop;T1\nPC 1;laptop;T2\n", ["name", "kind", "tag"])
    assert (made.counts["update"], made.counts["create"]) == (1, 1)
    made = begun(anne, "N;K;P\nPC 1;laptop;12\n", ["name", "kind", "price"])
    assert "several are called" in made.preview[0]["text"]


class Rival:
    """Somebody who writes the tag of a later row while the import is under way."""

    def begin(self, title: str, *, total: int = 0) -> None:
        self.kind = AssetKind.objects.get(organisation=None, key="laptop")

    def progress(self, done: int) -> None:
        if done == 100:
            Asset.objects.create(tag="T130", name="Quick", kind=self.kind)


def test_a_row_the_database_refuses_is_told_and_nothing_is_written(anne):
    lines = "".join(f"PC {n};laptop;T{n}\n" for n in range(150))
    made = begun(anne, "N;K;T\n" + lines, ["name", "kind", "tag"])
    with pytest.raises(actions.Refused, match="Row 132: The database refuses"):
        actions.commit(made, registry[Asset], anne, Rival())
    assert not Asset.objects.exists()
    assert not Event.objects.filter(noun="asset").exists()
    made.leave_out = True
    actions.commit(made, registry[Asset], anne, Rival())
    assert (Asset.objects.count(), made.counts["error"]) == (150, 1)


def test_a_column_cannot_be_sent_where_no_column_goes(firm, client_of):
    browser = client_of(firm.acme.administrator)
    posted(
        browser,
        b"Nom;Nature\nPC 1;laptop\n",
        {"act": "check", "column-0-0": "uuid", "column-0-1": "organisation"},
    )
    with scope(firm.acme.id):
        assert Import.objects.get().parts[0]["mapping"] == ["", ""]


def test_the_id_of_another_organisations_object_means_nothing(anne, firm, maker):
    foreign = maker(firm.globex).new(Site, name="Secret")
    made = begun(anne, "N;K;S\nPC 1;laptop;x\n", ["name", "kind", "site"], create_missing=False)
    made.parts[0]["words"] = {"site": {"x": f"#{foreign.pk}"}}
    actions.check(made, registry[Asset], anne)
    assert made.counts["error"] == 1
    assert "Secret" not in str(made.preview)


def test_a_thousand_columns_make_a_page_that_opens(firm, client_of):
    browser = client_of(firm.acme.administrator)
    wide = ";".join(["Nom", *(f"C{n}" for n in range(999))]) + "\n" + ";".join("x" * 1000) + "\n"
    page = browser.post("/assets/import/", {"file": SimpleUploadedFile("x.csv", wide.encode())}).headers[
        "Location"
    ]
    body = browser.get(page).content.decode()
    assert body.count("<select") < 120
    assert "900 more columns are left out" in body
