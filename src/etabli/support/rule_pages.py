"""Pages beside the screens: trying a rule, opening a quick ticket, what the reader is asked to approve."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from etabli.kernel.actors import can, require
from etabli.kernel.organisations import Organisation
from etabli.kernel.screens import registry
from etabli.kernel.screens.forms import ComboSelect
from etabli.kernel.screens.pages import the_object
from etabli.people.models import Person

from . import steps
from .approving import decide, mine
from .firing import places_of, try_rule
from .macros import QuickTicket, open_quick
from .messages import Message
from .opening import Caller
from .rules import Rule
from .tickets import Ticket
from .work_pages import number

TRIED = 100


@login_required
@require_GET
def trial_page(request: Any, pk: int) -> HttpResponse:
    """What a rule would do to the last tickets, and why; nothing is done."""
    screen = registry[Rule]
    rule: Rule = the_object(request, screen, pk)
    require(request.actor, "ticket.view", rule)
    tried = try_rule(rule, registry[Ticket].rows(request.actor), limit=TRIED)
    context = {
        "area": screen.area,
        "title": _("Try “%(rule)s”") % {"rule": rule},
        "crumbs": [
            {"label": screen.title, "url": screen.list_url},
            {"label": str(rule), "url": screen.url(rule)},
        ],
        "steps": steps.spoken(rule.steps, rule.organisation_id),
        "tried": [{"ticket": one.ticket, "met": one.verdict.met, "why": one.verdict.why} for one in tried],
        "fires": sum(one.verdict.met for one in tried),
        "total": len(tried),
    }
    return TemplateResponse(request, "support/trial.html", context)


class QuickForm(forms.Form):
    """For whom: somebody known, or what is known of somebody who is not."""

    requester = forms.ModelChoiceField(
        Person.objects.order_by("name"), label=gettext_lazy("Requester"), required=False
    )
    organisation = forms.ModelChoiceField(
        Organisation.objects.none(),
        label=gettext_lazy("Organisation"),
        required=False,
        help_text=gettext_lazy("For somebody unknown."),
    )
    name = forms.CharField(label=gettext_lazy("Name of the caller"), max_length=120, required=False)
    email = forms.EmailField(label=gettext_lazy("E-mail of the caller"), required=False)

    def __init__(self, data: Any, *, places: list[int]) -> None:
        super().__init__(data)
        person: Any = self.fields["requester"]
        person.queryset = person.queryset.filter(organisation__in=places)
        person.widget = ComboSelect(Person, choices=person.widget.choices)
        place: Any = self.fields["organisation"]
        place.queryset = Organisation.objects.filter(pk__in=places).order_by("name")
        if len(places) < 2:
            del self.fields["organisation"]
        self.places = places

    def caller(self) -> Caller:
        told = self.cleaned_data
        return Caller(person=told.get("requester"), name=told["name"], email=told["email"])

    def place(self) -> int:
        """The organisation of whoever asks."""
        told = self.cleaned_data
        if told.get("requester"):
            return int(told["requester"].organisation_id)
        if told.get("organisation"):
            return int(told["organisation"].pk)
        if len(self.places) == 1:
            return self.places[0]
        raise ValidationError({"organisation": _("Choose the organisation this belongs to.")})


@login_required
def quick_page(request: Any, pk: int) -> HttpResponse:
    """Open a quick ticket for somebody; its macro is run at once."""
    screen = registry[QuickTicket]
    quick: QuickTicket = the_object(request, screen, pk)
    require(request.actor, "ticket.add", quick)
    places = [o for o in places_of(quick) if can(request.actor, "ticket.add", o)]
    form = QuickForm(request.POST if request.method == "POST" else None, places=places)
    if request.method == "POST" and form.is_valid():
        try:
            ticket = open_quick(quick, form.caller(), organisation=form.place(), actor=request.actor)
        except ValidationError as error:
            form.add_error(None, error.messages)
        else:
            messages.success(request, _("%(ticket)s is opened.") % {"ticket": ticket.reference})
            return redirect(registry[Ticket].url(ticket))
    told = steps.spoken(quick.macro.steps, quick.organisation_id) if quick.macro else []
    context = {
        "area": screen.area,
        "title": quick.name,
        "text": quick.title,
        "consequences": told,
        "form": form,
        "submit_label": _("Open the ticket"),
        "cancel_url": screen.url(quick),
        "crumbs": [
            {"label": screen.title, "url": screen.list_url},
            {"label": str(quick), "url": screen.url(quick)},
        ],
    }
    return TemplateResponse(request, "screens/confirm.html", context, status=422 if form.errors else 200)


@login_required
def approvals_page(request: Any) -> HttpResponse:
    """What the reader is asked to approve, with what the user wrote; each is decided here."""
    problem, decided = "", number(request.POST.get("approval"))
    comment = request.POST.get("comment", "").replace("\0", "")[:500]
    if request.method == "POST":
        one = get_object_or_404(mine(request.user.pk), pk=decided)
        try:
            decide(one, request.POST.get("decision") == "approve", actor=request.actor, comment=comment)
        except ValidationError as error:
            problem = " ".join(error.messages)
        else:
            messages.success(request, _("Your decision is told."))
            return redirect("my-approvals")
    rows = list(mine(request.user.pk)[:50])
    words: dict[int, str] = {}
    asked = Message.objects.filter(ticket__in=[one.ticket_id for one in rows], kind=Message.Kind.ASKED)
    for key, text in asked.order_by("-at", "-id").values_list("ticket", "visible"):
        words[key] = text[:1500]  # the first one of each ticket stays
    lines = [
        {
            "approval": one,
            "text": words.get(one.ticket_id, ""),
            "problem": problem if one.pk == decided else "",
            "comment": comment if one.pk == decided else "",
        }
        for one in rows
    ]
    context = {"title": _("My approvals"), "lines": lines}
    return TemplateResponse(request, "support/approvals.html", context, status=422 if problem else 200)


rule_urls = [path("rules/<int:pk>/trial/", trial_page, name="rule-trial")]
quick_urls = [path("quick-tickets/<int:pk>/open/", quick_page, name="quickticket-open")]
urls = [path("my-approvals/", approvals_page, name="my-approvals")]
