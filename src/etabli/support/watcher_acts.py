"""Following a ticket, as its page, its list and the API offer it."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from etabli.kernel.actors import Actor
from etabli.kernel.screens import Act
from etabli.kernel.screens.acts import ActForm
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


class RemoveForm(ActForm):
    watcher = forms.ModelChoiceField(Watcher.objects.none(), label=gettext_lazy("Who"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        one: Any = self.fields["watcher"]
        one.queryset = Watcher.objects.filter(ticket__in=self.rows).select_related("account", "person")
        one.widget = forms.Select(choices=one.widget.choices)


def _follow(ticket: Ticket, _cleaned: dict[str, Any], actor: Actor) -> None:
    watch(ticket, actor=actor)


def _unfollow(ticket: Ticket, _cleaned: dict[str, Any], actor: Actor) -> None:
    unwatch(ticket, actor=actor)


def _copy(ticket: Ticket, cleaned: dict[str, Any], actor: Actor) -> None:
    copy(ticket, actor=actor, person=cleaned.get("person"), email=cleaned.get("email") or "")


def _uncopy(ticket: Ticket, cleaned: dict[str, Any], actor: Actor) -> None:
    watcher = cleaned["watcher"]
    if watcher.ticket_id != ticket.pk:
        raise ValidationError(_("“%(name)s” does not follow this ticket.") % {"name": watcher})
    remove(watcher, actor=actor)


WATCHER_ACTS = [
    Act("follow", gettext_lazy("Follow"), "bell", "ticket.follow", _follow),
    Act("unfollow", gettext_lazy("Stop following"), "bell-off", "ticket.follow", _unfollow),
    Act(
        "uncopy",
        gettext_lazy("Remove from those who follow it"),
        "x",
        "ticket.answer",
        _uncopy,
        RemoveForm,
        many=False,
    ),
    Act("copy", gettext_lazy("Add in copy"), "user-plus", "ticket.answer", _copy, CopyForm),
]
