"""How often agents come and why; an inventory that somebody wants soon."""

import json
from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from etabli.inventory import agents, cadences
from etabli.inventory.models import Agent, Enrolment
from etabli.kernel import preferences
from etabli.kernel.actors import SYSTEM, Actor
from etabli.kernel.events import Event
from etabli.kernel.screens.undoing import undo
from etabli.kernel.tenancy import scope

from .machines import Fleet, computer, post

PC = computer(1, deviceid="pc-1")
PROLOG = b"<REQUEST><DEVICEID>pc-1</DEVICEID><QUERY>PROLOG</QUERY></REQUEST>"
TASKS = ["inventory", "deploy"]


def contact(fleet: Fleet) -> dict[str, Any]:
    told = {"action": "contact", "deviceid": "pc-1", "name": "GLPI-Agent", "installed-tasks": TASKS}
    answer = post(fleet.url(), orjson.dumps(told), "application/json", GLPI_Agent_ID=PC.agent_id)
    assert answer.status_code == 200, answer.content
    return dict(json.loads(answer.content))


def legacy(fleet: Fleet) -> str:
    return post(fleet.url(), PROLOG, "application/xml").content.decode()


def choose(fleet: Fleet, key: str, value: Any) -> None:
    preferences.set_value(key, value, organisation=fleet.acme.pk, actor=SYSTEM)
    cadences.remembered.clear()


def change(fleet: Fleet, **values: Any) -> Agent:
    with scope(fleet.acme.pk):
        Agent.objects.update(**values)
        return Agent.objects.select_related("enrolment").get()


def agent(fleet: Fleet) -> Agent:
    with scope(fleet.acme.pk):
        return Agent.objects.select_related("enrolment").get()


def why(fleet: Fleet) -> str:
    with scope(fleet.acme.pk):
        return str(cadences.why(Agent.objects.select_related("enrolment").get(), timezone.now()))


def test_the_most_precise_setting_wins_and_is_named(fleet: Fleet) -> None:
    assert contact(fleet)["expiration"] == 24
    assert why(fleet) == "An inventory every 24 h: the setting of the installation."
    choose(fleet, cadences.HOURS, 12)
    assert contact(fleet)["expiration"] == 12
    assert why(fleet) == "An inventory every 12 h: the setting of the organisation."
    with scope(fleet.acme.pk):
        Enrolment.objects.update(cadence_hours=6)
    assert contact(fleet)["expiration"] == 6
    assert why(fleet) == "An inventory every 6 h: set on the enrolment key “Site”."
    with scope(fleet.acme.pk):
        agents.set_cadence(Agent.objects.get(), hours=2, actor=SYSTEM)
    assert contact(fleet)["expiration"] == 2
    assert why(fleet) == "An inventory every 2 h: set on this agent."
    seen = agent(fleet)
    assert seen.expected_at is not None
    assert seen.expected_at - seen.seen_at == timedelta(hours=2)


def test_a_legacy_agent_gets_its_cadence_in_hours(fleet: Fleet) -> None:
    choose(fleet, cadences.HOURS, 8)
    assert "<PROLOG_FREQ>8</PROLOG_FREQ><RESPONSE>SEND</RESPONSE>" in legacy(fleet)


def test_agents_that_come_often_only_send_when_it_is_time(fleet: Fleet) -> None:
    choose(fleet, cadences.MINUTES, 30)
    first = contact(fleet)
    assert (first["expiration"], first["disabled"]) == ("30m", ["deploy"])  # none was ever received
    fleet.send(PC)
    second = contact(fleet)
    assert second["disabled"] == ["deploy", "inventory"]
    assert second["tasks"]["inventory"]["server"]  # told all the same, or the agent falls back to XML
    assert "SEND" not in legacy(fleet)
    assert "It asks every 30 min whether one is wanted." in why(fleet)
    change(fleet, inventoried_at=timezone.now() - timedelta(hours=23, minutes=50))
    assert contact(fleet)["disabled"] == ["deploy"]
    assert "SEND" in legacy(fleet)


def test_an_inventory_asked_soon_is_sent_at_the_next_contact_then_no_more(fleet: Fleet) -> None:
    choose(fleet, cadences.MINUTES, 30)
    fleet.send(PC)
    with scope(fleet.acme.pk):
        agents.ask_soon(Agent.objects.get(), actor=SYSTEM)
    assert "soon" in why(fleet)
    assert contact(fleet)["disabled"] == ["deploy"]
    assert "SEND" in legacy(fleet)
    assert agent(fleet).soon_at is not None  # a contact is no inventory yet
    fleet.send(PC)
    assert agent(fleet).soon_at is None
    assert "inventory" in contact(fleet)["disabled"]


def test_asking_soon_is_told_and_can_be_taken_back(fleet: Fleet) -> None:
    fleet.send(PC)
    with scope(fleet.acme.pk):
        agents.ask_soon(Agent.objects.get(), actor=SYSTEM)
        undo(Event.objects.get(verb="agent.asked"), SYSTEM)
    assert agent(fleet).soon_at is None


def test_a_cadence_longer_than_the_time_between_contacts_leaves_contacts_as_they_are(fleet: Fleet) -> None:
    choose(fleet, cadences.MINUTES, 60)
    fleet.send(PC)
    change(fleet, cadence_hours=48)
    assert contact(fleet)["expiration"] == 1
    change(fleet, inventoried_at=timezone.now() - timedelta(hours=40))
    assert "inventory" in contact(fleet)["disabled"]


def test_who_may_not_neither_asks_nor_sets(fleet: Fleet) -> None:
    fleet.send(PC)
    visitor = Actor(account_id=None, label="visitor")
    with scope(fleet.acme.pk):
        one = Agent.objects.get()
        for act in (
            lambda: agents.ask_soon(one, actor=visitor),
            lambda: agents.set_cadence(one, hours=2, actor=visitor),
            lambda: agents.forget(one, actor=visitor),
        ):
            with pytest.raises(PermissionDenied):
                act()


def test_the_last_contacts_are_kept_with_what_they_were_and_no_more_than_twelve(fleet: Fleet) -> None:
    contact(fleet)
    fleet.send(PC)
    kinds = [one.split()[1] for one in agent(fleet).contacts]
    assert kinds == ["inventory", "contact"]
    for _ in range(15):
        contact(fleet)
    assert len(agent(fleet).contacts) == 12
    assert agent(fleet).contacts[0].endswith(" contact 127.0.0.1")


def test_a_forgotten_agent_leaves_its_inventories_and_comes_back_by_undo(fleet: Fleet) -> None:
    document = fleet.send(PC)
    with scope(fleet.acme.pk):
        one = Agent.objects.get()
        before = {f.attname: getattr(one, f.attname) for f in Agent._meta.concrete_fields}
        agents.forget(one, actor=SYSTEM)
        assert not Agent.objects.exists()
        document.refresh_from_db()
        assert document.agent_id is None
        undo(Event.objects.get(verb="agent.deleted"), SYSTEM)
        back = Agent.objects.get()
        document.refresh_from_db()
        assert document.agent_id == back.pk == before["id"]
        after = {name: getattr(back, name) for name in before}
        assert {n for n in before if before[n] != after[n]} <= {
            "first_seen_at",
            "seen_at",
            "expected_at",
            "inventoried_at",
        }


def test_a_forgotten_agent_that_reports_again_is_simply_there(fleet: Fleet) -> None:
    fleet.send(PC)
    with scope(fleet.acme.pk):
        agents.forget(Agent.objects.get(), actor=SYSTEM)
    assert fleet.send(PC).decision in {"unchanged", "updated"}
    with scope(fleet.acme.pk):
        assert Agent.objects.count() == 1


def test_reading_times_are_kept(fleet: Fleet) -> None:
    document = fleet.send(PC)
    assert document.took_ms is not None
    assert 0 <= document.took_ms < 60_000
