"""Calendars, pauses and histories of every shape, around the two nights when the clocks of Paris change."""

from datetime import UTC, date, datetime, time, timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from etabli.kernel.workingtime import WorkingHours, split_nights
from etabli.support.clocks.counting import Interruption
from etabli.support.clocks.history import (
    Answered,
    Asked,
    Fact,
    Handed,
    Moved,
    Opened,
    Prioritised,
    Promised,
)
from etabli.support.clocks.policies import Clock, Policy, Target
from etabli.support.states import State, Waiting

rule = settings(max_examples=100, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
FIRST, LAST = datetime(2026, 1, 1), datetime(2027, 1, 1)  # noqa: DTZ001 - bounds of a strategy have no zone
ZONES = ("Europe/Paris", "Indian/Reunion", "America/Martinique", "UTC", "Australia/Lord_Howe")
NIGHT = (time(22), time(6))
MARCH, OCTOBER = (datetime(2026, month, day, tzinfo=UTC) for month, day in ((3, 28), (10, 24)))

minutes = st.integers(0, 60 * 24 * 30).map(lambda number: timedelta(minutes=number))
instants = st.datetimes(FIRST, LAST, timezones=st.just(UTC))
near_a_change = st.builds(
    lambda evening, later: evening + later,
    st.sampled_from([MARCH, OCTOBER]),
    st.integers(0, 60 * 48).map(lambda number: timedelta(minutes=number)),
)
starts = instants | near_a_change
amounts = st.integers(1, 60 * 24 * 20).map(lambda number: timedelta(minutes=number))


@st.composite
def days(draw: st.DrawFn) -> tuple[tuple[time, time], ...]:
    quarters = sorted(draw(st.sets(st.integers(0, 96), max_size=6)))
    walls = [time(quarter // 4 % 24, quarter % 4 * 15) for quarter in quarters]
    return tuple(zip(walls[::2], walls[1::2], strict=False))


@st.composite
def calendars(draw: st.DrawFn) -> WorkingHours:
    """Some spans a day, nights over midnight, or round the clock; days and hours closed once."""
    several = st.tuples(*[days() for _ in range(7)]).filter(any)
    nights, always = st.just(split_nights(((NIGHT,),) * 7)), st.just((((time(0), time(0)),),) * 7)
    closed = draw(st.frozensets(st.dates(date(2026, 1, 1), date(2026, 12, 31)), max_size=20))
    lengths = st.integers(1, 60 * 24 * 10).map(lambda number: timedelta(minutes=number))
    spans = st.builds(lambda wall, length: (wall, wall + length), st.datetimes(FIRST, LAST), lengths)
    closures = draw(st.lists(spans, max_size=3).map(tuple))
    return WorkingHours(draw(st.sampled_from(ZONES)), draw(several | nights | always), closed, closures)


pauses = st.builds(lambda since, length: Interruption(since, since + length), starts, minutes)
TEAMS, POLICIES = ("n1", "n2"), ("gold", "silver")


@st.composite
def policies(draw: st.DrawFn) -> dict[str, Policy]:
    def target() -> Target:
        return Target(draw(amounts), draw(st.sampled_from(hours)))

    hours = draw(st.lists(calendars(), min_size=1, max_size=3))
    return {
        name: Policy(
            {clock: {1: target(), 2: target()} for clock in Clock if clock != Clock.TEAM},
            {team: {1: target(), 2: target()} for team in TEAMS},
        )
        for name in POLICIES
    }


def _changes(at: datetime, rank: int) -> st.SearchStrategy[Fact]:
    when = {"at": st.just(at), "rank": st.just(rank)}
    return st.one_of(
        st.builds(Moved, state=st.sampled_from([State.IN_PROGRESS, State.SOLVED]), **when),
        st.builds(Moved, state=st.just(State.WAITING), waiting=st.sampled_from(Waiting), **when),
        st.builds(Prioritised, priority=st.sampled_from([1, 2]), **when),
        st.builds(Promised, policy=st.sampled_from(POLICIES), **when),
        st.builds(Handed, team=st.sampled_from(TEAMS), **when),
        st.builds(Asked, **when),
        st.builds(Answered, **when),
    )


@st.composite
def histories(draw: st.DrawFn) -> list[Fact]:
    """A ticket in the order of what happened, sometimes several things at one instant."""
    at = draw(starts)
    facts: list[Fact] = [Opened(at=at, priority=2, policy=POLICIES[0], team=TEAMS[0])]
    for rank in range(1, draw(st.integers(1, 9))):
        at += timedelta(minutes=draw(st.integers(0, 60 * 24 * 3)))
        facts.append(draw(_changes(at, rank)))
    return facts
