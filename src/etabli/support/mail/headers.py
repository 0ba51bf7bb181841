"""The headers of a mail, read one by one: a broken one gives nothing, never an exception.

Python's own structured headers raise on hostile values and take a quadratic time on some; here each value is
cut, decoded (RFC 2047) and searched with expressions that run in one pass.
"""

import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime

from .charsets import storable, text_of

LONGEST = 65_536
MOST_ADDRESSES = 1_000
MOST_IDS = 200
_FIRST_YEAR = 1971  # before e-mail: a date that stands for none
_WORD = re.compile(r"=\?([\w.:+*-]{1,60})\?([bq])\?([^?]*)\?=", re.I)
_QUOTED_BYTE = re.compile(rb"=([0-9a-f]{2})", re.I)
_ID = re.compile(r"<([^<>]{1,998})>")
_ENTRY = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\\?\Z)|\([^()]*\)|<[^<>]*>|[,;]|[^",;<(]+|.', re.S)
_ADDRESS = re.compile(r"[^\s<>()\[\]\",;:@]{1,128}@[^\s<>()\",;:@]{1,255}")


@dataclass(frozen=True, slots=True)
class Address:
    """Someone's name, possibly empty, and address, lower-case, possibly empty too."""

    name: str
    address: str

    def as_json(self) -> dict[str, str]:
        return {"name": self.name, "address": self.address}


class Headers:
    """The headers of a message or of one of its parts; names are in lower case, values decoded."""

    def __init__(self, part: "Message[str, str]", charset: str = "") -> None:
        self._raw: dict[str, list[str]] = {}
        for name, value in part.raw_items():
            self._raw.setdefault(str(name).lower(), []).append(str(value)[:LONGEST])
        self._charset = charset

    def __contains__(self, name: str) -> bool:
        return name in self._raw

    def raw(self, name: str) -> str:
        """The first value as received, on one line, bytes outside ASCII made text."""
        return next(iter(self.every(name)), "")

    def every(self, name: str) -> list[str]:
        """The values of a header that may be repeated, as :meth:`raw`."""
        return [self._unfolded(value) for value in self._raw.get(name, [])]

    def text(self, name: str) -> str:
        """The first value, its encoded words read (RFC 2047)."""
        return decoded(self.raw(name))

    def addresses(self, *names: str) -> tuple[Address, ...]:
        """Everyone named by these headers, each address once, in order."""
        found = {one.address or one.name: one for name in names for one in addresses_of(self.every(name))}
        return tuple(found.values())[:MOST_ADDRESSES]

    def ids(self, name: str) -> tuple[str, ...]:
        """The message identifiers of a header, with their angle brackets."""
        return ids_of(" ".join(self.every(name)))

    def _unfolded(self, value: str) -> str:
        if value.isascii():
            return storable(" ".join(value.split()))
        return " ".join(text_of(value.encode("ascii", "surrogateescape"), self._charset).split())


def decoded(value: str) -> str:
    """Encoded words made text (RFC 2047). Neighbours in one charset are joined before they are decoded: many
    programs cut a word in the middle of a character."""
    pieces: list[tuple[str, bytes] | str] = []
    at = 0
    for word in _WORD.finditer(value):
        between = value[at : word.start()]
        at = word.end()
        charset, content = word[1].partition("*")[0].lower(), _content(word[2], word[3])
        before = pieces[-1] if pieces else ""
        if between.strip() or isinstance(before, str):
            pieces += [between, (charset, content)]
        elif before[0] == charset:
            pieces[-1] = (charset, before[1] + content)
        else:
            pieces.append((charset, content))
    pieces.append(value[at:])
    read = "".join(piece if isinstance(piece, str) else text_of(piece[1], piece[0]) for piece in pieces)
    return " ".join(read.split())


def _content(encoding: str, text: str) -> bytes:
    wire = text.encode("ascii", "replace")
    if encoding in "qQ":
        return _QUOTED_BYTE.sub(lambda byte: bytes([int(byte[1], 16)]), wire.replace(b"_", b" "))
    wire = wire.rstrip(b"=")
    try:
        return binascii.a2b_base64(wire + b"=" * (-len(wire) % 4))
    except binascii.Error:
        return wire


def addresses_of(values: Iterable[str]) -> list[Address]:
    """The people of address lists (RFC 5322 §3.4), read with tolerance: groups, several addresses without a
    comma between them, quotes that never close.
    """
    found: list[Address] = []
    for value in values:
        before = len(found)
        entry: list[str] = []
        for token in _ENTRY.findall(value if value.count('"') % 2 == 0 else value.replace('"', " ")):
            if token in (",", ";"):
                found += _entry(entry)
                entry = []
            else:
                entry.append(token)
            if len(found) > MOST_ADDRESSES:
                return found
        found += _entry(entry)
        if len(found) == before:  # quotes that hide everything
            found += [Address("", one) for one in addresses_in(value)]
    return found


def _entry(tokens: list[str]) -> list[Address]:
    """One place of a list: "name <address>", a bare address, or several of them."""
    angled = [token[1:-1].strip() for token in tokens if token.startswith("<")]
    others = [token for token in tokens if not token.startswith("<")]
    name = decoded(" ".join(_bare(token) for token in others if token.strip()))
    if angled:
        return [Address(name.rpartition(":")[2].strip() if ":" in name else name, angled[-1].lower()[:320])]
    plain = " ".join(token for token in others if not token.startswith("("))
    comment = decoded(" ".join(_bare(token) for token in others if token.startswith("(")))
    return [Address(comment, address.lower()) for address in _ADDRESS.findall(plain)]


def _bare(token: str) -> str:
    if token.startswith(('"', "(")) and len(token) > 1:
        return re.sub(r"\\(.)", r"\1", token[1:-1])
    return token.strip()


def addresses_in(text: str) -> list[str]:
    """The addresses written anywhere in a text, lower-case."""
    return [found.rstrip(".'").lower() for found in _ADDRESS.findall(text)]


def ids_of(value: str) -> tuple[str, ...]:
    """Message identifiers in a text, each once: the first and the last ones when there are too many."""
    found = list(dict.fromkeys(f"<{''.join(one.split())}>" for one in _ID.findall(value) if one.strip()))
    half = MOST_IDS // 2
    return tuple(found if len(found) <= MOST_IDS else found[:half] + found[-half:])


def message_id_of(value: str) -> str:
    """A Message-ID, in angle brackets even when it came without; empty when there is none."""
    bare = value.strip("<> ").split()
    return next(iter(ids_of(value)), "") or (f"<{bare[0][:998]}>" if bare else "")


def date_of(value: str) -> datetime | None:
    """A date with its offset (RFC 5322 §3.3); None when absent, unreadable, or before e-mail existed."""
    try:
        read = parsedate_to_datetime(value[:200])
        read = read if read.tzinfo else read.replace(tzinfo=UTC)
        return read if read.year >= _FIRST_YEAR else None
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
