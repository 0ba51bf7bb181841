"""What happened to a ticket, as its clocks read it: rows that are only ever added.

Deadlines are computed from these rows again each time (``clocks``), so that nothing that changes afterwards,
priority, promise or calendar, loses a pause or the time already used.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy

from etabli.kernel.tenancy import OrganisationModel

from .clocks import history
from .states import State, Waiting
from .tickets import Ticket


class TicketFact(OrganisationModel):
    """One fact; ``told`` holds the fields of the class of ``clocks.history`` that ``kind`` names.

    ``withdrawn`` is of none: it names, by its number, a fact that the clocks no longer read.
    """

    class Kind(models.TextChoices):
        OPENED = "opened", gettext_lazy("opened")
        MOVED = "moved", gettext_lazy("state changed")
        PRIORITISED = "prioritised", gettext_lazy("priority changed")
        PROMISED = "promised", gettext_lazy("promise changed")
        HANDED = "handed", gettext_lazy("team changed")
        ASKED = "asked", gettext_lazy("the user wrote")
        ANSWERED = "answered", gettext_lazy("an agent answered")
        WITHDRAWN = "withdrawn", gettext_lazy("an answer was taken back")

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="facts")
    kind = models.CharField(max_length=12, choices=Kind)
    at = models.DateTimeField()
    told = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["ticket", "id"], name="fact_of_ticket")]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.kind} {self.at:%Y-%m-%d %H:%M}"


_CLASSES: dict[str, type[history.Fact]] = {
    "opened": history.Opened,
    "moved": history.Moved,
    "prioritised": history.Prioritised,
    "promised": history.Promised,
    "handed": history.Handed,
    "asked": history.Asked,
    "answered": history.Answered,
}


def record(ticket: Ticket, kind: str, *, at: datetime, **told: Any) -> TicketFact:
    """Add a fact to a ticket. ``told``: the fields of the fact, by name."""
    forget(ticket, "facts")
    return TicketFact.objects.create(
        organisation_id=ticket.organisation_id, ticket=ticket, kind=kind, at=at, told=told
    )


def forget(ticket: Ticket, name: str) -> None:
    """What was prefetched of a ticket is no longer all there is."""
    getattr(ticket, "_prefetched_objects_cache", {}).pop(name, None)


def facts_of(rows: Iterable[TicketFact]) -> list[history.Fact]:
    """The rows of one ticket as the clocks read them, without those that a later one takes back."""
    rows = list(rows)
    gone = {row.told["fact"] for row in rows if row.kind == TicketFact.Kind.WITHDRAWN}
    return [_fact(row) for row in rows if row.kind != TicketFact.Kind.WITHDRAWN and row.pk not in gone]


def _fact(row: TicketFact) -> history.Fact:
    told = dict(row.told)
    if row.kind == TicketFact.Kind.MOVED:
        told["state"] = State(told["state"])
        told["waiting"] = Waiting(told["waiting"]) if told.get("waiting") else None
    return _CLASSES[row.kind](at=row.at, rank=row.pk, **told)
