"""Facts declared field by field: a dataclass says under which keys of a section each of its fields is told.

>>> @dataclass(frozen=True, slots=True)
... class Fan:
...     name: str = text("name", "caption")
...     speed: int | None = count("rpm")
>>> read_as(Fan, [{"caption": "CPU fan", "rpm": 900}])
(Fan(name='CPU fan', speed=900),)
"""

import dataclasses
from collections.abc import Callable, Hashable, Iterable, Mapping
from datetime import UTC, date, datetime
from functools import cache
from typing import Any, cast

from .junk import genuine
from .rows import number, said, switch
from .values import moment_of

type Row = Mapping[str, Any]


def found(read: Callable[[Row], Any]) -> Any:
    """A field computed from the whole row."""
    return dataclasses.field(metadata={"read": read})


def text(*keys: str) -> Any:
    """The first text told under these keys, empty when there is none."""
    return found(lambda row: said(row, *keys))


def real(*keys: str) -> Any:
    """The same, but what a maker left unfilled is empty."""
    return found(lambda row: genuine(*(said(row, key) for key in keys)))


def count(key: str) -> Any:
    """A whole number, or None."""
    return found(lambda row: number(row, key))


def flag(key: str) -> Any:
    """True, False, or None when it is not told."""
    return found(lambda row: switch(row, key))


def day(key: str) -> Any:
    """A date, or None."""
    return found(lambda row: day_of(said(row, key)))


def moment(key: str) -> Any:
    """A date and time, or None; :func:`etabli.inventory.values.moment_of` says which forms."""
    return found(lambda row: moment_told(said(row, key)))


def words_of(row: Row, key: str) -> list[str]:
    """The texts of a list, none when it is no list."""
    told = row.get(key)
    return [item for item in told if isinstance(item, str)] if isinstance(told, list) else []


def day_of(value: str) -> date | None:
    # Cleaned dates are ISO 8601 already, and there are thousands of them.
    try:
        return date.fromisoformat(value[:10])
    except ValueError:
        return None


def moment_told(value: str) -> datetime | None:
    """The machine's own time, kept as if it were UTC: agents do not tell the zone of these."""
    told = moment_of(value[:64])
    return told.replace(tzinfo=UTC) if told else None


@cache
def _readers(fact: Any) -> tuple[Callable[[Row], Any], ...]:
    return tuple(one.metadata["read"] for one in dataclasses.fields(fact))


def read_as[F](fact: type[F], rows: Iterable[Row]) -> tuple[F, ...]:
    """The rows of a section as facts; those that say nothing at all are left out."""
    readers = _readers(cast(Hashable, fact))
    made = ([read(row) for read in readers] for row in rows)
    return tuple(fact(*values) for values in made if any(values))
