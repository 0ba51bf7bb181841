"""Objects of a JSON answer as flat rows: ``{"model": {"id": 3, "name": "X"}}`` → ``model``, ``model.id``."""

import html
from collections.abc import Mapping
from typing import Any

import orjson
from django.utils.translation import gettext as _

MOST_DEPTH = 4
_LISTS = ("rows", "data", "results", "items")


def records_of(content: bytes) -> list[Mapping[str, Any]]:
    """The objects of a list, or of an answer that holds one (``rows``, ``data``…). Raises
    ``UnreadableSheet``.
    """
    from .sheets import UnreadableSheet

    try:
        found = orjson.loads(content.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise UnreadableSheet(_("This JSON file cannot be read (%(why)s).") % {"why": error})
    if isinstance(found, dict):
        found = next((found[name] for name in _LISTS if isinstance(found.get(name), list)), [found])
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise UnreadableSheet(_("A JSON file must be a list of objects, one for each row."))
    return found


def flat(record: Mapping[str, Any], prefix: str = "", depth: int = 0) -> dict[str, Any]:
    """One level: a named object becomes its name, a dated one its date, other ones a column for each key."""
    row: dict[str, Any] = {}
    for key, value in record.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and depth < MOST_DEPTH:
            row |= _object(name, value, depth)
        elif isinstance(value, list):
            row[name] = ", ".join(_plain(one) for one in value)
        else:
            row[name] = html.unescape(value) if isinstance(value, str) else value
    return row


def _object(name: str, value: Mapping[str, Any], depth: int) -> dict[str, Any]:
    day = value.get("date", value.get("datetime"))
    if "formatted" in value and (day is None or isinstance(day, str)):
        return {name: day}
    if "field_format" in value:  # a custom field of Snipe-IT
        return {name.rpartition(".")[2]: value.get("value")}
    inside = flat(value, f"{name}.", depth + 1)
    named = inside.pop(f"{name}.name", None)
    return inside if named is None else {name: named, **inside}


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        value = value.get("name", "")
    return html.unescape(str("" if value is None else value))
