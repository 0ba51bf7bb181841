"""What leaves by mail: each message waits here until a server took it, so that nothing is lost in between."""

import secrets
from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy

from etabli.kernel.tenancy import OrganisationModel, UpwardKey

from .messages import Message

UNDO = timedelta(seconds=10)
"""How long an answer may be taken back before it leaves."""


class OutgoingMail(OrganisationModel):
    """A mail about a ticket. ``serial`` makes its signed Message-ID, the same at each try."""

    class State(models.TextChoices):
        QUEUED = "queued", gettext_lazy("to be sent")
        SENDING = "sending", gettext_lazy("being sent")
        SENT = "sent", gettext_lazy("sent")
        DEFERRED = "deferred", gettext_lazy("put off by the server")
        FAILED = "failed", gettext_lazy("refused")
        BOUNCED = "bounced", gettext_lazy("returned")
        CANCELLED = "cancelled", gettext_lazy("taken back")

    class Kind(models.TextChoices):
        REPLY = "reply", gettext_lazy("reply")
        RECEIPT = "receipt", gettext_lazy("acknowledgement of receipt")
        SURVEY = "survey", gettext_lazy("satisfaction question")

    message = models.ForeignKey(Message, models.CASCADE, null=True, related_name="mails")
    ticket = models.ForeignKey("support.Ticket", models.CASCADE, related_name="mails")
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.REPLY)
    mailbox = UpwardKey("support.Mailbox", models.SET_NULL, null=True, related_name="+")
    to = models.JSONField(default=list)
    cc = models.JSONField(default=list)
    subject = models.CharField(max_length=300)
    text = models.TextField(blank=True)
    serial = models.CharField(max_length=40, unique=True)
    state = models.CharField(gettext_lazy("state"), max_length=9, choices=State, default=State.QUEUED)
    send_at = models.DateTimeField(gettext_lazy("leaves on"), default=timezone.now)
    tries = models.PositiveSmallIntegerField(default=0)
    problem = models.TextField(blank=True)
    sent_at = models.DateTimeField(gettext_lazy("sent on"), null=True)
    refused = models.JSONField(default=dict)  # address → why, for those that did not receive it

    class Meta:
        verbose_name, verbose_name_plural = gettext_lazy("outgoing mail"), gettext_lazy("outgoing mails")
        indexes = [
            models.Index(
                fields=["send_at", "id"],
                condition=Q(state__in=["queued", "deferred", "sending"]),
                name="outgoing_due",
            ),
            models.Index(fields=["ticket", "id"], name="outgoing_of_ticket"),
            models.Index(fields=["send_at"], condition=Q(kind="receipt"), name="outgoing_receipts"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} → {', '.join(self.to)}"


def queue(message: Message, *, send_at: datetime | None = None) -> OutgoingMail:
    """Put an answer in the outbox, to leave in some seconds or when it is said."""

    ticket = message.ticket
    return OutgoingMail.objects.create(
        organisation_id=ticket.organisation_id,
        message=message,
        ticket=ticket,
        mailbox_id=ticket.mailbox_id,
        to=message.sent_to["to"],
        cc=message.sent_to.get("cc", []),
        subject=subject_of(ticket.title, ticket.reference),
        serial=secrets.token_hex(10),
        send_at=send_at or timezone.now() + UNDO,
    )


def subject_of(title: str, reference: str) -> str:
    """The subject of a mail about a ticket, which keeps the user's words and says the number once."""
    return f"[{reference}] {title}"[:300]
