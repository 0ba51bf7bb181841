"""Mails that say another mail did not arrive: the standard report (RFC 3464), and what older servers write.

Gmail and Exim name the address in a header; the others only tell it in words, read when a mail server speaks.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .charsets import text_of
from .headers import addresses_in, ids_of
from .message import Mail
from .reading import read

REPORTS = ("message/delivery-status", "message/global-delivery-status")
RETURNED = ("message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers")
_ARRIVED = {"delivered", "relayed", "expanded"}  # RFC 3464 §2.3.3
_MOST = 200
_READ = 65_536
_DAEMONS = re.compile(
    r"(?:mailer[-_.]?daemon|post-?master(?:[-_.].*)?|mail[-_.]?delivery|mailer)(?:@|$)", re.I
)
_FAILED = re.compile(
    r"undeliver|delivery (?:status|fail|has failed|incomplete|problem)|returned mail|mail delivery|"
    r"failure notice|"
    r"could not send|not delivered|message (?:non|not) (?:remis|distribué|delivered)|non[- ]remis|"
    r"échec (?:de |d')?(?:la )?(?:remise|distribution|l'envoi|envoi)|non (?:remis|distribué|délivré)|"
    r"unzustellbar",
    re.I,
)
_COPY = re.compile(
    r"^[->* ]*(?:-+ ?)?(?:this is a copy of|below is a copy of|a copy of the|original message|"
    r"message d'origine|"
    r"included (?:is|below)|the original message (?:header|follow)|copie du message)",
    re.I | re.M,
)
_GROUPS = re.compile(r"\n[ \t]*\n")
_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_REPLY = re.compile(r"(?<![\d.])[45]\d\d[ -](?:[45]\.\d{1,3}\.\d{1,3}\b)?[^\n]{0,400}")
_FOR_GOOD = re.compile(r"permanent|failed permanently|échec définitif|(?<![\d.])5\d\d[ -]", re.I)


@dataclass(frozen=True)
class Failure:
    """An address that did not receive. ``status`` as RFC 3463 ("5.1.1"), empty when unknown; ``permanent``
    false while the server still tries, or when the cause may pass (4.x.x).
    """

    address: str
    status: str = ""
    reason: str = ""
    permanent: bool = True

    def as_json(self) -> dict[str, Any]:
        return {
            "recipient": self.address,
            "status": self.status or None,
            "reason": self.reason or None,
            "permanent": self.permanent,
        }


@dataclass(frozen=True)
class Bounce:
    """Who did not receive which mail of ours: its Message-ID and subject, when they came back."""

    failures: tuple[Failure, ...]
    message_id: str = ""
    subject: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "failures": [one.as_json() for one in self.failures],
            "message_id": self.message_id or None,
            "subject": self.subject or None,
        }


def bounce_of(mail: Mail) -> Bounce | None:
    """The bounce this mail is; None when it is another mail, or the report of a success."""
    failures = tuple(_reported(mail))[:_MOST]
    if not failures and not mail.parts(*REPORTS):
        failures = tuple(_told(mail))[:_MOST]
    return Bounce(failures, *_returned(mail)) if failures else None


def speaks_for_a_server(mail: Mail) -> bool:
    """Whether a mail server wrote it: nobody to answer to, or the name that servers take."""
    sender = mail.sender.address or mail.sender.name.replace(" ", "-") if mail.sender else ""
    return mail.headers.raw("return-path") == "<>" or bool(_DAEMONS.match(sender))


def _reported(mail: Mail) -> Iterator[Failure]:
    for part in mail.parts(*REPORTS):
        report = text_of(part.content).replace("\r\n", "\n").strip()
        for group in _GROUPS.split(report)[: _MOST * 2]:
            if failure := _failure(_fields(group), mail.text):
                yield failure


def _failure(fields: dict[str, str], words: str) -> Failure | None:
    """What a group of a report says of one address (RFC 3464 §2.3): the one we wrote to, before any alias."""
    addresses = addresses_in(fields.get("original-recipient") or fields.get("final-recipient", ""))
    action = fields.get("action", "failed").lower()
    if not addresses or action in _ARRIVED:
        return None
    diagnostic = fields.get("diagnostic-code", "")
    status = _STATUS.search(fields.get("status", "")) or _STATUS.search(diagnostic)
    return Failure(
        addresses[0],
        status=status[0] if status else "",
        reason=diagnostic.partition(";")[2].strip()[:500] or _answer(words, addresses[0]),
        permanent=action == "failed" and not (status and status[1] == "4"),
    )


def _fields(group: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in re.sub(r"\n[ \t]+", " ", group).splitlines():
        name, colon, value = line.partition(":")
        if colon:
            found.setdefault(name.strip().lower(), value.strip())
    return found


def _told(mail: Mail) -> Iterator[Failure]:
    """What the words of a server tell: who, above the copy of the mail, and the answer it got."""
    words = _COPY.split(mail.text[:_READ], maxsplit=1)[0]
    named = [one for value in mail.headers.every("x-failed-recipients") for one in addresses_in(value)]
    if not named and not (
        speaks_for_a_server(mail) and (_FAILED.search(mail.subject) or _STATUS.search(words))
    ):
        return
    ours = {one.address for one in (*mail.to, *mail.cc, mail.sender) if one}
    for address in dict.fromkeys(named or addresses_in(words)):
        if not named and (address in ours or _DAEMONS.match(address)):
            continue
        answer = _answer(words, address)
        status = _STATUS.search(answer) or _STATUS.search(words)
        passing = status[1] == "4" if status else not _FOR_GOOD.search(words)
        yield Failure(address, status[0] if status else "", answer, permanent=not passing)


def _answer(words: str, address: str) -> str:
    """The answer of the server that refused this address: the first one told after the address, else the
    first.
    """
    words = words[:_READ]
    after = max(words.lower().find(address), 0)
    found = _REPLY.search(words, after) or _REPLY.search(words)
    return found[0].strip(" '\"") if found else ""


def _returned(mail: Mail) -> tuple[str, str]:
    """The Message-ID and the subject of the mail that came back."""
    for part in mail.parts(*RETURNED):
        returned = read(part.content)
        if returned.message_id:
            return returned.message_id, returned.subject
    _, *copies = _COPY.split(mail.text[:_READ], maxsplit=1)
    copy = copies[0] if copies else mail.text[:_READ]
    found = re.search(r"^message-id:\s*(<[^<>\s]{1,998}>)", copy, re.I | re.M)
    subject = re.search(r"^subject: ?([^\n]{1,500})", copy, re.I | re.M)
    return (ids_of(found[1])[0] if found else "", subject[1].strip() if subject else "")
