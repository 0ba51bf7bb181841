"""The life of an asset: one state machine, its guards, every change signed and dated, and taken back."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from etabli.assets import life
from etabli.assets.life import GUARDS, MOVES, change_state, why_not
from etabli.assets.models import Asset, Disk, Loan
from etabli.kernel.actors import actor_of
from etabli.kernel.events import Event
from etabli.kernel.screens.undoing import undo
from etabli.kernel.tenancy import scope

STORY = [
    ("order", "ordered"),
    ("receive", "received"),
    ("store", "in_stock"),
    ("prepare", "preparing"),
    ("serve", "in_service"),
    ("maintain", "maintenance"),
    ("serve", "in_service"),
    ("ship", "in_transit"),
    ("serve", "in_service"),
    ("repair", "in_repair"),
    ("serve", "in_service"),
    ("plan-retirement", "to_retire"),
    ("keep", "in_service"),
    ("plan-retirement", "to_retire"),
    ("retire", "retired"),
    ("erase", "erased"),
    ("redeploy", "redeployed"),
    ("store", "in_stock"),
    ("plan-retirement", "to_retire"),
    ("retire", "retired"),
    ("erase", "erased"),
    ("recycle", "recycled"),
    ("close", "gone"),
]


def test_a_whole_life_and_its_events(fleet):
    asset = fleet.asset(state="requested")
    for name, state in STORY:
        asset = change_state(asset, MOVES[name], actor=fleet.actor, reason="because")
        assert asset.state == state
    told = Event.objects.filter(noun="asset", object_id=asset.pk).order_by("id")
    assert [e.changes["state"][1] for e in told] == [state for _name, state in STORY]
    assert {e.actor for e in told} == {fleet.actor.label}
    assert told[0].extra["on"] == timezone.localdate().isoformat()
    assert asset.commissioned_on == timezone.localdate()


def test_every_state_is_reached_and_only_gone_is_an_end():
    reached = {move.target for move in MOVES.values()} | {"requested", "on_loan"}
    left = {state for move in MOVES.values() for state in move.sources}
    assert reached == set(Asset.State.values)
    assert set(Asset.State.values) - left == {"gone"}


@pytest.mark.parametrize("state", Asset.State.values)
def test_every_move_the_machine_does_not_hold_is_refused_with_a_sentence(fleet, state):
    asset = fleet.asset(kind="monitor", state=state)
    for move in MOVES.values():
        problem = why_not(asset, move)
        if state in move.sources:
            assert problem == ""
            continue
        assert problem.endswith(".")
        with pytest.raises(ValidationError) as told:
            change_state(asset, move, actor=fleet.actor)
        assert told.value.messages == [problem]
    assert Asset.objects.get(pk=asset.pk).state == state


def test_a_refusal_says_what_is_possible(fleet):
    problem = why_not(fleet.asset(state="to_retire"), MOVES["sell"])
    assert problem == (
        "It is to retire, which does not lead to “sold”. Possible now: Send to repair, Keep in service, Retire, "
        "Declare lost, Declare stolen."
    )


@pytest.mark.parametrize("state", life.HERE)
def test_what_is_still_here_can_be_lost_or_stolen_and_found_again(fleet, state):
    asset = change_state(fleet.asset(state=state), MOVES["lose"], actor=fleet.actor, reason="?")
    asset = change_state(asset, MOVES["find"], actor=fleet.actor)
    assert (asset.state, asset.person) == ("in_stock", None)


def test_an_asset_that_is_gone_is_not_stolen(fleet):
    assert "life is over" in why_not(fleet.asset(state="gone"), MOVES["steal"])


# -- guards
def test_what_bears_storage_leaves_only_erased(fleet):
    laptop, monitor = fleet.asset(state="retired"), fleet.asset("M-1", "monitor", state="retired")
    recorder = fleet.asset("R-1", "other", state="retired")
    Disk.objects.create(asset=recorder, name="SSD")
    for name in ("sell", "donate", "recycle", "destroy", "return-to-lessor", "redeploy"):
        assert why_not(laptop, MOVES[name]) == "Its storage may hold data: record its erasure first."
        assert why_not(recorder, MOVES[name]) != ""
        assert why_not(monitor, MOVES[name]) == ""
    laptop = change_state(laptop, MOVES["erase"], actor=fleet.actor)
    assert why_not(laptop, MOVES["sell"]) == ""


def test_a_leased_asset_goes_back_to_its_lessor_only(fleet):
    screen = fleet.asset(kind="monitor", state="retired", ownership="leased")
    for name in ("sell", "donate", "recycle", "destroy"):
        assert "return it to its lessor" in why_not(screen, MOVES[name])
    for name in ("return-to-lessor", "lose"):
        assert why_not(screen, MOVES[name]) == ""


@pytest.mark.parametrize("key", GUARDS)
def test_a_guard_that_a_domain_fills_refuses_by_its_sentence(fleet, monkeypatch, key):
    monkeypatch.setitem(life._checks, key, [])
    life.guards(key)(lambda asset, move: f"{asset} must not {move.name}." if asset.name == "PC-1" else "")
    for name in GUARDS[key].moves:
        source = MOVES[name].sources[-1]
        asset = fleet.asset(state=source)
        with pytest.raises(ValidationError, match=f"PC-1 must not {name}."):
            change_state(asset, MOVES[name], actor=fleet.actor)
        free = fleet.asset("PC-2", state=source)
        assert change_state(free, MOVES[name], actor=fleet.actor).state == MOVES[name].target
    elsewhere = next(m for m in MOVES.values() if m.name not in GUARDS[key].moves)
    assert why_not(fleet.asset(state=elsewhere.sources[0]), elsewhere) == ""


def test_a_guard_that_is_not_declared_cannot_be_filled():
    with pytest.raises(KeyError):
        life.guards("weather")(lambda asset, move: "")


# -- dates and rights
def test_the_day_is_neither_to_come_nor_before_the_present_state(fleet):
    today = timezone.localdate()
    asset = fleet.asset(state="in_service", state_since=today - timedelta(days=3))
    with pytest.raises(ValidationError, match="to come"):
        change_state(asset, MOVES["maintain"], actor=fleet.actor, on=today + timedelta(days=1))
    with pytest.raises(ValidationError, match="give that day or a later one"):
        change_state(asset, MOVES["maintain"], actor=fleet.actor, on=today - timedelta(days=4))
    asset = change_state(asset, MOVES["maintain"], actor=fleet.actor, on=today - timedelta(days=2))
    assert asset.state_since == today - timedelta(days=2)


def test_without_the_verb_the_state_stays(fleet):
    asset = fleet.asset()
    with pytest.raises(PermissionDenied):
        change_state(asset, MOVES["prepare"], actor=actor_of(fleet.firm.acme.auditor))
    assert Asset.objects.get(pk=asset.pk).state == "in_stock"


@pytest.mark.parametrize("name", [n for n, m in MOVES.items() if m.target != "on_loan"])
def test_each_move_is_taken_back(fleet, name):
    move = MOVES[name]
    asset = fleet.asset(kind="monitor", state=move.sources[0], person=fleet.claire)
    change_state(asset, move, actor=fleet.actor, reason="r")
    event = Event.objects.filter(object_id=asset.pk).latest("id")
    undo(event, fleet.actor)
    now = Asset.objects.get(pk=asset.pk)
    assert (now.state, now.person, now.state_since) == (move.sources[0], fleet.claire, None)
    assert now.assignments.count() == 1


def test_an_undo_never_loses_a_later_change(fleet):
    asset = change_state(fleet.asset(), MOVES["prepare"], actor=fleet.actor)
    event = Event.objects.filter(object_id=asset.pk).latest("id")
    change_state(asset, MOVES["serve"], actor=fleet.actor)
    with pytest.raises(ValidationError, match="changed again since"):
        undo(event, fleet.actor)


def test_a_loan_ends_when_the_thing_is_stolen_and_begins_again_when_that_is_taken_back(fleet):
    from etabli.assets.holding import lend

    asset = fleet.asset()
    loan = lend(asset, person=fleet.claire, due_on=timezone.localdate(), actor=fleet.actor)
    change_state(asset, MOVES["steal"], actor=fleet.actor, more={"complaint": "2026/1"})
    assert Loan.objects.get(pk=loan.pk).outcome == "stolen"
    undo(Event.objects.filter(verb="asset.stolen").latest("id"), fleet.actor)
    assert Loan.objects.get(pk=loan.pk).returned_on is None
    assert Asset.objects.get(pk=asset.pk).state == "on_loan"


# -- pages and API
def test_the_page_offers_what_is_possible_and_the_form_no_state(fleet, client_of):
    asset = fleet.asset(state="to_retire")
    anne = client_of(fleet.firm.acme.technician)
    page = anne.get(f"/assets/{asset.pk}/").content.decode()
    assert f"/assets/{asset.pk}/act/retire/" in page
    assert f"/assets/{asset.pk}/act/sell/" not in page
    assert f"/assets/{asset.pk}/act/prepare/" not in page
    form = anne.get(f"/assets/{asset.pk}/edit/").content.decode()
    assert 'name="state"' not in form
    assert 'name="state"' in anne.get("/assets/add/").content.decode()
    done = anne.post(
        f"/assets/{asset.pk}/edit/",
        {"name": "Renamed", "kind": asset.kind_id, "criticality": 2, "ownership": "company"},
    )
    assert done.status_code == 302
    with scope(fleet.firm.acme.id):
        again = Asset.objects.get(pk=asset.pk)
        assert (again.name, again.state) == ("Renamed", "to_retire")


def test_a_theft_asks_for_the_complaint_and_proposes_to_assess_a_breach(fleet, client_of):
    asset = fleet.asset(state="in_service")
    anne = client_of(fleet.firm.acme.technician)
    asked = anne.post(f"/assets/{asset.pk}/act/steal/", {"reason": "train"})
    assert asked.status_code == 422
    done = anne.post(f"/assets/{asset.pk}/act/steal/", {"complaint": "PV 2026/0412", "reason": "train"})
    assert done.status_code == 302
    page = anne.get(f"/assets/{asset.pk}/").content.decode()
    assert "72 hours" in page
    assert "complaint PV 2026/0412 · train" in page


def test_a_way_out_is_chosen_and_refused_by_the_guard(fleet, client_of):
    asset = fleet.asset(state="retired")
    anne = client_of(fleet.firm.acme.technician)
    assert "act/leave" not in anne.get(f"/assets/{asset.pk}/").content.decode()
    told = anne.post(f"/assets/{asset.pk}/act/leave/", {"how": "sell", "reason": "Broker"})
    assert told.status_code == 409
    assert "record its erasure first" in told.content.decode()
    anne.post(f"/assets/{asset.pk}/act/erase/", {"reason": "nwipe"})
    anne.post(f"/assets/{asset.pk}/act/leave/", {"how": "sell", "reason": "Broker"})
    with scope(fleet.firm.acme.id):
        assert Asset.objects.get(pk=asset.pk).state == "sold"


def test_many_change_state_at_once_and_all_comes_back(fleet, client_of, last_undo):
    made = [fleet.asset(f"PC-{n}", state="in_stock") for n in range(3)]
    odd = fleet.asset("PC-9", state="gone")
    anne = client_of(fleet.firm.acme.technician)
    sent = {"ids": [a.pk for a in [*made, odd]], "confirmed": "1", "to": "prepare"}
    answer = anne.post("/assets/bulk/state/", sent)
    with scope(fleet.firm.acme.id):
        assert Asset.objects.filter(state="preparing").count() == 3
        assert Asset.objects.get(pk=odd.pk).state == "gone"
    anne.post(last_undo(answer))
    with scope(fleet.firm.acme.id):
        assert Asset.objects.filter(state="in_stock").count() == 3


def api(browser, method, path, body):
    return getattr(browser, method)(path, body, content_type="application/json", HTTP_X_CSRFTOKEN="x")


def test_the_api_moves_by_the_act_and_a_patch_goes_through_the_machine(fleet, client_of):
    asset = fleet.asset()
    anne = client_of(fleet.firm.acme.technician)
    url = f"/api/v1/assets/{asset.pk}"
    done = api(anne, "post", f"{url}/prepare", {"reason": "new hire"})
    assert done.json()["state"] == "preparing"
    assert api(anne, "patch", url, {"state": "in_service"}).json()["state"] == "in_service"
    refused = api(anne, "patch", url, {"state": "sold"})
    assert refused.status_code == 422
    assert "use “Sell”" in refused.json()["errors"]["state"][0]
    assert "does not lead to" in api(anne, "patch", url, {"state": "ordered"}).json()["errors"]["state"][0]
    assert "use “Lend”" in api(anne, "patch", url, {"state": "on_loan"}).json()["errors"]["state"][0]
    assert api(anne, "patch", url, {"name": "Other"}).json()["state"] == "in_service"
    with scope(fleet.firm.acme.id):
        event = Event.objects.filter(object_id=asset.pk, verb="asset.changed").first()
        assert set(event.changes) == {"state", "state_since", "commissioned_on"} - (
            set() if "state_since" in event.changes else {"state_since"}
        )


def test_an_import_may_set_the_first_state_of_an_asset(fleet):
    from etabli.kernel.screens import registry
    from etabli.kernel.screens.importing import actions

    admin = actor_of(fleet.firm.acme.administrator)
    sheet = b"Name;Kind;State;Serial number\nPC-7;Laptop;in stock;S7\nPC-8;Laptop;sold;S8\n"
    made = actions.begin(
        registry[Asset], content=sheet, name="a.csv", organisation_id=fleet.firm.acme.id, actor=admin
    )
    actions.commit(made, registry[Asset], admin)
    assert dict(Asset.objects.values_list("name", "state")) == {"PC-7": "in_stock", "PC-8": "sold"}


def test_a_high_criticality_says_why(fleet, client_of):
    asset = fleet.asset(criticality=4)
    anne = client_of(fleet.firm.acme.technician)
    url = f"/api/v1/assets/{asset.pk}"
    assert (
        api(anne, "patch", url, {"name": "No news"}).status_code == 200
    )  # what was so before is not asked again
    refused = api(anne, "patch", url, {"criticality": 3})
    assert "needs a reason" in refused.json()["errors"]["criticality_reason"][0]
    assert api(anne, "patch", url, {"criticality": 3, "criticality_reason": "Payroll"}).status_code == 200
    many = anne.post("/assets/bulk/rate/", {"ids": [asset.pk], "confirmed": "1", "criticality": "4"})
    assert many.status_code == 422


def test_the_tab_tells_how_long_each_state_lasted(fleet, client_of, django_assert_max_num_queries):
    today = timezone.localdate()
    asset = fleet.asset(state="in_service", price=100)
    for name, days in (("repair", 9), ("serve", 4)):
        asset = change_state(
            asset, MOVES[name], actor=fleet.actor, on=today - timedelta(days=days), reason="screen"
        )
    anne = client_of(fleet.firm.acme.technician)
    api(anne, "patch", f"/api/v1/assets/{asset.pk}", {"price": "80"})
    with django_assert_max_num_queries(25):
        page = anne.get(f"/assets/{asset.pk}/?tab=life").content.decode()
    assert "5 days" in page
    assert "4 days" in page
    assert "Purchase, warranty and cost: what changed" in page


def test_the_life_of_another_organisation_is_not_shown_nor_changed(fleet, client_of):
    asset = fleet.asset()
    stranger = client_of(fleet.firm.globex.administrator)
    assert stranger.get(f"/assets/{asset.pk}/?tab=life").status_code == 404
    assert stranger.post(f"/assets/{asset.pk}/act/prepare/", {}).status_code == 404
    assert api(stranger, "post", f"/api/v1/assets/{asset.pk}/prepare", {}).status_code == 404
