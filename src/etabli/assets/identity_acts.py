"""The acts on an asset's identity as people see them: merge with another one, unlock fields."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from etabli.kernel.actors import Actor
from etabli.kernel.screens import Act
from etabli.kernel.screens.acts import ActForm
from etabli.kernel.screens.columns import capitalised, text_value

from . import locks, merging
from .models import LOCKABLE, Asset

LABELS = {name: Asset._meta.get_field(name).verbose_name for name in merging.CHOICES}  # type: ignore[union-attr]


class MergeForm(ActForm):
    """The other asset, then what to take from it. The choices tell both values once the other one is
    known.
    """

    other = forms.ModelChoiceField(
        Asset.objects.all(),
        label=gettext_lazy("Asset that becomes part of this one"),
        help_text=gettext_lazy(
            "Its agents, inventories, notes, files and links come here; its page leads to this one."
        ),
    )
    taken = forms.MultipleChoiceField(
        label=gettext_lazy("Take from it"),
        choices=list(LABELS.items()),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy(
            "What is not ticked keeps the value of this asset; what it leaves empty is filled anyway."
        ),
    )
    sure = forms.BooleanField(
        label=gettext_lazy("Merge all the same"),
        required=False,
        help_text=gettext_lazy("When they look like two machines and you know that they are one."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("taken", "sure"):
            self.fields[name].required = False
        self._tell_values()

    def _tell_values(self) -> None:
        """Beside each column, the values of both assets, when there is something to choose."""
        kept, chosen = self.rows.first(), self.data.get("other") if self.is_bound else None
        queryset: Any = self.fields["other"].queryset  # type: ignore[attr-defined]
        if kept is not None:
            queryset = queryset.exclude(pk=kept.pk)
        self.fields["other"].queryset = queryset  # type: ignore[attr-defined]
        other = queryset.filter(pk=chosen).first() if str(chosen or "").isdecimal() else None
        self.fields["taken"].choices = [  # type: ignore[attr-defined]
            (name, _choice(name, kept, other)) for name in LABELS
        ]


def _choice(name: str, kept: Asset | None, other: Asset | None) -> str:
    label = capitalised(LABELS[name])
    if kept is None or other is None:
        return label
    field: Any = Asset._meta.get_field(name)
    ours, theirs = (_said(field, one) for one in (kept, other))
    return (
        label
        if ours == theirs
        else _("%(field)s: %(theirs)s instead of %(ours)s")
        % {
            "field": label,
            "theirs": theirs,
            "ours": ours,
        }
    )


def _said(field: Any, asset: Asset) -> str:
    value = getattr(asset, field.name) if field.is_relation else text_value(field, asset)
    return str(value) if value not in (None, "") else "—"


def _merge(asset: Asset, cleaned: dict[str, Any], actor: Actor) -> None:
    merging.merge(
        asset,
        cleaned["other"],
        actor=actor,
        taken=cleaned.get("taken") or (),
        sure=bool(cleaned.get("sure")),
    )


class UnlockForm(ActForm):
    """Which fields the machine fills again; all of those that are locked when none is ticked."""

    fields_to_unlock = forms.MultipleChoiceField(
        label=gettext_lazy("Fields"),
        choices=list(LOCKABLE.items()),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("All of them when none is ticked."),
    )


def _unlock(asset: Asset, cleaned: dict[str, Any], actor: Actor) -> None:
    locks.unlock(asset, cleaned.get("fields_to_unlock") or list(LOCKABLE), actor=actor)


def _nothing_locked(asset: Asset) -> str:
    return "" if asset.locked else _("No field of this asset is locked.")


ACTS = [
    Act(
        "merge",
        gettext_lazy("Merge"),
        "git-branch",
        "asset.change",
        _merge,
        MergeForm,
        text=gettext_lazy("Two assets that are one machine become one. It can be undone."),
        many=False,
    ),
    Act(
        "unlock",
        gettext_lazy("Unlock fields"),
        "lock-open",
        "asset.change",
        _unlock,
        UnlockForm,
        why_not=_nothing_locked,
        text=gettext_lazy("They take what the machine last told, and follow its inventories again."),
    ),
]
