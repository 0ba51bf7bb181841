"""A list of small rows in one field, edited as a table of plain inputs: the lines of a task list, the steps
of a macro, the conditions of a rule. It works without a script; a program sends the list itself as JSON.
"""

import copy
import json
from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _

BLANK = 3
"""Empty rows offered under those that are filled."""
MOST = 40

Row = dict[str, Any]
Columns = Callable[[], Mapping[str, forms.Field]]


class RowsField(models.JSONField):
    """A list of rows; ``columns()`` gives the form field of each of their values, by name."""

    def __init__(self, *args: Any, columns: Columns = dict, **words: Any) -> None:
        self.columns = columns
        super().__init__(*args, **{"default": list, "blank": True, **words})

    def formfield(self, **words: Any) -> Any:
        told = {"form_class": RowsFormField, "columns": self.columns(), **words}
        return models.Field.formfield(self, **told)

    def deconstruct(self) -> Any:
        name, _path, args, words = super().deconstruct()
        return name, "django.db.models.JSONField", args, words

    def clean(self, value: Any, model_instance: Any) -> Any:
        if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
            raise ValidationError(_("Give a list of rows."))
        return super().clean(value, model_instance)


class RowsWidget(forms.Widget):
    """A table: a row of inputs for each row of the value, then some empty ones."""

    template_name = "support/rows.html"
    use_fieldset = True

    def __init__(self, attrs: Any = None) -> None:
        super().__init__(attrs)
        self.columns: Mapping[str, forms.Field] = {}

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        if name in data:
            return data[name]
        found: list[Row] = []
        for number in range(MOST + BLANK):
            keys = {column: f"{name}-{number}-{column}" for column in self.columns}
            if not any(key in data for key in keys.values()):
                break
            found.append(
                {
                    column: self.columns[column].widget.value_from_datadict(data, files, key)
                    for column, key in keys.items()
                }
            )
        return found

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return name not in data and not any(f"{name}-0-{column}" in data for column in self.columns)

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        rows = [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
        rows = [row for row in rows if any(one not in (None, "", False) for one in row.values())]
        context["columns"] = [{"label": field.label, "css": _width(field)} for field in self.columns.values()]
        context["lines"] = [
            {"number": number + 1, "cells": self._cells(name, number, row)}
            for number, row in enumerate([*rows, *({} for _blank in range(BLANK))][: MOST + BLANK])
        ]
        return context

    def _cells(self, name: str, number: int, row: Row) -> list[dict[str, Any]]:
        cells = []
        for column, field in self.columns.items():
            label = _("%(column)s, line %(n)s") % {"column": field.label, "n": number + 1}
            attrs = {"id": f"id_{name}-{number}-{column}", "aria-label": label}
            drawn = field.widget.render(f"{name}-{number}-{column}", row.get(column), attrs)
            cells.append({"label": field.label, "html": drawn, "css": _width(field)})
        return cells


def _width(field: forms.Field) -> str:
    return "narrow" if isinstance(field, forms.BooleanField | forms.IntegerField) else ""


class RowsFormField(forms.JSONField):
    """Reads the table; a mistake is told with its line."""

    widget = RowsWidget
    empty_values = [None]

    def __init__(self, *, columns: Mapping[str, forms.Field], **words: Any) -> None:
        super().__init__(**words)
        self.columns = dict(columns)

    def __deepcopy__(self, memo: Any) -> Any:
        made = super().__deepcopy__(memo)
        made.columns = copy.deepcopy(self.columns, memo)
        return made

    @property
    def columns(self) -> dict[str, forms.Field]:
        return self._columns

    @columns.setter
    def columns(self, given: dict[str, forms.Field]) -> None:
        self._columns = given
        self.widget.columns = given

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str):
            try:
                value = json.loads(value or "[]")
            except ValueError:
                raise ValidationError(_("Give a list of rows."))
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
            raise ValidationError(_("Give a list of rows."))
        if len(value) > MOST + BLANK:
            raise ValidationError(_("There may be %(n)s lines at most.") % {"n": MOST})
        mistakes: list[ValidationError] = []
        rows = [self._row(number, row, mistakes) for number, row in enumerate(value, 1)]
        if mistakes:
            raise ValidationError(mistakes)
        return [row for row in rows if row]

    def _row(self, number: int, row: Row, mistakes: list[ValidationError]) -> Row:
        """The values of a line that say something; none when the line is empty."""
        if all(row.get(name) in (None, "", False) for name in self.columns):
            return {}
        made: Row = {}
        for name, field in self.columns.items():
            given = row.get(name)
            try:
                told = field.clean(given if isinstance(given, str | int | bool | None) else str(given))
            except ValidationError as mistake:
                text = " ".join(mistake.messages)
                told = _("Line %(n)s, %(column)s: %(text)s")
                mistakes.append(ValidationError(told % {"n": number, "column": field.label, "text": text}))
                continue
            if told not in (None, "", False):
                made[name] = told
        return made

    def bound_data(self, data: Any, initial: Any) -> Any:
        return data

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, str):
            try:
                return json.loads(value)
            except ValueError:
                return []
        return value

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool((initial or []) != self.to_python(data))
        except ValidationError:
            return True
