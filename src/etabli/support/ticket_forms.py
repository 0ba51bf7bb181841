"""What is asked to open a ticket, and before each act on one."""

from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from etabli.assets.models import Asset
from etabli.kernel.accounts import Account
from etabli.kernel.screens.acts import ActForm
from etabli.kernel.screens.forms import ComboSelect, NounForm
from etabli.people.models import Person, Team

from .handing import agents_of
from .opening import Caller, Request, Words
from .priority import HIGHEST, LOWEST
from .states import Waiting
from .suiting import suggest
from .tickets import OPEN, Ticket, TicketLink

SUGGESTED = 3
PASSED = ("category", "service", "impact", "urgency")


class TicketForm(NounForm):
    """Opening asks what the user says; changing what is known of a ticket does not."""

    description = forms.CharField(
        label=gettext_lazy("Description"), widget=forms.Textarea(attrs={"rows": 6}), required=False
    )
    asset = forms.ModelChoiceField(Asset.objects.all(), label=gettext_lazy("Asset concerned"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            del self.fields["description"], self.fields["asset"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not (cleaned.get("requester") or cleaned.get("contact_name") or cleaned.get("contact_email")):
            self.add_error("requester", _("Say who asks: somebody known, or a name or an e-mail address."))
        return cleaned

    def request(self) -> Request:
        """What opening a ticket is given."""
        values = self.cleaned_data
        caller = Caller(
            person=values.get("requester"),
            name=values.get("contact_name") or "",
            email=values.get("contact_email") or "",
            phone=values.get("contact_phone") or "",
        )
        asset = values.get("asset")
        return Request(
            title=values["title"],
            words=Words(values.get("description") or ""),
            caller=caller,
            kind=values["kind"],
            channel=values["channel"],
            more={name: values[name] for name in PASSED if values.get(name) is not None}
            | {"custom": self.instance.custom},
            assets=(asset,) if asset else (),
        )


def agents(form: ActForm) -> Any:
    """The agents who may work on every ticket chosen."""
    found = [{account.pk for account in agents_of(place)} for place in form.places]
    return Account.objects.filter(pk__in=set.intersection(*found) if found else set()).order_by("name")


class AssignForm(ActForm):
    team = forms.ModelChoiceField(Team.objects.order_by("name"), label=gettext_lazy("Team"), required=False)
    assignee = forms.ModelChoiceField(
        get_user_model().objects.none(), label=gettext_lazy("Agent"), required=False
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=200, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        one: Any = self.fields["assignee"]
        one.queryset = agents(self)
        one.widget = ComboSelect(Account, choices=one.widget.choices)
        rows = list(self.rows[:2])
        if len(rows) == 1:
            self.initial["team"], self.initial["assignee"] = rows[0].team_id, rows[0].assignee_id
            one.help_text = " · ".join(f"{fit.account}: {fit.why}" for fit in suggest(rows[0])[:SUGGESTED])

    def clean(self) -> dict[str, Any]:
        """A program that names only the agent leaves the team as it is: ``given`` tells what was named."""
        cleaned = super().clean() or self.cleaned_data
        return {**cleaned, "given": {name for name in ("team", "assignee") if name in self.data}}


class WaitForm(ActForm):
    waiting = forms.ChoiceField(label=gettext_lazy("Waits for"), choices=Waiting.choices)
    visit_at = forms.DateTimeField(
        label=gettext_lazy("Visit planned on"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=gettext_lazy("For a planned visit."),
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=300)


class SolveForm(ActForm):
    solution = forms.CharField(
        label=gettext_lazy("Solution"),
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("The user reads it, and the next one to ask."),
    )
    children = forms.BooleanField(
        label=gettext_lazy("Also solve its open children, with the same solution"), required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        child = TicketLink.Relation.CHILD
        if not Ticket.objects.filter(OPEN, links__relation=child, links__other__in=self.rows).exists():
            del self.fields["children"]


class ReasonForm(ActForm):
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=300)


class PriorityForm(ActForm):
    level = forms.TypedChoiceField(
        label=gettext_lazy("Priority"),
        coerce=int,
        required=False,
        empty_value=None,
        choices=[("", gettext_lazy("as computed")), *((n, f"P{n}") for n in range(HIGHEST, LOWEST + 1))],
    )
    because = forms.CharField(label=gettext_lazy("Reason"), max_length=300, required=False)


class KindForm(ActForm):
    kind = forms.ChoiceField(label=gettext_lazy("New type"), choices=Ticket.Kind.choices)


class WriteForm(ActForm):
    text = forms.CharField(label=gettext_lazy("Text"), widget=forms.Textarea(attrs={"rows": 6}))


class IdentifyForm(ActForm):
    """Somebody known, of any organisation one serves; or the name of somebody to add."""

    person = forms.ModelChoiceField(
        Person.objects.order_by("name"), label=gettext_lazy("Person"), required=False
    )
    name = forms.CharField(label=gettext_lazy("Or the name of a new person"), max_length=120, required=False)

    def _narrow(self, field: forms.ModelChoiceField) -> None:
        """The caller may belong to any organisation in sight: that is what is being found out."""
        field.widget = ComboSelect(Person, field.widget.attrs, choices=field.widget.choices)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not cleaned.get("person") and not cleaned.get("name"):
            raise forms.ValidationError(_("Choose a person, or give the name of a new one."))
        return cleaned
