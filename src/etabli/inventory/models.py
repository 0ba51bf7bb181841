"""Where inventories come from and what was received; what is inside a machine lives with the assets."""

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from etabli.assets.models import Asset
from etabli.kernel.secrets import EncryptedTextField
from etabli.kernel.sentences import SentenceField
from etabli.kernel.tenancy import Noun, OrganisationModel
from etabli.people.models import Site

CADENCE = [MinValueValidator(1), MaxValueValidator(720)]
PORT = [MinValueValidator(1), MaxValueValidator(65535)]


class Enrolment(Noun):
    """The right to send inventories into an organisation: a key in the address, or OAuth2 client credentials.

    Only digests are searched; the key itself is kept encrypted so that the page can give the line to
    paste again.
    """

    door = True
    name = models.CharField(_("name"), max_length=80)
    site = models.ForeignKey(
        Site, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("site")
    )
    key = EncryptedTextField(editable=False)
    key_hash = models.CharField(max_length=64, unique=True, editable=False)
    previous_hash = models.CharField(max_length=64, blank=True, db_index=True, editable=False)
    previous_until = models.DateTimeField(null=True, editable=False)
    cadence_hours = models.PositiveSmallIntegerField(
        _("hours between two inventories"),
        null=True,
        blank=True,
        validators=CADENCE,
        help_text=_("For the machines of this key; empty: as the organisation says."),
    )
    client_id = models.CharField(_("OAuth2 client"), max_length=40, unique=True, editable=False)
    expires_at = models.DateTimeField(_("expires on"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked on"), null=True, editable=False)
    mark = ""  # of the key by which this row was found (see `enrolments.mark_of`); not kept

    class Meta:
        verbose_name, verbose_name_plural = _("enrolment key"), _("enrolment keys")

    def __str__(self) -> str:
        return self.name


class AccessToken(models.Model):
    """An OAuth2 access token of an enrolment; only its SHA-256 is kept."""

    enrolment_id = models.BigIntegerField()
    key_mark = models.CharField(max_length=12, blank=True)
    hash = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"enrolment {self.enrolment_id}"


class Agent(OrganisationModel):
    """A program that reports for a machine. Reinstalling it gives a new agent; the asset stays the same.

    ``contacts``: the last ones, the latest first, each as "seconds since 1970, kind, address".
    ``key_mark`` is the beginning of the digest of the key it last used. ``doubt`` is what the daily look at
    the agents found wrong with it, ``doubt_reason`` the sentence.
    """

    class Doubt(models.TextChoices):
        REPLACED = "replaced", _("replaced")
        DUPLICATED = "duplicated", _("two agents for one asset")
        TWO_ADDRESSES = "addresses", _("two addresses in turn")
        TWO_MACHINES = "machines", _("two machines in turn")

    enrolment = models.ForeignKey(
        Enrolment, models.SET_NULL, null=True, related_name="agents", verbose_name=_("enrolment key")
    )
    asset = models.ForeignKey(
        Asset, models.SET_NULL, null=True, related_name="agents", verbose_name=_("asset")
    )
    uuid = models.CharField(_("agent id"), max_length=40, blank=True)
    deviceid = models.CharField(_("device id"), max_length=255)
    name = models.CharField(_("program"), max_length=60, blank=True)
    version = models.CharField(_("version"), max_length=60, blank=True)
    user_agent = models.CharField(_("signature"), max_length=200, blank=True)
    tag = models.CharField(_("tag"), max_length=120, blank=True)
    tasks = ArrayField(models.CharField(max_length=40), default=list, verbose_name=_("tasks"))
    address = models.GenericIPAddressField(_("address"), null=True)
    proxies = models.CharField(_("through"), max_length=300, blank=True)
    first_seen_at = models.DateTimeField(_("first contact"), auto_now_add=True)
    seen_at = models.DateTimeField(_("last contact"))
    expected_at = models.DateTimeField(_("expected before"), null=True)
    inventoried_at = models.DateTimeField(_("last inventory"), null=True)
    cadence_hours = models.PositiveSmallIntegerField(
        _("hours between two inventories"), null=True, blank=True, validators=CADENCE
    )
    soon_at = models.DateTimeField(_("inventory asked on"), null=True)
    contacts = ArrayField(models.CharField(max_length=70), default=list, verbose_name=_("contacts"))
    key_mark = models.CharField(max_length=12, blank=True)
    silence_told_at = models.DateTimeField(null=True)
    doubt = models.CharField(_("doubt"), max_length=10, choices=Doubt, blank=True)
    doubt_reason = SentenceField(max_length=600, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("agent"), _("agents")
        constraints = [
            models.UniqueConstraint(fields=["organisation", "deviceid"], name="agent_device_once"),
        ]
        indexes = [
            models.Index(fields=["organisation", "uuid"], name="agent_uuid"),
            models.Index(fields=["organisation", "seen_at"], name="agent_silent"),
            models.Index(fields=["organisation", "name", "version"], name="agent_program"),
            models.Index(fields=["organisation"], condition=~models.Q(doubt=""), name="agent_doubt"),
            models.Index(models.F("seen_at").desc(), models.F("id").desc(), name="agent_latest"),
        ]

    def __str__(self) -> str:
        return self.deviceid


class Document(OrganisationModel):
    """An inventory as it was received: committed before the agent is answered, read by a job afterwards."""

    class State(models.TextChoices):
        RECEIVED = "received", _("waiting")
        READ = "read", _("read")
        FAILED = "failed", _("could not be read")

    class Decision(models.TextChoices):
        CREATED = "created", _("new asset")
        UPDATED = "updated", _("updated")
        UNCHANGED = "unchanged", _("unchanged")
        SUGGESTED = "suggested", _("to confirm")
        REFUSED = "refused", _("refused")

    agent = models.ForeignKey(
        Agent, models.CASCADE, null=True, related_name="documents", verbose_name=_("agent")
    )
    enrolment = models.ForeignKey(Enrolment, models.SET_NULL, null=True, related_name="+")
    asset = models.ForeignKey(
        Asset, models.SET_NULL, null=True, related_name="documents", verbose_name=_("asset")
    )
    received_at = models.DateTimeField(_("received on"))
    source = models.CharField(_("sent from"), max_length=120, blank=True)
    content = models.BinaryField()
    size = models.PositiveIntegerField(_("size (bytes)"), default=0)
    sha256 = models.CharField(_("SHA-256 digest"), max_length=64)
    headers = models.JSONField(default=dict)
    partial = models.BooleanField(_("partial"), default=False)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.RECEIVED)
    decision = models.CharField(_("decision"), max_length=10, choices=Decision, blank=True)
    reason = SentenceField(_("reason"), max_length=600, blank=True)
    warnings = models.JSONField(default=list)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    read_at = models.DateTimeField(null=True)
    took_ms = models.PositiveIntegerField(_("reading time (ms)"), null=True)
    began = 0.0  # when its reading began, on this process's clock; not kept

    class Meta:
        verbose_name, verbose_name_plural = _("inventory"), _("inventories")
        indexes = [
            models.Index(
                fields=["organisation", "id"], condition=models.Q(state="received"), name="document_waiting"
            ),
            models.Index(
                fields=["organisation", "-id"],
                condition=models.Q(decision__in=["suggested", "refused"]),
                name="document_to_look_at",
            ),
            models.Index(fields=["asset", "-id"], name="document_of_asset"),
            models.Index(fields=["agent", "-id"], name="document_of_agent"),
            models.Index(fields=["organisation", "-id"], name="document_latest"),
        ]

    def __str__(self) -> str:
        return f"{self.received_at:%Y-%m-%d %H:%M} · {self.source}"


class DatabaseCredential(Noun):
    """A login by which agents read the databases of their machine: they ask for it when they find one.

    It leaves the server over TLS only, to an agent of the organisation, and each time is an event.
    """

    class Engine(models.TextChoices):
        MYSQL = "mysql", "MySQL, MariaDB"
        POSTGRESQL = "postgresql", "PostgreSQL"
        ORACLE = "oracle", "Oracle"
        MSSQL = "mssql", "SQL Server"
        DB2 = "db2", "Db2"
        MONGODB = "mongodb", "MongoDB"

    name = models.CharField(_("name"), max_length=80)
    engine = models.CharField(_("for"), max_length=12, choices=Engine)
    enrolment = models.ForeignKey(
        Enrolment,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("enrolment key"),
        help_text=_("Only the machines of this key; empty: all those of the organisation."),
    )
    login = models.CharField(_("login"), max_length=120)
    password = EncryptedTextField(_("password"))
    host = models.CharField(_("address"), max_length=255, blank=True)
    port = models.PositiveIntegerField(_("port"), null=True, blank=True, validators=PORT)
    socket = models.CharField(_("socket"), max_length=255, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("database login"), _("database logins")
        constraints = [
            models.UniqueConstraint(fields=["organisation", "name"], name="database_credential_once")
        ]

    def __str__(self) -> str:
        return self.name


class SshTarget(Noun):
    """A Linux server inventoried without an agent: how to log in, and the host key it must show."""

    class Every(models.TextChoices):
        NEVER = "", _("only when asked")
        DAY = "day", _("each day")
        WEEK = "week", _("each week")

    class Result(models.TextChoices):
        DONE = "done", _("read")
        FAILED = "failed", _("failed")
        ASKED = "asked", _("host key to confirm")

    name = models.CharField(_("name"), max_length=120)
    host = models.CharField(_("address"), max_length=255, help_text=_("A name or an IP address."))
    port = models.PositiveIntegerField(_("port"), default=22, validators=PORT)
    login = models.CharField(_("login"), max_length=80)
    password = EncryptedTextField(
        _("password"), blank=True, default="", help_text=_("For the login, and for sudo when it asks.")
    )
    private_key = EncryptedTextField(
        _("private key"),
        blank=True,
        default="",
        help_text=_("In OpenSSH or PEM form, instead of a password."),
    )
    passphrase = EncryptedTextField(_("passphrase of the key"), blank=True, default="")
    sudo = models.BooleanField(
        _("with sudo"), default=False, help_text=_("Serial numbers and memory modules need it.")
    )
    every = models.CharField(_("schedule"), max_length=6, choices=Every, blank=True, default=Every.DAY)
    enrolment = models.ForeignKey(
        Enrolment,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("enrolment key"),
        help_text=_("The site of this key is given to a new asset."),
    )
    host_key = models.TextField(_("host key"), blank=True, editable=False)
    offered_key = models.TextField(blank=True, editable=False)
    agent = models.ForeignKey(
        Agent, models.SET_NULL, null=True, related_name="+", verbose_name=_("agent"), editable=False
    )
    result = models.CharField(_("last result"), max_length=6, choices=Result, blank=True, editable=False)
    reason = SentenceField(_("in words"), max_length=600, blank=True, editable=False)
    tried_at = models.DateTimeField(_("last attempt"), null=True, editable=False)
    read_at = models.DateTimeField(_("last inventory"), null=True, editable=False)
    next_at = models.DateTimeField(_("next attempt"), null=True, editable=False, db_index=True)

    class Meta:
        verbose_name, verbose_name_plural = _("server without an agent"), _("servers without an agent")
        constraints = [
            models.UniqueConstraint(fields=["organisation", "host", "port"], name="ssh_target_once")
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """There is a way to log in, and the private key can be read."""
        from . import ssh

        if not self.password and not self.private_key:
            raise ValidationError({"password": _("Enter a password or a private key.")})
        if self.private_key:
            try:
                ssh.private_key(self.private_key.unseal(), self.passphrase.unseal())
            except ssh.Trouble as trouble:
                raise ValidationError({"private_key": str(trouble)})


class Section(OrganisationModel):
    """A part of an asset's inventory, cleaned: the facts of our own columns come from it, the rest
    stays readable.
    """

    follows_inventory = True
    asset = models.ForeignKey(Asset, models.CASCADE, related_name="sections")
    name = models.CharField(max_length=40)
    digest = models.BinaryField()
    content = models.BinaryField()
    items = models.PositiveIntegerField(default=0)
    document = models.ForeignKey(Document, models.SET_NULL, null=True, related_name="+")
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["asset", "name"], name="section_once")]
        # The few machines that host virtual ones: a guest looks for its host when it arrives.
        indexes = [
            models.Index(
                fields=["organisation", "asset"],
                condition=models.Q(name="virtualmachines"),
                name="section_of_hosts",
            )
        ]

    def __str__(self) -> str:
        return self.name


class RuleOrder(Noun):
    """The rules that recognise the machines of an organisation, in its own order; those left out are not
    used.

    Without a row, the order of ``matching.SHIPPED``.
    """

    rules = ArrayField(models.CharField(max_length=20), verbose_name=_("rules"))

    class Meta:
        verbose_name, verbose_name_plural = _("recognition rules"), _("recognition rules")
        constraints = [models.UniqueConstraint(fields=["organisation"], name="rule_order_once")]

    def __str__(self) -> str:
        return " → ".join(self.rules)
