"""The address of agents: every path, dialect, compression and way to prove who one is; and what nobody should send."""

import base64
import gzip
import json
import zlib
from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etabli.inventory import door, enrolments, receiving
from etabli.inventory.models import AccessToken, Agent, Document, Enrolment
from etabli.kernel.actors import SYSTEM
from etabli.kernel.tenancy import scope

from .machines import AGENT, Fleet, computer, post
from .strategies import BODIES, HEADERS, TYPES

PC = computer(1)
ZLIB = "application/x-compress-zlib"
PROLOG = b"<REQUEST><DEVICEID>pc-1</DEVICEID><QUERY>PROLOG</QUERY></REQUEST>"
CONTACT = orjson.dumps(
    {
        "action": "contact",
        "deviceid": "pc-1",
        "name": "GLPI-Agent",
        "version": "1.12",
        "installed-tasks": ["inventory", "deploy"],
    }
)
OPEN_PATHS = [
    "/",
    "/front/inventory.php",
    "/front/communication.php",
    "/plugins/glpiinventory/",
    "/marketplace/glpiinventory/",
    "/plugins/fusioninventory/",
    "/plugins/fusioninventory/front/communication.php",
    "/ocsinventory",
    "/ocsinventory/",
]
DOCUMENTED = {200, 400, 401, 403, 405, 413, 501, 503}


def basic(fleet: Fleet, secret: str = "") -> str:
    enrolment = fleet.enrolments[fleet.acme.pk]
    pair = f"{enrolment.client_id}:{secret or fleet.keys[fleet.acme.pk]}"
    return "Basic " + base64.b64encode(pair.encode()).decode()


def told(answer: Any) -> Any:
    body = zlib.decompress(answer.content) if answer["Content-Type"] == ZLIB else answer.content
    return json.loads(body)


@pytest.mark.parametrize("path", OPEN_PATHS)
def test_an_inventory_is_accepted_at_every_address_agents_know(fleet: Fleet, path: str) -> None:
    answer = post(path, zlib.compress(PC.document()), Authorization=basic(fleet))
    assert (answer.status_code, answer["Content-Type"]) == (200, ZLIB)
    assert told(answer)["status"] == "ok"
    with scope(fleet.acme.pk):
        assert Document.objects.get().state == "received"


@pytest.mark.parametrize("path", OPEN_PATHS)
def test_without_credentials_the_answer_asks_for_them_and_never_redirects(fleet: Fleet, path: str) -> None:
    answer = post(path, zlib.compress(PC.document()))
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == 'Basic realm="etabli"'
    assert json.loads(answer.content)["status"] == "error"
    assert "Location" not in answer
    assert not answer.cookies
    answer = Client().get(path, {"action": "getConfig", "machineid": "x"}, headers={"User-Agent": AGENT})
    assert answer.status_code == 401


def test_a_key_in_the_address_is_enough_whatever_follows_it(fleet: Fleet) -> None:
    for rest in ("", "front/inventory.php", "plugins/glpiinventory/", "anything"):
        assert post(fleet.url(rest=rest), zlib.compress(PC.document())).status_code == 200


def test_a_browser_that_opens_the_first_page_is_no_agent(fleet: Fleet) -> None:
    answer = Client().get("/", headers={"User-Agent": "Mozilla/5.0"})
    assert answer.status_code == 302
    assert Client().post("/", {"a": "b"}, headers={"User-Agent": "Mozilla/5.0"}).status_code != 200


# --- who may ------------------------------------------------------------------------------------------------


def test_an_unknown_key_is_refused_with_what_to_do(fleet: Fleet) -> None:
    answer = post("/i/" + "x" * 32 + "/", zlib.compress(PC.document()))
    assert answer.status_code == 403
    assert "Copy the line" in json.loads(answer.content)["message"]


def test_an_expired_key_is_refused(fleet: Fleet) -> None:
    with scope(fleet.acme.pk):
        Enrolment.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert fleet.post(PC.document()).status_code == 403


def test_a_revoked_key_is_refused_at_once_with_its_tokens(fleet: Fleet) -> None:
    enrolment = fleet.enrolments[fleet.acme.pk]
    token = enrolments.issue_token(enrolment, timezone.now())
    with scope(fleet.acme.pk):
        enrolments.revoke(enrolment, actor=SYSTEM)
    assert fleet.post(PC.document()).status_code == 403
    answer = post("/front/inventory.php", PC.document(), "application/json", Authorization=f"Bearer {token}")
    assert answer.status_code == 401


def test_a_replaced_key_works_for_fourteen_more_days(fleet: Fleet) -> None:
    enrolment, old = fleet.enrolments[fleet.acme.pk], fleet.url()
    with scope(fleet.acme.pk):
        enrolments.rotate(enrolment, actor=SYSTEM)
    assert post(old, zlib.compress(PC.document())).status_code == 200
    assert post(f"/i/{enrolment.key.unseal()}/", zlib.compress(PC.document())).status_code == 200
    with scope(fleet.acme.pk):
        Enrolment.objects.update(previous_until=timezone.now() - timedelta(seconds=1))
    assert post(old, zlib.compress(PC.document())).status_code == 403


@pytest.mark.parametrize(
    "header", ["Basic", "Basic !!!", "Basic " + "A" * 40, "Bearer", "Bearer x", "Digest a", "Basic w6k="]
)
def test_wrong_credentials_are_asked_again_and_nobody_is_banned(fleet: Fleet, header: str) -> None:
    for _try in range(3):
        answer = post("/front/inventory.php", PC.document(), "application/json", Authorization=header)
        assert answer.status_code == 401
    assert (
        post(
            "/front/inventory.php", PC.document(), "application/json", Authorization=basic(fleet)
        ).status_code
        == 200
    )


@pytest.mark.parametrize(
    "path",
    ["/api.php/token", "/front/inventory.php/api.php/token", "/api.php/token?action=getConfig&machineid=a"],
)
def test_a_client_gets_a_token_that_opens_the_door_for_an_hour(fleet: Fleet, path: str) -> None:
    asked = {
        "grant_type": "client_credentials",
        "scope": "inventory",
        "client_id": fleet.enrolments[fleet.acme.pk].client_id,
        "client_secret": fleet.keys[fleet.acme.pk],
    }
    answer = post(path, orjson.dumps(asked), "application/json")
    token = json.loads(answer.content)
    assert (answer.status_code, token["token_type"], token["expires_in"]) == (200, "Bearer", 3600)
    bearer = f"Bearer {token['access_token']}"
    assert (
        post("/front/inventory.php", PC.document(), "application/json", Authorization=bearer).status_code
        == 200
    )
    AccessToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert (
        post("/front/inventory.php", PC.document(), "application/json", Authorization=bearer).status_code
        == 401
    )


def test_a_token_may_be_asked_in_a_form(fleet: Fleet) -> None:
    form = f"grant_type=client_credentials&client_id={fleet.enrolments[fleet.acme.pk].client_id}&client_secret={fleet.keys[fleet.acme.pk]}"
    assert post("/api.php/token", form.encode(), "application/x-www-form-urlencoded").status_code == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"grant_type":"client_credentials","client_id":"a","client_secret":"b"}', 401),
        (b'{"grant_type":"password"}', 400),
        (b"{", 400),
        (b"[]", 400),
        (b"\xff\xfe", 400),
        (b"", 400),
    ],
)
def test_a_wrong_demand_of_a_token_is_refused(fleet: Fleet, body: bytes, status: int) -> None:
    assert post("/api.php/token", body, "application/json").status_code == status


def test_the_organisation_is_the_key_s_whatever_the_tag_says(fleet: Fleet) -> None:
    document = json.loads(PC.document()) | {"tag": fleet.globex.name}
    fleet.post(json.dumps(document).encode())
    with scope(fleet.globex.pk):
        assert not Document.objects.exists()
    with scope(fleet.acme.pk):
        assert Agent.objects.get().tag == fleet.globex.name


# --- what is said -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content_type", "packed"),
    [
        ("application/x-compress-zlib", zlib.compress(CONTACT)),
        ("Application/x-compress-zlib", zlib.compress(CONTACT)),
        ("application/x-compress", zlib.compress(CONTACT)),
        ("application/x-compress-gzip", gzip.compress(CONTACT)),
        ("application/x-gzip", gzip.compress(CONTACT)),
        ("application/json", CONTACT),
        ("text/plain; charset=utf-8", CONTACT),
        ("", CONTACT),
    ],
)
def test_the_answer_is_compressed_as_the_request_was(fleet: Fleet, content_type: str, packed: bytes) -> None:
    answer = post(fleet.url(), packed, content_type)
    assert answer.status_code == 200
    body, kind = answer.content, answer["Content-Type"]
    if "compress" in content_type.lower() or "gzip" in content_type:
        assert kind == content_type.lower()
        body = zlib.decompress(body, 47)
    else:
        assert kind == "application/json"
    assert json.loads(body)["tasks"]["inventory"]["server"] == "glpi"


def test_the_first_prolog_of_a_glpi_agent_sends_it_to_contact_at_once(fleet: Fleet) -> None:
    answer = fleet.post(PROLOG, GLPI_Agent_ID=PC.agent_id, GLPI_Request_ID="0A1B2C3D")
    assert told(answer) == {"status": "pending"}
    assert answer["GLPI-Request-ID"] == "0A1B2C3D"


def test_the_prolog_of_an_older_agent_is_answered_in_its_words(fleet: Fleet) -> None:
    answer = fleet.post(PROLOG, User_Agent="FusionInventory-Agent_v2.6")
    assert b"<RESPONSE>SEND</RESPONSE>" in zlib.decompress(answer.content)
    with scope(fleet.acme.pk):
        assert Agent.objects.get().name == "FusionInventory-Agent"


def test_a_contact_disables_what_is_not_served_and_notes_the_agent(fleet: Fleet) -> None:
    answer = told(fleet.post(CONTACT, GLPI_Agent_ID=PC.agent_id))
    assert answer["disabled"] == ["deploy"]
    assert answer["expiration"] == 24
    with scope(fleet.acme.pk):
        agent = Agent.objects.get()
    assert (agent.uuid, agent.tasks, agent.version) == (PC.agent_id, ["inventory", "deploy"], "1.12")
    fleet.post(PC.document().replace(b"PC-00001-2026-01-05-08-00-00", b"pc-1"), GLPI_Agent_ID=PC.agent_id)
    with scope(fleet.acme.pk):
        assert Agent.objects.get().tasks == ["inventory", "deploy"]


def test_an_unknown_action_is_not_implemented_and_says_so(fleet: Fleet) -> None:
    answer = fleet.post(b'{"action":"register","deviceid":"a"}')
    assert answer.status_code == 501
    assert Client().get(fleet.url(), {"action": "dance"}).status_code == 501


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"action": "getConfig", "machineid": "pc-1"}, {"schedule": []}),
        ({"action": "getJobs", "machineid": "pc-1"}, {}),
        ({"action": "setStatus", "machineid": "pc-1", "uuid": "x"}, {}),
    ],
)
def test_the_other_tasks_are_told_that_there_is_nothing_to_do(
    fleet: Fleet, query: Any, expected: Any
) -> None:
    answer = Client().get(fleet.url(), query, headers={"User-Agent": AGENT})
    assert (answer.status_code, json.loads(answer.content)) == (200, expected)


def test_a_form_of_the_collect_task_is_no_broken_inventory(fleet: Fleet) -> None:
    answer = Client().post(
        fleet.url() + "?action=setAnswer&uuid=c1", {"_cpt": "0"}, headers={"User-Agent": AGENT}
    )
    assert answer.status_code == 200
    with scope(fleet.acme.pk):
        assert not Document.objects.exists()


def test_the_collector_is_given_to_who_holds_the_key(fleet: Fleet) -> None:
    answer = Client().get(fleet.url(rest="collector.py"), headers={"User-Agent": "curl/8"})
    assert answer.content.startswith(b"#!/usr/bin/env python3")
    assert Client().get("/i/" + "x" * 32 + "/collector.py").status_code == 403


def test_a_person_who_opens_the_address_is_told_what_it_is(fleet: Fleet) -> None:
    assert "inventory agents" in Client().get(fleet.url()).content.decode()
    assert Client().head(fleet.url()).status_code == 200


@pytest.mark.parametrize("verb", ["put", "delete", "patch", "options"])
def test_other_verbs_are_not_allowed(fleet: Fleet, verb: str) -> None:
    answer = getattr(Client(), verb)(fleet.url())
    assert (answer.status_code, answer["Allow"]) == (405, "GET, POST")


# --- what nobody should send ----------------------------------------------------------------------------------

BOMB = b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><REQUEST><DEVICEID>&b;</DEVICEID></REQUEST>'
OUTSIDE = b'<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]><REQUEST><DEVICEID>&a;</DEVICEID><QUERY>PROLOG</QUERY></REQUEST>'


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x00",
        b"hello",
        b"{",
        b"[]",
        b"<",
        b"<a>",
        zlib.compress(PC.document())[:50],
        b"\x1f\x8b\x08",
        BOMB,
        OUTSIDE,
    ],
)
def test_what_is_no_message_is_refused_with_a_reason_and_noted(fleet: Fleet, body: bytes) -> None:
    answer = post(fleet.url(), body)
    assert answer.status_code == 400
    with scope(fleet.acme.pk):
        noted = Document.objects.get()
    assert (noted.state, noted.decision) == ("failed", "refused")
    assert noted.reason in told(answer)["message"]


def test_a_thousand_broken_messages_do_not_fill_the_disk(fleet: Fleet) -> None:
    for _message in range(130):
        post(fleet.url(), b"hello")
    with scope(fleet.acme.pk):
        assert Document.objects.count() <= 101


def test_a_bomb_is_refused_while_it_inflates(fleet: Fleet, monkeypatch) -> None:
    monkeypatch.setattr(door, "LIMIT", 2_000_000)
    packed = zlib.compress(b" " * 30_000_000)
    assert post(fleet.url(), packed).status_code == 413
    assert post(fleet.url(), b" " * 3_000_000, "application/json").status_code == 413


def test_odd_characters_are_mended_and_the_machine_kept(fleet: Fleet) -> None:
    body = PC.document().replace(b"Latitude 7420", b"Lat\xe9itude \\u0000 x").replace(b"GNU", b"G\x00NU")
    assert fleet.post(body).status_code == 200
    with scope(fleet.acme.pk):
        assert Document.objects.get().state == "received"


def test_nothing_is_acknowledged_when_the_database_does_not_answer(fleet: Fleet, monkeypatch) -> None:
    def gone(*_values: Any, **_named: Any) -> None:
        raise OperationalError("the connection is closed")

    monkeypatch.setattr(receiving, "receive", gone)
    answer = fleet.post(PC.document())
    assert (answer.status_code, answer["Retry-After"]) == (503, "30")
    assert "database" in json.loads(answer.content)["message"]


@pytest.mark.slow
@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    body=BODIES,
    content_type=TYPES,
    headers=HEADERS,
    rest=st.sampled_from(["", "api.php/token", "?action=getConfig", "?action=x"]),
)
def test_whatever_is_sent_gets_an_answer_of_the_protocol(
    fleet: Fleet, body: bytes, content_type: str, headers: dict[str, str], rest: str
) -> None:
    answer = Client().post(fleet.url(rest=rest), data=body, content_type=content_type, headers=headers)
    assert answer.status_code in DOCUMENTED
    assert answer.status_code != 503
    assert "Location" not in answer
