"""The one endpoint of every agent, at every path they use: `/`, `/front/inventory.php`, plugin paths, `/i/<key>/…`.

It never redirects, asks for no cookie and answers in the dialect of the sender; see ``messages`` and ``answers``.
"""

import logging
import re
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from etabli.kernel import preferences
from etabli.kernel.tenancy import scope

from . import answers, enrolments, receiving
from .answers import Answer
from .messages import Contact, GetParams, Inventory, Message, NetworkResult, Prolog, read
from .models import Enrolment
from .wire import Body, Codec, TooLarge, Unreadable, close_body, open_body

log = logging.getLogger("etabli.inventory")
LIMIT = 64 * 1024 * 1024
KEYED = re.compile(r"^/i/([A-Za-z0-9_-]{10,80})(/.*)?$")
PATHS = re.compile(
    r"^/(front/(inventory|communication)\.php|(plugins|marketplace)/(glpiinventory|fusioninventory)(/.*)?|ocsinventory/?)$"
)
TOKEN = re.compile(r"^.*/api\.php/token/?$")
PROGRAMS = ("GLPI-", "FusionInventory-", "OCS-NG", "Etabli-")
RETRY_AFTER = timedelta(seconds=30)


def matches(request: HttpRequest) -> bool:
    """Whether a request comes from an agent. ``/`` is theirs only for a POST that no browser makes."""
    path = request.path
    if KEYED.match(path) or PATHS.match(path) or TOKEN.match(path):
        return True
    return path == "/" and request.method == "POST" and (
        request.headers.get("User-Agent", "").startswith(PROGRAMS) or "x-compress" in request.headers.get("Content-Type", "").lower()
    )  # fmt: skip


def view(request: HttpRequest) -> HttpResponse:
    """Answer an agent; whatever happens it gets a status and a sentence it can log."""
    now = timezone.now()
    try:
        if TOKEN.match(request.path):
            return respond(token(request, now), None)
        enrolment, missing = authenticate(request, now)
        if enrolment is None:
            return respond(missing, None)
        if request.method != "POST":
            return respond(rest(request), None)
        return post(request, enrolment, now)
    except DatabaseError:
        # The agent keeps its inventory and comes back; nothing was acknowledged.
        log.exception("database unavailable while answering an agent")
        return respond(answers.overloaded(None, wait=RETRY_AFTER), None)


def authenticate(request: HttpRequest, now: datetime) -> tuple[Enrolment | None, Answer]:
    """The enrolment of a request, or the answer that asks for one."""
    keyed = KEYED.match(request.path)
    if keyed:
        return enrolments.by_key(keyed[1], now), answers.refused(
            None,
            status=403,
            message="This enrolment key is unknown, expired or revoked. Copy the line from the Agents page again.",
        )
    header = request.headers.get("Authorization", "")
    return enrolments.by_header(header, now), answers.unauthorised(None, basic_realm="etabli")


def post(request: HttpRequest, enrolment: Enrolment, now: datetime) -> HttpResponse:
    """Read a message, do what it asks, answer in the same dialect and compression."""
    source = request.META.get("REMOTE_ADDR", "")
    try:
        if int(request.headers.get("Content-Length") or 0) > LIMIT:
            raise TooLarge("The message is larger than 64 MB.")
        wire = request.read(LIMIT + 1)
        body = open_body(wire, request.headers.get("Content-Type", ""), limit=LIMIT)
    except (TooLarge, Unreadable) as error:
        wire = b"" if isinstance(error, TooLarge) else wire
        fail(request, enrolment, wire, error, now, source)
        return respond(answers.unreadable(error), None)
    try:
        message = read(body, headers=request.headers)
    except (TooLarge, Unreadable) as error:
        fail(request, enrolment, wire, error, now, source)
        return respond(answers.unreadable(error), body)
    return respond(act(request, enrolment, wire, body, message, now), body)


def act(
    request: HttpRequest, enrolment: Enrolment, wire: bytes, body: Body, message: Message, now: datetime
) -> Answer:
    expiration = cadence(enrolment.organisation_id)
    known: dict[str, Any] = {
        "organisation_id": enrolment.organisation_id, "enrolment": enrolment, "address": address_of(request), "now": now,
        "expected": expiration,
    }  # fmt: skip
    match message:
        case Inventory() | NetworkResult(phase="devices"):
            receiving.receive(wire, body, message, headers=request.headers, **known)
            return answers.accepted(message, expiration=expiration)
        case NetworkResult():
            return answers.accepted(message, expiration=expiration)
        case Contact():
            with scope(enrolment.organisation_id):
                receiving.note_agent(message, name=message.name, tasks=message.installed_tasks, **known)
            return answers.contact(message, expiration=expiration)
        case Prolog():
            with scope(enrolment.organisation_id):
                receiving.note_agent(message, **known)
            return answers.prolog(message, expiration=expiration)
        case GetParams():
            return answers.credentials(message, found=(), expiration=expiration)
        case _:
            return answers.refused(
                message, status=501, message=f"This server does not know the action “{message.action}”."
            )


def fail(
    request: HttpRequest, enrolment: Enrolment, wire: bytes, error: Exception, now: datetime, source: str
) -> None:
    receiving.note_failure(
        wire, organisation_id=enrolment.organisation_id, enrolment=enrolment, reason=str(error), headers=request.headers,
        now=now, source=source,
    )  # fmt: skip


def rest(request: HttpRequest) -> Answer:
    """The GET dialogue of the deploy, collect and ESX tasks (nothing to do yet), and a person who opens the address."""
    action = request.GET.get("action", "")
    if action == "getConfig":
        return Answer(200, orjson.dumps({"schedule": []}))
    return Answer(
        200,
        orjson.dumps(
            {}
            if action
            else {"status": "ok", "message": "This address is for inventory agents.", "expiration": 24}
        ),
    )


def token(request: HttpRequest, now: datetime) -> Answer:
    """OAuth2 client credentials (RFC 6749 §4.4), in JSON as GLPI Agent asks, or in a form."""
    raw = request.read(64 * 1024)
    try:
        asked = orjson.loads(raw) if raw[:1] == b"{" else dict(request.POST.items())
    except orjson.JSONDecodeError:
        return answers.token_error(error="invalid_request", description="The body is not JSON.")
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


def cadence(organisation_id: int) -> timedelta:
    """How long until agents come back: the organisation's setting, in hours."""
    return timedelta(hours=float(preferences.get("inventory.expiration_hours", organisation_id)))


def address_of(request: HttpRequest) -> str | None:
    return request.META.get("REMOTE_ADDR") or None


def respond(answer: Answer, body: Body | None) -> HttpResponse:
    payload, content_type = close_body(answer.payload, body.codec if body else Codec.PLAIN)
    response = HttpResponse(payload, content_type=content_type, status=answer.status)
    for name, value in answer.headers.items():
        response[name] = value
    return response
