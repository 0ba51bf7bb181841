import json
import zlib
from uuid import UUID

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etabli.inventory.messages import (
    Contact,
    GetParams,
    Inventory,
    Message,
    NetworkResult,
    Prolog,
    Unknown,
    read,
)
from etabli.inventory.tests.strategies import ANY_JSON
from etabli.inventory.wire import TooLarge, Unreadable, open_body

AGENT = "b1e0768c-e81b-11f1-a261-3fae2a615de9"


def read_json(document: object, **headers: str) -> Message:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return read(open_body(json.dumps(document).encode(), "application/json"), headers=named)


def read_xml(inside: str, **headers: str) -> Message:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return read(open_body(f"<REQUEST>{inside}</REQUEST>".encode(), "application/xml"), headers=named)


def test_a_first_prolog_with_an_agent_id_is_native() -> None:
    message = read_xml("<DEVICEID>vm-1</DEVICEID><QUERY>PROLOG</QUERY>", GLPI_Agent_ID=AGENT)
    assert isinstance(message, Prolog)
    assert (message.native, message.agent_id, message.deviceid) == (True, UUID(AGENT), "vm-1")


def test_a_job_prolog_without_an_agent_id_is_answered_in_xml() -> None:
    message = read_xml("<DEVICEID>vm-1</DEVICEID><QUERY>PROLOG</QUERY>", User_Agent="GLPI-Agent_v1.12-dev")
    assert isinstance(message, Prolog)
    assert (message.native, message.agent_id, message.version) == (False, None, "1.12-dev")


def test_a_contact_tells_the_tasks_of_the_agent() -> None:
    document = {
        "action": "contact",
        "deviceid": "vm-1",
        "name": "GLPI-Agent",
        "version": "1.12-dev",
        "tag": "CLIENT-A",
        "installed-tasks": ["inventory", "deploy"],
        "enabled-tasks": ["inventory"],
        "httpd-port": 62354,
        "httpd-plugins": {"proxy": "disabled"},
    }
    headers = {"GLPI_Agent_ID": AGENT, "GLPI_Request_ID": "3389F2A2", "GLPI_Proxy_ID": "a, b"}
    message = read_json(document, **headers)
    assert isinstance(message, Contact)
    assert message.installed_tasks == ("inventory", "deploy")
    assert message.enabled_tasks == ("inventory",)
    assert (message.tag, message.version, message.httpd_port) == ("CLIENT-A", "1.12-dev", 62354)
    assert (message.request_id, message.proxy_ids) == ("3389F2A2", ("a", "b"))
    assert message.httpd_plugins == {"proxy": "disabled"}


def test_header_names_count_without_case() -> None:
    message = read(open_body(b'{"action":"contact"}', ""), headers={"glpi-agent-id": AGENT.upper()})
    assert message.agent_id == UUID(AGENT)


@pytest.mark.parametrize("garbage", ["", "not-a-uuid", "{", "b1e0768c", "é" * 500])
def test_a_garbage_agent_id_is_no_identity_and_no_error(garbage: str) -> None:
    message = read(open_body(b'{"action":"contact","deviceid":"d"}', ""), headers={"GLPI-Agent-ID": garbage})
    assert (message.agent_id, message.deviceid) == (None, "d")


def test_an_inventory_without_action_is_recognised_by_its_content() -> None:
    message = read_json(
        {"deviceid": "d", "content": {"HARDWARE": {"name": "pc"}, "versionclient": "GLPI-Agent_v1.9"}}
    )
    assert isinstance(message, Inventory)
    assert message.sections["hardware"] == {"name": "pc"}
    assert (message.itemtype, message.partial, message.version) == ("Computer", False, "1.9")


@pytest.mark.parametrize("value", [True, 1, "true", "1", "yes", [0], {"a": 1}])
def test_what_is_not_plainly_full_is_partial_so_that_nothing_is_erased(value: object) -> None:
    message = read_json({"action": "inventory", "deviceid": "d", "partial": value, "content": {"bios": {}}})
    assert isinstance(message, Inventory)
    assert message.partial


@pytest.mark.parametrize("value", [False, 0, None, "false", "0", ""])
def test_a_plainly_false_partial_is_a_full_inventory(value: object) -> None:
    message = read_json({"action": "inventory", "deviceid": "d", "partial": value, "content": {"bios": {}}})
    assert isinstance(message, Inventory)
    assert not message.partial


def test_a_custom_itemtype_is_kept_as_sent() -> None:
    document = {"action": "inventory", "itemtype": "Glpi\\CustomAsset\\ServerAsset", "content": {"bios": {}}}
    message = read_json(document)
    assert isinstance(message, Inventory)
    assert message.itemtype == "Glpi\\CustomAsset\\ServerAsset"


def test_get_params_tells_what_is_asked() -> None:
    message = read_json({"action": "get_params", "deviceid": "d", "params_id": "12", "use": "mysql"})
    assert isinstance(message, GetParams)
    assert (message.params_id, message.use) == ("12", "mysql")


def test_a_native_network_inventory_is_a_network_result() -> None:
    content = {"network_device": {"type": "Printer", "name": "imp-1"}, "versionclient": "4.1"}
    message = read_json({"action": "netinventory", "itemtype": "Printer", "jobid": 7, "content": content})
    assert isinstance(message, NetworkResult)
    assert (message.task, message.phase, message.job) == ("netinventory", "devices", 7)
    assert message.devices[0].itemtype == "Printer"


@pytest.mark.parametrize("content", [None, {}, [], "all"])
def test_an_inventory_of_nothing_is_refused_since_it_would_empty_the_machine(content: object) -> None:
    with pytest.raises(Unreadable, match="no section"):
        read_json({"action": "inventory", "deviceid": "d", "content": content})


@pytest.mark.parametrize("action", ["register", "configuration", "deploy", "", "x" * 5000])
def test_an_unknown_action_is_named_and_cut(action: str) -> None:
    message = read_json({"action": action, "deviceid": "d"})
    assert isinstance(message, Unknown)
    assert message.action == action[:255]


def test_forbidden_characters_in_json_are_mended() -> None:
    body = open_body(b'{"action":"contact","deviceid":"a\tb\\ud800","tag":NaN}', "")
    message = read(body, headers={})
    assert message.deviceid == "a b?"
    assert message.repairs


@pytest.mark.parametrize(
    "content", [b"[1]", b"{", b'{"a":1} trailing', b"[" * 100_000, b'{"a":' * 5000, b'{"deviceid":"vm-1"']
)
def test_broken_json_is_unreadable_with_a_plain_sentence(content: bytes) -> None:
    with pytest.raises(Unreadable, match="JSON"):
        read(open_body(content, "application/json"), headers={})


@settings(deadline=None, max_examples=300)
@given(ANY_JSON, st.sampled_from(["contact", "inventory", "get_params", "netinventory", "netdiscovery", "?"]))
def test_any_json_is_a_message_or_unreadable(document: object, action: str) -> None:
    if isinstance(document, dict):
        document = document | {"action": action, "content": document.get("content", document)}
    try:
        raw = orjson.dumps(document)
    except TypeError:
        raw = json.dumps(document).encode()
    try:
        message = read(open_body(raw, "application/json"), headers={"GLPI-Agent-ID": AGENT})
        told = "Native." if message.native else "No"
    except (Unreadable, TooLarge) as error:
        told = str(error)
    assert told.endswith(".")


@settings(deadline=None, max_examples=300)
@given(
    st.binary(max_size=200), st.sampled_from([b"{", b"<", b"<REQUEST>", b'{"action":"inventory","content":'])
)
def test_any_bytes_are_a_message_or_one_of_two_errors(tail: bytes, head: bytes) -> None:
    try:
        told = f"{type(read(open_body(zlib.compress(head + tail), ''), headers={})).__name__}."
    except (Unreadable, TooLarge) as error:
        told = str(error)
    assert told.endswith(".")
