"""Jobs that open their own transactions: what they have done is kept when their process is killed."""

from collections.abc import Callable
from typing import Any

from django.db import close_old_connections, connection

from etabli.kernel.jobs import Task


class Apart(Task):
    def _run(self, scope: list[int] | None = None, job_id: int | None = None, **args: Any) -> None:
        if not connection.in_atomic_block:
            close_old_connections()
        self.function(**args)


def apart(queue: str) -> Callable[[Callable[..., Any]], Task]:
    """Declare such a job; it opens the scopes it needs."""
    return lambda function: Apart(function, False, {"queue": queue})
