"""Telling agents what concerns them: a ticket given to them, what a user wrote, a mention, a mail not sent.

Whoever did it is not told. An e-mail about a ticket carries a token that says it went to the desk: what comes
back by it is an internal note (see ``identity``).
"""

import re
from collections.abc import Iterable
from itertools import groupby
from typing import Any

from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from etabli.kernel.accounts import Account
from etabli.kernel.events import Event, react
from etabli.kernel.notifications import Envelope, Notification, declare_kind, notify
from etabli.kernel.organisations import lineage
from etabli.kernel.tenancy import scope
from etabli.kernel.text import plain
from etabli.people.models import TeamMember

from . import identity
from .composing import desk_mailbox
from .handing import agents_of
from .messages import Message
from .outbox import OutgoingMail
from .tickets import Ticket

_MENTION = re.compile(r"(?<![\w@.])@(?=\w)")


def envelope(row: Notification) -> Envelope:
    """An answer to this e-mail goes to the desk, and becomes an internal note of the ticket."""
    if row.noun != "ticket" or not row.object_id:
        return Envelope()
    near = desk_mailbox(row.organisation_id)
    if near is None:
        return Envelope()
    serial = f"{identity.NOTE}{row.pk}"
    headers = {
        "Message-ID": identity.message_id(row.object_id, serial, near.address),
        "Reply-To": near.address,
    }
    told = _("Your answer to this e-mail becomes an internal note of the ticket.")
    return Envelope(headers, f"{told}\n{identity.marker(row.object_id, serial)}")


for key, label, way in (
    ("ticket.assigned", gettext_lazy("A ticket is assigned to me"), "mail"),
    ("ticket.mentioned", gettext_lazy("Somebody mentions me in an internal note"), "mail"),
    ("ticket.received", gettext_lazy("A user writes on a ticket of mine"), "app"),
    ("ticket.opened", gettext_lazy("A ticket arrives in my team"), "app"),
    ("ticket.followed", gettext_lazy("Something happens on a ticket that I follow"), "app"),
    ("ticket.mail_failed", gettext_lazy("A mail of mine could not leave, or came back"), "app"),
):
    declare_kind(key, label, way=way, envelope=envelope)


@react("ticket.assigned")
def tell_assigned(event: Event) -> None:
    """Whoever it is given to; its team when nobody is named, and the team is new to it."""
    with scope(*lineage(event.organisation_id)):
        ticket = _ticket(event)
        if ticket is None:
            return
        if "assignee" in event.changes and ticket.assignee:
            _tell(event, ticket, [ticket.assignee], "ticket.assigned")
        elif "team" in event.changes and ticket.assignee is None:
            _tell(event, ticket, _team(ticket), "ticket.opened")


@react("ticket.opened")
def tell_opened(event: Event) -> None:
    """The team in charge."""
    with scope(*lineage(event.organisation_id)):
        ticket = _ticket(event)
        if ticket is not None and ticket.assignee is None:
            _tell(event, ticket, _team(ticket), "ticket.opened")


@react("ticket.received")
def tell_received(event: Event) -> None:
    """Whoever has the ticket, and those who follow it; an auto-reply or a mere thanks is no news."""
    with scope(*lineage(event.organisation_id)):
        ticket, message = _ticket(event), _message(event)
        if ticket is None or message is None or message.automatic or event.extra.get("thanks"):
            return
        mine = [ticket.assignee] if ticket.assignee else []
        _tell(event, ticket, mine, "ticket.received")
        _tell(event, ticket, _followers(ticket, but=mine), "ticket.followed")


@react("ticket.noted")
def tell_noted(event: Event) -> None:
    """Those mentioned, once each; then those who follow the ticket."""
    with scope(*lineage(event.organisation_id)):
        ticket, message = _ticket(event), _message(event)
        if ticket is None or message is None:
            return
        named = mentioned(message.text, agents_of(ticket.organisation_id))
        _tell(event, ticket, named, "ticket.mentioned")
        _tell(event, ticket, _followers(ticket, but=named), "ticket.followed")


@react("ticket.answered", "ticket.solved", "ticket.closed", "ticket.reopened", "ticket.dropped")
def tell_followers(event: Event) -> None:
    with scope(*lineage(event.organisation_id)):
        ticket = _ticket(event)
        if ticket is not None:
            _tell(event, ticket, _followers(ticket), "ticket.followed")


@react("ticket.mail_failed", "ticket.mail_returned")
def tell_failed(event: Event) -> None:
    """Whoever wrote it, and whoever has the ticket."""
    with scope(*lineage(event.organisation_id)):
        ticket = _ticket(event)
        rows = OutgoingMail.objects.select_related("message__account")
        mail = rows.filter(pk=event.extra.get("mail", 0)).first()
        if ticket is None or mail is None:
            return
        author = mail.message.account if mail.message else None
        _tell(event, ticket, [one for one in (author, ticket.assignee) if one], "ticket.mail_failed")


def mentioned(text: str, agents: Iterable[Account]) -> list[Account]:
    """The agents a note names: ``@Claire Moreau``, ``@claire.moreau`` (of their address), or ``@Claire`` when
    only one is called so. Accents and capitals do not matter.
    """
    said = plain(text)
    places = [found.end() for found in _MENTION.finditer(said)]
    if not places:
        return []
    known: dict[str, list[Account]] = {}
    for agent in agents:
        names = {plain(str(agent)), plain(agent.email), plain(agent.email.partition("@")[0])}
        for name in names | {name.split()[0] for name in names if name.split()}:
            known.setdefault(name, []).append(agent)
    found: dict[int, Account] = {}
    for place in places:
        fits = [name for name in known if _begins(said, place, name)]
        best = known[max(fits, key=len)] if fits else []
        if len(best) == 1:
            found[best[0].pk] = best[0]
    return list(found.values())


def _begins(said: str, place: int, name: str) -> bool:
    """Whether a whole name stands at this place."""
    after = said[place + len(name) : place + len(name) + 1]
    return bool(name) and said.startswith(name, place) and not (after.isalnum() or after == "_")


def _tell(event: Event, ticket: Ticket, accounts: Iterable[Account], kind: str) -> None:
    """Each in their language, but whoever did it, and who may no longer work there."""
    told = {one.pk: one for one in accounts if one.pk != event.account_id}
    ordered = sorted(told.values(), key=lambda one: one.language)
    for language, group in groupby(ordered, key=lambda one: one.language):
        with translation.override(language):
            notify(
                list(group),
                kind=kind,
                title=f"{_title(event, kind)} · {ticket.reference} {ticket.title}"[:200],
                text=_text(event),
                url=reverse("ticket-detail", args=[ticket.pk]),
                obj=ticket,
            )


def _title(event: Event, kind: str) -> str:
    match kind:
        case "ticket.assigned":
            return _("Ticket assigned to you")
        case "ticket.mentioned":
            return _("%(who)s mentions you") % {"who": event.actor}
        case "ticket.received":
            return _("The user wrote")
        case "ticket.opened":
            return _("New in your team")
        case "ticket.mail_failed":
            return _("A mail did not arrive")
    from etabli.kernel.screens.history import describe_act

    return describe_act(event.verb)[0]


def _text(event: Event) -> str:
    return str(event.extra.get("text", ""))[:1000]


def _ticket(event: Event) -> Ticket | None:
    rows = Ticket.objects.select_related("assignee", "team")
    return rows.filter(pk=event.object_id).first()


def _message(event: Event) -> Message | None:
    return Message.objects.filter(pk=event.extra.get("message", 0)).first()


def _team(ticket: Ticket) -> list[Account]:
    """The members of its team who may work on it."""
    if ticket.team_id is None:
        return []
    rows = TeamMember.objects.filter(team=ticket.team_id).exclude(person__account=None)
    members = {row for row in rows.values_list("person__account", flat=True)}
    return [one for one in agents_of(ticket.organisation_id) if one.pk in members]


def _followers(ticket: Ticket, *, but: Iterable[Any] = ()) -> list[Account]:
    """Those who follow it and may still read it."""
    known = {one.pk for one in but}
    rows = ticket.watchers.exclude(account=None).values_list("account", flat=True)
    wanted = {pk for pk in rows if pk not in known}
    return [one for one in agents_of(ticket.organisation_id) if one.pk in wanted] if wanted else []
