"""Message-IDs seen on tickets, so that an answer to any mail of a conversation joins it."""

import hashlib
from collections.abc import Sequence

from .letters import Letter
from .mailboxes import KnownMail
from .tickets import Ticket

MOST = 50
"""Identifiers kept of one mail: its own, then the nearest of those it refers to."""


def digest_of(message_id: str) -> str:
    """What is kept of a Message-ID, angle brackets included."""
    return hashlib.sha256(message_id.encode("utf-8", "replace")).hexdigest()


def remember(ticket: Ticket, letter: Letter, *, trusted: bool) -> None:
    """Keep what a mail on a ticket is called, and what it refers to unless its sender may not write there:
    a stranger could otherwise draw the conversations of others to this ticket.
    """
    mail = letter.mail
    names = [mail.message_id] if mail.message_id else []
    if trusted:
        names += [*mail.in_reply_to, *reversed(mail.references)]
    keep(ticket, list(dict.fromkeys(names))[:MOST])


def keep(ticket: Ticket, message_ids: Sequence[str]) -> None:
    """Keep these Message-IDs of a ticket, those already known aside."""
    KnownMail.objects.bulk_create(
        [
            KnownMail(organisation_id=ticket.organisation_id, ticket=ticket, digest=digest_of(one))
            for one in message_ids
        ],
        ignore_conflicts=True,
    )


def find(message_ids: Sequence[str]) -> int | None:
    """The ticket (id) of the first of these identifiers that is known."""
    if not message_ids:
        return None
    digests = [digest_of(one) for one in message_ids]
    rows = KnownMail.objects.filter(digest__in=digests).order_by("-ticket_id")
    known = dict(reversed(list(rows.values_list("digest", "ticket_id"))))
    return next((known[one] for one in digests if one in known), None)
