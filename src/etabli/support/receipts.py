"""Telling a sender that their mail arrived: at most once an hour, so that two programs stop."""

import secrets
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from .letters import Letter, valid
from .mail.sorting import acknowledgement_due
from .mailboxes import Mailbox
from .outbox import OutgoingMail, subject_of
from .tickets import Ticket


def acknowledge(
    ticket: Ticket, message: int, letter: Letter, mailbox: Mailbox, *, now: datetime | None = None
) -> OutgoingMail | None:
    """Queue the acknowledgement of a mail that opened a ticket; None when none is due.

    Its kind says that a program writes it: the headers that keep other programs silent follow from that.
    """
    now = now or timezone.now()
    answered = letter.mail.reply_to[0] if letter.mail.reply_to else letter.sender
    address = valid(answered.address) if answered else ""
    if not mailbox.acknowledges or not address:
        return None
    if not acknowledgement_due(letter.verdict, earlier=_earlier(address, now), now=now):
        return None
    return OutgoingMail.objects.create(
        organisation_id=ticket.organisation_id,
        message_id=message,
        ticket=ticket,
        kind=OutgoingMail.Kind.RECEIPT,
        mailbox_id=mailbox.pk,
        to=[address],
        subject=subject_of(ticket.title, ticket.reference),
        text=_text(ticket, mailbox),
        serial=secrets.token_hex(10),
        send_at=now,
    )


def _earlier(address: str, now: datetime) -> list[datetime]:
    rows = OutgoingMail.objects.filter(kind=OutgoingMail.Kind.RECEIPT, send_at__gt=now - timedelta(days=1))
    return list(rows.filter(to__contains=[address]).values_list("send_at", flat=True))


def _text(ticket: Ticket, mailbox: Mailbox) -> str:
    said = _(
        "Hello,\n\nYour request “%(title)s” has arrived; its number is %(reference)s. To add something to "
        "it, answer this message.\n\n%(signature)s"
    )
    return said % {
        "title": ticket.title,
        "reference": ticket.reference,
        "signature": mailbox.signature or mailbox.name,
    }
