"""The envelope of an inventory message: compression, size limits, character set, JSON or XML.

Agents differ in how they compress and in what they declare (GLPI Agent, FusionInventory: zlib under
`application/x-compress-zlib`; OCS Inventory: zlib under `application/x-compress`; all of them: plain
JSON or XML when compression is off). What the bytes are wins over what the header says.
"""

import re
import zlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, Protocol

from etabli.inventory.values import told
from etabli.kernel.sentences import Sentence, sentence

LIMIT = 64 * 1024 * 1024
"""Largest message read, in bytes, compressed or not. Stacked switches were seen to send 20 MB."""

MAX_NODES = 2_000_000
"""Most values a message may hold: 64 MB of `[],[],` would need gigabytes once read."""

_CHUNK = 64 * 1024
_BOM = b"\xef\xbb\xbf"
_DECLARATION = re.compile(rb"\s*<\?xml[^>]{0,500}\?>")
# XML 1.0 §2.2 allows only tab, line feed and carriage return below the space.
_CONTROLS = bytes(set(range(32)) - {9, 10, 13})

type Syntax = Literal["json", "xml"]
type _Family = Literal["plain", "zlib", "gzip", "deflate", "brotli"]


class Refusal(Exception):
    """Why a message is refused, in English for the agent's log; ``sentence`` is the same for people who read
    it later, in their language.
    """

    def __init__(self, message: str, **values: Any) -> None:
        super().__init__(message % values if values else message)
        self.message, self.values = message, values

    @property
    def sentence(self) -> Sentence:
        return sentence(self.message, **self.values)


class TooLarge(Refusal):
    """The message is larger than the limit, before or after inflating it."""


class Unreadable(Refusal):
    """The bytes are not a message an inventory agent sends. The sentence says why."""


class Stream(Protocol):
    """Anything bytes can be read from, such as an HTTP request."""

    def read(self, size: int, /) -> bytes: ...


class Codec(StrEnum):
    """How a message is compressed. The value is the content type the answer must carry.

    An agent inflates an answer only when its type is the compressed type it used itself, so each
    spelling of the same compression is a codec of its own.
    """

    PLAIN = "plain"
    ZLIB = "application/x-compress-zlib"
    ZLIB_OCS = "application/x-compress"
    ZLIB_SHORT = "application/x-zlib"
    GZIP = "application/x-compress-gzip"
    GZIP_SHORT = "application/x-gzip"
    DEFLATE = "application/x-compress-deflate"
    DEFLATE_SHORT = "application/x-deflate"
    BROTLI = "application/x-compress-br"
    BROTLI_SHORT = "application/x-br"

    @classmethod
    def declared(cls, content_type: str) -> "Codec":
        """The codec a Content-Type header names, PLAIN for every other type. Case is ignored."""
        name = content_type.partition(";")[0].strip().lower()
        return next((codec for codec in cls if codec.value == name), cls.PLAIN)

    @property
    def family(self) -> _Family:
        return _FAMILIES.get(self, "zlib")


_FAMILIES: dict[Codec, _Family] = {
    Codec.PLAIN: "plain",
    Codec.GZIP: "gzip",
    Codec.GZIP_SHORT: "gzip",
    Codec.DEFLATE: "deflate",
    Codec.DEFLATE_SHORT: "deflate",
    Codec.BROTLI: "brotli",
    Codec.BROTLI_SHORT: "brotli",
}
# Window bits of zlib: RFC 1950 (zlib), RFC 1952 (gzip), RFC 1951 (bare deflate).
_WINDOW: dict[_Family, int] = {"zlib": 15, "gzip": 31, "deflate": -15}


@dataclass(frozen=True, slots=True)
class Body:
    """An opened message.

    `content` is valid UTF-8 without byte order mark nor NUL. `repairs` says, in plain sentences, what
    had to be mended to get there. `codec` is what the answer must be closed with.
    """

    content: bytes
    codec: Codec
    syntax: Syntax
    repairs: tuple[str, ...] = ()


def open_body(
    source: bytes | Stream, content_type: str, *, limit: int = LIMIT, wire_limit: int | None = None
) -> Body:
    """Read, inflate and decode a message.

    `limit` caps the inflated size while inflating; `wire_limit` (bytes, by default `limit`) caps what
    is read from `source`. Raises TooLarge and Unreadable.
    """
    wire = _read(source, limit if wire_limit is None else wire_limit)
    plain, codec = _inflate(wire, Codec.declared(content_type), limit)
    syntax = _syntax(plain)
    if syntax is None:
        raise Unreadable("The body is neither JSON nor XML. Check what is sent to this address.")
    content, repairs = _decode(plain.removeprefix(_BOM), syntax)
    _refuse_swarm(content, syntax)
    return Body(content=content, codec=codec, syntax=syntax, repairs=repairs)


def close_body(payload: bytes, codec: Codec) -> tuple[bytes, str]:
    """Compress an answer like the request was, and give the content type to send it with."""
    window = _WINDOW.get(codec.family)
    if window is None:
        return payload, "application/json" if payload[:1] in b"{[" else "application/xml"
    deflater = zlib.compressobj(6, zlib.DEFLATED, window)
    return deflater.compress(payload) + deflater.flush(), codec.value


def _read(source: bytes | Stream, limit: int) -> bytes:
    wire = source if isinstance(source, bytes) else _drain(source, limit)
    if len(wire) > limit:
        raise TooLarge(
            "The message is larger than %(limit)s bytes. Raise the limit or send less.", limit=limit
        )
    if not wire:
        raise Unreadable("The request has no body. An inventory message was expected.")
    return wire


def _drain(source: Stream, limit: int) -> bytes:
    wire = bytearray()
    while len(wire) <= limit and (chunk := source.read(_CHUNK)):
        wire += chunk
    return bytes(wire)


def _inflate(wire: bytes, declared: Codec, limit: int) -> tuple[bytes, Codec]:
    """Inflate according to the first bytes, then to the header when those say nothing."""
    family = _magic(wire)
    if family is not None:
        same = declared.family in (family, "deflate" if family == "zlib" else family)
        codec = declared if same else Codec.GZIP if family == "gzip" else Codec.ZLIB
        return _unpack(wire, _WINDOW[family], limit), codec
    if _syntax(wire) is not None or declared is Codec.PLAIN:
        if len(wire) > limit:
            raise TooLarge(
                "The message is larger than %(limit)s bytes. Raise the limit or send less.", limit=limit
            )
        return wire, Codec.PLAIN
    if declared.family == "brotli":
        raise Unreadable("The body is compressed with Brotli. Set the agent to zlib or gzip.")
    return _unpack(wire, _WINDOW["deflate"], limit), declared


def _magic(wire: bytes) -> _Family | None:
    if wire[:2] == b"\x1f\x8b":
        return "gzip"
    # RFC 1950 §2.2: method 8 in the low half of the first byte, and a header divisible by 31.
    if len(wire) > 1 and wire[0] & 0x0F == 8 and int.from_bytes(wire[:2]) % 31 == 0:
        return "zlib"
    return None


def _unpack(wire: bytes, window: int, limit: int) -> bytes:
    # One stream only: a chain of empty gzip members would cost quadratic time to walk.
    inflater = zlib.decompressobj(window)
    try:
        plain = inflater.decompress(wire, limit + 1)
    except zlib.error as error:
        raise Unreadable("The compressed body is damaged. The agent will send it again.") from error
    if len(plain) > limit:
        raise TooLarge("The message is larger than %(limit)s bytes once inflated. Send less.", limit=limit)
    if not inflater.eof:
        raise Unreadable("The compressed body is cut short. The agent will send it again.")
    return plain


def _syntax(plain: bytes) -> Syntax | None:
    start = plain[:_CHUNK].removeprefix(_BOM).lstrip(b" \t\r\n\x00")[:1]
    if start == b"<":
        return "xml"
    return "json" if start in (b"{", b"[") else None


def _decode(plain: bytes, syntax: Syntax) -> tuple[bytes, tuple[str, ...]]:
    repairs = []
    content = plain.translate(None, _CONTROLS if syntax == "xml" else b"\x00")
    if len(content) != len(plain):
        repairs.append(told("Control characters were removed from the message."))
    try:
        content.decode()
    except UnicodeDecodeError:
        if syntax == "xml":
            content = content.decode("iso-8859-1").encode()
            repairs.append(told("The message is not UTF-8, it was read as ISO-8859-1."))
        else:
            content = content.decode(errors="replace").encode()
            repairs.append(told("Bytes that are not UTF-8 were replaced in the message."))
    return content, tuple(repairs)


def _refuse_swarm(content: bytes, syntax: Syntax) -> None:
    """Refuse a message that would become an enormous number of small objects in memory."""
    marks = (b"<", b"=", b"&") if syntax == "xml" else (b",", b"{", b"[")
    if sum(content.count(mark) for mark in marks) > MAX_NODES:
        raise TooLarge("The message holds more than %(most)s values. Send less at once.", most=MAX_NODES)


def without_declaration(content: bytes) -> bytes:
    """An XML document without its declaration, whose character set is no longer the one it names."""
    declaration = _DECLARATION.match(content)
    return content[declaration.end() :] if declaration else content
