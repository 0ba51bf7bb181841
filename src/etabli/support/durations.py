"""Promised delays as people type them: ``4 h``, ``30 min``, ``1 h 30``; kept in minutes."""

import re

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

HOURS = re.compile(r"(\d{1,5})\s*(?:h|hours?|heures?)(?:\s*(\d{1,2})\s*(?:m|mn|min|minutes?)?)?")
MINUTES = re.compile(r"(\d{1,6})\s*(?:m|mn|min|mins|minutes?)")
DAYS = re.compile(r"\d+([.,]\d+)?\s*(?:d|days?|j|jours?|w|weeks?|sem|semaines?)\b.*")
MOST = 60 * 24 * 365


def minutes_of(text: str) -> int | None:
    """The minutes of a delay as typed; none when nothing is typed. Raises ValidationError with a sentence."""
    written = " ".join(text.replace("\u00a0", " ").replace("\u202f", " ").lower().split())
    if not written:
        return None
    if DAYS.fullmatch(written):
        raise ValidationError(
            _("“%(text)s”: write hours. A day is 24 hours for some, and 7 or 8 working hours for others.")
            % {"text": text.strip()}
        )
    if found := HOURS.fullmatch(written):
        hours, minutes = int(found[1]), int(found[2] or 0)
        if minutes > 59:
            raise _unread(text)
        total = hours * 60 + minutes
    elif found := MINUTES.fullmatch(written):
        total = int(found[1])
    else:
        raise _unread(text)
    if not 1 <= total <= MOST:
        raise ValidationError(
            _("“%(text)s”: a delay lasts from a minute to a year.") % {"text": text.strip()}
        )
    return total


def _unread(text: str) -> ValidationError:
    told = {"text": text.strip()[:40]}
    return ValidationError(_("“%(text)s” is not a delay: write 4 h, 30 min or 1 h 30.") % told)


def typed(minutes: int | None) -> str:
    """A delay as it would be typed."""
    if not minutes:
        return ""
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{rest} min"
    return f"{hours} h {rest:02d}" if rest else f"{hours} h"
