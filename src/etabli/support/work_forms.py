"""What is asked before an act of working on tickets: links, merges, tasks, macros, time, approvals."""

from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from etabli.kernel.accounts import Account
from etabli.kernel.organisations import lineage
from etabli.kernel.screens.acts import ActForm
from etabli.kernel.screens.forms import ComboSelect
from etabli.people.models import Person

from .linking import Relation
from .macros import Macro
from .states import State
from .task_lists import TaskList
from .ticket_forms import agents
from .tickets import PREFIX, Ticket
from .timing import WEEK, WorkType


def ticket_of(text: str, place: int) -> Ticket:
    """The ticket that a number or a reference names, in an organisation or above it (``ValidationError``)."""
    digits = text.strip().upper().removeprefix(PREFIX).lstrip("-# ")
    number = int(digits) if digits.isdecimal() and len(digits) < 19 else 0
    found = Ticket.objects.filter(pk=number, organisation__in=lineage(place)).first()
    if found is None:
        raise ValidationError(_("There is no ticket “%(number)s” here.") % {"number": text.strip()[:40]})
    return found


class LinkForm(ActForm):
    relation = forms.ChoiceField(label=gettext_lazy("This ticket is"), choices=Relation.choices)
    other = forms.ModelChoiceField(
        Ticket.objects.order_by("-active_at"), label=gettext_lazy("Other ticket"), required=False
    )
    number = forms.CharField(
        label=gettext_lazy("Or its number"),
        required=False,
        max_length=30,
        help_text=gettext_lazy("Also that of a ticket of an organisation above."),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not cleaned.get("other") and not cleaned.get("number"):
            self.add_error("other", _("Choose a ticket, or type its number."))
        return cleaned


class MergeForm(ActForm):
    kept = forms.ModelChoiceField(
        Ticket.objects.exclude(state=State.CLOSED).filter(merged_into=None),
        label=gettext_lazy("Ticket that is kept"),
        help_text=gettext_lazy("The others are closed, and all they hold is shown there."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["kept"]
        keys = list(self.rows.order_by("opened_at").values_list("pk", flat=True)[:200])
        if len(keys) > 1:
            field.queryset = field.queryset.filter(pk__in=keys).order_by("opened_at")
        else:
            field.queryset = field.queryset.exclude(pk__in=keys).order_by("-active_at")


class TextForm(ActForm):
    text = forms.CharField(label=gettext_lazy("Text"), widget=forms.Textarea(attrs={"rows": 5}))


class ListForm(ActForm):
    tasks = forms.ModelChoiceField(
        TaskList.objects.filter(archived=False).order_by("name"), label=gettext_lazy("Task list")
    )


class MacroForm(ActForm):
    macro = forms.ModelChoiceField(
        Macro.objects.filter(archived=False).order_by("name"), label=pgettext_lazy("service desk", "Macro")
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        return {**cleaned, "actor": self.actor}  # the preview rehearses as whoever asks


class TimeForm(ActForm):
    minutes = forms.IntegerField(label=gettext_lazy("Minutes"), min_value=1, max_value=WEEK)
    work_type = forms.ModelChoiceField(
        WorkType.objects.filter(archived=False).order_by("name"),
        label=gettext_lazy("Work type"),
        required=False,
    )
    travel_minutes = forms.IntegerField(
        label=gettext_lazy("Minutes of travel"), min_value=0, max_value=WEEK, required=False
    )
    distance_km = forms.DecimalField(
        label=gettext_lazy("Distance (km)"), min_value=0, max_digits=6, decimal_places=1, required=False
    )
    remark = forms.CharField(label=gettext_lazy("Remark"), max_length=200, required=False)


class PeopleField(forms.ModelMultipleChoiceField):
    """Several people; a program may send the number of one."""

    def clean(self, value: Any) -> Any:
        return super().clean(value if isinstance(value, list | tuple) or value is None else [value])


class ApprovalForm(ActForm):
    people = PeopleField(
        Person.objects.exclude(account=None).order_by("name"),
        label=gettext_lazy("People asked"),
        required=False,
        help_text=gettext_lazy("Those who have an account: they decide with it, never by mail."),
    )
    account = forms.ModelChoiceField(
        get_user_model().objects.none(), label=gettext_lazy("Or an agent"), required=False
    )
    question = forms.CharField(
        label=gettext_lazy("What is asked"), max_length=300, widget=forms.Textarea(attrs={"rows": 2})
    )
    waits = forms.BooleanField(label=gettext_lazy("The ticket waits for the decision"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        one: Any = self.fields["account"]
        one.queryset = agents(self)
        one.widget = ComboSelect(Account, choices=one.widget.choices)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not cleaned.get("people") and not cleaned.get("account"):
            self.add_error("people", _("Choose at least one approver."))
        return cleaned


class DecideForm(ActForm):
    comment = forms.CharField(
        label=gettext_lazy("Comment"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Needed to refuse."),
    )


class TaskAssignForm(ActForm):
    assignee = forms.ModelChoiceField(
        get_user_model().objects.none(), label=gettext_lazy("Agent"), required=False
    )
    due_at = forms.DateTimeField(
        label=gettext_lazy("Due on"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        one: Any = self.fields["assignee"]
        one.queryset = agents(self)
        one.widget = ComboSelect(Account, choices=one.widget.choices)


class GiveUpForm(ActForm):
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=200)
