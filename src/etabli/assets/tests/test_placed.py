"""A room belongs to its site and a rack to its room: every way of writing an asset keeps them together."""

import importlib
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from etabli.assets import placing
from etabli.assets.models import Asset, AssetKind, RackPlacement, StockItem
from etabli.kernel.actors import Actor, actor_of
from etabli.kernel.events import Event
from etabli.kernel.screens import registry
from etabli.kernel.screens.forms import form_class, values_of
from etabli.kernel.screens.importing import actions
from etabli.kernel.screens.undoing import undo
from etabli.kernel.tenancy import scope
from etabli.people.models import Person, Rack, Room, Site


class Places:
    """Lyon with an office and a closet that holds a rack; Nantes with a hall."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self.lyon, self.nantes = (Site.objects.create(name=name) for name in ("Lyon", "Nantes"))
        self.office = Room.objects.create(site=self.lyon, name="Office")
        self.closet = Room.objects.create(site=self.lyon, name="Closet")
        self.hall = Room.objects.create(site=self.nantes, name="Hall")
        self.rack = Rack.objects.create(room=self.closet, name="R1", units=20)

    def asset(self, name: str = "SRV", **more: Any) -> Asset:
        kind = AssetKind.objects.get(organisation=None, key="server")
        values = {"site": self.lyon, "room": self.closet, "rack": self.rack, **more}
        return Asset.objects.create(name=name, kind=kind, **values)

    def edited(self, obj: Any, **values: Any) -> Any:
        """Change an object by its form, as pages, API, imports and bulk acts do."""
        screen = registry[type(obj)]
        sent = {k: v for k, v in (values_of(screen, obj) | values).items() if v is not None}
        form = form_class(screen)(sent, instance=obj, actor=self.actor)
        if not form.is_valid():
            raise ValidationError([m for told in form.errors.values() for m in told])
        screen.save(form, self.actor)
        return type(obj).objects.get(pk=obj.pk)


@pytest.fixture
def places(firm, in_english):
    with scope(firm.acme.id):
        yield Places(actor_of(firm.acme.administrator))


def where(asset: Asset) -> tuple[Any, ...]:
    return asset.site, asset.room, asset.rack


# -- the database
@pytest.mark.parametrize("model", [Asset, Person, StockItem])
def test_the_database_refuses_a_room_of_another_site(places, model):
    kind = {"kind": AssetKind.objects.get(organisation=None, key="server")} if model is Asset else {}
    obj = model.objects.create(name="X", site=places.lyon, room=places.office, **kind)
    for change in ({"site": places.nantes}, {"room": places.hall}, {"site": None}):
        with pytest.raises(IntegrityError), transaction.atomic():
            model.objects.filter(pk=obj.pk).update(**change)


def test_the_database_refuses_a_rack_of_another_room(places):
    srv = places.asset()
    for change in ({"room": places.office}, {"room": None}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Asset.objects.filter(pk=srv.pk).update(**change)


def test_an_upgrade_keeps_the_site_and_leaves_the_room_of_the_former_one(places):
    """What older versions let in, put right by the migration before the rule is made."""
    repair = importlib.import_module("etabli.assets.migrations.0002_fleet").REPAIR
    stale, placeless, loose = (places.asset(name) for name in ("stale", "placeless", "loose"))
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for rule in ("asset_room_has_site", "asset_rack_has_room", "assets_asset_room_of_site",
                     "assets_asset_rack_of_room"):  # fmt: skip
            cursor.execute(f"ALTER TABLE assets_asset DROP CONSTRAINT {rule}")
        cursor.execute("SELECT current_setting('app.organisations')")
        seen = cursor.fetchone()[0]
    Asset.objects.filter(pk=stale.pk).update(site=places.nantes)
    Asset.objects.filter(pk=placeless.pk).update(site=None)
    Asset.objects.filter(pk=loose.pk).update(site=None, room=None)
    with connection.cursor() as cursor:
        cursor.execute(repair)
        cursor.execute("SELECT set_config('app.organisations', %s, true)", [seen])
    found = {a.name: where(a) for a in Asset.objects.all()}
    whole = (places.lyon, places.closet, places.rack)
    assert found == {"stale": (places.nantes, None, None), "placeless": whole, "loose": whole}


# -- the form, whoever sends it
def test_another_site_leaves_the_room_and_the_rack_and_the_history_says_so(places):
    srv = places.edited(places.asset(), site=places.nantes.pk)
    assert where(srv) == (places.nantes, None, None)
    changes = Event.objects.get(verb="asset.changed").changes
    assert {name: (was and was["text"], now and now["text"]) for name, (was, now) in changes.items()} == {
        "site": ("Lyon", "Nantes"), "room": ("Closet", None), "rack": ("R1", None),
    }  # fmt: skip
    undo(Event.objects.get(verb="asset.changed"), places.actor)
    assert where(Asset.objects.get()) == (places.lyon, places.closet, places.rack)


def test_a_room_given_with_the_site_is_taken(places):
    srv = places.edited(places.asset(), site=places.nantes.pk, room=places.hall.pk)
    assert where(srv) == (places.nantes, places.hall, None)


def test_a_room_brings_its_site_and_a_rack_brings_both(places):
    assert where(places.edited(places.asset("A"), room=places.hall.pk)) == (places.nantes, places.hall, None)
    far = places.asset("B", site=places.nantes, room=places.hall, rack=None)
    assert where(places.edited(far, rack=places.rack.pk)) == (places.lyon, places.closet, places.rack)


def test_no_site_is_no_room(places):
    assert where(places.edited(places.asset(), site=None)) == (None, None, None)
    assert where(places.edited(places.asset("B"), room=None)) == (places.lyon, None, None)


def test_a_site_and_a_room_that_disagree_are_refused_with_a_sentence(places):
    pc = places.asset(site=None, room=None, rack=None)
    with pytest.raises(ValidationError, match="“Hall” is not in “Lyon”: choose another one"):
        places.edited(pc, site=places.lyon.pk, room=places.hall.pk)


def test_a_new_asset_takes_the_site_of_its_room(places, firm, client_of):
    kind = AssetKind.objects.get(organisation=None, key="server")
    answer = client_of(firm.acme.administrator).post(
        "/api/v1/assets",
        {"name": "SRV", "kind": kind.pk, "room": places.hall.pk},
        content_type="application/json",
    )
    assert answer.status_code == 201, answer.content
    assert where(Asset.objects.get()) == (places.nantes, places.hall, None)


def test_the_api_and_the_bulk_act_leave_the_room_too(places, firm, client_of):
    one, other = places.asset("A", rack=None), places.asset("B", rack=None)
    browser = client_of(firm.acme.administrator)
    answer = browser.patch(
        f"/api/v1/assets/{one.pk}", {"site": places.nantes.pk}, content_type="application/json"
    )
    assert answer.status_code == 200, answer.content
    browser.post(
        "/assets/bulk/set/",
        {"confirmed": "1", "ids": str(other.pk), "field": "site", "site": places.nantes.pk},
    )
    assert [where(a) for a in Asset.objects.all()] == [(places.nantes, None, None)] * 2


def test_an_import_of_another_site_leaves_the_room(places):
    places.asset()
    made = actions.begin(
        registry[Asset], content=b"Name;Site\nSRV;Nantes\n", name="a.csv",
        organisation_id=places.lyon.organisation_id, actor=places.actor,
    )  # fmt: skip
    actions.check(made, registry[Asset], places.actor)
    actions.commit(made, registry[Asset], places.actor)
    assert where(Asset.objects.get()) == (places.nantes, None, None)


def test_a_person_and_an_article_follow_the_same_rule(places):
    for model in (Person, StockItem):
        obj = model.objects.create(name="X", site=places.lyon, room=places.office)
        moved = places.edited(obj, site=places.nantes.pk)
        assert (moved.site, moved.room) == (places.nantes, None)


def test_undoing_what_no_longer_fits_is_a_sentence(places):
    pc = places.edited(places.asset(room=None, rack=None), site=places.nantes.pk)
    event = Event.objects.get(verb="asset.changed")
    places.edited(pc, room=places.hall.pk)
    with pytest.raises(ValidationError, match="The database refuses these values"):
        undo(event, places.actor)
    assert where(Asset.objects.get()) == (places.nantes, places.hall, None)


# -- rooms and racks that move
def test_what_stands_in_a_room_goes_with_it_to_another_site_and_says_so(places):
    places.asset(rack=None)
    Person.objects.create(name="Ada", site=places.lyon, room=places.closet)
    places.edited(places.closet, site=places.nantes.pk)
    assert Asset.objects.get().site == Person.objects.get().site == places.nantes
    told = Event.objects.filter(verb__in=["asset.changed", "person.changed"])
    assert [set(event.changes) for event in told] == [{"site"}, {"site"}]
    undo(Event.objects.get(verb="room.changed"), places.actor)
    assert Asset.objects.get().site == places.lyon


def test_a_rack_takes_what_it_holds_to_another_room_of_the_site(places):
    srv = places.asset()
    placing.mount(srv, rack=places.rack, position=1, height=2, face="both", actor=places.actor)
    places.edited(places.rack, room=places.office.pk)
    assert where(Asset.objects.get()) == (places.lyon, places.office, places.rack)
    assert RackPlacement.objects.get().position == 1


def test_a_rack_that_holds_something_does_not_change_site(places):
    places.asset("SRV-1")
    with pytest.raises(ValidationError, match="take out first what the rack holds: SRV-1"):
        places.edited(places.rack, room=places.hall.pk)
    Asset.objects.update(rack=None)
    assert places.edited(Rack.objects.get(), room=places.hall.pk).room == places.hall


# -- the height of a rack
def test_a_rack_is_not_made_lower_than_what_it_holds(places):
    low, high = places.asset("LOW"), places.asset("HIGH")
    placing.mount(low, rack=places.rack, position=1, height=2, face="both", actor=places.actor)
    placing.mount(high, rack=places.rack, position=9, height=2, face="both", actor=places.actor)
    with pytest.raises(ValidationError) as refused:
        places.edited(places.rack, units=9)
    assert refused.value.messages == ["Take these out first, they are placed above unit 9: HIGH (U9–10)."]
    assert places.edited(Rack.objects.get(), units=10).units == 10


def test_the_database_refuses_it_as_well_and_a_place_above_the_rack(places):
    placing.mount(places.asset(), rack=places.rack, position=9, height=2, face="both", actor=places.actor)
    with pytest.raises(IntegrityError), transaction.atomic():
        Rack.objects.update(units=9)
    with pytest.raises(IntegrityError), transaction.atomic():
        RackPlacement.objects.update(position=20)
