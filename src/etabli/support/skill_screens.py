"""What people see of skills and absences."""

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from etabli.kernel.actors import Actor, can
from etabli.kernel.events import publish
from etabli.kernel.organisations import lineage
from etabli.kernel.screens import Panel, Screen, register
from etabli.kernel.screens.columns import link_to
from etabli.kernel.screens.forms import NounForm
from etabli.kernel.tenancy import visible

from . import groups
from .skills import Absence, AgentSkill, Skill, SkillCover
from .tickets import Category, Service


class SkillForm(NounForm):
    """A skill and what it covers: ``category:12``, ``service:3``."""

    covers = forms.MultipleChoiceField(
        label=gettext_lazy("Categories and services that ask for it"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy(
            "A category covers those under it. Their tickets go to those who have the skill."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        above = {one for place in self._places() for one in lineage(place)}
        categories = Category.objects.filter(organisation__in=above, archived=False).select_related("parent")
        services = Service.objects.filter(organisation__in=above)
        field: Any = self.fields["covers"]
        field.choices = [
            *((f"category:{one.pk}", str(one)) for one in sorted(categories, key=str)),
            *(
                (f"service:{one.pk}", _("service: %(name)s") % {"name": one})
                for one in services.order_by("name")
            ),
        ]
        if self.instance.pk:
            field.initial = covers_of(self.instance)

    def _places(self) -> list[int]:
        return [self.organisation_id] if self.organisation_id else list(visible())


def covers_of(skill: Skill) -> list[str]:
    """What a skill covers, as its form says it."""
    rows = skill.covers.order_by("id").values_list("category", "service")
    return [f"category:{category}" if category else f"service:{service}" for category, service in rows]


@register
class SkillScreen(Screen):
    about = gettext_lazy("What not every agent knows; tickets that ask for it go to those who do.")
    model = Skill
    icon = "school"
    columns = ["name", "description"]
    fields = ["name", "description"]
    form = SkillForm
    importable = False

    @transaction.atomic
    def save(self, form: Any, actor: Actor, *, batch: Any = None) -> Skill:
        saved: Skill = super().save(form, actor, batch=batch)
        wanted = form.cleaned_data.get("covers")
        before = covers_of(saved)
        if wanted is None or sorted(wanted) == sorted(before):
            return saved
        saved.covers.all().delete()
        SkillCover.objects.bulk_create(_cover(saved, one) for one in wanted)
        publish(saved, "skill.covers_set", actor=actor, extra={"before": before, "after": wanted})
        return saved

    def panels(self, obj: Skill, request: HttpRequest) -> list[Panel]:
        covers = obj.covers.select_related("category__parent", "service").order_by("id")
        rows = [(_("Asked by"), link_to(one.category or one.service)) for one in covers]
        agents = obj.agents.select_related("account").order_by("-level", "account__name")
        return [
            Panel(self.singular, rows=[*self.facts(obj, ["name", "description"]), *rows]),
            Panel(
                _("Who has it"),
                rows=[(str(one.account), one.get_level_display()) for one in agents],
                side=True,
            ),
        ]


def _cover(skill: Skill, one: str) -> SkillCover:
    kind, _colon, key = one.partition(":")
    return SkillCover(organisation_id=skill.organisation_id, skill=skill, **{f"{kind}_id": int(key)})


@register
class AgentSkillScreen(Screen):
    about = gettext_lazy("Who knows what, and how well.")
    model = AgentSkill
    icon = "user-check"
    columns = ["account", "skill", "level"]
    filters = ["account", "skill", "level"]
    fields = ["account", "skill", "level"]
    order = ["account__name", "skill__name"]
    identity = ()
    related = ["account", "skill"]
    searchable = importable = False


@register
class AbsenceScreen(Screen):
    """Everybody says when they are away themselves; for others it takes the right to plan."""

    about = gettext_lazy("Who is away and when: no ticket is given to them meanwhile.")
    model = Absence
    area, group, icon = "support", groups.WORK, "calendar-off"
    columns = ["account", "since", "until", "reason"]
    filters = ["account", "since", "until"]
    fields = ["account", "since", "until", "reason"]
    order = ["-since"]
    identity = ()
    related = ["account"]
    searchable = importable = False

    @transaction.atomic
    def save(self, form: Any, actor: Actor, *, batch: Any = None) -> Absence:
        _require_own(form.instance, actor, getattr(form, "organisation_id", None))
        if form.instance.pk:
            _require_own(Absence.objects.get(pk=form.instance.pk), actor)
        saved: Absence = super().save(form, actor, batch=batch)
        return saved

    def delete(self, obj: Absence, actor: Actor, *, batch: Any = None) -> None:
        _require_own(obj, actor)
        super().delete(obj, actor, batch=batch)


def _require_own(absence: Absence, actor: Actor, organisation: int | None = None) -> None:
    place = absence.organisation_id or organisation
    if absence.account_id != actor.account_id and not can(actor, "absence.plan", place):
        raise PermissionDenied(
            _("You say when you are away yourself; the absences of others are planned by a manager.")
        )
