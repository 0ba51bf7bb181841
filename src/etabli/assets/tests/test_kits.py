"""Kits handed over, lent and taken back whole; bookings that never overlap."""

import threading
from datetime import datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from etabli.assets import kitting
from etabli.assets.holding import lend
from etabli.assets.models import Asset, AssetModel, Booking, Hold, Kit, KitItem, Loan, Pool, Slip
from etabli.kernel.events import Event
from etabli.kernel.screens import registry
from etabli.kernel.screens.forms import form_class
from etabli.kernel.screens.undoing import undo
from etabli.kernel.tenancy import scope

from .conftest import furnish


def at(days, hour=9):
    return datetime(2027, 3, 1, hour, tzinfo=timezone.get_default_timezone()) + timedelta(days=days)


@pytest.fixture
def kit(fleet):
    return make_kit(fleet)


def make_kit(fleet):
    pool = Pool.objects.create(name="Loans")
    made = Kit.objects.create(name="Telework", pool=pool)
    for name, kind in (("PC-1", "laptop"), ("DOCK-1", "dock")):
        KitItem.objects.create(kit=made, asset=fleet.asset(name, kind, pool=pool))
    return made


# -- kits
def test_a_kit_is_handed_over_whole_with_one_slip_and_all_comes_back(fleet, kit, client_of, last_undo):
    browser = client_of(fleet.firm.acme.technician)
    done = browser.post(f"/kits/{kit.pk}/act/hand-over/", {"person": fleet.claire.pk, "slip": "on"})
    with scope(fleet.firm.acme.id):
        slip = Slip.objects.get()
        assert done["Location"] == f"/slips/{slip.pk}/"
        assert {line["name"] for line in slip.lines} == {"PC-1", "DOCK-1"}
        assert set(Asset.objects.values_list("person", "state")) == {(fleet.claire.pk, "in_service")}
    browser.post(last_undo(done))
    with scope(fleet.firm.acme.id):
        assert set(Asset.objects.values_list("person", "state")) == {(None, "in_stock")}
        assert not Slip.objects.exists()


def test_a_kit_is_lent_and_returned_in_one_act_each(fleet, kit):
    day = timezone.localdate() + timedelta(days=3)
    kitting.lend(kit, person=fleet.claire, due_on=day, actor=fleet.actor)
    assert set(Loan.objects.values_list("kit", "person", "due_on")) == {(kit.pk, fleet.claire.pk, day)}
    kitting.take_back(kit, actor=fleet.actor, condition="good")
    assert not Loan.objects.filter(returned_on=None).exists()
    assert {s.kind for s in Slip.objects.all()} == {"handover", "return"}
    with pytest.raises(ValidationError, match="Nothing of this kit is out"):
        kitting.take_back(kit, actor=fleet.actor)


def test_a_kit_that_lacks_something_says_what_and_goes_only_when_that_is_accepted(fleet, kit, client_of):
    Asset.objects.filter(name="DOCK-1").update(state="in_repair")
    with pytest.raises(ValidationError, match="Missing: DOCK-1: in repair"):
        kitting.hand_over(kit, person=fleet.claire, actor=fleet.actor)
    assert Asset.objects.get(name="PC-1").person is None
    page = client_of(fleet.firm.acme.technician).get(f"/kits/{kit.pk}/").content.decode()
    assert "Missing: DOCK-1: in repair" in page
    kitting.hand_over(kit, person=fleet.claire, actor=fleet.actor, incomplete=True)
    assert Asset.objects.get(name="PC-1").person == fleet.claire


def test_what_somebody_already_has_is_missing_with_their_name(fleet, kit):
    lend(Asset.objects.get(name="PC-1"), person=fleet.paul, due_on=timezone.localdate(), actor=fleet.actor)
    with pytest.raises(ValidationError, match="PC-1: on loan, with Paul Petit"):
        kitting.hand_over(kit, person=fleet.claire, actor=fleet.actor)


def test_an_item_may_be_any_asset_of_a_model_in_stock(fleet, kit):
    model = AssetModel.objects.create(name="P24")
    KitItem.objects.create(kit=kit, model=model)
    with pytest.raises(ValidationError, match="P24: none in stock"):
        kitting.hand_over(kit, person=fleet.claire, actor=fleet.actor)
    fleet.asset("SCREEN-0", "monitor", model=model, state="in_service")
    one = fleet.asset("SCREEN-1", "monitor", model=model)
    kitting.lend(kit, person=fleet.claire, due_on=timezone.localdate(), actor=fleet.actor)
    assert Asset.objects.get(pk=one.pk).person == fleet.claire
    assert len(kitting.take_back(kit, actor=fleet.actor)) == 3


def test_an_asset_is_in_one_kit_and_an_item_is_one_thing(fleet, kit, actor_of):
    pc = Asset.objects.get(name="PC-1")
    admin = actor_of(fleet.firm.acme.administrator)
    made = form_class(registry[KitItem])
    other = Kit.objects.create(name="Other")
    told = made({"kit": other.pk, "asset": pc.pk, "organisation": fleet.firm.acme.id}, actor=admin)
    assert "already in a kit" in str(told.errors)
    told = made({"kit": other.pk, "organisation": fleet.firm.acme.id}, actor=admin)
    assert "Choose either an asset or a model" in str(told.errors)


# -- bookings
def booking(fleet, start, end, **more):
    made = Booking(
        organisation=fleet.firm.acme.organisation, person=fleet.claire, starts_at=start, ends_at=end, **more
    )
    made.full_clean()
    made.save()
    return made


def test_two_bookings_never_overlap_but_may_touch(fleet, kit):
    pc = Asset.objects.get(name="PC-1")
    booking(fleet, at(0), at(2), asset=pc)
    booking(fleet, at(2), at(3), asset=pc)
    with pytest.raises(ValidationError, match="already booked for Claire Moreau from"):
        booking(fleet, at(1), at(4), asset=pc)
    with pytest.raises(IntegrityError), transaction.atomic():
        Booking(organisation=fleet.firm.acme.organisation, person=fleet.paul, starts_at=at(1), ends_at=at(4), asset=pc).save()  # fmt: skip


def test_a_kit_books_each_of_its_assets(fleet, kit):
    booking(fleet, at(0), at(2), kit=kit)
    assert Hold.objects.count() == 2
    with pytest.raises(ValidationError, match="“PC-1” is already booked"):
        booking(fleet, at(1), at(3), asset=Asset.objects.get(name="PC-1"))
    with pytest.raises(ValidationError, match="is already booked"):
        booking(fleet, at(1), at(3), kit=kit)


@pytest.mark.django_db(transaction=True)
def test_of_ten_bookings_at_once_one_is_kept(committed_firm, in_english):
    firm = committed_firm
    with scope(firm.acme.id):
        fleet = furnish(firm)
        pc = fleet.asset(pool=Pool.objects.create(name="Loans"))
    gate, told = threading.Barrier(10), []

    def book():
        try:
            gate.wait()
            with scope(firm.acme.id):
                booking(fleet, at(0), at(1), asset=pc)
            told.append("kept")
        except (ValidationError, IntegrityError) as error:
            told.append(type(error).__name__)
        finally:
            connection.close()

    threads = [threading.Thread(target=book) for _ in range(10)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert told.count("kept") == 1
    with scope(firm.acme.id):
        assert Hold.objects.count() == 1


def test_a_booking_deleted_and_brought_back_holds_again(fleet, kit, actor_of):
    admin = actor_of(fleet.firm.acme.administrator)
    made = booking(fleet, at(0), at(2), kit=kit)
    registry[Booking].delete(made, admin)
    assert not Hold.objects.exists()
    undo(Event.objects.get(verb="booking.deleted"), admin)
    assert Hold.objects.count() == 2


def test_what_is_booked_is_not_lent_to_somebody_else_meanwhile(fleet, kit):
    pc, now = Asset.objects.get(name="PC-1"), timezone.now()
    booking(fleet, now + timedelta(days=2), now + timedelta(days=4), asset=pc)
    day = timezone.localdate() + timedelta(days=3)
    with pytest.raises(ValidationError, match="booked for Claire Moreau from"):
        lend(pc, person=fleet.paul, due_on=day, actor=fleet.actor)
    lend(pc, person=fleet.claire, due_on=day, actor=fleet.actor)
    with pytest.raises(ValidationError, match="is on loan to Claire Moreau until"):
        Booking(organisation=fleet.firm.acme.organisation, person=fleet.paul, asset=pc,
                starts_at=now + timedelta(days=1), ends_at=now + timedelta(days=2)).full_clean()  # fmt: skip


def test_a_booking_begins_before_it_ends(fleet, kit):
    with pytest.raises(ValidationError, match="A booking ends after it begins"):
        booking(fleet, at(2), at(1), asset=Asset.objects.get(name="PC-1"))


def test_the_month_shows_bookings_and_loans_as_cells_and_as_a_list(
    fleet, kit, client_of, django_assert_max_num_queries
):
    pc = Asset.objects.get(name="PC-1")
    booking(fleet, at(0), at(2), kit=kit, purpose="Trade fair")
    Loan.objects.create(asset=pc, person=fleet.paul, lent_on=at(9).date(), due_on=at(12).date())
    browser = client_of(fleet.firm.acme.technician)
    with django_assert_max_num_queries(20):
        page = browser.get("/bookings/calendar/?month=2027-03").content.decode()
    assert page.count('colspan="3"') == 3  # the kit and its two assets
    assert 'colspan="4"' in page
    assert page.count("Trade fair") >= 6
    assert "Trade fair" not in browser.get("/bookings/calendar/?month=2027-04").content.decode()
    assert browser.get("/bookings/calendar/?month=soon&pool=x").status_code == 200
    stranger = client_of(fleet.firm.globex.administrator)
    assert "PC-1" not in stranger.get("/bookings/calendar/?month=2027-03").content.decode()


def test_a_booking_is_made_by_its_form(fleet, kit, client_of):
    pc = Asset.objects.get(name="PC-1")
    browser = client_of(fleet.firm.acme.technician)
    sent = {
        "asset": pc.pk,
        "person": fleet.claire.pk,
        "starts_at": "2027-03-01T09:00",
        "ends_at": "2027-03-02T09:00",
    }
    assert browser.post("/bookings/add/", sent).status_code == 302
    loose = fleet.asset("PC-9").pk
    assert "is in no loan pool" in browser.post("/bookings/add/", {**sent, "asset": loose}).content.decode()
    again = browser.post("/bookings/add/", sent)
    assert again.status_code == 422
    assert "is already booked for Claire Moreau" in again.content.decode()
