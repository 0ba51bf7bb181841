"""Tokens and webhooks: a new token is shown once, a delivery can be sent again."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from etabli.kernel import tokens, webhooks
from etabli.kernel.actors import require
from etabli.kernel.organisations import Organisation
from etabli.kernel.tenancy import visible
from etabli.kernel.tokens import ApiToken
from etabli.kernel.webhooks import WebhookDelivery


class NewToken(forms.Form):
    """What a program may do, where, and until when."""

    name = forms.CharField(label=gettext_lazy("What uses it"), max_length=80)
    organisation = forms.ModelChoiceField(Organisation.objects.none(), label=gettext_lazy("Organisation"))
    scopes = forms.CharField(
        label=gettext_lazy("Allowed acts"),
        initial="*.view",
        help_text=gettext_lazy(
            "Verbs separated by spaces, such as *.view asset.change; never more than your own rights."
        ),
    )
    expires_at = forms.DateField(
        label=gettext_lazy("Expires on"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )


@login_required
def new_token(request: Any) -> HttpResponse:
    require(request.actor, "apitoken.add")
    form = NewToken(request.POST or None)
    chosen: Any = form.fields["organisation"]
    chosen.queryset = Organisation.objects.filter(pk__in=visible())
    if request.method == "POST" and form.is_valid():
        try:
            return _created(request, form.cleaned_data)
        except (ValidationError, PermissionDenied, ValueError) as error:
            form.add_error(None, " ".join(getattr(error, "messages", [str(error)])))
    context = {
        "title": _("New API token"),
        "form": form,
        "submit_label": _("Create"),
        "cancel_url": reverse("apitoken-list"),
        "crumbs": [{"label": _("API tokens"), "url": reverse("apitoken-list")}],
    }
    return TemplateResponse(request, "screens/form.html", context, status=422 if form.errors else 200)


def _created(request: Any, values: dict[str, Any]) -> HttpResponse:
    from datetime import datetime, time

    from django.utils import timezone

    until = values["expires_at"]
    expires = timezone.make_aware(datetime.combine(until, time.max)) if until else None
    token, text = tokens.create(
        account=request.user,
        name=values["name"],
        scopes=values["scopes"].split(),
        organisation=values["organisation"].pk,
        expires_at=expires,
        actor=request.actor,
    )
    title = _("Token “%(name)s”") % {"name": token.name}
    context = {"title": title, "text": text, "back_url": reverse("apitoken-list")}
    return TemplateResponse(request, "web/token.html", context)


@login_required
@require_POST
def revoke_token(request: Any, pk: int) -> HttpResponse:
    tokens.revoke(get_object_or_404(ApiToken, pk=pk), actor=request.actor)
    messages.success(request, _("This token is refused from now on."))
    return redirect("apitoken-list")


@login_required
@require_POST
def replay(request: Any, pk: int) -> HttpResponse:
    webhooks.replay(get_object_or_404(WebhookDelivery, pk=pk), actor=request.actor)
    messages.success(request, _("It will be sent again in a moment."))
    return redirect("webhookdelivery-detail", pk)


token_urls = [
    path("api-tokens/new/", new_token, name="token-new"),
    path("api-tokens/<int:pk>/revoke/", revoke_token, name="token-revoke"),
]
delivery_urls = [path("webhook-deliveries/<int:pk>/replay/", replay, name="delivery-replay")]
