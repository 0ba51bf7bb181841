"""The priority follows from the matrix, what hangs on the ticket and what keeps coming back; its reason says how."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etabli.assets.models import Asset
from etabli.support.priority import (
    USUAL,
    BadMatrix,
    Criticality,
    Impact,
    Matrix,
    Priority,
    Recurrence,
    Subject,
    Urgency,
    decide,
    prioritise,
    recurrence,
)

from .desk import at
from .strategies import rule

MATRIX = Matrix()


def usual(impact: Impact = Impact.PERSON, urgency: Urgency = Urgency.NORMAL, **more: object) -> Priority:
    return prioritise(MATRIX, impact=impact, urgency=urgency, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("impact", "urgency", "criticality", "level"),
    [
        (Impact.PERSON, Urgency.LOW, Criticality.NORMAL, 5),
        (Impact.PERSON, Urgency.NORMAL, Criticality.NORMAL, 4),
        (Impact.TEAM, Urgency.HIGH, Criticality.NORMAL, 2),
        (Impact.ALL, Urgency.HIGH, Criticality.NORMAL, 1),
        (Impact.TEAM, Urgency.NORMAL, Criticality.VITAL, 1),
        (Impact.TEAM, Urgency.NORMAL, Criticality.HIGH, 2),
        (Impact.TEAM, Urgency.NORMAL, Criticality.LOW, 4),
        (Impact.PERSON, Urgency.LOW, Criticality.LOW, 5),
        (Impact.ALL, Urgency.HIGH, Criticality.VITAL, 1),
    ],
)
def test_impact_urgency_and_criticality_give_the_level(
    impact: Impact, urgency: Urgency, criticality: Criticality, level: int
) -> None:
    assert usual(impact, urgency, criticality=criticality).level == level


def test_a_priority_person_and_a_recurrence_raise_it_by_one_each() -> None:
    assert usual().level == 4
    assert usual(vip=True).level == 3
    assert usual(recurrence=Recurrence(asset=2)).level == 3
    assert usual(recurrence=Recurrence(asset=2, person=5)).level == 3
    assert usual(vip=True, recurrence=Recurrence(person=3)).level == 2


def test_less_than_what_the_organisation_calls_recurrent_raises_nothing_and_is_not_told() -> None:
    twice = usual(recurrence=Recurrence(asset=1, person=2, category=9))
    assert (twice.level, "earlier" in twice.reason) == (4, False)
    never = Matrix(recurrence=Recurrence(), vip=False)
    given_all = prioritise(
        never, impact=Impact.PERSON, urgency=Urgency.NORMAL, recurrence=Recurrence(9, 9, 99), vip=True
    )
    assert (given_all.level, given_all.reason) == (4, "Priority 4: impact (one person), urgency (normal).")


def test_the_reason_is_one_sentence_that_tells_all_that_counted() -> None:
    found = usual(
        Impact.TEAM, Urgency.NORMAL, criticality=Criticality.HIGH, recurrence=Recurrence(asset=2, person=1), vip=True
    )  # fmt: skip
    assert found.reason == (
        "Priority 1: impact (a team), urgency (normal), criticality (high), "
        "2 earlier tickets about this asset in 30 days, priority person."
    )


def test_an_agent_decides_otherwise_with_a_reason() -> None:
    decided = decide(usual(), 1, because="The warehouse cannot ship. ", by="Ana")
    assert (decided.level, decided.computed) == (1, 4)
    assert decided.reason == "Priority 1, decided by Ana instead of 4: The warehouse cannot ship."
    with pytest.raises(ValueError, match="Say why"):
        decide(usual(), 1, because="  ", by="Ana")
    with pytest.raises(ValueError, match="1 \\(the most pressing\\) to 5"):
        decide(usual(), 6, because="why not", by="Ana")


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"cells": USUAL[:3]}, "four lines"),
        ({"cells": (*USUAL[:3], (2, 1))}, "four lines"),
        ({"cells": (*USUAL[:3], (2, 1, 0))}, "from 1"),
        ({"cells": ((5, 4, 6), *USUAL[1:])}, "from 1"),
        ({"cells": ((3, 4, 5), *USUAL[1:])}, "less pressing"),
        ({"cells": (USUAL[1], USUAL[0], *USUAL[2:])}, "less pressing"),
        ({"shifts": (1, 0, -1)}, "Each criticality"),
        ({"shifts": (-1, 0, 0, 0)}, "Each criticality"),
        ({"recurrence": Recurrence(asset=-1)}, "0 \\(never\\)"),
    ],
)
def test_a_matrix_that_makes_no_sense_is_refused(fields: dict[str, object], told: str) -> None:
    with pytest.raises(BadMatrix, match=told):
        Matrix(**fields)  # type: ignore[arg-type]


def test_the_criticality_is_that_of_an_asset() -> None:
    assert [(one.value, one.name) for one in Criticality] == [
        (one.value, one.name) for one in Asset.Criticality
    ]


def test_what_came_back_within_thirty_days_is_counted() -> None:
    now = at("03-31 10:00")
    ticket = Subject(now, asset=1, person=2)
    earlier = [
        Subject(now - timedelta(days=1), asset=1, person=9, category=7),
        Subject(now - timedelta(days=30), asset=1, person=2),
        Subject(now - timedelta(days=30, minutes=1), asset=1, person=2),
        Subject(now, asset=1),  # itself, or one of the same moment
        Subject(now + timedelta(days=1), asset=1),
        Subject(now - timedelta(days=2)),
    ]
    assert recurrence(ticket, earlier) == Recurrence(asset=2, person=1, category=0)


@rule
@given(
    st.sampled_from(Impact),
    st.sampled_from(Urgency),
    st.sampled_from(Criticality),
    st.integers(0, 5),
    st.booleans(),
)
def test_nothing_added_to_a_ticket_makes_it_less_pressing(
    impact: Impact, urgency: Urgency, criticality: Criticality, times: int, vip: bool
) -> None:
    found = prioritise(
        MATRIX,
        impact=impact,
        urgency=urgency,
        criticality=criticality,
        recurrence=Recurrence(asset=times),
        vip=vip,
    )
    plain = prioritise(MATRIX, impact=impact, urgency=urgency, criticality=criticality)
    assert 1 <= found.level <= plain.level <= 5
    if impact < Impact.ALL:
        wider = prioritise(MATRIX, impact=Impact(impact + 1), urgency=urgency, criticality=criticality)
        assert wider.level <= plain.level
