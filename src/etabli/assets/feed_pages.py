"""Calendar files: one booking, one loan, and the address that a person's calendar program reads."""

import hashlib
import re
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone, translation
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from etabli.kernel import ical
from etabli.kernel.actors import Actor
from etabli.kernel.ratelimit import limited_here
from etabli.kernel.screens import registry
from etabli.kernel.screens.pages import the_object
from etabli.kernel.tenancy import scope
from etabli.people.models import Person

from . import agenda, feeds
from .codes import public_address
from .feeds import CalendarFeed
from .models import Booking, Loan

ADDRESS = re.compile(r"\A/agenda/([A-Za-z0-9_-]{43})\.ics\Z")
PER_MINUTE = 60


def base_of(request: HttpRequest) -> str:
    return public_address() or request.build_absolute_uri("/").rstrip("/")


@require_safe
def booking_file(request: Any, pk: int) -> HttpResponse:
    booking = the_object(request, registry[Booking], pk)
    return _file(str(booking), agenda.of_booking(booking, base_of(request)), f"booking-{pk}")


@require_safe
def loan_file(request: Any, pk: int) -> HttpResponse:
    loan = the_object(request, registry[Loan], pk)
    return _file(str(loan), agenda.of_loan(loan, base_of(request)), f"loan-{pk}")


def _file(name: str, entry: ical.Entry, file_name: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{file_name}.ics"'}
    return HttpResponse(ical.written(name, [entry]), content_type=ical.MEDIA_TYPE, headers=headers)


@login_required
def subscription(request: Any, pk: int) -> HttpResponse:
    """What the address gives, then the address itself: only once."""
    person = person_of(request.actor, pk)
    if request.method == "POST":
        _feed, secret = feeds.subscribe(person, actor=request.actor)
        made = {
            "title": _("Calendar of %(name)s") % {"name": person},
            "area": "people",
            "text": f"{base_of(request)}/agenda/{secret}.ics",
            "back_url": reverse("home") if not request.actor.may("person.view") else _page_of(person),
        }
        return TemplateResponse(request, "web/token.html", made)
    context: dict[str, Any] = {
        "title": _("Subscribe to the calendar of %(name)s") % {"name": person},
        "area": "people",
        "object": person,
        "text": _(
            "A calendar program reads bookings, loans to give back and equipment under repair by a secret "
            "address. Whoever knows it reads them too: revoke it when it got lost."
        ),
        "submit_label": _("Make an address"),
        "cancel_url": _page_of(person),
    }
    return TemplateResponse(request, "screens/confirm.html", context)


def person_of(actor: Actor, pk: int) -> Person:
    """The person, for themselves or for whoever has the verb."""
    person = get_object_or_404(Person, pk=pk, organisation__in=list(actor.places))
    if not feeds.may(actor, "add", person):
        raise PermissionDenied(_("Your role does not let you subscribe to the calendar of somebody else."))
    return person


def _page_of(person: Person) -> str:
    return reverse("person-detail", args=[person.pk])


# -- the door of calendar programs: no session, no cookie
def matches(request: HttpRequest) -> bool:
    return request.path.startswith("/agenda/")


def view(request: HttpRequest) -> HttpResponse:
    """The calendar of a secret address; 404 for any other, whatever is wrong with it."""
    if request.method not in {"GET", "HEAD"}:
        return HttpResponse(status=405, headers={"Allow": "GET, HEAD"})
    if wait := limited_here(f"calendar:{request.META.get('REMOTE_ADDR')}", per_minute=PER_MINUTE):
        return HttpResponse(status=429, headers={"Retry-After": str(wait)})
    found = ADDRESS.match(request.path)
    feed = feeds.find(found[1]) if found else None
    if feed is None:
        return HttpResponse(status=404)
    with scope(feed.organisation_id):
        content = _calendar(feed, base_of(request))
    if content is None:
        return HttpResponse(status=404)
    etag = quote_etag(hashlib.sha256(content).hexdigest())
    headers = {"ETag": etag, "Cache-Control": "private, max-age=900"}
    answer = HttpResponse(content, content_type=ical.MEDIA_TYPE, headers=headers)
    return get_conditional_response(request, etag=etag, response=answer) or answer


def _calendar(feed: CalendarFeed, base: str) -> bytes | None:
    person = Person.objects.select_related("account").get(pk=feed.person_id)
    if person.left_on is not None and person.left_on < timezone.localdate():
        return None
    language = person.account.language if person.account else translation.get_language()
    with translation.override(language):
        name = _("Equipment of %(name)s") % {"name": person}
        return ical.written(name, agenda.of_person(person, base), again=feeds.SEEN_EVERY)


urls = [
    path("bookings/<int:pk>/calendar.ics", booking_file, name="booking-file"),
    path("loans/<int:pk>/calendar.ics", loan_file, name="loan-file"),
    path("people/<int:pk>/calendar/", subscription, name="person-calendar"),
]
