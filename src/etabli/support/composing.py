"""The mail itself, as it leaves: headers that nothing typed by anybody can break, a text, the same as HTML.

An answer carries what it answers below it, never an internal note nor a message whose sender is unverified.
"""

import re
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.policy import EmailPolicy
from email.utils import format_datetime, parseaddr
from typing import Any

from django.template.loader import render_to_string
from django.utils import formats, timezone
from django.utils.html import urlize
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from etabli.kernel.files import File, open_file
from etabli.kernel.mail import configured
from etabli.kernel.organisations import lineage

from . import identity
from .mail.cleaning import clean
from .mail.sorting import automatic_headers
from .mailboxes import Mailbox, ReceivedMail
from .messages import Message
from .outbox import OutgoingMail
from .recipients import Recipient, recipients_of
from .tickets import Ticket
from .wording import language_of, spoken


class Whole(EmailPolicy):
    """Identifiers stay on the line of their name: some programs do not unfold them (RFC 5322 §3.6.4)."""

    def fold_binary(self, name: str, value: Any) -> bytes:
        if name.lower() in {"message-id", "in-reply-to", "references"}:
            return f"{name}: {'\r\n '.join(str(value).split())}\r\n".encode("ascii", "replace")
        return super().fold_binary(name, value)


# Lines that every server takes (RFC 5322 §2.1.1).
POLICY = Whole(linesep="\r\n", cte_type="7bit")
MOST_QUOTED = 20_000
_REFERENCES = 10
_HEADERS = 65_536
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\\\"@\x00-\x1f\x7f]{1,64}@[^\s<>()\[\],;:\\\"@\x00-\x1f\x7f]{1,200}")
_ID = re.compile(r"<[^<>\s]{1,300}>")


@dataclass(frozen=True)
class Sender:
    """Whom a mail comes from, and where an answer to it goes."""

    name: str
    address: str
    reply_to: str = ""


def flat(text: str) -> str:
    """A text as a header may hold it: one line, without what is not seen, nor what its reader would decode
    (RFC 2047 encoded words).
    """
    return " ".join(_UNSEEN.sub(" ", text).replace("=?", "= ?").split())


def sender_of(mail: OutgoingMail) -> Sender:
    """The mailbox of the ticket; without one the sender of the settings, and the nearest mailbox for what
    comes back.
    """
    if mail.mailbox:
        return Sender(flat(mail.mailbox.name), mail.mailbox.address, mail.mailbox.address)
    name, address = parseaddr(configured(mail.organisation_id).sender)
    near = desk_mailbox(mail.organisation_id)
    return Sender(flat(name), address, near.address if near else "")


def desk_mailbox(organisation: int) -> Mailbox | None:
    """The mailbox where the requests of an organisation come in: its own, else that of the nearest above."""
    above = lineage(organisation)
    rows = Mailbox.objects.filter(organisation__in=above, enabled=True).order_by("id")
    found: dict[int, Mailbox] = {}
    for row in rows:
        found.setdefault(row.organisation_id, row)
    return next((found[one] for one in reversed(above) if one in found), None)


def written(mail: OutgoingMail, *, sender: Sender | None = None) -> EmailMessage:
    """The mail as a server takes it. Its organisation and those above are in scope.

    Raises ValueError for an address no header can hold, ``ContentMissing`` for a file that is lost.
    """
    sender = sender or sender_of(mail)
    made = EmailMessage(policy=POLICY)
    made["From"] = _address(sender.name, sender.address)
    names = _names(mail.ticket)
    made["To"] = [_address(names.get(one.lower(), ""), one) for one in mail.to]
    if mail.cc:
        made["Cc"] = [_address(names.get(one.lower(), ""), one) for one in mail.cc]
    if sender.reply_to and sender.reply_to != sender.address:
        made["Reply-To"] = _address("", sender.reply_to)
    made["Subject"] = flat(mail.subject)
    made["Date"] = format_datetime(timezone.now())
    made["Message-ID"] = identity.message_id(mail.ticket_id, mail.serial, sender.address)
    _thread(made, mail, sender)
    if mail.kind != OutgoingMail.Kind.REPLY:
        for name, value in automatic_headers(identity.mark()).items():
            made[name] = value
    with spoken(mail.ticket):
        context = _context(mail)
        made.set_content(render_to_string("support/mail/mail.txt", context).strip() + "\n")
        made.add_alternative(render_to_string("support/mail/mail.html", context), subtype="html")
    if mail.message:
        _enclose(made, mail.message)
    return made


def _address(name: str, address: str) -> Address:
    """An address of a header; a domain in another script is written as servers know it (RFC 5890).

    Raises ValueError for what is no address.
    """
    if not _ADDRESS.fullmatch(address):
        raise ValueError(_("“%(text)s” is not an e-mail address.") % {"text": flat(address)[:80]})
    local, _at, host = address.rpartition("@")
    if not host.isascii():
        host = host.encode("idna").decode()
    return Address(display_name=flat(name), username=local, domain=host)


def _names(ticket: Ticket) -> dict[str, str]:
    to, cc = recipients_of(ticket)
    known: list[Recipient] = [*to, *cc]
    return {one.address.lower(): one.name for one in known if one.name != one.address}


def _thread(made: EmailMessage, mail: OutgoingMail, sender: Sender) -> None:
    """What this mail follows: ours, then the last one received."""
    earlier = OutgoingMail.objects.filter(ticket=mail.ticket_id, pk__lt=mail.pk, state="sent")
    serials = list(earlier.order_by("-id").values_list("serial", flat=True)[:_REFERENCES])
    ids = [identity.message_id(mail.ticket_id, one, sender.address) for one in reversed(serials)]
    received = last_received(mail.ticket_id)
    if received:
        ids.append(received)
    if ids:
        made["In-Reply-To"], made["References"] = ids[-1], " ".join(ids)


def last_received(ticket: int) -> str:
    """The Message-ID of the last mail that joined a ticket, read from its original; empty when unknown."""
    rows = ReceivedMail.objects.filter(ticket_id=ticket, fate__in=["opened", "added"])
    row = rows.select_related("file").order_by("-id").first()
    if row is None:
        return ""
    try:
        with open_file(row.file) as content:
            found = BytesHeaderParser().parsebytes(content.read(_HEADERS)).get("Message-ID", "")
    except (LookupError, OSError):  # an original that is lost keeps no answer from leaving
        return ""
    told = _ID.search(str(found))
    return told[0] if told and told[0].isascii() else ""


def _context(mail: OutgoingMail) -> dict[str, Any]:
    message, ticket = mail.message, mail.ticket
    text = message.text if message else mail.text
    return {
        "language": language_of(ticket),
        "reference": ticket.reference,
        "text": text.strip(),
        "html": _html(mail, text),
        "grades": _grades(mail),
        "signature": _signature(mail),
        "marker": identity.marker(mail.ticket_id, mail.serial),
        **(_quoted(message) if message else {}),
    }


def _html(mail: OutgoingMail, text: str) -> SafeString:
    message = mail.message
    if message and message.html:
        inline = {one.content_id: f"cid:{one.content_id}" for one in message.files.all() if one.content_id}
        return SafeString(clean(message.html, pictures=inline, remote=True).html)
    if mail.kind == OutgoingMail.Kind.SURVEY:  # its links are buttons
        text = "\n\n".join(part for part in text.split("\n\n") if "http" not in part)
    return SafeString(urlize(text.strip(), autoescape=True).replace("\n", "<br>\n"))


def _grades(mail: OutgoingMail) -> list[dict[str, Any]]:
    if mail.kind != OutgoingMail.Kind.SURVEY:
        return []
    from .satisfaction import GRADES, Survey, links_of

    survey = Survey.objects.filter(ticket=mail.ticket_id).first()
    return [{"label": GRADES[grade], "url": url} for grade, url in links_of(survey)] if survey else []


def _signature(mail: OutgoingMail) -> str:
    if mail.mailbox and mail.mailbox.signature.strip():
        return mail.mailbox.signature.strip()
    return mail.message.author if mail.message else ""


def _quoted(message: Message) -> dict[str, Any]:
    """The last thing the user said before this answer."""
    rows = Message.objects.filter(
        ticket=message.ticket_id,
        kind=Message.Kind.ASKED,
        unverified=False,
        automatic=False,
        at__lte=message.at,
    )
    last = rows.order_by("-at", "-id").first()
    text = (last.visible.strip() or last.text.strip())[:MOST_QUOTED] if last else ""
    if last is None or not text:
        return {}
    when = formats.date_format(timezone.localtime(last.at), "j F Y, H:i")
    said = _("On %(date)s, %(who)s wrote:") % {"date": when, "who": flat(last.author)}
    lines = "\n".join(f"> {line}".rstrip() for line in text.splitlines())
    return {"said": said, "quote": lines, "quoted": text}


def _enclose(made: EmailMessage, message: Message) -> None:
    """Its files: those shown inside the HTML beside it, then the others, attached."""
    files = list(message.files.select_related("file").order_by("id"))
    inline = [one for one in files if one.content_id and message.html]
    parts: Any = made.get_payload()
    for one in inline:
        parts[-1].add_related(_content(one.file), *_type(one.file), cid=f"<{flat(one.content_id)}>")
    for one in files:
        if one not in inline:
            made.add_attachment(_content(one.file), *_type(one.file), filename=flat(one.file.name) or "file")


def _content(file: File) -> bytes:
    with open_file(file) as content:
        return bytes(content.read())


def _type(file: File) -> tuple[str, str]:
    kind, _slash, sort = file.media_type.partition(";")[0].strip().partition("/")
    # A message inside a message is not encoded as files are (RFC 2046 §5.2.1): it leaves as mere bytes.
    return (
        ("application", "octet-stream") if kind in {"message", "multipart", ""} or not sort else (kind, sort)
    )
