"""The days offices are closed by law, zone by zone."""

import json
import os
from datetime import date
from pathlib import Path

import pytest

from etabli.kernel.holidays import FRENCH_ZONES, UnknownZone, french_zone, public_holidays

CORPUS = (
    Path(os.environ.get("ETABLI_CORPUS", "/nonexistent")) / "business" / "geo" / "jours_feries_2024_2031.json"
)


def test_metropolitan_france_has_the_eleven_days_of_the_labour_code_in_french() -> None:
    days = public_holidays("metropole", 2026)
    assert len(days) == 11
    assert list(days) == sorted(days)
    assert days[date(2026, 4, 6)] == "Lundi de Pâques"
    assert days[date(2026, 11, 1)] == "Toussaint"


@pytest.mark.parametrize("zone", ["57", "67", "68"])
def test_alsace_and_moselle_keep_two_days_more(zone: str) -> None:
    added = public_holidays(zone, 2026).keys() - public_holidays("metropole", 2026).keys()
    assert added == {date(2026, 4, 3), date(2026, 12, 26)}


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("971", date(2026, 5, 27)),
        ("972", date(2026, 5, 22)),
        ("973", date(2026, 6, 10)),
        ("974", date(2026, 12, 20)),
        ("976", date(2026, 4, 27)),
    ],
)
def test_each_overseas_department_commemorates_the_abolition_of_slavery(zone: str, day: date) -> None:
    assert "esclavage" in public_holidays(zone, 2026)[day]
    assert day not in public_holidays("metropole", 2026)


def test_every_zone_offered_keeps_the_national_days() -> None:
    national = public_holidays("metropole", 2027).keys()
    assert all(national <= public_holidays(zone, 2027).keys() for zone in FRENCH_ZONES)


def test_another_country_answers_by_its_iso_code_in_french_when_it_has_french_names() -> None:
    assert public_holidays("BE", 2026)[date(2026, 7, 21)] == "Fête nationale"
    assert public_holidays("DE", 2026)[date(2026, 10, 3)] == "Tag der Deutschen Einheit"
    assert date(2026, 1, 6) in public_holidays("DE-BY", 2026)
    assert date(2026, 1, 6) not in public_holidays("DE", 2026)


@pytest.mark.parametrize("zone", ["", "59", "fr", "ZZ", "DE-ZZ", "France"])
def test_an_unknown_zone_says_so(zone: str) -> None:
    with pytest.raises(UnknownZone):
        public_holidays(zone, 2026)


def test_a_caller_may_change_what_it_was_given() -> None:
    public_holidays("metropole", 2026).clear()
    assert public_holidays("metropole", 2026)


@pytest.mark.parametrize(
    ("department", "zone"),
    [("59", "metropole"), ("2A", "metropole"), ("57", "57"), ("67", "57"), ("974", "974")],
)
def test_a_department_leads_to_its_zone(department: str, zone: str) -> None:
    assert french_zone(department) == zone


@pytest.mark.skipif(
    not CORPUS.is_file(), reason="ETABLI_CORPUS does not hold business/geo/jours_feries_2024_2031.json"
)
def test_eight_years_agree_with_the_reference_list() -> None:
    for zone, years in json.loads(CORPUS.read_text()).items():
        for year, days in years.items():
            listed = {day.isoformat(): name for day, name in public_holidays(zone, int(year)).items()}
            assert listed == days, (zone, year)
