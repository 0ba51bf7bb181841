"""The ticket and what sorts it; its messages are in ``messages.py``, what happened to it in ``facts.py``.

A ticket belongs to the organisation of whoever asks. Teams, categories and services may be those of an
organisation above: a provider sets them up once for its clients.
"""

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from etabli.kernel.tenancy import Catalogue, Noun, OrganisationModel, UpwardKey
from etabli.kernel.text import Plain

from .clocks.policies import Clock
from .priority import Criticality, Impact, Urgency
from .states import OVER, State, Waiting

PREFIX = "ETB"
OPEN = Q(state__in=[state.value for state in State if state not in OVER])


class Category(Catalogue):
    """What requests are about, on two levels; its team receives them."""

    name = models.CharField(gettext_lazy("name"), max_length=80)
    parent = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="children",
        verbose_name=gettext_lazy("part of"),
    )
    team = models.ForeignKey(
        "people.Team",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=gettext_lazy("team in charge"),
    )
    archived = models.BooleanField(gettext_lazy("no longer offered"), default=False)

    class Meta:
        verbose_name, verbose_name_plural = gettext_lazy("category"), gettext_lazy("categories")
        constraints = [
            models.UniqueConstraint("organisation", "parent", Plain("name"), name="category_name_once"),
            models.UniqueConstraint(
                "organisation", Plain("name"), condition=Q(parent=None), name="category_top_name_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.parent.name} › {self.name}" if self.parent else self.name

    def clean(self) -> None:
        """Two levels: a tree that is deeper is one where nobody finds anything."""
        if self.parent is None:
            return
        if self.parent.parent_id or self.parent_id == self.pk:
            raise ValidationError({"parent": _("Categories have two levels: choose one of the first level.")})
        if self.pk and self.children.exists():
            raise ValidationError({"parent": _("It has categories under it: it stays on the first level.")})


class Service(Catalogue):
    """What people use, whatever it runs on (ITIL business service): messaging, the network of a site."""

    name = models.CharField(gettext_lazy("name"), max_length=80)
    criticality = models.PositiveSmallIntegerField(
        gettext_lazy("criticality"), choices=Criticality, default=Criticality.NORMAL
    )
    team = models.ForeignKey(
        "people.Team",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=gettext_lazy("team in charge"),
    )
    level = models.ForeignKey(
        "support.ServiceLevel",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="services",
        verbose_name=gettext_lazy("service level"),
        help_text=gettext_lazy("Empty: the default service level."),
    )
    description = models.TextField(gettext_lazy("description"), blank=True)

    class Meta:
        verbose_name, verbose_name_plural = gettext_lazy("service"), gettext_lazy("services")
        constraints = [models.UniqueConstraint("organisation", Plain("name"), name="service_name_once")]

    def __str__(self) -> str:
        return self.name


class Ticket(Noun):
    """What somebody asks for, from its arrival to its solution. Its number is that of its row."""

    class Kind(models.TextChoices):
        INCIDENT = "incident", gettext_lazy("incident")
        REQUEST = "request", gettext_lazy("service request")
        PROBLEM = "problem", gettext_lazy("problem")
        CHANGE = "change", gettext_lazy("change request")
        MAJOR = "major", gettext_lazy("major incident")

    class Channel(models.TextChoices):
        MAIL = "mail", gettext_lazy("e-mail")
        PHONE = "phone", gettext_lazy("telephone")
        PORTAL = "portal", gettext_lazy("portal")
        COUNTER = "counter", gettext_lazy("counter")
        MONITORING = "monitoring", gettext_lazy("monitoring")
        API = "api", "API"

    title = models.CharField(gettext_lazy("subject"), max_length=200)
    kind = models.CharField(
        pgettext_lazy("ticket", "type"), max_length=10, choices=Kind, default=Kind.INCIDENT
    )
    channel = models.CharField(
        gettext_lazy("received by"), max_length=12, choices=Channel, default=Channel.PHONE
    )
    state = models.CharField(
        gettext_lazy("state"), max_length=12, choices=State, default=State.NEW, editable=False
    )
    state_since = models.DateTimeField(gettext_lazy("since"), default=timezone.now, editable=False)
    waiting = models.CharField(
        gettext_lazy("waits for"), max_length=10, choices=Waiting, blank=True, editable=False
    )
    visit_at = models.DateTimeField(gettext_lazy("visit planned on"), null=True, blank=True, editable=False)
    requester = models.ForeignKey(
        "people.Person",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="tickets",
        verbose_name=gettext_lazy("requester"),
    )
    contact_name = models.CharField(gettext_lazy("name of the caller"), max_length=120, blank=True)
    contact_email = models.EmailField(gettext_lazy("e-mail of the caller"), blank=True)
    contact_phone = models.CharField(gettext_lazy("telephone of the caller"), max_length=30, blank=True)
    category = UpwardKey(
        Category,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="tickets",
        verbose_name=gettext_lazy("category"),
    )
    service = UpwardKey(
        Service,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="tickets",
        verbose_name=gettext_lazy("service"),
    )
    team = UpwardKey(
        "people.Team",
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="tickets",
        verbose_name=gettext_lazy("team"),
    )
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="assigned_tickets",
        verbose_name=gettext_lazy("assigned to"),
    )
    level = UpwardKey(
        "support.ServiceLevel",
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="tickets",
        verbose_name=gettext_lazy("service level"),
    )
    mailbox = UpwardKey(
        "support.Mailbox",
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=gettext_lazy("mailbox"),
    )
    impact = models.PositiveSmallIntegerField(gettext_lazy("impact"), choices=Impact, default=Impact.PERSON)
    urgency = models.PositiveSmallIntegerField(
        gettext_lazy("urgency"), choices=Urgency, default=Urgency.NORMAL
    )
    priority = models.PositiveSmallIntegerField(gettext_lazy("priority"), default=4, editable=False)
    priority_why = models.JSONField(default=dict, editable=False)
    opened_at = models.DateTimeField(gettext_lazy("opened on"), default=timezone.now, editable=False)
    answered_at = models.DateTimeField(
        gettext_lazy("first answered on"), null=True, blank=True, editable=False
    )
    solved_at = models.DateTimeField(gettext_lazy("solved on"), null=True, blank=True, editable=False)
    closed_at = models.DateTimeField(gettext_lazy("closed on"), null=True, blank=True, editable=False)
    solution = models.TextField(gettext_lazy("solution"), blank=True, editable=False)
    due_at = models.DateTimeField(gettext_lazy("next deadline"), null=True, blank=True, editable=False)
    due_clock = models.CharField(
        gettext_lazy("what is due"), max_length=12, choices=Clock, blank=True, editable=False
    )
    active_at = models.DateTimeField(gettext_lazy("last activity"), default=timezone.now, editable=False)
    owed = models.BooleanField(gettext_lazy("an answer is awaited"), default=True, editable=False)
    # Who wrote first what an agent forwarded, as "Name <address>": offered as the requester in one click.
    original_sender = models.CharField(
        gettext_lazy("original sender"), max_length=320, blank=True, editable=False
    )
    merged_into = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, editable=False, related_name="merged"
    )

    class Meta:
        verbose_name, verbose_name_plural = gettext_lazy("ticket"), gettext_lazy("tickets")
        constraints = [
            models.CheckConstraint(
                condition=~Q(state=State.WAITING) | ~Q(waiting=""), name="ticket_waits_for_something"
            ),
            models.CheckConstraint(condition=Q(priority__range=(1, 5)), name="ticket_priority"),
        ]
        indexes = [
            models.Index(F("active_at").desc(), F("id").desc(), name="ticket_latest"),
            models.Index(fields=["priority", "due_at", "id"], condition=OPEN, name="ticket_open"),
            models.Index(fields=["due_at", "id"], condition=OPEN, name="ticket_due"),
            models.Index(fields=["assignee", "state", "id"], name="ticket_assignee"),
            models.Index(fields=["team", "state", "id"], name="ticket_team"),
            models.Index(fields=["requester", "opened_at"], name="ticket_requester"),
            models.Index(fields=["category", "opened_at"], name="ticket_category"),
            models.Index(fields=["organisation", "state", "id"], name="ticket_state"),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.title}"

    @property
    def reference(self) -> str:
        """What people quote: ``ETB-000123``."""
        return f"{PREFIX}-{self.pk or 0:06d}"

    @property
    def over(self) -> bool:
        return self.state in OVER

    @property
    def caller(self) -> str:
        """Who asks, by name: a person, or what is known of somebody unknown."""
        return str(self.requester) if self.requester else self.contact_name or self.contact_email

    @property
    def caller_email(self) -> str:
        return (self.requester.email if self.requester else "") or self.contact_email


class TicketAsset(OrganisationModel):
    """An asset that a ticket is about."""

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="assets")
    asset = models.ForeignKey("assets.Asset", models.CASCADE, related_name="tickets")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ticket", "asset"], name="ticket_asset_once")]
        indexes = [models.Index(fields=["asset", "at"], name="ticket_of_asset")]

    def __str__(self) -> str:
        return f"{self.ticket.reference} · {self.asset}"


class Watcher(OrganisationModel):
    """Somebody who follows a ticket: an account is notified, an address gets the answers in copy."""

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="watchers")
    account = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="+")
    person = models.ForeignKey("people.Person", models.CASCADE, null=True, related_name="+")
    email = models.EmailField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["ticket", "account"], condition=~Q(account=None), name="watcher_account_once"
            ),
            models.UniqueConstraint(
                F("ticket"),
                models.functions.Lower("email"),
                condition=~Q(email=""),
                name="watcher_email_once",
            ),
            models.CheckConstraint(
                condition=Q(account__isnull=False) | ~Q(email=""), name="watcher_is_somebody"
            ),
        ]

    def __str__(self) -> str:
        return str(self.account or self.person or self.email)


class TicketLink(OrganisationModel):
    """What a ticket is to another one, perhaps of an organisation above: its child, its duplicate…"""

    class Relation(models.TextChoices):
        CHILD = "child", gettext_lazy("child of")
        CAUSED = "caused", gettext_lazy("caused by")
        DUPLICATE = "duplicate", gettext_lazy("duplicate of")
        BLOCKED = "blocked", gettext_lazy("blocked by")
        RELATED = "related", gettext_lazy("related to")

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="links")
    relation = models.CharField(max_length=10, choices=Relation)
    other = UpwardKey(Ticket, models.CASCADE, related_name="linked")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ticket", "relation", "other"], name="ticket_link_once"),
            models.CheckConstraint(condition=~Q(ticket=F("other")), name="ticket_link_to_another"),
        ]

    def __str__(self) -> str:
        return f"{self.ticket.reference} {self.get_relation_display()} {self.other_id}"


def told_of(ticket: Ticket) -> dict[str, Any]:
    """What events tell of a ticket beside its label."""
    return {"ticket": ticket.pk, "priority": ticket.priority, "kind": ticket.kind}
