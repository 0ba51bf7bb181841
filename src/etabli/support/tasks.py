"""What is to be done for a ticket, step by step; a mandatory task that is left keeps it from being solved."""

from datetime import datetime

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from etabli.kernel.accounts import Account
from etabli.kernel.actors import Actor, require
from etabli.kernel.events import publish
from etabli.kernel.notifications import declare_kind, notify
from etabli.kernel.tenancy import OrganisationModel

from .handing import agents_of
from .states import OVER
from .tickets import Ticket

declare_kind("task.assigned", gettext_lazy("A task given to me"))


class Task(OrganisationModel):
    """A step of a ticket: done by somebody on a day, or given up with a reason."""

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="tasks")
    title = models.CharField(gettext_lazy("task"), max_length=200)
    mandatory = models.BooleanField(gettext_lazy("mandatory"), default=True)
    position = models.PositiveSmallIntegerField(default=0)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=gettext_lazy("assigned to"),
    )
    due_at = models.DateTimeField(gettext_lazy("due on"), null=True, blank=True)
    done_at = models.DateTimeField(gettext_lazy("done on"), null=True, blank=True)
    done_by = models.CharField(gettext_lazy("by"), max_length=120, blank=True)
    given_up = models.CharField(gettext_lazy("given up because"), max_length=200, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = gettext_lazy("task"), gettext_lazy("tasks")
        ordering = ["position", "id"]
        indexes = [
            models.Index(fields=["ticket", "position", "id"], name="task_of_ticket"),
            models.Index(fields=["assignee", "due_at"], condition=Q(done_at=None), name="task_to_do"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(done_at__isnull=True) | ~Q(done_by=""), name="task_done_by_somebody"
            )
        ]

    def __str__(self) -> str:
        return self.title


def open_tasks(ticket: Ticket) -> int:
    """How many mandatory tasks are left."""
    return ticket.tasks.filter(mandatory=True, done_at=None).count()


@transaction.atomic
def add_task(
    ticket: Ticket,
    title: str,
    *,
    actor: Actor,
    mandatory: bool = True,
    assignee: Account | None = None,
    due_at: datetime | None = None,
) -> Task:
    """Add a step at the end of the list. Raises ``ValidationError`` when the ticket is over."""
    require(actor, "ticket.task", ticket)
    if ticket.state in OVER:
        raise ValidationError(_("It is %(state)s: reopen it first.") % {"state": ticket.get_state_display()})
    if not title.strip():
        raise ValidationError(_("Say what is to be done."))
    check_assignee(ticket, assignee)
    last = ticket.tasks.order_by("-position").values_list("position", flat=True).first()
    made = Task.objects.create(
        organisation_id=ticket.organisation_id,
        ticket=ticket,
        title=" ".join(title.split())[:200],
        mandatory=mandatory,
        position=min((last or 0) + 1, 32_000),
        assignee=assignee,
        due_at=due_at,
    )
    publish(ticket, "ticket.task_added", actor=actor, extra={"text": made.title})
    tell_assignee(made, actor=actor)
    return made


def check_assignee(ticket: Ticket, assignee: Account | None) -> None:
    """Raise ``ValidationError`` when somebody may not work on the ticket."""
    if assignee is not None and assignee not in agents_of(ticket.organisation_id):
        raise ValidationError(
            _("%(who)s may not work on the tickets of this organisation.") % {"who": assignee}
        )


@transaction.atomic
def give_task(task: Task, *, actor: Actor, assignee: Account | None, due_at: datetime | None = None) -> Task:
    """Say who does a task, and until when; what is not given is taken away. Raises ``ValidationError``."""
    require(actor, "ticket.task", task.ticket)
    task = Task.objects.select_for_update(of=("self",)).select_related("ticket").get(pk=task.pk)
    if task.done_at:
        raise ValidationError(_("This task is over already."))
    check_assignee(task.ticket, assignee)
    new = task.assignee_id != (assignee.pk if assignee else None)
    task.assignee, task.due_at = assignee, due_at
    task.save(update_fields=["assignee", "due_at"])
    text = f"{task.title} : {assignee}" if assignee else task.title
    publish(task.ticket, "ticket.task_given", actor=actor, extra={"text": text})
    if new:
        tell_assignee(task, actor=actor)
    return task


def tell_assignee(task: Task, *, actor: Actor) -> None:
    """Whoever must do a task is told, unless they gave it to themselves."""
    if task.assignee is None or task.assignee_id == actor.account_id:
        return
    notify(
        [task.assignee],
        kind="task.assigned",
        title=task.title,
        text=str(task.ticket),
        url=f"/tickets/{task.ticket_id}/",
        obj=task,
    )


@transaction.atomic
def finish_task(task: Task, *, actor: Actor, given_up: str = "", at: datetime | None = None) -> Task:
    """Say that a step is done, or given up because of something. Raises ``ValidationError``."""
    require(actor, "ticket.task", task.ticket)
    task = Task.objects.select_for_update(of=("self",)).select_related("ticket").get(pk=task.pk)
    if task.done_at:
        raise ValidationError(_("This task is over already."))
    task.done_at, task.done_by, task.given_up = at or timezone.now(), actor.label[:120], given_up[:200]
    task.save(update_fields=["done_at", "done_by", "given_up"])
    verb = "ticket.task_given_up" if given_up else "ticket.task_done"
    text = f"{task.title} : {given_up}" if given_up else task.title
    publish(task.ticket, verb, actor=actor, extra={"text": text})
    return task


@transaction.atomic
def resume_task(task: Task, *, actor: Actor) -> Task:
    """Take back that a step is done, or given up. Raises ``ValidationError``."""
    require(actor, "ticket.task", task.ticket)
    task = Task.objects.select_for_update(of=("self",)).select_related("ticket").get(pk=task.pk)
    if task.done_at is None:
        raise ValidationError(_("This task is still to do."))
    if task.ticket.state in OVER:
        state = task.ticket.get_state_display()
        raise ValidationError(_("It is %(state)s: reopen it first.") % {"state": state})
    task.done_at, task.done_by, task.given_up = None, "", ""
    task.save(update_fields=["done_at", "done_by", "given_up"])
    publish(task.ticket, "ticket.task_resumed", actor=actor, extra={"text": task.title})
    return task
