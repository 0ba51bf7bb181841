"""A mail that joins a ticket: what the user adds, what an agent answers from their own mail program."""

from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from etabli.kernel.actors import Actor
from etabli.kernel.sentences import Sentence, sentence

from . import deadaddresses, known
from .belonging import Place, Standing
from .callers import caller_in
from .copies import follow
from .letters import Letter
from .mail.threads import SUBJECT
from .mailboxes import ReceivedMail
from .messages import Message
from .newcomers import signed_by
from .opening import Words
from .outcomes import Outcome
from .states import State
from .storing import Desk
from .talking import answer, note, receive
from .tickets import Ticket
from .unpacking import unpack

_ANSWERED = gettext_noop("Somebody of the desk wrote it: it is an answer to the user.")
_READ_ALREADY = gettext_noop("The user had it directly: it was not sent to them again.")
_NOTED = gettext_noop(
    "Somebody of the desk wrote it, and it answers nothing that was sent: it stays internal."
)
_STRANGER = gettext_noop("Its sender may not write on %(ticket)s: an agent has to accept it.")


def add(letter: Letter, place: Place, ticket: Ticket, desk: Desk, raw: bytes) -> Outcome:
    """Join a mail to the ticket of its place."""
    if place.agent is not None and not letter.automatic:
        message, told = _by_the_desk(letter, place, place.agent, ticket, raw)
    else:
        message, told = _by_the_user(letter, place, ticket, raw)
    trusted = not message.unverified
    known.remember(ticket, letter, trusted=trusted)
    if trusted and not letter.automatic:
        told += follow(ticket, letter, desk)
        if letter.address in desk.dead:
            deadaddresses.forget(desk.served, letter.address)
    return Outcome(ReceivedMail.Fate.ADDED, (*place.told, *told), ticket.pk, message.pk)


def _by_the_user(
    letter: Letter, place: Place, ticket: Ticket, raw: bytes
) -> tuple[Message, tuple[Sentence, ...]]:
    caller = caller_in(letter, ticket.organisation_id)
    unpacked = unpack(letter, raw, ticket.organisation_id)
    stranger = place.standing is Standing.STRANGER
    message = receive(
        ticket,
        unpacked.words,
        caller,
        actor=signed_by(caller),
        channel=Ticket.Channel.MAIL,
        at=_since(letter, ticket),
        unverified=stranger,
        automatic=letter.automatic,
        thanks=letter.thanks,
    )
    told = (sentence(_STRANGER, ticket=ticket.reference),) if stranger else ()
    return message, (*told, *unpacked.told)


def _by_the_desk(
    letter: Letter, place: Place, actor: Actor, ticket: Ticket, raw: bytes
) -> tuple[Message, tuple[Sentence, ...]]:
    """An answer to the user, or a note when the mail answers a note, proves nothing or comes too late."""
    unpacked = unpack(letter, raw, ticket.organisation_id, own_words=True)
    words, at = unpacked.words, _since(letter, ticket)
    if not words.text.strip() and not words.files:
        words = Words(_("(empty message)"))
    if place.internal or place.proof == SUBJECT or ticket.state == State.CLOSED:
        return note(ticket, words, actor=actor, at=at), (sentence(_NOTED), *unpacked.told)
    reached = {one.address for one in letter.others}
    user = ticket.caller_email.lower()
    direct = bool(user) and user in reached
    try:
        message = answer(ticket, words, actor=actor, to=[] if direct else None, at=at)
    except PermissionDenied:  # their role changed just now
        return note(ticket, words, actor=signed_by(caller_in(letter, ticket.organisation_id)), at=at), ()
    told = (sentence(_ANSWERED), *((sentence(_READ_ALREADY),) if direct else ()))
    return message, (*told, *unpacked.told)


def _since(letter: Letter, ticket: Ticket) -> datetime:
    """When it arrived, but never before what the desk has done meanwhile: facts follow one another."""
    return max(letter.at, ticket.state_since, ticket.active_at)
