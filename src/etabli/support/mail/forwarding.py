"""Who wrote first a mail that someone forwards: the person to help is not the one who passed it on."""

import re
from dataclasses import dataclass
from typing import Any

from . import quotes
from .bounces import RETURNED
from .headers import Address, addresses_of
from .message import Mail
from .quotes import Role, plain
from .reading import read
from .trimming import trim

_SUBJECT = re.compile(r"\s*(?:tr|fwd?|fw|i|wg|rv|trans(?:féré)?)\s?:", re.I)
_READ, _LINES, _HEADER_LINES = 200_000, 2_000, 12


@dataclass(frozen=True)
class Forwarded:
    """The mail that was passed on: its author, its subject, and ``how``: ``attached`` or ``quoted``."""

    sender: Address
    subject: str
    how: str

    def as_json(self) -> dict[str, Any]:
        return {**self.sender.as_json(), "subject": self.subject or None, "how": self.how}


def forwarded_by(mail: Mail) -> Forwarded | None:
    """The mail this one passes on; None when it passes none."""
    if mail.report or mail.trouble:
        return None
    return _quoted(mail) or _attached(mail)


def _quoted(mail: Mail) -> Forwarded | None:
    text = mail.text[:_READ]
    # Only what is shown: a reply may quote a mail that was forwarded, and forwards nothing itself.
    shown = _plain(trim(text).visible)
    said = next((at + 1 for at, line in enumerate(shown) if quotes.forwarded(line)), None)
    if said is None and not _SUBJECT.match(mail.subject):
        return None
    lines = shown[said:] if said else _plain(text)
    for at in range(len(lines)):
        told = _headers(lines[at : at + _HEADER_LINES])
        if Role.FROM in told and len(told) >= 2 and (found := _author(told[Role.FROM])):
            return Forwarded(found, told.get(Role.SUBJECT, ""), "quoted")
    return None


def _plain(text: str) -> list[str]:
    return [plain(line) for line in text.splitlines()[:_LINES]]


def _headers(lines: list[str]) -> dict[Role, str]:
    """The headers of a quoted mail when they begin on the first line."""
    told: dict[Role, str] = {}
    for at, line in enumerate(lines):
        role = quotes.header(line.lstrip("> "))
        if role is None and (at == 0 or not line.strip("> ")):
            break
        if role:
            told.setdefault(role, line.partition(":")[2].strip(" *"))
    return told


def _author(value: str) -> Address | None:
    written = re.sub(r"\[mailto:([^\]]{1,320})\]|<mailto:([^>]{1,320})>", r"<\1\2>", value)
    found = [one for one in addresses_of([written]) if "@" in one.address]
    return found[0] if found else None


def _attached(mail: Mail) -> Forwarded | None:
    messages = mail.parts(*RETURNED[:2])
    if len(messages) != 1:
        return None
    inside = read(messages[0].content)
    return Forwarded(inside.sender, inside.subject, "attached") if inside.sender else None
