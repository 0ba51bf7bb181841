"""The order of the recognition rules by the API: what the page does, for programs."""

import json
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client

from etabli.assets.models import Asset
from etabli.inventory import matching, trials
from etabli.inventory.models import RuleOrder
from etabli.kernel import tokens
from etabli.kernel.actors import actor_of
from etabli.kernel.events import Event
from etabli.kernel.jobs import Job
from etabli.kernel.organisations import Membership
from etabli.kernel.tenancy import opening, scope

from .machines import Fleet, computer

SHIPPED = list(matching.SHIPPED)


@pytest.fixture
def program(firm):
    """A program with a token of an account in an organisation, of which it asks unless told otherwise."""

    def made(account: Any, at: int = firm.acme.id) -> Any:
        actor = replace(actor_of(firm.provider.administrator), account_id=account.pk, source="system")
        with scope(at):
            _token, text = tokens.create(account, name="script", scopes=["*"], organisation=at, actor=actor)

        def call(method: str, rest: str = "", body: Any = None, organisation: int = at) -> Any:
            sent = "" if body is None else json.dumps(body)
            address, headers = (
                f"/api/v1/recognition/{organisation}{rest}",
                {"Authorization": f"Bearer {text}"},
            )
            return Client().generic(method, address, sent, "application/json", headers=headers)

        return call

    return made


@pytest.fixture
def boss(program, firm):
    return program(firm.acme.administrator)


def test_the_order_in_force_is_read_with_its_words(boss, firm):
    told = boss("GET").json()
    assert (told["organisation"], told["rules"], told["shipped"]) == (firm.acme.id, SHIPPED, SHIPPED)
    assert [rule["key"] for rule in told["known"]] == SHIPPED
    assert all(rule["used"] and rule["label"] and rule["text"] for rule in told["known"])


def test_the_order_is_changed_and_the_history_tells_it(boss, firm):
    answer = boss("PUT", body={"rules": ["serial", "uuid"]})
    assert (answer.status_code, answer.json()["rules"]) == (200, ["serial", "uuid"])
    assert {rule["key"] for rule in answer.json()["known"] if rule["used"]} == {"serial", "uuid"}
    with scope(firm.acme.id):
        assert RuleOrder.objects.get().rules == ["serial", "uuid"]
        assert Event.objects.get(verb="ruleorder.changed").source == "api"


@pytest.mark.parametrize("keys", [["nothing"], ["serial", "serial"], ["name"], []])
def test_an_order_that_cannot_be_applied_is_refused_with_a_sentence(boss, firm, keys):
    for method, rest in (("PUT", ""), ("POST", "/try")):
        answer = boss(method, rest, {"rules": keys})
        assert answer.status_code == 422
        assert answer.json()["errors"]["rules"][0].endswith(".")
    with scope(firm.acme.id):
        assert not RuleOrder.objects.exists()


def test_a_body_that_is_no_order_is_refused(boss):
    for body in ({}, {"rules": "serial"}, []):
        assert boss("PUT", body=body).status_code == 422


def test_a_dry_run_answers_what_would_change_and_writes_nothing(fleet: Fleet, firm, program):
    machine = fleet.send(computer(1, macs=())).asset
    account = firm.acme.administrator
    with opening():
        role = account.memberships.get().role
        Membership.objects.create(organisation=fleet.acme, account=account, role=role)
    answer = program(account, at=fleet.acme.pk)("POST", "/try", {"rules": ["agent", "macs"]})
    assert answer.status_code == 200
    told = answer.json()
    assert (told["read"], told["different"], told["new"]) == (1, 1, 1)
    assert [(row["id"], row["after"]["what"]) for row in told["rows"]] == [(machine.pk, "new")]
    with scope(fleet.acme.pk):
        assert not RuleOrder.objects.exists()


def test_a_large_dry_run_is_a_job(boss, firm, maker, monkeypatch):
    monkeypatch.setattr(trials, "AT_ONCE", -1)
    answer = boss("POST", "/try", {"rules": SHIPPED})
    assert answer.status_code == 202
    with scope(firm.acme.id):
        job = Job.objects.get(pk=answer.json()["job"])
        assert (job.name, job.arguments["proposed"]) == (trials.try_rules.name, SHIPPED)
        assert not Asset.objects.exists()


def test_who_may_read_and_who_may_change(program, firm):
    auditor, requester = program(firm.acme.auditor), program(firm.acme.requester)
    assert auditor("GET").status_code == 200
    assert auditor("PUT", body={"rules": SHIPPED}).status_code == 403
    assert auditor("POST", "/try", {"rules": SHIPPED}).status_code == 403
    assert requester("GET").status_code == 403


def test_another_organisation_is_not_found_and_nobody_is_asked_to_log_in(boss, firm, client_of):
    for method, rest, body in (
        ("GET", "", None),
        ("PUT", "", {"rules": SHIPPED}),
        ("POST", "/try", {"rules": SHIPPED}),
    ):
        assert boss(method, rest, body, organisation=firm.globex.id).status_code == 404
        assert boss(method, rest, body, organisation=10**15).status_code == 404
    assert Client().get(f"/api/v1/recognition/{firm.acme.id}").status_code == 401
