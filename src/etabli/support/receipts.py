"""Telling a sender that their mail arrived: at most once an hour, so that two programs stop."""

from datetime import datetime, timedelta

from django.utils import timezone

from . import following
from .letters import Letter, valid
from .mail.sorting import acknowledgement_due
from .mailboxes import Mailbox
from .outbox import OutgoingMail
from .tickets import Ticket

DAY = timedelta(days=1)


def acknowledge(
    ticket: Ticket, letter: Letter, mailbox: Mailbox, *, now: datetime | None = None
) -> OutgoingMail | None:
    """Queue the acknowledgement of a mail that opened a ticket; None when none is due."""
    now = now or timezone.now()
    answered = letter.mail.reply_to[0] if letter.mail.reply_to else letter.sender
    address = valid(answered.address) if answered else ""
    if not mailbox.acknowledges or not address:
        return None
    earlier = following.acknowledged(address, since=now - DAY)
    if not acknowledgement_due(letter.verdict, earlier=earlier, now=now):
        return None
    return following.acknowledge(ticket, address=address, now=now)
