"""What goes back to an agent: payload, HTTP status and headers for each message.

JSON for native senders, XML for the others (see `messages.Sender.native`). The payload is plain; close it
with `wire.close_body`. Every JSON answer has a `status`, or the agent calls it invalid.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import orjson

from etabli.inventory.messages import Contact, Sender

SERVER_VERSION = "11.0.4"
"""Agents only read its shape: a final `x.y.z` of 10.0.0 or later gets the present formats."""

DAY = timedelta(hours=24)
_EXPIRATION = re.compile(r"([0-9]{1,9})([smhd]?)")
_UNITS = {"s": 1, "m": 60, "h": 3600, "": 3600, "d": 86400}
# XML 1.0 §2.2: what a document may not hold, even escaped.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer before compression. `headers` do not include the content type."""

    status: int
    payload: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Task:
    """A task offered in a contact.

    `server` is `glpi` for what the JSON dialogue serves, `glpiinventory` for what the agent must fetch by a
    second request (deploy, collect, esx, netdiscovery, netinventory). `no_category` are inventory categories
    to leave out; `params` announce credentials to ask for.
    """

    server: str = "glpi"
    version: str = SERVER_VERSION
    no_category: Sequence[str] = ()
    params: Sequence[Mapping[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Option:
    """A job in an XML prolog answer: its name, then elements given as (name, attributes)."""

    name: str
    elements: Sequence[tuple[str, Mapping[str, str | int]]]


def parse_expiration(value: str | int) -> timedelta:
    """The delay an `expiration` tells: a number and `s`, `m`, `h` or `d`, hours by default.

    Raises ValueError when it is written otherwise or is more than ten years.
    """
    match = _EXPIRATION.fullmatch(str(value).strip())
    seconds = int(match[1]) * _UNITS[match[2]] if match else -1
    if not 0 <= seconds <= 10 * 366 * 86400:
        raise ValueError(f"“{str(value)[:40]}” is not a delay. Write 24 (hours), 10m, 90s or 1d.")
    return timedelta(seconds=seconds)


def format_expiration(delay: timedelta) -> int | str:
    """A delay as agents read it: whole hours as a number, else minutes or seconds; never below 1 s."""
    seconds = max(1, round(delay.total_seconds()))
    if seconds % 3600 == 0:
        return seconds // 3600
    return f"{seconds // 60}m" if seconds % 60 == 0 else f"{seconds}s"


def prolog(
    sender: Sender, *, expiration: timedelta = DAY, options: Iterable[Option] = (), inventory: bool = True
) -> Answer:
    """The answer to a first or job prolog; without `inventory` none is asked of a legacy agent.

    A native sender is told `pending` without expiration: it then comes back at once with a CONTACT, so
    tasks and tag are under control from the first run. The others get their frequency in hours, the order
    to send an inventory, and their jobs.
    """
    if sender.native:
        return _json(sender, {"status": "pending"})
    hours = max(1, -(-round(expiration.total_seconds()) // 3600))
    jobs = "".join(_option(option) for option in options)
    send = "<RESPONSE>SEND</RESPONSE>" if inventory else ""
    return _xml(sender, f"<PROLOG_FREQ>{hours}</PROLOG_FREQ>{send}{jobs}")


def _option(option: Option) -> str:
    inside = "".join(f"<{name}{_attributes(given)}/>" for name, given in option.elements)
    return f"<OPTION><NAME>{escape(_printable(option.name))}</NAME>{inside}</OPTION>"


def _attributes(given: Mapping[str, str | int]) -> str:
    return "".join(f" {name}={quoteattr(_printable(str(value)))}" for name, value in given.items())


def _printable(text: str) -> str:
    return _FORBIDDEN.sub("", text)


def contact(
    message: Contact,
    *,
    expiration: timedelta = DAY,
    tasks: Mapping[str, Task] | None = None,
    disabled: Collection[str] | None = None,
    inventory: bool = True,
) -> Answer:
    """What the agent may do and when it comes back; without `inventory` it sends none this time.

    `inventory` is always listed: with no task it knows, the agent would fall back to an XML prolog.
    Unless `disabled` is given, every task the agent would run and that is not offered is disabled;
    `remoteinventory` is the agent's own business and never is.
    """
    offered = {"inventory": Task()} | dict(tasks or {})
    wanted = message.enabled_tasks or message.installed_tasks
    unwanted = [task for task in wanted if task not in offered] if disabled is None else disabled
    closed = [task for task in unwanted if task not in ("inventory", "remoteinventory")]
    answer = _ok(expiration) | {"tasks": {name: _task(task) for name, task in offered.items()}}
    if closed:
        answer |= {"disabled": closed, "message": ";".join(f"{task} task not supported" for task in closed)}
    if not inventory:
        answer["disabled"] = [*closed, "inventory"]
    return _json(message, answer)


def _task(task: Task) -> dict[str, Any]:
    extra: dict[str, Any] = {}
    if task.no_category:
        extra["no-category"] = ",".join(task.no_category)
    if task.params:
        extra["params"] = [dict(param) for param in task.params]
    return {"server": task.server, "version": task.version} | extra


def accepted(sender: Sender, *, expiration: timedelta = DAY) -> Answer:
    """An inventory or the result of a network task was received."""
    if sender.native:
        return _json(sender, _ok(expiration))
    return _xml(sender, "<RESPONSE>SEND</RESPONSE>")


def credentials(sender: Sender, *, found: Sequence[Mapping[str, str]], expiration: timedelta = DAY) -> Answer:
    """The credentials asked by GET_PARAMS. Secrets leave here: TLS and a known agent only, audited."""
    return _json(sender, _ok(expiration) | {"credentials": [dict(one) for one in found]})


def pending(sender: Sender, *, wait: timedelta) -> Answer:
    """Come back soon: a native sender asks again by GET after `wait`, 12 times at most."""
    if not sender.native:
        return overloaded(sender, wait=wait)
    return _json(sender, {"status": "pending", "expiration": format_expiration(wait)})


def refused(
    sender: Sender | None,
    *,
    status: int,
    message: str,
    expiration: timedelta = DAY,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """An error in the form the sender reads; JSON when nobody could be read. The agent logs `message`."""
    if sender is None or sender.native:
        told = {"status": "error", "message": message, "expiration": format_expiration(expiration)}
        return _json(sender, told, status=status, headers=headers)
    text = _printable(message).replace("]]>", "]]]]><![CDATA[>")
    return _xml(sender, f"<ERROR><![CDATA[{text}]]></ERROR>", status=status, headers=headers)


def unreadable(error: Exception, sender: Sender | None = None) -> Answer:
    """400: the message could not be read (wire.Unreadable, wire.TooLarge)."""
    return refused(sender, status=400, message=str(error))


def unauthorised(sender: Sender | None, *, basic_realm: str = "") -> Answer:
    """401: credentials are missing or wrong. An agent always comes without them first: never a ban.

    With `basic_realm` the agent sends its user and password; without, it asks for an OAuth token.
    """
    message = "Authorization header required to send an inventory"
    if not basic_realm:
        return refused(sender, status=401, message=message)
    realm = re.sub(r'[^ -~]|["\\]', "", basic_realm)
    return refused(
        sender, status=401, message=message, headers={"WWW-Authenticate": f'Basic realm="{realm}"'}
    )


def unknown_action(sender: Sender, action: str) -> Answer:
    """501: nobody here serves this action."""
    return refused(sender, status=501, message=f"{action or 'This'} action is not supported by this server.")


def overloaded(sender: Sender | None, *, wait: timedelta) -> Answer:
    """503: too busy, come back after `wait`."""
    seconds = str(max(1, round(wait.total_seconds())))
    message = "The server is busy. Send the message again later."
    return refused(sender, status=503, message=message, expiration=wait, headers={"Retry-After": seconds})


def inventory_disabled(sender: Sender, *, expiration: timedelta = DAY) -> Answer:
    """400 with the words by which agents recognise that inventories are not wanted for now."""
    return refused(sender, status=400, message="Inventory is disabled", expiration=expiration)


_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


def token(*, access_token: str, expires_in: timedelta) -> Answer:
    """The OAuth2 access token of an agent (RFC 6749 §5.1). Agents want `Bearer` in this very case."""
    told = {
        "token_type": "Bearer",
        "expires_in": int(expires_in.total_seconds()),
        "access_token": access_token,
    }
    return Answer(200, orjson.dumps(told), _NO_STORE)


def token_error(*, error: str = "invalid_client", description: str = "") -> Answer:
    """An OAuth2 refusal (RFC 6749 §5.2): 401 for `invalid_client`, 400 for the others."""
    told = {"error": error} | ({"error_description": description} if description else {})
    return Answer(401 if error == "invalid_client" else 400, orjson.dumps(told), _NO_STORE)


def _ok(expiration: timedelta) -> dict[str, Any]:
    return {"status": "ok", "expiration": format_expiration(expiration)}


def _json(
    sender: Sender | None, told: Any, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Answer:
    return Answer(status, orjson.dumps(told), _echo(sender) | dict(headers or {}))


def _xml(
    sender: Sender, inside: str, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Answer:
    document = f'<?xml version="1.0" encoding="UTF-8"?>\n<REPLY>{inside}</REPLY>'
    return Answer(status, document.encode(), _echo(sender) | dict(headers or {}))


def _echo(sender: Sender | None) -> dict[str, str]:
    """The agent matches answers to requests by this number, which it only sends in debug mode."""
    request_id = sender.request_id if sender else ""
    return {"GLPI-Request-ID": request_id} if re.fullmatch(r"[0-9A-Za-z-]{1,64}", request_id) else {}
