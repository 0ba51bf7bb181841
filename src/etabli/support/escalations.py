"""Rules of escalation by time: who hears of a promise that runs out or is broken, and after how long."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from etabli.kernel.organisations import lineage
from etabli.kernel.tenancy import Catalogue
from etabli.kernel.text import Plain

from .clocks.policies import Clock


class Escalation(Catalogue):
    """Hierarchical escalation: at a share of a delay, or so long after its end, somebody is told.

    It holds in its organisation and in those under it. Usual warnings (50, 75 and 100 %) need no rule.
    """

    class Who(models.TextChoices):
        ASSIGNEE = "assignee", gettext_lazy("the agent assigned")
        TEAM = "team", gettext_lazy("the team")
        LEADER = "leader", gettext_lazy("the leader of the team")
        MANAGERS = "managers", gettext_lazy("the managers of the desk")
        ACCOUNT = "account", gettext_lazy("somebody named below")

    name = models.CharField(gettext_lazy("name"), max_length=80)
    clock = models.CharField(
        gettext_lazy("promise"),
        max_length=12,
        choices=Clock,
        blank=True,
        help_text=gettext_lazy("Empty: any promise."),
    )
    lowest = models.PositiveSmallIntegerField(
        gettext_lazy("priority, at least"),
        default=5,
        validators=[MinValueValidator(1), MaxValueValidator(5)],
        help_text=gettext_lazy("1 for the most pressing tickets only, 5 for all of them."),
    )
    share = models.PositiveSmallIntegerField(
        gettext_lazy("share of the delay (%)"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(1000)],
        help_text=gettext_lazy("100 is the end of the delay, 150 half as much again. Or say how late below."),
    )
    minutes_late = models.PositiveIntegerField(
        gettext_lazy("or working minutes after the end"),
        null=True,
        blank=True,
        validators=[MaxValueValidator(60 * 24 * 365)],
    )
    who = models.CharField(gettext_lazy("who is told"), max_length=10, choices=Who, default=Who.MANAGERS)
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=gettext_lazy("somebody named"),
    )
    raises = models.BooleanField(gettext_lazy("also raise the priority by one"), default=False)
    enabled = models.BooleanField(gettext_lazy("in use"), default=True)

    class Meta:
        verbose_name, verbose_name_plural = gettext_lazy("escalation"), gettext_lazy("escalations")
        constraints = [
            models.UniqueConstraint("organisation", Plain("name"), name="escalation_name_once"),
            models.CheckConstraint(
                condition=Q(share=None, minutes_late__isnull=False)
                | Q(share__isnull=False, minutes_late=None),
                name="escalation_share_or_late",
                violation_error_message=gettext_lazy(
                    "Say when: a share of the delay, or how long after its end, not both."
                ),
            ),
            models.CheckConstraint(condition=Q(lowest__range=(1, 5)), name="escalation_priority"),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if self.who == self.Who.ACCOUNT and self.account_id is None:
            raise ValidationError({"account": _("Say who is told.")})

    def concerns(self, clock: str, priority: int) -> bool:
        """Whether the rule watches this promise of a ticket of this priority."""
        return self.enabled and self.clock in {"", clock} and priority <= self.lowest

    @property
    def when(self) -> str:
        """When it applies, in words."""
        if self.share is not None:
            return _("at %(share)s %% of the delay") % {"share": self.share}
        return _("%(minutes)s working minutes after the deadline") % {"minutes": self.minutes_late}


def rules_of(organisation_id: int) -> list[Escalation]:
    """The rules in force in an organisation: its own and those above."""
    rows: Any = Escalation.objects.filter(organisation__in=lineage(organisation_id), enabled=True)
    return list(rows.select_related("account").order_by("id"))
