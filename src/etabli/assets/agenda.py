"""Loans, bookings and maintenance of equipment as entries of a calendar."""

from datetime import datetime, timedelta

from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from etabli.kernel.ical import Entry
from etabli.people.models import Person

from .holding import held_by
from .models import Asset, Booking, Loan

PAST = timedelta(days=30)
MOST = 500
UNDER_REPAIR = ("maintenance", "in_repair")


def of_booking(booking: Booking, base: str) -> Entry:
    """What is kept, from its first moment to its last. ``base``: where the product is reached."""
    return Entry(
        uid=_uid(booking, base),
        title=_("Booked: %(thing)s") % {"thing": booking.asset or booking.kit},
        start=booking.starts_at,
        end=booking.ends_at,
        changed=booking.updated_at,
        edits=booking.version,
        text=_lines(str(booking.person), booking.purpose),
        url=base + reverse("booking-detail", args=[booking.pk]),
    )


def of_loan(loan: Loan, base: str) -> Entry:
    """The day when it must be given back, or was."""
    day = loan.returned_on or loan.due_on
    title = _("Given back: %(asset)s") if loan.returned_on else _("Give back: %(asset)s")
    since = _("Lent to %(person)s on %(day)s.") % {
        "person": loan.person,
        "day": formats.date_format(loan.lent_on, "j F Y"),
    }
    return Entry(
        uid=_uid(loan, base),
        title=title % {"asset": loan.asset},
        start=day,
        end=day,
        changed=loan.updated_at,
        edits=loan.version,
        text=_lines(since, loan.purpose, loan.accessories),
        url=base + reverse("loan-detail", args=[loan.pk]),
    )


def of_maintenance(asset: Asset, base: str, now: datetime) -> Entry:
    """Since when it is away, up to today: nobody knows yet until when."""
    today = timezone.localtime(now).date()
    since = asset.state_since or today
    return Entry(
        uid=f"maintenance-{since.isoformat()}-{_uid(asset, base)}",
        title=f"{asset} · {asset.get_state_display()}",
        start=since,
        end=max(today, since),
        changed=asset.updated_at,
        edits=asset.version,
        url=base + reverse("asset-detail", args=[asset.pk]),
    )


def of_person(person: Person, base: str, *, now: datetime | None = None) -> list[Entry]:
    """What somebody booked, must give back, or waits for. Three queries."""
    now = now or timezone.now()
    mine = {"organisation": person.organisation_id, "person": person}
    booked = Booking.objects.filter(**mine, ends_at__gte=now - PAST).select_related("asset", "kit", "person")
    lent = Loan.objects.filter(**mine, returned_on=None).select_related("asset", "person")
    away = held_by(person).filter(state__in=UNDER_REPAIR)
    return [
        *(of_booking(one, base) for one in booked.order_by("starts_at", "pk")[:MOST]),
        *(of_loan(one, base) for one in lent.order_by("due_on", "pk")[:MOST]),
        *(of_maintenance(one, base, now) for one in away.order_by("name", "pk")[:MOST]),
    ]


def _uid(obj: Booking | Loan | Asset, base: str) -> str:
    """The same in a file and in a feed, and nobody else's (RFC 7986 §5.3)."""
    return f"{obj._meta.model_name}-{obj.pk}@{base.partition('://')[2] or base}"


def _lines(*texts: str) -> str:
    return "\n".join(text for text in texts if text)
