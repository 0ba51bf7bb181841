"""Conditions answered in memory are answered as the database does."""

from datetime import date
from decimal import Decimal

import pytest
from django.db.models import Exists, F, Q, Value
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etabli.assets.models import Asset
from etabli.kernel.screens.conditions import NotPlain, truth

PRICES = st.decimals(-5, 5, places=2)
DAYS = st.dates(date(2026, 1, 1), date(2026, 1, 9))
NUMBERS = st.integers(-4, 4)
VALUES = st.fixed_dictionaries(
    {
        "name": st.sampled_from("ab"),
        "price": PRICES,
        "memory_mib": NUMBERS,
        "bought_on": DAYS,
        "warranty_end": DAYS,
    }
)
PARTS = st.one_of(
    st.tuples(
        st.sampled_from(["price__gte", "price__lt", "price__gt", "price__lte", "memory_mib__gte"]), NUMBERS
    ),
    st.tuples(st.just("criticality__in"), st.lists(st.integers(1, 4), min_size=1, max_size=3)),
    st.tuples(st.just("memory_mib__range"), st.tuples(NUMBERS, NUMBERS)),
    st.tuples(st.sampled_from(["price__isnull", "room__isnull", "bought_on__isnull"]), st.booleans()),
    st.tuples(st.just("bought_on__lte"), st.just(F("warranty_end"))),
    st.tuples(st.just("name"), st.sampled_from(["a", "b"])),
)
CONDITIONS = st.recursive(
    PARTS.map(lambda part: Q(part)),
    lambda some: st.one_of(
        st.tuples(some, some).map(lambda two: two[0] & two[1]),
        st.tuples(some, some).map(lambda two: two[0] | two[1]),
        some.map(lambda one: ~one),
    ),
    max_leaves=5,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(condition=CONDITIONS, values=VALUES)
def test_a_plain_condition_is_met_in_memory_as_in_the_database(db, condition, values):
    asset = Asset(**values)
    fields = [field for field in Asset._meta.concrete_fields if not field.generated]
    against = {field.name: Value(getattr(asset, field.attname), field) for field in fields}
    assert (truth(condition, asset) is not False) == condition.check(against)


@pytest.mark.parametrize(
    "condition",
    [Q(name__gt="a"), Q(name__startswith="a"), Q(site__name="x"), Q(Exists(Asset.objects.all()))],
)
def test_what_only_the_database_can_tell_is_left_to_it(condition):
    with pytest.raises(NotPlain):
        truth(condition, Asset(name="b", site_id=1, price=Decimal(1)))


@pytest.mark.parametrize(
    ("condition", "met"),
    [
        (Q(price__gte=0), None),
        (~Q(price__gte=0), None),
        (Q(price__gte=0) | Q(name="a"), True),
        (Q(price__gte=0) & Q(name="b"), False),
        (Q(price__isnull=True), True),
        (~Q(price__isnull=True) | Q(bought_on__lte=F("warranty_end")), None),
    ],
)
def test_an_empty_value_leaves_a_comparison_unknown_as_sql_has_it(condition, met):
    assert truth(condition, Asset(name="a")) is met
