"""Conditions of the database answered without asking it, for an object in memory.

A check or a partial unique key is usually plain: fields of the row compared with values or with each other.
Asking the database costs a query and, in Django, an annotation for every field, for each row of an import.
"""

import operator
from collections.abc import Callable
from datetime import date, time
from decimal import Decimal
from typing import Any

from django.db.models import F, Q

ORDERED: dict[str, Callable[[Any, Any], bool]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}
# What both sides compare alike: texts have an order of their own in the database.
COMPARABLE = (int, float, Decimal, date, time)


class NotPlain(Exception):
    """Only the database can tell."""


def truth(condition: Q, obj: Any) -> bool | None:
    """Whether the row meets the condition, as SQL answers: ``None`` when an empty value leaves it unknown.

    Raises :class:`NotPlain` for anything but comparisons of the row's own fields.
    """
    found = [_part(child, obj) for child in condition.children]
    decisive = condition.connector == Q.OR
    if condition.connector not in (Q.AND, Q.OR):
        raise NotPlain
    held = decisive if decisive in found else None if None in found else not decisive
    return held if held is None or not condition.negated else not held


def _part(child: Any, obj: Any) -> bool | None:
    if isinstance(child, Q):
        return truth(child, obj)
    if not isinstance(child, tuple):
        raise NotPlain
    name, _separator, lookup = child[0].partition("__")
    left, right = _value(obj, name), child[1]
    if type(right) is F:
        right = _value(obj, right.name)  # type: ignore[attr-defined]
    if lookup == "isnull":
        return (left is None) is bool(right)
    if left is None or right is None:
        return None
    return _compared(left, lookup or "exact", right)


def _compared(left: Any, lookup: str, right: Any) -> bool:
    if lookup == "exact" and isinstance(right, str | int):
        return bool(left == right)
    if lookup == "in" and isinstance(right, list | tuple | set):
        return left in right
    bounds = right if lookup == "range" and isinstance(right, list | tuple) else (right,)
    if not all(isinstance(one, COMPARABLE) for one in (left, *bounds)):
        raise NotPlain
    try:
        if lookup == "range":
            return bool(bounds[0] <= left <= bounds[1])
        return ORDERED[lookup](left, right)
    except (KeyError, TypeError) as error:
        raise NotPlain from error


def _value(obj: Any, name: str) -> Any:
    try:
        return getattr(obj, obj._meta.get_field(name).attname)
    except Exception as error:
        raise NotPlain from error


def names_in(condition: Any) -> set[str]:
    """The fields that a condition speaks of; an empty name stands for an expression."""
    names: set[str] = set()
    for child in condition.children:
        if isinstance(child, Q):
            names |= names_in(child)
        elif isinstance(child, tuple):
            names.add(child[0].split("__")[0])
            if isinstance(child[1], F):
                names.add(str(child[1].name))  # type: ignore[attr-defined]
        else:
            names.add("")
    return names
