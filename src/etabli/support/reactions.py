"""What the desk does when something happens elsewhere: a promise, a calendar, a matrix changes."""

from django.utils.translation import gettext as _

from etabli.kernel.events import Event, react

from .assigning import assign_by_itself
from .rereading import calendar_of, of, read_again, weigh_again
from .tickets import Ticket


@react("servicelevel.changed", "servicelevel.targets_set")
def level_changed(event: Event) -> None:
    """The deadlines of the tickets that it covers are read again."""
    read_again.follow(
        title=_("Deadlines: %(name)s") % {"name": event.label},
        actor=of(event),
        organisation_id=event.organisation_id,
        organisation=event.organisation_id,
        level=event.object_id,
    )


@react(
    "calendar.changed",
    "calendar.made_default",
    "calendar.holidays_added",
    "holiday.created",
    "holiday.changed",
    "holiday.deleted",
)
def hours_changed(event: Event) -> None:
    """The deadlines counted in its hours are read again."""
    read_again.follow(
        title=_("Deadlines: %(name)s") % {"name": event.label},
        actor=of(event),
        organisation_id=event.organisation_id,
        organisation=event.organisation_id,
        calendar=calendar_of(event),
    )


@react("prioritymatrix.created", "prioritymatrix.changed", "prioritymatrix.deleted")
def matrix_changed(event: Event) -> None:
    """Open tickets are weighed again."""
    weigh_again.follow(
        title=_("Priorities of open tickets"),
        actor=of(event),
        organisation_id=event.organisation_id,
        organisation=event.organisation_id,
    )


@react("ticket.opened")
def opened(event: Event) -> None:
    """A new ticket gives itself to an agent, where its organisation wants it."""
    ticket = Ticket.objects.filter(pk=event.object_id).first()
    if ticket is not None:
        assign_by_itself(ticket)
