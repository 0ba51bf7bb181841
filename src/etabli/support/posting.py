"""What people do with a mail that leaves, or could not: take it back, send it later or now, send it again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from etabli.kernel.actors import SYSTEM, Actor, require
from etabli.kernel.events import publish
from etabli.kernel.files import File

from . import answers, outbox
from .moving import locked
from .outbox import OutgoingMail
from .recipients import addresses
from .sending import leave_at
from .tickets import Ticket

State = OutgoingMail.State
NOT_LEFT = frozenset({State.QUEUED, State.DEFERRED})
BACK = frozenset({State.FAILED, State.BOUNCED})
FARTHEST = timedelta(days=366)


@dataclass(frozen=True)
class TakenBack:
    """What an answer said before it was taken back, for its author to go on writing."""

    ticket: Ticket
    account_id: int | None
    text: str
    html: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    files: tuple[tuple[File, str], ...]


Keeper = Callable[[TakenBack, Actor], None]
_keepers: list[Keeper] = []


def keeps_drafts(function: Keeper) -> Keeper:
    """Have the function keep what is taken back, in the same transaction: drafts declare theirs."""
    _keepers.append(function)
    return function


@transaction.atomic
def take_back(mail: OutgoingMail, *, actor: Actor, now: datetime | None = None) -> TakenBack:
    """Stop an answer that has not left: its message goes away from the ticket, as if it was never given.

    The mail stays, taken back, with the words it held. Raises ``ValidationError`` when it has left.
    """
    mail, ticket = _held(mail, actor)
    if mail.state not in NOT_LEFT or mail.delivered or mail.message is None:
        raise ValidationError(_left(mail))
    message, now = mail.message, now or timezone.now()
    back = TakenBack(
        ticket=ticket,
        account_id=message.account_id,
        text=message.text,
        html=message.html,
        to=tuple(mail.to),
        cc=tuple(mail.cc),
        files=tuple(
            (one.file, one.content_id) for one in message.files.select_related("file").order_by("id")
        ),
    )
    if mail.fact:
        answers.withdraw(mail.fact, ticket, at=now)
    mail.message, mail.state, mail.text = None, State.CANCELLED, message.text
    mail.save(update_fields=["message", "state", "text"])
    message.delete()
    for keep in _keepers:
        keep(back, actor)
    publish(ticket, "ticket.taken_back", actor=actor, extra={"text": message.text[:200], "mail": mail.pk})
    return back


@transaction.atomic
def give_up(mail: OutgoingMail, *, actor: Actor) -> OutgoingMail:
    """Stop trying a mail, or stop being told of one that could not leave; its message stays on the ticket."""
    mail, ticket = _held(mail, actor)
    if mail.state not in NOT_LEFT | BACK:
        raise ValidationError(_left(mail))
    mail.state = State.CANCELLED
    mail.save(update_fields=["state"])
    publish(ticket, "ticket.mail_given_up", actor=actor, extra={"text": ", ".join(mail.to), "mail": mail.pk})
    return mail


@transaction.atomic
def reschedule(
    mail: OutgoingMail, *, actor: Actor, send_at: datetime | None = None, now: datetime | None = None
) -> OutgoingMail:
    """Have a mail leave at another time; at once when none is given.

    An answer put off until later no longer counts: it will when it leaves. Raises ``ValidationError``.
    """
    now = now or timezone.now()
    mail, ticket = _held(mail, actor)
    if mail.state not in NOT_LEFT:
        raise ValidationError(_left(mail))
    if send_at is not None and not now < send_at < now + FARTHEST:
        raise ValidationError({"send_at": _("Choose a moment to come, within a year.")})
    if send_at is not None and send_at > now + outbox.UNDO and mail.fact and not mail.delivered:
        answers.withdraw(mail.fact, ticket, at=now)
        mail.fact = None
    mail.send_at = send_at or now
    mail.save(update_fields=["send_at", "fact"])
    leave_at(mail.send_at)
    text = formats.date_format(timezone.localtime(mail.send_at), "j N Y, H:i")
    publish(ticket, "ticket.mail_rescheduled", actor=actor, extra={"text": text, "mail": mail.pk})
    return mail


@transaction.atomic
def resend(
    mail: OutgoingMail,
    *,
    actor: Actor,
    to: Sequence[str] | str | None = None,
    cc: Sequence[str] | str | None = None,
    now: datetime | None = None,
) -> OutgoingMail:
    """Send again what was refused or returned, to the same or to corrected addresses.

    Those that took it already are left alone. Raises ``ValidationError``.
    """
    mail, ticket = _held(mail, actor)
    if mail.state not in BACK and not (mail.state == State.SENT and mail.refused):
        raise ValidationError(_("Only a mail that was refused or returned is sent again."))
    if mail.state == State.BOUNCED:
        mail.delivered = [one for one in mail.delivered if one not in mail.refused]
    mail.to = mail.to if to is None else addresses(to)
    mail.cc = mail.cc if cc is None else addresses(cc)
    mail.refused, mail.tries, mail.problem = {}, 0, ""
    if not mail.to or not mail.pending:
        raise ValidationError({"to": _("Give the address of somebody who has not received it.")})
    mail.state, mail.send_at = State.QUEUED, now or timezone.now()
    mail.save()
    if mail.message:
        mail.message.sent_to = {"to": mail.to, "cc": mail.cc}
        mail.message.save(update_fields=["sent_to"])
    leave_at(mail.send_at)
    text = ", ".join(mail.pending)
    publish(ticket, "ticket.mail_resent", actor=actor, extra={"text": text, "mail": mail.pk})
    return mail


@transaction.atomic
def returned(mail: OutgoingMail, failures: dict[str, str], *, actor: Actor = SYSTEM) -> OutgoingMail:
    """A server tells, afterwards, that addresses (→ why) did not get this mail: what reads mail calls this.

    An address that the mail did not name (a list, a redirection) is kept as it was told.
    """
    mail, ticket = _held(mail, actor)
    mail.refused = {**mail.refused, **{address: why[:300] for address, why in failures.items()}}
    mail.state, mail.problem = State.BOUNCED, " ".join(dict.fromkeys(failures.values()))[:1000]
    mail.save(update_fields=["refused", "state", "problem"])
    text = ", ".join(failures)[:200]
    publish(ticket, "ticket.mail_returned", actor=actor, extra={"text": text, "mail": mail.pk})
    return mail


def _held(mail: OutgoingMail, actor: Actor) -> tuple[OutgoingMail, Ticket]:
    """The mail and its ticket as they are now, ours until the end of the transaction; the ticket first, as
    everywhere.
    """
    require(actor, "ticket.answer", mail)
    ticket = locked(mail.ticket)
    rows = OutgoingMail.objects.select_for_update(of=("self",)).select_related("message", "fact")
    return rows.get(pk=mail.pk), ticket


def _left(mail: OutgoingMail) -> str:
    if mail.state == State.SENDING:
        return _("It is leaving now: too late to stop it.")
    return _("It is over: %(state)s.") % {"state": mail.get_state_display()}
