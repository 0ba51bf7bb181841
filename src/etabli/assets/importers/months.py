"""The end of a warranty from its start and its length in months."""

import calendar
import re
from datetime import date

FOR_LIFE = -1


def months_in(text: str) -> int | None:
    """« 36 mois », ``36``, ``48 months`` → how many."""
    found = re.match(r"\s*(-?\d{1,4})(?:[.,]0+)?(?!\d)", text)
    return int(found[1]) if found else None


def later(start: date, months: int) -> date:
    """The same day so many months later, the last of the month when there is none."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    return date(year, month + 1, min(start.day, calendar.monthrange(year, month + 1)[1]))
