"""Asking somebody's approval before a request or a change goes on.

An approval is decided in the product, by the account of whoever was asked. It is never taken from a mail: a
sender proves nothing.
"""

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from etabli.kernel.accounts import Account
from etabli.kernel.actors import Actor, require
from etabli.kernel.events import publish
from etabli.kernel.notifications import declare_kind, notify
from etabli.kernel.tenancy import OrganisationModel
from etabli.people.models import Person

from .states import OVER, State, Waiting
from .tickets import Ticket

declare_kind("approval.asked", gettext_lazy("My approval is asked"))
declare_kind("approval.decided", gettext_lazy("An approval I asked for is decided"))


class Approval(OrganisationModel):
    """Somebody is asked to approve a ticket. ``waits``: the ticket waits until they decide."""

    class State(models.TextChoices):
        ASKED = "asked", gettext_lazy("awaited")
        APPROVED = "approved", gettext_lazy("approved")
        REFUSED = "refused", gettext_lazy("refused")
        WITHDRAWN = "withdrawn", gettext_lazy("no longer asked")

    ticket = models.ForeignKey(
        Ticket, models.CASCADE, related_name="approvals", verbose_name=gettext_lazy("ticket")
    )
    person = models.ForeignKey(
        Person,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="approvals",
        verbose_name=gettext_lazy("person"),
    )
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=gettext_lazy("account"),
    )
    approver = models.CharField(gettext_lazy("approver"), max_length=160)
    question = models.CharField(gettext_lazy("what is asked"), max_length=300, blank=True)
    waits = models.BooleanField(gettext_lazy("the ticket waits"), default=False)
    state = models.CharField(
        gettext_lazy("decision"), max_length=10, choices=State, default=State.ASKED, editable=False
    )
    asked_at = models.DateTimeField(gettext_lazy("asked on"), default=timezone.now)
    asked_by = models.CharField(gettext_lazy("asked by"), max_length=120)
    asker_id = models.BigIntegerField(null=True)
    decided_at = models.DateTimeField(gettext_lazy("decided on"), null=True, blank=True)
    comment = models.CharField(gettext_lazy("comment"), max_length=500, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = gettext_lazy("approval"), gettext_lazy("approvals")
        constraints = [
            models.CheckConstraint(
                condition=Q(state="asked", decided_at=None) | ~Q(state="asked") & Q(decided_at__isnull=False),
                name="approval_decided_on_a_day",
            ),
            models.UniqueConstraint(
                fields=["ticket", "approver"], condition=Q(state="asked"), name="approval_asked_once"
            ),
        ]
        indexes = [
            models.Index(fields=["ticket", "id"], name="approval_of_ticket"),
            models.Index(fields=["account"], condition=Q(state="asked"), name="approval_awaited"),
        ]

    def __str__(self) -> str:
        return f"{self.ticket.reference} · {self.approver}"


def pending(ticket: Ticket) -> int:
    """How many decisions are awaited."""
    return ticket.approvals.filter(state=Approval.State.ASKED).count()


def mine(account_id: int | None) -> QuerySet[Approval]:
    """The approvals asked of an account, or of the person behind it, the oldest first."""
    asked = Q(account=account_id or 0) | Q(person__account=account_id or 0)
    rows = Approval.objects.filter(asked, state=Approval.State.ASKED)
    return rows.select_related("ticket__requester").order_by("asked_at", "id")


@transaction.atomic
def ask_approval(
    ticket: Ticket,
    people: Iterable[Person | Account],
    *,
    actor: Actor,
    question: str = "",
    waits: bool = False,
    at: datetime | None = None,
) -> list[Approval]:
    """Ask people or accounts to approve a ticket; when it ``waits``, it is put on hold until they decide.

    Raises ``ValidationError`` with a sentence.
    """
    require(actor, "ticket.approval", ticket)
    asked = list(dict.fromkeys(people))
    if not asked:
        raise ValidationError(_("Choose at least one approver."))
    if ticket.state in OVER:
        raise ValidationError(_("It is %(state)s: reopen it first.") % {"state": ticket.get_state_display()})
    made = [_ask(ticket, one, question, waits, actor, at or timezone.now()) for one in asked]
    names = ", ".join(one.approver for one in made)
    publish(ticket, "ticket.approval_asked", actor=actor, extra={"text": f"{names} {question}".strip()[:300]})
    if waits:
        from .moving import move

        reason = _("The approval of %(who)s is awaited.") % {"who": names}
        move(ticket, "wait", actor=actor, waiting=Waiting.USER, reason=reason[:300], at=at)
    return made


def _ask(
    ticket: Ticket, one: Person | Account, question: str, waits: bool, actor: Actor, at: datetime
) -> Approval:
    person = one if isinstance(one, Person) else None
    account = one.account if isinstance(one, Person) else one
    if account is None:
        raise ValidationError(
            _("%(who)s has no account, with which to approve: invite them first.") % {"who": person}
        )
    if ticket.approvals.filter(approver=str(one)[:160], state=Approval.State.ASKED).exists():
        raise ValidationError(_("The approval of %(who)s is awaited already.") % {"who": one})
    made = Approval.objects.create(
        organisation_id=ticket.organisation_id,
        ticket=ticket,
        person=person,
        account=account,
        approver=str(one)[:160],
        question=question[:300],
        waits=waits,
        asked_at=at,
        asked_by=actor.label[:120],
        asker_id=actor.account_id,
    )
    title = _("Your approval is asked: %(ticket)s") % {"ticket": ticket}
    notify([account], kind="approval.asked", title=title, text=question, url="/my-approvals/", obj=made)
    return made


@transaction.atomic
def decide(
    approval: Approval, approves: bool, *, actor: Actor, comment: str = "", at: datetime | None = None
) -> Approval:
    """Approve, or refuse with a reason. Only whoever was asked does it, by their account."""
    approval = (
        Approval.objects.select_for_update(of=("self",))
        .select_related("ticket", "person")
        .get(pk=approval.pk)
    )
    if not may_decide(approval, actor):
        raise ValidationError(
            _("Only %(who)s decides: the approval was asked of them.") % {"who": approval.approver}
        )
    if approval.state != Approval.State.ASKED:
        raise ValidationError(
            _("It is decided already: %(state)s.") % {"state": approval.get_state_display()}
        )
    if not approves and not comment.strip():
        raise ValidationError({"comment": _("Say why you refuse: whoever asked reads it.")})
    state = Approval.State.APPROVED if approves else Approval.State.REFUSED
    _end(approval, state, comment, at or timezone.now())
    verb = "ticket.approved" if approves else "ticket.approval_refused"
    text = f"{approval.approver} : {comment}" if comment else approval.approver
    publish(approval.ticket, verb, actor=actor, extra={"text": text, "approval": approval.pk})
    _tell_asker(approval)
    _resume(approval, actor)
    return approval


@transaction.atomic
def withdraw(approval: Approval, *, actor: Actor, at: datetime | None = None) -> Approval:
    """No longer ask for an approval."""
    approval = Approval.objects.select_for_update(of=("self",)).select_related("ticket").get(pk=approval.pk)
    require(actor, "ticket.approval", approval.ticket)
    if approval.state != Approval.State.ASKED:
        raise ValidationError(
            _("It is decided already: %(state)s.") % {"state": approval.get_state_display()}
        )
    _end(approval, Approval.State.WITHDRAWN, "", at or timezone.now())
    publish(approval.ticket, "ticket.approval_withdrawn", actor=actor, extra={"text": approval.approver})
    _resume(approval, actor)
    return approval


def may_decide(approval: Approval, actor: Actor) -> bool:
    """Whether an actor is whoever was asked."""
    own = {approval.account_id, approval.person.account_id if approval.person else None} - {None}
    return actor.account_id in own


def _end(approval: Approval, state: str, comment: str, at: datetime) -> None:
    approval.state, approval.comment, approval.decided_at = state, comment.strip()[:500], at
    approval.save(update_fields=["state", "comment", "decided_at"])


def _tell_asker(approval: Approval) -> None:
    asker = Account.objects.filter(pk=approval.asker_id or 0).first()
    if asker is None:
        return
    notify(
        [asker],
        kind="approval.decided",
        title=f"{approval} · {approval.get_state_display()}",
        text=approval.comment,
        url=f"/tickets/{approval.ticket_id}/",
        obj=approval,
    )


def _resume(approval: Approval, actor: Actor) -> None:
    """The last decision ends the wait: what it says is on the ticket, for its agent to act on."""
    from .moving import resume_by

    ticket = approval.ticket
    if not approval.waits or ticket.approvals.filter(state=Approval.State.ASKED, waits=True).exists():
        return
    if ticket.state == State.WAITING and ticket.waiting == Waiting.USER:
        resume_by(ticket, actor=actor, why=f"{approval.approver} : {approval.get_state_display()}")
