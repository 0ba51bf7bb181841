"""From a mail that is kept to a ticket: decided and done in one transaction, once, whatever happens.

A mail is stored first (``storing``); then it is sorted here. Sorting again changes nothing: the row of the
mail is locked, and says what became of it. What fails is kept whole on a ticket of its own.
"""

import logging
from dataclasses import dataclass, replace

from django.core.exceptions import ValidationError
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from etabli.kernel import files
from etabli.kernel.actors import SYSTEM, Actor, can, require
from etabli.kernel.sentences import Sentence, sentence, stored_of
from etabli.kernel.tenancy import scope, visible

from .adding import add
from .belonging import Place, Writer, place_of
from .letters import Letter, letter_of
from .mail.sorting import AUTO_REPLY, BOUNCE, LOOP, UNREADABLE
from .mailboxes import ReceivedMail
from .newcomers import open_from, signed_by
from .opening import Caller, Request, Words, open_ticket
from .outcomes import Outcome
from .returned import settle
from .states import State
from .storing import Desk, desk_of, store
from .tickets import Ticket

__all__ = ["sort", "sort_waiting", "store"]

log = logging.getLogger("etabli.support")
Fate = ReceivedMail.Fate
MOST_ATTEMPTS = 5
ALREADY = gettext_noop("It had already arrived, with the same name and the same words.")
AUTOMATIC = gettext_noop("A program wrote it, and it answers no ticket: it opens none.")
CLOSED = gettext_noop("%(ticket)s is closed: a new ticket was opened and linked to it.")
BY_HAND = gettext_noop("%(who)s opened a ticket from it.")
FAILED = gettext_noop("Sorting it failed; see the server's log. The whole mail is on a ticket of its own.")


@dataclass(frozen=True)
class Sorting:
    """A mail being sorted: what it is, where it came, its bytes."""

    letter: Letter
    desk: Desk
    received: ReceivedMail
    raw: bytes


def sort(received: ReceivedMail, desk: Desk, *, raw: bytes | None = None) -> ReceivedMail:
    """Decide what becomes of a stored mail, and do it. Does nothing to a mail that is sorted already.

    Never raises for what a mail holds; only for the database or the storage (``ContentMissing``, OSError).
    """
    raw = _content(received) if raw is None else raw
    try:
        with scope(*desk.served):
            row = _locked(received)
            if row.fate == Fate.STORED:
                _settle(row, desk, raw)
            return row
    except (OperationalError, InterfaceError, OSError):
        raise  # the machine is in trouble, not the mail
    except Exception:
        log.exception("mail %s of %s could not be sorted", received.pk, desk.mailbox.address)
        return _rescue(received, desk, raw)


def sort_waiting(desk: Desk) -> int:
    """Sort what a reader that was killed had stored; returns how many.

    The first one may be what killed it: its attempts are counted beforehand, and it is given up after some.
    """
    mailbox, done, beyond = desk.mailbox, 0, 0
    while True:
        with scope(mailbox.organisation_id):
            rows = ReceivedMail.objects.filter(mailbox=mailbox, fate=Fate.STORED, pk__gt=beyond)
            waiting = rows.select_related("file").order_by("pk").first()
            if waiting is None:
                return done
            ReceivedMail.objects.filter(pk=waiting.pk).update(attempts=F("attempts") + 1)
        beyond = waiting.pk
        if waiting.attempts < MOST_ATTEMPTS:
            sort(waiting, desk)
        else:
            _rescue(waiting, desk, _content(waiting))
        done += 1


def _locked(received: ReceivedMail) -> ReceivedMail:
    return ReceivedMail.objects.select_for_update().get(pk=received.pk)


def _content(received: ReceivedMail) -> bytes:
    with files.open_file(received.file) as content:
        return bytes(content.read())


def _settle(row: ReceivedMail, desk: Desk, raw: bytes) -> None:
    letter = letter_of(raw, ourselves=desk.ourselves, arrived_at=row.received_at, whole=not row.why)
    row.identity = letter.identity
    _one_at_a_time(row.identity)
    outcome = _act(Sorting(letter, desk, row, raw))
    sender = letter.mail.sender
    row.kind, row.fate = letter.verdict.kind, outcome.fate
    row.sender = (f"{sender.name} <{sender.address}>" if sender and sender.name else
                  sender.address if sender else "")[:320]  # fmt: skip
    row.subject = letter.mail.subject[:300]
    row.why = [*row.why, *(stored_of(one) for one in (*(r.sentence for r in letter.verdict.reasons),
                                                      *outcome.told))][:40]  # fmt: skip
    row.ticket_id, row.message_id = outcome.ticket_id, outcome.message_id
    row.save(
        update_fields=[
            "kind", "fate", "sender", "subject", "why", "identity", "ticket_id", "message_id"
        ]
    )  # fmt: skip


def _one_at_a_time(identity: str) -> None:
    """The same mail may be sorted at the same time from two mailboxes it was sent to."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int(identity[:15], 16)])


def _act(work: Sorting) -> Outcome:
    letter, desk = work.letter, work.desk
    kind = letter.verdict.kind
    if earlier := _earlier(work):
        return Outcome(Fate.IGNORED, (sentence(ALREADY),), *earlier)
    if kind == LOOP:
        return Outcome(Fate.IGNORED)
    if kind == BOUNCE:
        return _bounced(work)
    writer = Writer(letter)
    place = place_of(letter, writer)
    if place.ticket is None:
        if kind == AUTO_REPLY:
            return Outcome(Fate.IGNORED, (*place.told, sentence(AUTOMATIC)))
        return open_from(letter, desk, writer, work.raw, told=place.told)
    if place.ticket.state == State.CLOSED and not _only_noted(letter, place):
        told = (*place.told, sentence(CLOSED, ticket=place.ticket.reference))
        return open_from(letter, desk, writer, work.raw, told=told, closed=place.ticket)
    return add(letter, place, place.ticket, desk, work.raw)


def _only_noted(letter: Letter, place: Place) -> bool:
    """What changes nothing to a closed ticket joins it all the same."""
    return letter.automatic or letter.thanks or place.agent is not None


def _earlier(work: Sorting) -> tuple[int | None, int | None] | None:
    """The ticket and message of the same mail sorted before, in this mailbox or another it was sent to."""
    rows = ReceivedMail.objects.filter(identity=work.received.identity).exclude(pk=work.received.pk)
    rows = rows.exclude(fate=Fate.STORED).order_by("pk")
    return rows.values_list("ticket_id", "message_id").first()


def _bounced(work: Sorting) -> Outcome:
    settled = settle(work.letter, work.raw, actor=signed_by(Caller(name=work.desk.mailbox.name)))
    sent = settled.sent
    if sent is None:
        return Outcome(Fate.IGNORED, settled.told)
    return Outcome(Fate.BOUNCE, settled.told, sent.ticket_id, sent.message_id)


def _rescue(received: ReceivedMail, desk: Desk, raw: bytes) -> ReceivedMail:
    """A ticket with the whole mail attached, from nothing that was read of it."""
    mailbox = desk.mailbox
    try:
        with scope(*desk.served):
            row = _locked(received)
            if row.fate != Fate.STORED:
                return row
            file = files.store(raw, name="message.eml", actor=SYSTEM, organisation=mailbox.organisation_id)
            ticket = open_ticket(
                Request(
                    _("A mail that could not be sorted"),
                    Words(_("The mail is attached as it came."), files=((file, ""),)),
                    Caller(),
                    kind=mailbox.kind,
                    channel=Ticket.Channel.MAIL,
                    more={"mailbox": mailbox, "team": mailbox.team},
                ),
                organisation=mailbox.organisation_id,
                actor=signed_by(Caller(name=mailbox.name)),
                at=row.received_at,
            )
            row.fate, row.kind, row.ticket_id = Fate.OPENED, UNREADABLE, ticket.pk
            row.why = [*row.why, stored_of(sentence(FAILED))]
            row.save(update_fields=["fate", "kind", "ticket_id", "why"])
            return row
    except (OperationalError, InterfaceError, OSError):
        raise
    except Exception:  # told by the health of the mailbox, tried again at each reading
        log.exception("mail %s of %s stays to be sorted", received.pk, mailbox.address)
        return received


def told_on(received: ReceivedMail) -> list[Sentence]:
    """Why a mail became what it is, in the reader's language."""
    return [Sentence(one) for one in received.why]


def why_not_open(received: ReceivedMail) -> str:
    """Why no ticket can be opened from a mail, in a sentence; empty when one can."""
    if received.fate == Fate.IGNORED and received.ticket_id is None:
        return ""
    return _("Only a mail that was set aside can still open a ticket.")


@transaction.atomic
def open_anyway(received: ReceivedMail, *, actor: Actor) -> int:
    """Open a ticket from a mail that was set aside; returns its number. Nobody is told that it arrived."""
    row = _locked(received)
    if problem := why_not_open(row):
        raise ValidationError(problem)
    mailbox = row.mailbox
    require(actor, "ticket.add", mailbox.organisation_id)
    whole = desk_of(mailbox)
    served = tuple(one for one in whole.served if one in visible() and can(actor, "ticket.add", one))
    desk = replace(whole, served=served)
    raw = _content(row)
    letter = letter_of(raw, ourselves=desk.ourselves, arrived_at=row.received_at)
    outcome = open_from(letter, desk, Writer(letter), raw)
    row.fate, row.ticket_id, row.message_id = Fate.OPENED, outcome.ticket_id, outcome.message_id
    row.why = [*row.why, *(stored_of(one) for one in (sentence(BY_HAND, who=actor.label), *outcome.told))][
        :40
    ]
    row.save(update_fields=["fate", "ticket_id", "message_id", "why"])
    return outcome.ticket_id or 0
