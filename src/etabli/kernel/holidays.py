"""Public holidays by zone, with French names: the days a calendar is closed without anyone typing them.

France has several lists. The eleven days of article L3133-1 of the Code du travail hold everywhere; Moselle,
Bas-Rhin and Haut-Rhin add Good Friday and 26 December (article L3134-13; Good Friday only where the commune
has a Protestant or mixed church, which no list by department can know); each overseas department adds the day
it commemorates the abolition of slavery (article L3422-2, dates in the decree 83-1003) and, in practice,
local days. The days themselves come from the package `holidays`.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

METROPOLE = "metropole"
ALSACE_MOSELLE = "57"
FRENCH_ZONES = (METROPOLE, ALSACE_MOSELLE, "971", "972", "973", "974", "975", "976")
"""The zones offered for France; overseas ones bear the number of their department or collectivity."""

_SUBDIVISIONS: dict[str, str | None] = {METROPOLE: None, "67": "6AE", "68": "6AE"}
_SUBDIVISIONS |= {"975": "PM", "977": "BL", "978": "MF", "984": "TF", "986": "WF", "987": "PF", "988": "NC"}
_SUBDIVISIONS |= {zone: zone for zone in ("57", "6AE", "971", "972", "973", "974", "976")}
_COUNTRY = re.compile(r"(?P<country>[A-Z]{2})(-(?P<region>[A-Z0-9]{1,3}))?")


class UnknownZone(ValueError):
    """No list of public holidays is known for this zone."""


def public_holidays(zone: str, year: int) -> dict[date, str]:
    """The public holidays of a zone in a calendar year, in order of date, each with its name.

    zone: "metropole"; a French department or collectivity with its own list ("57", "67", "68", "971" …
    "988"); an ISO 3166-1 country code ("BE"), or an ISO 3166-2 region ("CH-GE", "DE-BY"). Names are in French
    for the countries whose French names are known, otherwise in the country's own language. Raises
    UnknownZone.
    """
    return dict(_listed(zone, year))


def french_zone(department: str) -> str:
    """The zone of public holidays of a French department, by its number ("59", "2A", "974")."""
    if department in ("57", "67", "68"):
        return ALSACE_MOSELLE
    return department if department.startswith(("97", "98")) else METROPOLE


@lru_cache(maxsize=512)
def _listed(zone: str, year: int) -> tuple[tuple[date, str], ...]:
    # Imported at first use: the package takes 0.3 s to load and most commands never ask for a holiday.
    import holidays

    country, region = _country_and_region(zone)
    localized = holidays.list_localized_countries()
    language = "fr" if "fr" in localized.get(country, ()) else None
    try:
        days = holidays.country_holidays(country, subdiv=region, years=year, language=language)
    except NotImplementedError as error:
        raise UnknownZone(
            f"No public holidays are known for {zone!r}: choose a country or a region."
        ) from error
    return tuple(sorted(days.items()))


def _country_and_region(zone: str) -> tuple[str, str | None]:
    if zone in _SUBDIVISIONS:
        return "FR", _SUBDIVISIONS[zone]
    if match := _COUNTRY.fullmatch(zone):
        return match["country"], match["region"]
    raise UnknownZone(
        f"{zone!r} is not a zone of public holidays: use metropole, 57, 971 … or a country code."
    )
