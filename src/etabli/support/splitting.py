"""A message that asks for something else becomes a ticket of its own, and can go back."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from etabli.kernel import search
from etabli.kernel.actors import Actor, require
from etabli.kernel.events import Event, publish
from etabli.kernel.screens.undoing import undoes
from etabli.kernel.tenancy import OrganisationModel

from .messages import Message
from .moving import locked
from .opening import Caller, Request, open_ticket
from .outbox import OutgoingMail
from .tickets import Ticket, TicketLink


class TicketSplit(OrganisationModel):
    """A ticket made of messages of another one. ``moved``: their ids, and those of the mails that carried
    them.
    """

    old = models.ForeignKey(Ticket, models.CASCADE, related_name="splits")
    new = models.ForeignKey(Ticket, models.SET_NULL, null=True, related_name="split_from")
    at = models.DateTimeField(gettext_lazy("split on"), default=timezone.now)
    by = models.CharField(gettext_lazy("split by"), max_length=120)
    moved = models.JSONField(default=dict)
    undone_at = models.DateTimeField(gettext_lazy("undone on"), null=True)
    undone_by = models.CharField(max_length=120, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = (
            gettext_lazy("split of a ticket"),
            gettext_lazy("splits of tickets"),
        )

    def __str__(self) -> str:
        return f"{self.old_id} → {self.new_id}"


@transaction.atomic
def split(
    message: Message,
    *,
    actor: Actor,
    title: str = "",
    following: bool = False,
    at: datetime | None = None,
) -> Ticket:
    """Make a new ticket of a message, and of those after it when ``following``; the old one is linked.

    Raises ``ValidationError`` with a sentence.
    """
    old = locked(message.ticket)
    require(actor, "ticket.split", old)
    chosen = _chosen(message, old, following)
    asked = next((one for one in chosen if one.kind == Message.Kind.ASKED), message)
    request = Request(
        title=title.strip() or f"{old.title}",
        words=None,
        caller=_caller(asked, old),
        kind=old.kind if old.kind != Ticket.Kind.MAJOR else Ticket.Kind.INCIDENT,
        channel=asked.channel or old.channel,
        more={"category": old.category, "service": old.service, "mailbox": old.mailbox},
    )
    new = open_ticket(request, organisation=old.organisation_id, actor=actor, at=at)
    keys = [one.pk for one in chosen]
    mails = list(OutgoingMail.objects.filter(message__in=keys).values_list("pk", flat=True))
    Message.objects.filter(pk__in=keys).update(ticket=new)
    OutgoingMail.objects.filter(pk__in=mails).update(ticket=new)
    TicketLink.objects.create(
        organisation_id=old.organisation_id, ticket=new, relation=TicketLink.Relation.RELATED, other=old
    )
    row = TicketSplit.objects.create(
        organisation_id=old.organisation_id,
        old=old,
        new=new,
        by=actor.label[:120],
        moved={"messages": keys, "mails": mails},
    )
    publish(
        old, "ticket.split", actor=actor, extra={"split": row.pk, "about": {"id": new.pk, "text": str(new)}}
    )
    return new


def _chosen(message: Message, old: Ticket, following: bool) -> list[Message]:
    after = Q(at__gt=message.at) | Q(at=message.at, pk__gt=message.pk)
    rows = old.messages.filter(Q(pk=message.pk) | after) if following else old.messages.filter(pk=message.pk)
    chosen = list(rows.order_by("at", "id").select_related("person"))
    if old.messages.count() <= len(chosen):
        raise ValidationError(_("It is all that this ticket says: there is nothing to split."))
    return chosen


def _caller(message: Message, old: Ticket) -> Caller:
    """Who asks in the new ticket: whoever wrote the message, else whoever asked at first."""
    if message.kind == Message.Kind.ASKED and message.person:
        return Caller(person=message.person)
    if message.kind == Message.Kind.ASKED and message.email and message.email != old.caller_email:
        return Caller(name=message.author, email=message.email)
    if old.requester:
        return Caller(person=old.requester)
    return Caller(name=old.contact_name, email=old.contact_email, phone=old.contact_phone)


@transaction.atomic
def unsplit(row: TicketSplit, *, actor: Actor) -> Ticket:
    """Put the messages back where they were; the ticket made for them goes.

    Raises ``ValidationError`` when somebody worked on it since: then it is merged instead.
    """
    row = TicketSplit.objects.select_for_update().get(pk=row.pk)
    require(actor, "ticket.split", row.old)
    new = row.new
    if row.undone_at or new is None:
        raise ValidationError(_("This split was already taken back."))
    if problem := _worked_on(new, row):
        raise ValidationError(problem)
    old = row.old
    Message.objects.filter(pk__in=row.moved["messages"], ticket=new).update(ticket=old)
    OutgoingMail.objects.filter(pk__in=row.moved["mails"], ticket=new).update(ticket=old)
    row.new, row.undone_at, row.undone_by = None, timezone.now(), actor.label[:120]
    row.save(update_fields=["new", "undone_at", "undone_by"])
    about = {"id": new.pk, "text": str(new)}
    search.forget(new)
    new.delete()
    publish(old, "ticket.unsplit", actor=actor, extra={"about": about})
    return old


def _worked_on(new: Ticket, row: TicketSplit) -> str:
    """Why the new ticket may not go, in a sentence: it holds more than what was put into it."""
    more = new.messages.exclude(pk__in=row.moved["messages"]).exists()
    worked = more or new.tasks.exists() or new.time_entries.exists() or new.approvals.exists()
    if worked or new.merged_into_id or new.merges.filter(undone_at=None).exists() or new.splits.exists():
        told = _("Somebody worked on %(ticket)s since: merge it into the other one instead.")
        return told % {"ticket": new.reference}
    return ""


@undoes("ticket.split")
def _undo(event: Event, actor: Actor) -> Ticket:
    row = TicketSplit.objects.filter(pk=event.extra.get("split")).first()
    if row is None:
        raise ValidationError(_("This split was already taken back."))
    return unsplit(row, actor=actor)
