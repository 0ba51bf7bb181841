"""Reading a folder by IMAP: plain mails out, plain errors with a sentence. Nobody else knows imap-tools."""

import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from imaplib import IMAP4
from typing import Any

from django.utils.translation import gettext_noop
from imap_tools import BaseMailBox, MailBox, MailboxFolderSelectError, MailBoxStartTls, MailBoxUnencrypted
from imap_tools.errors import ImapToolsError, MailboxLoginError
from imap_tools.utils import encode_folder

from etabli.kernel.mail import STARTTLS, TLS
from etabli.kernel.sentences import Sentence, sentence

TIMEOUT = 30.0
LONGEST = 900.0
"""Seconds that a group of mails may take: a server that sends a byte now and then is cut off."""
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_DATE = re.compile(rb'INTERNALDATE "([ \d]\d)-(\w{3})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)"')
_UID, _SIZE = re.compile(rb"\bUID (\d+)"), re.compile(rb"\bRFC822\.SIZE (\d+)")
_SIZES = 200  # mails whose sizes are asked at once
_WITHOUT_IDLE = 20.0

NOT_FOUND = gettext_noop("The name %(host)s was not found: check its spelling and this server's DNS.")
BAD_CERTIFICATE = gettext_noop("The certificate of %(host)s is not valid for it: %(said)s")
NO_TLS = gettext_noop(
    "%(host)s does not speak TLS on port %(port)s: choose another encryption or port (%(said)s)."
)
REFUSED = gettext_noop("%(host)s refuses connections on port %(port)s: check the port and the firewall.")
SLOW = gettext_noop(
    "%(host)s did not answer on port %(port)s: check the port, the encryption and the firewall."
)
HUNG_UP = gettext_noop("%(host)s hung up: check the port and the encryption (%(said)s).")
ODD = gettext_noop("%(host)s answered with an error: %(said)s")
NO_LOGIN = gettext_noop("%(host)s refuses the login of “%(user)s”: %(said)s")
NO_STARTTLS = gettext_noop("%(host)s does not offer STARTTLS on port %(port)s: choose TLS, port 993.")
NO_FOLDER = gettext_noop("There is no folder “%(folder)s” in this mailbox. There are: %(folders)s.")
NO_DONE_FOLDER = gettext_noop("The folder “%(folder)s” is absent and could not be made: %(said)s")


class ImapTrouble(Exception):
    """The mailbox cannot be read; ``reason`` says why, and what to do. ``login``: the login was refused."""

    def __init__(self, reason: Sentence, *, login: bool = False) -> None:
        super().__init__(str(reason))
        self.reason, self.login = reason, login


@dataclass(frozen=True)
class Server:
    """Where to read and how to log in; a ``token`` is given in place of the password (XOAUTH2)."""

    host: str
    port: int
    security: str
    user: str
    password: str = ""
    token: str = ""
    folder: str = "INBOX"
    done_folder: str = ""


@dataclass(frozen=True)
class Listed:
    """A mail of the folder: its number, its size in bytes and when it arrived, as the server says."""

    uid: int
    size: int
    arrived_at: datetime | None


@dataclass(frozen=True)
class Arrived:
    """A mail as received; not ``whole`` when only its headers were taken, because of its size."""

    uid_validity: int
    uid: int
    raw: bytes
    size: int
    arrived_at: datetime | None
    whole: bool = True


class Box:
    """An open folder. Every method raises :class:`ImapTrouble`."""

    def __init__(self, server: Server, box: BaseMailBox) -> None:
        self.server, self._box = server, box
        self._client: Any = box.client
        found = self._client.response("UIDVALIDITY")[1]
        self.uid_validity = int(found[-1]) if found and found[-1] else 0

    def listed(self, *, since: date, after: int = 0) -> list[Listed]:
        """What arrived from a day on, in order: beyond a number, or not marked as read; all when 0."""
        asked = f"UNDELETED SINCE {since.day}-{_MONTHS[since.month - 1]}-{since.year}"
        if after:
            asked += f" OR UNSEEN UID {after + 1}:*"
        with _told(self.server):
            self._client.untagged_responses.pop("EXISTS", None)  # news told from now on is no news of these
            uids = sorted({int(one) for one in self._box.uids(asked, charset=None)})
            found: list[Listed] = []
            for at in range(0, len(uids), _SIZES):
                found += self._sizes(uids[at : at + _SIZES])
            return found

    def _sizes(self, uids: Sequence[int]) -> list[Listed]:
        answer = self._uid("FETCH", _set(uids), "(UID RFC822.SIZE INTERNALDATE)")
        made = {}
        for line in answer:
            text = line[0] if isinstance(line, tuple) else line or b""
            uid, size = _UID.search(text), _SIZE.search(text)
            if uid and size:
                made[int(uid[1])] = Listed(int(uid[1]), int(size[1]), _arrival(text))
        return [made[uid] for uid in uids if uid in made]

    def fetch(self, one: Listed, *, most: int) -> Arrived | None:
        """The bytes of a mail, its headers alone when it is larger than ``most``; None when it is gone."""
        whole = one.size <= most
        with _told(self.server):
            part = "BODY.PEEK[]" if whole else "BODY.PEEK[HEADER]"
            answer = self._uid("FETCH", str(one.uid), f"(UID {part})")
        for at, line in enumerate(answer):
            if not isinstance(line, tuple):
                continue
            after = answer[at + 1] if at + 1 < len(answer) and isinstance(answer[at + 1], bytes) else b""
            uid = _UID.search(line[0]) or _UID.search(after)
            if uid and int(uid[1]) == one.uid:
                return Arrived(self.uid_validity, one.uid, line[1], one.size, one.arrived_at, whole)
        return None

    def put_away(self, uids: Sequence[int]) -> None:
        """Move what is sorted to the folder of what is read, or mark it as read where there is none."""
        if not uids:
            return
        with _told(self.server):
            if not self.server.done_folder:
                self._uid("STORE", _set(uids), "+FLAGS.SILENT", "(\\Seen)")
                return
            folder = encode_folder(self.server.done_folder)
            if "MOVE" in self._client.capabilities:
                self._uid("MOVE", _set(uids), folder)
                return
            self._uid("COPY", _set(uids), folder)
            self._uid("STORE", _set(uids), "+FLAGS.SILENT", "(\\Deleted)")
            if (
                "UIDPLUS" in self._client.capabilities
            ):  # without it, an expunge would take what others deleted
                self._uid("EXPUNGE", _set(uids))

    def wait(self, seconds: float, stop: threading.Event) -> None:
        """Return when something arrives, after so many seconds, or soon after ``stop`` is set (RFC 2177)."""
        with _told(self.server):
            if "IDLE" not in self._client.capabilities:
                stop.wait(min(seconds, _WITHOUT_IDLE))
                self._client.noop()
                return
            self._box.idle.start()
            until = time.monotonic() + seconds
            if self._client.untagged_responses.get("EXISTS") or self._said_already():
                until = 0.0  # something arrived since the folder was listed, before this wait began
            while time.monotonic() < until and not stop.is_set():
                asked = time.monotonic()
                # An answer, or none at once: the server has closed, as ending the wait will tell.
                if self._box.idle.poll(1.0) or time.monotonic() - asked < 0.5:
                    break
            self._box.idle.stop()

    def _said_already(self) -> bool:
        """Whether the server said more with its last answer: it lies in a buffer that no poll looks into."""
        file, sock = getattr(self._client, "_file", None) or self._client.file, self._client.sock
        usual = sock.gettimeout()
        sock.settimeout(0)
        try:
            return bool(file.peek(1))
        except OSError:  # nothing: SSL says so by an error
            return False
        finally:
            sock.settimeout(usual)

    @contextmanager
    def limited(self, seconds: float = LONGEST) -> Iterator[None]:
        """Cut the connection when what is inside takes longer: time-outs are for each read of the socket."""
        cut = threading.Timer(seconds, self.cut)
        cut.daemon = True
        cut.start()
        try:
            yield
        finally:
            cut.cancel()

    def cut(self) -> None:
        """Close at once, from another thread too."""
        with suppress(OSError, AttributeError):
            self._client.sock.shutdown(socket.SHUT_RDWR)

    def _uid(self, command: str, *words: str | bytes) -> list[Any]:
        status, answer = self._client.uid(command, *words)
        if status != "OK":
            raise IMAP4.error(f"{command}: {_text(answer)}")
        return list(answer or [])


@contextmanager
def opened(server: Server) -> Iterator[Box]:
    """Connect, log in, open the folder, make that of what is read. Raises :class:`ImapTrouble`."""
    with _told(server):
        box = _connected(server)
    try:
        with _told(server):
            _log_in(box, server)
            _prepare(box, server)
        yield Box(server, box)
    finally:
        _leave(box)


def check(server: Server) -> str:
    """Try a mailbox without reading anything; what is wrong in a sentence, or an empty string."""
    try:
        with opened(server):
            return ""
    except ImapTrouble as trouble:
        return str(trouble.reason)


def _connected(server: Server) -> BaseMailBox:
    context = ssl.create_default_context()
    if server.security == TLS:
        return MailBox(server.host, server.port, timeout=TIMEOUT, ssl_context=context)
    if server.security == STARTTLS:
        if server.port == 993:
            raise ImapTrouble(sentence(NO_STARTTLS, host=server.host, port=server.port))
        return MailBoxStartTls(server.host, server.port, timeout=TIMEOUT, ssl_context=context)
    return MailBoxUnencrypted(server.host, server.port, timeout=TIMEOUT)


def _log_in(box: BaseMailBox, server: Server) -> None:
    try:
        if server.token:
            box.xoauth2(server.user, server.token, initial_folder=None)
        elif "AUTH=PLAIN" in box.client.capabilities:  # takes any character, where LOGIN takes ASCII
            box.login_utf8(server.user, server.password, initial_folder=None)
        else:
            box.login(server.user, server.password, initial_folder=None)
    except IMAP4.abort:
        raise
    except (IMAP4.error, MailboxLoginError, UnicodeEncodeError) as error:
        told = {"host": server.host, "user": server.user, "said": _said(error)}
        raise ImapTrouble(sentence(NO_LOGIN, **told), login=True)
    box.client._get_capabilities()  # more is offered once logged in


def _prepare(box: BaseMailBox, server: Server) -> None:
    if server.done_folder and not box.folder.exists(server.done_folder):
        try:
            box.folder.create(server.done_folder)
        except ImapToolsError as error:
            told = {"folder": server.done_folder, "said": _said(error)}
            raise ImapTrouble(sentence(NO_DONE_FOLDER, **told))
    try:
        box.folder.set(server.folder)
    except MailboxFolderSelectError:
        names = ", ".join(one.name for one in box.folder.list()[:30])
        raise ImapTrouble(sentence(NO_FOLDER, folder=server.folder, folders=names))


def _leave(box: BaseMailBox) -> None:
    """Say goodbye, without waiting long for an answer that nobody needs."""
    with suppress(OSError, IMAP4.error, ImapToolsError, AttributeError, ValueError):
        box.client.sock.settimeout(3.0)
        box.client.logout()
    with suppress(OSError, AttributeError):
        box.client.shutdown()


@contextmanager
def _told(server: Server) -> Iterator[None]:
    """Turn what the library and the network raise into a sentence."""
    try:
        yield
    except (OSError, IMAP4.error, ImapToolsError, ValueError) as error:
        raise ImapTrouble(_sentence(error, server)) from error


def _sentence(error: Exception, server: Server) -> Sentence:
    # The order matters: the first class an error belongs to gives the sentence.
    known: list[tuple[type[Exception], str]] = [
        (socket.gaierror, NOT_FOUND),
        (ssl.SSLCertVerificationError, BAD_CERTIFICATE),
        (TimeoutError, SLOW),
        (ssl.SSLEOFError, HUNG_UP),
        (ssl.SSLError, NO_TLS),
        (ConnectionRefusedError, REFUSED),
        (ConnectionError, HUNG_UP),
        (IMAP4.abort, HUNG_UP),
        (IMAP4.error, NO_STARTTLS if "TLS not supported" in str(error) else ODD),
    ]
    message = next((told for kind, told in known if isinstance(error, kind)), ODD)
    return sentence(message, host=server.host, port=server.port, said=_said(error))


def _said(error: Exception) -> str:
    answer = getattr(error, "command_result", None)
    said = _text(answer[1]) if answer else getattr(error, "verify_message", "") or str(error)
    return re.sub(r"\A\[[A-Z]+\] ", "", said.strip("b'\""))[:300] or type(error).__name__


def _text(answer: Any) -> str:
    return " ".join(one.decode(errors="replace") for one in answer or [] if isinstance(one, bytes))


def _arrival(text: bytes) -> datetime | None:
    found = _DATE.search(text)
    if not found or found[2].decode() not in _MONTHS:
        return None
    day, year, hour, minute, second = (int(found[n]) for n in (1, 3, 4, 5, 6))
    ahead = timedelta(hours=int(found[8]), minutes=int(found[9])) * (-1 if found[7] == b"-" else 1)
    try:
        month = _MONTHS.index(found[2].decode()) + 1
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC) - ahead
    except (ValueError, OverflowError):
        return None


def _set(uids: Sequence[int]) -> str:
    return ",".join(map(str, uids))
