from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction

from etabli.kernel.actors import Actor
from etabli.kernel.calendars import (
    Calendar,
    Holiday,
    add_public_holidays,
    default_calendar,
    hours_of,
    set_default,
)
from etabli.kernel.events import Event
from etabli.kernel.workingtime import (
    WorkingHours,
    add_working_time,
    is_working,
    parse_week,
    working_time_between,
)

PARIS = ZoneInfo("Europe/Paris")
MONDAY = datetime(2026, 1, 5, tzinfo=PARIS)


@pytest.mark.parametrize(
    "week",
    [
        [],
        [[]] * 6,
        [[["9h", "12h"]]] + [[]] * 6,
        [[["12:00", "09:00"]]] + [[]] * 6,
        [["09:00"]] + [[]] * 6,
        "week",
        7,
    ],
)
def test_a_week_that_cannot_be_counted_with_is_refused(week):
    with pytest.raises(ValidationError) as refused:
        Calendar(name="x", week=week).clean_fields(exclude=["organisation"])
    assert "week" in refused.value.message_dict


def test_nights_may_end_the_next_morning_and_a_day_at_24_00():
    nights = [
        [["00:00", "01:00"], ["22:00", "06:00"]],
        [["14:00", "24:00"]],
        [],
        [],
        [],
        [],
        [["20:00", "00:00"]],
    ]
    Calendar(name="x", week=nights).clean_fields(exclude=["organisation"])
    counted = WorkingHours("Europe/Paris", parse_week(nights))
    assert working_time_between(MONDAY, MONDAY + timedelta(days=7), counted) == timedelta(
        hours=1 + 8 + 10 + 4
    )
    assert is_working(MONDAY + timedelta(days=1, hours=5), counted)


def test_a_night_that_runs_into_the_next_morning_is_refused():
    overlap = [[["22:00", "06:00"]], [["05:00", "12:00"]], [], [], [], [], []]
    with pytest.raises(ValidationError, match="overlaps"):
        Calendar(name="x", week=overlap).clean_fields(exclude=["organisation"])


def test_an_unknown_time_zone_is_refused():
    with pytest.raises(ValidationError, match="Paris-Plage"):
        Calendar(name="x", timezone="Europe/Paris-Plage").clean_fields(exclude=["organisation"])


def test_holidays_close_the_calendar(at_acme):
    calendar = default_calendar(at_acme.acme.pk)
    Holiday.objects.create(calendar=calendar, day=date(2026, 5, 1), name="Fête du Travail")
    thursday_evening = datetime(2026, 4, 30, 17, 0, tzinfo=PARIS)
    due = add_working_time(thursday_evening, timedelta(hours=2), hours_of(calendar))
    assert due.astimezone(PARIS) == datetime(2026, 5, 4, 10, 0, tzinfo=PARIS)


def test_the_public_holidays_are_those_of_the_organisations_zone_and_keep_given_names(at_acme):
    calendar = default_calendar(at_acme.acme.pk)
    Holiday.objects.create(calendar=calendar, day=date(2026, 7, 14), name="Closed for us")
    assert add_public_holidays(calendar, [2026], actor=at_acme.acme_admin) == 10
    assert add_public_holidays(calendar, [2026], actor=at_acme.acme_admin) == 0
    assert calendar.holidays.get(day=date(2026, 7, 14)).name == "Closed for us"
    assert len(Event.objects.get(verb="calendar.holidays_added").extra["days"]) == 10


def test_adding_holidays_needs_the_right(at_acme):
    stranger = Actor(account_id=1, label="Stranger")
    with pytest.raises(PermissionDenied):
        add_public_holidays(default_calendar(at_acme.acme.pk), [2026], actor=stranger)


def test_an_organisation_has_one_default_calendar(at_acme):
    first = default_calendar(at_acme.acme.pk)
    assert default_calendar(at_acme.acme.pk) == first
    with pytest.raises(IntegrityError), transaction.atomic():
        Calendar.objects.create(name="Other", is_default=True)
    other = Calendar.objects.create(name="Nights")
    set_default(other, actor=at_acme.acme_admin)
    assert default_calendar(at_acme.acme.pk) == other


def test_the_default_calendar_takes_the_organisations_time_zone_and_a_free_name(at_acme):
    at_acme.acme.timezone = "Indian/Reunion"
    at_acme.acme.save()
    made = default_calendar(at_acme.acme.pk)
    assert made.timezone == "Indian/Reunion"
    name, made.is_default = made.name, False
    made.save()
    assert default_calendar(at_acme.acme.pk).name not in ("", name)
