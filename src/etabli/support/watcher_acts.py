"""Following a ticket, as its page, its list and the API offer it."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from etabli.kernel.actors import Actor
from etabli.kernel.screens import Act, registry
from etabli.kernel.screens.acts import ActForm
from etabli.kernel.screens.pages import the_object
from etabli.people.models import Person

from .tickets import Ticket, Watcher
from .watchers import copy, remove, unwatch, watch


class CopyForm(ActForm):
    person = forms.ModelChoiceField(
        Person.objects.order_by("name"), label=gettext_lazy("Person"), required=False
    )
    email = forms.EmailField(
        label=gettext_lazy("Or an e-mail address"),
        required=False,
        help_text=gettext_lazy("They get every answer sent from now on."),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and bool(cleaned.get("person")) == bool(cleaned.get("email")):
            raise ValidationError(_("Choose a person, or give an e-mail address."))
        return cleaned


def _follow(ticket: Ticket, _cleaned: dict[str, Any], actor: Actor) -> None:
    watch(ticket, actor=actor)


def _unfollow(ticket: Ticket, _cleaned: dict[str, Any], actor: Actor) -> None:
    unwatch(ticket, actor=actor)


def _copy(ticket: Ticket, cleaned: dict[str, Any], actor: Actor) -> None:
    copy(ticket, actor=actor, person=cleaned.get("person"), email=cleaned.get("email") or "")


WATCHER_ACTS = [
    Act("follow", gettext_lazy("Follow"), "bell", "ticket.follow", _follow),
    Act("unfollow", gettext_lazy("Stop following"), "bell-off", "ticket.follow", _unfollow),
    Act("copy", gettext_lazy("Add in copy"), "user-plus", "ticket.answer", _copy, CopyForm),
]


@require_POST
def remove_page(request: Any, pk: int, watcher: int) -> HttpResponse:
    """Take somebody off those who follow a ticket."""
    ticket = the_object(request, registry[Ticket], pk)
    remove(get_object_or_404(Watcher, pk=watcher, ticket=ticket), actor=request.actor)
    return redirect("ticket-detail", pk=pk)


urls = [path("tickets/<int:pk>/watchers/<int:watcher>/remove/", remove_page, name="ticket-unwatch")]
