"""What tells our own mails when they come back: our addresses, our keys, the mark of automatic ones."""

from etabli.kernel.tenancy import everywhere

from .identity import keys, mark
from .mail.sorting import Ourselves
from .mailboxes import Mailbox


def ourselves() -> Ourselves:
    """As sorting takes it. What any of our mailboxes says to another is a loop, whatever organisation."""
    with everywhere(because="two mailboxes of different organisations may answer each other too"):
        addresses = frozenset(one.lower() for one in Mailbox.objects.values_list("address", flat=True))
    return Ourselves(addresses=addresses, keys=keys(), mark=mark())
