"""Taking an inventory in: the raw document is committed before anybody is told that it arrived."""

import hashlib
import zlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import orjson
from django.db import connection

from etabli.kernel.tenancy import scope

from .messages import Inventory, NetworkResult, Sender
from .models import Document, Enrolment
from .wire import Body, Codec

KEPT_HEADERS = ("content-type", "user-agent", "glpi-agent-id", "glpi-proxy-id", "glpi-request-id")
FAILED_SAMPLE = 256 * 1024


class Noted(NamedTuple):
    """What is known of the agent that speaks, once its contact is written."""

    id: int
    cadence_hours: int | None
    soon_at: datetime | None
    inventoried_at: datetime | None
    expected_at: datetime


def note_agent(
    sender: Sender,
    *,
    organisation_id: int,
    enrolment: Enrolment | None,
    address: str | None,
    now: datetime,
    expected: timedelta,
    contact: timedelta | None = None,
    name: str = "",
    tasks: tuple[str, ...] = (),
    inventory: bool = False,
) -> Noted:
    """Create or refresh the agent that speaks: one statement, in the organisation's scope.

    ``expected`` is when it comes back, unless it has a cadence of its own; ``contact`` is the most it may
    wait all the same. An ``inventory`` answers the person who asked for one.
    """
    kind = "inventory" if inventory else "contact"
    values: list[Any] = [
        organisation_id,
        enrolment.pk if enrolment else None,
        str(sender.agent_id or ""),
        deviceid_of(sender, address),
        (name or program_of(sender.user_agent))[:60],
        sender.version[:60],
        sender.user_agent[:200],
        sender.tag[:120],
        [task[:40] for task in tasks[:30]],
        address,
        ",".join(sender.proxy_ids)[:300],
        now,
        now,
        now + expected,
        now if inventory else None,
        [f"{int(now.timestamp())} {kind} {address or '-'}"],
        enrolment.mark if enrolment else "",
        contact or timedelta(days=366),
        CONTACTS,
    ]
    with connection.cursor() as cursor:
        cursor.execute(NOTE_AGENT, values)
        return Noted(*cursor.fetchone())


CONTACTS = 12
NOTE_AGENT = """
INSERT INTO inventory_agent AS known (organisation_id, enrolment_id, uuid, deviceid, name, version,
       user_agent, tag, tasks, address, proxies, first_seen_at, seen_at, expected_at, inventoried_at,
       contacts, key_mark, doubt, doubt_reason)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s::varchar[], %s, %s, %s, %s, %s, %s, %s::varchar[], %s, '', '')
ON CONFLICT (organisation_id, deviceid) DO UPDATE SET enrolment_id = excluded.enrolment_id,
       uuid = coalesce(nullif(excluded.uuid, ''), known.uuid), name = excluded.name,
       version = excluded.version, user_agent = excluded.user_agent, tag = excluded.tag,
       tasks = CASE WHEN excluded.tasks = '{}' THEN known.tasks ELSE excluded.tasks END,
       address = excluded.address, proxies = excluded.proxies, seen_at = excluded.seen_at,
       expected_at = CASE WHEN known.cadence_hours IS NULL THEN excluded.expected_at
                          ELSE excluded.seen_at + least(make_interval(hours => known.cadence_hours), %s) END,
       inventoried_at = coalesce(excluded.inventoried_at, known.inventoried_at),
       soon_at = CASE WHEN excluded.inventoried_at IS NULL THEN known.soon_at END,
       contacts = (excluded.contacts || known.contacts)[1:%s],
       key_mark = coalesce(nullif(excluded.key_mark, ''), known.key_mark),
       silence_told_at = NULL
RETURNING id, cadence_hours, soon_at, inventoried_at, expected_at
"""
# The same bytes again, while the first wait and nothing came after them: an agent that did not hear our
# answer.
KEEP_DOCUMENT = """
WITH last AS (
    SELECT id, sha256, state FROM inventory_document WHERE agent_id = %(agent)s ORDER BY id DESC LIMIT 1
), again AS (
    SELECT id FROM last WHERE sha256 = %(sha256)s AND state = 'received'
), made AS (
    INSERT INTO inventory_document (organisation_id, agent_id, enrolment_id, received_at, source, content,
           size, sha256, headers, partial, state, decision, reason, warnings, attempts)
    SELECT %(organisation)s, %(agent)s, %(enrolment)s, %(now)s, %(source)s, %(content)s, %(size)s,
           %(sha256)s, %(headers)s::jsonb, %(partial)s, 'received', '', '', '[]', 0
     WHERE NOT EXISTS (SELECT 1 FROM again)
    RETURNING id
)
SELECT id FROM made UNION ALL SELECT id FROM again
"""


def receive(
    wire: bytes,
    body: Body,
    message: Inventory | NetworkResult,
    *,
    organisation_id: int,
    enrolment: Enrolment | None,
    address: str | None,
    headers: Mapping[str, str],
    now: datetime,
    expected: timedelta,
    contact: timedelta | None = None,
    source: str = "",
) -> int:
    """Commit a document, wake the job that reads it, and return its id. The caller acknowledges after that.

    Written in SQL: it is what each machine costs each day, and what must hold when all come at once.
    """
    from .jobs import drain

    with scope(organisation_id):
        agent = note_agent(
            message,
            organisation_id=organisation_id,
            enrolment=enrolment,
            address=address,
            now=now,
            expected=expected,
            contact=contact,
            inventory=isinstance(message, Inventory),
        ).id
        values = {
            "organisation": organisation_id,
            "agent": agent,
            "enrolment": enrolment.pk if enrolment else None,
            "now": now,
            "source": (source or deviceid_of(message, address))[:120],
            "content": _stored(wire, body),
            "size": len(body.content),
            "sha256": hashlib.sha256(body.content).hexdigest(),
            "headers": orjson.dumps(kept(headers)).decode(),
            "partial": isinstance(message, Inventory) and message.partial,
        }
        with connection.cursor() as cursor:
            cursor.execute(KEEP_DOCUMENT, values)
            document = int(cursor.fetchone()[0])
        drain.enqueue(once=f"inventory:{organisation_id}", organisation=organisation_id)
    return document


def note_failure(
    wire: bytes,
    *,
    organisation_id: int,
    enrolment: Enrolment | None,
    reason: str,
    headers: Mapping[str, str],
    now: datetime,
    source: str,
) -> None:
    """Keep the beginning of something that could not be read, with the reason, for an administrator to see.

    No more than a hundred an hour for an organisation: a broken client must not fill the disk.
    """
    with scope(organisation_id):
        recent = Document.objects.filter(
            organisation_id=organisation_id,
            state=Document.State.FAILED,
            received_at__gt=now - timedelta(hours=1),
        )
        if recent[100:101].exists():
            return
        Document.objects.create(
            organisation_id=organisation_id,
            enrolment=enrolment,
            received_at=now,
            read_at=now,
            source=source[:120],
            content=wire[:FAILED_SAMPLE],
            size=len(wire),
            sha256=hashlib.sha256(wire).hexdigest(),
            headers=kept(headers),
            state=Document.State.FAILED,
            decision=Document.Decision.REFUSED,
            reason=reason,
        )


def kept(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers a later reading needs, without credentials."""
    lower = {name.lower(): value for name, value in headers.items()}
    return {name: lower[name][:300].replace("\0", "") for name in KEPT_HEADERS if lower.get(name)}


def deviceid_of(sender: Sender, address: str | None) -> str:
    return (sender.deviceid or str(sender.agent_id or "") or f"sans-nom-{address or 'fichier'}")[:255]


def program_of(user_agent: str) -> str:
    return user_agent.replace("_v", " ").replace("/", " ").split(" ")[0]


def _stored(wire: bytes, body: Body) -> bytes:
    """The document compressed: as it came when it came by zlib and nothing was mended."""
    if body.codec in {Codec.ZLIB, Codec.ZLIB_OCS, Codec.ZLIB_SHORT} and not body.repairs:
        return wire
    return zlib.compress(body.content, 6)


def content_of(document: Document) -> Any:
    """The stored bytes, as :func:`wire.open_body` reads them."""
    return bytes(document.content)
