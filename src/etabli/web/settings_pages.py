"""Settings: the screens of the settings area, and the preferences of each section."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from etabli.kernel import preferences, screens
from etabli.kernel.actors import can
from etabli.kernel.installation import first_organisation, require_installation


def index(request: Any) -> HttpResponse:
    """Everything that can be set, in one page."""
    seen = [s for s in screens.registry.values() if s.area == "settings" and s.listed and can(request.actor, s.verb("view"))]
    if not seen:
        raise Http404
    cards = [{"label": s.title, "icon": s.icon, "url": s.list_url, "text": (s.__doc__ or "").split("\n")[0]} for s in seen]
    sections = []
    first = first_organisation()
    if first and can(request.actor, "preference.change", first.pk):
        sections = [
            {"label": label, "url": reverse("settings-section", args=[key])} for key, label in preferences.sections().items()
        ]
    context = {"title": _("Settings"), "area": "settings", "cards": cards, "sections": sections}
    return TemplateResponse(request, "web/settings.html", context)


def section_page(request: Any, section: str) -> HttpResponse:
    """The preferences of a section, for the whole installation."""
    require_installation(request.actor, "preference.change")
    label = preferences.sections().get(section)
    if label is None:
        raise Http404
    form = preferences.form_for(section)(request.POST or None)
    if request.method == "POST" and form.is_valid():
        form.save(actor=request.actor)
        messages.success(request, _("Settings saved."))
        return redirect("settings-section", section)
    context = {
        "title": label, "area": "settings", "form": form, "submit_label": _("Save"), "cancel_url": reverse("settings"),
        "crumbs": [{"label": _("Settings"), "url": reverse("settings")}],
    }  # fmt: skip
    return TemplateResponse(request, "screens/form.html", context, status=422 if form.errors else 200)
