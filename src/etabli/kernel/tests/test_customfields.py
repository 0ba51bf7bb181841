from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from etabli.kernel.customfields import CustomField, clean_values, fields_of, form_field
from etabli.kernel.tenancy import scope

KIND = CustomField.Kind


def test_a_key_is_once_for_a_noun_in_an_organisation(at_acme):
    CustomField.objects.create(noun="asset", key="colour", label="Colour")
    CustomField.objects.create(noun="person", key="colour", label="Colour")
    with pytest.raises(IntegrityError), transaction.atomic():
        CustomField.objects.create(noun="asset", key="colour", label="Again")


@pytest.mark.parametrize("key", ["Colour", "2nd", "a b", "a-b", "", "é", "ok\n"])
def test_a_key_is_a_small_word(key):
    with pytest.raises(ValidationError):
        CustomField(noun="asset", key=key, label="x").clean_fields(exclude=["organisation"])


def test_fields_come_in_order_and_never_from_another_organisation(world):
    with scope(world.globex.pk):
        CustomField.objects.create(noun="asset", key="other", label="Other")
    with scope(world.acme.pk):
        CustomField.objects.create(noun="asset", key="b", label="B", position=2)
        CustomField.objects.create(noun="asset", key="a", label="A", position=1)
        found = fields_of("asset", [world.acme.pk, world.globex.pk])
        assert [f.key for f in found] == ["a", "b"]
    with scope(world.acme.pk, world.globex.pk):
        assert [f.key for f in fields_of("asset", [world.globex.pk])] == ["other"]


@pytest.mark.parametrize(
    ("kind", "typed", "stored"),
    [
        (KIND.TEXT, " hello ", "hello"),
        (KIND.TEXT, "", None),
        (KIND.NUMBER, "12", 12),
        (KIND.NUMBER, "12.50", 12.5),
        (KIND.NUMBER, "", None),
        (KIND.DATE, "2026-05-01", "2026-05-01"),
        (KIND.BOOLEAN, "on", True),
        (KIND.BOOLEAN, False, False),
        (KIND.CHOICE, "red", "red"),
        (KIND.CHOICE, "", None),
        (KIND.URL, "example.com/a", "https://example.com/a"),
    ],
)
def test_what_is_typed_is_stored_as_json(kind, typed, stored):
    one = CustomField(noun="asset", key="x", label="X", kind=kind, options=["red", "blue"])
    assert clean_values([one], {"x": form_field(one).clean(typed)}) == {"x": stored}


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        (KIND.NUMBER, "many"),
        (KIND.NUMBER, "NaN"),
        (KIND.DATE, "yesterday"),
        (KIND.CHOICE, "green"),
        (KIND.URL, "javascript:alert(1)"),
        (KIND.TEXT, ""),
    ],
)
def test_what_does_not_fit_is_refused(kind, typed):
    one = CustomField(noun="asset", key="x", label="X", kind=kind, options=["red"], required=True)
    with pytest.raises(ValidationError):
        form_field(one).clean(typed)


def test_a_choice_needs_choices_each_once(at_acme):
    for options in ([], ["a", "a"]):
        with pytest.raises(ValidationError):
            CustomField(noun="asset", key="x", label="X", kind=KIND.CHOICE, options=options).full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        CustomField.objects.create(noun="asset", key="x", label="X", kind=KIND.CHOICE)


def test_a_value_missing_from_the_form_empties_the_field():
    one = CustomField(noun="asset", key="x", label="X")
    assert clean_values([one], {}) == {"x": None}
    assert clean_values([one], {"x": Decimal("3"), "y": date(2026, 1, 1)}) == {"x": 3}


def test_a_stored_choice_that_was_removed_since_stays_possible():
    one = CustomField(noun="asset", key="x", label="X", kind=KIND.CHOICE, options=["red"])
    assert form_field(one, "green").clean("green") == "green"
    with pytest.raises(ValidationError):
        form_field(one).clean("green")
