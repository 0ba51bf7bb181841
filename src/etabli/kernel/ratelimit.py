"""Rate limits: how long a caller must wait before trying again.

:func:`limited` counts in PostgreSQL, so it is right across processes: for logins, codes and wrong tokens. It
costs one statement, and a lock on its row until the end of the transaction: call it before opening a scope.
:func:`limited_here` counts in this process only and costs nothing: for the API, where N processes allow N
times more. Both are the generic cell rate algorithm (ITU-T I.371) with a burst of one minute: a key that was
idle may use its whole minute at once, then one call each ``60 / per_minute`` seconds.
"""

import hashlib
import math
import threading
import time
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, models
from django.utils import timezone

from .jobs import job

BURST = 60.0
MOST_KEYS = 50_000

UNLOGGED_SQL = "ALTER TABLE kernel_ratebucket SET UNLOGGED;"
"""For the migration that creates the table: the counts may be lost in a crash, and cost no log."""

TAKE = """
INSERT INTO kernel_ratebucket AS b (key, busy_until) VALUES (%(key)s, %(now)s + %(step)s)
ON CONFLICT (key) DO UPDATE SET busy_until = greatest(b.busy_until, %(now)s) + %(step)s
 WHERE greatest(b.busy_until, %(now)s) + %(step)s <= %(now)s + %(burst)s
RETURNING busy_until
"""


class RateBucket(models.Model):
    """When a key will have paid for its calls; a row of the past means nothing and is removed."""

    key = models.CharField(max_length=64, primary_key=True)
    busy_until = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = "rate limit"

    def __str__(self) -> str:
        return self.key


def limited(key: str, *, per_minute: int, now: datetime | None = None) -> int:
    """Count a call of the key, in all processes; seconds to wait, or 0 when the call is allowed.

    The key (``login:10.0.0.1``) is stored as a digest. A refused call is not counted.
    """
    now = now or timezone.now()
    values: dict[str, Any] = {
        "key": hashlib.sha256(key.encode()).hexdigest(),
        "now": now,
        "step": timedelta(seconds=BURST / per_minute),
        "burst": timedelta(seconds=BURST),
    }
    with connection.cursor() as cursor:
        cursor.execute(TAKE, values)
        if cursor.fetchone():
            return 0
    busy = RateBucket.objects.filter(key=values["key"]).values_list("busy_until", flat=True).first()
    wait = ((busy or now) + values["step"] - now).total_seconds() - BURST
    return max(1, math.ceil(wait))


def limited_here(key: str, *, per_minute: int, now: float | None = None) -> int:
    """The same in this process only. ``now``: seconds of a monotonic clock."""
    now = time.monotonic() if now is None else now
    step = BURST / per_minute
    with _lock:
        if len(_busy) > MOST_KEYS:
            _forget(now)
        until = max(_busy.get(key, 0.0), now) + step
        if until <= now + BURST:
            _busy[key] = until
            return 0
    return max(1, math.ceil(until - now - BURST))


@job(every="41 * * * *")
def forget_idle() -> None:
    """Remove the rows that no longer hold anybody back."""
    RateBucket.objects.filter(busy_until__lt=timezone.now()).delete()


_busy: dict[str, float] = {}
_lock = threading.Lock()


def _forget(now: float) -> None:
    for key in [k for k, until in _busy.items() if until < now]:
        del _busy[key]
