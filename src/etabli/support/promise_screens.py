"""What people see of promises: service levels, the matrix of priorities, escalations by time."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from etabli.kernel.actors import Actor, can, require
from etabli.kernel.organisations import lineage
from etabli.kernel.screens import Act, Column, Panel, Screen, register
from etabli.kernel.screens.acts import ActForm
from etabli.kernel.screens.columns import show
from etabli.kernel.screens.forms import NounForm
from etabli.kernel.screens.history import name_act
from etabli.kernel.tenancy import visible
from etabli.people.models import Team
from etabli.web import markup

from .clocks.policies import Clock
from .durations import typed
from .escalations import Escalation
from .grids import MatrixField, ShiftsField, TargetsField
from .levels import create_usual, make_default, promises_of, set_targets, used
from .looks import PRIORITY_TONES
from .matrices import PriorityMatrix
from .priority import BadMatrix, Criticality
from .promises import ServiceLevel, ServiceTarget

name_act("servicelevel.targets_set", "Promised delays changed", "")
name_act("servicelevel.made_default", "Made the default one", "")


class TargetsForm(ActForm):
    """The delays of a level, as one table; teams of the organisation and of those above promise theirs."""

    targets = TargetsField(
        label=gettext_lazy("Promised delays"),
        help_text=gettext_lazy(
            "Write 4 h, 30 min or 1 h 30; nothing where nothing is promised. Delays are counted in the "
            "opening hours of the calendar, unless “24/7” is ticked."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        above = {one for place in self.places for one in lineage(place)}
        found = Team.objects.filter(organisation__in=above).order_by("name")
        widget: Any = self.fields["targets"].widget
        widget.teams = list(found.values_list("pk", "name"))
        level = self.rows.first()
        self.fields["targets"].initial = [
            {
                "clock": p.clock,
                "priority": p.priority,
                "minutes": p.minutes,
                "always": p.always,
                "team": p.team,
            }
            for p in (promises_of(level) if level else [])
        ]


def _set_targets(level: ServiceLevel, cleaned: dict[str, Any], actor: Actor) -> None:
    set_targets(level, cleaned["targets"], actor=actor)


def _make_default(level: ServiceLevel, cleaned: dict[str, Any], actor: Actor) -> None:
    make_default(level, actor=actor)


@register
class ServiceLevelScreen(Screen):
    about = gettext_lazy("What is promised to whoever asks: delays by priority, in the hours of a calendar.")
    model = ServiceLevel
    icon = "target"
    columns = ["name", "calendar", "is_default"]
    fields = ["name", "calendar"]
    importable = False
    acts = [
        Act(
            "targets",
            gettext_lazy("Promised delays"),
            "clock",
            "servicelevel.change",
            _set_targets,
            TargetsForm,
            many=False,
            primary=True,
        ),
        Act(
            "make-default",
            gettext_lazy("Make it the default one"),
            "check",
            "servicelevel.change",
            _make_default,
            why_not=lambda level: _("It is the default service level already.") if level.is_default else "",
            many=False,
        ),
    ]

    def list_actions(self, actor: Actor) -> list[dict[str, Any]]:
        if not _without_level(actor):
            return []
        url = reverse("servicelevel-usual")
        return [{"label": _("Create the usual one"), "url": url, "icon": "plus", "method": "post"}]

    def panels(self, obj: ServiceLevel, request: HttpRequest) -> list[Panel]:
        rows = self.facts(obj, ["name", "calendar", "is_default"])
        table = Panel(_("Promised delays"), template="support/_targets.html", context=_table(obj))
        return [table, Panel(self.singular, rows=rows, side=True)]

    def delete(self, obj: ServiceLevel, actor: Actor, *, batch: Any = None) -> None:
        if used(obj):
            raise ValidationError(
                _(
                    "“%(name)s” was promised to tickets, whose deadlines are read from it: it cannot be "
                    "deleted. Make another level the default one instead."
                )
                % {"name": obj}
            )
        super().delete(obj, actor, batch=batch)

    def more_urls(self) -> list[Any]:
        return [path("servicelevels/usual/", usual_view, name="servicelevel-usual")]


def _table(level: ServiceLevel) -> dict[str, Any]:
    """The delays of a level as its page shows them."""
    lines: dict[str, dict[int, Any]] = {}
    order = list(Clock)
    rows = level.targets.select_related("team")
    for row in sorted(rows, key=lambda one: (order.index(Clock(one.clock)), str(one.team), one.priority)):
        title = str(row.team) if row.team else str(row.get_clock_display())
        lines.setdefault(title[:1].upper() + title[1:], {})[row.priority] = row
    numbers = range(1, 6)
    return {
        "numbers": numbers,
        "lines": [
            (title, [_delay(cells[n]) if n in cells else None for n in numbers])
            for title, cells in lines.items()
        ],
    }


def _delay(row: ServiceTarget) -> dict[str, Any]:
    return {"text": typed(row.minutes).replace(" ", "\u00a0"), "always": row.always}


def _without_level(actor: Actor) -> list[int]:
    """Where this actor may make the usual level, and there is none yet."""
    may = [one for one in visible() if can(actor, "servicelevel.add", one)]
    have = set(ServiceLevel.objects.filter(organisation__in=may).values_list("organisation", flat=True))
    free = [one for one in may if one not in have]
    # Clients are covered by the level of their provider: the highest place is the one to begin with.
    return sorted(free, key=lambda one: len(actor.places[one].path) if one in actor.places else 99)


@login_required
@require_POST
def usual_view(request: Any) -> HttpResponse:
    """Make the usual service level where there is none."""
    require(request.actor, "servicelevel.add")
    places = _without_level(request.actor)
    if not places:
        messages.error(request, _("There is a service level already: change it, or add another one."))
        return redirect("servicelevel-list")
    try:
        level = create_usual(places[0], actor=request.actor)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("servicelevel-list")
    messages.success(request, _("The usual delays are there: adapt them to what you promise."))
    return redirect("servicelevel-detail", level.pk)


@register
class ServiceTargetScreen(Screen):
    """Read by programs; written with its level, all at once."""

    about = gettext_lazy("The delays of service levels; change them on the page of their level.")
    model = ServiceTarget
    icon = "clock"
    columns = [
        Column("level", gettext_lazy("Service level"), lambda t: show(str(t.level)), related=("level",)),
        "clock",
        "team",
        "priority",
        Column("minutes", gettext_lazy("Delay"), lambda t: show(typed(t.minutes)), sort=("minutes",)),
        "always",
    ]
    filters = ["level", "clock", "priority", "team"]
    order = ["level", "clock", "team", "priority"]
    identity = ()
    adds = changes = deletes = importable = searchable = annexed = listed = False


class PriorityMatrixForm(NounForm):
    """The grid, the shifts and the thresholds; what is wrong with them is said where it was typed."""

    cells = MatrixField(label=gettext_lazy("Priorities"))
    shifts = ShiftsField(
        label=gettext_lazy("What criticality adds"),
        help_text=gettext_lazy("−1 makes a ticket more pressing by one, +1 less."),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        names = {"cells", "shifts", "asset_times", "person_times", "category_times"}
        if names & set(self.errors):
            return cleaned
        try:
            PriorityMatrix(**{name: cleaned.get(name) for name in (*names, "vip")}).matrix()
        except BadMatrix as error:
            self.add_error("shifts" if _about_shifts(cleaned) else "cells", str(error))
        except (TypeError, ValueError):
            self.add_error("cells", _("Give four lines of three priorities."))
        return cleaned


def _about_shifts(cleaned: dict[str, Any]) -> bool:
    """Whether the grid alone would do: then the shifts are what is wrong."""
    try:
        PriorityMatrix(cells=cleaned["cells"]).matrix()
    except (BadMatrix, TypeError, ValueError):
        return False
    return True


@register
class PriorityMatrixScreen(Screen):
    about = gettext_lazy(
        "How impact, urgency and criticality give a priority, for those who want it otherwise."
    )
    model = PriorityMatrix
    slug = "prioritymatrices"
    icon = "table"
    columns = [
        Column("organisation", gettext_lazy("Organisation"), lambda m: show(str(m.organisation)),
               related=("organisation",)),
        "asset_times",
        "person_times",
        "category_times",
        "vip",
    ]  # fmt: skip
    fields = ["cells", "shifts", "asset_times", "person_times", "category_times", "vip"]
    sections = [
        (gettext_lazy("What comes back"), ["asset_times", "person_times", "category_times"]),
    ]
    identity = ()
    form = PriorityMatrixForm
    importable = searchable = False

    def panels(self, obj: PriorityMatrix, request: HttpRequest) -> list[Panel]:
        shifts = [
            (str(one.label).capitalize(), f"{shift:+d}" if shift else "0")
            for one, shift in zip(Criticality, obj.shifts, strict=False)
        ]
        rows = self.facts(obj, ["asset_times", "person_times", "category_times", "vip"])
        return [
            Panel(_("Priorities"), template="support/_matrix.html", context=_grid(obj)),
            Panel(_("What criticality adds"), rows=shifts, side=True),
            Panel(_("What comes back"), rows=rows, side=True),
        ]


def _grid(obj: PriorityMatrix) -> dict[str, Any]:
    from .priority import Impact, Urgency

    lines = [
        (str(impact.label).capitalize(), [markup.badge(f"P{n}", PRIORITY_TONES.get(n, "")) for n in line])
        for impact, line in zip(Impact, obj.cells, strict=False)
    ]
    return {"columns": [str(one.label).capitalize() for one in Urgency], "lines": lines}


@register
class EscalationScreen(Screen):
    about = gettext_lazy("Who hears of a promise that runs out or is broken, and after how long.")
    model = Escalation
    icon = "stairs"
    columns = [
        "name",
        Column("when", gettext_lazy("When"), lambda e: show(e.when)),
        "clock",
        "who",
        "raises",
        "enabled",
    ]
    filters = ["clock", "who", "enabled"]
    fields = ["name", "clock", "lowest", "share", "minutes_late", "who", "account", "raises", "enabled"]
    importable = False

    @transaction.atomic
    def save(self, form: Any, actor: Actor, *, batch: Any = None) -> Escalation:
        if form.instance.who != Escalation.Who.ACCOUNT:
            form.instance.account = None
        saved: Escalation = super().save(form, actor, batch=batch)
        return saved
