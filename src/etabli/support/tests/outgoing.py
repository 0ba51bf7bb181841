"""What the tests of outgoing mail share: a ticket, an answer, a server set in the settings."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from etabli.kernel import mail as settings_mail
from etabli.kernel import preferences
from etabli.kernel.actors import SYSTEM
from etabli.people.models import Person
from etabli.support.mailboxes import Mailbox
from etabli.support.opening import Caller, Request, Words, open_ticket
from etabli.support.outbox import OutgoingMail
from etabli.support.talking import answer
from etabli.support.tickets import Ticket

SENDER = "Support <support@provider.example>"


def by_settings(port: int, host: str = "127.0.0.1", security: str = settings_mail.NONE) -> None:
    values = {"host": host, "port": port, "security": security, "from": SENDER}
    for name, value in values.items():
        preferences.set_value(f"mail.{name}", value, organisation=None, actor=SYSTEM)


def opened(firm: Any, actor: Any, email: str = "claire@acme.example", **more: Any) -> Ticket:
    person, _new = Person.objects.get_or_create(
        organisation=firm.acme.organisation, email=email, defaults={"name": "Claire Moreau"}
    )
    asked = Request("No network", Words("Nothing works."), Caller(person=person), more=more)
    return open_ticket(asked, organisation=firm.acme.id, actor=actor)


def answered(ticket: Ticket, actor: Any, text: str = "We look into it.", **more: Any) -> OutgoingMail:
    message = answer(ticket, Words(text), actor=actor, **more)
    return OutgoingMail.objects.get(message=message)


def due(*mails: OutgoingMail, at: datetime | None = None) -> None:
    """The ten seconds have passed."""
    OutgoingMail.objects.filter(pk__in=[mail.pk for mail in mails]).update(
        send_at=at or timezone.now() - timedelta(seconds=1)
    )


def mailbox(firm: Any, port: int, host: str = "localhost", **more: Any) -> Mailbox:
    values: dict[str, Any] = {
        "name": "Support",
        "address": "support@etabli.example",
        "imap_host": "localhost",
        "smtp_host": host,
        "smtp_port": port,
        "smtp_security": settings_mail.NONE,
        "user": "",
        "signature": "The support\nProvider SA",
    }
    return Mailbox.objects.create(organisation=firm.provider.organisation, **{**values, **more})
