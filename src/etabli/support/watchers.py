"""Who follows a ticket: agents, who are notified; people and addresses, who get the answers in copy."""

from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from etabli.kernel.accounts import Account
from etabli.kernel.actors import Actor, can, require
from etabli.kernel.events import publish
from etabli.kernel.screens import Panel
from etabli.people.models import Person

from .moving import locked
from .recipients import MOST, addresses
from .tickets import Ticket, Watcher


@transaction.atomic
def watch(ticket: Ticket, *, actor: Actor) -> Watcher:
    """Follow a ticket oneself. Raises ``ValidationError`` when that is so already."""
    account = _oneself(ticket, actor)
    made, new = Watcher.objects.get_or_create(
        organisation_id=ticket.organisation_id, ticket=ticket, account=account
    )
    if not new:
        raise ValidationError(_("You follow it already."))
    publish(ticket, "ticket.followed", actor=actor)
    return made


@transaction.atomic
def unwatch(ticket: Ticket, *, actor: Actor) -> None:
    """Follow it no more. Raises ``ValidationError`` when one did not."""
    gone, _by_model = Watcher.objects.filter(ticket=ticket, account=_oneself(ticket, actor)).delete()
    if not gone:
        raise ValidationError(_("You do not follow it."))
    publish(ticket, "ticket.unfollowed", actor=actor)


@transaction.atomic
def copy(ticket: Ticket, *, actor: Actor, person: Person | None = None, email: str = "") -> Watcher:
    """Give the answers in copy to a person, or to an address. Raises ``ValidationError``."""
    require(actor, "ticket.answer", ticket)
    ticket = locked(ticket)
    if person is not None and person.organisation_id != ticket.organisation_id:
        raise ValidationError(_("“%(name)s” belongs to another organisation.") % {"name": person})
    address = person.email if person else email.strip()
    if not address:
        name = "person" if person else "email"
        raise ValidationError({name: _("Give the e-mail address of who is to get the answers in copy.")})
    (address,) = addresses([address])
    if address.lower() == ticket.caller_email.lower():
        raise ValidationError(_("Whoever asks gets the answers already."))
    if ticket.watchers.exclude(email="").count() >= MOST:
        raise ValidationError(_("A mail has at most %(most)s recipients.") % {"most": MOST})
    if ticket.watchers.filter(email__iexact=address).exists():
        raise ValidationError(_("%(address)s gets the answers in copy already.") % {"address": address})
    made = Watcher.objects.create(
        organisation_id=ticket.organisation_id, ticket=ticket, person=person, email=address
    )
    publish(ticket, "ticket.copied", actor=actor, extra={"text": f"{person or ''} {address}".strip()})
    return made


@transaction.atomic
def remove(watcher: Watcher, *, actor: Actor) -> None:
    """Take somebody off the list of those who follow a ticket; oneself without any other right."""
    ticket = watcher.ticket
    if watcher.account_id is None or watcher.account_id != actor.account_id:
        require(actor, "ticket.answer", ticket)
    label = watcher.email or str(watcher.account)
    watcher.delete()
    publish(ticket, "ticket.uncopied", actor=actor, extra={"text": label})


def _oneself(ticket: Ticket, actor: Actor) -> Account:
    require(actor, "ticket.view", ticket)
    account = Account.objects.filter(pk=actor.account_id or 0).first()
    if account is None:
        raise PermissionDenied(_("Only somebody with an account follows a ticket."))
    return account


def watchers_panel(ticket: Ticket, actor: Actor) -> Panel:
    """Who follows a ticket, with what this actor may do about it; one query."""
    rows = list(ticket.watchers.select_related("account", "person").order_by("id"))
    answers = can(actor, "ticket.answer", ticket)
    mine = any(row.account_id == actor.account_id for row in rows if row.account_id)
    shown: list[dict[str, Any]] = [
        {
            "name": str(row.account or row.person or row.email),
            "detail": row.email if row.person else "",
            "copy": bool(row.email),
            "key": row.pk,
        }
        for row in rows
    ]
    act = "unfollow" if mine else "follow"
    follows = can(actor, "ticket.follow", ticket)
    context = {
        "watchers": shown,
        "mine": mine,
        "follow_url": reverse("ticket-act", args=[ticket.pk, act]) if follows else "",
        "remove_url": reverse("ticket-act", args=[ticket.pk, "uncopy"]) if answers else "",
        "copy_url": reverse("ticket-act", args=[ticket.pk, "copy"]) if answers else "",
    }
    return Panel(_("Followed by"), template="support/_watchers.html", context=context, side=True)
