"""The one endpoint of every agent, at every path they use: `/`, `/front/inventory.php`, plugin paths,
`/i/<key>/…`.

It never redirects, asks for no cookie and answers in the dialect of the sender; see ``messages`` and
``answers``.
"""

import logging
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import orjson
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.utils import timezone

from etabli.kernel.tenancy import scope

from . import answers, cadences, credentials, enrolments, receiving
from .answers import Answer
from .messages import Contact, GetParams, Inventory, Message, NetworkResult, Prolog, read
from .models import Enrolment
from .wire import Body, Codec, TooLarge, Unreadable, close_body, open_body

log = logging.getLogger("etabli.inventory")
LIMIT = 64 * 1024 * 1024
COLLECTOR = Path(__file__).with_name("collector.py")
KEYED = re.compile(r"^/i/([A-Za-z0-9_-]{10,80})(/.*)?$")
PATHS = re.compile(
    r"^/(front/(inventory|communication)\.php|(plugins|marketplace)/(glpiinventory|fusioninventory)(/.*)?|ocsinventory/?)$"
)
TOKEN = re.compile(r"^.*/api\.php/token/?$")
PROGRAMS = ("GLPI-", "FusionInventory-", "OCS-NG", "Etabli-")
# What agents say by GET, or in a form, for the tasks Deploy, Collect and ESX.
ACTIONS = frozenset(
    {"getConfig", "getJobs", "setStatus", "setAnswer", "setLog", "setUserEvent", "jobsDone", "getFile"}
)
RETRY_AFTER = timedelta(seconds=30)
BUSY = "The server cannot keep the inventory for now (its database does not answer, or its disk is full)."


def matches(request: HttpRequest) -> bool:
    """Whether a request comes from an agent. ``/`` is theirs only when it looks like no browser's."""
    path = request.path
    if KEYED.match(path) or PATHS.match(path) or TOKEN.match(path):
        return True
    if path != "/":
        return False
    compressed = request.method == "POST" and "x-compress" in request.headers.get("Content-Type", "").lower()
    return compressed or request.headers.get("User-Agent", "").startswith(PROGRAMS)


def view(request: HttpRequest) -> HttpResponse:
    """Answer an agent; whatever happens it gets a status and a sentence it can log.

    200; 400 and 413 for what cannot be read; 401 and 403 for who may not; 405 and 501 for what is not served;
    503 when nothing could be kept. A document is acknowledged only once it is committed.
    """
    now = timezone.now()
    try:
        if TOKEN.match(request.path):
            return respond(token(request, now), None)
        enrolment, missing = authenticate(request, now)
        if enrolment is None:
            return respond(missing, None)
        if request.method == "POST" and request.GET.get("action") not in ACTIONS:
            return post(request, enrolment, now)
        return get(request)
    except DatabaseError:
        # The agent keeps its inventory and comes back; nothing was acknowledged.
        log.exception("database unavailable while answering an agent")
        headers = {"Retry-After": str(int(RETRY_AFTER.total_seconds()))}
        return respond(
            answers.refused(None, status=503, message=BUSY, expiration=RETRY_AFTER, headers=headers), None
        )


def authenticate(request: HttpRequest, now: datetime) -> tuple[Enrolment | None, Answer]:
    """The enrolment of a request, or the answer that asks for one."""
    keyed = KEYED.match(request.path)
    if keyed:
        return enrolments.by_key(keyed[1], now), answers.refused(
            None,
            status=403,
            message="This enrolment key is unknown, expired or revoked. "
            "Copy the line from the Agents page again.",
        )
    header = request.headers.get("Authorization", "")
    return enrolments.by_header(header, now), answers.unauthorised(None, basic_realm="etabli")


def post(request: HttpRequest, enrolment: Enrolment, now: datetime) -> HttpResponse:
    """Read a message, do what it asks, answer in the same dialect and compression."""
    wire, body = b"", None
    try:
        if too_long(request):
            raise TooLarge("The message is larger than 64 MB. Send less at once.")
        wire = request.read(LIMIT + 1)
        body = open_body(wire, request.headers.get("Content-Type", ""), limit=LIMIT)
        message = read(body, headers=request.headers)
    except (TooLarge, Unreadable) as error:
        receiving.note_failure(
            wire,
            organisation_id=enrolment.organisation_id,
            enrolment=enrolment,
            reason=error.sentence,
            headers=request.headers,
            now=now,
            source=address_of(request) or "",
        )
        status = 413 if isinstance(error, TooLarge) else 400
        return respond(answers.refused(None, status=status, message=str(error)), body)
    except UnreadablePostError:
        return respond(answers.refused(None, status=400, message="The message was cut short."), None)
    return respond(act(request, enrolment, wire, body, message, now), body)


def too_long(request: HttpRequest) -> bool:
    """Whether the request announces more than can be read; what it announces may be false or absent."""
    announced = request.headers.get("Content-Length") or ""
    return announced.isdigit() and (len(announced) > 12 or int(announced) > LIMIT)


def act(
    request: HttpRequest, enrolment: Enrolment, wire: bytes, body: Body, message: Message, now: datetime
) -> Answer:
    told = cadences.of(enrolment.organisation_id, enrolment, now)
    known: dict[str, Any] = {
        "organisation_id": enrolment.organisation_id,
        "enrolment": enrolment,
        "address": address_of(request),
        "now": now,
        "expected": told.expected,
        "contact": told.contact,
    }
    match message:
        case Inventory() | NetworkResult(phase="devices"):
            receiving.receive(wire, body, message, headers=request.headers, **known)
            return answers.accepted(message, expiration=told.expected)
        case NetworkResult():
            return answers.accepted(message, expiration=told.expected)
        case Contact() | Prolog():
            with scope(enrolment.organisation_id):
                return greet(message, enrolment, known, secure=request.is_secure())
        case GetParams():
            with scope(enrolment.organisation_id):
                return credentials.serve(message, enrolment, secure=request.is_secure(), now=now)
        case _:
            return answers.unknown_action(message, message.action)


def greet(message: Contact | Prolog, enrolment: Enrolment, known: dict[str, Any], *, secure: bool) -> Answer:
    """An agent asks what to do: whether an inventory is due, when it comes back, what it may ask for."""
    if isinstance(message, Contact):
        known = known | {"name": message.name, "tasks": message.installed_tasks}
    noted, now = receiving.note_agent(message, **known), known["now"]
    told = cadences.of(enrolment.organisation_id, enrolment, now, noted.cadence_hours)
    due, expiration = told.due(noted.inventoried_at, noted.soon_at, now), noted.expected_at - now
    if isinstance(message, Prolog):
        return answers.prolog(message, expiration=expiration, inventory=due)
    offered = answers.Task(params=credentials.announced(enrolment) if secure and due else ())
    return answers.contact(message, expiration=expiration, tasks={"inventory": offered}, inventory=due)


def get(request: HttpRequest) -> HttpResponse:
    """The dialogue of the deploy, collect and ESX tasks (nothing to do yet), the collector, a curious
    person.
    """
    action = request.GET.get("action", "")
    if action == "getConfig":
        return respond(Answer(200, orjson.dumps({"schedule": []})), None)
    if action in ACTIONS:
        return respond(Answer(200, b"{}"), None)
    if request.method not in {"GET", "HEAD"}:
        refusal = answers.refused(
            None, status=405, message="Send inventories by POST.", headers={"Allow": "GET, POST"}
        )
        return respond(refusal, None)
    if action:
        message = f"This server does not know the action “{action[:60]}”."
        return respond(answers.refused(None, status=501, message=message), None)
    if request.path.endswith("/collector.py"):
        return HttpResponse(COLLECTOR.read_bytes(), content_type="text/x-python; charset=utf-8")
    told = {"status": "ok", "message": "This address is for inventory agents.", "expiration": 24}
    return respond(Answer(200, orjson.dumps(told)), None)


def token(request: HttpRequest, now: datetime) -> Answer:
    """OAuth2 client credentials (RFC 6749 §4.4), in JSON as GLPI Agent asks, or in a form."""
    raw = request.read(64 * 1024)
    try:
        asked = orjson.loads(raw) if raw.lstrip()[:1] == b"{" else dict(parse_qsl(raw.decode()))
    except ValueError:
        return answers.token_error(
            error="invalid_request", description="The body is neither JSON nor a form."
        )
    if str(asked.get("grant_type")) != "client_credentials":
        return answers.token_error(error="unsupported_grant_type")
    enrolment = enrolments.by_client(
        str(asked.get("client_id", "")), str(asked.get("client_secret", "")), now
    )
    if enrolment is None:
        return answers.token_error(description="This client is unknown, expired or revoked.")
    return answers.token(
        access_token=enrolments.issue_token(enrolment, now), expires_in=enrolments.TOKEN_LIFE
    )


def cadence(organisation_id: int, now: datetime) -> timedelta:
    """How long until the agents of an organisation come back."""
    return cadences.of_organisation(organisation_id, now).expected


def address_of(request: HttpRequest) -> str | None:
    return request.META.get("REMOTE_ADDR") or None


def respond(answer: Answer, body: Body | None) -> HttpResponse:
    payload, content_type = close_body(answer.payload, body.codec if body else Codec.PLAIN)
    response = HttpResponse(payload, content_type=content_type, status=answer.status)
    for name, value in answer.headers.items():
        response[name] = value
    return response
