"""A declaration and what it gives: names, columns, panels, acts on many rows."""

import pytest
from django.core.exceptions import ValidationError
from django.http import QueryDict

from etabli.kernel import jobs
from etabli.kernel.actors import actor_of
from etabli.kernel.events import Event
from etabli.kernel.jobs import Job
from etabli.kernel.screens import Screen, acts, by_noun, by_slug, registry
from etabli.kernel.screens.listing import Listing
from etabli.kernel.screens.writing import delete
from etabli.kernel.tenancy import scope
from etabli.people.models import Building, Site, Team

SCREENS = {screen.noun: screen for screen in registry.values()}
pytestmark = pytest.mark.usefixtures("in_english")


@pytest.fixture
def anne(firm):
    with scope(firm.acme.id):
        yield actor_of(firm.acme.administrator)


def test_a_noun_and_its_address_are_unique():
    assert (
        len({s.noun for s in registry.values()}) == len({s.slug for s in registry.values()}) == len(registry)
    )
    assert all(by_noun(s.noun) is by_slug(s.slug) is s for s in registry.values())
    assert by_noun("nothing") is by_slug("nothing") is None


@pytest.mark.parametrize("noun", SCREENS)
def test_a_screen_names_only_fields_that_exist(noun):
    screen = SCREENS[noun]
    names = {f.name for f in screen.model._meta.get_fields()}
    assert set(screen.form_fields) <= names
    assert not screen.importable or set(screen.identity) <= names
    assert all(set(fields) <= set(screen.form_fields) for _title, fields in screen.sections)
    assert screen.table
    assert screen.narrowing is not None
    assert screen.search_fields is not None
    assert screen.title
    assert screen.singular
    assert str(screen.about).strip(), "its one sentence is what an empty list says"


@pytest.mark.parametrize("noun", SCREENS)
def test_an_object_is_described_for_the_search(noun, firm, maker):
    screen = SCREENS[noun]
    obj = maker(firm.acme).get(screen.model)
    with scope(firm.acme.id):
        title, subtitle, text = screen.search_text(obj)
    assert title
    assert isinstance(subtitle, str)
    assert text.startswith(title)


def test_an_empty_declaration_works():
    class Bare(Screen):
        model = Team

    bare = Bare()
    assert (bare.noun, bare.slug, bare.form_fields) == ("team", "teams", ["name", "email", "leader"])
    assert [c.name for c in bare.table] == ["name", "email", "leader"]
    assert bare.verb("view") == "team.view"


def chosen(anne, model, query: str = ""):
    return Listing(registry[model], anne, QueryDict(query)).chosen([], True)


def test_a_field_is_set_on_many_rows_each_with_its_event(anne, firm, maker):
    made = maker(firm.acme)
    rows = [made.new(Site, city="Lyon") for _number in range(3)]
    screen = registry[Site]
    act = acts.by_name(screen, "set")
    form = acts.form_of(screen, act, anne, chosen(anne, Site), {"field": "city", "city": "Lille"})
    assert form.is_valid(), form.errors
    assert acts.run(screen, act, chosen(anne, Site), form, anne)[:2] == (3, [])
    assert set(Site.objects.values_list("city", flat=True)) == {"Lille"}
    assert Event.objects.filter(verb="site.changed").count() == len(rows)


def test_a_row_that_refuses_is_told_and_does_not_stop_the_others(anne, firm, maker):
    made = maker(firm.acme)
    held, free = made.new(Site), made.new(Site)
    made.new(Building, site=held)
    screen = registry[Site]
    done, problems, _batch = acts.run(screen, acts.by_name(screen, "delete"), chosen(anne, Site), None, anne)
    assert (done, len(problems)) == (1, 1)
    assert problems[0].startswith(held.name)
    assert list(Site.objects.all()) == [held]
    assert not Site.objects.filter(pk=free.pk).exists()


def test_many_rows_are_a_followed_job(anne, firm, maker, monkeypatch):
    monkeypatch.setattr(acts, "AT_ONCE", 2)
    made = maker(firm.acme)
    for _number in range(3):
        made.new(Site)
    screen = registry[Site]
    address = acts.run(screen, acts.by_name(screen, "delete"), chosen(anne, Site), None, anne)
    job = Job.objects.get()
    assert address == f"/jobs/{job.pk}/"
    assert Site.objects.count() == 3
    jobs.run_waiting()
    assert not Site.objects.exists()
    batch = Event.objects.filter(verb="site.deleted").values_list("batch", flat=True).distinct().get()
    assert acts.undo_batch(batch, anne) == 3
    assert Site.objects.count() == 3


def test_a_bulk_act_does_nothing_where_the_verb_is_missing(firm, maker):
    from etabli.kernel.organisations import Membership, Role
    from etabli.kernel.tenancy import opening

    with opening():
        auditor = Role.objects.get(organisation=None, key="auditor")
        Membership.objects.create(
            account=firm.acme.administrator, organisation=firm.globex.organisation, role=auditor
        )
    maker(firm.acme).new(Site)
    theirs = maker(firm.globex).new(Site)
    actor = actor_of(firm.acme.administrator)
    screen = registry[Site]
    with scope(*actor.places):
        done, problems, _batch = acts.run(
            screen, acts.by_name(screen, "delete"), chosen(actor, Site), None, actor
        )
        assert (done, len(problems)) == (1, 1)
        assert list(Site.objects.all()) == [theirs]


def test_a_bulk_act_over_the_page_asks_then_does(firm, maker, client_of):
    made = maker(firm.acme)
    lyons, lille = made.new(Site, name="Lyons"), made.new(Site, name="Lille")
    browser = client_of(firm.acme.administrator)
    asked = browser.post("/sites/bulk/delete/", {"ids": [lyons.pk, "²", "x"]})
    assert "1 row is concerned" in asked.content.decode()
    with scope(firm.acme.id):
        assert Site.objects.count() == 2
    assert browser.post("/sites/bulk/delete/", {"ids": [lyons.pk], "confirmed": "1"}).status_code == 302
    with scope(firm.acme.id):
        assert list(Site.objects.all()) == [lille]
    assert browser.get("/sites/bulk/nothing/").status_code == 404


def test_what_holds_an_object_is_named(anne, firm, maker):
    made = maker(firm.acme)
    building = made.new(Building, site=made.get(Site), name="North")
    with pytest.raises(ValidationError, match="still used by: North"):
        delete(registry[Site], made.get(Site), anne)
    assert Building.objects.filter(pk=building.pk).exists()
    assert not Event.objects.filter(verb="site.deleted").exists()
