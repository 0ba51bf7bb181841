"""Taking an inventory in: the raw document is committed before anybody is told that it arrived."""

import hashlib
import zlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from etabli.kernel.tenancy import scope

from .messages import Inventory, NetworkResult, Sender
from .models import Agent, Document, Enrolment
from .wire import Body, Codec

KEPT_HEADERS = ("content-type", "user-agent", "glpi-agent-id", "glpi-proxy-id", "glpi-request-id")
FAILED_SAMPLE = 256 * 1024


def note_agent(
    sender: Sender, *, organisation_id: int, enrolment: Enrolment | None, address: str | None, now: datetime, expected: timedelta,
    name: str = "", tasks: tuple[str, ...] = (),
) -> Agent:  # fmt: skip
    """Create or refresh the agent that speaks: one statement. Call it in the organisation's scope."""
    agent = Agent(
        organisation_id=organisation_id, enrolment=enrolment, uuid=str(sender.agent_id or ""),
        deviceid=deviceid_of(sender, address), name=(name or program_of(sender.user_agent))[:60], version=sender.version[:60],
        user_agent=sender.user_agent[:200], tag=sender.tag[:120], tasks=[t[:40] for t in tasks[:30]], address=address,
        proxies=",".join(sender.proxy_ids)[:300], seen_at=now, expected_at=now + expected,
    )  # fmt: skip
    fields = [
        "enrolment",
        "version",
        "user_agent",
        "tag",
        "address",
        "proxies",
        "seen_at",
        "expected_at",
        "name",
    ]
    fields += ["uuid"] if sender.agent_id else []
    fields += ["tasks"] if tasks else []
    rows = Agent.objects.bulk_create(
        [agent], update_conflicts=True, unique_fields=["organisation", "deviceid"], update_fields=fields
    )
    return rows[0]


def receive(
    wire: bytes, body: Body, message: Inventory | NetworkResult, *, organisation_id: int, enrolment: Enrolment | None,
    address: str | None, headers: Mapping[str, str], now: datetime, expected: timedelta, source: str = "",
) -> Document:  # fmt: skip
    """Commit a document and wake the job that reads it. The same document twice is kept once."""
    from .jobs import drain

    with scope(organisation_id):
        agent = note_agent(
            message,
            organisation_id=organisation_id,
            enrolment=enrolment,
            address=address,
            now=now,
            expected=expected,
        )
        sha256 = hashlib.sha256(body.content).hexdigest()
        same = Document.objects.filter(agent=agent, sha256=sha256, state=Document.State.RECEIVED).first()
        document = same or Document.objects.create(
            organisation_id=organisation_id, agent=agent, enrolment=enrolment, received_at=now,
            source=(source or agent.deviceid)[:120], content=_stored(wire, body), size=len(body.content), sha256=sha256,
            headers=kept(headers), partial=isinstance(message, Inventory) and message.partial,
        )  # fmt: skip
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
            organisation_id=organisation_id, enrolment=enrolment, received_at=now, read_at=now, source=source[:120],
            content=wire[:FAILED_SAMPLE], size=len(wire), sha256=hashlib.sha256(wire).hexdigest(), headers=kept(headers),
            state=Document.State.FAILED, decision=Document.Decision.REFUSED, reason=reason[:400],
        )  # fmt: skip


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
