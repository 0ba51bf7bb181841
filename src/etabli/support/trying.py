"""Trying a mailbox both ways, without reading nor sending anything."""

from django.utils.translation import gettext as _

from etabli.kernel import mail
from etabli.kernel.secrets import KeyMissing

from . import imap, oauth, reading
from .mailboxes import Mailbox


def smtp_of(mailbox: Mailbox, token: str = "") -> mail.MailServer:
    """The server through which the mailbox answers: its own, else that of the settings."""
    if not mailbox.smtp_host:
        return mail.configured(mailbox.organisation_id)
    return mail.MailServer(
        host=mailbox.smtp_host,
        port=mailbox.smtp_port,
        security=mailbox.smtp_security,
        user=mailbox.user,
        password=mailbox.password.unseal(),
        sender=mailbox.address,
        token=token,
    )


def problems_of(mailbox: Mailbox) -> list[str]:
    """What is wrong with a mailbox, in sentences; none when mail comes in and goes out."""
    try:
        server = reading.server_of(mailbox, afresh=True)
    except (oauth.TokenTrouble, KeyMissing) as trouble:
        return [str(getattr(trouble, "reason", trouble))]
    told = (
        (_("Incoming mail: %(why)s"), imap.check(server)),
        (_("Outgoing mail: %(why)s"), mail.test_connection(smtp_of(mailbox, server.token))),
    )
    return [said % {"why": why} for said, why in told if why]
