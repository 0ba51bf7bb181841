"""What is promised: a delay in the hours of a calendar, by clock and priority, and for teams between them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from etabli.kernel.workingtime import WorkingHours


class Clock(TextChoices):
    """What is timed. The first four are promises to people (SLA), the last one between teams (OLA)."""

    TAKE_CHARGE = "take_charge", gettext_lazy("taking charge")
    FIRST_ANSWER = "first_answer", gettext_lazy("first answer")
    NEXT_ANSWER = "next_answer", gettext_lazy("next answer")
    SOLVE = "solve", gettext_lazy("solution")
    TEAM = "team", gettext_lazy("time in a team")


@dataclass(frozen=True)
class Target:
    """So much working time, counted in these hours. Raises ValueError when it is not positive."""

    amount: timedelta
    hours: WorkingHours

    def __post_init__(self) -> None:
        if self.amount <= timedelta(0):
            raise ValueError(_("A promised delay is longer than nothing."))


type Targets = Mapping[int, Target]
"""The target of each priority, 1 being the most pressing; one that is absent promises nothing."""


@dataclass(frozen=True)
class Policy:
    """The targets of an organisation or a contract; `teams` holds those of each team, by its name."""

    targets: Mapping[Clock, Targets] = field(default_factory=dict)
    teams: Mapping[str, Targets] = field(default_factory=dict)

    def target(self, clock: Clock, *, priority: int, team: str = "") -> Target | None:
        """What is promised to a ticket of this priority, in this team for its own clock."""
        promised = self.teams.get(team) if clock == Clock.TEAM else self.targets.get(clock)
        return promised.get(priority) if promised else None
