"""Where things are: plans, racks, what sources tell, and the devices that nobody locates."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from etabli.assets import locating, placing, racks
from etabli.assets.models import Asset, AssetKind, AssetModel, HostedMachine, Position, RackPlacement
from etabli.kernel.events import Event
from etabli.kernel.screens.undoing import undo
from etabli.kernel.tenancy import scope
from etabli.people.models import Building, Floor, Rack, Room, Site, Subnet

Source = Position.Source


class Place:
    """Two sites; in the first a floor with two rooms and a rack of ten units."""

    def __init__(self) -> None:
        self.rouen = Site.objects.create(name="Rouen")
        self.nantes = Site.objects.create(name="Nantes")
        building = Building.objects.create(site=self.rouen, name="A")
        self.floor = Floor.objects.create(building=building, name="RDC", plan_width=800, plan_height=400)
        self.office = Room.objects.create(site=self.rouen, floor=self.floor, name="Bureau")
        self.closet = Room.objects.create(site=self.rouen, floor=self.floor, name="Local", technical=True)
        self.far = Room.objects.create(site=self.nantes, name="Accueil")
        self.rack = Rack.objects.create(room=self.closet, name="Baie 1", units=10)

    def asset(self, name: str = "PC-1", **more: Any) -> Asset:
        kind = AssetKind.objects.get(organisation=None, key="laptop")
        return Asset.objects.create(name=name, kind=kind, **more)


@pytest.fixture
def acme(firm, in_english):
    with scope(firm.acme.id):
        yield firm.acme


@pytest.fixture
def admin(acme, actor_of):
    return actor_of(acme.administrator)


@pytest.fixture
def place(acme):
    return Place()


def fresh(asset: Asset) -> Asset:
    return Asset.objects.select_related("site", "room", "rack").get(pk=asset.pk)


# -- plans


def test_putting_an_asset_on_a_plan_makes_its_site_and_room_follow_and_is_undone_whole(place, admin):
    pc = place.asset(site=place.nantes, room=place.far)
    placing.put_on_plan(pc, floor=place.floor, x=0.25, y=0.5, room=place.office, actor=admin)
    pc = fresh(pc)
    assert (pc.site, pc.room) == (place.rouen, place.office)
    assert placing.point_of(pc) == {"floor_id": place.floor.pk, "x": 0.25, "y": 0.5}
    undo(Event.objects.get(verb="asset.placed"), admin)
    pc = fresh(pc)
    assert (pc.site, pc.room) == (place.nantes, place.far)
    assert placing.point_of(pc) is None


def test_a_point_moved_again_since_is_not_undone(place, admin):
    pc = place.asset(site=place.rouen)
    placing.put_on_plan(pc, floor=place.floor, x=0.1, y=0.1, room=None, actor=admin)
    first = Event.objects.get(verb="asset.placed")
    placing.put_on_plan(pc, floor=place.floor, x=0.2, y=0.2, room=None, actor=admin)
    with pytest.raises(ValidationError, match="moved again since"):
        undo(first, admin)
    undo(Event.objects.filter(verb="asset.placed").latest("pk"), admin)
    assert placing.point_of(pc) == {"floor_id": place.floor.pk, "x": 0.1, "y": 0.1}


def test_an_asset_that_leaves_its_room_leaves_the_plan(place, admin):
    pc = place.asset(site=place.rouen, room=place.office)
    placing.put_on_plan(pc, floor=place.floor, x=0.1, y=0.1, room=place.office, actor=admin)
    pc.room, pc.site = place.far, place.nantes
    pc.save()
    assert placing.point_of(pc) is None


@pytest.mark.parametrize(("x", "y"), [(-0.1, 0.5), (0.5, 1.01)])
def test_a_point_outside_the_plan_is_refused(place, admin, x, y):
    with pytest.raises(ValidationError, match="outside the plan"):
        placing.put_on_plan(place.asset(), floor=place.floor, x=x, y=y, room=None, actor=admin)


def test_a_room_of_another_floor_is_refused(place, admin):
    with pytest.raises(ValidationError, match="not on this floor"):
        placing.put_on_plan(place.asset(), floor=place.floor, x=0, y=0, room=place.far, actor=admin)


# -- racks


def test_a_rack_holds_two_assets_back_to_back_and_refuses_an_overlap_by_name(place, admin):
    front, rear, third = place.asset("SW-1"), place.asset("PDU-1"), place.asset("SRV-1")
    placing.mount(front, rack=place.rack, position=3, height=2, face="front", actor=admin)
    placing.mount(rear, rack=place.rack, position=4, height=1, face="rear", actor=admin)
    with pytest.raises(ValidationError) as refused:
        placing.mount(third, rack=place.rack, position=2, height=2, face="both", actor=admin)
    assert refused.value.messages == ["U3 of Baie 1 is taken by SW-1. Free on both faces: 1–2, 5–10."]
    assert fresh(front).room == place.closet
    assert fresh(front).site == place.rouen
    assert fresh(third).rack is None


def test_the_database_refuses_what_two_people_mount_at_once(place, acme):
    one, two = place.asset("A"), place.asset("B")
    RackPlacement.objects.create(asset=one, rack=place.rack, position=1, height=4, face="front")
    with pytest.raises(IntegrityError), transaction.atomic():
        RackPlacement.objects.create(asset=two, rack=place.rack, position=4, height=1, face="both")
    RackPlacement.objects.create(asset=two, rack=place.rack, position=4, height=1, face="rear")


@pytest.mark.parametrize(("position", "height"), [(0, 1), (10, 2), (11, 1)])
def test_units_that_do_not_exist_are_refused(place, admin, position, height):
    with pytest.raises(ValidationError, match="has units 1 to 10"):
        placing.mount(
            place.asset(), rack=place.rack, position=position, height=height, face="both", actor=admin
        )


def test_mounting_is_undone_and_an_asset_that_changes_rack_leaves_its_units(place, admin):
    server = place.asset("SRV-1", site=place.nantes, room=place.far)
    placing.mount(server, rack=place.rack, position=1, height=2, face="both", actor=admin)
    undo(Event.objects.get(verb="asset.mounted"), admin)
    server = fresh(server)
    assert (server.rack, server.room) == (None, place.far)
    placing.mount(server, rack=place.rack, position=1, height=2, face="both", actor=admin)
    server.rack = None
    server.save()
    assert placing.units_of(server) is None


def test_taking_out_of_a_rack_is_undone_unless_others_took_the_units(place, admin):
    server, other = place.asset("SRV-1"), place.asset("SRV-2")
    placing.mount(server, rack=place.rack, position=1, height=2, face="both", actor=admin)
    placing.unmount(server, actor=admin)
    taken_out = Event.objects.get(verb="asset.unmounted")
    placing.mount(other, rack=place.rack, position=2, height=1, face="both", actor=admin)
    with pytest.raises(ValidationError, match="taken by SRV-2"):
        undo(taken_out, admin)
    placing.unmount(other, actor=admin)
    undo(taken_out, admin)
    assert placing.units_of(server) == {
        "rack_id": place.rack.pk,
        "position": 1,
        "height": 2,
        "face": "both",
    }


def test_a_drawing_costs_two_queries_and_counts_what_is_known(place, django_assert_num_queries):
    model = AssetModel.objects.create(name="R650", units=1, power_w=350, weight_kg="17.5")
    inside = {"site": place.rouen, "room": place.closet, "rack": place.rack}
    for unit in (1, 2, 5):
        asset = place.asset(f"SRV-{unit}", model=model if unit != 5 else None, **inside)
        RackPlacement.objects.create(asset=asset, rack=place.rack, position=unit)
    place.asset("loose", **inside)
    with django_assert_num_queries(2):
        drawn = racks.draw(place.rack, {})
    assert (drawn.power, float(drawn.weight), drawn.unknown) == (700, 35.0, 1)
    assert (drawn.free, drawn.free_units) == ("3–4, 6–10", 7)
    assert [a.name for a in drawn.loose] == ["loose"]


def test_two_mounts_at_once_leave_one(committed_firm, actor_of):
    """Two people choose the same units in the same second."""
    acme = committed_firm.acme
    with scope(acme.id):
        place = Place()
        assets = [place.asset("A"), place.asset("B")]
    actor, outcomes, ready = actor_of(acme.administrator), [], threading.Barrier(2)

    def work(pk: int) -> None:
        try:
            with scope(acme.id):
                asset, rack = Asset.objects.get(pk=pk), Rack.objects.select_related("room").get()
                ready.wait(10)
                placing.mount(asset, rack=rack, position=1, height=1, face="both", actor=actor)
            outcomes.append("done")
        except ValidationError:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=[asset.pk]) for asset in assets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == ["done", "refused"]


# -- sources


def test_the_newest_most_trusted_source_wins_and_the_others_are_told(place, admin):
    pc = place.asset(site=place.rouen, room=place.office)
    Subnet.objects.create(site=place.nantes, network="10.44.0.0/16")
    now = timezone.now()
    locating.observe_addresses(pc, ["192.168.1.2", "10.44.3.2"], now=now)
    told = locating.told_of(pc, now=now)
    assert [(t.source, t.site.name) for t in told] == [("declared", "Rouen"), ("subnet", "Nantes")]
    assert locating.alert_of(told) == (
        "Declared at Rouen, seen at Nantes: its address 10.44.3.2 is in 10.44.0.0/16."
    )
    placing.see(pc, room=place.far, actor=admin)
    told = locating.told_of(fresh(pc))
    assert told[0].source == "scan"
    assert [t.source for t in locating.disagreements(told)] == ["declared"]


def test_declaring_after_a_scan_replaces_it_and_an_old_source_counts_half(place, admin):
    pc = place.asset(site=place.rouen)
    placing.see(pc, room=place.far, actor=admin)
    assert locating.told_of(pc)[0].source == "scan"
    old = timezone.now() + timedelta(days=200)
    assert {t.source: t.trust for t in locating.told_of(pc, now=old)} == {"declared": 70, "scan": 45}
    placing.move_where_seen(pc, actor=admin)
    pc = fresh(pc)
    assert (pc.site, pc.room) == (place.nantes, place.far)
    assert locating.told_of(pc)[0].source == "declared"


def test_the_narrowest_subnet_of_the_organisation_decides(place, firm, maker):
    Subnet.objects.create(site=place.rouen, network="10.0.0.0/8")
    Subnet.objects.create(site=place.nantes, network="10.44.0.0/16")
    Subnet.objects.create(site=place.nantes, network="2001:db8::/48")
    pc = place.asset()
    for address, site in (("10.44.0.9", place.nantes), ("10.1.0.9/24", place.rouen)):
        position = locating.observe_addresses(pc, [address], now=timezone.now())
        assert position is not None
        assert position.site == site
    assert locating.observe_addresses(pc, ["2001:db8::9"], now=timezone.now()).site == place.nantes
    assert locating.observe_addresses(pc, ["8.8.8.8", "nonsense"], now=timezone.now()) is None
    assert not Position.objects.filter(asset=pc).exists()


def test_a_position_keeps_since_when(place):
    pc, first = place.asset(), timezone.now() - timedelta(days=3)
    locating.observe(pc, Source.SCAN, site=place.rouen, now=first)
    later = first + timedelta(days=1)
    row = locating.observe(pc, Source.SCAN, site=place.rouen, now=later)
    assert row is not None
    assert (row.since, row.at) == (first, later)
    row = locating.observe(pc, Source.SCAN, site=place.nantes, now=later)
    assert row is not None
    assert row.since == later


def test_seen_elsewhere_is_a_filter(place, client_of, acme):
    here, there, unknown = (
        place.asset("ICI", site=place.rouen),
        place.asset("AILLEURS", site=place.rouen),
        None,
    )
    unknown = place.asset("SANS-SITE")
    locating.observe(here, Source.SUBNET, site=place.rouen)
    locating.observe(there, Source.SUBNET, site=place.nantes)
    locating.observe(unknown, Source.SUBNET, site=place.nantes)
    text = client_of(acme.auditor).get("/assets/?place=elsewhere").content.decode()
    assert "AILLEURS" in text
    assert "ICI<" not in text
    assert "SANS-SITE" not in text


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("10.14.0.0/33", "is not a network"), ("10.14.0.1/16", "is an address inside the network 10.14.0.0/16")],
)
def test_a_network_that_is_none_is_refused_with_what_to_write(place, client_of, acme, text, sentence):
    answer = client_of(acme.administrator).post("/subnets/add/", {"network": text, "site": place.rouen.pk})
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not Subnet.objects.exists()


# -- personal devices


def test_a_personal_device_is_never_located(place, admin):
    phone = place.asset("TEL-PERSO", ownership="personal", site=place.rouen)
    Subnet.objects.create(site=place.nantes, network="10.44.0.0/16")
    assert locating.observe(phone, Source.SCAN, site=place.rouen) is None
    assert locating.observe_addresses(phone, ["10.44.3.2"], now=timezone.now()) is None
    for act in (
        lambda: placing.put_on_plan(phone, floor=place.floor, x=0, y=0, room=None, actor=admin),
        lambda: placing.mount(phone, rack=place.rack, position=1, height=1, face="both", actor=admin),
        lambda: placing.see(phone, room=place.office, actor=admin),
    ):
        with pytest.raises(ValidationError, match="personal device"):
            act()
    assert not Position.objects.exists()


def test_the_database_itself_refuses_to_locate_a_personal_device(place):
    phone = place.asset("TEL-PERSO", ownership="personal")
    now = timezone.now()
    with pytest.raises(IntegrityError, match="never located"), transaction.atomic():
        Position.objects.create(asset=phone, source=Source.WIFI, site=place.rouen, since=now, at=now)
    phone.room = place.office
    with pytest.raises(IntegrityError, match="asset_personal_not_located"), transaction.atomic():
        phone.save()


def test_a_device_that_becomes_personal_loses_the_positions_it_had(place, client_of, acme):
    phone = place.asset("TEL-1", site=place.rouen)
    locating.observe(phone, Source.SCAN, site=place.rouen)
    browser = client_of(acme.administrator)
    sent = {"name": "TEL-1", "kind": phone.kind_id, "state": "in_service", "criticality": 2, "version": 1}
    refused = browser.post(
        f"/assets/{phone.pk}/edit/", {**sent, "ownership": "personal", "room": place.office.pk}
    )
    assert refused.status_code == 422
    assert "never located" in refused.content.decode()
    assert browser.post(f"/assets/{phone.pk}/edit/", {**sent, "ownership": "personal"}).status_code == 302
    assert not Position.objects.filter(asset=phone).exists()


# -- pages, isolation


def test_the_pages_of_places_show_and_move(place, client_of, acme, admin):
    pc = place.asset("PC-PLACE", site=place.rouen)
    loose = place.asset("PC-LOOSE", site=place.rouen, room=place.office)
    from etabli.people.tests.test_places import PNG

    browser = client_of(acme.administrator)
    sent = {"plan": SimpleUploadedFile("plan.png", PNG, "image/png")}
    assert browser.post(f"/floors/{place.floor.pk}/plan/", sent).status_code == 302
    answer = browser.post(
        f"/assets/{pc.pk}/act/place/", {"floor": place.floor.pk, "x": "25", "y": "50.5", "room": ""}
    )
    assert answer.status_code == 302
    page = browser.get(f"/floors/{place.floor.pk}/").content.decode()
    assert "PC-PLACE" in page
    assert f"/assets/{loose.pk}/act/place/?floor={place.floor.pk}" in page
    assert "data-moves" not in client_of(acme.auditor).get(f"/floors/{place.floor.pk}/").content.decode()
    units = {"rack": place.rack.pk, "position": 2, "height": 1, "face": "both"}
    assert browser.post(f"/assets/{pc.pk}/act/mount/", units).status_code == 302
    page = browser.get(f"/racks/{place.rack.pk}/").content.decode()
    assert "PC-PLACE, U2" in page
    assert "1, 3–10" in page


def test_another_organisation_is_neither_shown_nor_accepted(place, firm, client_of, maker, acme):
    other = maker(firm.globex)
    theirs, foreign = other.get(Asset), other.get(Rack)
    browser = client_of(acme.administrator)
    mine = place.asset()
    units = {"rack": foreign.pk, "position": 1, "height": 1, "face": "both"}
    assert browser.post(f"/assets/{mine.pk}/act/mount/", units).status_code == 422
    assert browser.post(f"/assets/{theirs.pk}/act/mount/", units).status_code == 404
    assert browser.get(f"/racks/{foreign.pk}/").status_code == 404


# -- dependencies


def test_the_graph_says_what_stops_with_an_asset_and_hides_what_one_may_not_see(
    place, acme, admin, client_of, django_assert_max_num_queries
):
    from etabli.assets import dependencies
    from etabli.kernel import attachments

    host, vm, app, switch = (place.asset(n) for n in ("SRV-1", "VM-1", "APP-1", "SW-1"))
    vm.parent = host
    vm.save()
    attachments.link(app, vm, actor=admin, relation="depends")
    attachments.link(host, switch, actor=admin, relation="depends")
    attachments.link(host, place.rouen, actor=admin)
    with django_assert_max_num_queries(14):
        (panel,) = dependencies.panels(fresh(host), admin)
    assert panel.context["impact"] == "If SRV-1 stops, 2 other assets are affected."
    assert {str(n.obj) for n in panel.context["uses"]} == {"VM-1", "Rouen"}
    assert [str(n.obj) for n in panel.context["needs"]] == ["SW-1"]
    assert len(panel.context["curves"]) == 3
    guest = place.asset("VM-2", uuid="4c4c4544-0000-1000-8000-000000000002")
    HostedMachine.objects.create(asset=host, name="vm-2", uuid=guest.uuid.upper())
    (panel,) = dependencies.panels(fresh(host), admin)
    assert "VM-2" in {str(n.obj) for n in panel.context["uses"]}
    page = client_of(acme.auditor).get(f"/assets/{vm.pk}/").content.decode()
    assert "If VM-1 stops, 1 other asset is affected." in page
    assert "SW-1" in page  # what its host needs in turn
    assert list(dependencies.panels(place.asset("ALONE"), admin)) == []
