"""Who has an asset: assignments and their history, loans, their reminders; each act taken back."""

import json
import threading
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from etabli.assets import holding, jobs
from etabli.assets.holding import assign, extend, give_back, lend, take_back
from etabli.assets.models import Asset, Assignment, Loan, Slip
from etabli.kernel import preferences
from etabli.kernel.actors import SYSTEM, actor_of
from etabli.kernel.events import Event
from etabli.kernel.jobs import run_waiting
from etabli.kernel.notifications import Notification
from etabli.kernel.screens.undoing import undo
from etabli.kernel.tenancy import scope

from .conftest import furnish


def today(days: int = 0):
    return timezone.localdate() + timedelta(days=days)


def history(asset):
    rows = Assignment.objects.filter(asset=asset).order_by("id")
    return [(str(r.person or r.room or r.site or ""), r.since, r.until) for r in rows]


def last(verb):
    return Event.objects.filter(verb=verb).latest("id")


# -- assignments
def test_an_assignment_brings_the_place_of_the_person_and_begins_the_service(fleet):
    asset = assign(fleet.asset(), person=fleet.claire, actor=fleet.actor, on=today(-5), reason="new hire")
    assert (asset.person, asset.site, asset.room, asset.state) == (
        fleet.claire,
        fleet.lille,
        fleet.room,
        "in_service",
    )
    row = Assignment.objects.get(asset=asset)
    assert (row.since, row.until, row.by, row.reason) == (today(-5), None, fleet.actor.label, "new hire")


def test_the_history_follows_from_hand_to_hand(fleet):
    asset = assign(fleet.asset(), person=fleet.claire, actor=fleet.actor, on=today(-9))
    assign(asset, person=fleet.paul, actor=fleet.actor, on=today(-4))
    take_back(asset, actor=fleet.actor, on=today(-1), room=fleet.room)
    told = [(row[0], row[1], row[2]) for row in history(asset)]
    assert told == [
        ("Claire Moreau", today(-9), today(-4)),
        ("Paul Petit", today(-4), today(-1)),
        ("B12", today(-1), None),
    ]


def test_whoever_writes_the_asset_the_history_follows(fleet):
    """Forms, imports, bulk writes: the database keeps it."""
    asset = fleet.asset(person=fleet.claire, commissioned_on=today(-30))
    assert history(asset) == [("Claire Moreau", today(-30), None)]
    Assignment.objects.filter(asset=asset).update(recorded_at=timezone.now() - timedelta(days=3))
    Asset.objects.filter(pk=asset.pk).update(person=fleet.paul)
    assert [row[0] for row in history(asset)] == ["Claire Moreau", "Paul Petit"]
    Asset.objects.filter(pk=asset.pk).update(name="Renamed")
    assert len(history(asset)) == 2


def test_an_asset_older_than_the_history_keeps_who_had_it_before(fleet):
    asset = fleet.asset(person=fleet.claire)
    Assignment.objects.filter(asset=asset).delete()
    assign(asset, person=fleet.paul, actor=fleet.actor)
    assert history(asset) == [("Claire Moreau", None, today()), ("Paul Petit", today(), None)]


def test_the_database_holds_one_current_assignment(fleet):
    asset = fleet.asset(person=fleet.claire)
    with pytest.raises(IntegrityError), transaction.atomic():
        Assignment.objects.create(asset=asset, person=fleet.paul, organisation=asset.organisation)


def test_an_assignment_taken_back_leaves_no_trace_in_the_history(fleet):
    asset = assign(fleet.asset(), person=fleet.claire, actor=fleet.actor, on=today(-5))
    undo(last("asset.assigned"), fleet.actor)
    now = Asset.objects.get(pk=asset.pk)
    assert (now.person, now.site, now.state, history(asset)) == (None, None, "in_stock", [])
    assign(asset, person=fleet.claire, actor=fleet.actor, on=today(-5))
    assign(asset, person=fleet.paul, actor=fleet.actor)
    undo(last("asset.assigned"), fleet.actor)
    assert history(asset) == [("Claire Moreau", today(-5), None)]


def test_a_take_back_is_taken_back(fleet):
    asset = assign(fleet.asset(), person=fleet.claire, actor=fleet.actor, on=today(-5))
    take_back(asset, actor=fleet.actor, slip=True)
    assert Slip.objects.get().kind == "return"
    undo(last("asset.taken_back"), fleet.actor)
    now = Asset.objects.get(pk=asset.pk)
    assert (now.person, now.state) == (fleet.claire, "in_service")
    assert history(asset)[-1][0] == "Claire Moreau"
    assert history(asset)[-1][2] is None
    assert not Slip.objects.exists()


@pytest.mark.parametrize("state", ["on_loan", "in_repair", "retired", "gone", "lost"])
def test_what_is_not_at_hand_is_not_assigned(fleet, state):
    with pytest.raises(ValidationError, match=r"first\."):
        assign(fleet.asset(state=state), person=fleet.claire, actor=fleet.actor)


def test_an_asset_is_not_connected_to_itself_nor_in_a_ring(fleet):
    a, b = fleet.asset("A"), fleet.asset("B")
    assign(b, parent=a, actor=fleet.actor)
    for parent in (a, b):
        with pytest.raises(ValidationError, match="connected to itself"):
            assign(a, parent=parent, actor=fleet.actor)


def test_a_person_of_another_organisation_is_refused(fleet, client_of, maker):
    asset = fleet.asset()
    with scope(fleet.firm.globex.id):
        stranger = maker(fleet.firm.globex).get(type(fleet.claire))
    answer = client_of(fleet.firm.provider.administrator).post(
        f"/assets/{asset.pk}/act/assign/", {"person": stranger.pk}
    )
    assert answer.status_code == 422


# -- loans
def test_a_loan_goes_out_and_comes_back_as_it_was(fleet):
    asset = assign(fleet.asset(), person=fleet.paul, actor=fleet.actor, on=today(-9))
    loan = lend(asset, person=fleet.claire, due_on=today(3), actor=fleet.actor, on=today(-2), purpose="Fair")
    now = Asset.objects.get(pk=asset.pk)
    assert (now.state, now.person, now.state_since) == ("on_loan", fleet.claire, today(-2))
    with pytest.raises(ValidationError, match="already on loan to Claire Moreau until"):
        lend(asset, person=fleet.paul, due_on=today(3), actor=fleet.actor)
    give_back(asset, actor=fleet.actor, condition="scratched")
    loan.refresh_from_db()
    now = Asset.objects.get(pk=asset.pk)
    assert (loan.returned_on, loan.outcome, loan.condition_back) == (today(), "returned", "scratched")
    assert (now.state, now.person) == ("in_service", fleet.paul)
    with pytest.raises(ValidationError, match="not on loan"):
        give_back(asset, actor=fleet.actor)


def test_a_loan_is_due_after_it_begins_and_is_extended_to_a_later_day(fleet):
    asset = fleet.asset()
    with pytest.raises(ValidationError, match="due back before it is lent"):
        lend(asset, person=fleet.claire, due_on=today(-1), actor=fleet.actor)
    loan = lend(asset, person=fleet.claire, due_on=today(1), actor=fleet.actor)
    with pytest.raises(ValidationError, match="give a later date"):
        extend(asset, due_on=today(1), actor=fleet.actor)
    extend(asset, due_on=today(8), actor=fleet.actor)
    loan.refresh_from_db()
    assert loan.due_on == today(8)


def test_each_act_of_a_loan_is_taken_back(fleet):
    asset = fleet.asset()
    loan = lend(asset, person=fleet.claire, due_on=today(1), actor=fleet.actor, slip=True)
    extend(asset, due_on=today(8), actor=fleet.actor)
    give_back(asset, actor=fleet.actor)
    undo(last("asset.loan_returned"), fleet.actor)
    loan.refresh_from_db()
    assert loan.returned_on is None
    assert Asset.objects.get(pk=asset.pk).state == "on_loan"
    undo(last("asset.loan_extended"), fleet.actor)
    loan.refresh_from_db()
    assert loan.due_on == today(1)
    with pytest.raises(ValidationError, match="nothing to undo"):
        undo(last("asset.loan_extended"), fleet.actor)
    undo(last("asset.lent"), fleet.actor)
    assert not Loan.objects.exists()
    assert not Slip.objects.exists()
    assert Asset.objects.get(pk=asset.pk).state == "in_stock"


def test_the_database_holds_one_open_loan_for_an_asset(fleet):
    asset = fleet.asset()
    loan = lend(asset, person=fleet.claire, due_on=today(1), actor=fleet.actor)
    loan.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        loan.save(force_insert=True)


@pytest.mark.django_db(transaction=True)
def test_of_two_loans_at_once_one_is_refused_with_a_sentence(committed_firm, in_english):
    firm = committed_firm
    with scope(firm.acme.id):
        fleet = furnish(firm)
        asset = fleet.asset()
    gate, told = threading.Barrier(2), []

    def borrow(person):
        try:
            gate.wait()
            with scope(firm.acme.id):
                lend(asset, person=person, due_on=today(1), actor=fleet.actor)
            told.append("lent")
        except ValidationError as error:
            told.append(error.messages[0])
        finally:
            connection.close()

    threads = [threading.Thread(target=borrow, args=[p]) for p in (fleet.claire, fleet.paul)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(t.partition(" to ")[0] for t in told) == ["It is already on loan", "lent"]


def test_an_asset_imported_on_loan_comes_back_into_stock(fleet):
    asset = fleet.asset(state="on_loan", person=fleet.claire)
    assert give_back(asset, actor=fleet.actor, slip=True) is None
    now = Asset.objects.get(pk=asset.pk)
    assert (now.state, now.person) == ("in_stock", None)
    assert Slip.objects.get().person == fleet.claire
    undo(last("asset.loan_returned"), fleet.actor)
    assert Asset.objects.get(pk=asset.pk).person == fleet.claire


def test_the_form_changes_hands_in_the_history_but_not_during_a_loan(fleet, client_of):
    asset = assign(fleet.asset(), person=fleet.claire, actor=fleet.actor, on=today(-3))
    browser = client_of(fleet.firm.acme.technician)
    url, body = f"/api/v1/assets/{asset.pk}", {"person": fleet.paul.pk}
    assert browser.patch(url, body, content_type="application/json").status_code == 200
    with scope(fleet.firm.acme.id):
        assert Assignment.objects.get(asset=asset, until=None).by == fleet.firm.acme.technician.name
        lend(asset, person=fleet.claire, due_on=today(2), actor=fleet.actor)
    refused = browser.patch(url, body, content_type="application/json")
    assert "record its return first" in refused.json()["errors"]["person"][0]


# -- reminders
@pytest.fixture
def late(fleet):
    def made(due):
        lender = actor_of(fleet.firm.acme.technician)
        fleet.claire.account = fleet.firm.acme.requester
        fleet.claire.save()
        Loan.objects.all().delete()
        asset = fleet.asset(f"PC {due}")
        loan = lend(asset, person=fleet.claire, due_on=max(due, today()), actor=lender)
        Loan.objects.filter(pk=loan.pk).update(due_on=due, lent_on=min(due, today()))
        return loan

    return made


@pytest.mark.parametrize(
    ("days", "title"),
    [
        (2, "is due back on"),
        (0, "is due back today"),
        (-1, "was due back on"),
        (-20, "was due back on"),
        (3, ""),
    ],
)
def test_borrower_and_lender_are_told_before_on_the_day_and_after(late, fleet, days, title):
    late(today(days))
    jobs.remind.function(organisation=fleet.firm.acme.id)
    told = Notification.objects.filter(kind="loan.due")
    assert {n.account for n in told} == (
        {fleet.firm.acme.requester, fleet.firm.acme.technician} if title else set()
    )
    assert all(title in n.title for n in told)


def test_running_twice_tells_nobody_twice_and_a_late_loan_is_told_again_each_week(late, fleet):
    loan = late(today(-1))
    for _again in range(2):
        jobs.remind.function(organisation=fleet.firm.acme.id)
    assert Notification.objects.filter(kind="loan.due").count() == 2
    Loan.objects.filter(pk=loan.pk).update(due_on=today(-8), lent_on=today(-8))
    jobs.remind.function(organisation=fleet.firm.acme.id)
    assert Notification.objects.filter(kind="loan.due").count() == 4


def test_the_morning_job_reaches_each_organisation_and_only_its_own_loans(late, fleet):
    late(today())
    jobs.remind_of_loans.function()
    run_waiting()
    told = Notification.objects.filter(kind="loan.due")
    assert {n.organisation_id for n in told} == {fleet.firm.acme.id}
    assert told.count() == 2


def test_reminding_costs_the_same_however_many_are_already_told(late, fleet, django_assert_max_num_queries):
    late(today())
    jobs.remind.function(organisation=fleet.firm.acme.id)
    for n in range(10):
        asset = fleet.asset(f"X{n}")
        loan = lend(asset, person=fleet.paul, due_on=today(), actor=fleet.actor)
        Loan.objects.filter(pk=loan.pk).update(reminded=jobs.stage_of(today(), today()))
    with django_assert_max_num_queries(5):
        jobs.remind.function(organisation=fleet.firm.acme.id)


def test_a_borrower_without_an_account_is_told_by_e_mail_when_a_server_is_set(fleet):
    def queued():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT args -> 'to', args ->> 'subject' FROM procrastinate_jobs WHERE queue_name = 'mail'"
            )
            return cursor.fetchall()

    fleet.paul.email = "paul@acme.example"
    fleet.paul.save()
    lend(fleet.asset(), person=fleet.paul, due_on=today(), actor=fleet.actor)
    jobs.remind.function(organisation=fleet.firm.acme.id)
    assert queued() == []
    Loan.objects.update(reminded="")
    preferences.set_value("mail.host", "mail.example", organisation=None, actor=SYSTEM)
    jobs.remind.function(organisation=fleet.firm.acme.id)
    assert [(json.loads(to) if isinstance(to, str) else to, title) for to, title in queued()] == [
        (["paul@acme.example"], "“PC-1” is due back today")
    ]


# -- pages
def test_the_page_of_a_person_tells_what_they_have_and_must_give_back(
    fleet, client_of, django_assert_max_num_queries
):
    for n in range(6):
        assign(fleet.asset(f"PC-{n}"), person=fleet.claire, actor=fleet.actor)
    lend(fleet.asset("LENT"), person=fleet.claire, due_on=today(), actor=fleet.actor)
    Loan.objects.update(due_on=today(-3), lent_on=today(-4))
    browser = client_of(fleet.firm.acme.technician)
    page = browser.get(f"/people/{fleet.claire.pk}/").content.decode()
    assert page.count("PC-3") >= 1
    assert "loan due on" in page
    fleet.claire.left_on = today(10)
    fleet.claire.save()
    with django_assert_max_num_queries(35):
        page = browser.get(f"/people/{fleet.claire.pk}/").content.decode()
    assert page.count("leaves on") == 6
    day = browser.get("/").content.decode()
    assert "Equipment to take back" in day
    assert "7 items" in day
    assert "Loans to return" in day
    assert browser.get("/assets/?holder=leaving").content.decode().count("PC-") >= 6


def test_all_that_somebody_has_is_taken_back_in_one_act_and_one_slip(fleet, client_of, last_undo):
    assign(fleet.asset("PC-1"), person=fleet.claire, actor=fleet.actor)
    lend(fleet.asset("PC-2"), person=fleet.claire, due_on=today(), actor=fleet.actor)
    browser = client_of(fleet.firm.acme.technician)
    done = browser.post(f"/people/{fleet.claire.pk}/act/take-back-all/", {"condition": "good", "slip": "on"})
    with scope(fleet.firm.acme.id):
        slip = Slip.objects.get()
        assert {line["name"] for line in slip.lines} == {"PC-1", "PC-2"}
        assert done["Location"] == f"/slips/{slip.pk}/"
        assert not holding.held_by(fleet.claire).exists()
    browser.post(last_undo(done))
    with scope(fleet.firm.acme.id):
        assert holding.held_by(fleet.claire).count() == 2
        assert not Slip.objects.exists()


def test_many_are_assigned_at_once_on_one_slip(fleet, client_of):
    keys = [fleet.asset(f"PC-{n}").pk for n in range(4)]
    browser = client_of(fleet.firm.acme.technician)
    sent = {"ids": keys, "confirmed": "1", "person": fleet.claire.pk, "slip": "on"}
    assert browser.post("/assets/bulk/assign/", sent).status_code == 302
    with scope(fleet.firm.acme.id):
        assert len(Slip.objects.get().lines) == 4


def test_late_loans_are_listed_and_extended_together(fleet, client_of):
    for n in range(3):
        lend(fleet.asset(f"PC-{n}"), person=fleet.claire, due_on=today(), actor=fleet.actor)
    Loan.objects.update(due_on=today(-1), lent_on=today(-2))
    browser = client_of(fleet.firm.acme.technician)
    page = browser.get("/loans/?state=late").content.decode()
    assert page.count("PC-") >= 3
    sent = {"query": "state=late", "all": "1", "confirmed": "1", "due_on": today(5).isoformat()}
    browser.post("/loans/bulk/extend/", sent)
    with scope(fleet.firm.acme.id):
        assert set(Loan.objects.values_list("due_on", flat=True)) == {today(5)}
