"""Opening a ticket: the one way, whatever it came by."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from etabli.assets.models import Asset
from etabli.kernel.actors import Actor, require
from etabli.kernel.events import publish
from etabli.kernel.files import File
from etabli.kernel.screens.writing import obeying
from etabli.people.models import Person

from .facts import record
from .messages import Message, MessageFile
from .prioritising import weigh
from .promises import policy_of, refresh
from .tickets import Ticket, TicketAsset


@dataclass(frozen=True)
class Words:
    """What somebody wrote: the whole text, what stays of it once folded, its HTML, its files.

    ``files`` are pairs of a file and its content identifier, empty for an attachment.
    """

    text: str
    visible: str = ""
    html: str = ""
    files: tuple[tuple[File, str], ...] = ()


@dataclass(frozen=True)
class Caller:
    """Who speaks: somebody known, or what is known of somebody unknown."""

    person: Person | None = None
    name: str = ""
    email: str = ""
    phone: str = ""
    account_id: int | None = None

    @property
    def label(self) -> str:
        return (str(self.person) if self.person else self.name) or self.email or self.phone or _("unknown")


@dataclass(frozen=True)
class Request:
    """What is asked, as a form, a mail or a program gives it."""

    title: str
    words: Words | None  # None: what was said is there already (a split)
    caller: Caller
    kind: str = Ticket.Kind.INCIDENT
    channel: str = Ticket.Channel.PHONE
    more: dict[str, Any] = field(default_factory=dict)  # other fields of the ticket
    assets: tuple[Asset, ...] = ()


@transaction.atomic
def open_ticket(request: Request, *, organisation: int, actor: Actor, at: datetime | None = None) -> Ticket:
    """Open a ticket in an organisation (id), prioritised, promised and given to the team of its category.

    Raises ``ValidationError`` with a sentence.
    """
    require(actor, "ticket.add", organisation)
    at = at or timezone.now()
    caller = request.caller
    ticket = Ticket(
        organisation_id=organisation,
        title=" ".join(request.title.split())[:200] or _("(no subject)"),
        kind=request.kind,
        channel=request.channel,
        requester=caller.person,
        contact_name="" if caller.person else caller.name[:120],
        contact_email="" if caller.person else caller.email,
        contact_phone="" if caller.person else caller.phone[:30],
        opened_at=at,
        state_since=at,
        active_at=at,
        **request.more,
    )
    if ticket.team_id is None:
        ticket.team = _team_of(ticket)
    # What is given as an object exists: the database has the last word on where it belongs.
    given = {name for name, value in ticket._state.fields_cache.items() if value is not None}
    ticket.clean_fields(exclude={"organisation", *given})
    obeying(ticket.save)
    attach_assets(ticket, request.assets, at=at)
    weigh(ticket, actor=actor)
    policy = policy_of(ticket)
    record(
        ticket,
        "opened",
        at=at,
        priority=ticket.priority,
        policy=policy,
        team=str(ticket.team) if ticket.team else "",
    )
    if request.words is not None:
        say(ticket, Message.Kind.ASKED, request.words, caller, at=at, channel=request.channel)
    refresh(ticket)
    text = request.words.visible[:200] if request.words else ""
    publish(ticket, "ticket.opened", actor=actor, extra={"text": text})
    return ticket


def _team_of(ticket: Ticket) -> Any:
    """The team of its category, or of its service."""
    if ticket.category and ticket.category.team:
        return ticket.category.team
    return ticket.service.team if ticket.service else None


def attach_assets(ticket: Ticket, assets: Iterable[Asset], *, at: datetime) -> None:
    """Tell which assets a ticket is about; those of another organisation are refused."""
    for asset in assets:
        if asset.organisation_id != ticket.organisation_id:
            raise ValidationError(_("“%(value)s” belongs to another organisation.") % {"value": asset})
        TicketAsset.objects.get_or_create(
            organisation_id=ticket.organisation_id, ticket=ticket, asset=asset, defaults={"at": at}
        )


def say(
    ticket: Ticket, kind: str, words: Words, by: Caller, *, at: datetime, channel: str = "", **more: Any
) -> Message:
    """Add a message and its files to a ticket; what it means for its clocks is the caller's to record."""
    message = Message.objects.create(
        organisation_id=ticket.organisation_id,
        ticket=ticket,
        kind=kind,
        at=at,
        account_id=by.account_id,
        person=by.person,
        author=by.label[:160],
        email=by.email or (by.person.email if by.person else ""),
        text=words.text,
        visible=words.visible or words.text,
        html=words.html,
        channel=channel,
        **more,
    )
    MessageFile.objects.bulk_create(
        MessageFile(
            organisation_id=ticket.organisation_id, message=message, file=file, content_id=content_id[:250]
        )
        for file, content_id in words.files
    )
    return message
