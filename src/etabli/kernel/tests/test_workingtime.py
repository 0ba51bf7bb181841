"""A delay promised in working time ends when the wall clock of the calendar says so, summer time included."""

import json
import os
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from etabli.kernel.holidays import public_holidays
from etabli.kernel.workingtime import (
    NeverOpen,
    WorkingHours,
    add_working_time,
    is_working,
    next_opening,
    spans_between,
    split_nights,
    working_time_between,
)

PARIS = "Europe/Paris"
MORNING, AFTERNOON = (time(8), time(12)), (time(13, 30), time(17, 30))
OFFICE_DAYS = ((MORNING, AFTERNOON),) * 5 + ((), ())
CLOSED = frozenset(day for year in range(2025, 2029) for day in public_holidays("metropole", year))
OFFICE = WorkingHours(PARIS, OFFICE_DAYS, CLOSED)
ALWAYS = WorkingHours.always(PARIS)
NEVER = WorkingHours(PARIS, ((),) * 7)


def at(text: str, zone: str = PARIS) -> datetime:
    """A wall time of the zone; an offset in the text says which one when it happens twice."""
    parsed = datetime.fromisoformat(text)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=ZoneInfo(zone))


def naive(text: str) -> datetime:
    """A wall time that does not say of which zone."""
    return datetime.fromisoformat(text)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def corpus_vectors() -> list[dict[str, Any]]:
    root = os.environ.get("ETABLI_CORPUS")
    path = Path(root or "") / "servicedesk" / "sla_vectors.json"
    return json.loads(path.read_text())["vectors"] if root and path.is_file() else []


@pytest.mark.parametrize(
    ("start", "amount", "end"),
    [
        pytest.param("2026-01-05T10:00", 240, "2026-01-05T15:30", id="lunch does not count"),
        pytest.param("2026-01-06T12:45", 60, "2026-01-06T14:30", id="asked during lunch"),
        pytest.param("2026-01-05T13:30", 240, "2026-01-05T17:30", id="due exactly at closing time"),
        pytest.param("2026-07-10T16:30", 240, "2026-07-13T11:00", id="over a week-end"),
        pytest.param("2026-07-13T17:00", 240, "2026-07-15T11:30", id="over the 14th of July"),
        pytest.param("2026-12-24T16:30", 120, "2026-12-28T09:00", id="over Christmas and a week-end"),
        pytest.param("2026-03-27T17:00", 60, "2026-03-30T08:30", id="over the change of March"),
        pytest.param("2026-10-23T17:00", 60, "2026-10-26T08:30", id="over the change of October"),
        pytest.param("2026-03-29T02:30", 60, "2026-03-30T09:00", id="asked at a time that does not exist"),
        pytest.param("2026-01-03T11:00", 0, "2026-01-03T11:00", id="nothing to wait for"),
    ],
)
def test_a_delay_is_counted_inside_office_hours(start: str, amount: int, end: str) -> None:
    assert add_working_time(at(start), minutes(amount), OFFICE) == at(end).astimezone(UTC)


@pytest.mark.parametrize(
    ("start", "end", "worked"),
    [
        pytest.param("2026-03-28T12:00", "2026-03-29T12:00", 23 * 60, id="the day of March has 23 hours"),
        pytest.param("2026-10-24T12:00", "2026-10-25T12:00", 25 * 60, id="the day of October has 25 hours"),
        pytest.param("2026-01-01T00:00", "2027-01-01T00:00", 365 * 24 * 60, id="a year loses none"),
        pytest.param(
            "2026-10-25T02:15+02:00", "2026-10-25T02:15+01:00", 60, id="one wall time, an hour apart"
        ),
    ],
)
def test_round_the_clock_counts_real_elapsed_time(start: str, end: str, worked: int) -> None:
    assert working_time_between(at(start), at(end), ALWAYS) == minutes(worked)
    assert add_working_time(at(start), minutes(worked), ALWAYS) == at(end).astimezone(UTC)


@pytest.mark.parametrize(
    ("day", "opens", "closes", "worked"),
    [
        pytest.param("2026-03-29", time(1), time(4), 120, id="a night of March is an hour short"),
        pytest.param(
            "2026-03-29", time(2, 30), time(4), 60, id="an opening that is skipped is the change itself"
        ),
        pytest.param(
            "2026-03-29", time(1), time(2, 30), 60, id="a closing that is skipped is the change itself"
        ),
        pytest.param("2026-03-29", time(2), time(3), 0, id="an hour that does not exist"),
        pytest.param("2026-10-25", time(1), time(4), 240, id="a night of October is an hour long"),
        pytest.param("2026-10-25", time(1), time(2, 30), 90, id="a closing that comes twice is the first"),
        pytest.param("2026-10-25", time(2, 30), time(4), 150, id="an opening that comes twice is the first"),
        pytest.param("2026-10-25", time(22), time(0), 120, id="a span may end at 24:00"),
    ],
)
def test_a_night_shift_on_the_night_the_clocks_change(
    day: str, opens: time, closes: time, worked: int
) -> None:
    sundays = WorkingHours(PARIS, ((),) * 6 + (((opens, closes),),))
    assert working_time_between(
        at(f"{day}T00:00"), at(f"{day}T00:00") + timedelta(days=1), sundays
    ) == minutes(worked)


def test_an_evening_shown_twice_belongs_to_the_day_that_had_begun() -> None:
    # On 7 November 2010 at 00:01 the clocks of Newfoundland went back to 23:01 on the 6th.
    sundays = WorkingHours("America/St_Johns", ((),) * 6 + (((time(0), time(0)),),))
    first_midnight, shown_again = at("2010-11-07T02:30+00:00"), at("2010-11-07T03:00+00:00")
    assert shown_again.astimezone(ZoneInfo("America/St_Johns")).day == 6
    assert not is_working(first_midnight - minutes(1), sundays)
    assert is_working(first_midnight, sundays)
    assert is_working(shown_again, sundays)
    assert working_time_between(first_midnight, first_midnight + timedelta(days=2), sundays) == timedelta(
        hours=25
    )


def test_a_delay_of_a_whole_month_ends_with_its_last_hour() -> None:
    february = working_time_between(at("2026-02-01T00:00"), at("2026-03-01T00:00"), OFFICE)
    assert february == timedelta(days=20) / 3  # 20 days of 8 hours
    assert add_working_time(at("2026-01-31T12:00"), february, OFFICE) == at("2026-02-27T17:30").astimezone(
        UTC
    )


def test_the_first_day_of_a_month_counts_from_the_hour_asked() -> None:
    start, end = at("2026-06-01T14:30"), at("2026-07-02T09:00")
    june = timedelta(hours=3 + 21 * 8)  # the afternoon of the 1st, then 21 working days
    assert working_time_between(start, end, OFFICE) == june + timedelta(hours=8 + 1)
    assert add_working_time(start, june + timedelta(hours=9), OFFICE) == end.astimezone(UTC)


def test_hours_are_those_of_the_zone_of_the_calendar() -> None:
    reunion = WorkingHours("Indian/Reunion", OFFICE_DAYS)
    asked = at("2026-01-05T13:00", PARIS)  # 16:00 in La Réunion
    assert add_working_time(asked, minutes(180), reunion) == at("2026-01-06T09:30", "Indian/Reunion")


def test_opening_is_inside_and_closing_is_outside() -> None:
    moments = ("07:59", "08:00", "11:59", "12:00", "13:30", "17:30")
    assert [is_working(at(f"2026-01-05T{moment}"), OFFICE) for moment in moments] == [
        False,
        True,
        True,
        False,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("moment", "opening"),
    [
        ("2026-01-05T09:00", "2026-01-05T09:00"),
        ("2026-01-05T12:00", "2026-01-05T13:30"),
        ("2026-01-09T17:30", "2026-01-12T08:00"),
        ("2026-04-30T18:00", "2026-05-04T08:00"),
    ],
)
def test_the_next_opening_skips_nights_week_ends_and_holidays(moment: str, opening: str) -> None:
    assert next_opening(at(moment), OFFICE) == at(opening).astimezone(UTC)


def test_a_closed_year_is_crossed() -> None:
    shut = WorkingHours(
        PARIS, OFFICE_DAYS, frozenset(date(2026, 1, 1) + timedelta(days=n) for n in range(365))
    )
    assert next_opening(at("2025-12-31T18:00"), shut) == at("2027-01-01T08:00")


NIGHTS = split_nights((((time(22), time(6)),),) * 7)


def test_a_night_goes_on_the_next_morning() -> None:
    nights = WorkingHours(PARIS, NIGHTS)
    assert NIGHTS[0] == ((time(0), time(6)), (time(22), time(0)))
    assert is_working(at("2026-01-06T03:00"), nights)
    assert add_working_time(at("2026-01-05T23:00"), minutes(300), nights) == at("2026-01-06T04:00")
    assert next_opening(at("2026-01-06T06:00"), nights) == at("2026-01-06T22:00")


@pytest.mark.parametrize(
    ("day", "worked"),
    [("2026-03-28", 7), ("2026-10-24", 9), ("2026-01-05", 8)],
    ids=["the night of March", "the night of October", "any night"],
)
def test_a_night_shift_lasts_as_long_as_the_night(day: str, worked: int) -> None:
    evening = at(f"{day}T12:00")
    nights = WorkingHours(PARIS, NIGHTS)
    assert working_time_between(evening, evening + timedelta(days=1), nights) == timedelta(hours=worked)


def test_hours_in_the_wrong_order_are_no_night() -> None:
    typed = (((time(12), time(9)),),) + ((),) * 6
    assert split_nights(typed) == typed
    with pytest.raises(ValueError, match="closes before"):
        WorkingHours(PARIS, split_nights(typed))


@pytest.mark.parametrize(
    ("since", "until", "end"),
    [
        pytest.param("2026-01-05T11:00", "2026-01-05T15:00", "2026-01-06T08:30", id="a part of the day"),
        pytest.param("2026-01-05T15:00", "2026-01-07T09:00", "2026-01-07T09:30", id="over two nights"),
        pytest.param("2026-01-05T12:00", "2026-01-05T13:30", "2026-01-05T15:30", id="what was closed anyway"),
        pytest.param("2026-01-05T10:30", "2026-01-05T10:45", "2026-01-05T15:45", id="within a span"),
    ],
)
def test_a_closure_once_delays_what_was_promised(since: str, until: str, end: str) -> None:
    shut = WorkingHours(PARIS, OFFICE_DAYS, CLOSED, ((naive(since), naive(until)),))
    assert add_working_time(at("2026-01-05T10:00"), minutes(240), shut) == at(end)
    assert not is_working(at(since), shut)


def test_the_stretches_of_work_are_cut_where_asked() -> None:
    told = spans_between(at("2026-01-05T09:00"), at("2026-01-06T10:00"), OFFICE)
    walls = [[f"{one.astimezone(ZoneInfo(PARIS)):%d %H:%M}" for one in span] for span in told]
    assert walls == [
        ["05 09:00", "05 12:00"],
        ["05 13:30", "05 17:30"],
        ["06 08:00", "06 10:00"],
    ]


def test_a_calendar_that_closes_for_good_is_told_and_not_waited_for() -> None:
    shut = WorkingHours(PARIS, OFFICE_DAYS, closures=((naive("2026-01-01"), naive("9999-01-01")),))
    with pytest.raises(NeverOpen, match="closures"):
        add_working_time(at("2026-01-05T10:00"), minutes(1), shut)
    with pytest.raises(NeverOpen, match="closures"):
        next_opening(at("2026-01-05T10:00"), shut)
    assert working_time_between(at("2026-01-05T10:00"), at("2036-01-05T10:00"), shut) == timedelta(0)


def test_a_delay_of_centuries_is_a_mistake_and_says_so() -> None:
    with pytest.raises(ValueError, match="100 years"):
        add_working_time(at("2026-01-05T10:00"), timedelta(days=100_000), OFFICE)


def test_ten_years_are_counted() -> None:
    monday, plain_weeks = at("2026-01-05T08:00"), WorkingHours(PARIS, OFFICE_DAYS)
    end = add_working_time(monday, timedelta(hours=40 * 520), plain_weeks)
    assert end == at("2035-12-21T17:30")  # the Friday of the 520th week of 40 hours
    assert working_time_between(monday, end, plain_weeks) == timedelta(hours=40 * 520)


def test_an_empty_calendar_is_never_open() -> None:
    with pytest.raises(NeverOpen):
        add_working_time(at("2026-01-05T10:00"), minutes(1), NEVER)
    with pytest.raises(NeverOpen):
        next_opening(at("2026-01-05T10:00"), NEVER)
    assert not is_working(at("2026-01-05T10:00"), NEVER)
    assert working_time_between(at("2026-01-05T10:00"), at("2027-01-05T10:00"), NEVER) == timedelta(0)


def test_time_overdue_is_negative() -> None:
    assert working_time_between(at("2026-01-05T15:30"), at("2026-01-05T11:00"), OFFICE) == -minutes(180)


def test_results_are_in_utc_so_that_they_can_be_subtracted() -> None:
    assert add_working_time(at("2026-01-05T10:00"), minutes(5), OFFICE).tzinfo is UTC
    assert next_opening(at("2026-01-05T07:00"), OFFICE).tzinfo is UTC


def test_a_datetime_without_its_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        add_working_time(naive("2026-01-05T10:00"), minutes(5), OFFICE)


def test_a_delay_backwards_is_refused() -> None:
    with pytest.raises(ValueError, match="forward"):
        add_working_time(at("2026-01-05T10:00"), minutes(-5), OFFICE)


@pytest.mark.parametrize(
    ("since", "until", "reason"),
    [
        (naive("2026-01-05T10:00"), naive("2026-01-05T10:00"), "ends before"),
        (at("2026-01-05T10:00"), at("2026-01-05T11:00"), "without a zone"),
    ],
)
def test_a_closure_backwards_or_with_a_zone_is_refused(since: datetime, until: datetime, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        WorkingHours(PARIS, OFFICE_DAYS, closures=((since, until),))


@pytest.mark.parametrize(
    ("day", "reason"),
    [
        pytest.param(((time(9), time(8)),), "closes before", id="backwards"),
        pytest.param(((time(22), time(6)),), "24:00", id="over midnight"),
        pytest.param(((time(8), time(12)), (time(11), time(17))), "overlaps", id="overlap"),
        pytest.param(((time(8), time(0)), (time(0), time(1))), "overlaps", id="after the end of the day"),
        pytest.param(((time(8, tzinfo=UTC), time(12)),), "without a zone", id="with a zone"),
    ],
)
def test_a_disordered_day_is_refused(day: tuple[tuple[time, time], ...], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        WorkingHours(PARIS, (day,) + ((),) * 6)


def test_an_unknown_zone_and_a_short_week_are_refused() -> None:
    with pytest.raises(ValueError, match="IANA"):
        WorkingHours("Europe/Atlantis", OFFICE_DAYS)
    with pytest.raises(ValueError, match="7 days"):
        WorkingHours(PARIS, OFFICE_DAYS[:5])


@pytest.mark.skipif(not corpus_vectors(), reason="ETABLI_CORPUS does not hold servicedesk/sla_vectors.json")
def test_deadlines_agree_with_the_reference_clock() -> None:
    for vector in corpus_vectors():
        zone = vector["tz"]
        cursor, left = at(vector["start"], zone), minutes(vector["minutes"])
        for begins, ends in vector["pauses"]:
            left -= working_time_between(cursor, at(begins, zone), OFFICE)
            cursor = at(ends, zone)
        assert add_working_time(cursor, left, OFFICE) == at(vector["deadline"]), vector
