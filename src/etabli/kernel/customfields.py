"""Fields an organisation adds to our nouns; their values live in the ``custom`` column of each row."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from .tenancy import Noun

KEY = RegexValidator(r"\A[a-z][a-z0-9_]*\Z", _("Use small letters, digits and underscores, a letter first."))


class CustomField(Noun):
    """A field added to a noun: its key is stored, its label is shown."""

    class Kind(models.TextChoices):
        TEXT = "text", _("text")
        NUMBER = "number", _("number")
        DATE = "date", _("date")
        BOOLEAN = "boolean", _("yes or no")
        CHOICE = "choice", _("choice in a list")
        URL = "url", _("web address")

    noun = models.CharField(_("object type"), max_length=60)
    key = models.CharField(_("key"), max_length=40, validators=[KEY])
    label = models.CharField(_("label"), max_length=80)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind, default=Kind.TEXT)
    options = ArrayField(models.CharField(max_length=80), verbose_name=_("choices"), default=list, blank=True)
    required = models.BooleanField(_("required"), default=False)
    position = models.PositiveSmallIntegerField(_("order"), default=0)
    help = models.CharField(_("help"), max_length=200, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("custom field"), _("custom fields")
        constraints = [
            models.UniqueConstraint(fields=["organisation", "noun", "key"], name="custom_field_once"),
            models.CheckConstraint(
                condition=~models.Q(kind="choice") | ~models.Q(options=[]),
                name="custom_field_choice_has_options",
            ),
        ]
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.label

    def clean(self) -> None:
        """A list of choices has choices, each once."""
        if self.kind == self.Kind.CHOICE and not self.options:
            raise ValidationError({"options": _("Write at least one choice.")})
        if len(set(self.options)) != len(self.options):
            raise ValidationError({"options": _("A choice is written twice.")})


def fields_of(noun: str, organisation_ids: Iterable[int]) -> list[CustomField]:
    """The fields these organisations (ids) added to a noun, in order; of several with one key, the first."""
    rows = CustomField.objects.filter(noun=noun, organisation__in=list(organisation_ids))
    first: dict[str, CustomField] = {}
    for one in rows.order_by("position", "id"):
        first.setdefault(one.key, one)
    return list(first.values())


def form_field(custom_field: CustomField, stored: Any = None) -> forms.Field:
    """The form field of a custom field; a ``stored`` value whose choice was removed since stays possible."""
    common: dict[str, Any] = {
        "label": custom_field.label,
        "help_text": custom_field.help,
        "required": custom_field.required,
    }
    match custom_field.kind:
        case CustomField.Kind.NUMBER:
            return forms.DecimalField(**common, max_digits=20, decimal_places=6)
        case CustomField.Kind.DATE:
            return forms.DateField(
                **common, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
            )
        case CustomField.Kind.BOOLEAN:
            return forms.BooleanField(**{**common, "required": False})
        case CustomField.Kind.CHOICE:
            options = dict.fromkeys([*custom_field.options, *([stored] if stored else [])])
            return forms.ChoiceField(**common, choices=[("", "—"), *((one, one) for one in options)])
        case CustomField.Kind.URL:
            return forms.URLField(**common, max_length=2000, assume_scheme="https")
    return forms.CharField(**common, max_length=2000)


def clean_values(fields: Iterable[CustomField], values: Mapping[str, Any]) -> dict[str, Any]:
    """Cleaned form values by key as they are stored: JSON, with ISO 8601 dates; ``None`` for what is empty.

    The ``None`` is kept, so that merging it over the stored values empties the field.
    """
    return {one.key: _stored(values.get(one.key)) for one in fields}


def _stored(value: Any) -> Any:
    if value is None or value == "":
        return None
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value
