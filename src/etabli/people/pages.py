"""Pages about people and places that no declaration covers: first steps, inviting, the map of sites, floor
plans.
"""

import secrets
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from etabli.kernel import files
from etabli.kernel.actors import can, require
from etabli.kernel.organisations import Organisation, Role
from etabli.kernel.tenancy import opening, visible

from . import actions, maps, plans
from .models import Floor, Person, Site

SETUP_KEY = settings.HOME / "setup.key"


class FirstSteps(forms.Form):
    """Who you are, in one page: everything else can wait."""

    profile = forms.ChoiceField(
        label=gettext_lazy("You are"),
        choices=[
            ("provider", gettext_lazy("a service company looking after clients")),
            ("internal", gettext_lazy("an internal IT team")),
            ("independent", gettext_lazy("an independent technician")),
        ],
    )
    organisation = forms.CharField(label=gettext_lazy("Name of your organisation"), max_length=120)
    name = forms.CharField(label=gettext_lazy("Your name"), max_length=120)
    email = forms.EmailField(label=gettext_lazy("Your e-mail"))
    password = forms.CharField(
        label=gettext_lazy("Password"),
        widget=forms.PasswordInput,
        help_text=gettext_lazy("12 characters or more."),
    )
    demo = forms.BooleanField(
        label=gettext_lazy("Load the sample companies to look around"), required=False, initial=True
    )

    def clean_password(self) -> str:
        password = str(self.cleaned_data["password"])
        validate_password(password)
        return password


def first_steps(request: Any) -> HttpResponse:
    """The first administrator and organisation. Only for whoever holds the setup key printed by the
    server.
    """
    with opening():
        done = Organisation.objects.filter(demo=False).exists()
    if done:
        return redirect("home")
    if not _holds_key(request):
        return TemplateResponse(request, "people/setup_key.html", {"title": _("First steps")}, status=403)
    form = FirstSteps(request.POST or None)
    if request.method == "POST" and form.is_valid():
        account = _begin(form.cleaned_data)
        SETUP_KEY.unlink(missing_ok=True)
        login(request, account, backend="allauth.account.auth_backends.AuthenticationBackend")
        return redirect("demo-load" if form.cleaned_data["demo"] else "home")
    context = {"title": _("Welcome to Établi"), "form": form, "submit_label": _("Begin")}
    return TemplateResponse(request, "people/first_steps.html", context, status=422 if form.errors else 200)


@transaction.atomic
def _begin(values: dict[str, Any]) -> Any:
    kind = Organisation.Kind.CLIENT if values["profile"] == "internal" else Organisation.Kind.PROVIDER
    organisation = actions.start_organisation(name=values["organisation"], kind=kind, actor=actions.MAKER)
    return actions.create_administrator(
        email=values["email"], name=values["name"], password=values["password"], organisation=organisation
    )


def _holds_key(request: Any) -> bool:
    given = request.GET.get("cle") or request.session.get("setup_key", "")
    known = SETUP_KEY.read_text().strip() if SETUP_KEY.exists() else ""
    if not known or not secrets.compare_digest(given.encode(), known.encode()):
        return False
    request.session["setup_key"] = given
    return True


class Invitation(forms.Form):
    role = forms.ModelChoiceField(Role.objects.none(), label=gettext_lazy("Role"))


@login_required
def invite(request: Any, pk: int) -> HttpResponse:
    person = get_object_or_404(Person, pk=pk)
    require(request.actor, "membership.add", person)
    form = Invitation(request.POST or None)
    chosen: Any = form.fields["role"]
    chosen.queryset = Role.objects.filter(organisation=None) | Role.objects.filter(
        organisation=person.organisation_id
    )
    if request.method == "POST" and form.is_valid():
        try:
            _account, password = actions.invite(
                person=person, role=form.cleaned_data["role"], actor=request.actor
            )
        except ValidationError as error:
            form.add_error(None, error)
        else:
            context = {
                "title": _("Invitation of %(name)s") % {"name": person},
                "person": person,
                "password": password,
            }
            return TemplateResponse(request, "people/invited.html", context)
    context = {
        "title": _("Invite %(name)s") % {"name": person},
        "form": form,
        "submit_label": _("Invite"),
        "cancel_url": reverse("person-detail", args=[pk]),
        "area": "people",
        "crumbs": [
            {"label": _("People"), "url": reverse("person-list")},
            {"label": str(person), "url": reverse("person-detail", args=[pk])},
        ],
    }
    return TemplateResponse(request, "screens/form.html", context, status=422 if form.errors else 200)


@login_required
def sites_map(request: Any) -> HttpResponse:
    """Every site of the organisations in scope, or of one of them, on a map drawn here."""
    require(request.actor, "site.view")
    places = [request.actor.places[o] for o in visible() if o in request.actor.places]
    wanted = request.GET.get("organisation", "")
    chosen = next((p for p in places if str(p.id) == wanted), None)
    sites = Site.objects.select_related("organisation").order_by("name")
    if chosen is not None:
        sites = sites.filter(organisation=chosen.id)
    shown = [s for s in sites[:2000] if can(request.actor, "site.view", s)]
    counts = maps.counts_of(request.actor, [s.pk for s in shown])
    context = {
        "title": _("Map of the sites"),
        "area": "people",
        "map": maps.map_of(shown, counts),
        "organisations": places if len(places) > 1 else [],
        "chosen": chosen,
        "crumbs": [{"label": _("Sites"), "url": reverse("site-list")}],
    }
    return TemplateResponse(request, "people/map.html", context)


@login_required
@require_POST
def floor_plan(request: Any, pk: int) -> HttpResponse:
    """Put an image as the plan of a floor."""
    floor = get_object_or_404(Floor, pk=pk)
    require(request.actor, "floor.change", floor)
    sent = request.FILES.get("plan")
    try:
        if sent is None:
            raise ValidationError(_("Choose the image of the plan first."))
        plans.put_plan(floor, sent=sent, name=sent.name, actor=request.actor)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    except files.FileTooLarge as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The plan of %(floor)s is in place.") % {"floor": floor})
    return redirect("floor-detail", pk)


person_urls = [path("people/<int:pk>/invite/", invite, name="person-invite")]
site_urls = [path("sites/map/", sites_map, name="site-map")]
floor_urls = [path("floors/<int:pk>/plan/", floor_plan, name="floor-plan")]
urls = [path("premiers-pas/", first_steps, name="first-steps")]
