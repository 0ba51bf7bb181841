"""A list that answers any question, edits its cells, shows what many rows will become, and compares them."""

import json
from typing import Any

import pytest
from django.http import QueryDict

from etabli.assets.models import Asset, AssetKind, AssetModel, Manufacturer
from etabli.kernel.actors import actor_of
from etabli.kernel.attachments import Tag
from etabli.kernel.attachments import tag as put_tag
from etabli.kernel.customfields import CustomField
from etabli.kernel.events import Event
from etabli.kernel.screens import registry, watching
from etabli.kernel.screens.filters import BadFilter
from etabli.kernel.screens.listing import Listing
from etabli.kernel.tenancy import scope
from etabli.people.models import Person, Room, Site

pytestmark = pytest.mark.usefixtures("in_english")
CELL = {"X-Requested-With": "cell"}


@pytest.fixture
def acme(firm):
    with scope(firm.acme.id):
        yield firm.acme


def asset(name: str, **more: Any) -> Asset:
    kind = AssetKind.objects.get(organisation=None, key="laptop")
    return Asset.objects.create(name=name, kind=kind, **more)


def names(acme: Any, query: str) -> list[str]:
    listing = Listing(registry[Asset], actor_of(acme.administrator), QueryDict(query))
    return sorted(str(obj) for obj in listing.rows)


# -- filters


def test_the_fleet_is_narrowed_by_person_room_model_maker_tag_and_any_of_them_together(acme):
    site = Site.objects.create(name="Rouen")
    room = Room.objects.create(site=site, name="2.14")
    anne = Person.objects.create(name="Anne")
    dell = Manufacturer.objects.create(name="Dell")
    model = AssetModel.objects.create(name="Latitude", manufacturer=dell)
    one = asset("a", person=anne, room=room, site=site, model=model)
    asset("b", room=room, site=site)
    asset("c")
    tag = Tag.objects.create(name="VIP")
    put_tag(one, tag, actor=actor_of(acme.administrator))
    assert names(acme, f"person={anne.pk}") == ["a"]
    assert names(acme, f"room={room.pk}") == ["a", "b"]
    assert names(acme, f"model={model.pk}") == names(acme, f"manufacturer={dell.pk}") == ["a"]
    assert names(acme, f"tagged={tag.pk}") == ["a"]
    assert names(acme, f"room={room.pk}&person=none") == ["b"]
    assert names(acme, "room=none&person=none") == ["c"]


def test_a_filter_is_turned_round_and_empty_values_are_not_lost(acme):
    site = Site.objects.create(name="Rouen")
    asset("a", site=site, state="lost")
    asset("b", state="in_service")
    asset("c", site=site)
    assert names(acme, f"site={site.pk}&not=site") == ["b"]
    assert names(acme, f"state=lost&not=state&site={site.pk}") == ["c"]
    assert names(acme, "not=site") == ["a", "b", "c"]
    browser_chip = Listing(
        registry[Asset], actor_of(acme.administrator), QueryDict(f"site={site.pk}&not=site&state=lost")
    ).context()["chips"]
    chip = next(c for c in browser_chip if c["value"] == "all but Rouen")
    assert chip["remove_url"] == "?state=lost"


def test_age_memory_and_free_disk_compare_with_a_number(acme):
    from datetime import timedelta

    from django.utils import timezone

    from etabli.assets.models import Volume

    today = timezone.localdate()
    old = asset("old", bought_on=today - timedelta(days=1900), memory_mib=4096)
    asset("new", bought_on=today - timedelta(days=100), memory_mib=16384)
    Volume.objects.create(asset=old, mount="C:", size_mib=1000, free_mib=90)
    assert names(acme, "age_over=5") == ["old"]
    assert names(acme, "memory_under=8") == ["old"]
    assert names(acme, "memory_under=0,5") == []
    assert names(acme, "free_under=10") == ["old"]
    assert names(acme, "free_under=5") == []
    for bad in ("x", "-1", "101", "NaN", "1e99"):
        with pytest.raises(BadFilter, match="not a number between 0 and 100"):
            names(acme, f"free_under={bad}")


def test_the_fields_an_organisation_added_are_filters_too(acme):
    kinds = {"contrat": "text", "etage": "number", "pose": "date", "loue": "boolean", "couleur": "choice"}
    for key, kind in kinds.items():
        options = ["rouge", "bleu"] if kind == "choice" else []
        CustomField.objects.create(noun="asset", key=key, label=key.title(), kind=kind, options=options)
    asset(
        "a",
        custom={
            "contrat": "Maintenance A",
            "etage": 2,
            "pose": "2026-03-01",
            "loue": True,
            "couleur": "bleu",
        },
    )
    asset("b", custom={"etage": 3, "couleur": "rouge", "pose": "2025-01-01"})
    assert names(acme, "custom.contrat=maintenance") == ["a"]
    assert names(acme, "custom.etage=3") == ["b"]
    assert names(acme, "custom.pose=2026-01-01..2026-12-31") == ["a"]
    assert names(acme, "custom.loue=1") == ["a"]
    assert names(acme, "custom.couleur=bleu&custom.couleur=rouge") == ["a", "b"]
    shown = Listing(registry[Asset], actor_of(acme.administrator), QueryDict("custom.couleur=bleu")).context()
    assert {"label": "Couleur", "value": "bleu", "remove_url": "?"} in shown["chips"]


def test_the_number_of_queries_of_the_fleet_does_not_depend_on_its_rows(
    acme, client_of, django_assert_max_num_queries
):
    site = Site.objects.create(name="Rouen")
    for number in range(40):
        asset(f"PC-{number}", site=site, person=Person.objects.create(name=f"P{number}"))
    browser = client_of(acme.administrator)
    browser.get("/assets/")
    with django_assert_max_num_queries(34):
        browser.get("/assets/")


# -- cells


def test_a_cell_is_edited_in_place_and_taken_back(acme, client_of):
    pc = asset("PC-1")
    browser = client_of(acme.administrator)
    page = browser.get("/assets/?columns=name,tag,site").content.decode()
    assert '<tr data-version="1">' in page
    assert 'data-edit="tag"' in page
    address = f"/assets/{pc.pk}/cell/tag/"
    assert 'name="tag"' in browser.get(address, headers=CELL).content.decode()
    done = browser.post(address, {"tag": "INV-7", "version": "1"}, headers=CELL)
    assert (done.status_code, done.content.decode(), done["X-Version"]) == (200, "INV-7", "2")
    undo = json.loads(done["HX-Trigger"])["toast"]["undo"]
    assert browser.post(undo).status_code == 302
    pc.refresh_from_db()
    assert pc.tag == ""


def test_a_cell_changed_meanwhile_is_told_and_written_over_only_when_asked_again(acme, client_of):
    pc = asset("PC-1", tag="OLD")
    anne, paul = client_of(acme.administrator), client_of(acme.technician)
    paul.post(f"/assets/{pc.pk}/cell/tag/", {"tag": "PAUL", "version": "1"}, headers=CELL)
    refused = anne.post(f"/assets/{pc.pk}/cell/tag/", {"tag": "ANNE", "version": "1"}, headers=CELL)
    assert refused.status_code == 409
    text = refused.content.decode()
    assert "the value is now: PAUL" in text
    assert 'value="ANNE"' in text
    assert 'name="version" value="2"' in text
    assert (
        anne.post(f"/assets/{pc.pk}/cell/tag/", {"tag": "ANNE", "version": "2"}, headers=CELL).status_code
        == 200
    )


def test_a_cell_refuses_what_the_form_refuses(acme, client_of):
    asset("PC-1", tag="INV-1")
    pc = asset("PC-2")
    browser = client_of(acme.administrator)
    refused = browser.post(f"/assets/{pc.pk}/cell/tag/", {"tag": "INV-1", "version": "1"}, headers=CELL)
    assert refused.status_code == 422
    assert "already has this tag" in refused.content.decode()
    assert browser.post(f"/assets/{pc.pk}/cell/uuid/", {"uuid": "x"}, headers=CELL).status_code == 404
    assert client_of(acme.auditor).post(f"/assets/{pc.pk}/cell/tag/", {"tag": "x"}).status_code == 403


def test_without_a_script_the_address_of_a_cell_leads_to_the_form(acme, client_of):
    pc = asset("PC-1")
    answer = client_of(acme.administrator).get(f"/assets/{pc.pk}/cell/tag/")
    assert answer["Location"] == f"/assets/{pc.pk}/edit/#id_tag"


# -- many rows


def test_setting_a_field_of_a_query_shows_old_and_new_first(acme, client_of):
    rouen, caen = Site.objects.create(name="Rouen"), Site.objects.create(name="Caen")
    for name, site in (("a", rouen), ("b", None), ("c", caen), ("d", rouen)):
        asset(name, site=site)
    browser = client_of(acme.administrator)
    sent = {"all": "1", "query": "state=in_service", "confirmed": "1", "field": "site", "site": caen.pk}
    shown = browser.post("/assets/bulk/set/", {**sent, "preview": "1"})
    text = shown.content.decode()
    assert "3 rows will change." in text
    assert "1 row already has this value." in text
    assert "<del>Rouen</del></td><td><ins>Caen</ins>" in text
    assert Asset.objects.filter(site=caen).count() == 1
    done = browser.post("/assets/bulk/set/", sent)
    assert done.status_code == 302
    assert Asset.objects.filter(site=caen).count() == 4
    undo = next(m.extra_tags for m in done.wsgi_request._messages._queued_messages)
    browser.post(undo.removeprefix("undo="))
    assert sorted(Asset.objects.filter(site=rouen).values_list("name", flat=True)) == ["a", "d"]


@pytest.mark.parametrize(("field", "value", "told"), [("supplier", "", "emptied"), ("state", "lost", "lost")])
def test_a_preview_tells_an_emptied_value_and_the_words_of_a_choice(acme, client_of, field, value, told):
    asset("a", supplier="Inmac")
    asset("b", state="lost")
    sent = {"all": "1", "query": "", "confirmed": "1", "field": field, field: value, "preview": "1"}
    text = client_of(acme.administrator).post("/assets/bulk/set/", sent).content.decode()
    assert "1 row will change." in text
    assert f"<ins>{told}</ins>" in text


# -- comparison


def test_machines_are_compared_differences_first(acme, client_of):
    site = Site.objects.create(name="Rouen")
    one, two = asset("PC-1", site=site, tag="A"), asset("PC-2", site=site, tag="B")
    browser = client_of(acme.auditor)
    moved = browser.post("/assets/compare/", {"ids": [one.pk, two.pk]})
    assert moved["Location"] == f"/assets/compare/?ids={one.pk}&ids={two.pk}"
    different, same = browser.get(moved["Location"]).content.decode().split("<details", 1)
    assert "Asset tag" in different
    assert "Site" not in different.partition("<table")[2]
    assert "Site" in same
    too_few = browser.get(f"/assets/compare/?ids={one.pk}", follow=True)
    assert "Tick two to four rows" in too_few.content.decode()


def test_nothing_of_another_organisation_is_compared(firm, acme, client_of, maker):
    foreign, mine, other = maker(firm.globex).get(Asset), asset("PC-1"), asset("PC-2")
    page = client_of(acme.auditor).get(f"/assets/compare/?ids={foreign.pk}&ids={mine.pk}&ids={other.pk}")
    assert page.status_code == 200
    assert "zorglub" not in page.content.decode()


# -- two people


def test_a_stale_form_shows_both_values_and_saves_what_is_chosen(acme, client_of):
    pc = asset("PC-1", tag="OLD", supplier="Old")
    anne, paul = client_of(acme.administrator), client_of(acme.technician)
    base = {
        "name": "PC-1",
        "kind": pc.kind_id,
        "state": "in_service",
        "criticality": 2,
        "ownership": "company",
    }
    address = f"/assets/{pc.pk}/edit/"
    assert paul.post(address, {**base, "tag": "PAUL", "supplier": "Paul", "version": 1}).status_code == 302
    hers = {**base, "tag": "ANNE", "supplier": "Anne"}
    refused = anne.post(address, {**hers, "version": 1})
    text = refused.content.decode()
    assert refused.status_code == 409
    assert "PAUL" in text
    assert "ANNE" in text
    assert 'name="version" value="2"' in text
    assert anne.post(address, {**hers, "version": 2, "keep_theirs": "tag"}).status_code == 302
    pc.refresh_from_db()
    assert (pc.tag, pc.supplier) == ("PAUL", "Anne")


def test_the_banner_tells_what_somebody_else_changed_and_nothing_of_oneself(acme, rf):
    pc, screen = asset("PC-1"), registry[Asset]
    anne, paul = actor_of(acme.administrator), actor_of(acme.technician)
    since = Event.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    from etabli.kernel.screens.forms import form_class, values_of

    form = form_class(screen)({**values_of(screen, pc), "tag": "INV-1"}, instance=pc, actor=paul)
    assert form.is_valid()
    screen.save(form, paul)
    request = rf.get("/", {"since": str(since)})
    request.actor = anne
    html = watching.render_news(screen, request, pc.pk)
    assert "Acme technician" in html
    assert "INV-1" in html
    request.actor = paul
    assert watching.render_news(screen, request, pc.pk) == ""
