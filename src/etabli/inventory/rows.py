"""Reading cleaned sections without trusting them: facts never fail on an odd document."""

from collections.abc import Mapping
from typing import Any


def rows(content: Any) -> list[Mapping[str, Any]]:
    """The entries of a section that holds many."""
    return [row for row in content if isinstance(row, dict)] if isinstance(content, list) else []


def one(content: Any) -> Mapping[str, Any]:
    """The object of a section that holds one."""
    return content if isinstance(content, dict) else {}


def said(row: Mapping[str, Any], *keys: str) -> str:
    """The first text that is not empty under these keys."""
    for key in keys:
        value = row.get(key)
        if isinstance(value, str) and value:
            return value
    return ""


def number(row: Mapping[str, Any], key: str) -> int | None:
    """The whole number under this key."""
    value = row.get(key)
    return value if type(value) is int else None


def switch(row: Mapping[str, Any], key: str) -> bool | None:
    """The flag under this key."""
    value = row.get(key)
    return value if isinstance(value, bool) else None
