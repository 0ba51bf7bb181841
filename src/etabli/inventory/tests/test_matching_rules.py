"""The rules of an organisation: shown, reordered, tried on the past without writing anything."""

from dataclasses import replace
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from etabli.assets.models import Asset
from etabli.inventory import matching, rules, trials
from etabli.inventory.models import Document, RuleOrder, Section
from etabli.kernel import jobs
from etabli.kernel.actors import SYSTEM, Actor
from etabli.kernel.events import Event
from etabli.kernel.jobs import Job
from etabli.kernel.tenancy import scope

from .machines import Fleet, computer

NO_NUMBERS = ["agent", "macs", "name"]


def order(fleet: Fleet, *keys: str) -> None:
    with scope(fleet.acme.pk):
        rules.reorder(keys, organisation_id=fleet.acme.pk, actor=SYSTEM)


def test_every_rule_has_its_words_and_the_usual_order_holds_without_a_row(fleet: Fleet) -> None:
    assert [rule.key for rule in rules.WORDS] == list(matching.RULES) == list(matching.SHIPPED)
    with scope(fleet.acme.pk):
        assert rules.order_of(fleet.acme.pk) == matching.SHIPPED


def test_a_rule_that_is_not_used_recognises_nothing(fleet: Fleet) -> None:
    order(fleet, "agent", "serial_uuid", "macs", "name")
    machine = replace(computer(1), macs=())
    fleet.send(machine)
    assert fleet.send(replace(machine, uuid="").reinstalled()).decision == "created"
    order(fleet, *matching.SHIPPED)
    assert fleet.send(replace(computer(1), uuid="").reinstalled()).decision != "created"


@pytest.mark.parametrize(("keys", "chosen"), [(["uuid", "macs"], 0), (["macs", "uuid"], 1)])
def test_the_first_rule_that_answers_decides(fleet: Fleet, keys: list[str], chosen: int) -> None:
    """A machine with the UUID and the name of one, and the network card of another that tells no number."""
    one = fleet.send(replace(computer(1), serial="")).asset
    two = fleet.send(replace(computer(2), serial="", uuid="")).asset
    order(fleet, *keys)
    torn = replace(computer(1), serial="", macs=computer(2).macs)
    assert fleet.send(torn.reinstalled()).asset == (one, two)[chosen]


def test_the_order_of_another_organisation_does_not_count(fleet: Fleet) -> None:
    order(fleet, "macs")
    with scope(fleet.globex.pk):
        assert rules.order_of(fleet.globex.pk) == matching.SHIPPED


@pytest.mark.parametrize(
    ("keys", "words"),
    [(["agent", "name"], "Keep at least one rule"), (["x"], "no rule “x”"), (["uuid", "uuid"], "twice")],
)
def test_an_order_that_would_spoil_the_fleet_is_refused(fleet: Fleet, keys: list[str], words: str) -> None:
    with scope(fleet.acme.pk), pytest.raises(ValidationError, match=words):
        rules.reorder(keys, organisation_id=fleet.acme.pk, actor=SYSTEM)


def test_changing_the_order_needs_the_right_and_leaves_an_event(fleet: Fleet) -> None:
    technician = Actor(1, "Tom", grants={fleet.acme.pk: frozenset({"asset.*"})})
    with scope(fleet.acme.pk):
        with pytest.raises(PermissionDenied):
            rules.reorder(["uuid"], organisation_id=fleet.acme.pk, actor=technician)
        order(fleet, "uuid", "serial")
        (event,) = Event.objects.filter(verb="ruleorder.changed")
        assert event.changes["rules"][1] == ["uuid", "serial"]
        order(fleet, "uuid", "serial")
        assert Event.objects.filter(verb="ruleorder.changed").count() == 1


def world(fleet: Fleet) -> dict[str, Any]:
    """All that a dry run could have written."""
    with scope(fleet.acme.pk):
        return {
            "assets": list(Asset.objects.order_by("pk").values()),
            "documents": list(Document.objects.order_by("pk").values("pk", "decision", "reason", "asset")),
            "sections": list(Section.objects.order_by("pk").values("pk", "digest")),
            "orders": list(RuleOrder.objects.values()),
            "events": Event.objects.count(),
        }


def test_a_dry_run_says_what_would_be_decided_differently_and_writes_nothing(fleet: Fleet) -> None:
    for n in range(1, 6):
        fleet.send(computer(n))
    bare = fleet.send(computer(9, macs=())).asset
    before = world(fleet)
    with scope(fleet.acme.pk):
        same = trials.replay(fleet.acme.pk, matching.SHIPPED)
        less = trials.replay(fleet.acme.pk, NO_NUMBERS)
    assert (same["read"], same["different"], same["rows"]) == (6, 0, [])
    assert (less["read"], less["different"], less["new"]) == (6, 1, 1)
    (row,) = less["rows"]
    assert (row["id"], row["before"]["rule"], row["after"]["what"]) == (bare.pk, "serial_uuid", "new")
    assert world(fleet) == before


def test_a_dry_run_tells_a_machine_that_would_be_taken_for_another(fleet: Fleet) -> None:
    one = computer(1, uuid="", macs=("02:00:00:00:00:11",))
    fleet.send(one)
    fleet.send(computer(2, serial="", uuid="", name=one.name, macs=("02:00:00:00:00:22",)))
    with scope(fleet.acme.pk):
        Asset.objects.filter(serial=one.serial).update(name="OLD NAME")
        found = trials.replay(fleet.acme.pk, ["name", "serial"])
    assert found["different"] >= 1
    assert found["asked"] + found["other"] + found["new"] == found["different"]


def test_a_large_dry_run_is_a_followed_job_whose_result_is_read_afterwards(
    committed_fleet: Fleet,
) -> None:
    fleet = committed_fleet
    fleet.send(computer(1, macs=()))
    with scope(fleet.acme.pk):
        made = trials.try_rules.follow(
            title="Try", actor=SYSTEM, organisation=fleet.acme.pk, proposed=NO_NUMBERS
        )
    jobs.run_waiting()
    with scope(fleet.acme.pk):
        done = Job.objects.get(pk=made.pk)
    assert (done.state, done.result["read"], done.result["new"]) == ("done", 1, 1)


def test_the_page_moves_tries_and_saves(firm, maker, client_of) -> None:
    browser = client_of(firm.acme.administrator)
    keys = list(matching.SHIPPED)
    page = browser.get("/recognition/").content.decode()
    assert page.index('value="agent"') < page.index('value="serial_uuid"')

    def post(**sent: Any) -> Any:
        return browser.post("/recognition/", {"order": keys, "use": keys, **sent})

    moved = post(up="serial_uuid").content.decode()
    assert moved.index('value="serial_uuid"') < moved.index('value="agent"')
    assert not RuleOrder.objects.exists()
    assert "Every machine would be decided as it is today." in post(act="try").content.decode()
    assert "Keep at least one rule" in post(act="save", use=["name"]).content.decode()
    assert post(act="save", use=["serial", "uuid"]).status_code == 302
    with scope(firm.acme.id):
        assert RuleOrder.objects.get().rules == ["serial", "uuid"]
    assert post(act="shipped").status_code == 302
    with scope(firm.acme.id):
        assert RuleOrder.objects.get().rules == keys


def test_the_page_is_read_by_those_who_may_and_changed_by_administrators(firm, client_of) -> None:
    assert client_of(firm.acme.auditor).get("/recognition/").status_code == 200
    assert client_of(firm.acme.requester).get("/recognition/").status_code == 403
    assert client_of(firm.acme.auditor).post("/recognition/", {"act": "save"}).status_code == 403
