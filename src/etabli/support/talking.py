"""What is said on a ticket: answering the user, noting for the desk, receiving what the user writes."""

from collections.abc import Sequence
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from etabli.kernel.actors import Actor, require
from etabli.kernel.events import publish

from . import answers, outbox
from .facts import record
from .messages import Message
from .moving import locked, reopen_by_answer
from .opening import Caller, Words, say
from .promises import refresh
from .recipients import addresses, plain_addresses, recipients_of
from .states import State
from .tickets import Ticket


@transaction.atomic
def answer(
    ticket: Ticket,
    words: Words,
    *,
    actor: Actor,
    to: Sequence[str] | None = None,
    cc: Sequence[str] | None = None,
    at: datetime | None = None,
    send_at: datetime | None = None,
) -> Message:
    """Answer the user: the message stands on the ticket at once and leaves by mail, unless taken back.

    to, cc: addresses, by default the caller's and those of the watchers in copy; none of them when the user
    has no address (told by telephone). send_at: when it leaves, in some seconds by default; an answer that
    leaves later counts when it leaves. Raises ``ValidationError`` with a sentence.
    """
    require(actor, "ticket.answer", ticket)
    if not words.text.strip() and not words.files:
        raise ValidationError(_("Write something to send."))
    ticket, at = locked(ticket), at or timezone.now()
    if ticket.state == State.CLOSED:
        raise ValidationError(_("It is closed, for good: open a new ticket and link it to this one."))
    usual_to, usual_cc = recipients_of(ticket)
    to = addresses(to) if to is not None else plain_addresses(usual_to)
    cc = addresses(cc) if cc is not None else plain_addresses(usual_cc)
    message = say(
        ticket,
        Message.Kind.REPLY,
        words,
        Caller(name=actor.label, account_id=actor.account_id),
        at=at,
        sent_to={"to": to, "cc": cc},
    )
    _touch(ticket, at)
    later = to and send_at is not None and send_at > timezone.now() + outbox.UNDO
    fact = None if later else answers.count(ticket, at=at)
    if to:
        outbox.queue(message, send_at=send_at, fact=fact)
    publish(ticket, "ticket.answered", actor=actor, extra={"text": words.text[:200], "message": message.pk})
    return message


@transaction.atomic
def note(ticket: Ticket, words: Words, *, actor: Actor, at: datetime | None = None) -> Message:
    """Write for the desk only: an internal note never leaves."""
    require(actor, "ticket.note", ticket)
    if not words.text.strip() and not words.files:
        raise ValidationError(_("Write something to note."))
    at = at or timezone.now()
    by = Caller(name=actor.label, account_id=actor.account_id)
    message = say(ticket, Message.Kind.NOTE, words, by, at=at)
    _touch(ticket, at)
    publish(ticket, "ticket.noted", actor=actor, extra={"text": words.text[:200], "message": message.pk})
    return message


@transaction.atomic
def receive(
    ticket: Ticket,
    words: Words,
    caller: Caller,
    *,
    actor: Actor,
    channel: str,
    at: datetime | None = None,
    unverified: bool = False,
    automatic: bool = False,
    thanks: bool = False,
) -> Message:
    """What the user wrote joins the ticket, whoever brings it (mail, portal, telephone).

    unverified: its sender may not write here, it waits for an agent. automatic (an auto-reply) and thanks
    reopen nothing and ask for no answer. What comes after the closing is kept, and told to the agents. What
    comes to a merged ticket joins the one it is part of.
    """
    from .merging import followed

    ticket, at = locked(followed(ticket)), at or timezone.now()
    message = say(
        ticket,
        Message.Kind.ASKED,
        words,
        caller,
        at=at,
        channel=channel,
        unverified=unverified,
        automatic=automatic,
    )
    if not (unverified or automatic or thanks):
        counted(ticket, at=at, actor=actor, caller=caller)
    else:
        _touch(ticket, at)
    publish(
        ticket,
        "ticket.received",
        actor=actor,
        extra={"text": words.visible[:200] or words.text[:200], "message": message.pk, "thanks": thanks},
    )
    return message


@transaction.atomic
def accept(message: Message, *, actor: Actor) -> Message:
    """An agent vouches for a message whose sender could not be verified: from now on it counts."""
    ticket = locked(message.ticket)
    require(actor, "ticket.answer", ticket)
    if not message.unverified:
        raise ValidationError(_("This message is accepted already."))
    message.unverified = False
    message.save(update_fields=["unverified"])
    counted(ticket, at=timezone.now(), actor=actor, caller=Caller(name=message.author, email=message.email))
    publish(ticket, "ticket.accepted", actor=actor, extra={"text": message.author, "message": message.pk})
    return message


def counted(ticket: Ticket, *, at: datetime, actor: Actor, caller: Caller) -> None:
    """What the user wrote wakes the ticket: an answer is owed, a wait ends, what was solved reopens."""
    record(ticket, "asked", at=at)
    reopen_by_answer(ticket, actor=actor, at=at, who=caller.label)
    _touch(ticket, at, owed=ticket.state != State.CLOSED)
    refresh(ticket)


def _touch(ticket: Ticket, at: datetime, **values: object) -> None:
    values["active_at"] = max(at, ticket.active_at)
    for name, value in values.items():
        setattr(ticket, name, value)
    Ticket.objects.filter(pk=ticket.pk).update(**values)
