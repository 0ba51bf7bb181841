"""A ticket as it is read: its messages and what happened in between, in order."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Prefetch
from django.utils.translation import gettext as _

from etabli.kernel.events import Event
from etabli.kernel.files import INLINE
from etabli.kernel.screens.history import described_events, short_time

from .messages import Message, MessageFile
from .tickets import Ticket

LATEST = 30
"""Messages shown at first; the first one and the others are one press away."""
SAID = ("ticket.opened", "ticket.answered", "ticket.noted", "ticket.received")
"""Events whose message is shown itself."""
PICTURES = frozenset(one for one in INLINE if one.startswith("image/"))


@dataclass(frozen=True)
class Shown:
    """A file of a message: its address, and whether it is drawn under it."""

    name: str
    size: int
    url: str
    picture: bool


@dataclass(frozen=True)
class Item:
    """One thing of the conversation: a message, or an event in one line."""

    at: datetime
    when: str
    message: Message | None = None
    tone: str = ""
    label: str = ""
    url: str = ""
    files: Sequence[Shown] = ()
    mails: Sequence[Any] = ()
    event: dict[str, Any] = field(default_factory=dict)

    @property
    def rest(self) -> bool:
        """Whether the message has more than what is shown."""
        return bool(self.message and self.message.folded)


@dataclass(frozen=True)
class Conversation:
    """What is shown of it, and how many messages are not."""

    items: Sequence[Item]
    hidden: int


def read(ticket: Ticket, *, notes: bool, everything: bool = False) -> Conversation:
    """The conversation of a ticket, the oldest first, in a constant number of queries.

    notes: whether the reader may read what only the desk reads, and what the desk did in between.
    """
    rows = ticket.messages.select_related("account", "person").prefetch_related(
        Prefetch("files", MessageFile.objects.select_related("file").order_by("id")), "mails"
    )
    rows = rows if notes else rows.exclude(kind=Message.Kind.NOTE)
    total = rows.count()
    found = list(rows.order_by("at", "id") if everything else rows.order_by("-at", "-id")[:LATEST])
    if not everything:
        found = list(reversed(found))
        first = rows.order_by("at", "id").first() if total > LATEST else None
        if first is not None and first not in found:
            found.insert(0, first)
    items = [_said(one) for one in found] + (_happened(ticket) if notes else [])
    return Conversation(sorted(items, key=lambda item: item.at), max(total - len(found), 0))


def _said(message: Message) -> Item:
    tones = {Message.Kind.REPLY: "mine", Message.Kind.NOTE: "aside"}
    return Item(
        at=message.at,
        when=short_time(message.at),
        message=message,
        tone="doubtful" if message.unverified else tones.get(Message.Kind(message.kind), ""),
        label=_label(message),
        url=f"messages/{message.pk}/",
        files=[_shown(one) for one in message.files.all()],
        mails=list(message.mails.all()),
    )


def _label(message: Message) -> str:
    """How it came or went, in a word or two."""
    if message.kind == Message.Kind.NOTE:
        return _("internal note, only the desk reads it")
    if message.kind == Message.Kind.REPLY:
        to = ", ".join([*message.sent_to.get("to", []), *message.sent_to.get("cc", [])])
        return _("reply to %(to)s") % {"to": to} if to else _("reply given without e-mail")
    if message.automatic:
        return _("automatic reply")
    return _("by %(channel)s") % {"channel": message.get_channel_display()} if message.channel else ""


def _shown(one: MessageFile) -> Shown:
    file = one.file
    return Shown(file.name, file.size, f"files/{one.pk}/", file.media_type in PICTURES)


def _happened(ticket: Ticket) -> list[Item]:
    """What happened beside the messages, the latest hundred."""
    rows = Event.objects.filter(
        organisation=ticket.organisation_id, noun="ticket", object_id=ticket.pk
    ).exclude(verb__in=SAID)
    events: Iterable[Event] = rows.order_by("-id")[:100]
    found = list(events)
    told = described_events(found)
    return [Item(at=event.at, when=str(one["at"]), event=one) for event, one in zip(found, told, strict=True)]
