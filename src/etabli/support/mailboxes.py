"""A mailbox of the desk: where requests come in and answers leave, and how well it does."""

from datetime import timedelta

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy, pgettext_lazy

from etabli.kernel.mail import NONE, SECURITIES, STARTTLS, TLS
from etabli.kernel.secrets import EncryptedTextField
from etabli.kernel.tenancy import Noun, OrganisationModel

from .tickets import Ticket

PORTS = [MinValueValidator(1), MaxValueValidator(65535)]
IMAP_SECURITIES = [
    (TLS, gettext_lazy("TLS (port 993)")),
    (STARTTLS, gettext_lazy("STARTTLS (port 143)")),
    (NONE, gettext_lazy("none: on a trusted network only")),
]
SILENCE = timedelta(minutes=15)
"""A mailbox that was not read for so long, or fails for so long, is in trouble."""


class Mailbox(Noun):
    """An address read by IMAP and answered from by SMTP. It serves its organisation and those under it."""

    class Login(models.TextChoices):
        PASSWORD = "password", gettext_lazy("password")
        XOAUTH2 = "xoauth2", gettext_lazy("OAuth 2 (Microsoft 365, Google)")

    name = models.CharField(gettext_lazy("name"), max_length=80)
    address = models.EmailField(gettext_lazy("e-mail address"))
    enabled = models.BooleanField(gettext_lazy("in use"), default=True)
    imap_host = models.CharField(gettext_lazy("incoming server (IMAP)"), max_length=200)
    imap_port = models.PositiveIntegerField(gettext_lazy("IMAP port"), default=993, validators=PORTS)
    imap_security = models.CharField(
        gettext_lazy("IMAP encryption"), max_length=10, choices=IMAP_SECURITIES, default=TLS
    )
    smtp_host = models.CharField(
        gettext_lazy("outgoing server (SMTP)"),
        max_length=200,
        blank=True,
        help_text=gettext_lazy("Empty: the mail server of the settings."),
    )
    smtp_port = models.PositiveIntegerField(gettext_lazy("SMTP port"), default=587, validators=PORTS)
    smtp_security = models.CharField(
        gettext_lazy("SMTP encryption"), max_length=10, choices=SECURITIES, default=STARTTLS
    )
    login = models.CharField(
        gettext_lazy("logs in with"), max_length=10, choices=Login, default=Login.PASSWORD
    )
    user = models.CharField(gettext_lazy("user name"), max_length=200)
    password = EncryptedTextField(gettext_lazy("password"), blank=True, default="")
    token_url = models.URLField(gettext_lazy("address that gives tokens"), max_length=300, blank=True)
    client_id = models.CharField(gettext_lazy("client identifier"), max_length=200, blank=True)
    client_secret = EncryptedTextField(gettext_lazy("client secret"), blank=True, default="")
    refresh_token = EncryptedTextField(gettext_lazy("refresh token"), blank=True, default="")
    access_token = EncryptedTextField(blank=True, default="", editable=False)
    token_expires_at = models.DateTimeField(
        gettext_lazy("token valid until"), null=True, blank=True, editable=False
    )
    folder = models.CharField(gettext_lazy("folder read"), max_length=120, default="INBOX")
    done_folder = models.CharField(
        gettext_lazy("folder of what is read"),
        max_length=120,
        blank=True,
        help_text=gettext_lazy("Empty: what is read stays where it is, marked as read."),
    )
    since = models.DateField(
        gettext_lazy("read from"),
        default=timezone.localdate,
        help_text=gettext_lazy("What arrived before this day stays untouched: a mailbox has a past."),
    )
    team = models.ForeignKey(
        "people.Team",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=gettext_lazy("team in charge"),
    )
    kind = models.CharField(
        gettext_lazy("opens"), max_length=10, choices=Ticket.Kind, default=Ticket.Kind.INCIDENT
    )
    acknowledges = models.BooleanField(gettext_lazy("acknowledges receipt"), default=True)
    signature = models.TextField(gettext_lazy("signature"), blank=True)
    # Its health, written by the worker that reads it.
    uid_validity = models.BigIntegerField(null=True, editable=False)
    tried_at = models.DateTimeField(gettext_lazy("last tried"), null=True, blank=True, editable=False)
    read_at = models.DateTimeField(gettext_lazy("last read"), null=True, blank=True, editable=False)
    failing_since = models.DateTimeField(gettext_lazy("failing since"), null=True, blank=True, editable=False)
    problem = models.TextField(gettext_lazy("what is wrong"), blank=True, editable=False)
    oldest_unread_at = models.DateTimeField(
        gettext_lazy("oldest unread mail"), null=True, blank=True, editable=False
    )
    alerted_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = gettext_lazy("mailbox"), gettext_lazy("mailboxes")
        constraints = [
            models.UniqueConstraint(
                models.functions.Lower("address"), "organisation", name="mailbox_address_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} <{self.address}>"

    def in_trouble(self) -> bool:
        """Whether it fails, or nobody has read it, for too long: then somebody is told."""
        if not self.enabled:
            return False
        limit = timezone.now() - SILENCE
        silent = max(self.read_at or self.updated_at, self.updated_at) < limit
        return silent or bool(self.failing_since and self.failing_since < limit)


class ReceivedMail(OrganisationModel):
    """A mail as it came, stored before anything else is done with it; then what became of it.

    A mail is known by its bytes, so that reading a folder again, even one whose server renumbered it or gives
    a number twice, changes nothing. Its place (UIDVALIDITY, UID: RFC 3501 §2.3.1.1) is where it was last
    seen. ``identity`` tells a mail from another whatever road it took: same Message-ID, same words.
    """

    class Fate(models.TextChoices):
        STORED = "stored", gettext_lazy("to be sorted")
        OPENED = "opened", gettext_lazy("opened a ticket")
        ADDED = "added", gettext_lazy("added to a ticket")
        BOUNCE = "bounce", gettext_lazy("tells that a mail did not arrive")
        IGNORED = "ignored", gettext_lazy("set aside")

    mailbox = models.ForeignKey(Mailbox, models.CASCADE, related_name="received")
    uid_validity = models.BigIntegerField()
    uid = models.BigIntegerField()
    file = models.ForeignKey("kernel.File", models.PROTECT, related_name="+")
    sha256 = models.CharField(max_length=64)
    received_at = models.DateTimeField(gettext_lazy("received on"))
    stored_at = models.DateTimeField(auto_now_add=True)
    fate = models.CharField(
        gettext_lazy("what became of it"), max_length=8, choices=Fate, default=Fate.STORED
    )
    kind = models.CharField(gettext_lazy("read as"), max_length=12, blank=True)
    sender = models.CharField(gettext_lazy("sender"), max_length=320, blank=True)
    subject = models.CharField(pgettext_lazy("mail", "subject"), max_length=300, blank=True)
    identity = models.CharField(max_length=64, blank=True)
    why = models.JSONField(default=list)  # sentences, as the database keeps them
    attempts = models.PositiveSmallIntegerField(default=0)
    # The ticket may be of an organisation under the mailbox's: its number, that no key can hold.
    ticket_id = models.BigIntegerField(null=True)
    message_id = models.BigIntegerField(null=True)
    moved = models.BooleanField(default=False)

    class Meta:
        verbose_name, verbose_name_plural = gettext_lazy("received mail"), gettext_lazy("received mails")
        constraints = [
            models.UniqueConstraint(fields=["mailbox", "sha256"], name="received_bytes_once"),
        ]
        indexes = [
            models.Index(fields=["mailbox", "uid_validity", "uid"], name="received_place"),
            models.Index(fields=["identity"], name="received_identity"),
            models.Index(fields=["mailbox", "id"], condition=Q(fate="stored"), name="received_to_sort"),
            models.Index(
                fields=["ticket_id", "id"], condition=Q(ticket_id__isnull=False), name="received_of_ticket"
            ),
        ]

    def __str__(self) -> str:
        return self.subject or f"{self.mailbox.address} {self.uid}"


class KnownMail(OrganisationModel):
    """A Message-ID seen on a ticket, ours or anybody's, by its digest: an answer to it belongs there."""

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="known_mails")
    digest = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["digest", "ticket"], name="known_mail_once")]

    def __str__(self) -> str:
        return self.digest
