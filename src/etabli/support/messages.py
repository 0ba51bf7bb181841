"""What was said on a ticket: answers to the user, what the user wrote, notes that never leave the desk."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy

from etabli.kernel.tenancy import OrganisationModel

from .tickets import Ticket


class Message(OrganisationModel):
    """One message. ``text`` is whole; ``visible`` is what stays once quotations and signature are folded."""

    class Kind(models.TextChoices):
        ASKED = "asked", gettext_lazy("message of the user")
        REPLY = "reply", gettext_lazy("reply")
        NOTE = "note", gettext_lazy("internal note")

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="messages")
    kind = models.CharField(max_length=6, choices=Kind)
    at = models.DateTimeField(gettext_lazy("on"), default=timezone.now)
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=gettext_lazy("by"),
    )
    person = models.ForeignKey("people.Person", models.SET_NULL, null=True, related_name="+")
    author = models.CharField(gettext_lazy("author"), max_length=160)
    email = models.CharField(gettext_lazy("e-mail"), max_length=254, blank=True)
    text = models.TextField(gettext_lazy("text"), blank=True)
    visible = models.TextField(blank=True)
    html = models.TextField(blank=True)
    sent_to = models.JSONField(default=dict)  # {"to": [addresses], "cc": [addresses]} of a reply
    channel = models.CharField(max_length=12, choices=Ticket.Channel, blank=True)
    automatic = models.BooleanField(default=False)
    # Written by somebody who may not write here: kept, shown apart, and counted once an agent accepts it.
    unverified = models.BooleanField(gettext_lazy("sender not verified"), default=False)

    class Meta:
        verbose_name, verbose_name_plural = gettext_lazy("message"), gettext_lazy("messages")
        indexes = [models.Index(fields=["ticket", "at", "id"], name="message_of_ticket")]

    def __str__(self) -> str:
        return f"{self.author} · {self.visible[:60] or self.text[:60]}"

    @property
    def folded(self) -> bool:
        """Whether part of the text is not shown at first."""
        return len(self.visible.strip()) < len(self.text.strip())


class MessageFile(OrganisationModel):
    """A file of a message; one with a content identifier is shown inside its HTML (RFC 2392)."""

    message = models.ForeignKey(Message, models.CASCADE, related_name="files")
    file = models.ForeignKey("kernel.File", models.PROTECT, related_name="+")
    content_id = models.CharField(max_length=250, blank=True)

    def __str__(self) -> str:
        return str(self.file)
