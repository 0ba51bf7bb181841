"""Mailboxes followed live: a connection each waits for the server to tell of a mail (IDLE, RFC 2177).

One process of the installation follows them, whichever has the lock; the job of each minute reads those that
nobody follows. A thread a mailbox: it waits nearly always, and holds no connection to the database then.
"""

import logging
import threading
import time
from collections.abc import Callable

from django.db import Error, connection

from etabli.kernel.jobs import own_connection
from etabli.kernel.tenancy import everywhere

from . import health
from .intake import sort_waiting
from .mailboxes import Mailbox
from .reading import found, opened, read_box, turn
from .storing import desk_of

log = logging.getLogger("etabli.support")
MOST = 50
"""Mailboxes followed live; the others are read each minute."""
LOOK = 10.0
AGAIN = 60.0
"""Seconds after which a folder is read again, told or not."""
_LOCK = 0x69646C65  # “idle”


class Followers:
    """Follows every enabled mailbox until :meth:`stop`; :meth:`start` returns at once."""

    def __init__(self, *, look: float = LOOK, again: float = AGAIN) -> None:
        self._look, self._again = look, again
        self._stop = threading.Event()
        self._threads: dict[int, threading.Thread] = {}
        self._main: threading.Thread | None = None

    def start(self) -> "Followers":
        self._main = threading.Thread(target=self._run, name="mailboxes", daemon=True)
        self._main.start()
        return self

    def stop(self, patience: float = 3.0) -> None:
        """Ask every thread to end after the mail it is at, and wait a little for them."""
        self._stop.set()
        until = time.monotonic() + patience
        for thread in (self._main, *self._threads.values()):
            if thread is not None:
                thread.join(max(0.0, until - time.monotonic()))

    def _run(self) -> None:
        """Hold the lock as long as the database answers; look now and then for mailboxes to follow."""
        while not self._stop.is_set():
            lock = own_connection()
            try:
                while not self._stop.is_set():
                    with lock.cursor() as cursor:  # again and again: it also tells whether it is still held
                        cursor.execute(_ASK, [_LOCK, _LOCK])
                        ours = bool(cursor.fetchone()[0])
                    if ours:
                        self._follow_all()
                    self._stop.wait(self._look)
            except Error as error:
                log.warning("mailboxes are not followed while the database is away: %s", error)
                self._stop.wait(self._look)
            finally:
                _close(lock.close)

    def _follow_all(self) -> None:
        try:
            with everywhere(because="the reader serves the mailboxes of every organisation"):
                rows = Mailbox.objects.filter(enabled=True).order_by("pk")
                keys = list(rows.values_list("pk", flat=True)[:MOST])
        finally:
            _close(connection.close)
        for key in keys:
            thread = self._threads.get(key)
            if thread is None or not thread.is_alive():
                self._threads[key] = threading.Thread(
                    target=self._follow, args=(key,), name=f"mailbox-{key}", daemon=True
                )
                self._threads[key].start()

    def _follow(self, key: int) -> None:
        """Read a mailbox and wait, again and again; returns on trouble, to be started again in a while."""
        mailbox = None
        try:
            mailbox = found(key)
            if mailbox is None:
                return
            with health.watched(mailbox):
                self._stay(mailbox)
        except Error as error:
            log.warning("mailbox %s is left while the database is away: %s", key, error)
        finally:
            _close(connection.close)
        if mailbox is not None and mailbox.problem:
            self._stop.wait(min(self._again, 20.0))

    def _stay(self, mailbox: Mailbox) -> None:
        with opened(mailbox) as box:
            while not self._stop.is_set():
                with turn(mailbox.pk) as ours:
                    if ours:
                        desk = desk_of(mailbox)
                        sort_waiting(desk)
                        read_box(box, desk, stop=self._stop)
                _close(connection.close)
                box.wait(self._again, self._stop)
                fresh = found(mailbox.pk)
                if fresh is None or fresh.version != mailbox.version:
                    return  # it was changed, or is no longer in use
                mailbox = fresh


_ASK = """
SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND granted
                AND objid = %s AND classid = 0)
       OR pg_try_advisory_lock(%s)
"""


def _close(close: Callable[[], None]) -> None:
    """Give a connection back, even one that broke."""
    try:
        close()
    except Error:
        log.debug("a connection was already closed", exc_info=True)
