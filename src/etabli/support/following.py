"""What the desk does by itself, in working time: reminding, closing, asking users for their opinion."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from etabli.kernel import preferences
from etabli.kernel.actors import SYSTEM
from etabli.kernel.apart import apart
from etabli.kernel.events import publish
from etabli.kernel.organisations import Organisation, lineage
from etabli.kernel.tenancy import everywhere, opening, scope
from etabli.kernel.workingtime import NeverOpen, WorkingHours, next_opening, spans_between

from .mailboxes import Mailbox
from .moving import locked, move
from .outbox import OutgoingMail, queue_automatic
from .promises import Book
from .satisfaction import ask, to_ask
from .states import State, Waiting
from .tickets import Ticket
from .wording import receipt, reminder, spoken

REMINDERS = 2
FARTHEST = 400  # days looked through for working ones
OF_USER = Q(state=State.WAITING, waiting=Waiting.USER)


@transaction.atomic
def acknowledge(ticket: Ticket, *, address: str = "", now: datetime | None = None) -> OutgoingMail | None:
    """Tell the caller of a new ticket that it arrived; an address of ours is never told anything.

    address: where the sender wants answers, the caller's by default. Whatever reads mail decides whether to
    call it: `acknowledgement_due`, fed by :func:`acknowledged`.
    """
    address = address or ticket.caller_email
    if not address or _ours(address):
        return None
    with spoken(ticket):
        text = receipt(ticket)
    return queue_automatic(ticket, OutgoingMail.Kind.RECEIPT, text, to=[address], send_at=now)


def acknowledged(address: str, *, since: datetime) -> list[datetime]:
    """When an address was told that a mail of it arrived, whatever the organisation."""
    with everywhere(because="a sender is told once, whichever of our mailboxes they write to"):
        rows = OutgoingMail.objects.filter(kind=OutgoingMail.Kind.RECEIPT, send_at__gte=since)
        to_them = Q(to__contains=[address]) | Q(to__contains=[address.lower()])
        return list(rows.filter(to_them).values_list("send_at", flat=True))


def _ours(address: str) -> bool:
    with everywhere(because="no mailbox of ours answers another one"):
        return Mailbox.objects.filter(address__iexact=address).exists()


def working_days_after(start: datetime, days: int, hours: WorkingHours) -> datetime:
    """The same time of day so many working days later, or the next opening after it. Raises NeverOpen."""
    zone = ZoneInfo(hours.timezone)
    local = start.astimezone(zone)
    day, left = local.date(), days
    for _n in range(FARTHEST):
        if left == 0:
            break
        day += timedelta(days=1)
        midnight = datetime.combine(day, time(), zone)
        left -= any(True for _span in spans_between(midnight, midnight + timedelta(days=1), hours))
    return next_opening(datetime.combine(day, local.timetz().replace(tzinfo=None), zone), hours)


@apart(every="*/20 * * * *")
def follow_up() -> None:
    """Every twenty minutes, an organisation after the other."""
    now = timezone.now()
    with opening():
        found = list(Organisation.objects.filter(archived_at=None).values_list("pk", flat=True))
    for organisation in found:
        follow(organisation, now=now)


def follow(organisation: int, *, now: datetime | None = None) -> None:
    """Remind, close and ask in an organisation: each ticket in its own transaction, safe to run twice."""
    now = now or timezone.now()
    above = lineage(organisation)
    with scope(*above):
        waiting = list(_candidates(organisation, OF_USER, "desk.reminder_days", now))
        solved = list(_candidates(organisation, Q(state=State.SOLVED), "desk.solved_days", now))
        told = _reminders(waiting)
        asked = to_ask(organisation, now)
    for ticket in waiting:
        with scope(*above):
            _remind(ticket, told[ticket.pk], now)
    for ticket in solved:
        with scope(*above):
            _close(ticket, now)
    for ticket in asked:
        with scope(*above):
            ask(ticket, now=now)


def _candidates(organisation: int, which: Q, setting: str, now: datetime) -> list[Ticket]:
    """The tickets in a state for as many days at least, as working days are never fewer days."""
    days = preferences.get(setting, organisation)
    if not days:
        return []
    rows = Ticket.objects.filter(which, organisation=organisation, state_since__lt=now - timedelta(days=days))
    return list(rows.select_related("requester__account", "level__calendar").order_by("id")[:500])


def _reminders(waiting: list[Ticket]) -> dict[int, list[datetime]]:
    """When each of these tickets' users was reminded since the wait began."""
    found: dict[int, list[datetime]] = {ticket.pk: [] for ticket in waiting}
    since = {ticket.pk: ticket.state_since for ticket in waiting}
    rows = OutgoingMail.objects.filter(ticket__in=list(found), kind=OutgoingMail.Kind.REMINDER)
    for ticket, at in rows.order_by("send_at").values_list("ticket", "send_at"):
        if at >= since[ticket]:
            found[ticket].append(at)
    return found


def _due(ticket: Ticket, since: datetime, setting: str, now: datetime) -> bool:
    days = preferences.get(setting, ticket.organisation_id)
    try:
        return working_days_after(since, days, Book().business(ticket)) <= now
    except NeverOpen:
        return False


def _remind(ticket: Ticket, told: list[datetime], now: datetime) -> None:
    since = told[-1] if told else ticket.state_since
    if not ticket.caller_email or not _due(ticket, since, "desk.reminder_days", now):
        return
    held = locked(ticket)
    if held.state_since != ticket.state_since or held.state != State.WAITING:
        return
    closes = bool(preferences.get("desk.waiting_closes", ticket.organisation_id))
    if len(told) >= REMINDERS:
        if closes:
            reason = _("The user did not answer %(count)s reminders.") % {"count": len(told)}
            _moved(ticket, "drop", now, reason)
        return
    with spoken(ticket):
        text = reminder(ticket, last=len(told) + 1 == REMINDERS, closes=closes)
    queue_automatic(ticket, OutgoingMail.Kind.REMINDER, text, to=[ticket.caller_email], send_at=now)
    publish(ticket, "ticket.reminded", actor=SYSTEM, extra={"text": ticket.caller_email})


def _close(ticket: Ticket, now: datetime) -> None:
    if _due(ticket, ticket.state_since, "desk.solved_days", now) and locked(ticket).state == State.SOLVED:
        _moved(ticket, "close", now)


def _moved(ticket: Ticket, name: str, now: datetime, reason: str = "") -> None:
    try:
        move(ticket, name, actor=SYSTEM, at=now, reason=reason)
    except ValidationError:  # somebody was faster: it is as they left it
        return
