"""Outgoing e-mail through the server named in the settings, which are read at each sending."""

import smtplib
import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.smtp import EmailBackend
from django.core.validators import validate_email
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from . import preferences
from .jobs import job
from .tenancy import scope

TIMEOUT = 20
NONE, STARTTLS, TLS = "none", "starttls", "tls"
MAIL = gettext_lazy("E-mail")
SECURITIES = [
    (STARTTLS, gettext_lazy("STARTTLS (port 587)")),
    (TLS, gettext_lazy("TLS (port 465)")),
    (NONE, gettext_lazy("none: on a trusted network only")),
]

preferences.declare(
    "mail.host",
    kind=str,
    default="",
    section=MAIL,
    label=gettext_lazy("Mail server (SMTP)"),
    help=gettext_lazy("Empty: no e-mail is sent."),
)
preferences.declare(
    "mail.port", kind=int, default=587, least=1, most=65535, section=MAIL, label=gettext_lazy("Port")
)
preferences.declare(
    "mail.security",
    kind=str,
    default=STARTTLS,
    choices=SECURITIES,
    section=MAIL,
    label=gettext_lazy("Encryption"),
)
preferences.declare("mail.user", kind=str, default="", section=MAIL, label=gettext_lazy("User name"))
preferences.declare(
    "mail.password", kind=str, default="", secret=True, section=MAIL, label=gettext_lazy("Password")
)
preferences.declare(
    "mail.from",
    kind=str,
    default="",
    per_organisation=True,
    section=MAIL,
    label=gettext_lazy("Sender"),
    help=gettext_lazy("Such as: Support <support@example.com>"),
)


class MailNotConfigured(RuntimeError):
    """No mail server is set; the message says where to set it."""


@dataclass(frozen=True)
class MailServer:
    """An SMTP server and its login; ``sender`` is the From of our messages, possibly with a name.

    ``token`` is given in place of the password (XOAUTH2).
    """

    host: str
    port: int = 587
    security: str = STARTTLS
    user: str = ""
    password: str = ""
    sender: str = ""
    token: str = ""


def configured(organisation: int | None = None) -> MailServer:
    """The server of the settings, with the organisation's own sender. Its host is empty when none was set."""
    get = preferences.get
    return MailServer(
        host=get("mail.host"),
        port=get("mail.port"),
        security=get("mail.security"),
        user=get("mail.user"),
        password=get("mail.password"),
        sender=get("mail.from", organisation) or settings.DEFAULT_FROM_EMAIL,
    )


class Backend(BaseEmailBackend):
    """Django's way out: every e-mail, those of logins included, goes through the server of the settings."""

    def __init__(self, *, alias: str | None = None, **_ignored: Any) -> None:
        super().__init__(alias=alias or "default")

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Send; returns how many left. Raises :class:`MailNotConfigured`, OSError or SMTPException."""
        server = configured()
        if not server.host:
            raise MailNotConfigured(
                _("No e-mail can be sent: no mail server is set. Set it in Settings → E-mail.")
            )
        for message in email_messages:
            if message.from_email == settings.DEFAULT_FROM_EMAIL:
                message.from_email = server.sender
        return _smtp(server).send_messages(email_messages) or 0


def send(to: Sequence[str], subject: str, text: str, html: str | None = None, *, organisation: int) -> None:
    """Queue one e-mail in the caller's transaction; the worker tries again while sending fails."""
    with scope(organisation):
        send_mail.enqueue(to=list(to), subject=subject, text=text, html=html, organisation=organisation)


@job(queue="mail")
def send_mail(to: list[str], subject: str, text: str, html: str | None, organisation: int) -> None:
    """Send a queued e-mail."""
    send_now(to, subject, text, html, organisation=organisation)


def send_now(
    to: Sequence[str],
    subject: str,
    text: str,
    html: str | None = None,
    *,
    organisation: int | None,
    headers: Mapping[str, str] | None = None,
) -> None:
    """Send one e-mail before returning, from the organisation's sender; raises what the backend raises."""
    message = EmailMultiAlternatives(
        " ".join(subject.split()),
        text,
        configured(organisation).sender,
        list(to),
        headers={"Auto-Submitted": "auto-generated", **(headers or {})},
    )
    if html:
        message.attach_alternative(html, "text/html")
    message.send()


def test_connection(server: MailServer) -> str:
    """Try a server without sending anything; what is wrong in a sentence, or an empty string."""
    if not server.host:
        return _("Give the name of the mail server.")
    smtp: smtplib.SMTP | None = None
    try:
        smtp = open_connection(server)
        if server.user:
            _log_in(smtp, server)
        return _sender_problem(smtp, server)
    except (OSError, smtplib.SMTPException) as error:
        return problem_of(error, server)
    finally:
        if smtp is not None:
            smtp.close()


def open_connection(server: MailServer, *, timeout: float = TIMEOUT) -> smtplib.SMTP:
    """A connection to a server, encrypted as it asks, before any login; ``timeout`` is that of each answer,
    in seconds. Raises OSError or SMTPException, which :func:`problem_of` tells in a sentence.
    """
    if server.security == TLS:
        return smtplib.SMTP_SSL(
            server.host, server.port, timeout=timeout, context=ssl.create_default_context()
        )
    smtp = smtplib.SMTP(server.host, server.port, timeout=timeout)
    if server.security == STARTTLS:
        try:
            smtp.starttls(context=ssl.create_default_context())
        except (OSError, smtplib.SMTPException):
            smtp.close()
            raise
    return smtp


def _log_in(smtp: smtplib.SMTP, server: MailServer) -> None:
    if not server.token:
        smtp.login(server.user, server.password)
        return
    smtp.ehlo_or_helo_if_needed()
    said = f"user={server.user}\1auth=Bearer {server.token}\1\1"
    # A refusal comes as a question (334) that an empty answer ends.
    smtp.auth("XOAUTH2", lambda challenge=None: said if challenge is None else "")


def _sender_problem(smtp: smtplib.SMTP, server: MailServer) -> str:
    """Announce the sender as a message would, then take it back."""
    from email.utils import parseaddr

    address = parseaddr(server.sender)[1]
    try:
        validate_email(address)
    except ValidationError:
        return _("The sender “%(sender)s” is not an e-mail address.") % {"sender": server.sender}
    smtp.ehlo_or_helo_if_needed()
    code, said = smtp.mail(address)
    smtp.rset()
    if code == 250:
        return ""
    return _("The server refuses the sender %(sender)s: %(said)s") % {
        "sender": address,
        "said": said.decode(errors="replace"),
    }


def problem_of(error: Exception, server: MailServer) -> str:
    """What went wrong with a server, in a sentence that says what to do."""
    if isinstance(error.__context__, TimeoutError):  # smtplib tells a time-out as a disconnection.
        error = error.__context__
    names = {"host": server.host, "port": server.port, "user": server.user, "said": _said(error)}
    # The order matters: the first class an error belongs to gives the sentence.
    sentences: list[tuple[type[Exception], str]] = [
        (socket.gaierror, _("The name %(host)s was not found: check its spelling and this server's DNS.")),
        (ssl.SSLCertVerificationError, _("The certificate of %(host)s is not valid for it: %(said)s")),
        (
            ssl.SSLError,
            _("%(host)s does not speak TLS on port %(port)s: choose another encryption or port (%(said)s)."),
        ),
        (
            ConnectionRefusedError,
            _("%(host)s refuses connections on port %(port)s: check the port and the firewall."),
        ),
        (
            TimeoutError,
            _("%(host)s did not answer on port %(port)s: check the port, the encryption and the firewall."),
        ),
        (smtplib.SMTPAuthenticationError, _("The server refuses the login of “%(user)s”: %(said)s")),
        (
            smtplib.SMTPNotSupportedError,
            _("The server does not offer what is asked (encryption or login): %(said)s"),
        ),
        (
            smtplib.SMTPServerDisconnected,
            _("%(host)s hung up: check the port and the encryption (%(said)s)."),
        ),
    ]
    otherwise = _("%(host)s answered with an error: %(said)s")
    return next((s for kind, s in sentences if isinstance(error, kind)), otherwise) % names


def _said(error: Exception) -> str:
    said = getattr(error, "smtp_error", None) or getattr(error, "verify_message", None) or str(error)
    return said.decode(errors="replace") if isinstance(said, bytes) else str(said)


def _smtp(server: MailServer) -> EmailBackend:
    return EmailBackend(
        alias="etabli",
        host=server.host,
        port=server.port,
        username=server.user,
        password=server.password,
        use_tls=server.security == STARTTLS,
        use_ssl=server.security == TLS,
        timeout=TIMEOUT,
    )
