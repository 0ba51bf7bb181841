import dataclasses
from datetime import timedelta
from uuid import UUID
from xml.etree import ElementTree

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etabli.inventory import answers
from etabli.inventory.answers import Answer, Option, Task, format_expiration, parse_expiration
from etabli.inventory.messages import Contact, Inventory, Prolog

AGENT = UUID("b1e0768c-e81b-11f1-a261-3fae2a615de9")
NATIVE = Prolog(agent_id=AGENT, deviceid="d", native=True, request_id="3389F2A2")
LEGACY = Prolog(agent_id=None, deviceid="d", native=False)


def told(answer: Answer) -> dict[str, object]:
    found = orjson.loads(answer.payload)
    assert isinstance(found, dict)
    return found


def reply(answer: Answer) -> ElementTree.Element:
    root = ElementTree.fromstring(answer.payload)
    assert root.tag == "REPLY"
    return root


@pytest.mark.parametrize(
    ("written", "delay"),
    [
        (24, timedelta(hours=24)),
        ("24", timedelta(hours=24)),
        ("10m", timedelta(minutes=10)),
        ("90s", timedelta(seconds=90)),
        ("1d", timedelta(days=1)),
        ("2h", timedelta(hours=2)),
    ],
)
def test_an_expiration_is_in_hours_unless_it_says_otherwise(written: str | int, delay: timedelta) -> None:
    assert parse_expiration(written) == delay


@pytest.mark.parametrize("written", ["", "h", "-1", "1.5h", "1w", "24 h", "9" * 20, "99999999d", "٣", None])
def test_what_is_not_an_expiration_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="not a delay"):
        parse_expiration(written)


@pytest.mark.parametrize(
    ("delay", "written"),
    [
        (timedelta(hours=24), 24),
        (timedelta(days=2), 48),
        (timedelta(minutes=5), "5m"),
        (timedelta(seconds=90), "90s"),
        (timedelta(0), "1s"),
        (timedelta(seconds=-5), "1s"),
    ],
)
def test_a_delay_is_written_as_agents_read_it(delay: timedelta, written: int | str) -> None:
    assert format_expiration(delay) == written


@given(st.integers(1, 10 * 365 * 86400))
def test_every_delay_survives_being_written_and_read(seconds: int) -> None:
    delay = timedelta(seconds=seconds)
    assert parse_expiration(format_expiration(delay)) == delay


def test_a_native_prolog_is_pending_without_expiration_so_that_contact_follows() -> None:
    answer = answers.prolog(NATIVE)
    assert (answer.status, answer.payload) == (200, b'{"status":"pending"}')


def test_a_legacy_prolog_orders_an_inventory_and_gives_whole_hours() -> None:
    root = reply(answers.prolog(LEGACY, expiration=timedelta(minutes=90)))
    assert (root.findtext("PROLOG_FREQ"), root.findtext("RESPONSE")) == ("2", "SEND")


def test_jobs_of_a_prolog_are_options_whose_values_cannot_break_the_document() -> None:
    option = Option(
        "NETDISCOVERY", [("PARAM", {"PID": 101}), ("AUTHENTICATION", {"COMMUNITY": 'p"<&>\x00\ud800'})]
    )
    root = reply(answers.prolog(LEGACY, options=[option]))
    assert root.findtext("OPTION/NAME") == "NETDISCOVERY"
    assert root.find("OPTION/PARAM").attrib == {"PID": "101"}
    assert root.find("OPTION/AUTHENTICATION").attrib == {"COMMUNITY": 'p"<&>'}


def contact(*tasks: str) -> Contact:
    return Contact(agent_id=AGENT, deviceid="d", native=True, installed_tasks=tasks)


def test_only_the_tasks_the_agent_would_run_are_worth_disabling() -> None:
    message = dataclasses.replace(contact("inventory", "deploy"), enabled_tasks=("inventory",))
    assert "disabled" not in told(answers.contact(message))


def test_a_contact_always_lists_inventory_with_server_and_version() -> None:
    found = told(answers.contact(contact(), expiration=timedelta(hours=24)))
    assert found["tasks"] == {"inventory": {"server": "glpi", "version": answers.SERVER_VERSION}}
    assert (found["status"], found["expiration"]) == ("ok", 24)
    assert "disabled" not in found


def test_tasks_that_are_not_offered_are_disabled_but_never_inventory_nor_remoteinventory() -> None:
    message = contact("collect", "deploy", "inventory", "remoteinventory", "wakeonlan")
    found = told(answers.contact(message, tasks={"deploy": Task(server="glpiinventory", version="1.6.10")}))
    assert found["disabled"] == ["collect", "wakeonlan"]
    assert found["message"] == "collect task not supported;wakeonlan task not supported"
    assert found["tasks"]["deploy"] == {"server": "glpiinventory", "version": "1.6.10"}
    assert told(answers.contact(message, disabled=["inventory", "deploy"]))["disabled"] == ["deploy"]


def test_a_contact_can_leave_categories_out_and_announce_credentials() -> None:
    param = {"category": "database", "params_id": "12", "use": "mysql"}
    task = Task(no_category=["process", "environment"], params=[param])
    found = told(answers.contact(contact("inventory"), tasks={"inventory": task}))
    assert found["tasks"]["inventory"]["no-category"] == "process,environment"
    assert found["tasks"]["inventory"]["params"] == [param]


def test_an_inventory_is_accepted_in_the_language_it_came_in() -> None:
    native = Inventory(
        agent_id=AGENT, deviceid="d", native=True, itemtype="Computer", partial=False, sections={}
    )
    assert told(answers.accepted(native)) == {"status": "ok", "expiration": 24}
    assert reply(answers.accepted(LEGACY)).findtext("RESPONSE") == "SEND"


def test_credentials_answer_a_get_params() -> None:
    secret = {"type": "login_password", "login": "root", "password": "p"}
    assert told(answers.credentials(NATIVE, found=[secret]))["credentials"] == [secret]


def test_a_busy_server_makes_native_agents_wait_and_sends_the_others_away() -> None:
    wait = timedelta(seconds=10)
    assert told(answers.pending(NATIVE, wait=wait)) == {"status": "pending", "expiration": "10s"}
    answer = answers.pending(LEGACY, wait=wait)
    assert (answer.status, answer.headers["Retry-After"]) == (503, "10")
    assert "busy" in reply(answer).findtext("ERROR")


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (answers.unreadable(ValueError("No body.")), 400),
        (answers.unauthorised(NATIVE), 401),
        (answers.unknown_action(NATIVE, "register"), 501),
        (answers.overloaded(NATIVE, wait=timedelta(minutes=5)), 503),
        (answers.inventory_disabled(NATIVE), 400),
    ],
)
def test_json_errors_carry_status_message_and_expiration(answer: Answer, status: int) -> None:
    found = told(answer)
    assert answer.status == status
    assert (found["status"], set(found)) == ("error", {"status", "message", "expiration"})
    assert found["message"]


def test_xml_errors_cannot_be_broken_by_their_text() -> None:
    answer = answers.refused(LEGACY, status=400, message="a ]]> b <c> \x00")
    assert reply(answer).findtext("ERROR") == "a ]]> b <c> "


def test_the_words_that_agents_recognise_when_inventories_are_disabled() -> None:
    assert "Inventory is disabled" in told(answers.inventory_disabled(NATIVE))["message"]


def test_basic_authentication_quotes_its_realm() -> None:
    headers = answers.unauthorised(NATIVE, basic_realm='ba"sic\r\n').headers
    assert headers["WWW-Authenticate"] == 'Basic realm="basic"'
    assert "WWW-Authenticate" not in answers.unauthorised(NATIVE).headers


def test_the_request_number_is_echoed_when_it_is_one() -> None:
    assert answers.accepted(NATIVE).headers == {"GLPI-Request-ID": "3389F2A2"}
    odd = Prolog(agent_id=AGENT, deviceid="d", native=True, request_id="a\r\nSet-Cookie: b")
    assert answers.accepted(odd).headers == {}


def test_a_token_is_a_bearer_that_is_not_stored() -> None:
    answer = answers.token(access_token="t", expires_in=timedelta(hours=1))
    assert told(answer) == {"token_type": "Bearer", "expires_in": 3600, "access_token": "t"}
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("error", "status"), [("invalid_client", 401), ("invalid_request", 400), ("invalid_scope", 400)]
)
def test_a_token_refusal_has_the_status_of_rfc_6749(error: str, status: int) -> None:
    answer = answers.token_error(error=error, description="no")
    assert (answer.status, told(answer)) == (status, {"error": error, "error_description": "no"})
