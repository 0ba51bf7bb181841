"""``worker``: runs background jobs; ``up`` starts one, more may run on other machines."""

import os
from typing import Annotated

import typer

from .database import served
from .language import _


def worker(
    concurrency: Annotated[int, typer.Option(min=1, help=_("Jobs run at the same time"))] = 2,
) -> None:
    """Run background jobs until stopped; a job being run is given time to end."""
    with served():
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "etabli.project.settings")
        import django
        from django.core.management import call_command

        django.setup()
        from etabli.support.idling import Followers

        followers = Followers().start()
        try:
            call_command(
                "procrastinate",
                "worker",
                "--delete-jobs",
                "successful",
                "--concurrency",
                str(concurrency),
                "--shutdown-graceful-timeout",
                "3",
            )
        finally:
            followers.stop(patience=2.0)
