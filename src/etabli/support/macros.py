"""Several steps in one click, on one ticket or on many; and tickets that are opened and done at once."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from etabli.assets.models import Asset
from etabli.kernel.actors import Actor, require
from etabli.kernel.events import difference, publish, snapshot
from etabli.kernel.tenancy import Catalogue, UpwardKey
from etabli.kernel.text import Plain
from etabli.people.models import Team

from . import steps
from .opening import Caller, Request, Words, open_ticket
from .priority import Impact, Urgency
from .rowsfield import RowsField
from .tickets import Category, Service, Ticket


class Macro(Catalogue):
    """A list of steps with a name."""

    name = models.CharField(gettext_lazy("name"), max_length=80)
    steps = RowsField(gettext_lazy("steps"), columns=steps.columns)
    archived = models.BooleanField(gettext_lazy("no longer offered"), default=False)

    class Meta:
        verbose_name, verbose_name_plural = pgettext_lazy("service desk", "macro"), gettext_lazy("macros")
        constraints = [models.UniqueConstraint("organisation", Plain("name"), name="macro_once")]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        _check_steps(self)


def _check_steps(owner: Any) -> None:
    if not owner.steps:
        raise ValidationError({"steps": _("Write at least one step.")})
    try:
        steps.check(owner.steps, owner.organisation_id)
    except ValidationError as error:
        raise ValidationError({"steps": error.messages})


class Prefilled(models.Model):
    """What a ticket that is made again and again holds."""

    title = models.CharField(gettext_lazy("subject"), max_length=200)
    text = models.TextField(gettext_lazy("description"), blank=True)
    kind = models.CharField(
        pgettext_lazy("ticket", "type"), max_length=10, choices=Ticket.Kind, default=Ticket.Kind.REQUEST
    )
    category = UpwardKey(
        Category,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=gettext_lazy("category"),
    )
    service = UpwardKey(
        Service,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=gettext_lazy("service"),
    )
    impact = models.PositiveSmallIntegerField(gettext_lazy("impact"), choices=Impact, default=Impact.PERSON)
    urgency = models.PositiveSmallIntegerField(
        gettext_lazy("urgency"), choices=Urgency, default=Urgency.NORMAL
    )

    class Meta:
        abstract = True

    def request(
        self, caller: Caller, channel: str, *, assets: tuple[Asset, ...] = (), team: Team | None = None
    ) -> Request:
        """What opening it is given."""
        more: dict[str, Any] = {
            name: getattr(self, name) for name in ("category", "service", "impact", "urgency")
        }
        return Request(
            title=self.title,
            words=Words(self.text or self.title),
            caller=caller,
            kind=self.kind,
            channel=channel,
            more=more | ({"team": team} if team else {}),
            assets=assets,
        )


class QuickTicket(Prefilled, Catalogue):
    """A request that is opened, and perhaps dealt with, in one click: a password reset on the telephone."""

    name = models.CharField(gettext_lazy("name"), max_length=80)
    channel = models.CharField(
        gettext_lazy("received by"), max_length=12, choices=Ticket.Channel, default=Ticket.Channel.PHONE
    )
    macro = models.ForeignKey(
        Macro,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=pgettext_lazy("service desk", "macro"),
        help_text=gettext_lazy("What is done at once: log the time, answer, solve."),
    )
    archived = models.BooleanField(gettext_lazy("no longer offered"), default=False)

    class Meta:
        verbose_name, verbose_name_plural = gettext_lazy("quick ticket"), gettext_lazy("quick tickets")
        constraints = [models.UniqueConstraint("organisation", Plain("name"), name="quick_ticket_once")]

    def __str__(self) -> str:
        return self.name


@transaction.atomic
def run_macro(ticket: Ticket, macro: Macro, *, actor: Actor) -> Ticket:
    """Do every step of a macro, or none: ``ValidationError`` tells which one refused, and why."""
    require(actor, "ticket.macro", ticket)
    ticket = steps.run_steps(ticket, macro.steps, actor=actor)
    publish(ticket, "ticket.macro_run", actor=actor, extra={"text": str(macro)})
    return ticket


@transaction.atomic
def open_quick(quick: QuickTicket, caller: Caller, *, organisation: int, actor: Actor) -> Ticket:
    """Open a quick ticket for somebody and run its macro, or do nothing at all (``ValidationError``)."""
    if caller.person is None and not (caller.name or caller.email):
        raise ValidationError(_("Say who asks: somebody known, or a name or an e-mail address."))
    ticket = open_ticket(quick.request(caller, quick.channel), organisation=organisation, actor=actor)
    return run_macro(ticket, quick.macro, actor=actor) if quick.macro else ticket


@dataclass(frozen=True)
class Foreseen:
    """What a macro would do to a ticket: the columns it changes, what it adds, or why it refuses."""

    ticket: Ticket
    changes: dict[str, list[Any]]
    added: list[str]
    problem: str = ""


FOLLOWS = {"active_at", "state_since", "priority_why", "owed", "answered_at", "due_at", "due_clock"}
"""Columns that follow from others: a preview says enough without them."""


class _Rehearsed(Exception):
    """Ends a rehearsal: all that was written is taken back."""


def foresee(rows: Iterable[Ticket], macro: Macro, *, actor: Actor) -> list[Foreseen]:
    """What a macro would do to each ticket: it is really run, and taken back before anything is seen."""
    return [_rehearse(ticket, macro, actor) for ticket in rows]


def _rehearse(ticket: Ticket, macro: Macro, actor: Actor) -> Foreseen:
    before, counts = snapshot(ticket), _counts(ticket)
    told = Foreseen(ticket, {}, [])
    try:
        with transaction.atomic():
            after = run_macro(ticket, macro, actor=actor)
            changes = difference(before, snapshot(after))
            changes = {name: pair for name, pair in changes.items() if name not in FOLLOWS}
            told = Foreseen(ticket, changes, _more(counts, _counts(after)))
            raise _Rehearsed
    except _Rehearsed:
        return told
    except ValidationError as error:
        return Foreseen(ticket, {}, [], " ".join(error.messages))


def _counts(ticket: Ticket) -> dict[str, int]:
    return {
        _("messages"): ticket.messages.count(),
        _("tasks"): ticket.tasks.count(),
        _("time entries"): ticket.time_entries.count(),
    }


def _more(before: dict[str, int], after: dict[str, int]) -> list[str]:
    return [f"{label} : +{after[label] - n}" for label, n in before.items() if after[label] > n]
