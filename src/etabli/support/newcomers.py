"""A ticket opened by a mail."""

from django.utils.translation import gettext_noop

from etabli.kernel.actors import Actor
from etabli.kernel.organisations import lineage
from etabli.kernel.sentences import Sentence, sentence

from . import deadaddresses, known, receipts
from .belonging import Standing, Writer
from .callers import Identified, caller_in, identify, people_at, stranger, written
from .copies import follow
from .letters import Letter, valid
from .mailboxes import ReceivedMail
from .messages import Message
from .opening import Caller, Request, open_ticket
from .outcomes import Outcome
from .storing import Desk
from .tickets import Ticket, TicketLink
from .unpacking import unpack

_FORWARDED = gettext_noop("%(agent)s forwarded it; %(who)s wrote first, and may be made the requester.")
_UNPROVEN = gettext_noop("Nothing proves that it comes from whom it says: an agent has to accept it.")


def signed_by(caller: Caller) -> Actor:
    """What a mail does is done in the name of who wrote it; the mail gateway may do it everywhere."""
    return Actor(account_id=caller.account_id, label=caller.label[:120], source="system")


def open_from(
    letter: Letter,
    desk: Desk,
    writer: Writer,
    raw: bytes,
    *,
    told: tuple[Sentence, ...] = (),
    closed: Ticket | None = None,
) -> Outcome:
    """Open a ticket in the organisation of whoever writes; ``closed`` is the one they wrote about."""
    who = _who(letter, desk, writer, closed)
    unpacked = unpack(letter, raw, who.organisation)
    original = _original(letter, writer, who)
    ticket = open_ticket(
        Request(
            letter.title,
            unpacked.words,
            who.caller,
            kind=desk.mailbox.kind,
            channel=Ticket.Channel.MAIL,
            more={"mailbox": desk.mailbox, "team": desk.mailbox.team, "original_sender": original},
        ),
        organisation=who.organisation,
        actor=signed_by(who.caller),
        at=letter.at,
    )
    message = int(ticket.messages.order_by("id").values_list("pk", flat=True)[0])
    told = (*told, *who.told, *unpacked.told, *_doubts(letter, message, original))
    if closed is not None:
        _link(ticket, closed)
    known.remember(ticket, letter, trusted=not letter.unproven)
    if not letter.unproven:
        told += follow(ticket, letter, desk)
        if letter.address in desk.dead:
            deadaddresses.forget(desk.served, letter.address)
        receipts.acknowledge(ticket, letter, desk.mailbox)
    return Outcome(ReceivedMail.Fate.OPENED, told, ticket.pk, message)


def _who(letter: Letter, desk: Desk, writer: Writer, closed: Ticket | None) -> Identified:
    if closed is not None and writer.standing(closed) is not Standing.STRANGER:
        return Identified(caller_in(letter, closed.organisation_id), closed.organisation_id)
    if letter.forwarded and writer.serves(desk.mailbox.organisation_id):
        # The ticket is for who wrote first: it stands in their organisation, for the agent still to say so.
        first = people_at(valid(letter.forwarded.sender.address), desk.served)
        if first:
            place = first[0].organisation_id
            return Identified(caller_in(letter, place), place)
    return identify(letter, desk.served)


def _original(letter: Letter, writer: Writer, who: Identified) -> str:
    """Who wrote first what an agent forwards, in one line."""
    if letter.forwarded is None or not writer.serves(who.organisation):
        return ""
    sender = letter.forwarded.sender
    return written(sender.name, sender.address) if valid(sender.address) != letter.address else ""


def _doubts(letter: Letter, message: int, original: str) -> list[Sentence]:
    told = []
    if letter.unproven:
        Message.objects.filter(pk=message).update(unverified=True)
        told.append(sentence(_UNPROVEN))
    if original:
        told.append(sentence(_FORWARDED, agent=stranger(letter).label, who=original))
    return told


def _link(ticket: Ticket, closed: Ticket) -> None:
    """Only towards a ticket of the same organisation or of one above: no other may be named there."""
    if closed.organisation_id in lineage(ticket.organisation_id):
        TicketLink.objects.create(
            organisation_id=ticket.organisation_id,
            ticket=ticket,
            relation=TicketLink.Relation.RELATED,
            other=closed,
        )
