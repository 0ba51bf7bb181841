"""The bookings of a month: a line for each thing of a pool, a cell for each day, and the same as a list."""

import calendar
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from etabli.kernel.actors import require
from etabli.kernel.screens import registry
from etabli.kernel.tenancy import visible

from .models import Asset, Booking, Hold, Kit, Loan, Pool

MOST = 200


@dataclass(frozen=True)
class Span:
    """A while during which something is taken; ``loan`` when it is lent rather than booked."""

    person: str
    first: date
    last: date
    url: str
    purpose: str
    loan: bool = False


@dataclass
class Line:
    """A thing of the pool and what takes it this month."""

    label: str
    url: str
    spans: list[Span] = field(default_factory=list)


@login_required
def month(request: Any) -> HttpResponse:
    """The month asked by ``?month=2026-11`` and, by ``?pool=3``, of one pool only."""
    require(request.actor, "booking.view")
    first = _first(request.GET.get("month", ""))
    pools = list(registry[Pool].rows(request.actor).order_by("name")[:MOST])
    asked = request.GET.get("pool", "")
    pool = next((p for p in pools if str(p.pk) == asked), None)
    last = first.replace(day=calendar.monthrange(first.year, first.month)[1])
    lines = _lines(request.actor, [pool] if pool else pools, first, last)
    days = [first + timedelta(days=n) for n in range(last.day)]
    context = {
        "title": _("Bookings in %(month)s") % {"month": formats.date_format(first, "F Y")},
        "area": "fleet",
        "crumbs": [{"label": registry[Booking].title, "url": reverse("booking-list")}],
        "days": [
            {"day": d.day, "weekend": d.weekday() > 4, "today": d == timezone.localdate()} for d in days
        ],
        "lines": [{"line": line, "cells": list(_cells(line, days))} for line in lines],
        "listed": sorted(
            ((span, line) for line in lines for span in line.spans), key=lambda pair: pair[0].first
        ),
        "pools": [
            {"label": _named(p, request.actor), "current": p is pool, "url": _address(first, p)}
            for p in pools
        ],
        "all_url": _address(first, None),
        "chosen": pool,
        "before_url": _address(first - timedelta(days=1), pool),
        "after_url": _address(last + timedelta(days=1), pool),
        "actions": _actions(request.actor),
    }
    return TemplateResponse(request, "assets/bookings.html", context)


def _actions(actor: Any) -> list[dict[str, Any]]:
    if not actor.may("booking.add"):
        return []
    return [{"label": _("Book"), "url": reverse("booking-add"), "icon": "plus", "primary": True}]


def _named(pool: Pool, actor: Any) -> str:
    """With its organisation, when several are on the screen."""
    place = actor.places.get(pool.organisation_id)
    return f"{pool} · {place.name}" if place and len(visible()) > 1 else str(pool)


def _first(text: str) -> date:
    """The first day of the month of an address; this month when there is none, or none that exists."""
    try:
        asked = datetime.strptime(text, "%Y-%m").date()  # noqa: DTZ007 - a month has no time zone
    except ValueError:
        asked = timezone.localdate()
    return asked.replace(day=1) if 2000 <= asked.year <= 2100 else timezone.localdate().replace(day=1)


def _address(day: date, pool: Pool | None) -> str:
    return f"?month={day:%Y-%m}" + (f"&pool={pool.pk}" if pool else "")


def _lines(actor: Any, pools: list[Pool], first: date, last: date) -> list[Line]:
    """Five questions to the database, whatever there is."""
    start, end = _start(first), _start(last + timedelta(days=1))
    assets = registry[Asset].rows(actor).filter(pool__in=pools).order_by("name")[:MOST]
    kits = registry[Kit].rows(actor).filter(pool__in=pools).order_by("name")[:MOST]
    of_assets = {a.pk: Line(a.name, reverse("asset-detail", args=[a.pk])) for a in assets}
    of_kits = {k.pk: Line(k.name, reverse("kit-detail", args=[k.pk])) for k in kits}
    during = {"booking__starts_at__lt": end, "booking__ends_at__gt": start}
    for hold in Hold.objects.filter(asset__in=list(of_assets), **during).select_related("booking__person"):
        of_assets[hold.asset_id].spans.append(_booked(hold.booking))
    booked = Booking.objects.filter(kit__in=list(of_kits), starts_at__lt=end, ends_at__gt=start)
    for booking in booked.select_related("person"):
        of_kits[booking.kit_id].spans.append(_booked(booking))
    lent = Loan.objects.filter(asset__in=list(of_assets), returned_on=None, lent_on__lte=last)
    for loan in lent.select_related("person"):
        until = max(loan.due_on, timezone.localdate())
        if until >= first:
            url = reverse("loan-detail", args=[loan.pk])
            span = Span(loan.person.name, loan.lent_on, until, url, loan.purpose, loan=True)
            of_assets[loan.asset_id].spans.append(span)
    return [*of_kits.values(), *of_assets.values()]


def _start(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _booked(booking: Booking) -> Span:
    first = timezone.localtime(booking.starts_at).date()
    # what ends at midnight does not take the day that begins
    last = timezone.localtime(booking.ends_at - timedelta(microseconds=1)).date()
    url = reverse("booking-detail", args=[booking.pk])
    return Span(booking.person.name, first, last, url, booking.purpose)


def _cells(line: Line, days: list[date]) -> Iterable[dict[str, Any]]:
    """Days in a row taken by the same spans are one cell."""
    taken = [tuple(i for i, s in enumerate(line.spans) if s.first <= day <= s.last) for day in days]
    for found, group in groupby(zip(days, taken, strict=True), key=lambda pair: pair[1]):
        run = [day for day, _taken in group]
        if found:
            yield {"width": len(run), "spans": [line.spans[i] for i in found]}
        else:
            for day in run:
                yield {"width": 1, "spans": [], "weekend": day.weekday() > 4}
