"""Saying who asks, once it is known: the ticket goes to their organisation with all that hangs on it."""

from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils.translation import gettext as _

from etabli.kernel.actors import Actor, require
from etabli.kernel.events import difference, publish, snapshot
from etabli.kernel.organisations import lineage
from etabli.kernel.screens.writing import count_edit
from etabli.kernel.tenancy import OrganisationModel, UpwardKey
from etabli.people.models import Person

from .facts import record
from .moving import locked
from .prioritising import weigh
from .promises import level_of, name_of, refresh
from .tickets import Ticket


@transaction.atomic
def identify(ticket: Ticket, person: Person, *, actor: Actor) -> Ticket:
    """Make somebody the requester. When they belong elsewhere, the ticket moves to their organisation.

    Raises ``ValidationError`` when what it holds belongs to the organisation it leaves.
    """
    require(actor, "ticket.change", ticket)
    ticket = locked(ticket)
    if person.organisation_id != ticket.organisation_id:
        ticket = _move(ticket, person.organisation_id, actor=actor)
    before = snapshot(ticket)
    ticket.requester = person
    ticket.contact_name = ticket.contact_email = ticket.contact_phone = ""
    changes = difference(before, snapshot(ticket))
    if not changes:
        return ticket
    count_edit(ticket)
    ticket.save()
    weigh(ticket, actor=actor)
    publish(ticket, "ticket.identified", actor=actor, changes=changes, extra={"text": str(person)})
    return ticket


@transaction.atomic
def introduce(ticket: Ticket, name: str, *, actor: Actor) -> Ticket:
    """Add the unknown caller to the people of the organisation, and make them the requester."""
    require(actor, "person.add", ticket)
    if not name.strip():
        raise ValidationError(_("Give the name of this person."))
    person = Person(
        organisation_id=ticket.organisation_id,
        name=name.strip()[:120],
        email=ticket.contact_email,
        phone=ticket.contact_phone,
    )
    person.full_clean()
    person.save()
    publish(person, "person.created", actor=actor)
    return identify(ticket, person, actor=actor)


def _move(ticket: Ticket, organisation: int, *, actor: Actor) -> Ticket:
    """Take a ticket, with every row that hangs on it, to another organisation of the actor."""
    require(actor, "ticket.add", organisation)
    if ticket.assets.exists() or ticket.requester_id:
        raise ValidationError(
            _("This ticket is about people or assets of %(organisation)s: take them off first.")
            % {"organisation": ticket.organisation}
        )
    left = ticket.organisation_id
    above = set(lineage(organisation))
    for row in _hanging(ticket):
        row.update(organisation=organisation)
    gone = {
        field.name: None
        for field in ticket._meta.concrete_fields
        if isinstance(field, UpwardKey) and not _reaches(ticket, field.name, above)
    }
    Ticket.objects.filter(pk=ticket.pk).update(organisation=organisation, **gone)
    publish(ticket, "ticket.left", actor=actor, organisation=left)
    ticket = locked(ticket)
    ticket.level = level_of(ticket)
    Ticket.objects.filter(pk=ticket.pk).update(level=ticket.level)
    record(ticket, "promised", at=ticket.opened_at, policy=name_of(ticket.level))
    refresh(ticket)
    return ticket


def _reaches(ticket: Ticket, name: str, above: set[int]) -> bool:
    held: Any = getattr(ticket, name)
    return held is None or held.organisation_id in above


def _hanging(ticket: Ticket) -> list[Any]:
    """The rows that belong to a ticket, and those that belong to them (the files of its messages)."""
    found: list[Any] = []
    waiting: list[tuple[type[models.Model], Any]] = [(Ticket, [ticket.pk])]
    while waiting:
        model, keys = waiting.pop()
        for one in apps.get_app_config("support").get_models():
            for field in one._meta.concrete_fields:
                owned = field.is_relation and field.related_model is model and _belongs(field)
                if owned and issubclass(one, OrganisationModel):
                    rows = one._default_manager.filter(**{f"{field.name}__in": keys})
                    waiting.append((one, list(rows.values_list("pk", flat=True))))
                    found.append(rows)
    return [*found, *_files(ticket)]


def _belongs(field: Any) -> bool:
    return field.remote_field.on_delete is models.CASCADE and not isinstance(field, UpwardKey)


def _files(ticket: Ticket) -> list[Any]:
    """The files of its messages: their contents are shared, their rows are the organisation's."""
    from etabli.kernel.files import File

    from .messages import MessageFile

    keys = list(MessageFile.objects.filter(message__ticket=ticket).values_list("file", flat=True))
    return [File.objects.filter(pk__in=keys)]
