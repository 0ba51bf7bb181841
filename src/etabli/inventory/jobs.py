"""The jobs of inventories: reading what was received, forgetting old raw documents."""

import time
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from etabli.kernel import preferences
from etabli.kernel.jobs import job
from etabli.kernel.organisations import Organisation
from etabli.kernel.tenancy import everywhere, opening, scope

from .absorbing import MOST_ATTEMPTS, absorb
from .models import Document

LINGER = 0.5


@job(queue="inventory")
def drain(organisation: int) -> None:
    """Read every waiting document of an organisation, each in its own transaction."""
    drain_all(organisation)


def drain_all(organisation: int, *, linger: float = LINGER) -> int:
    """Read what waits; looks once more after ``linger`` seconds, for what was being committed meanwhile."""
    count = 0
    while True:
        while read_next(organisation):
            count += 1
        if not linger:
            return count
        time.sleep(linger)
        linger = 0


def read_next(organisation: int) -> bool:
    """Read the oldest waiting document that nobody else is reading. False when there is none."""
    document_id = _claim(organisation)
    if document_id is None:
        return False
    try:
        with scope(organisation):
            if _held(document_id):
                document = Document.objects.select_related(
                    "agent__asset__kind", "agent__asset__model", "enrolment"
                ).get(pk=document_id)
                absorb(document, now=timezone.now())
    except Exception:
        import logging

        logging.getLogger("etabli.inventory").exception("document %s", document_id)
    return True


def _claim(organisation: int) -> int | None:
    """Count an attempt, committed apart: a document that kills its reader is given up after three."""
    with scope(organisation):
        waiting = Document.objects.select_for_update(skip_locked=True).filter(
            organisation_id=organisation, state=Document.State.RECEIVED
        )
        document = waiting.order_by("id").only("id", "attempts").first()
        if document is None:
            return None
        if document.attempts >= MOST_ATTEMPTS:
            reason = "Reading this document failed five times; see the server's log. The machine will send another one."
            Document.objects.filter(pk=document.pk).update(
                state=Document.State.FAILED, decision=Document.Decision.REFUSED, reason=reason
            )
            return _claim(organisation)
        Document.objects.filter(pk=document.pk).update(attempts=document.attempts + 1)
        return int(document.pk)


def _held(document_id: int) -> bool:
    """Lock the document until the end of the transaction; false when somebody else reads it, or has read it."""
    waiting = Document.objects.select_for_update(skip_locked=True).filter(
        pk=document_id, state=Document.State.RECEIVED
    )
    return waiting.only("id").first() is not None


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
