"""Tables typed as one field: the delays of a service level, the priorities of a matrix.

A page sends a value for each cell; a program sends the whole as one value.
"""

import json
from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .clocks.policies import Clock
from .durations import minutes_of, typed
from .levels import AGREED, PRIORITIES, Promise
from .priority import HIGHEST, LOWEST, Criticality, Impact, Urgency

type Cell = dict[str, Any]


class WholeField(forms.JSONField):
    """A value that is a list, from the cells of a page or from a program."""

    empty_values = [None]

    def bound_data(self, data: Any, initial: Any) -> Any:
        return data

    def prepare_value(self, value: Any) -> Any:
        return value

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except ValueError:
                raise ValidationError(_("This is not a list in JSON."))
        if not isinstance(value, list):
            raise ValidationError(_("This is not a list."))
        return value

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.to_python(initial) != self.to_python(data))
        except ValidationError:
            return True


class WholeWidget(forms.Widget):
    """What is common to the tables: a program sends the whole under the name of the field."""

    use_fieldset = True

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return name not in data and not any(str(key).startswith(f"{name}__") for key in data)

    def id_for_label(self, id_: str) -> str:
        return f"{id_}_1" if id_ else ""


class TargetsWidget(WholeWidget):
    """A line for each promise and each team, a column for each priority: the delay, and round the clock."""

    template_name = "support/targets.html"
    teams: Sequence[tuple[int, str]] = ()

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        if name in data:
            return data[name]
        return [
            {
                "clock": clock,
                "priority": number,
                "team": team,
                "delay": text,
                "always": f"{key}__always" in data,
            }
            for clock, team, _label in self.lines()
            for number in PRIORITIES
            if (text := str(data.get(key := self.key(name, clock, team, number), "")).strip())
        ]

    def lines(self) -> list[tuple[str, int | None, str]]:
        """Clock, team and title of each line."""
        own = [(str(clock), None, str(clock.label)) for clock in AGREED]
        return [*own, *((str(Clock.TEAM), key, name) for key, name in self.teams)]

    @staticmethod
    def key(name: str, clock: str, team: int | None, number: int) -> str:
        return f"{name}__{clock}{f'-{team}' if team else ''}__{number}"

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        known = {
            (one.get("clock"), one.get("team"), one.get("priority")): one
            for one in (value if isinstance(value, list) else [])
            if isinstance(one, dict)
        }
        first = str(context["widget"]["attrs"].get("id", ""))
        lines = [
            {
                "title": title[:1].upper() + title[1:],
                "team": team is not None,
                "cells": [
                    self._cell(name, clock, team, number, known.get((clock, team, number), {}))
                    for number in PRIORITIES
                ],
            }
            for clock, team, title in self.lines()
        ]
        cells: Any = lines[0]["cells"]
        cells[0]["id"] = f"{first}_1"
        context["widget"] |= {"priorities": PRIORITIES, "lines": lines}
        return context

    def _cell(self, name: str, clock: str, team: int | None, number: int, one: Cell) -> Cell:
        key = self.key(name, clock, team, number)
        text = one.get("delay", typed(one.get("minutes")))
        return {"name": key, "id": key, "number": number, "text": text, "always": bool(one.get("always"))}


class TargetsField(WholeField):
    """The delays of a service level: ``[{"clock", "priority", "delay" or "minutes", "always", "team"}]``."""

    widget = TargetsWidget

    def clean(self, value: Any) -> list[Promise]:
        mistakes: list[ValidationError] = []
        made = []
        for one in self.to_python([] if value is None else value):
            try:
                made.append(self._promise(one))
            except ValidationError as mistake:
                mistakes.append(mistake)
        if mistakes:
            raise ValidationError(mistakes)
        return made

    def _promise(self, one: Any) -> Promise:
        if not isinstance(one, dict) or one.get("clock") not in Clock:
            raise ValidationError(
                _("A delay names what is promised: %(clocks)s.") % {"clocks": ", ".join(Clock)}
            )
        label, number = Clock(one["clock"]).label, one.get("priority")
        try:
            minutes = minutes_of(str(one["delay"])) if one.get("delay") else int(one.get("minutes") or 0)
        except ValidationError as mistake:
            told = {"what": label, "priority": number, "why": " ".join(mistake.messages)}
            raise ValidationError(_("%(what)s, P%(priority)s: %(why)s") % told)
        except (TypeError, ValueError, OverflowError):
            minutes = 0
        team = one.get("team")
        if not minutes or not isinstance(number, int) or not (team is None or isinstance(team, int)):
            raise ValidationError(_("A delay has a promise, a priority from 1 to 5, and at least a minute."))
        return Promise(one["clock"], number, minutes, bool(one.get("always")), team)


class MatrixWidget(WholeWidget):
    """A line for each impact, a column for each urgency, in each cell a priority in its colour."""

    template_name = "support/matrix.html"

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        if name in data:
            return data[name]
        return [[_number(data.get(f"{name}__{i}_{u}")) for u in Urgency.values] for i in Impact.values]

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        first = str(context["widget"]["attrs"].get("id", ""))
        lines = []
        for impact in Impact:
            cells = [
                {
                    "name": f"{name}__{impact}_{urgency}",
                    "id": f"{first}_1" if (impact, urgency) == (1, 1) else f"{name}__{impact}_{urgency}",
                    "label": f"{impact.label}, {urgency.label}",
                    "value": _at(value, impact - 1, urgency - 1),
                }
                for urgency in Urgency
            ]
            lines.append({"title": str(impact.label).capitalize(), "cells": cells})
        context["widget"] |= {
            "lines": lines,
            "columns": [str(one.label).capitalize() for one in Urgency],
            "levels": range(HIGHEST, LOWEST + 1),
        }
        return context


class ShiftsWidget(WholeWidget):
    """What each criticality adds to the priority."""

    template_name = "support/shifts.html"

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        if name in data:
            return data[name]
        return [_number(data.get(f"{name}__{one}")) for one in Criticality.values]

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        first = str(context["widget"]["attrs"].get("id", ""))
        widget: Any = context["widget"]
        widget["cells"] = [
            {
                "name": f"{name}__{one}",
                "id": f"{first}_{number}",
                "label": str(one.label).capitalize(),
                "value": _at([value], 0, number - 1),
            }
            for number, one in enumerate(Criticality, 1)
        ]
        widget["choices"] = [(n, f"{n:+d}".replace("-", "−") if n else "0") for n in range(4, -5, -1)]
        return context


class MatrixField(WholeField):
    widget = MatrixWidget

    def __init__(self, **words: Any) -> None:
        super().__init__(**{"help_text": gettext_lazy("1 is the most pressing, 5 the least."), **words})


class ShiftsField(WholeField):
    widget = ShiftsWidget


def _number(text: Any) -> int:
    """A number as chosen in a list; 0, which is no priority, for anything else."""
    try:
        return int(str(text))
    except ValueError:
        return 0


def _at(value: Any, line: int, column: int) -> Any:
    try:
        return int(value[line][column])
    except (TypeError, ValueError, IndexError, KeyError):
        return 0
