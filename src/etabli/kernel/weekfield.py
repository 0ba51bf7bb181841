"""The hours of a week as people type them: a line a day, ``08:30-12:00, 13:30-18:00``; stored as JSON."""

import json
import re
from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .workingtime import LONGEST_NIGHT

type Day = list[list[str]]
HOUR = r"(\d{1,2})\s*(?:[:hH]\s*(\d{2})?)?"
SPAN = re.compile(rf"{HOUR}\s*[-–—]\s*{HOUR}")
EXAMPLE = "08:30-12:00, 13:30-18:00"
DAY, NIGHT = 24 * 60, LONGEST_NIGHT // timedelta(minutes=1)


class WeekField(models.JSONField):
    """Seven days from Monday, each a list of [opening, closing] hours; plain JSON for the database."""

    def formfield(self, **words: Any) -> Any:
        return models.Field.formfield(self, **{"form_class": WeekFormField, **words})

    def deconstruct(self) -> Any:
        name, _path, args, words = super().deconstruct()
        return name, "django.db.models.JSONField", args, words


class WeekWidget(forms.MultiWidget):
    """A line for each day. A program sends the seven days as one value instead."""

    template_name = "screens/week.html"
    use_fieldset = True

    def __init__(self, attrs: Any = None) -> None:
        super().__init__([forms.TextInput() for _day in range(7)], attrs)

    def decompress(self, value: Any) -> list[str]:
        return [typed(day) for day in value] if isinstance(value, list) else [""] * 7

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        return data[name] if name in data else super().value_from_datadict(data, files, name)

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return name not in data and super().value_omitted_from_data(data, files, name)

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        # What was typed, or the stored week: both have a line a day.
        context = super().get_context(name, self.decompress(value), attrs)
        for number, line in enumerate(context["widget"]["subwidgets"]):
            line["day"] = day_name(number)
        return context


class WeekFormField(forms.JSONField):
    """Reads the seven lines; a mistake is told with its day."""

    widget = WeekWidget
    empty_values = [None]

    def __init__(self, **words: Any) -> None:
        told = gettext_lazy("Such as 08:30-12:00, 13:30-18:00; nothing on a closed day.")
        super().__init__(**{**words, "help_text": words.get("help_text") or told})

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except ValueError:
                raise ValidationError(
                    _("Give seven days from Monday, each such as %(example)s.") % {"example": EXAMPLE}
                )
        if not isinstance(value, list):
            return value  # the model says what is wrong with it
        mistakes, week = [], []
        for number, day in enumerate(value):
            try:
                week.append(hours(number, day) if isinstance(day, str) else day)
            except ValidationError as mistake:
                mistakes.append(mistake)
        if mistakes:
            raise ValidationError(mistakes)
        return week

    def bound_data(self, data: Any, initial: Any) -> Any:
        return data

    def prepare_value(self, value: Any) -> Any:
        return value

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(initial != self.to_python(data))
        except ValidationError:
            return True


def hours(number: int, line: str) -> Day:
    """The spans of a line: ``8h30-12h`` is ``["08:30", "12:00"]``; the last may end the next morning.

    Raises ValidationError, naming the day.
    """
    spans, last = [], -1
    for part in filter(None, (piece.strip() for piece in re.split(r"[,;]", line))):
        found = SPAN.fullmatch(part)
        if found is None:
            raise _mistake(number, _("“%(part)s” is not a span of hours") % {"part": part})
        hour, minute, later, its_minute = (int(text or 0) for text in found.groups())
        opens, closes = hour * 60 + minute, later * 60 + its_minute
        ends = closes + DAY if closes <= opens and closes + DAY - opens <= NIGHT else closes
        if max(minute, its_minute) > 59 or closes > DAY or not last <= opens < min(ends, DAY):
            raise _mistake(number, _("“%(part)s” does not follow what comes before it") % {"part": part})
        spans.append([_clock(opens), _clock(closes)])
        last = ends
    return spans


def _mistake(number: int, why: str) -> ValidationError:
    names = {"day": day_name(number), "why": why, "example": EXAMPLE}
    return ValidationError(_("%(day)s: %(why)s; write %(example)s.") % names)


def _clock(minutes: int) -> str:
    """``24:00`` is stored as midnight, which as a closing means the end of the day."""
    return f"{minutes // 60 % 24:02}:{minutes % 60:02}"


def typed(day: Any) -> str:
    """A day as people write it: a stored list of spans, or a line just typed."""
    if isinstance(day, str):
        return day
    try:
        return ", ".join(f"{opens}-{'24:00' if closes == '00:00' else closes}" for opens, closes in day)
    except (TypeError, ValueError):
        return ""


def day_name(number: int) -> str:
    name = str(WEEKDAYS[number % 7])
    return name[:1].upper() + name[1:]
