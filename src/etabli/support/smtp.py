"""Speaking to an SMTP server (RFC 5321): one connection for many mails, and what each answer means.

A refusal of the moment (4xx), a silence or a hang-up puts a mail off; a refusal for good (5xx) ends it. What
is wrong with the server itself, its name, its certificate or our login, concerns all that wait for it.
"""

import smtplib
from collections.abc import Sequence
from dataclasses import dataclass

from etabli.kernel.mail import MailServer, open_connection, problem_of

TIMEOUT = 20.0  # seconds for each answer
MOST_MAILS = 50  # sent by one connection: servers hang up after a hundred or so


class PutOff(Exception):
    """This mail cannot leave now; the message says why."""


class Silent(PutOff):
    """The server hung up, or did not answer in time."""


class Refused(Exception):
    """This mail will never leave as it is; the message says why."""


class Unreachable(Exception):
    """No mail leaves by this server now; the message says why, and what to do."""


@dataclass(frozen=True)
class Way:
    """A server and how to log in: by its password, or by a bearer's token (XOAUTH2)."""

    server: MailServer
    bearer: str = ""


class Line:
    """A connection to a server, opened at the first mail and again when it was lost."""

    def __init__(self, way: Way, *, timeout: float = TIMEOUT) -> None:
        self.way, self.timeout = way, timeout
        self._smtp: smtplib.SMTP | None = None
        self._sent = 0

    def send(self, sender: str, recipients: Sequence[str], content: bytes) -> dict[str, str]:
        """Send a mail; the addresses that were refused, with the server's words ("550 5.1.1 No such user").

        Raises PutOff (Silent), Refused or Unreachable.
        """
        smtp = self._ready()
        international = [] if all(one.isascii() for one in (sender, *recipients)) else ["SMTPUTF8"]
        if international and not smtp.has_extn("smtputf8"):
            raise Refused("553 5.6.7 SMTPUTF8")
        try:
            said = smtp.sendmail(sender, list(recipients), content, mail_options=international)
        except smtplib.SMTPRecipientsRefused as error:
            said = error.recipients
        except smtplib.SMTPResponseException as error:
            text = _words(error.smtp_code, error.smtp_error)
            raise (Refused if 500 <= error.smtp_code < 600 else PutOff)(text)
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            raise Silent(problem_of(error, self.way.server))
        self._sent += 1
        return {address: _words(*answer) for address, answer in said.items()}

    def _ready(self) -> smtplib.SMTP:
        """A connection that answers and is logged in."""
        if self._smtp is not None and (self._sent >= MOST_MAILS or not self._alive()):
            self.close()
        if self._smtp is None:
            self._smtp, self._sent = self._opened(), 0
        return self._smtp

    def _alive(self) -> bool:
        try:
            return self._smtp is not None and self._smtp.sock is not None and self._smtp.noop()[0] == 250
        except (OSError, smtplib.SMTPException):
            return False

    def _opened(self) -> smtplib.SMTP:
        server = self.way.server
        smtp: smtplib.SMTP | None = None
        try:
            smtp = open_connection(server, timeout=self.timeout)
            if self.way.bearer:
                said = f"user={server.user}\1auth=Bearer {self.way.bearer}\1\1"
                smtp.ehlo_or_helo_if_needed()
                # The server tells what is wrong in a challenge, to which the answer is nothing.
                smtp.auth("XOAUTH2", lambda challenge=None: said if challenge is None else "")
            elif server.user:
                smtp.login(server.user, server.password)
            else:
                smtp.ehlo_or_helo_if_needed()
        except (OSError, smtplib.SMTPException) as error:
            if smtp is not None:
                smtp.close()
            raise Unreachable(problem_of(error, server))
        return smtp

    def close(self) -> None:
        """Hang up; politely when the server still listens."""
        smtp, self._smtp = self._smtp, None
        if smtp is None:
            return
        try:
            if smtp.sock is not None:
                smtp.sock.settimeout(2)
            smtp.quit()
        except (OSError, smtplib.SMTPException):
            smtp.close()


def _words(code: int, said: bytes | str) -> str:
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    return f"{code} {' '.join(text.split())}"[:300]
