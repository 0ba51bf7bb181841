"""Keeping what arrives before anything else is done with it, and knowing it when it arrives again."""

import hashlib
from dataclasses import dataclass

from django.db import IntegrityError
from django.utils.translation import gettext_noop

from etabli.kernel import files
from etabli.kernel.actors import SYSTEM
from etabli.kernel.organisations import Organisation
from etabli.kernel.sentences import sentence
from etabli.kernel.tenancy import opening, scope

from .deadaddresses import DeadAddress
from .imap import Arrived
from .letters import moment
from .mail.sorting import Ourselves
from .mailboxes import Mailbox, ReceivedMail
from .ourselves import ourselves

NAME = "message.eml"
TOO_LARGE = gettext_noop("Of %(size)s MB, it is larger than what is accepted: only its headers were kept.")


@dataclass(frozen=True)
class Desk:
    """What sorting needs to know around a mailbox, read once for many mails.

    ``served`` lists its organisation and those under it (ids), from the nearest; ``dead`` the addresses there
    that do not receive.
    """

    mailbox: Mailbox
    served: tuple[int, ...]
    ourselves: Ourselves
    dead: frozenset[str] = frozenset()


def desk_of(mailbox: Mailbox) -> Desk:
    """The mailbox with all it serves."""
    with opening():
        rows = Organisation.objects.filter(path__contains=[mailbox.organisation_id], archived_at=None)
        below = rows.values_list("pk", "path")
        near = sorted(below, key=lambda one: (len(one[1]), one[0]))
    served = tuple(key for key, _path in near) or (mailbox.organisation_id,)
    with scope(*served):
        dead = DeadAddress.objects.filter(organisation__in=served).values_list("address", flat=True)
        return Desk(mailbox, served, ourselves(), frozenset(dead))


def store(desk: Desk, arrived: Arrived) -> ReceivedMail:
    """Keep a mail, committed when this returns; the same bytes again give the same row, at its new place.

    Raises OSError when the disk is full: nothing is lost, the mail is still in its mailbox.
    """
    mailbox, digest = desk.mailbox, hashlib.sha256(arrived.raw).hexdigest()
    for _attempt in range(2):
        try:
            with scope(mailbox.organisation_id):
                return _known(mailbox, digest, arrived) or _kept(mailbox, digest, arrived)
        except IntegrityError:  # another reader has just kept it
            continue
    with scope(mailbox.organisation_id):
        return ReceivedMail.objects.select_related("file").get(mailbox=mailbox, sha256=digest)


def _known(mailbox: Mailbox, digest: str, arrived: Arrived) -> ReceivedMail | None:
    rows = ReceivedMail.objects.filter(mailbox=mailbox, sha256=digest)
    if not rows.exists():
        return None
    found = rows.select_related("file").get()
    place = (arrived.uid_validity, arrived.uid)
    if (found.uid_validity, found.uid) != place:
        found.uid_validity, found.uid = place
        found.moved = False
        found.save(update_fields=["uid_validity", "uid", "moved"])
    return found


def _kept(mailbox: Mailbox, digest: str, arrived: Arrived) -> ReceivedMail:
    why = [] if arrived.whole else [sentence(TOO_LARGE, size=arrived.size // 1024**2).stored]
    file = files.store(arrived.raw, name=NAME, actor=SYSTEM, organisation=mailbox.organisation_id)
    return ReceivedMail.objects.create(
        organisation_id=mailbox.organisation_id,
        mailbox=mailbox,
        uid_validity=arrived.uid_validity,
        uid=arrived.uid,
        file=file,
        sha256=digest,
        received_at=moment(arrived.arrived_at),
        why=why,
    )
