"""Mails of ours that come back: told on the mail itself, its address remembered as dead."""

from dataclasses import dataclass

from django.utils.translation import gettext_noop

from etabli.kernel.actors import Actor
from etabli.kernel.events import publish
from etabli.kernel.sentences import Sentence, sentence

from . import deadaddresses
from .identity import keys
from .letters import Letter, valid
from .mail.bounces import Bounce, Failure
from .mail.threads import signed_mails
from .outbox import OutgoingMail
from .posting import returned

_SEARCHED = 512 * 1024
_OURS = gettext_noop("It tells that our mail of %(ticket)s did not reach %(who)s.")
_LATE = gettext_noop("It tells that our mail of %(ticket)s has not reached %(who)s yet.")
_FORGED = gettext_noop("It names no mail of ours: nothing proves that it is about one.")


@dataclass(frozen=True)
class Settled:
    """Which mail of ours came back, if any, and what is to be said of it."""

    sent: OutgoingMail | None
    told: tuple[Sentence, ...]


def settle(letter: Letter, raw: bytes, *, actor: Actor) -> Settled:
    """Find the mail that came back by its signed identifier, and write on it who did not receive it, and why.

    Only a mail that carries the signature of one of ours is believed; only addresses that we wrote to are
    remembered as dead.
    """
    bounce = letter.verdict.bounce
    sent = _sent(bounce, raw, letter) if bounce else None
    if bounce is None or sent is None:
        return Settled(None, (sentence(_FORGED),))
    for_good = [one for one in bounce.failures if one.permanent]
    who = ", ".join(one.address for one in (for_good or bounce.failures)[:5])
    told = sentence(_OURS if for_good else _LATE, ticket=sent.ticket.reference, who=who)
    why = {one.address[:254]: _why(one) for one in (for_good or bounce.failures)[:50]}
    if for_good:
        sent = returned(sent, why, actor=actor)
        _remember(sent, for_good)
    else:
        sent.refused = {**sent.refused, **why}
        sent.save(update_fields=["refused"])
        publish(sent.ticket, "ticket.mail_delayed", actor=actor, extra={"text": who, "mail": sent.pk})
    return Settled(sent, (told,))


def _sent(bounce: Bounce, raw: bytes, letter: Letter) -> OutgoingMail | None:
    """The mail of ours that a bounce is about: named by the identifier it returns, else by any signed token
    of the copy it holds, since some providers rewrite identifiers.
    """
    rows = OutgoingMail.objects.select_for_update(of=("self",)).select_related("ticket")
    seen = f"{bounce.message_id} {' '.join(one.value for one in letter.verdict.threads)} "
    seen += raw[:_SEARCHED].decode("ascii", "replace")
    for ticket, serial in signed_mails(seen, keys()):
        if ticket.isdecimal() and (found := rows.filter(serial=serial, ticket=int(ticket)).first()):
            return found
    return None


def _remember(sent: OutgoingMail, failures: list[Failure]) -> None:
    ours = {one.lower() for one in (*sent.to, *sent.cc)}
    for one in failures:
        if (address := valid(one.address)) and address in ours:
            deadaddresses.mark(sent.organisation_id, address, _why(one))


def _why(failure: Failure) -> str:
    return " ".join(part for part in (failure.status, failure.reason) if part)[:500]
