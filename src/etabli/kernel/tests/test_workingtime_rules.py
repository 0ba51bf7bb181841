"""What holds of working time for any calendar, in any zone, over the nights when clocks change."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etabli.kernel.workingtime import (
    WorkingHours,
    add_working_time,
    is_working,
    next_opening,
    spans_between,
    working_time_between,
)

ZONES = (
    "UTC",
    "Europe/Paris",
    "Indian/Reunion",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
)


def naive(text: str) -> datetime:
    """A wall time that does not say of which zone."""
    return datetime.fromisoformat(text)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


@st.composite
def calendars(draw: st.DrawFn) -> WorkingHours:
    week = tuple(draw(days()) for _ in range(7))
    closed = draw(st.frozensets(st.dates(date(2009, 12, 1), date(2011, 2, 1)), max_size=20))
    return WorkingHours(draw(st.sampled_from(ZONES)), week, closed, draw(closures()))


def closures() -> st.SearchStrategy[tuple[tuple[datetime, datetime], ...]]:
    walls = st.datetimes(naive("2009-12-01"), naive("2011-02-01"))
    lengths = st.integers(1, 60 * 24 * 20).map(minutes)
    return st.lists(st.builds(lambda wall, length: (wall, wall + length), walls, lengths), max_size=4).map(
        tuple
    )


@st.composite
def days(draw: st.DrawFn) -> tuple[tuple[time, time], ...]:
    quarters = sorted(draw(st.sets(st.integers(0, 96), max_size=6)))
    walls = [time(quarter // 4 % 24, quarter % 4 * 15) for quarter in quarters]
    return tuple(zip(walls[::2], walls[1::2], strict=False))


rule = settings(max_examples=100, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
# 2010 holds changes at midnight (Sao Paulo), at 00:01 (St John's) and of half an hour (Lord Howe).
instants = st.datetimes(naive("2010-01-01"), naive("2011-01-01"), timezones=st.just(UTC))
amounts = st.integers(0, 60 * 24 * 90).map(minutes)
open_calendars = calendars().filter(lambda hours: any(hours.week))


@rule
@given(open_calendars, instants, amounts)
def test_what_was_added_is_what_has_gone_by(hours: WorkingHours, start: datetime, amount: timedelta) -> None:
    assert working_time_between(start, add_working_time(start, amount, hours), hours) == amount


@rule
@given(open_calendars, instants, amounts, amounts)
def test_a_longer_delay_never_ends_earlier(
    hours: WorkingHours, start: datetime, a: timedelta, b: timedelta
) -> None:
    shorter, longer = sorted((a, b))
    assert start <= add_working_time(start, shorter, hours) <= add_working_time(start, longer, hours)


@rule
@given(calendars(), st.tuples(instants, instants, instants).map(sorted))
def test_time_gone_by_adds_up(hours: WorkingHours, moments: list[datetime]) -> None:
    a, b, c = moments
    parts = working_time_between(a, b, hours) + working_time_between(b, c, hours)
    assert working_time_between(a, c, hours) == parts
    assert timedelta(0) <= parts <= c - a


@rule
@given(calendars(), instants)
def test_working_is_what_the_wall_clock_shows(hours: WorkingHours, moment: datetime) -> None:
    local = moment.astimezone(ZoneInfo(hours.timezone))
    if local.fold or local.date() in hours.closed or hours.closures:
        return  # the second showing of an hour belongs to whatever follows the first
    spans, wall = hours.week[local.weekday()], local.time()
    shown = any(opens <= wall and (wall < closes or closes == time(0)) for opens, closes in spans)
    assert is_working(moment, hours) == shown
    if shown:
        assert next_opening(moment, hours) == moment


@rule
@given(calendars(), st.tuples(instants, instants).map(sorted))
def test_the_stretches_of_work_are_the_time_gone_by(hours: WorkingHours, moments: list[datetime]) -> None:
    spans = list(spans_between(*moments, hours))
    assert [moment for span in spans for moment in span] == sorted(
        moment for span in spans for moment in span
    )
    assert sum((b - a for a, b in spans), timedelta(0)) == working_time_between(*moments, hours)


@rule
@given(calendars(), instants)
def test_nobody_works_during_a_closure(hours: WorkingHours, moment: datetime) -> None:
    local = moment.astimezone(ZoneInfo(hours.timezone))
    if not local.fold and any(a <= local.replace(tzinfo=None) < b for a, b in hours.closures):
        assert not is_working(moment, hours)


@rule
@given(open_calendars, instants)
def test_nothing_is_worked_before_the_next_opening(hours: WorkingHours, moment: datetime) -> None:
    opening = next_opening(moment, hours)
    assert is_working(opening, hours)
    assert working_time_between(moment, opening, hours) == timedelta(0)
