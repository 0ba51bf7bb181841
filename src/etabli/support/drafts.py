"""What an agent is writing: kept by the server as it is typed, told to whoever looks at the same ticket."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy

from etabli.kernel.tenancy import OrganisationModel

from .messages import Message
from .tickets import Ticket

AWAY = timedelta(seconds=50)
"""Somebody whose page has said nothing for so long is no longer there."""
WRITES = timedelta(seconds=20)


class Draft(OrganisationModel):
    """An answer or a note that has not left, one of each an agent and a ticket."""

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="drafts")
    account = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    kind = models.CharField(max_length=6, choices=Message.Kind)
    text = models.TextField(gettext_lazy("text"))
    saved_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ticket", "account", "kind"], name="draft_once")]

    def __str__(self) -> str:
        return f"{self.account} · {self.text[:40]}"


class Presence(OrganisationModel):
    """Somebody has the page of a ticket open; it never keeps anybody else from working."""

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="presences")
    account = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    at = models.DateTimeField()
    wrote_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ticket", "account"], name="presence_once")]

    def __str__(self) -> str:
        return f"{self.account} · {self.at:%H:%M:%S}"


@dataclass(frozen=True)
class Beside:
    """A colleague on the same ticket."""

    name: str
    writes: bool


def keep_draft(ticket: Ticket, kind: str, text: str, *, account_id: int) -> None:
    """Keep what is being written; nothing written keeps nothing."""
    same: dict[str, Any] = {"ticket": ticket, "account_id": account_id, "kind": kind}
    if not text.strip():
        Draft.objects.filter(**same).delete()
        return
    Draft.objects.update_or_create(
        **same, defaults={"organisation_id": ticket.organisation_id, "text": text[:100_000]}
    )
    be_present(ticket, account_id=account_id, writes=True)


def drafts_of(ticket: Ticket, account_id: int | None) -> dict[str, str]:
    """What this agent was writing here, by kind of message."""
    return dict(Draft.objects.filter(ticket=ticket, account=account_id).values_list("kind", "text"))


def be_present(ticket: Ticket, *, account_id: int, writes: bool = False, now: datetime | None = None) -> None:
    """Say that this agent looks at the ticket, or writes."""
    now = now or timezone.now()
    seen = {"at": now, **({"wrote_at": now} if writes else {})}
    Presence.objects.update_or_create(
        ticket=ticket,
        account_id=account_id,
        defaults=seen,
        create_defaults={"organisation_id": ticket.organisation_id, **seen},
    )


def others(ticket: Ticket, account_id: int | None, *, now: datetime | None = None) -> list[Beside]:
    """Who else looks at the ticket now, those who write first."""
    now = now or timezone.now()
    rows = Presence.objects.filter(~Q(account=account_id), ticket=ticket, at__gte=now - AWAY).select_related(
        "account"
    )
    found = [
        Beside(str(row.account), bool(row.wrote_at and row.wrote_at >= now - WRITES))
        for row in rows.select_related("account")
    ]
    return sorted(found, key=lambda one: (not one.writes, one.name))
