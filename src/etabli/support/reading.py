"""Reading the mailboxes: fetch, store, sort, put away, in this order, so that a stop anywhere loses nothing.

A mail leaves its folder once it is sorted. Until then each reading meets it again, and knows it by its bytes.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

from django.db import connection
from django.db.models import Max, Q
from django.utils import timezone

from etabli.kernel import preferences
from etabli.kernel.apart import apart
from etabli.kernel.jobs import job
from etabli.kernel.tenancy import everywhere, scope

from . import health, imap, oauth
from .imap import Box, ImapTrouble, Listed, Server
from .intake import sort, sort_waiting, store
from .mailboxes import Mailbox, ReceivedMail
from .storing import Desk, desk_of

GROUP = 50
MOST = 500
"""Mails that one job reads; what is left waits for the next one, behind the other mailboxes."""
TURN = timedelta(seconds=50)
PATIENCE = timedelta(minutes=5)
"""Between two attempts at a mailbox that has been failing for long."""
_LOCK = 0x6D61696C  # the space of our advisory locks: “mail”

Step = Callable[[str], None]
NEVER = threading.Event()


def _nothing(_step: str) -> None:
    """What is told of each step by default."""


def server_of(mailbox: Mailbox, *, afresh: bool = False) -> Server:
    """How to read a mailbox. Raises ``TokenTrouble`` and ``KeyMissing``."""
    return Server(
        host=mailbox.imap_host,
        port=mailbox.imap_port,
        security=mailbox.imap_security,
        user=mailbox.user,
        password=mailbox.password.unseal(),
        token=oauth.token_of(mailbox, afresh=afresh),
        folder=mailbox.folder,
        done_folder=mailbox.done_folder,
    )


@contextmanager
def opened(mailbox: Mailbox) -> Iterator[Box]:
    """The mailbox's folder; a token that is refused before its time is renewed once."""
    try:
        server = server_of(mailbox)
        manager = imap.opened(server)
        box = manager.__enter__()
    except ImapTrouble as trouble:
        if not trouble.login or mailbox.login != Mailbox.Login.XOAUTH2:
            raise
        manager = imap.opened(server_of(mailbox, afresh=True))
        box = manager.__enter__()
    try:
        yield box
    finally:
        manager.__exit__(None, None, None)


@contextmanager
def turn(mailbox: int) -> Iterator[bool]:
    """Whether this reader is the only one of a mailbox (id), until the end; the order of mails depends on it.

    The lock belongs to the session: it goes with the process that dies.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [_LOCK, mailbox % 2**31])
        ours = bool(cursor.fetchone()[0])
    try:
        yield ours
    finally:
        if ours and connection.connection is not None and not connection.connection.closed:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [_LOCK, mailbox % 2**31])


def found(key: int) -> Mailbox | None:
    """An enabled mailbox, wherever it is."""
    with everywhere(because="the reader serves the mailboxes of every organisation"):
        return Mailbox.objects.select_related("team").filter(pk=key, enabled=True).first()


def read_mailbox(
    mailbox: Mailbox, *, stop: threading.Event = NEVER, most: int = MOST, step: Step = _nothing
) -> int:
    """Read what arrived in a mailbox; returns how many mails were read. Its health says what went wrong.

    step: told “fetched”, “stored”, “sorted” and “moved” as each is done (tests stop the process there).
    """
    with turn(mailbox.pk) as ours:
        if not ours:
            return 0
        with health.watched(mailbox):
            desk = desk_of(mailbox)
            sort_waiting(desk)
            with opened(mailbox) as box:
                return read_box(box, desk, stop=stop, most=most, step=step)
    return 0


def read_box(
    box: Box, desk: Desk, *, stop: threading.Event = NEVER, most: int = MOST, step: Step = _nothing
) -> int:
    """Read what is new in an open folder, some mails at a time."""
    mailbox, read = desk.mailbox, 0
    largest = int(preferences.get("files.max_mb", mailbox.organisation_id)) * 1024 * 1024
    with box.limited():
        listed = box.listed(since=mailbox.since, after=_last(mailbox, box))
    for at in range(0, min(len(listed), most), GROUP):
        with box.limited():
            read += _read_group(box, desk, listed[at : at + GROUP], largest, stop, step)
        if stop.is_set():
            break
    health.read(mailbox, box.uid_validity, left=listed[most:])
    return read


def _last(mailbox: Mailbox, box: Box) -> int:
    """The last mail known of the folder; none where what is read leaves it: all that is there is new."""
    if mailbox.done_folder:
        return 0
    with scope(mailbox.organisation_id):
        rows = ReceivedMail.objects.filter(mailbox=mailbox, uid_validity=box.uid_validity)
        return int(rows.aggregate(last=Max("uid"))["last"] or 0)


def _read_group(
    box: Box, desk: Desk, group: Sequence[Listed], largest: int, stop: threading.Event, step: Step
) -> int:
    known = _places(desk.mailbox, box.uid_validity, [one.uid for one in group])
    sorted_ones: list[ReceivedMail] = []
    read = 0
    try:
        for one in group:
            if stop.is_set():
                break
            received, fresh = _take(box, desk, one, known.get(one.uid), largest, step)
            read += fresh
            if received is not None and received.fate != ReceivedMail.Fate.STORED:
                sorted_ones.append(received)
    finally:
        _put_away(box, desk.mailbox, sorted_ones)
        step("moved")
    return read


def _take(
    box: Box, desk: Desk, one: Listed, known: ReceivedMail | None, largest: int, step: Step
) -> tuple[ReceivedMail | None, bool]:
    """A mail of the folder, kept and sorted, and whether it is new.

    One that is known at this place is not fetched again if it has the size it had: a server that gives a
    number to another mail is caught by that.
    """
    if known is not None and known.file.size == one.size:
        return (sort(known, desk) if known.fate == ReceivedMail.Fate.STORED else known), False
    arrived = box.fetch(one, most=largest)
    if arrived is None:
        return None, False
    step("fetched")
    received = store(desk, arrived)
    step("stored")
    fresh = received.fate == ReceivedMail.Fate.STORED
    if fresh:
        received = sort(received, desk, raw=arrived.raw)
        step("sorted")
    return received, fresh


def _places(mailbox: Mailbox, validity: int, uids: Sequence[int]) -> dict[int, ReceivedMail]:
    with scope(mailbox.organisation_id):
        rows = ReceivedMail.objects.filter(mailbox=mailbox, uid_validity=validity, uid__in=uids)
        return {row.uid: row for row in rows.select_related("file").order_by("pk")}


def _put_away(box: Box, mailbox: Mailbox, rows: Sequence[ReceivedMail]) -> None:
    if not rows:
        return
    box.put_away([row.uid for row in rows])
    keys = [row.pk for row in rows if not row.moved]
    with scope(mailbox.organisation_id):
        ReceivedMail.objects.filter(pk__in=keys).update(moved=True)


@apart(queue="mail")
def read_one(mailbox: int) -> None:
    """Read a mailbox."""
    if one := found(mailbox):
        read_mailbox(one)


@job(every="* * * * *", queue="mail")
def read_mailboxes() -> None:
    """Each minute, have those mailboxes read that nobody reads live; one that fails waits longer."""
    now = timezone.now()
    with everywhere(because="the reader serves the mailboxes of every organisation"):
        waits = Q(tried_at__gt=now - TURN)
        waits |= Q(failing_since__lt=now - PATIENCE, tried_at__gt=now - PATIENCE)
        rows = Mailbox.objects.filter(enabled=True).exclude(waits)
        keys = list(rows.order_by("pk").values_list("pk", "organisation_id"))
    for key, organisation in keys:
        read_one.enqueue(once=f"mailbox:{key}", lock=f"mailbox:{key}", inside=organisation, mailbox=key)
