"""Settings: the screens of the settings area, and the preferences of each section."""

from smtplib import SMTPException
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from etabli.kernel import mail, preferences, screens
from etabli.kernel.actors import can, require
from etabli.kernel.installation import first_organisation, require_installation
from etabli.kernel.tenancy import visible


def index(request: Any) -> HttpResponse:
    """Everything that can be set, in one page."""
    seen = [
        s
        for s in screens.registry.values()
        if s.area == "settings" and s.listed and can(request.actor, s.verb("view"))
    ]
    if not seen:
        raise Http404
    cards = [{"label": s.title, "icon": s.icon, "url": s.list_url, "text": s.about} for s in seen]
    sections = []
    first = first_organisation()
    if first and can(request.actor, "preference.change", first.pk):
        sections = [
            {"label": label, "url": reverse("settings-section", args=[key])}
            for key, label in preferences.sections().items()
        ]
    context = {
        "title": _("Settings"),
        "area": "settings",
        "cards": cards,
        "sections": sections,
        "overrides": _overrides(request.actor),
    }
    return TemplateResponse(request, "web/settings.html", context)


def _overrides(actor: Any) -> list[dict[str, Any]]:
    """The sections that an organisation may set for itself, for each organisation the actor administers."""
    own = {d.group: d.section for d in preferences.declared.values() if d.per_organisation}
    return [
        {
            "label": actor.places[o].name,
            "links": [(label, reverse("settings-override", args=[key, o])) for key, label in own.items()],
        }
        for o in visible()
        if o in actor.places and can(actor, "preference.change", o)
    ][:50]


def section_page(request: Any, section: str, organisation: int | None = None) -> HttpResponse:
    """The preferences of a section, for the whole installation or as one organisation overrides them."""
    if organisation is None:
        require_installation(request.actor, "preference.change")
    else:
        require(request.actor, "preference.change", organisation)
    label = preferences.sections().get(section)
    form_class = preferences.form_for(section, organisation=organisation)
    if label is None or not form_class.declarations:
        raise Http404
    form = form_class(request.POST or None)
    if request.method == "POST" and form.is_valid():
        form.save(actor=request.actor)
        messages.success(request, _("Settings saved."))
        return redirect(request.path)
    context = {
        "title": label,
        "area": "settings",
        "form": form,
        "submit_label": _("Save"),
        "cancel_url": reverse("settings"),
        "crumbs": [{"label": _("Settings"), "url": reverse("settings")}],
    }
    template = "web/mail_settings.html" if section == "mail" and organisation is None else "screens/form.html"
    return TemplateResponse(request, template, context, status=422 if form.errors else 200)


@require_POST
def try_mail(request: Any) -> HttpResponse:
    """Try the saved mail server, then send a real message to whoever asked; what is wrong comes in a
    sentence.
    """
    require_installation(request.actor, "preference.change")
    problem = mail.test_connection(mail.configured())
    if not problem:
        try:
            text = _("If you read this, Établi can send e-mails.")
            mail.send_now([request.user.email], _("Test message"), text, organisation=None)
        except (OSError, SMTPException, mail.MailNotConfigured) as error:
            problem = str(error)
    if problem:
        messages.error(request, problem)
    else:
        messages.success(request, _("A test message left for %(address)s.") % {"address": request.user.email})
    return redirect("settings-section", "mail")
