"""Which conversation a mail belongs to, as it says so, from the strongest proof to the weakest.

Our mails carry a token signed with a key of the installation, in their Message-ID and, since some providers
rewrite that, in their text: ``etb.<ticket>.<serial>.<signature>``. A verified token proves that the writer
received our mail. References to other identifiers may be those of mails kept with a ticket; a number in a
subject proves nothing, so its writer's rights are to be checked.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from .message import Mail

SIGNED, REFERENCE, SUBJECT, BODY = "signed-id", "reference", "subject-tag", "body-marker"
_SIGNATURE = 16  # bytes of HMAC-SHA256 kept (RFC 2104 §5 allows half)
_TOKEN = re.compile(
    r"(?<![\w.@-])etb\.(?P<ticket>[a-z0-9-]{1,40})\.(?P<serial>[a-z0-9]{1,40})\.(?P<mac>[a-z2-7]{26})(?![\w-])",
    re.I,
)
_SEARCHED = 1_000_000
_MOST_MARKERS = 50


@dataclass(frozen=True)
class Candidate:
    """A conversation this mail may belong to.

    ``proof`` is one of the four constants above; ``value`` what was found; ``ticket`` the ticket it names,
    when it names one; ``verified`` whether its signature is ours.
    """

    proof: str
    value: str
    ticket: str | None = None
    verified: bool = False

    def as_json(self) -> dict[str, Any]:
        return {"proof": self.proof, "value": self.value, "ticket": self.ticket, "verified": self.verified}


def token(*, ticket: str, serial: str, key: bytes) -> str:
    """What names a ticket and proves it comes from us. Raises ValueError for a name the token cannot hold."""
    made = f"etb.{ticket}.{serial}.{_mac(ticket, serial, key)}".lower()
    if not _TOKEN.fullmatch(made):
        raise ValueError("A ticket is named by letters, digits and hyphens, a serial by letters and digits.")
    return made


def message_id(*, ticket: str, serial: str, key: bytes, domain: str) -> str:
    """The Message-ID of a mail we send about a ticket; ``serial`` is unique to the mail."""
    return f"<{token(ticket=ticket, serial=serial, key=key)}@{domain}>"


def marker(*, ticket: str, serial: str, key: bytes) -> str:
    """The same proof for the text of the mail, on a line of its own."""
    return f"[{token(ticket=ticket, serial=serial, key=key)}]"


def verified(text: str, keys: Iterable[bytes]) -> str | None:
    """The ticket of a token in this text signed with one of these keys, present or former."""
    for found in _TOKEN.finditer(text[:_SEARCHED]):
        if ticket := _verified(found, keys):
            return ticket
    return None


def signed_mails(text: str, keys: Iterable[bytes]) -> Iterator[tuple[str, str]]:
    """The ticket and the serial of each mail of ours that a text names, by tokens signed with these keys."""
    known = tuple(keys)
    for found in _TOKEN.finditer(text[:_SEARCHED]):
        if ticket := _verified(found, known):
            yield ticket, found["serial"].lower()


def candidates(mail: Mail, *, keys: Sequence[bytes] = (), prefix: str = "ETB") -> tuple[Candidate, ...]:
    """Where this mail may belong, strongest proof first, the most recent reference first."""
    ids = list(dict.fromkeys([*mail.in_reply_to, *reversed(mail.references)]))
    signed: list[Candidate] = []
    others: list[Candidate] = []
    for one in ids:
        ticket = verified(one, keys)
        if ticket or (_TOKEN.search(one) and not keys):  # without a key, what looks like ours is told as such
            signed.append(Candidate(SIGNED, one, ticket, verified=ticket is not None))
        else:
            others.append(Candidate(REFERENCE, one))
    return (*signed, *others, *_tags(mail.subject, prefix), *_markers(mail.text, keys))


def _tags(subject: str, prefix: str) -> Iterator[Candidate]:
    """Ticket numbers of a subject: "[ETB-000123]" or "ETB-123", never inside a longer word or number."""
    tag = re.compile(rf"(?<![\w.-]){re.escape(prefix)}-(\d{{1,9}})(?![\w-]|[.,]\d)", re.I)
    for found in tag.finditer(subject[:2_000]):
        yield Candidate(SUBJECT, found[0], found[1].lstrip("0") or "0")


def _markers(text: str, keys: Sequence[bytes]) -> Iterator[Candidate]:
    found = {one[0].lower(): one for one in _TOKEN.finditer(text[:_SEARCHED])}
    for written, one in list(found.items())[:_MOST_MARKERS]:
        ticket = _verified(one, keys)
        yield Candidate(BODY, written, ticket, verified=ticket is not None)


def _verified(found: re.Match[str], keys: Iterable[bytes]) -> str | None:
    ticket, serial, mac = (found[name].lower() for name in ("ticket", "serial", "mac"))
    ours = any(hmac.compare_digest(mac, _mac(ticket, serial, key)) for key in keys)
    return ticket if ours else None


def _mac(ticket: str, serial: str, key: bytes) -> str:
    signed = hmac.new(key, f"etb.{ticket}.{serial}".lower().encode(), hashlib.sha256).digest()[:_SIGNATURE]
    return base64.b32encode(signed).decode().rstrip("=").lower()
