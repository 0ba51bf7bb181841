"""What leaves by mail: each message waits here until a server took it, so that nothing is lost in between.

queued → being sent → sent, put off (tried again for two days) or refused; returned when a server tells so
afterwards; taken back while it has not left. ``sending.py`` does the sending, ``posting.py`` holds the verbs.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy, pgettext_lazy

from etabli.kernel.sentences import SentenceField
from etabli.kernel.tenancy import OrganisationModel, UpwardKey

from . import identity
from .facts import TicketFact
from .messages import Message
from .tickets import Ticket

UNDO = timedelta(seconds=10)
"""How long an answer may be taken back before it leaves."""
NEVER_A_NOTE = """
CREATE OR REPLACE FUNCTION support_only_replies_leave() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- A message of another organisation is not seen here: the composite key refuses it.
  IF EXISTS (SELECT 1 FROM support_message WHERE id = NEW.message_id AND kind <> 'reply') THEN
    RAISE check_violation USING MESSAGE = 'only a reply leaves by mail', CONSTRAINT = 'only_replies_leave';
  END IF;
  RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER only_replies_leave BEFORE INSERT OR UPDATE OF message_id ON support_outgoingmail
  FOR EACH ROW WHEN (NEW.message_id IS NOT NULL) EXECUTE FUNCTION support_only_replies_leave();
CREATE OR REPLACE FUNCTION support_reply_stays_one() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM support_outgoingmail WHERE message_id = NEW.id) THEN
    RAISE check_violation USING MESSAGE = 'only a reply leaves by mail', CONSTRAINT = 'only_replies_leave';
  END IF;
  RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER reply_stays_one BEFORE UPDATE OF kind ON support_message
  FOR EACH ROW WHEN (OLD.kind = 'reply' AND NEW.kind <> 'reply') EXECUTE FUNCTION support_reply_stays_one();
"""


class OutgoingMail(OrganisationModel):
    """A mail about a ticket. ``serial`` makes its signed Message-ID, the same at each try.

    fact: what makes the answer count, none while it is to leave later. delivered: the addresses that a server
    took; refused: address → why, for those it did not (what begins by 5 is for good). tried_at: when a worker
    took it in hand.
    """

    class State(models.TextChoices):
        QUEUED = "queued", pgettext_lazy("mail", "to be sent")
        SENDING = "sending", pgettext_lazy("mail", "being sent")
        SENT = "sent", pgettext_lazy("mail", "sent")
        DEFERRED = "deferred", pgettext_lazy("mail", "put off by the server")
        FAILED = "failed", pgettext_lazy("mail", "refused")
        BOUNCED = "bounced", pgettext_lazy("mail", "returned")
        CANCELLED = "cancelled", pgettext_lazy("mail", "taken back")

    class Kind(models.TextChoices):
        REPLY = "reply", gettext_lazy("reply")
        RECEIPT = "receipt", gettext_lazy("acknowledgement of receipt")
        SURVEY = "survey", gettext_lazy("satisfaction question")
        REMINDER = "reminder", gettext_lazy("reminder")

    message = models.ForeignKey(Message, models.CASCADE, null=True, related_name="mails")
    ticket = models.ForeignKey(
        "support.Ticket", models.CASCADE, related_name="mails", verbose_name=gettext_lazy("ticket")
    )
    kind = models.CharField(gettext_lazy("kind"), max_length=8, choices=Kind, default=Kind.REPLY)
    mailbox = UpwardKey("support.Mailbox", models.SET_NULL, null=True, related_name="+")
    fact = models.ForeignKey(TicketFact, models.SET_NULL, null=True, related_name="+")
    to = models.JSONField(gettext_lazy("recipients"), default=list)
    cc = models.JSONField(gettext_lazy("in copy"), default=list)
    subject = models.CharField(gettext_lazy("subject"), max_length=300)
    text = models.TextField(blank=True)
    serial = models.CharField(max_length=40, unique=True)
    state = models.CharField(gettext_lazy("state"), max_length=9, choices=State, default=State.QUEUED)
    send_at = models.DateTimeField(gettext_lazy("leaves on"), default=timezone.now)
    tries = models.PositiveSmallIntegerField(gettext_lazy("tries"), default=0)
    tried_at = models.DateTimeField(gettext_lazy("last tried"), null=True)
    problem = SentenceField(gettext_lazy("what is wrong"), max_length=1000, blank=True)
    sent_at = models.DateTimeField(gettext_lazy("sent on"), null=True)
    delivered = models.JSONField(default=list)
    refused = models.JSONField(default=dict)

    class Meta:
        verbose_name, verbose_name_plural = gettext_lazy("outgoing mail"), gettext_lazy("outgoing mails")
        constraints = [
            models.CheckConstraint(
                condition=~Q(kind="reply") | Q(message__isnull=False) | Q(state="cancelled"),
                name="outgoing_reply_says_something",
            )
        ]
        indexes = [
            models.Index(
                fields=["send_at", "id"],
                condition=Q(state__in=["queued", "deferred", "sending"]),
                name="outgoing_due",
            ),
            models.Index(fields=["ticket", "id"], name="outgoing_of_ticket"),
            models.Index(
                fields=["organisation", "-id"],
                condition=Q(state__in=["deferred", "failed", "bounced"]),
                name="outgoing_stuck",
            ),
            models.Index(fields=["send_at"], condition=Q(kind="receipt"), name="outgoing_receipts"),
        ]

    def __str__(self) -> str:
        return self.subject

    @property
    def pending(self) -> list[str]:
        """The addresses that are still to receive it."""
        over = {*self.delivered, *(one for one, why in self.refused.items() if why.startswith("5"))}
        return [one for one in dict.fromkeys([*self.to, *self.cc]) if one not in over]


def queue(
    message: Message, *, send_at: datetime | None = None, fact: TicketFact | None = None
) -> OutgoingMail:
    """Put an answer in the outbox, to leave in some seconds or when it is said; ``fact`` when it counts
    already.
    """
    return _put(
        message.ticket,
        to=message.sent_to["to"],
        cc=message.sent_to.get("cc", []),
        send_at=send_at or timezone.now() + UNDO,
        message=message,
        fact=fact,
    )


def queue_automatic(
    ticket: Ticket, kind: str, text: str, *, to: Sequence[str], send_at: datetime | None = None
) -> OutgoingMail:
    """Put a mail that nobody wrote in the outbox: acknowledgement, reminder, question of satisfaction."""
    return _put(ticket, to=to, cc=[], send_at=send_at or timezone.now(), kind=kind, text=text)


def _put(
    ticket: Ticket, *, to: Sequence[str], cc: Sequence[str], send_at: datetime, **more: Any
) -> OutgoingMail:
    from .sending import leave_at

    mail = OutgoingMail.objects.create(
        organisation_id=ticket.organisation_id,
        ticket=ticket,
        mailbox_id=ticket.mailbox_id,
        to=list(to),
        cc=list(cc),
        subject=subject_of(ticket.title, ticket.reference),
        serial=identity.new_serial(),
        send_at=send_at,
        **more,
    )
    leave_at(send_at)
    return mail


def subject_of(title: str, reference: str) -> str:
    """The subject of a mail about a ticket, which keeps the user's words and says the number once."""
    return f"[{reference}] {title}"[:300]
