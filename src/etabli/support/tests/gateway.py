"""A mailbox of the desk into which mails are put as its reader would, and what is looked at afterwards."""

from typing import Any

from django.utils import timezone

from etabli.support import identity
from etabli.support.imap import Arrived
from etabli.support.intake import sort
from etabli.support.mailboxes import Mailbox, ReceivedMail
from etabli.support.opening import Words
from etabli.support.outbox import OutgoingMail
from etabli.support.storing import Desk, desk_of, store
from etabli.support.talking import answer
from etabli.support.tickets import Ticket

from .dovecot import mail

NOW = timezone.now()


class Gateway:
    """A mailbox of the provider's desk, into which mails are put as its reader would."""

    def __init__(self, firm: Any, address: str = "support@etabli.example", **more: Any) -> None:
        self.firm, self.number = firm, 0
        values = {"name": "Support", "imap_host": "localhost", "user": "support", "acknowledges": False}
        self.mailbox = Mailbox.objects.create(
            organisation=firm.provider.organisation, address=address, **(values | more)
        )

    @property
    def desk(self) -> Desk:
        return desk_of(self.mailbox)

    def take(self, raw: bytes, **more: Any) -> ReceivedMail:
        self.number += 1
        values = {"uid_validity": 1, "uid": self.number, "raw": raw, "size": len(raw), "arrived_at": NOW}
        received = store(self.desk, Arrived(**(values | more)))
        return sort(received, self.desk, raw=raw)


def the_ticket() -> Ticket:
    return Ticket.objects.get()


def opened(gateway: Gateway, **more: Any) -> Ticket:
    received = gateway.take(mail(1, **more))
    assert received.fate == "opened"
    return Ticket.objects.get(pk=received.ticket_id)


def answered(gateway: Gateway, ticket: Ticket, actor: Any, text: str = "Which socket?") -> OutgoingMail:
    """An answer of an agent, as it leaves."""
    message = answer(ticket, Words(text), actor=actor)
    return OutgoingMail.objects.get(message=message)


def name_of(sent: OutgoingMail) -> str:
    """Its Message-ID."""
    return identity.message_id(sent.ticket_id, sent.serial, "support@etabli.example")


def agent_mail(gateway: Gateway, number: int, **more: Any) -> bytes:
    account = gateway.firm.provider.technician
    return mail(number, sender=f"{account.name} <{account.email}>", **more)
