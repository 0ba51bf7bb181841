"""What tells our own mails: our addresses, the keys that sign them, the mark of automatic ones."""

from etabli.kernel import secrets
from etabli.kernel.tenancy import everywhere

from .mail import threads
from .mail.sorting import Ourselves
from .mailboxes import Mailbox


def keys() -> tuple[bytes, ...]:
    """What signs the tokens of our mails, the present key first; former ones are still recognised."""
    return secrets.derived("mail.threads")


def mark() -> str:
    """The value of the loop header of our automatic mails."""
    return secrets.derived("mail.loop")[0].hex()[:24]


def ourselves() -> Ourselves:
    """As sorting takes it. What any of our mailboxes says to another is a loop, whatever organisation."""
    with everywhere(because="two mailboxes of different organisations may answer each other too"):
        addresses = frozenset(one.lower() for one in Mailbox.objects.values_list("address", flat=True))
    return Ourselves(addresses=addresses, keys=keys(), mark=mark())


def message_id(ticket: int, serial: str, domain: str) -> str:
    """The Message-ID of a mail of ours about a ticket."""
    return threads.message_id(ticket=str(ticket), serial=serial, key=keys()[0], domain=domain)


def marker(ticket: int, serial: str) -> str:
    """The same proof, for the text of the mail."""
    return threads.marker(ticket=str(ticket), serial=serial, key=keys()[0])
