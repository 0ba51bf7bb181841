"""Inventory documents brought by hand: chosen in a page, they take the same path as those of agents."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from etabli.kernel.actors import require

from . import actions

MOST_FILES = 50


@login_required
def upload(request: Any) -> HttpResponse:
    """Read the documents now and lead to the list, where each says what was decided and why."""
    require(request.actor, "document.add")
    places = [p for o, p in request.actor.places.items() if request.actor.may("document.add", o)]
    if request.method == "POST":
        wanted = request.POST.get("organisation", "")
        chosen = next((p for p in places if str(p.id) == wanted), places[0] if len(places) == 1 else None)
        files = request.FILES.getlist("files")[:MOST_FILES]
        if chosen and files:
            return _loaded(request, chosen.id, files)
        messages.error(request, _("Choose at least a file, and the organisation it belongs to."))
    context = {
        "title": _("Bring inventory documents"),
        "area": "fleet",
        "places": places,
        "cancel_url": reverse("document-list"),
        "crumbs": [{"label": _("Inventories"), "url": reverse("document-list")}],
    }
    return TemplateResponse(request, "inventory/upload.html", context)


def _loaded(request: Any, organisation_id: int, files: list[Any]) -> HttpResponse:
    now = timezone.now()
    for file in files:
        done = actions.load_bytes(file.read(), name=file.name, organisation_id=organisation_id, now=now)
        if done.decision == "refused":
            messages.warning(request, f"{file.name} : {done.reason}")
    text = ngettext("%(n)s document read.", "%(n)s documents read.", len(files)) % {"n": len(files)}
    messages.success(request, text)
    return redirect("document-list")


urls = [path("inventories/upload/", upload, name="document-upload")]
