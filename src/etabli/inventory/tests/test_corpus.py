"""Real inventories and real exchanges: what agents in the field send is read, and answered as they expect."""

from collections.abc import Iterator
from datetime import timedelta

import orjson
import pytest

from etabli.inventory import answers
from etabli.inventory.answers import Answer, Task
from etabli.inventory.facts import Facts, computer_facts
from etabli.inventory.messages import Contact, Inventory, Message, NetworkResult, Prolog, read
from etabli.inventory.sections import Warning, clean, digest, unwrap
from etabli.inventory.tests.corpus import Exchange, corpus, exchanges
from etabli.inventory.wire import close_body, open_body

DAY = timedelta(hours=24)


def machines(message: Inventory | NetworkResult) -> Iterator[tuple[Facts, list[Warning]]]:
    found = message.devices if isinstance(message, NetworkResult) else (message,)
    for machine in found:
        cleaned = {name: clean(name, content) for name, content in unwrap(machine).items()}
        warnings = [warning for _, some in cleaned.values() for warning in some]
        facts = computer_facts(
            {name: content for name, (content, _) in cleaned.items()}, itemtype=machine.itemtype
        )
        yield facts, warnings


def documents() -> Iterator[tuple[str, Message]]:
    root = corpus()
    patterns = (
        "inventory_format/examples/*.json",
        "inventory_format/xml/*.xml",
        "agent/*.json",
        "agent/walks/*.xml",
        "captures/*.json",
        "captures/*.xml",
    )
    for path in sorted(path for pattern in patterns for path in root.glob(pattern)):
        yield path.name, read(open_body(path.read_bytes(), ""), headers={})


def test_every_real_document_is_a_machine_with_a_name_or_an_explanation() -> None:
    seen = 0
    for name, message in documents():
        found = list(machines(message))
        assert found, name
        for facts, _ in found:
            explained = [warning for warning in facts.warnings if warning.path == "hardware.name"]
            assert facts.identity.name or explained, name
        seen += len(found)
    assert seen >= 38


def test_real_documents_lose_nothing_but_impossible_dates() -> None:
    warnings = [w for _, message in documents() for _, some in machines(message) for w in some]
    assert {warning.reason for warning in warnings} <= {"This is not a possible date; it was left out."}


def test_the_same_machine_in_xml_and_in_json_gives_the_same_facts() -> None:
    told = {e.name: read(open_body(e.body, ""), headers=e.headers) for e in exchanges() if e.is_message}
    (native, _), (fusion, _), (ocs, _) = (
        next(machines(told[name])) for name in ("native/023.txt", "fusion/022.txt", "ocs/002.txt")
    )
    for other in (fusion, ocs):
        assert other.identity.name == native.identity.name
        assert "02:fc:00:00:00:01" in other.identity.macs
        assert other.memory_mib == native.memory_mib
        assert other.disks[0].size_mib == pytest.approx(native.disks[0].size_mib, abs=1)
        assert {volume.mount for volume in other.volumes} == {volume.mount for volume in native.volumes}
    assert fusion.operating_system.full_name == native.operating_system.full_name
    assert abs(len(fusion.software) - len(native.software)) < 60


def test_running_the_agent_again_changes_no_digest_but_that_of_what_was_installed() -> None:
    told = {e.name: read(open_body(e.body, ""), headers=e.headers) for e in exchanges() if e.is_message}
    first, second = told["native2/002.txt"], told["native2/004.txt"]
    assert isinstance(first, Inventory)
    assert isinstance(second, Inventory)
    assert (first.partial, second.partial) == (True, True)
    for name in ("bios", "hardware", "operatingsystem", "versionprovider", "drives", "accesslog"):
        assert digest(name, first.sections[name]) == digest(name, second.sections[name]), name


def answer_to(message: Message, captured: dict[str, object]) -> Answer:
    if isinstance(message, Prolog):
        return answers.prolog(message, expiration=DAY)
    if isinstance(message, Contact):
        tasks = captured.get("tasks")
        offered = {name: Task(**task) for name, task in tasks.items()} if isinstance(tasks, dict) else None
        return answers.contact(message, expiration=DAY, tasks=offered)
    return answers.accepted(message, expiration=DAY)


def agrees(exchange: Exchange, message: Message) -> None:
    """Our answer is the captured one, which the agent obeyed, but for the first prolog."""
    captured = orjson.loads(exchange.answer) if exchange.answer.startswith("{") else {}
    answer = answer_to(message, captured)
    if isinstance(message, Prolog) and message.native:
        assert answer.payload == b'{"status":"pending"}', exchange.name
    elif captured:
        assert orjson.loads(answer.payload) == captured, exchange.name
    else:
        assert (
            exchange.answer.partition("?>")[2].split("<OPTION>")[0].removesuffix("</REPLY>").strip()
            in answer.payload.decode()
        ), exchange.name


def test_every_captured_message_is_answered_as_the_agent_expects() -> None:
    kinds = set()
    for exchange in exchanges():
        if not exchange.is_message:
            continue
        body = open_body(exchange.body, exchange.headers["Content-Type"])
        message = read(body, headers=exchange.headers)
        kinds.add(type(message).__name__)
        assert message.deviceid.startswith("vm-2026-11-24"), exchange.name
        if exchange.status == 401:
            refused = answers.unauthorised(message)
            assert (refused.status, orjson.loads(refused.payload)) == (401, orjson.loads(exchange.answer))
        else:
            agrees(exchange, message)
    assert kinds == {"Prolog", "Contact", "Inventory", "NetworkResult"}


def test_the_captured_token_answer_is_ours() -> None:
    captured = next(e for e in exchanges() if e.name == "oauth/002.txt")
    ours = answers.token(access_token="tok123", expires_in=timedelta(hours=1))
    assert orjson.loads(ours.payload) == orjson.loads(captured.answer)


def test_a_snmp_task_is_told_from_start_to_end() -> None:
    told = [
        read(open_body(e.body, ""), headers=e.headers)
        for e in exchanges()
        if e.name.startswith("plugin/") and e.is_message
    ]
    steps = [(m.task, m.phase, m.job) for m in told if isinstance(m, NetworkResult)]
    assert steps == [
        *[("netinventory", phase, 102) for phase in ("start", "devices", "end", "end")],
        *[("netdiscovery", phase, 101) for phase in ("start", "count", "devices", "end", "end")],
    ]


def test_real_messages_survive_every_codec() -> None:
    exchange = next(e for e in exchanges() if e.name == "fusion/022.txt")
    body = open_body(exchange.body, "application/x-compress-zlib")
    wire, content_type = close_body(body.content, open_body(exchange.body, "").codec)
    assert open_body(wire, content_type).content == body.content
