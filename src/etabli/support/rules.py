"""Rules: when something happens to a ticket, or when it has stayed so for some time, steps are done.

A rule is of an organisation, and holds for those under it. Rules above come first, then in their order; one
may keep those after it from being asked. Each firing is written down with what was seen.
"""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from etabli.kernel.tenancy import Catalogue, OrganisationModel, UpwardKey
from etabli.kernel.text import Plain

from . import conditions, steps
from .rowsfield import RowsField
from .tickets import Ticket
from .ticks import TicksField

VERBS: dict[str, Any] = {
    "ticket.opened": gettext_lazy("it is opened"),
    "ticket.received": gettext_lazy("the user writes"),
    "ticket.answered": gettext_lazy("an agent answers"),
    "ticket.noted": gettext_lazy("an internal note is written"),
    "ticket.taken": gettext_lazy("an agent takes charge of it"),
    "ticket.assigned": gettext_lazy("it is assigned"),
    "ticket.put_on_hold": gettext_lazy("it is put on hold"),
    "ticket.resumed": gettext_lazy("it is resumed"),
    "ticket.solved": gettext_lazy("it is solved"),
    "ticket.reopened": gettext_lazy("it is reopened"),
    "ticket.closed": gettext_lazy("it is closed"),
    "ticket.changed": gettext_lazy("a field changes"),
    "ticket.prioritised": gettext_lazy("its priority changes"),
    "ticket.converted": gettext_lazy("its type changes"),
    "ticket.task_done": gettext_lazy("a task is done"),
    "ticket.approved": gettext_lazy("an approval is given"),
    "ticket.approval_refused": gettext_lazy("an approval is refused"),
}
"""The events of a ticket that rules may follow."""


class VerbsField(TicksField):
    """Some of the events."""

    choices_of = list(VERBS.items())


class Rule(Catalogue):
    """What is looked for, and what is then done."""

    class When(models.TextChoices):
        EVENT = "event", gettext_lazy("something happens")
        TIME = "time", gettext_lazy("time goes by")

    name = models.CharField(gettext_lazy("name"), max_length=80)
    when = models.CharField(gettext_lazy("asked when"), max_length=5, choices=When, default=When.EVENT)
    events = VerbsField(
        models.CharField(max_length=40), verbose_name=gettext_lazy("what happens"), default=list, blank=True
    )
    every = models.PositiveIntegerField(
        gettext_lazy("asked every so many minutes"),
        default=15,
        validators=[MinValueValidator(5), MaxValueValidator(1440)],
        help_text=gettext_lazy("For a rule of time."),
    )
    again = models.PositiveIntegerField(
        gettext_lazy("hours before it may be done again to a ticket that did not change state"),
        default=0,
        blank=True,
        validators=[MaxValueValidator(2400)],
        help_text=gettext_lazy("For a rule of time. 0: once for each state the ticket is in."),
    )
    position = models.PositiveSmallIntegerField(
        pgettext_lazy("sequence", "order"), default=100, validators=[MaxValueValidator(30_000)]
    )
    all_of = RowsField(gettext_lazy("all of this"), columns=conditions.columns)
    any_of = RowsField(gettext_lazy("and one of this"), columns=conditions.columns)
    steps = RowsField(gettext_lazy("what is done"), columns=steps.columns)
    stops = models.BooleanField(gettext_lazy("keeps later rules from being asked"), default=False)
    paused_at = models.DateTimeField(gettext_lazy("paused on"), null=True, blank=True, editable=False)
    looked_at = models.DateTimeField(gettext_lazy("last asked"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = gettext_lazy("rule"), gettext_lazy("rules")
        constraints = [models.UniqueConstraint("organisation", Plain("name"), name="rule_once")]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        problems: dict[str, Any] = {}
        for name in ("all_of", "any_of"):
            try:
                conditions.check(getattr(self, name))
            except ValidationError as error:
                problems[name] = error.messages
        try:
            steps.check(self.steps, self.organisation_id)
        except ValidationError as error:
            problems["steps"] = error.messages
        if not self.steps:
            problems["steps"] = _("Write at least one step.")
        if self.when == self.When.EVENT and not self.events:
            problems["events"] = _("Choose what makes it ask.")
        if self.when == self.When.TIME and not (self.all_of or self.any_of):
            problems["all_of"] = _("A rule of time without a condition would concern every ticket.")
        if problems:
            raise ValidationError(problems)


class RuleFiring(OrganisationModel):
    """A rule that fired for a ticket: why, and what came of it.

    ``key`` makes it fire once: the event, or the state the ticket is in. ``batch`` is on the events that its
    steps published, ``chain`` names the rules that led to it: a rule never answers its own work.
    """

    rule = UpwardKey(Rule, models.SET_NULL, null=True, related_name="firings")
    name = models.CharField(gettext_lazy("rule"), max_length=80)
    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="firings")
    at = models.DateTimeField(gettext_lazy("on"), default=timezone.now)
    key = models.CharField(max_length=80)
    event_id = models.BigIntegerField(null=True)
    why = models.JSONField(default=list)
    done = models.BooleanField(default=True)
    result = models.TextField(blank=True)
    batch = models.UUIDField(null=True)
    chain = ArrayField(models.BigIntegerField(), default=list)

    class Meta:
        verbose_name, verbose_name_plural = gettext_lazy("firing of a rule"), gettext_lazy("firings of rules")
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "ticket", "key"], condition=Q(rule__isnull=False), name="rule_fires_once"
            )
        ]
        indexes = [
            models.Index(fields=["ticket", "-id"], name="firing_of_ticket"),
            models.Index(fields=["rule", "-id"], name="firing_of_rule"),
            models.Index(fields=["batch"], name="firing_batch"),
        ]

    def __str__(self) -> str:
        return f"{self.name} · {self.ticket_id}"
