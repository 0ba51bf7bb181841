"""Reading the clocks of a ticket: for each promise its beginning, what is used, its deadline, if it was kept.

The target is the one in force when the clock stops, or now. Each period is counted in the hours of the
calendar then in force: a ticket that becomes pressing at night keeps the time it has used, and no more.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from django.utils.translation import gettext as _

from ..states import OVER, State, pauses
from .counting import Pause, Stretch, deadline, joined, used
from .explaining import Line, Names, explain
from .history import BadHistory, Fact, Period, Situation, periods
from .policies import Clock, Policy, Target


@dataclass(frozen=True)
class Reading:
    """A clock of a ticket. question: its number, for next answers. team: whose time, for that of teams.

    stopped_at: when what was promised was done, or the ticket left the team; None while it is awaited. The
    last stretch goes on after it, so that the deadline is known whether it was kept or not.
    """

    clock: Clock
    target: Target
    priority: int
    stretches: tuple[Stretch, ...] = field(repr=False)
    stopped_at: datetime | None = None
    question: int = 0
    team: str = ""

    @property
    def started_at(self) -> datetime:
        return self.stretches[0].since

    @property
    def pause(self) -> str:
        """Why it pauses now; empty when it runs or has stopped."""
        return self.stretches[-1].pause

    @cached_property
    def due(self) -> datetime | None:
        """The deadline, in UTC; None while it pauses with time left."""
        return deadline(self.target.amount, self.stretches)

    def explanation(self, *, names: Names | None = None) -> tuple[Line, ...]:
        """The deadline line by line; `names` are those of the closed days."""
        return tuple(explain(self.target.amount, self.stretches, names=names))

    def used(self, now: datetime) -> timedelta:
        """The working time it has counted until it stopped, or until now."""
        return used(self.stretches, now if self.stopped_at is None else min(self.stopped_at, now))

    def left(self, now: datetime) -> timedelta:
        """The working time left, negative once the deadline is passed."""
        return self.target.amount - self.used(now)

    def late(self, now: datetime) -> bool:
        """Whether the deadline was passed before it stopped, or is passed now."""
        return self.due is not None and self.due < (now if self.stopped_at is None else self.stopped_at)


def read(facts: Iterable[Fact], policies: Mapping[str, Policy]) -> tuple[Reading, ...]:
    """Every clock of a ticket for which something is promised; `policies` by the names the facts use.

    Raises BadHistory when the facts are not those of one ticket, or name a policy that is not given.
    """
    life = periods(facts)
    for period in life:
        if period.situation.policy not in policies:
            name = period.situation.policy
            raise BadHistory(_("The policy “%(name)s” is not known.") % {"name": name})
    return tuple(reading for subject in _subjects(life) if (reading := _reading(subject, policies)))


@dataclass(frozen=True)
class _Subject:
    """One clock of the ticket, and the periods of its life that concern it."""

    clock: Clock
    life: Sequence[Period]
    question: int = 0
    team: str = ""

    def target(self, situation: Situation, policies: Mapping[str, Policy]) -> Target | None:
        policy = policies[situation.policy]
        return policy.target(self.clock, priority=situation.priority, team=self.team)

    def stopped(self, situation: Situation) -> bool:
        """Whether what is promised is done in this situation, or is not this team's to do."""
        if situation.state in OVER:
            return True
        match self.clock:
            case Clock.TAKE_CHARGE:
                return situation.state != State.NEW
            case Clock.FIRST_ANSWER:
                return situation.answered
            case Clock.NEXT_ANSWER:
                return not situation.owed
            case Clock.TEAM:
                return situation.team != self.team
            case _:
                return False

    def pause(self, situation: Situation) -> str:
        """Why the clock does not run in this situation, which something follows."""
        if situation.state in OVER:
            return Pause.SOLVED.value
        if self.clock == Clock.TEAM and situation.team != self.team:
            return Pause.ELSEWHERE.value
        if situation.waiting and pauses(self.clock, situation.state, situation.waiting):
            return situation.waiting.value
        return ""


def _subjects(life: Sequence[Period]) -> Iterator[_Subject]:
    for clock in (Clock.TAKE_CHARGE, Clock.FIRST_ANSWER, Clock.SOLVE):
        yield _Subject(clock, life)
    for number in range(1, life[-1].situation.questions + 1):
        since = [period for period in life if period.situation.questions == number]
        if since:
            yield _Subject(Clock.NEXT_ANSWER, since, question=number)
    for team in dict.fromkeys(period.situation.team for period in life if period.situation.team):
        first = next(n for n, period in enumerate(life) if period.situation.team == team)
        yield _Subject(Clock.TEAM, life[first:], team=team)


def _reading(subject: _Subject, policies: Mapping[str, Policy]) -> Reading | None:
    """The reading of a clock; none when nothing is promised."""
    lived = list(subject.life)
    while lived and subject.stopped(lived[-1].situation):
        lived.pop()
    last = lived[-1] if lived else subject.life[0]
    target = subject.target(last.situation, policies)
    if target is None:
        return None
    stopped_at = last.until if lived else last.since
    stretches = []
    for period in lived:
        then = subject.target(period.situation, policies) or target
        stretches.append(Stretch(period.since, period.until, then.hours, subject.pause(period.situation)))
    if stopped_at is not None:
        stretches.append(Stretch(stopped_at, None, target.hours))
    return Reading(
        clock=subject.clock,
        target=target,
        priority=last.situation.priority,
        stretches=joined(stretches),
        stopped_at=stopped_at,
        question=subject.question,
        team=subject.team,
    )
