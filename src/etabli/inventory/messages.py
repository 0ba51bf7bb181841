"""What an agent said: one frozen dataclass for each message of the GLPI Agent protocol.

JSON messages carry an `action` (GLPI Agent 1.x); XML ones a `QUERY` (FusionInventory 2.x, OCS Inventory
2.x, first contact of the GLPI Agent, results of its SNMP tasks).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

import orjson

from etabli.inventory import legacy, snmp
from etabli.inventory.values import Flaw, text, told
from etabli.inventory.wire import Body, Unreadable

_TEXT = 255
_MAX_LISTED = 100
_PLAINLY_FALSE = (None, False, 0, "", "0", "false", "no")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who speaks, as far as the message and its headers tell.

    `agent_id` is the identity of a GLPI Agent (None for other agents, for the XML results of its tasks,
    and when the header is garbage); `deviceid` is the name every dialect gives. `native` means that the
    answer must be JSON. `tag` is a hint written on the machine, never an authorisation. `version` is that
    of the agent. `proxy_ids` are the agents that relayed the message. `repairs` are plain sentences.
    """

    agent_id: UUID | None
    deviceid: str
    tag: str = ""
    native: bool
    user_agent: str = ""
    version: str = ""
    request_id: str = ""
    proxy_ids: tuple[str, ...] = ()
    repairs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Prolog(Sender):
    """The agent asks what it has to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact(Sender):
    """The agent says which tasks it can do and asks which ones it should."""

    name: str = ""
    installed_tasks: tuple[str, ...] = ()
    enabled_tasks: tuple[str, ...] = ()
    httpd_port: int | None = None
    httpd_plugins: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory(Sender):
    """What a machine holds. When `partial`, the sections that are not listed have not changed."""

    itemtype: str
    partial: bool
    sections: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class GetParams(Sender):
    """The agent asks for the credentials announced under `params_id`, to be used for `use`."""

    params_id: str
    use: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkResult(Sender):
    """A step of an SNMP task: its start, the count of addresses, devices found, its end.

    `job` is the number given with the task (PID), None when absent. `count` is the number of addresses
    about to be asked.
    """

    task: Literal["netdiscovery", "netinventory"]
    phase: snmp.Phase
    job: int | None
    count: int | None = None
    devices: tuple[snmp.Device, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown(Sender):
    """An action this server does not know."""

    action: str


type Message = Prolog | Contact | Inventory | GetParams | NetworkResult | Unknown


def read(body: Body, *, headers: Mapping[str, str]) -> Message:
    """Tell what an opened message says. Header names count without case. Raises Unreadable, TooLarge."""
    named = {name.lower(): value for name, value in headers.items()}
    return _read_xml(body, named) if body.syntax == "xml" else _read_json(body, named)


def _read_json(body: Body, headers: Mapping[str, str]) -> Message:
    said, repairs = _loaded(body.content)
    if not isinstance(said, dict):
        raise Unreadable("The JSON body is not an object. An inventory message was expected.")
    content = said.get("content")
    sections = (
        {str(key).lower(): value for key, value in content.items()} if isinstance(content, dict) else {}
    )
    version = said.get("version") or sections.get("versionclient")
    sender = _sender(headers, said.get("deviceid"), said.get("tag"), version, body.repairs + repairs, True)
    action = line(said.get("action")).lower() or ("inventory" if "content" in said else "")
    if action == "contact":
        return _contact(sender, said)
    if action in ("inventory", "injector"):
        return _inventory(sender, said.get("itemtype"), sections, partial=_partial(said.get("partial")))
    if action == "get_params":
        return GetParams(**sender, params_id=line(said.get("params_id")), use=line(said.get("use")))
    if action in ("netdiscovery", "netinventory") and isinstance(content, dict):
        return _native_network_result(sender, action, said, sections)
    return Unknown(**sender, action=action)


def _loaded(content: bytes) -> tuple[Any, tuple[str, ...]]:
    try:
        return orjson.loads(content), ()
    except orjson.JSONDecodeError as error:
        first = error
    try:
        # Control characters, NaN and lone surrogates are tolerated, structure is not.
        lax = json.loads(content, strict=False, parse_constant=lambda _: None)
        mended = json.dumps(lax, ensure_ascii=False).encode("utf-8", "replace")
        return orjson.loads(mended), (told("Characters that JSON forbids were mended in the message."),)
    except (ValueError, RecursionError):
        where = f"{first.msg}, at character {first.pos}"
        raise Unreadable(
            "The body is not valid JSON (%(where)s). Send the message again.", where=where
        ) from first


def _inventory(
    sender: dict[str, Any], itemtype: Any, sections: dict[str, Any], *, partial: bool
) -> Inventory:
    if not sections:
        # A full inventory of nothing would say that everything was taken out of the machine.
        raise Unreadable("The inventory holds no section. Run the agent again, with its inventory task.")
    return Inventory(**sender, itemtype=line(itemtype) or "Computer", partial=partial, sections=sections)


def _partial(value: Any) -> bool:
    """Anything that is not plainly false counts: taking a partial for a full one would erase the rest."""
    return (value.strip().lower() if isinstance(value, str) else value) not in _PLAINLY_FALSE


def _contact(sender: dict[str, Any], said: Mapping[str, Any]) -> Contact:
    port = said.get("httpd-port")
    plugins = said.get("httpd-plugins")
    named = list(plugins.items())[:_MAX_LISTED] if isinstance(plugins, dict) else []
    return Contact(
        **sender,
        name=line(said.get("name")),
        installed_tasks=_lines(said.get("installed-tasks")),
        enabled_tasks=_lines(said.get("enabled-tasks")),
        httpd_port=port if type(port) is int and 0 < port < 65536 else None,
        httpd_plugins={line(key): line(state) for key, state in named},
    )


def _native_network_result(
    sender: dict[str, Any], action: str, said: Mapping[str, Any], sections: dict[str, Any]
) -> NetworkResult:
    device = snmp.Device(itemtype=line(said.get("itemtype")) or "NetworkEquipment", sections=sections)
    job = said.get("jobid")
    return NetworkResult(
        **sender,
        task="netdiscovery" if action == "netdiscovery" else "netinventory",
        phase="devices",
        job=job if type(job) is int else None,
        devices=(device,),
    )


def _read_xml(body: Body, headers: Mapping[str, str]) -> Message:
    request = legacy.read_request(body.content)
    native = bool(headers.get("glpi-agent-id"))
    repairs = body.repairs + request.repairs
    sender = _sender(headers, request.deviceid, request.tag, request.version, repairs, native)
    query = request.query.lower()
    if query == "prolog":
        return Prolog(**sender)
    if query in ("snmp", "snmpquery", "netinventory", "netdiscovery"):
        return _network_result(sender, query, request)
    if query == "inventory":
        return _inventory(sender, request.itemtype, legacy.sections(request.content), partial=False)
    return Unknown(**sender, action=line(query))


def _network_result(sender: dict[str, Any], query: str, request: legacy.Request) -> NetworkResult:
    return NetworkResult(
        **sender,
        task="netdiscovery" if query == "netdiscovery" else "netinventory",
        phase=snmp.phase(request.content),
        job=snmp.job(request.content),
        count=snmp.count(request.content),
        devices=snmp.devices(request.content),
    )


def _sender(
    headers: Mapping[str, str], deviceid: Any, tag: Any, version: Any, repairs: tuple[str, ...], native: bool
) -> dict[str, Any]:
    user_agent = line(headers.get("user-agent"))
    relays = line(headers.get("glpi-proxy-id"), 2000).split(",")
    return {
        "agent_id": _uuid(headers.get("glpi-agent-id")),
        "deviceid": line(deviceid),
        "tag": line(tag),
        "native": native,
        "user_agent": user_agent,
        "version": _version(line(version)) or _version(user_agent),
        "request_id": line(headers.get("glpi-request-id"), 64),
        "proxy_ids": tuple(relay.strip() for relay in relays if relay.strip()),
        "repairs": repairs,
    }


_VERSION = re.compile(r"(?:^|_v|/)([0-9][^\s(]*)")


def _version(client: str) -> str:
    """`1.12-dev` out of `GLPI-Agent_v1.12-dev`, `1.1.0` out of `Inventory Agent/1.1.0 (Linux)`."""
    found = _VERSION.search(client)
    return found[1] if found else ""


def _uuid(value: str | None) -> UUID | None:
    try:
        return UUID((value or "").strip()[:64])
    except ValueError:
        return None


def line(value: Any, limit: int = _TEXT) -> str:
    """One short line of printable text out of anything."""
    result = text(value, limit)
    kept = result.kept if isinstance(result, Flaw) else result
    return "".join(" " if ord(sign) < 32 else sign for sign in kept) if isinstance(kept, str) else ""


def _lines(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        value = [value]
    listed = value[:_MAX_LISTED] if isinstance(value, list) else []
    return tuple(found for found in map(line, listed) if found)
