"""Where inventories come from and what was received; what is inside a machine lives with the assets."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from etabli.assets.models import Asset
from etabli.kernel.secrets import EncryptedTextField
from etabli.kernel.sentences import SentenceField
from etabli.kernel.tenancy import Noun, OrganisationModel
from etabli.people.models import Site


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
    client_id = models.CharField(_("OAuth2 client"), max_length=40, unique=True, editable=False)
    expires_at = models.DateTimeField(_("expires on"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked on"), null=True, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = _("enrolment key"), _("enrolment keys")

    def __str__(self) -> str:
        return self.name


class AccessToken(models.Model):
    """An OAuth2 access token of an enrolment; only its SHA-256 is kept."""

    enrolment_id = models.BigIntegerField()
    hash = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"enrolment {self.enrolment_id}"


class Agent(OrganisationModel):
    """A program that reports for a machine. Reinstalling it gives a new agent; the asset stays the same."""

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

    class Meta:
        verbose_name, verbose_name_plural = _("agent"), _("agents")
        constraints = [
            models.UniqueConstraint(fields=["organisation", "deviceid"], name="agent_device_once"),
        ]
        indexes = [
            models.Index(fields=["organisation", "uuid"], name="agent_uuid"),
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
    source = models.CharField(_("from"), max_length=120, blank=True)
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
