"""Some of a list of choices, ticked; a program sends a list, or a text with commas as for any other list."""

from typing import Any

from django import forms
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

Choices = list[tuple[Any, Any]]


class TicksField(ArrayField):
    """An array whose values are among ``choices_of``."""

    choices_of: Choices = []

    def formfield(self, **words: Any) -> Any:
        label = words.get("label", self.verbose_name)
        help_text = words.get("help_text", self.help_text)
        return TicksFormField(
            choices=self.choices_of, label=label, required=not self.blank, help_text=help_text
        )

    def deconstruct(self) -> Any:
        name, _path, args, words = super().deconstruct()
        return name, "django.contrib.postgres.fields.ArrayField", args, words


class TicksFormField(forms.JSONField):
    """Reads the boxes that are ticked; the values keep the type of the choices."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self, *, choices: Choices, **words: Any) -> None:
        super().__init__(**words)
        self.known = {str(key): key for key, _label in choices}
        self.widget.choices = choices

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str):
            value = value.split(",")
        if value is None or value == [""]:
            return []
        if not isinstance(value, list):
            raise ValidationError(_("Give a list of choices."))
        for one in value:
            if str(one) not in self.known:
                told = _("“%(value)s” is not one of the choices.")
                raise ValidationError(told % {"value": str(one)[:40]})
        chosen = {str(one) for one in value}
        return [key for text, key in self.known.items() if text in chosen]

    def bound_data(self, data: Any, initial: Any) -> Any:
        return data

    def prepare_value(self, value: Any) -> Any:
        return value.split(",") if isinstance(value, str) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool((initial or []) != self.to_python(data))
        except ValidationError:
            return True
