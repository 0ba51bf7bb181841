"""Merging people, as their page offers it."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy, gettext_noop

from etabli.kernel.actors import Actor
from etabli.kernel.screens import Act
from etabli.kernel.screens.acts import ActForm
from etabli.kernel.screens.history import name_act

from .merging import merge_people
from .models import Person

name_act("person.merged", gettext_noop("Merged with another record"))
name_act("person.merged_into", gettext_noop("Became part of another record"), "warn")
name_act("person.unmerged", gettext_noop("Merge undone"))


class MergeForm(ActForm):
    kept = forms.ModelChoiceField(
        Person.objects.order_by("name"),
        label=gettext_lazy("Record that is kept"),
        help_text=gettext_lazy("What this one has (assets, requests, teams, notes) goes to it."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["kept"]
        field.queryset = field.queryset.exclude(pk__in=self.rows.values("pk"))


def _merge(person: Person, cleaned: dict[str, Any], actor: Actor) -> str:
    from etabli.kernel.screens import registry

    kept = merge_people(cleaned["kept"], person, actor=actor)
    return registry[Person].url(kept)


MERGE = Act(
    "merge",
    gettext_lazy("Merge into another record"),
    "git-branch",
    "person.merge",
    _merge,
    MergeForm,
    text=gettext_lazy("This record becomes part of the other one; it can be undone from its history."),
    many=False,
)
