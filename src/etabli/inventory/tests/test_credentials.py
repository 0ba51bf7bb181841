"""The logins of databases: over TLS, to a known agent, written down each time, and never in a log."""

import json
import logging
from typing import Any

import pytest
from django.conf import settings as _settings
from django.db import connection
from django.test import Client

from etabli.inventory import enrolments
from etabli.inventory.models import DatabaseCredential, Enrolment
from etabli.kernel.actors import SYSTEM
from etabli.kernel.events import Event
from etabli.kernel.organisations import Organisation
from etabli.kernel.tenancy import scope

from .machines import AGENT, Fleet, computer

PC = computer(1, deviceid="pc-1")
PASSWORD = "s3cret-of-the-database"


def say(
    fleet: Fleet, told: dict[str, Any], *, secure: bool = True, agent_id: str = PC.agent_id, url: str = ""
) -> Any:
    headers = {"User-Agent": AGENT, "GLPI-Agent-ID": agent_id}
    body = json.dumps({"deviceid": "pc-1", **told})
    return Client().post(url or fleet.url(), body, "application/json", headers=headers, secure=secure)


def contact(fleet: Fleet, **more: Any) -> dict[str, Any]:
    told = {"action": "contact", "name": "GLPI-Agent", "version": "1.12", "installed-tasks": ["inventory"]}
    return dict(json.loads(say(fleet, told, **more).content))


def ask(fleet: Fleet, one: DatabaseCredential, use: str = "mysql", **more: Any) -> tuple[int, dict[str, Any]]:
    answer = say(fleet, {"action": "get_params", "params_id": str(one.pk), "use": use}, **more)
    return answer.status_code, json.loads(answer.content)


@pytest.fixture
def login(fleet: Fleet) -> DatabaseCredential:
    return made(fleet.acme)


def made(organisation: Organisation, **more: Any) -> DatabaseCredential:
    with scope(organisation.pk):
        usual = {"name": "MySQL", "engine": "mysql", "login": "inventory", "password": PASSWORD, "port": 3306}
        return DatabaseCredential.objects.create(organisation=organisation, **(usual | more))


def served(fleet: Fleet) -> list[Event]:
    with scope(fleet.acme.pk):
        return list(Event.objects.filter(verb="databasecredential.served"))


def test_a_known_agent_gets_the_login_over_tls_and_an_event_tells_it(
    fleet: Fleet, login: DatabaseCredential, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    task = contact(fleet)["tasks"]["inventory"]
    key = str(login.pk)
    assert task["params"] == [
        {"category": "database", "params_id": key, "use": "mysql", f"use[{key}]": "mysql"}
    ]
    status, told = ask(fleet, login)
    assert (status, told["status"]) == (200, "ok")
    assert told["credentials"] == [
        {"type": "login_password", "login": "inventory", "password": PASSWORD, "port": "3306"}
    ]
    [event] = served(fleet)
    assert (event.object_id, event.source, event.extra["deviceid"]) == (login.pk, "agent", "pc-1")
    assert PASSWORD not in str(event.extra) + str(event.changes) + caplog.text
    ask(fleet, login)
    assert len(served(fleet)) == 2


def test_without_tls_nothing_is_announced_nor_given(fleet: Fleet, login: DatabaseCredential) -> None:
    assert "params" not in contact(fleet, secure=False)["tasks"]["inventory"]
    status, told = ask(fleet, login, secure=False)
    assert (status, told["status"]) == (403, "error")
    assert "TLS" in told["message"]
    assert PASSWORD not in json.dumps(told)
    assert served(fleet) == []


def test_a_header_that_claims_tls_counts_only_behind_the_proxy_that_is_set(
    fleet: Fleet, login: DatabaseCredential, settings: Any
) -> None:
    contact(fleet)
    claimed = {"User-Agent": AGENT, "GLPI-Agent-ID": PC.agent_id, "X-Forwarded-Proto": "https"}
    body = json.dumps(
        {"action": "get_params", "deviceid": "pc-1", "params_id": str(login.pk), "use": "mysql"}
    )
    assert _settings.SECURE_PROXY_SSL_HEADER is None
    assert Client().post(fleet.url(), body, "application/json", headers=claimed).status_code == 403
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert Client().post(fleet.url(), body, "application/json", headers=claimed).status_code == 200


def test_an_agent_that_never_came_gets_nothing(fleet: Fleet, login: DatabaseCredential) -> None:
    assert ask(fleet, login)[0] == 403
    contact(fleet)
    assert ask(fleet, login, agent_id="00000000-0000-4000-8000-000000000000")[0] == 403
    assert ask(fleet, login, agent_id="")[0] == 403
    assert served(fleet) == []
    assert ask(fleet, login)[0] == 200


def test_a_login_serves_its_engine_its_key_and_its_organisation_only(
    fleet: Fleet, login: DatabaseCredential
) -> None:
    contact(fleet)
    assert ask(fleet, login, use="postgresql")[0] == 403
    foreign = made(fleet.globex, name="theirs")
    assert ask(fleet, foreign)[0] == 403
    with scope(fleet.acme.pk):
        other = enrolments.enrol(name="Other", organisation_id=fleet.acme.pk, actor=SYSTEM)
    reserved = made(fleet.acme, name="reserved", enrolment=Enrolment(pk=other.pk))
    assert ask(fleet, reserved)[0] == 403
    assert str(reserved.pk) not in json.dumps(contact(fleet)["tasks"])
    url = f"/i/{other.key.unseal()}/"
    assert {p["params_id"] for p in contact(fleet, url=url)["tasks"]["inventory"]["params"]} == {
        str(login.pk),
        str(reserved.pk),
    }
    assert ask(fleet, reserved, url=url)[0] == 200


def test_numbers_that_are_none_are_refused_as_unknown(fleet: Fleet, login: DatabaseCredential) -> None:
    contact(fleet)
    for number in ("", "x", "9" * 30, "-1", "١"):
        told = {"action": "get_params", "params_id": number, "use": "mysql"}
        assert say(fleet, told).status_code == 403


def test_the_password_is_encrypted_in_the_database(fleet: Fleet, login: DatabaseCredential) -> None:
    with scope(fleet.acme.pk), connection.cursor() as cursor:
        cursor.execute("SELECT to_jsonb(c)::text FROM inventory_databasecredential c")
        row = cursor.fetchone()[0]
    assert PASSWORD not in row
    assert PASSWORD.encode().hex() not in row
