"""The page behind the link of a satisfaction question: public, without session, the same for everybody.

What it tells is the number of the ticket and nothing else. It needs no CSRF token: its address is the secret.
"""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from etabli.kernel.ratelimit import limited_here
from etabli.kernel.tenancy import opening, scope

from .satisfaction import GRADES, Survey, answer, find
from .tickets import Ticket
from .wording import spoken

PER_MINUTE = 30


class OpinionForm(forms.Form):
    grade = forms.TypedChoiceField(
        label=gettext_lazy("Are you satisfied?"),
        coerce=int,
        choices=list(GRADES.items()),
        widget=forms.RadioSelect,
    )
    comment = forms.CharField(
        label=gettext_lazy("A comment"),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def opinion(request: HttpRequest, token: str) -> HttpResponse:
    """Shows the question; what is posted, and nothing else, is an answer."""
    if wait := limited_here(f"opinion:{request.META.get('REMOTE_ADDR')}", per_minute=PER_MINUTE):
        return _plain(request, _("Too many requests: wait %(n)s seconds.") % {"n": wait}, 429)
    with opening():
        survey = find(token)
    if survey is None:
        raise Http404
    with scope(survey.organisation_id):
        ticket = Ticket.objects.select_related("requester__account").get(pk=survey.ticket_id)
        with spoken(ticket):
            return _answered(request, survey, ticket)


def _answered(request: HttpRequest, survey: Survey, ticket: Ticket) -> HttpResponse:
    if not survey.open(timezone.now()):
        return _plain(request, _("This link has expired: thank you all the same."), 410)
    form = OpinionForm(request.POST if request.method == "POST" else None, initial=_initial(request))
    if request.method == "POST" and form.is_valid():
        try:
            answer(survey, grade=form.cleaned_data["grade"], comment=form.cleaned_data["comment"])
            return HttpResponseRedirect(f"{request.path}?merci=1")
        except ValidationError as error:
            form.add_error(None, " ".join(error.messages))
    context = {
        "title": _("Your opinion on your request %(reference)s") % {"reference": ticket.reference},
        "form": form,
        "thanks": bool(survey.grade and request.GET.get("merci")),
        "submit_label": _("Change my answer") if survey.grade else _("Send my answer"),
    }
    return _shown(request, context, 422 if form.errors else 200)


def _initial(request: HttpRequest) -> dict[str, Any]:
    """The answer of the link that was followed; never what was said before, since links are forwarded."""
    chosen = request.GET.get("note", "")
    return {"grade": int(chosen)} if chosen in {str(one) for one in GRADES} else {}


def _plain(request: HttpRequest, text: str, status: int) -> HttpResponse:
    return _shown(request, {"title": _("Your opinion"), "text": text}, status)


def _shown(request: HttpRequest, context: dict[str, Any], status: int) -> HttpResponse:
    """Drawn now, in the language of the ticket; kept by no cache and no search engine."""
    headers = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex", "Referrer-Policy": "no-referrer"}
    made = TemplateResponse(request, "support/opinion.html", context, status=status, headers=headers)
    return made.render()


urls = [path("avis/<str:token>/", opinion, name="opinion")]
