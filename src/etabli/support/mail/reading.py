"""From the bytes of a mail to a Mail. It never raises: what cannot be read gives a Mail that says so.

Python's `email` splits the parts and decodes them. It is kept from what makes it slow or raise: deep or
countless parts, endless headers, structured headers, and messages inside the message, which stay as they are.
"""

import hashlib
import mimetypes
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from email.feedparser import BytesFeedParser
from email.message import Message
from email.policy import Compat32
from html import escape

from .charsets import storable, text_of
from .headers import LONGEST, Headers, date_of, decoded, message_id_of
from .message import Attachment, Mail
from .plaintext import text_of_html

LARGEST = 64 * 1024 * 1024
DEEPEST, MOST_PARTS = 20, 1_000
_HEAD = 256 * 1024
_PARAMETERS = (
    2_048  # the parameters of a header are read in a time that grows with the square of their length
)
_TYPE = re.compile(r"\s*([\w!#$&^.+-]{1,80}/[\w!#$&^.+-]{1,80})")
_FORMULA = re.compile(r"MIME|multi-?part message|OpenPGP", re.I)
_EXPECTED = ("from", "to", "subject", "date", "message-id", "sender", "received", "return-path", "reply-to")


class _TooMuch(Exception):
    """The mail has more parts than any mail has."""


class _Policy(Compat32):
    """Headers as they came, cut where nobody writes."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        if (
            name.lower() == "content-transfer-encoding"
        ):  # "base64;" and the like are understood by other readers
            value = value.partition(";")[0].strip()
        return name, value[: _PARAMETERS if name.lower().startswith("content-") else LONGEST]

    def header_fetch_parse(self, _name: str, value: str) -> str:
        return value


class _Part(Message):
    """A part of which only multiparts are opened, to a depth; ``kind`` is the type it declares."""

    depth = 0
    count = [0]

    def attach(self, payload: "_Part") -> None:  # type: ignore[override]  # the parser attaches what it makes
        payload.depth, payload.count = self.depth + 1, self.count
        self.count[0] += 1
        if self.count[0] > MOST_PARTS:
            raise _TooMuch
        super().attach(payload)

    @property
    def kind(self) -> str:
        found = _TYPE.match(str(self.get("content-type", "")))
        return found[1].lower() if found else "text/plain"

    def get_content_type(self) -> str:
        opened = self.kind.startswith("multipart/") and self.depth < DEEPEST
        return self.kind if opened else "application/octet-stream"


@dataclass
class _Body:
    """What a part and those under it say; ``files`` gathers the rest."""

    text: str | None = None
    html: str | None = None
    files: list[Attachment] = field(default_factory=list)

    def words(self) -> str:
        return text_of_html(self.html or "") if self.text is None else self.text

    def markup(self) -> str:
        return f"<pre>{escape(self.text or '')}</pre>" if self.html is None else self.html


def read(raw: bytes) -> Mail:
    """Everything a mail says. Bytes that are no mail, or too much of one, give what their headers say, the
    reason in ``trouble``, and the whole as an attachment.
    """
    if len(raw) > LARGEST:
        return _unread(raw, "too-large")
    try:
        root = _parsed(raw)
        mail = _headers_of(root, raw)
        if not any(name in mail.headers for name in _EXPECTED):
            return _unread(raw, "no-header")
        return _with_body(mail, root)
    except _TooMuch:
        return _unread(raw, "too-many-parts")
    except Exception:  # whatever a stranger found to break the parser: the mail is kept, and told
        return _unread(raw, "malformed")


def _parsed(raw: bytes, *, headers_only: bool = False) -> _Part:
    count = [0]

    def make(*_words: object, **options: object) -> _Part:
        part = _Part(policy=_POLICY)
        part.count = count
        return part

    parser = BytesFeedParser(make, policy=_POLICY)
    if headers_only:
        parser._set_headersonly()  # type: ignore[attr-defined]  # as email.parser.BytesHeaderParser does
    parser.feed(raw.lstrip(b"\xef\xbb\xbf\r\n"))
    return parser.close()  # type: ignore[return-value]


_POLICY = _Policy()


def _unread(raw: bytes, trouble: str) -> Mail:
    try:
        mail = _headers_of(_parsed(raw[:_HEAD], headers_only=True), raw)
    except Exception:
        mail = Mail(Headers(Message()), hashlib.sha256(raw).hexdigest(), subject="")
    original = Attachment("original.eml", "message/rfc822", raw)
    text = _lines(text_of(raw[:_HEAD])) if trouble == "no-header" else ""
    return replace(mail, trouble=trouble, text=text, attachments=(original,))


def _headers_of(root: _Part, raw: bytes) -> Mail:
    headers = Headers(root, _tolerant(root.get_content_charset, None) or "")
    senders = headers.addresses("from") or headers.addresses("sender") or headers.addresses("reply-to")
    received = headers.every("received")
    return Mail(
        headers=headers,
        sha256=hashlib.sha256(raw).hexdigest(),
        subject=headers.text("subject"),
        message_id=message_id_of(headers.raw("message-id")),
        sender=senders[0] if senders else None,
        reply_to=headers.addresses("reply-to"),
        to=headers.addresses("to"),
        cc=headers.addresses("cc"),
        date=date_of(headers.raw("date")),
        received_at=date_of(received[0].rpartition(";")[2]) if received else None,
        in_reply_to=headers.ids("in-reply-to"),
        references=headers.ids("references"),
        protection=_protection(root, headers),
        report=str(_tolerant(lambda: root.get_param("report-type"), None) or "").lower(),
    )


def _with_body(mail: Mail, root: _Part) -> Mail:
    body = _body(root)
    text = _lines(body.words())
    preamble = text_of((root.preamble or "").encode("ascii", "surrogateescape"))
    if not text.strip() and not _FORMULA.search(preamble):
        text = _lines(preamble)  # some programs forget the separator of their first part
    protection = mail.protection or ("pgp-signed" if "\n-----BEGIN PGP SIGNED" in f"\n{text[:500]}" else "")
    if "\n-----BEGIN PGP MESSAGE" in f"\n{text[:500]}":
        protection = "pgp-encrypted"
    return replace(
        mail,
        text=text,
        html=storable(body.html or ""),
        attachments=_named(body.files, body.html or ""),
        protection=protection,
        trouble="encrypted" if protection.endswith("-encrypted") else "",
    )


def _body(part: _Part) -> _Body:
    if part.is_multipart():
        inside = [_body(one) for one in part.get_payload()]  # type: ignore[arg-type]
        files = [one for body in inside for one in body.files]
        choose = _alternative if part.kind == "multipart/alternative" else _sequence
        return replace(
            choose([body for body in inside if (body.text, body.html) != (None, None)]), files=files
        )
    disposition = _word(str(part.get("content-disposition", "")))
    name, content = _name(part), _content(part)
    if part.kind in ("text/plain", "text/html") and disposition != "attachment" and not name:
        text = text_of(content, _tolerant(part.get_content_charset, None) or "")
        return _Body(text=text) if part.kind == "text/plain" else _Body(html=text)
    if part.kind.startswith("multipart/") and part.depth < DEEPEST and not name:
        text = text_of(content)  # its separator never came: what is there is all that was said
        return _Body(text=text) if text.strip() else _Body()
    content_id = decoded(str(part.get("content-id", ""))).strip("<> ")[:255]
    return _Body(files=[Attachment(name, part.kind, content, disposition == "inline", content_id)])


def _alternative(bodies: list[_Body]) -> _Body:
    """The same words twice (RFC 2046 §5.1.4): the text of one, the HTML of the other."""
    texts = [body.text for body in bodies if body.text is not None]
    pages = [body.html for body in bodies if body.html is not None]
    return _Body(text=next((one for one in texts if one.strip()), None), html=pages[-1] if pages else None)


def _sequence(bodies: list[_Body]) -> _Body:
    """One after the other: nothing said in one form only may be missing from the other."""
    if len(bodies) < 2:
        return bodies[0] if bodies else _Body()
    paged = any(body.html is not None for body in bodies)
    return _Body(
        text="\n".join(body.words() for body in bodies),
        html="\n".join(body.markup() for body in bodies) if paged else None,
    )


def _content(part: _Part) -> bytes:
    read = _tolerant(lambda: part.get_payload(decode=True), None)
    if isinstance(read, bytes) and read:
        return read
    return str(part.get_payload() or "").encode("ascii", "surrogateescape")  # better undecoded than lost


def _name(part: _Part) -> str:
    """The name of a file, without folders, from either header that may give it (RFC 2231, RFC 2047)."""
    given = _tolerant(part.get_filename, None) or ""
    if not given.isascii():
        given = _tolerant(lambda: text_of(given.encode("ascii", "surrogateescape")), storable(given))
    return re.split(r"[/\\]", decoded(given))[-1].strip()[:255]


def _named(files: list[Attachment], markup: str) -> tuple[Attachment, ...]:
    shown = set(re.findall(r"cid:([^\"'\s>)]{1,255})", markup))
    return tuple(
        replace(
            one,
            name=one.name or f"attachment-{number}{_extension(one.type)}",
            inline=one.content_id in shown or (one.inline and one.type.startswith("image/")),
        )
        for number, one in enumerate(files, 1)
    )


def _extension(kind: str) -> str:
    return ".eml" if kind == "message/rfc822" else mimetypes.guess_extension(kind) or ""


def _protection(root: _Part, headers: Headers) -> str:
    """How the message is signed or encrypted (RFC 8551 §3.2, RFC 3156), as its type declares."""
    declared = headers.raw("content-type").lower()
    if root.kind in ("application/pkcs7-mime", "application/x-pkcs7-mime"):
        # What an opaque signature holds is not read either: for a reader, it is as good as encrypted.
        return "smime-encrypted"
    if root.kind == "multipart/encrypted":
        return "pgp-encrypted"
    if root.kind == "multipart/signed":
        return "smime-signed" if "pkcs7" in declared else "pgp-signed"
    return ""


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _word(value: str) -> str:
    return value.partition(";")[0].strip().lower()


def _tolerant[T](ask: Callable[[], T], otherwise: T) -> T:
    """What the library answers, or this when the value makes it raise."""
    try:
        return ask()
    except Exception:
        return otherwise
