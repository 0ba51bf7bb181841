"""Calendars as other programs read them (iCalendar, RFC 5545), written by the package icalendar."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import icalendar

MEDIA_TYPE = "text/calendar; charset=utf-8"
PRODUCT = "-//Etabli//Etabli//EN"


@dataclass(frozen=True)
class Entry:
    """Something that happens: between two moments, or on whole days (``end`` is then the last one).

    ``uid`` stays the same for ever and ``changed`` moves with each edit (``edits`` counts them): a reader
    replaces what it had. ``busy``: whether the person is taken meanwhile.
    """

    uid: str
    title: str
    start: date
    end: date
    changed: datetime
    edits: int = 0
    text: str = ""
    place: str = ""
    url: str = ""
    busy: bool = False


def written(name: str, entries: Iterable[Entry], *, again: timedelta | None = None) -> bytes:
    """The calendar as a file. ``again`` is how often whoever subscribed is asked to come back (RFC 7986)."""
    made = icalendar.Calendar()
    made.add("version", "2.0")
    made.add("prodid", PRODUCT)
    made.add("x-wr-calname", name)
    made.add("name", name)
    if again is not None:
        made.add("refresh-interval", again, parameters={"VALUE": "DURATION"})
        made.add("x-published-ttl", again)
    for entry in entries:
        made.add_component(_event(entry))
    return bytes(made.to_ical())


def _event(entry: Entry) -> icalendar.Event:
    made = icalendar.Event()
    made.add("uid", entry.uid)
    made.add("dtstamp", entry.changed.astimezone(UTC))
    made.add("last-modified", entry.changed.astimezone(UTC))
    made.add("sequence", entry.edits)
    made.add("summary", entry.title)
    made.add("dtstart", _moment(entry.start))
    # The end of whole days is the day after the last one (RFC 5545 §3.6.1).
    whole = not isinstance(entry.end, datetime)
    made.add("dtend", entry.end + timedelta(days=1) if whole else _moment(entry.end))
    made.add("transp", "OPAQUE" if entry.busy else "TRANSPARENT")
    for name, value in (("description", entry.text), ("location", entry.place), ("url", entry.url)):
        if value:
            made.add(name, value)
    return made


def _moment(at: date) -> date:
    """Moments are written in UTC, so that no description of a time zone goes with them."""
    return at.astimezone(UTC) if isinstance(at, datetime) else at
