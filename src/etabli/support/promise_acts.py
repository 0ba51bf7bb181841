"""The acts of a ticket that change who works on it, what it is about and what is promised."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy, gettext_noop

from etabli.assets.models import Asset
from etabli.kernel.actors import Actor
from etabli.kernel.screens import Act
from etabli.kernel.screens.acts import ActForm
from etabli.kernel.screens.history import name_act
from etabli.people.models import Team

from .asset_acts import attach_asset, detach_asset, why_not_detach
from .handovers import IncidentForm, escalate, give_back, why_not_escalate, why_not_give_back
from .levels import promise
from .promises import ServiceLevel
from .tickets import Ticket

WORDS = {
    "handed_over": (gettext_noop("Escalated to another team"), "warn"),
    "handed_back": (gettext_noop("Returned to the former team"), "warn"),
    "promised": (gettext_noop("Promise changed"), ""),
    "asset_attached": (gettext_noop("Asset attached"), ""),
    "asset_detached": (gettext_noop("Asset detached"), ""),
    "deadline_near": (gettext_noop("A promise runs out"), "warn"),
    "deadline_passed": (gettext_noop("A deadline has passed"), "bad"),
    "escalated": (gettext_noop("Escalated by time"), "bad"),
}
for name, (text, tone) in WORDS.items():
    name_act(f"ticket.{name}", text, tone)


def _area(label: Any, help_text: Any) -> forms.CharField:
    return forms.CharField(
        label=label, help_text=help_text, widget=forms.Textarea(attrs={"rows": 3}), max_length=10_000
    )


class EscalateForm(ActForm):
    """The incident form: nothing of it is optional."""

    team = forms.ModelChoiceField(Team.objects.order_by("name"), label=gettext_lazy("To the team"))
    observed = _area(
        gettext_lazy("What is observed"), gettext_lazy("The exact message, since when, for whom, how often.")
    )
    tried = _area(
        gettext_lazy("What was tested, with the result"),
        gettext_lazy("A line for each test: nobody should have to make it again."),
    )
    asked = _area(gettext_lazy("What is asked"), gettext_lazy("What the next team has to do or to decide."))


class ReturnForm(ActForm):
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("What is missing, or what was done."),
    )


class LevelForm(ActForm):
    level = forms.ModelChoiceField(
        ServiceLevel.objects.order_by("name"),
        label=gettext_lazy("Service level"),
        required=False,
        empty_label=gettext_lazy("nothing promised"),
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=200, required=False)


class AttachForm(ActForm):
    asset = forms.ModelChoiceField(Asset.objects.order_by("name"), label=gettext_lazy("Asset"))


class DetachForm(ActForm):
    """Offers the assets that the tickets chosen are about."""

    asset = forms.ModelChoiceField(Asset.objects.none(), label=gettext_lazy("Asset"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        one: Any = self.fields["asset"]
        one.queryset = Asset.objects.filter(tickets__ticket__in=self.rows).distinct().order_by("name")


def _escalate(ticket: Ticket, cleaned: dict[str, Any], actor: Actor) -> None:
    form = IncidentForm(cleaned["observed"], cleaned["tried"], cleaned["asked"])
    escalate(ticket, cleaned["team"], form, actor=actor)


def _give_back(ticket: Ticket, cleaned: dict[str, Any], actor: Actor) -> None:
    give_back(ticket, cleaned["reason"], actor=actor)


def _promise(ticket: Ticket, cleaned: dict[str, Any], actor: Actor) -> None:
    promise(ticket, cleaned["level"], actor=actor, reason=cleaned["reason"])


def _attach(ticket: Ticket, cleaned: dict[str, Any], actor: Actor) -> None:
    attach_asset(ticket, cleaned["asset"], actor=actor)


def _detach(ticket: Ticket, cleaned: dict[str, Any], actor: Actor) -> None:
    detach_asset(ticket, cleaned["asset"], actor=actor)


ACTS = [
    Act(
        "escalate",
        gettext_lazy("Escalate"),
        "stairs",
        "ticket.escalate",
        _escalate,
        EscalateForm,
        why_not=why_not_escalate,
        text=gettext_lazy("The team gets the ticket with this form as an internal note; its clock starts."),
        many=False,
    ),
    Act(
        "return",
        gettext_lazy("Return to the former team"),
        "arrow-back-up",
        "ticket.escalate",
        _give_back,
        ReturnForm,
        why_not=why_not_give_back,
        many=False,
    ),
    Act("promise", gettext_lazy("Change the promise"), "target", "ticket.promise", _promise, LevelForm,
        text=gettext_lazy("From now on this level is promised. The time used and its pauses stay.")),
    Act("attach-asset", gettext_lazy("Attach an asset"), "link", "ticket.change", _attach, AttachForm),
    Act("detach-asset", gettext_lazy("Detach an asset"), "x", "ticket.change", _detach, DetachForm,
        why_not=why_not_detach, many=False),
]  # fmt: skip
