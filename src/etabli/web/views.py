"""The shell's own pages."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from etabli.kernel import notifications, screens, search
from etabli.kernel.accounts import Account
from etabli.kernel.actors import can
from etabli.kernel.events import Event
from etabli.kernel.notifications import Notification
from etabli.kernel.organisations import Organisation
from etabli.kernel.screens.history import described_events
from etabli.kernel.tenancy import opening, visible

from . import day
from .forms import AccountForm, NotificationChoices

PALETTE_ROWS = 12


def home(request: Any) -> HttpResponse:
    """My day: what waits, what changed, and the first steps of a new installation."""
    if request.actor.account_id is None:
        with opening():
            empty = not Organisation.objects.exists()
        return redirect("first-steps" if empty else "account_login")
    seen = request.actor.organisations("event.view")
    feed = Event.objects.filter(organisation__in=seen).order_by("-id")[:12]
    context = {
        "title": _("My day"),
        "area": "day",
        "figures": day.figures(request.actor),
        "panels": day.panels(request.actor),
        "steps": day.first_steps(request.actor),
        "events": described_events(feed, named=True),
    }
    return TemplateResponse(request, "web/day.html", context)


@login_required
def palette(request: Any) -> HttpResponse:
    """What Ctrl K shows: acts and areas that match, then objects, as an HTML fragment."""
    text = request.GET.get("q", "").strip()[:80]
    return TemplateResponse(request, "web/_palette.html", {"groups": _groups(request, text, PALETTE_ROWS)})


@login_required
def search_page(request: Any) -> HttpResponse:
    text = request.GET.get("q", "").strip()[:80]
    context = {"title": _("Search"), "q": text, "groups": _groups(request, text, 100) if text else []}
    return TemplateResponse(request, "web/search.html", context)


def _groups(request: Any, text: str, limit: int) -> list[dict[str, Any]]:
    acts = [a for a in day.acts(request.actor) if search.plain(text) in search.plain(str(a["label"]))]
    groups = [{"label": _("Actions"), "items": acts[: 6 if text else 8]}] if acts else []
    found = _objects(request.actor, text, limit) if text else []
    return [*groups, {"label": _("Found"), "items": found}] if found else groups


def _objects(actor: Any, text: str, limit: int) -> list[dict[str, Any]]:
    allowed = [s.noun for s in screens.registry.values() if can(actor, s.verb("view"))]
    made = []
    for entry in _seen(actor, search.find(text, nouns=allowed, limit=limit)):
        screen = screens.by_noun(entry.noun)
        if screen is not None and actor.may(screen.verb("view"), entry.organisation_id):
            url = reverse(f"{screen.noun}-detail", args=[entry.object_id])
            made.append(
                {
                    "label": entry.title,
                    "detail": entry.subtitle or screen.singular,
                    "icon": screen.icon,
                    "url": url,
                }
            )
    return made


def _seen(actor: Any, entries: Iterable[Any]) -> list[Any]:
    """The entries of objects that the actor may see: of some nouns, not all those of an organisation."""
    found, keys = list(entries), defaultdict(set)
    for entry in found:
        keys[entry.noun].add(entry.object_id)
    kept = {n: screen.seen(actor, list(k)) for n, k in keys.items() if (screen := screens.by_noun(n))}
    return [entry for entry in found if entry.object_id in kept.get(entry.noun, ())]


@login_required
def options(request: Any, noun: str) -> HttpResponse:
    """Choices of a relation too numerous for a select, as HTML for ``e-combo``."""
    screen = screens.by_noun(noun)
    if screen is None or not can(request.actor, screen.verb("view")):
        raise Http404
    place = request.GET.get("organisation", "")
    asked = [int(place)] if place.isascii() and place.isdigit() and len(place) < 19 else list(visible())
    places = [o for o in asked if can(request.actor, screen.verb("view"), o)]
    found = search.find(request.GET.get("q", "")[:80], nouns=[noun], organisations=places, limit=20)
    seen = _seen(request.actor, found)
    choices = [{"value": e.object_id, "label": e.title, "detail": e.subtitle} for e in seen]
    return TemplateResponse(request, "web/_options.html", {"options": choices})


@login_required
def switch(request: Any, pk: int) -> HttpResponse:
    """Choose the organisation to look at (0: all of them)."""
    if pk and pk not in request.actor.places:
        raise Http404
    request.session["organisation"] = pk or None
    back = request.GET.get("next") or request.headers.get("Referer", "")
    safe = url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()})
    return redirect(back if safe and not _about_one_object(back) else "/")


def _about_one_object(address: str) -> bool:
    """An object's page may not exist in the organisation one switches to."""
    return any(part.isdigit() for part in address.split("?")[0].split("/"))


def theme(request: Any) -> HttpResponse:
    """Remember the theme or the density, in the account when there is one and in a cookie so that no page
    flashes.
    """
    chosen, density = request.POST.get("theme", ""), request.POST.get("density", "")
    if request.method != "POST" or (
        chosen not in Account.Theme.values and density not in {"normal", "compact"}
    ):
        return HttpResponseNotAllowed(["POST"])
    values = {"theme": chosen} if chosen in Account.Theme.values else {"density": density}
    if request.user.is_authenticated:
        Account.objects.filter(pk=request.user.pk).update(**values)
    back = request.POST.get("next", "")
    safe = back and url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()})
    response: HttpResponse = redirect(back) if safe else HttpResponse(status=204)
    for name, value in values.items():
        response.set_cookie(name, value, max_age=365 * 24 * 3600, samesite="Lax")
    return response


@login_required
def my_account(request: Any) -> HttpResponse:
    form = AccountForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        form.save()
        translation.activate(form.instance.language)
        messages.success(request, _("Your choices are saved."))
        return redirect("my-account")
    context = {"title": _("My account"), "form": form, "links": day.account_links()}
    return TemplateResponse(request, "web/my_account.html", context, status=422 if form.errors else 200)


@login_required
def notifications_page(request: Any) -> HttpResponse:
    if request.method == "POST":
        notifications.mark_read(request.user)
        return redirect("notification-list")
    rows = Notification.objects.filter(account=request.user).order_by("-id")[:100]
    return TemplateResponse(request, "web/notifications.html", {"title": _("Notifications"), "rows": rows})


@login_required
def notification_page(request: Any, pk: int) -> HttpResponse:
    """Opening a notification marks it read and leads to what it is about."""
    one = get_object_or_404(Notification, account=request.user, pk=pk)
    notifications.mark_read(request.user, [one.pk])
    safe = url_has_allowed_host_and_scheme(one.url, allowed_hosts={request.get_host()})
    return redirect(one.url if one.url and safe else "notification-list")


@login_required
def notification_choices(request: Any) -> HttpResponse:
    """How this person wants to be told, kind by kind."""
    form = NotificationChoices(request.POST or None, account=request.user)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Your choices are saved."))
        return redirect("my-account")
    context = {
        "title": _("Notifications"),
        "form": form,
        "submit_label": _("Save"),
        "cancel_url": reverse("my-account"),
    }
    return TemplateResponse(request, "screens/form.html", context, status=422 if form.errors else 200)


def accessibility(request: HttpRequest) -> HttpResponse:
    return TemplateResponse(request, "web/accessibility.html", {"title": _("Accessibility")})


@login_required
def help_page(request: HttpRequest) -> HttpResponse:
    return TemplateResponse(request, "web/help.html", {"title": _("Help")})


@login_required
def style_page(request: HttpRequest) -> HttpResponse:
    return TemplateResponse(request, "web/style.html", {"title": _("Style"), **day.style_context()})


def alive(request: HttpRequest) -> HttpResponse:
    """For a load balancer: the database answers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok", content_type="text/plain")
