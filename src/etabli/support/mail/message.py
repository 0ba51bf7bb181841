"""A mail once read: plain facts, all of them bounded, none of them trusted."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .headers import Address, Headers


@dataclass(frozen=True)
class Attachment:
    """A file of a mail, its content as its author had it. ``content_id`` is without its angle brackets."""

    name: str
    type: str
    content: bytes = field(repr=False)
    inline: bool = False
    content_id: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "type": self.type,
            "size": len(self.content),
            "sha256": hashlib.sha256(self.content).hexdigest(),
            "inline": self.inline,
            "content_id": self.content_id or None,
        }


@dataclass(frozen=True)
class Mail:
    """What a mail says.

    ``text`` is the message as lines ended by ``\\n``; made from ``html`` when the mail has no text of its
    own. ``protection`` is ``smime-signed``, ``smime-encrypted``, ``pgp-signed``, ``pgp-encrypted`` or empty.
    ``trouble`` names why it could not be read (a rule of :mod:`sorting`), empty for most; then the original
    is its only attachment, unless it is only encrypted. ``sha256`` is the digest of the bytes received.
    """

    headers: Headers
    sha256: str
    subject: str
    message_id: str = ""
    sender: Address | None = None
    reply_to: tuple[Address, ...] = ()
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    date: datetime | None = None
    received_at: datetime | None = None
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    text: str = ""
    html: str = ""
    attachments: tuple[Attachment, ...] = ()
    report: str = ""
    protection: str = ""
    trouble: str = ""

    @property
    def identity(self) -> str:
        """What tells this mail from another: its Message-ID, else one made from its content."""
        return self.message_id or f"<{self.sha256[:40]}@no-message-id.invalid>"

    def parts(self, *types: str) -> list[Attachment]:
        """The attached parts of these types."""
        return [one for one in self.attachments if one.type in types]
