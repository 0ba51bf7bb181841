"""Jobs that open their own transactions: what such a job has done is kept when its process is killed."""

from collections.abc import Callable
from typing import Any

from django.db import close_old_connections
from procrastinate.contrib.django import app

from .jobs import Task


class Apart(Task):
    """A short job without a scope nor a transaction of its own: it opens those it needs, one by one."""

    def _run(self, scope: list[int] | None = None, job_id: int | None = None, **args: Any) -> None:
        close_old_connections()
        args.pop("timestamp", None)
        self.function(**args)


def apart(*, every: str | None = None, queue: str = "default") -> Callable[[Callable[..., Any]], Apart]:
    """Declare such a job. ``every`` is a cron line."""

    def declare(function: Callable[..., Any]) -> Apart:
        task = Apart(function, False, {"queue": queue})
        if every:
            app.periodic(cron=every)(task.task)
        return task

    return declare
