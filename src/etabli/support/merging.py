"""Several tickets that are one request become one, and can be taken apart again.

Rows move to the ticket that is kept, and stay the same rows: a ``TicketMerge`` says which ones, so that the
page still tells where each came from, and its undo gives back exactly those. What the kept ticket already has
(the same asset, the same watcher) stays on the merged one. Nothing is copied, nothing is deleted.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from etabli.kernel.actors import Actor, require
from etabli.kernel.events import Event, publish
from etabli.kernel.screens.undoing import undoes
from etabli.kernel.screens.writing import count_edit
from etabli.kernel.tenancy import OrganisationModel

from .approving import Approval
from .facts import TicketFact, record
from .mailboxes import KnownMail
from .messages import Message
from .outbox import OutgoingMail
from .promises import refresh
from .states import OVER, State
from .tasks import Task
from .tickets import Ticket, TicketAsset, Watcher
from .timing import TimeEntry

MOVED: tuple[type[models.Model], ...] = (
    Message,
    OutgoingMail,
    KnownMail,
    TimeEntry,
    Task,
    Approval,
    TicketAsset,
    Watcher,
)
"""What goes with the words of a ticket. Its facts stay: the clocks of the kept one are not disturbed."""
KEPT = ("state", "state_since", "waiting", "visit_at", "closed_at", "owed", "active_at")
"""The columns of a merged ticket that its closing changes."""


class TicketMerge(OrganisationModel):
    """A ticket that became part of another one. ``moved`` is what its undo needs: ids of rows by model."""

    kept = models.ForeignKey(Ticket, models.CASCADE, related_name="merges")
    gone = models.ForeignKey(Ticket, models.CASCADE, related_name="merged_by")
    at = models.DateTimeField(gettext_lazy("merged on"), default=timezone.now)
    by = models.CharField(gettext_lazy("merged by"), max_length=120)
    moved = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    undone_at = models.DateTimeField(gettext_lazy("undone on"), null=True)
    undone_by = models.CharField(max_length=120, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = (
            gettext_lazy("merge of tickets"),
            gettext_lazy("merges of tickets"),
        )
        constraints = [
            models.UniqueConstraint(
                fields=["gone"], condition=models.Q(undone_at=None), name="ticket_merged_once"
            ),
            models.CheckConstraint(condition=~models.Q(kept=models.F("gone")), name="ticket_merge_of_two"),
        ]

    def __str__(self) -> str:
        return f"{self.gone_id} → {self.kept_id}"


def followed(ticket: Ticket) -> Ticket:
    """The ticket where a merged one lives on, as the database knows it: what is said to it belongs there."""
    key, seen = ticket.pk, {ticket.pk}
    while True:
        into = Ticket.objects.filter(pk=key).values_list("merged_into_id", flat=True).first()
        if into is None or into in seen:
            break
        key = into
        seen.add(key)
    return ticket if key == ticket.pk else Ticket.objects.get(pk=key)


def refusal(kept: Ticket, gone: Ticket) -> str:
    """Why one may not become part of the other, in a sentence, or an empty text."""
    if kept.pk == gone.pk:
        return _("A ticket cannot be merged with itself: choose another one.")
    if kept.organisation_id != gone.organisation_id:
        return _("%(ticket)s belongs to another organisation: link them instead.") % {
            "ticket": gone.reference
        }
    if kept.merged_into_id:
        return _("%(ticket)s is itself part of another ticket: choose that one.") % {"ticket": kept.reference}
    if kept.state == State.CLOSED:
        return _("%(ticket)s is closed: keep an open ticket.") % {"ticket": kept.reference}
    if gone.merged_into_id:
        return _("%(ticket)s is already part of another ticket.") % {"ticket": gone.reference}
    return ""


@transaction.atomic
def merge(
    kept: Ticket, others: Sequence[Ticket], *, actor: Actor, at: datetime | None = None
) -> list[TicketMerge]:
    """Make the others a part of ``kept``: they are closed, whoever asked follows it, mails to them follow.

    Raises ``ValidationError`` with a sentence: then none is merged.
    """
    require(actor, "ticket.merge", kept)
    at = at or timezone.now()
    keys = sorted({kept.pk, *(one.pk for one in others)})
    rows = Ticket.objects.select_for_update(of=("self",)).select_related("requester__account").in_bulk(keys)
    kept = rows[kept.pk]
    gone = [rows[one.pk] for one in dict.fromkeys(others)]
    for one in gone:
        require(actor, "ticket.merge", one)
        if problem := refusal(kept, one):
            raise ValidationError(problem)
    if not gone:
        raise ValidationError(_("Choose at least one ticket to merge."))
    made = [_absorb(kept, one, actor, at) for one in gone]
    extra = {"merges": [row.pk for row in made], "text": ", ".join(str(one) for one in gone)[:500]}
    publish(kept, "ticket.merged", actor=actor, extra=extra)
    return made


def _absorb(kept: Ticket, gone: Ticket, actor: Actor, at: datetime) -> TicketMerge:
    before = {name: _exact(getattr(gone, name)) for name in KEPT}
    moved: dict[str, Any] = {"before": before, "rows": {}, "owed": kept.owed}
    for model in MOVED:
        moved["rows"][model._meta.label] = _move(model, gone, kept)
    moved["watcher"] = _follow(kept, gone)
    if gone.owed and kept.state not in OVER and not kept.owed:
        moved["owes"] = True
        kept.owed = True
        Ticket.objects.filter(pk=kept.pk).update(owed=True)
    moved["fact"] = _close(gone, kept, at)
    row = TicketMerge.objects.create(
        organisation_id=kept.organisation_id, kept=kept, gone=gone, at=at, by=actor.label[:120], moved=moved
    )
    about = {"id": kept.pk, "text": str(kept)}
    publish(gone, "ticket.merged_into", actor=actor, extra={"merge": row.pk, "about": about})
    return row


def _exact(value: Any) -> Any:
    """A moment to the microsecond, which JSON would shorten: what is given back is what was there."""
    return value.isoformat() if isinstance(value, datetime) else value


def _move(model: type[models.Model], gone: Ticket, kept: Ticket) -> list[int]:
    """Move the rows at once; one by one when the kept ticket has some already, which then stay."""
    keys = list(model._default_manager.filter(ticket=gone).order_by("pk").values_list("pk", flat=True))
    if not keys or _moves(model, keys, kept):
        return keys
    return [key for key in keys if _moves(model, [key], kept)]


def _moves(model: type[models.Model], keys: list[int], ticket: Ticket) -> bool:
    try:
        with transaction.atomic():
            model._default_manager.filter(pk__in=keys).update(ticket=ticket)
    except IntegrityError:
        return False
    return True


def _follow(kept: Ticket, gone: Ticket) -> int | None:
    """Whoever asked for the merged ticket follows the kept one; the new row, if one was needed."""
    person, email = gone.requester, gone.caller_email
    account = person.account if person else None
    if (person and person.pk == kept.requester_id) or not (account or email):
        return None
    if not person and email.lower() == kept.caller_email.lower():
        return None
    here = Watcher.objects.filter(ticket=kept)
    if (account and here.filter(account=account).exists()) or (
        email and here.filter(email__iexact=email).exists()
    ):
        return None
    made = Watcher.objects.create(
        organisation_id=kept.organisation_id, ticket=kept, account=account, person=person, email=email
    )
    return int(made.pk)


def _close(gone: Ticket, kept: Ticket, at: datetime) -> int | None:
    """Close the merged ticket; the fact that stopped its clocks, when they still ran."""
    was_open = gone.state != State.CLOSED
    gone.merged_into, gone.owed, gone.active_at = kept, False, max(at, gone.active_at)
    if was_open:
        gone.state, gone.state_since, gone.closed_at = State.CLOSED, at, at
        gone.waiting, gone.visit_at = "", None
    count_edit(gone)
    gone.save()
    if not was_open:
        return None
    fact = record(gone, "moved", at=at, state=State.CLOSED, waiting=None)
    refresh(gone, now=at)
    return int(fact.pk)


@transaction.atomic
def unmerge(row: TicketMerge, *, actor: Actor) -> Ticket:
    """Give a merged ticket back all that was its own, as it was; what came since stays on the kept one.

    Raises ``ValidationError`` when it was given back already, or when the kept ticket was merged since.
    """
    row = TicketMerge.objects.select_for_update().get(pk=row.pk)
    require(actor, "ticket.merge", row.kept)
    if row.undone_at:
        raise ValidationError(_("These tickets were already taken apart."))
    keys = sorted([row.kept_id, row.gone_id])
    rows = Ticket.objects.select_for_update(of=("self",)).select_related("requester").in_bulk(keys)
    kept, gone = rows[row.kept_id], rows[row.gone_id]
    if kept.merged_into_id:
        raise ValidationError(
            _("%(ticket)s was merged since: take that merge back first.") % {"ticket": kept.reference}
        )
    _give_back(row.moved, kept, gone)
    row.undone_at, row.undone_by = timezone.now(), actor.label[:120]
    row.save(update_fields=["undone_at", "undone_by"])
    for one, other in ((gone, kept), (kept, gone)):
        about = {"id": other.pk, "text": str(other)}
        publish(one, "ticket.unmerged", actor=actor, extra={"about": about})
    return gone


def _give_back(moved: dict[str, Any], kept: Ticket, gone: Ticket) -> None:
    for model in MOVED:
        keys = moved["rows"].get(model._meta.label, [])
        model._default_manager.filter(pk__in=keys, ticket=kept).update(ticket=gone)
    if moved.get("watcher"):
        Watcher.objects.filter(pk=moved["watcher"], ticket=kept).delete()
    if moved.get("owes") and not _asked_since(kept, moved):
        Ticket.objects.filter(pk=kept.pk).update(owed=moved["owed"])
    for name, value in moved["before"].items():
        field: Any = Ticket._meta.get_field(name)
        setattr(gone, name, None if value is None else field.to_python(value))
    gone.merged_into = None
    count_edit(gone)
    gone.save()
    if moved.get("fact"):
        TicketFact.objects.filter(pk=moved["fact"]).delete()
        refresh(gone)


def _asked_since(kept: Ticket, moved: dict[str, Any]) -> bool:
    """Whether the kept ticket still owes an answer of its own: its last word is the user's."""
    words = kept.messages.exclude(kind=Message.Kind.NOTE).exclude(automatic=True)
    last = words.order_by("-at", "-id").first()
    return last is not None and last.kind == Message.Kind.ASKED and moved["owed"]


def origins(ticket: Ticket) -> dict[int, Ticket]:
    """Message id → the merged ticket it came from, for what a page shows: one query."""
    rows = TicketMerge.objects.filter(kept=ticket, undone_at=None).select_related("gone").order_by("at")
    label = Message._meta.label
    return {key: row.gone for row in rows for key in row.moved["rows"].get(label, ())}


@undoes("ticket.merged")
def _undo(event: Event, actor: Actor) -> Ticket:
    """Take back all that one act merged."""
    rows = list(
        TicketMerge.objects.filter(pk__in=event.extra.get("merges", []), undone_at=None).order_by("-pk")
    )
    if not rows:
        raise ValidationError(_("These tickets were already taken apart."))
    for row in rows:
        unmerge(row, actor=actor)
    return rows[0].kept


@undoes("ticket.merged_into")
def _undo_one(event: Event, actor: Actor) -> Ticket | None:
    """In a batch, the event of the kept ticket has done it already."""
    row = TicketMerge.objects.filter(pk=event.extra.get("merge"), undone_at=None).first()
    return unmerge(row, actor=actor) if row else None
