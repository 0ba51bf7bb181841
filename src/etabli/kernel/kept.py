"""What is read of an object once while it is in memory, since a page shows it in several places."""

from collections.abc import Callable
from typing import Any


def kept[T](obj: Any, read: Callable[[Any], T]) -> T:
    """What ``read`` answers of an object, asked once while it is in memory: for pages that only show it."""
    answers: dict[Callable[[Any], Any], Any] = obj.__dict__.setdefault("_kept", {})
    if read not in answers:
        answers[read] = read(obj)
    return answers[read]
