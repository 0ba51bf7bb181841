"""A mail as the desk takes it: read, trimmed, sorted, with who really speaks and since when it is here."""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils import timezone

from .mail.forwarding import Forwarded, forwarded_by
from .mail.headers import Address
from .mail.message import Mail
from .mail.reading import read
from .mail.sorting import AUTO_REPLY, Ourselves, Verdict, answered_by_nobody, sort
from .mail.trimming import Trimmed, trim
from .tickets import PREFIX

_FAILED = re.compile(r"\bdmarc\s*=\s*fail\b", re.I)  # RFC 8601 §2.7
_AGAIN = re.compile(
    rf"\s*(?:\[\s*{PREFIX}-\d{{1,9}}\s*\]|{PREFIX}-\d{{1,9}}\s*:?|(?:re|rép?|aw|sv|tr|fwd?|wg|i|rv)\s*:)\s*",
    re.I,
)
_EARLIEST = 1990
_TITLE = 200


@dataclass(frozen=True)
class Letter:
    """``sender`` is who speaks: the author, or who is to be answered when a robot wrote for them.

    ``unproven``: the server that received it says that its sender is not who they say, or a robot says it.
    ``at`` is when it arrived.
    """

    mail: Mail
    trimmed: Trimmed
    verdict: Verdict
    forwarded: Forwarded | None
    sender: Address | None
    unproven: bool
    at: datetime
    whole: bool = True

    @property
    def address(self) -> str:
        """The sender's address when it is one, in lower case."""
        return valid(self.sender.address) if self.sender else ""

    @property
    def automatic(self) -> bool:
        return self.verdict.kind == AUTO_REPLY

    @property
    def thanks(self) -> bool:
        return any(reason.rule == "thanks" for reason in self.verdict.reasons)

    @property
    def title(self) -> str:
        """The user's words for a ticket: without our number and the marks of an answer, never empty if the
        mail is not.
        """
        written = (self.forwarded.subject if self.forwarded else "") or self.mail.subject
        while written and (found := _AGAIN.match(written)):
            written = written[found.end() :]
        lines = (line.strip() for line in self.trimmed.visible.splitlines())
        return (written.strip() or next((line for line in lines if line), ""))[:_TITLE]

    @property
    def identity(self) -> str:
        """Tells this mail from another, whatever road it took: the same name and the same words."""
        if not self.mail.message_id:
            return self.mail.sha256
        author = self.mail.sender.address if self.mail.sender else ""
        files = "\x1f".join(f"{one.name}\x1e{len(one.content)}" for one in self.mail.attachments)
        said = "\x1d".join((self.mail.message_id, author, self.mail.subject, self.mail.text, files))
        return hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()

    @property
    def others(self) -> list[Address]:
        """Everyone else it was sent to."""
        return [one for one in (*self.mail.to, *self.mail.cc) if one.address != self.address]


def letter_of(raw: bytes, *, ourselves: Ourselves, arrived_at: datetime | None, whole: bool = True) -> Letter:
    """Read a mail. Like what it stands on, it never raises."""
    mail = read(raw)
    forwarded = forwarded_by(mail)
    trimmed = trim(mail.text, forwarded=forwarded is not None)
    sender, robot = mail.sender, False
    if sender and mail.reply_to and answered_by_nobody(sender.address):
        sender, robot = mail.reply_to[0], True
    unproven = robot or any(_FAILED.search(one) for one in mail.headers.every("authentication-results"))
    return Letter(
        mail=mail,
        trimmed=trimmed,
        verdict=sort(mail, trimmed, ourselves=ourselves),
        forwarded=forwarded,
        sender=sender,
        unproven=unproven,
        at=moment(arrived_at),
        whole=whole,
    )


def moment(arrived_at: datetime | None, now: datetime | None = None) -> datetime:
    """When a mail arrived, as its server says unless that cannot be; never what its own Date says."""
    now = now or timezone.now()
    if arrived_at is None or arrived_at.year < _EARLIEST or arrived_at > now + timedelta(minutes=5):
        return now
    return min(arrived_at, now)


def valid(address: str) -> str:
    """An address that a ticket can keep, in lower case; empty when it is none."""
    address = address.strip().lower()
    try:
        validate_email(address)
    except ValidationError:
        return ""
    return address if len(address) <= 254 else ""
