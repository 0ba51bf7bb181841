"""The jobs of inventories: reading what was received, forgetting old raw documents."""

import logging
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F
from django.utils import timezone

from etabli.kernel import preferences
from etabli.kernel.apart import apart
from etabli.kernel.jobs import job
from etabli.kernel.organisations import Organisation
from etabli.kernel.sentences import sentence
from etabli.kernel.tenancy import everywhere, opening, scope

from .absorbing import absorb, lock
from .models import Document

log = logging.getLogger("etabli.inventory")
MOST_ATTEMPTS = 5
# What reading takes of a document; the rest is written, not read.
NEEDED = (
    "organisation_id",
    "agent__asset_id",
    "enrolment_id",
    "received_at",
    "source",
    "content",
    "headers",
    "partial",
    "attempts",
)


class Turn(Enum):
    """What one look at the waiting documents gave."""

    READ = "read"
    EMPTY = "empty"
    BUSY = "busy"


@apart(queue="inventory")
def drain(organisation: int) -> None:
    """Read every waiting document of an organisation, each in its own transaction."""
    drain_all(organisation)


def drain_all(organisation: int) -> int:
    """Read what waits, in the order received; returns how many documents were read.

    Returns at once when another process is already reading: that one looks again after its last document, so
    that nothing committed meanwhile is left behind.
    """
    count, turn = 0, read_next(organisation, first=True)
    while turn is Turn.READ or (turn is Turn.EMPTY and waits(organisation)):
        count += turn is Turn.READ
        turn = read_next(organisation)
    return count


def waits(organisation: int) -> bool:
    """Whether documents of this organisation wait to be read."""
    with scope(organisation):
        return _waiting(organisation).exists()


def read_next(organisation: int, *, first: bool = False) -> Turn:
    """Read the oldest waiting document. ``first`` counts an attempt beforehand, in a transaction of its own.

    A document that kills its reader is the first one that the next reader meets: that is why counting
    the first
    of each run is enough to give it up after some attempts.
    """
    if first and not _count_attempt(organisation):
        return Turn.BUSY
    document = None
    try:
        with scope(organisation):
            if not lock(organisation, wait=False):
                return Turn.BUSY
            document = _waiting(organisation).select_related("agent").only(*NEEDED).order_by("id").first()
            if document is None:
                return Turn.EMPTY
            (absorb if document.attempts <= MOST_ATTEMPTS else _give_up)(document, now=timezone.now())
    except (OperationalError, InterfaceError):
        raise  # the database is in trouble, not the document
    except Exception:
        if document is None:
            raise
        log.exception("document %s could not be read", document.pk)
        with scope(organisation):
            Document.objects.filter(pk=document.pk).update(attempts=F("attempts") + 1)
    return Turn.READ


def _give_up(document: Document, *, now: datetime) -> None:
    reason = sentence(
        "Reading this document failed five times; see the server's log. The machine will send another one."
    )
    Document.objects.filter(pk=document.pk).update(
        state=Document.State.FAILED, decision=Document.Decision.REFUSED, reason=reason, read_at=now
    )


def _count_attempt(organisation: int) -> bool:
    with scope(organisation):
        if not lock(organisation, wait=False):
            return False
        oldest = _waiting(organisation).order_by("id").values("pk")[:1]
        Document.objects.filter(pk__in=oldest).update(attempts=F("attempts") + 1)
    return True


def _waiting(organisation: int) -> Any:
    return Document.objects.filter(organisation_id=organisation, state=Document.State.RECEIVED)


@job(every="* * * * *", queue="inventory")
def drain_forgotten() -> None:
    """What a killed worker left behind is read within a minute or two."""
    with everywhere(because="documents of every organisation wait for the same worker"):
        waiting = list(
            Document.objects.filter(state=Document.State.RECEIVED)
            .values_list("organisation_id", flat=True)
            .distinct()
        )
    for organisation in waiting:
        with transaction.atomic():
            drain.enqueue(once=f"inventory:{organisation}", organisation=organisation)


@job(every="17 3 * * *")
def forget_raw_documents() -> None:
    """Drop raw documents older than the organisation's setting; what was learnt from them stays."""
    with opening():
        organisations = list(Organisation.objects.values_list("pk", flat=True))
    for organisation in organisations:
        days = int(preferences.get("inventory.retention_days", organisation))
        with scope(organisation):
            old = Document.objects.filter(
                organisation_id=organisation, received_at__lt=timezone.now() - timedelta(days=days)
            )
            old.exclude(state=Document.State.RECEIVED).exclude(decision=Document.Decision.SUGGESTED).delete()
