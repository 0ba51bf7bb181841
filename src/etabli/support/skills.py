"""Who knows what, and who is away: what a ticket is given to people by."""

from datetime import datetime

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy, pgettext_lazy

from etabli.kernel.tenancy import Catalogue, Noun
from etabli.kernel.text import Plain

from .tickets import Category, Service


class Skill(Catalogue):
    """Something not every agent knows: networks, payroll, a trade program. It covers categories, services."""

    name = models.CharField(gettext_lazy("name"), max_length=80)
    description = models.TextField(gettext_lazy("description"), blank=True)

    class Meta:
        verbose_name, verbose_name_plural = gettext_lazy("skill"), gettext_lazy("skills")
        constraints = [models.UniqueConstraint("organisation", Plain("name"), name="skill_name_once")]

    def __str__(self) -> str:
        return self.name


class SkillCover(Catalogue):
    """A category (with those under it) or a service whose tickets ask for a skill."""

    skill = models.ForeignKey(Skill, models.CASCADE, related_name="covers")
    category = models.ForeignKey(Category, models.CASCADE, null=True, related_name="+")
    service = models.ForeignKey(Service, models.CASCADE, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["skill", "category", "service"], nulls_distinct=False, name="skill_cover_once"
            ),
            models.CheckConstraint(
                condition=Q(category=None, service__isnull=False) | Q(category__isnull=False, service=None),
                name="skill_cover_one",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.skill} · {self.category or self.service}"


class AgentSkill(Noun):
    """That an agent has a skill, and how well."""

    class Level(models.IntegerChoices):
        LEARNS = 1, pgettext_lazy("skill", "is learning")
        KNOWS = 2, pgettext_lazy("skill", "knows")
        MASTERS = 3, pgettext_lazy("skill", "masters")

    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=gettext_lazy("agent")
    )
    skill = models.ForeignKey(
        Skill, models.CASCADE, related_name="agents", verbose_name=gettext_lazy("skill")
    )
    level = models.PositiveSmallIntegerField(
        gettext_lazy("level"),
        choices=Level,
        default=Level.KNOWS,
        validators=[MinValueValidator(1), MaxValueValidator(3)],
    )

    class Meta:
        verbose_name, verbose_name_plural = (
            gettext_lazy("skill of an agent"),
            gettext_lazy("skills of the agents"),
        )
        constraints = [models.UniqueConstraint(fields=["account", "skill"], name="agent_skill_once")]

    def __str__(self) -> str:
        return f"{self.account} · {self.skill} ({self.get_level_display()})"


class Absence(Noun):
    """Somebody is away: nothing is given to them meanwhile."""

    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=gettext_lazy("agent")
    )
    since = models.DateTimeField(gettext_lazy("from"))
    until = models.DateTimeField(gettext_lazy("until"))
    reason = models.CharField(gettext_lazy("reason"), max_length=120, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = gettext_lazy("absence"), gettext_lazy("absences")
        constraints = [
            models.CheckConstraint(
                condition=Q(until__gt=F("since")),
                name="absence_in_order",
                violation_error_message=gettext_lazy("The absence ends before it begins."),
            )
        ]
        indexes = [models.Index(fields=["account", "until"], name="absence_of_account")]

    def __str__(self) -> str:
        return f"{self.account} · {self.since:%Y-%m-%d} → {self.until:%Y-%m-%d}"


def away(at: datetime) -> Q:
    """The absences that last at an instant."""
    return Q(since__lte=at, until__gt=at)
