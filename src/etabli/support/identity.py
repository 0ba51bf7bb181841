"""What proves that a mail is ours: the keys that sign our Message-IDs, and what they are made of.

A serial begins with a letter that tells to whom the mail went: ``a`` to the user's side (answers, receipts,
surveys), ``n`` to the desk (a notification). What comes back by the latter is an internal note, whatever its
sender believes: see :func:`internal`.
"""

import hashlib
import re
import secrets
from urllib.parse import urlsplit

from etabli.kernel import preferences
from etabli.kernel.secrets import derived_keys

from .mail import threads

ANSWER, NOTE = "a", "n"
_SERIAL = re.compile(r"etb\.[a-z0-9-]{1,40}\.(?P<serial>[a-z0-9]{1,40})\.", re.I)
_SEARCHED = 100_000


def keys() -> tuple[bytes, ...]:
    """The keys of our tokens, the present one first, then the former ones, which still verify."""
    return derived_keys("mail tokens")


def mark() -> str:
    """The value of our loop header: the same on each server of the installation, and nobody else's."""
    return hashlib.sha256(b"loop" + keys()[-1]).hexdigest()[:16]


def domain(address: str = "") -> str:
    """What stands after the @ of our Message-IDs: the domain of the sender, else that of the pages."""
    own = address.rpartition("@")[2].strip("> ").lower()
    found = own or urlsplit(preferences.get("pages.url")).hostname or ""
    return found if re.fullmatch(r"[a-z0-9.-]{1,200}", found) else "etabli.invalid"


def new_serial(kind: str = ANSWER) -> str:
    """The serial of a mail, unique; kind: ``ANSWER`` or ``NOTE``."""
    return kind + secrets.token_hex(10)


def message_id(ticket: int, serial: str, address: str = "") -> str:
    """The Message-ID of a mail about a ticket, sent from an address."""
    return threads.message_id(ticket=str(ticket), serial=serial, key=keys()[0], domain=domain(address))


def marker(ticket: int, serial: str) -> str:
    """The same proof for the text of the mail."""
    return threads.marker(ticket=str(ticket), serial=serial, key=keys()[0])


def internal(text: str) -> bool:
    """Whether a reference or a marker, verified as ours, is that of a mail that went to the desk only."""
    known = keys()
    return any(
        found["serial"].lower().startswith(NOTE) and threads.verified(text[found.start() :][:200], known)
        for found in _SERIAL.finditer(text[:_SEARCHED])
    )
