"""Sending what waits in the outbox, mail by mail, each step written before the next one is taken.

A mail is taken in hand (state ``sending``, committed), given to its server, and what the server said is
written. Killed before the server took it, it is taken again after some minutes; killed between the server's
word and our writing it, it leaves twice under the same Message-ID, by which mail programs know it for one: no
protocol can do better without losing some. Rows are taken with SKIP LOCKED, so workers may share them.
"""

import logging
from datetime import datetime, timedelta

from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_noop

from etabli.kernel import mail as settings_mail
from etabli.kernel.actors import SYSTEM
from etabli.kernel.apart import apart
from etabli.kernel.events import publish
from etabli.kernel.files import ContentMissing
from etabli.kernel.organisations import lineage
from etabli.kernel.secrets import KeyMissing
from etabli.kernel.sentences import sentence
from etabli.kernel.tenancy import everywhere, scope

from . import answers
from .composing import sender_of, written
from .mailboxes import Mailbox
from .messages import Message
from .moving import locked
from .oauth import TokenTrouble, token_of
from .outbox import OutgoingMail
from .smtp import Line, PutOff, Refused, Silent, Unreachable, Way
from .tickets import Ticket

log = logging.getLogger("etabli.support")
State = OutgoingMail.State
PAUSES = [timedelta(minutes=minutes) for minutes in (1, 5, 15, 60)]
MOST_TRIES = 50  # the last pause again and again: two days
FORGOTTEN = timedelta(minutes=5)
"""In hand for so long, its worker is dead: longer than a mail may take."""
AT_ONCE = 500  # mails of one job
_GIVEN_UP = gettext_noop("Tried for two days. The last answer was: %(problem)s")
_BROKEN = gettext_noop("It could not be prepared: see the server's log.")
_NO_SERVER = gettext_noop("No mail server is set: set one in the mailbox, or in Settings → E-mail.")


def leave_at(at: datetime) -> None:
    """Have a worker look at the outbox at a moment; mails of the same second share the look."""
    wait = max(at - timezone.now(), timedelta())
    deliver.enqueue(after=wait, once=f"outbox:{int(at.timestamp())}")


@apart(queue="mail")
def deliver() -> None:
    """Send what is due."""
    send_due()


@apart(every="* * * * *", queue="mail")
def deliver_rest() -> None:
    """Each minute, what was put off, and what a dead worker left behind."""
    send_due()


def send_due(*, most: int = AT_ONCE, timeout: float | None = None) -> int:
    """Send what is due now, in order; returns how many mails were tried. timeout: seconds for each answer."""
    lines = Lines(timeout)
    try:
        tried = 0
        while tried < most and (mail := take()):
            _deliver(mail, lines)
            tried += 1
        return tried
    finally:
        lines.close()


def take(now: datetime | None = None) -> OutgoingMail | None:
    """Take the next mail that is due in hand, if any."""
    now = now or timezone.now()
    due = Q(state__in=[State.QUEUED, State.DEFERRED]) | Q(state=State.SENDING, tried_at__lt=now - FORGOTTEN)
    with everywhere(because="the mails of every organisation wait in one queue"):
        rows = OutgoingMail.objects.select_for_update(of=("self",), skip_locked=True)
        mail = rows.filter(due, send_at__lte=now).order_by("send_at", "id").first()
        if mail is not None:
            mail.state, mail.tried_at, mail.tries = State.SENDING, now, mail.tries + 1
            mail.save(update_fields=["state", "tried_at", "tries"])
        return mail


class Lines:
    """The connections of one round, one for each server."""

    def __init__(self, timeout: float | None = None) -> None:
        self._timeout = timeout
        self._open: dict[Way, Line] = {}
        self._silences: dict[Way, int] = {}

    def to(self, way: Way) -> Line:
        if way not in self._open:
            self._open[way] = Line(way, timeout=self._timeout) if self._timeout else Line(way)
        return self._open[way]

    def silent(self, way: Way) -> bool:
        """Count a mail that a server put off by silence; whether it is the second in a row."""
        self._silences[way] = self._silences.get(way, 0) + 1
        return self._silences[way] > 1

    def answers(self, way: Way) -> None:
        self._silences.pop(way, None)

    def close(self) -> None:
        for line in self._open.values():
            line.close()


def _deliver(mail: OutgoingMail, lines: Lines) -> None:
    """One mail: prepared, given to its server, and what came of it."""
    if mail.tries > MOST_TRIES:  # it took its workers down with it
        _fail(mail, sentence(_GIVEN_UP, problem=mail.problem))
        return
    try:
        with scope(*lineage(mail.organisation_id)):
            mail = _prepared(mail)
            way, sender = way_of(mail), sender_of(mail)
            content = bytes(written(mail, sender=sender))
        said = lines.to(way).send(sender.address, mail.pending, content) if mail.pending else {}
    except Unreachable as error:
        _put_off(mail, error.args[0])
        _put_off_all(mail, error.args[0])
    except PutOff as error:
        _put_off(mail, error.args[0])
        if isinstance(error, Silent) and lines.silent(way):
            _put_off_all(mail, error.args[0])
    except (Refused, ContentMissing, ValueError) as error:
        _fail(mail, str(error))
    except Exception:
        # One mail that cannot be made must not keep the others from leaving.
        log.exception("mail %s could not be sent", mail.pk)
        _put_off(mail, sentence(_BROKEN))
    else:
        lines.answers(way)
        _finish(mail, said)


def _prepared(mail: OutgoingMail) -> OutgoingMail:
    """The mail with what it is made of; an answer that was to leave later counts from now on."""
    rows = OutgoingMail.objects.select_related("message", "mailbox", "ticket__requester__account")
    mail = rows.get(pk=mail.pk)
    if mail.message and mail.fact_id is None:
        ticket, now = locked(mail.ticket), timezone.now()
        Message.objects.filter(pk=mail.message.pk).update(at=now)
        mail.message.at, mail.fact = now, answers.count(ticket, at=now)
        mail.save(update_fields=["fact"])
    return mail


def way_of(mail: OutgoingMail) -> Way:
    """The server a mail leaves by: that of its mailbox, else that of the settings. Raises Unreachable."""
    box = mail.mailbox
    if box is None or not box.smtp_host:
        server = settings_mail.configured(mail.organisation_id)
        if not server.host:
            raise Unreachable(sentence(_NO_SERVER))
        return Way(server)
    try:
        bearer = token_of(box)
        password = "" if bearer else box.password.unseal()
    except (TokenTrouble, KeyMissing) as error:
        raise Unreachable(str(error))
    server = settings_mail.MailServer(
        box.smtp_host, box.smtp_port, box.smtp_security, box.user, password, sender=box.address
    )
    return Way(server, bearer)


def _finish(mail: OutgoingMail, said: dict[str, str]) -> None:
    """Write who received it; whoever was refused for the moment is tried again."""
    tried = mail.pending
    mail.refused = {**{k: v for k, v in mail.refused.items() if k not in tried}, **said}
    mail.delivered = [*mail.delivered, *(one for one in tried if one not in said)]
    problem = " ".join(dict.fromkeys(said.values()))
    if mail.pending:
        _put_off(mail, problem)
    elif mail.delivered:
        _write(mail, State.SENT, problem, sent_at=timezone.now())
    else:
        _fail(mail, problem)


def _put_off(mail: OutgoingMail, problem: str) -> None:
    if mail.tries >= MOST_TRIES:
        _fail(mail, sentence(_GIVEN_UP, problem=problem))
    else:
        _write(mail, State.DEFERRED, problem, send_at=timezone.now() + pause(mail.tries))


def pause(tries: int) -> timedelta:
    """How long after so many tries a mail is tried again."""
    return PAUSES[min(max(tries, 1), len(PAUSES)) - 1]


def _fail(mail: OutgoingMail, problem: str) -> None:
    _write(mail, State.FAILED, problem)


def _write(mail: OutgoingMail, state: State, problem: str, **more: datetime) -> None:
    """Write what came of a try, unless another worker has taken the mail since; failures are an event."""
    values = {"delivered": mail.delivered, "refused": mail.refused, "problem": problem, **more}
    with scope(mail.organisation_id):
        held = OutgoingMail.objects.filter(pk=mail.pk, state=State.SENDING, tries=mail.tries)
        if held.update(state=state, **values) and state == State.FAILED:
            ticket = Ticket.objects.get(pk=mail.ticket_id)
            told = {"text": problem[:200], "mail": mail.pk}
            publish(ticket, "ticket.mail_failed", actor=SYSTEM, extra=told)


def _put_off_all(mail: OutgoingMail, problem: str) -> None:
    """The server of this mail does not answer: the others that wait for it are not tried one by one."""
    now = timezone.now()
    with everywhere(because="a server sends the mails of several organisations"):
        waiting = OutgoingMail.objects.filter(
            _by_the_same(mail), state__in=[State.QUEUED, State.DEFERRED], send_at__lte=now
        )
        waiting.update(
            state=State.DEFERRED,
            problem=problem,
            tries=F("tries") + 1,
            tried_at=now,
            send_at=now + pause(mail.tries),
        )


def _by_the_same(mail: OutgoingMail) -> Q:
    """Which mails leave by the server of this one."""
    box = mail.mailbox
    if box is None or not box.smtp_host:
        return Q(mailbox=None) | Q(
            mailbox__in=list(Mailbox.objects.filter(smtp_host="").values_list("pk", flat=True))
        )
    same = Mailbox.objects.filter(smtp_host=box.smtp_host, smtp_port=box.smtp_port, user=box.user)
    return Q(mailbox__in=list(same.values_list("pk", flat=True)))
