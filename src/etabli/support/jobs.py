"""The work of the desk that nobody asks for: each minute, promises that run out or have passed."""

from django.db import transaction
from django.utils import timezone

from etabli.kernel.jobs import job

from .warning import mark_late, waiting, warn_some


@job(every="* * * * *")
def watch_promises() -> None:
    """Write which deadlines have passed, and have people told where somebody is to be told."""
    now = timezone.now()
    mark_late(now)
    for organisation in waiting(now):
        with transaction.atomic():
            warn.enqueue(once=f"warn:{organisation}", inside=organisation, organisation=organisation)


@job()
def warn(organisation: int) -> None:
    """Tell of some tickets of an organisation, in one transaction; the others follow in the next one."""
    if warn_some(organisation):
        warn.enqueue(once=f"warn:{organisation}", inside=organisation, organisation=organisation)
