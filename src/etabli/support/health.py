"""How well the mailboxes do: written at each reading, told to people when one is silent or fails for long.

The alert does not take the mailbox's own road: it is in the pages, and leaves by the server of the settings.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import InterfaceError, OperationalError
from django.db.models import F, Min, Q, Value
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from etabli.inventory.watching import people_of
from etabli.kernel.actors import Actor, can
from etabli.kernel.jobs import job
from etabli.kernel.notifications import NotificationChoice, declare_kind, notify
from etabli.kernel.organisations import Organisation
from etabli.kernel.screens import Panel
from etabli.kernel.screens.columns import link_to
from etabli.kernel.secrets import KeyMissing
from etabli.kernel.sentences import Sentence, sentence
from etabli.kernel.tenancy import everywhere, opening, scope
from etabli.web.day import add_panels

from .imap import ImapTrouble, Listed
from .letters import moment
from .mailboxes import SILENCE, Mailbox, ReceivedMail
from .oauth import TokenTrouble

log = logging.getLogger("etabli.support")
DISK = gettext_noop("A mail could not be kept on this server: %(why)s. It stays in the mailbox.")
KEYLESS = gettext_noop("The password kept cannot be opened: %(why)s")
BROKEN = gettext_noop("Reading failed in an unexpected way (%(why)s): see the server's log.")
KIND = "mailbox.failing"
declare_kind(KIND, gettext_lazy("A mailbox that is no longer read"), way=NotificationChoice.Way.MAIL)


@contextmanager
def watched(mailbox: Mailbox) -> Iterator[None]:
    """Write what goes wrong inside on the mailbox, rather than raise it; the database's trouble aside."""
    write(mailbox, tried_at=timezone.now())
    try:
        yield
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        if not isinstance(error, ImapTrouble):
            log.warning("mailbox %s: %s", mailbox.address, error, exc_info=not isinstance(error, OSError))
        failed(mailbox, reason_of(error))


def reason_of(error: Exception) -> str:
    """What keeps a mailbox from being read, as the database keeps it."""
    if isinstance(error, ImapTrouble | TokenTrouble):
        return error.reason.stored
    if isinstance(error, KeyMissing):
        return sentence(KEYLESS, why=error).stored
    if isinstance(error, OSError):
        return sentence(DISK, why=error.strerror or error).stored
    return sentence(BROKEN, why=type(error).__name__).stored


def failed(mailbox: Mailbox, problem: str) -> None:
    """It could not be read; since when is kept from the first time on."""
    mailbox.problem = problem
    write(mailbox, problem=problem, failing_since=Coalesce(F("failing_since"), Value(timezone.now())))


def read(mailbox: Mailbox, uid_validity: int, *, left: Sequence[Listed] = ()) -> None:
    """It was read; ``left`` are the mails that wait for the next reading."""
    with scope(mailbox.organisation_id):
        rows = ReceivedMail.objects.filter(mailbox=mailbox, fate=ReceivedMail.Fate.STORED)
        kept = rows.aggregate(oldest=Min("received_at"))["oldest"]
    waiting = [kept] if kept else []
    waiting += [moment(one.arrived_at) for one in left[:1]]
    now = timezone.now()
    recovered = mailbox.alerted_at is not None
    write(
        mailbox,
        tried_at=now,
        read_at=now,
        failing_since=None,
        problem="",
        alerted_at=None,
        uid_validity=uid_validity,
        oldest_unread_at=min(waiting, default=None),
        token_expires_at=mailbox.token_expires_at,
    )
    mailbox.problem, mailbox.alerted_at = "", None
    if recovered:
        tell(mailbox, works=True)


def write(mailbox: Mailbox, **values: Any) -> None:
    """Keep what is known of its health: no change of the mailbox, of its version or of its date."""
    with scope(mailbox.organisation_id):
        Mailbox.objects.filter(pk=mailbox.pk).update(**values)


@job(every="* * * * *", queue="mail")
def watch_mailboxes() -> None:
    """Each minute, tell of the mailboxes that have been in trouble for a quarter of an hour, once."""
    tell_all()


def tell_all() -> int:
    """Tell of each mailbox in trouble that nobody was told of; returns how many."""
    with everywhere(because="the mailboxes of every organisation are watched"):
        rows = Mailbox.objects.filter(_troubled(), enabled=True, alerted_at=None)
        late = [one for one in rows if one.in_trouble()]
    for mailbox in late:
        tell(mailbox)
        write(mailbox, alerted_at=timezone.now())
    return len(late)


def _troubled(now: datetime | None = None) -> Q:
    limit = (now or timezone.now()) - SILENCE
    return Q(failing_since__lt=limit) | Q(read_at__lt=limit) | Q(read_at=None, updated_at__lt=limit)


def tell(mailbox: Mailbox, *, works: bool = False) -> None:
    """Tell those who set up mailboxes there, in their language."""
    with opening():
        organisation = Organisation.objects.get(pk=mailbox.organisation_id)
    with scope(organisation.pk):
        for account in people_of("mailbox.change", organisation):
            with translation.override(account.language):
                title = _("The mailbox %(address)s is read again") if works else _(
                    "The mailbox %(address)s is no longer read")  # fmt: skip
                notify(
                    [account],
                    kind=KIND,
                    title=title % {"address": mailbox.address},
                    text="" if works else trouble_of(mailbox),
                    url=reverse("mailbox-detail", args=[mailbox.pk]),
                    obj=mailbox,
                )


def trouble_of(mailbox: Mailbox) -> str:
    """What is wrong, in the reader's language."""
    if mailbox.problem:
        return str(Sentence(mailbox.problem))
    if mailbox.in_trouble():
        return _("Nobody has read it for more than a quarter of an hour: see whether the worker runs.")
    return ""


@add_panels
def panels(actor: Actor) -> list[Panel]:
    """The mailboxes in trouble, from what the database says: also when no worker runs to tell of it."""
    if not can(actor, "mailbox.view"):
        return []
    places = actor.organisations("mailbox.view")
    rows = Mailbox.objects.filter(_troubled(), enabled=True, organisation__in=places).order_by("pk")[:5]
    told = [(link_to(one), trouble_of(one)) for one in rows]
    return [Panel(_("Mailboxes that are no longer read"), rows=told)] if told else []
