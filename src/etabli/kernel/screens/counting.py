"""Numbers of large lists, kept some seconds: counting 100,000 rows costs more than the rest of a page.

Only what counts many rows is kept, so that a list people can see the end of is always exact.
"""

import time
from collections.abc import Callable, Hashable
from typing import Any

from ..actors import Actor
from ..tenancy import visible

MANY = 10_000
SECONDS = 20.0
_MOST_KEPT = 2_000

_kept: dict[Hashable, tuple[float, Any]] = {}


def remembered[T](
    key: Hashable,
    compute: Callable[[], T],
    *,
    rows: Callable[[T], int],
    clock: Callable[[], float] = time.monotonic,
) -> T:
    """What ``compute`` gives, or gave less than 20 s ago for this key when it counted (``rows``) 10,000 or
    more.

    The key must hold all that the numbers depend on: scope, rights, question.
    """
    now = clock()
    until, value = _kept.get(key, (0.0, None))
    if now < until:
        return value
    value = compute()
    if rows(value) >= MANY:
        if len(_kept) >= _MOST_KEPT:
            _kept.clear()
        _kept[key] = (now + SECONDS, value)
    else:
        _kept.pop(key, None)
    return value


def scope_of(actor: Actor) -> tuple[Hashable, ...]:
    """The part of a key that says who counts, and where."""
    return (actor.account_id, actor.source, actor.limit, visible())


def forget() -> None:
    """Count everything again."""
    _kept.clear()
