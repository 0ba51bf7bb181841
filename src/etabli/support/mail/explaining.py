"""Everything that is read of a mail, as one JSON object: what `./etabli mail explain` prints.

========================  ================================================================================
field                     value
========================  ================================================================================
file                      the name given
kind                      message, reply, auto-reply, bounce, loop or unreadable
reasons                   why, in sentences
rules                     the same as fixed words, for programs
sender                    {name, address} of who sent it, or null
original_sender           {name, address, subject, how} of who wrote first a forwarded mail, or null
reply_to, to, cc          lists of {name, address}
subject                   decoded, on one line
date                      ISO 8601 with its offset, null when absent or unreadable
received_date             when our side received it (first Received header), the same way
message_id                null when absent
identity                  the Message-ID, else one made from the content: tells a mail read twice
in_reply_to, references   lists of message identifiers
threads                   [{proof, value, ticket, verified}]: where it may belong, strongest proof first
text                      the whole text
trimmed_text              without what is folded
folded                    [{kind, text}]: the folded parts, kind is quote or signature
may_reopen                whether it may reopen a ticket (never an automatic mail, nor a mere thank-you)
may_acknowledge           whether a receipt may be sent for it
bounce                    {failures: [{recipient, status, reason, permanent}], message_id, subject} or null
html                      whether it has HTML; blocked_images, the number of remote images not shown
protection                smime-signed, smime-encrypted, pgp-signed, pgp-encrypted or null
attachments               [{name, type, size, sha256, inline, content_id}]
size, sha256              of the original
========================  ================================================================================
"""

from datetime import datetime
from typing import Any

from .cleaning import clean
from .forwarding import forwarded_by
from .reading import read
from .sorting import Ourselves, sort
from .trimming import trim


def explain(raw: bytes, *, file: str, ourselves: Ourselves | None = None) -> dict[str, Any]:
    """The object described above."""
    mail = read(raw)
    forwarded = forwarded_by(mail)
    trimmed = trim(mail.text, forwarded=forwarded is not None)
    verdict = sort(mail, trimmed, ourselves=ourselves)
    return {
        "file": file,
        "kind": verdict.kind,
        "reasons": [str(reason.sentence) for reason in verdict.reasons],
        "rules": [reason.rule for reason in verdict.reasons],
        "sender": mail.sender.as_json() if mail.sender else None,
        "original_sender": forwarded.as_json() if forwarded else None,
        "reply_to": [one.as_json() for one in mail.reply_to],
        "to": [one.as_json() for one in mail.to],
        "cc": [one.as_json() for one in mail.cc],
        "subject": mail.subject,
        "date": _iso(mail.date),
        "received_date": _iso(mail.received_at),
        "message_id": mail.message_id or None,
        "identity": mail.identity,
        "in_reply_to": list(mail.in_reply_to),
        "references": list(mail.references),
        "threads": [one.as_json() for one in verdict.threads],
        "text": mail.text,
        "trimmed_text": trimmed.visible,
        "folded": [part.as_json() for part in trimmed.folded],
        "may_reopen": verdict.may_reopen,
        "may_acknowledge": verdict.may_acknowledge,
        "bounce": verdict.bounce.as_json() if verdict.bounce else None,
        "html": bool(mail.html),
        "blocked_images": clean(mail.html).blocked,
        "protection": mail.protection or None,
        "attachments": [one.as_json() for one in mail.attachments],
        "size": len(raw),
        "sha256": mail.sha256,
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
