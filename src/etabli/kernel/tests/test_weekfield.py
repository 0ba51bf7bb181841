"""Hours of a week typed as lines: read generously, refused with the day's name, kept as typed, stored as before."""

import pytest
from django.core.exceptions import ValidationError

from etabli.kernel.calendars import Calendar, office_week
from etabli.kernel.tenancy import scope
from etabli.kernel.weekfield import WeekFormField, hours, typed

LINES = {f"week_{day}": "08:30-12:00, 13:30-18:00" if day < 5 else "" for day in range(7)}
STORED = [[["08:30", "12:00"], ["13:30", "18:00"]]] * 5 + [[], []]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("08:30-12:00, 13:30-18:00", [["08:30", "12:00"], ["13:30", "18:00"]]),
        ("8h30-12h; 13h30–18h", [["08:30", "12:00"], ["13:30", "18:00"]]),
        ("8 h 30 - 12", [["08:30", "12:00"]]),
        ("0-24", [["00:00", "00:00"]]),
        ("8-12, 22:00-06:00", [["08:00", "12:00"], ["22:00", "06:00"]]),
        ("17h-9h", [["17:00", "09:00"]]),
        ("22-0", [["22:00", "00:00"]]),
        ("", []),
        (" , ", []),
    ],
)
def test_a_line_is_read_as_people_write_hours(line, expected):
    assert hours(0, line) == expected


@pytest.mark.parametrize(
    "line",
    [
        "closed",
        "8-",
        "12:00-08:00",
        "8-12, 11-14",
        "8:75-12",
        "8-25",
        "8-8",
        "16:59-09:00",
        "22-6, 7-8",
        "25-2",
    ],
)
def test_a_mistake_names_its_day_and_shows_how_to_write(line):
    with pytest.raises(ValidationError, match=r"Tuesday: .*; write 08:30-12:00, 13:30-18:00"):
        hours(1, line)


def test_what_is_stored_is_shown_as_lines_and_read_back():
    for day in (*STORED, [["00:00", "00:00"]], [["20:00", "00:00"]], [["22:00", "06:00"]]):
        assert hours(0, typed(day)) == day


def test_a_program_still_sends_the_week_as_one_value():
    field = WeekFormField()
    assert field.clean(STORED) == STORED
    assert field.clean("[[], [], [], [], [], [], []]") == [[]] * 7
    with pytest.raises(ValidationError, match="seven days"):
        field.clean("from nine to five")


def test_the_form_shows_a_line_a_day_and_saves_the_same_json(firm, client_of):
    with scope(firm.acme.id):
        calendar = Calendar.objects.create(name="Office", week=office_week())
    browser = client_of(firm.acme.administrator)
    page = browser.get(f"/calendars/{calendar.pk}/edit/").content.decode()
    assert 'name="week_0" value="09:00-12:00, 14:00-18:00"' in page
    assert ">Sunday</label>" in page
    assert "nothing on a closed day" in page
    answer = browser.post(
        f"/calendars/{calendar.pk}/edit/", {"name": "Office", "timezone": "Europe/Paris", **LINES}
    )
    assert answer.status_code == 302
    with scope(firm.acme.id):
        assert Calendar.objects.get(pk=calendar.pk).week == STORED


def test_two_mistakes_are_told_together_and_what_was_typed_stays(firm, client_of):
    browser = client_of(firm.acme.administrator)
    sent = {"name": "Shop", "timezone": "Europe/Paris", **LINES, "week_1": "from 9", "week_5": "12-9"}
    answer = browser.post("/calendars/add/", sent)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Tuesday: “from 9” is not a span of hours" in page
    assert "Saturday: “12-9” does not follow" in page
    assert 'name="week_1" value="from 9"' in page
    assert 'name="week_0" value="08:30-12:00, 13:30-18:00"' in page


def test_the_api_reads_and_writes_the_json_as_before(firm, client_of):
    browser = client_of(firm.acme.administrator)
    made = browser.post(
        "/api/v1/calendars", {"name": "Night", "week": STORED}, content_type="application/json"
    )
    assert made.status_code == 201, made.content
    assert made.json()["week"] == STORED
    wrong = browser.post("/api/v1/calendars", {"name": "Odd", "week": [[]]}, content_type="application/json")
    assert wrong.status_code == 422
