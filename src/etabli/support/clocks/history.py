"""What happened to a ticket, as far as its clocks care, and the periods of its life that follow from it.

Facts are the only thing stored. Read in any order, they give the same life: each carries its instant, and its
rank among those of one instant.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise

from django.utils.translation import gettext as _

from ..states import OVER, State, Waiting


class BadHistory(ValueError):
    """The facts are not those of one ticket."""


@dataclass(frozen=True, slots=True)
class Situation:
    """A ticket at some instant. `questions` counts those asked after the first answer; `owed`: one waits."""

    priority: int
    policy: str
    team: str = ""
    state: State = State.NEW
    waiting: Waiting | None = None
    answered: bool = False
    questions: int = 0
    owed: bool = False


@dataclass(frozen=True, kw_only=True)
class Fact:
    """Something that happened. rank: its place among those of one instant, the number of its row."""

    at: datetime
    rank: int = 0

    def after(self, before: Situation) -> Situation:
        """The situation once it has happened."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Opened(Fact):
    """The ticket was opened. policy, team: their names."""

    priority: int
    policy: str
    team: str = ""

    def after(self, before: Situation) -> Situation:
        return Situation(self.priority, self.policy, self.team)


@dataclass(frozen=True, kw_only=True)
class Moved(Fact):
    """Its state changed; a solution is an answer."""

    state: State
    waiting: Waiting | None = None

    def after(self, before: Situation) -> Situation:
        over = self.state in OVER
        return replace(
            before,
            state=self.state,
            waiting=self.waiting,
            answered=before.answered or over,
            owed=before.owed and not over,
        )


@dataclass(frozen=True, kw_only=True)
class Prioritised(Fact):
    """Its priority changed."""

    priority: int

    def after(self, before: Situation) -> Situation:
        return replace(before, priority=self.priority)


@dataclass(frozen=True, kw_only=True)
class Promised(Fact):
    """Another policy covers it from now on."""

    policy: str

    def after(self, before: Situation) -> Situation:
        return replace(before, policy=self.policy)


@dataclass(frozen=True, kw_only=True)
class Handed(Fact):
    """It was handed to a team, or to none."""

    team: str

    def after(self, before: Situation) -> Situation:
        return replace(before, team=self.team)


@dataclass(frozen=True, kw_only=True)
class Asked(Fact):
    """The user wrote. Before the first answer, or while another question waits, nothing more is owed."""

    def after(self, before: Situation) -> Situation:
        if before.owed or not before.answered:
            return before
        return replace(before, questions=before.questions + 1, owed=True)


@dataclass(frozen=True, kw_only=True)
class Answered(Fact):
    """An agent wrote to the user; neither an internal note nor an automatic acknowledgement."""

    def after(self, before: Situation) -> Situation:
        return replace(before, answered=True, owed=False)


@dataclass(frozen=True, slots=True)
class Period:
    """A time during which the situation did not change; the last one has no end."""

    since: datetime
    until: datetime | None
    situation: Situation


def periods(facts: Iterable[Fact]) -> tuple[Period, ...]:
    """The life of a ticket, in order, from its opening. Raises BadHistory.

    What is dated before the opening (a sender's clock that is slow) counts as happening with it.
    """
    ordered = sorted(facts, key=_order)
    openings = [fact for fact in ordered if isinstance(fact, Opened)]
    if len(openings) != 1:
        raise BadHistory(_("A history has one opening; this one has %(count)s.") % {"count": len(openings)})
    opened = openings[0]
    begun = opened.at.astimezone(UTC)
    situations: dict[datetime, Situation] = {begun: opened.after(Situation(opened.priority, opened.policy))}
    situation = situations[begun]
    for fact in ordered:
        if fact is not opened:
            situation = fact.after(situation)
            situations[max(fact.at.astimezone(UTC), begun)] = situation
    ends = [*(until for _since, until in pairwise(situations)), None]
    return tuple(
        Period(since, until, at) for (since, at), until in zip(situations.items(), ends, strict=True)
    )


def _order(fact: Fact) -> tuple[datetime, int, str]:
    # Facts of one instant and rank, whose order nobody knows, still give the same life each time.
    return fact.at, fact.rank, repr(fact)
