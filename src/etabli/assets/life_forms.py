"""What is asked before an act of the life of an asset."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from etabli.kernel.actors import can
from etabli.kernel.screens.acts import ActForm
from etabli.people.models import Person, Room, Site
from etabli.people.placed import PlacedForm

from . import lock_form
from .custody_trigger import telling
from .life import BY_TARGET, LEAVING, MOVES, enter, why_not
from .models import Asset

ASKING = {"repair", "lose", "steal", *LEAVING}  # more than a date is asked


def day(label: Any, *, required: bool = False, initial: Any = timezone.localdate) -> forms.DateField:
    """A date typed or picked; today unless said."""
    picker = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, widget=picker, required=required, initial=initial)


def text(label: Any, most: int = 200, *, required: bool = False, help: Any = "") -> forms.CharField:
    return forms.CharField(label=label, max_length=most, required=required, help_text=help)


def slip() -> forms.BooleanField:
    return forms.BooleanField(label=gettext_lazy("Prepare a slip to sign"), required=False, initial=True)


class MoveForm(ActForm):
    on = day(gettext_lazy("Date"))
    reason = text(gettext_lazy("Reason"))


class ReasonForm(ActForm):
    """For what nobody does without saying why."""

    on = day(gettext_lazy("Date"))
    reason = text(gettext_lazy("Reason"), required=True)


class StolenForm(ActForm):
    on = day(gettext_lazy("Date of the theft"))
    complaint = text(
        gettext_lazy("Number of the complaint"),
        60,
        required=True,
        help=gettext_lazy("Given by the police when the theft is reported."),
    )
    reason = text(gettext_lazy("Circumstances"))


class LeaveForm(ActForm):
    """How an asset leaves the company."""

    how = forms.ChoiceField(
        label=gettext_lazy("How"), choices=[(name, MOVES[name].label) for name in LEAVING]
    )
    on = day(gettext_lazy("Date"))
    reason = text(gettext_lazy("To whom, reference of the document"), required=True)


class StateForm(ActForm):
    """A change of state for many; what asks for more than a reason is done one by one."""

    to = forms.ChoiceField(
        label=gettext_lazy("Change"),
        choices=[(m.name, m.label) for m in MOVES.values() if m.name != "steal"],
    )
    on = day(gettext_lazy("Date"))
    reason = text(gettext_lazy("Reason"))


class AssignForm(ActForm):
    person = forms.ModelChoiceField(Person.objects.all(), label=gettext_lazy("Person"), required=False)
    site = forms.ModelChoiceField(
        Site.objects.all(),
        label=gettext_lazy("Site"),
        required=False,
        help_text=gettext_lazy("Empty: the place of the person."),
    )
    room = forms.ModelChoiceField(Room.objects.all(), label=gettext_lazy("Room"), required=False)
    parent = forms.ModelChoiceField(Asset.objects.all(), label=gettext_lazy("Connected to"), required=False)
    on = day(gettext_lazy("Starting on"))
    reason = text(gettext_lazy("Reason"))
    condition = text(gettext_lazy("Condition"))
    accessories = text(gettext_lazy("Accessories"), 300)
    slip = slip()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        check_room(cleaned)
        if not any(cleaned.get(name) for name in ("person", "site", "room", "parent")):
            raise ValidationError(
                _("Say who or where: a person, a place, or the asset it is connected to."), code="nobody"
            )
        return cleaned


class TakeBackForm(ActForm):
    on = day(gettext_lazy("Date"))
    condition = text(gettext_lazy("Condition"))
    reason = text(gettext_lazy("Reason"))
    site = forms.ModelChoiceField(
        Site.objects.all(), label=gettext_lazy("Stored at the site"), required=False
    )
    room = forms.ModelChoiceField(Room.objects.all(), label=gettext_lazy("Room"), required=False)
    slip = slip()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        check_room(cleaned)
        return cleaned


class LendForm(ActForm):
    person = forms.ModelChoiceField(Person.objects.all(), label=gettext_lazy("Borrower"))
    due_on = day(gettext_lazy("Due back on"), required=True, initial=None)
    on = day(gettext_lazy("Lent on"))
    purpose = text(gettext_lazy("Purpose"))
    accessories = text(gettext_lazy("Accessories"), 300)
    condition = text(gettext_lazy("Condition"))
    slip = slip()


class ReturnForm(ActForm):
    on = day(gettext_lazy("Returned on"))
    condition = text(gettext_lazy("Condition"), help=gettext_lazy("Wear, damage, missing accessories."))
    slip = slip()


class ExtendForm(ActForm):
    due_on = day(gettext_lazy("New date of return"), required=True, initial=None)
    reason = text(gettext_lazy("Reason"))


class KitForm(ActForm):
    person = forms.ModelChoiceField(Person.objects.all(), label=gettext_lazy("Person"))
    on = day(gettext_lazy("Date"))
    reason = text(gettext_lazy("Reason"))
    incomplete = forms.BooleanField(label=gettext_lazy("Give what is there, even incomplete"), required=False)
    slip = slip()


class LendKitForm(ActForm):
    person = forms.ModelChoiceField(Person.objects.all(), label=gettext_lazy("Borrower"))
    due_on = day(gettext_lazy("Due back on"), required=True, initial=None)
    on = day(gettext_lazy("Lent on"))
    purpose = text(gettext_lazy("Purpose"))
    incomplete = forms.BooleanField(label=gettext_lazy("Give what is there, even incomplete"), required=False)
    slip = slip()


class CriticalityForm(ActForm):
    criticality = forms.TypedChoiceField(
        label=gettext_lazy("Criticality"), choices=Asset.Criticality.choices, coerce=int
    )
    criticality_reason = text(gettext_lazy("Why this criticality"), 160)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if problem := lacks_reason(cleaned.get("criticality"), cleaned.get("criticality_reason")):
            self.add_error("criticality_reason", problem)
        return cleaned


def check_room(cleaned: dict[str, Any]) -> None:
    site, room = cleaned.get("site"), cleaned.get("room")
    if site is not None and room is not None and room.site_id != site.pk:
        raise ValidationError(_("“%(room)s” is not at this site: choose one of its rooms.") % {"room": room})


def lacks_reason(criticality: Any, reason: Any) -> str:
    """A high or vital asset says why: what stops without it (business impact, ITIL)."""
    if criticality and int(criticality) >= Asset.Criticality.HIGH and not str(reason or "").strip():
        return _("Say what stops without it: a high or vital criticality needs a reason.")
    return ""


class AssetForm(PlacedForm):
    """The form of an asset. Its page offers the state at the creation only; a program may send another one
    later: it is then a move of the machine, refused as its act would be.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and "state" in self.fields:
            self.fields["state"].required = False
        lock_form.offer_unlock(self)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if self.instance.pk:
            self._move(cleaned)
            if self.instance.state == "on_loan" and "person" in self.changed_data:
                self.add_error("person", _("It is on loan: record its return first."))
        elif cleaned.get("state"):
            self.instance.state_since = timezone.localdate()
        if {"criticality", "criticality_reason"} & set(self.changed_data):
            problem = lacks_reason(cleaned.get("criticality"), cleaned.get("criticality_reason"))
            if problem and self.imported:
                cleaned["criticality_reason"] = _("as the imported file says")
            elif problem and "criticality_reason" in self.fields:
                self.add_error("criticality_reason", problem)
        return cleaned

    def _move(self, cleaned: dict[str, Any]) -> None:
        asset, wanted = self.instance, cleaned.get("state")
        if not wanted or wanted == asset.state:
            cleaned["state"] = asset.state
            return
        move = BY_TARGET.get(wanted)
        if move is None or move.name in ASKING:
            told = {"label": move.label if move else _("Lend")}
            self.add_error("state", _("This change of state has its own act: use “%(label)s”.") % told)
        elif not can(self.actor, "asset.change_state", asset):
            self.add_error("state", _("Your role does not let you change the state of an asset."))
        elif problem := why_not(asset, move):
            self.add_error("state", problem)
        else:
            enter(asset, wanted, timezone.localdate())
            cleaned["person"] = None if move.frees else cleaned.get("person")
            cleaned["commissioned_on"] = cleaned.get("commissioned_on") or asset.commissioned_on

    def save(self, commit: bool = True) -> Any:
        """The history of assignments tells who changed hands or place in the form."""
        if not self.instance.pk or not {"person", "site", "room", "parent"} & set(self.changed_data):
            return super().save(commit)
        with telling(by=self.actor.label):
            return super().save(commit)

    def sections(self) -> list[dict[str, Any]]:
        """On the page of an existing asset the state is not offered; what is locked is told and unlocked."""
        made = super().sections()
        if not self.instance.pk:
            return made
        lock_form.explain(self)
        apart = {"state": not self.errors.get("state"), lock_form.UNLOCK: True}
        for section in made:
            section["fields"] = [f for f in section["fields"] if not apart.get(f.name)]
        if lock_form.UNLOCK in self.fields:
            boxes = {"title": _("Kept by hand"), "fields": [self[lock_form.UNLOCK]], "open": True}
            made.insert(1, boxes)
        return made


class SignaturePad(forms.HiddenInput):
    """A frame to draw in. Without a script there is none: the name and the box are enough."""

    input_type = "hidden"
    template_name = "assets/signature_pad.html"
    use_fieldset = True

    @property
    def is_hidden(self) -> bool:
        return False


class SignForm(ActForm):
    name = text(gettext_lazy("Name of the person who signs"), 120, required=True)
    agreed = forms.BooleanField(label=gettext_lazy("I have read and agree"))
    drawing = forms.CharField(
        label=gettext_lazy("Signature"),
        required=False,
        max_length=400_000,
        widget=SignaturePad,
        help_text=gettext_lazy("With a finger, a pen or the mouse. Typing the name above is enough to sign."),
    )
