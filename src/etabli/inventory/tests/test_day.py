"""“My day” tells which inventories wait for a person, and what is left to do in the first days."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from etabli.assets.models import Asset, AssetKind
from etabli.conftest import Firm
from etabli.inventory import day
from etabli.inventory.enrolments import enrol
from etabli.inventory.models import Agent, Document
from etabli.kernel.actors import SYSTEM, Actor, actor_of
from etabli.kernel.organisations import Organisation
from etabli.kernel.tenancy import opening, scope


@pytest.fixture
def at_acme(firm: Firm) -> Iterator[Actor]:
    with scope(firm.acme.id):
        yield actor_of(firm.acme.administrator)


def document(decision: str, *, days: int = 0) -> Document:
    at = timezone.now() - timedelta(days=days)
    return Document.objects.create(
        received_at=at, source=f"pc-{decision}", content=b"", sha256="0", state="read", decision=decision
    )


def done(actor: Actor) -> dict[str, bool]:
    return {str(step["title"]): step["done"] for step in day.steps(actor)}


def test_documents_to_confirm_and_those_refused_this_week_are_counted(at_acme: Actor) -> None:
    document("suggested")
    document("refused", days=2)
    document("refused", days=8)
    document("updated")
    assert [figure.value for figure in day.figures(at_acme)] == [1, 1]


def test_a_machine_to_recognise_is_listed(at_acme: Actor) -> None:
    document("suggested")
    [panel] = day.panels(at_acme)
    assert "pc-suggested" in panel.rows[0][0]


def test_the_first_steps_follow_what_is_there(firm: Firm, at_acme: Actor) -> None:
    assert done(at_acme)["Create an enrolment key"] is False
    enrol(name="key", organisation_id=firm.acme.id, actor=SYSTEM)
    assert done(at_acme)["Create an enrolment key"] is True
    assert done(at_acme)["See a first machine arrive"] is False
    kind = AssetKind.objects.get(organisation=None, key="laptop")
    Agent.objects.create(
        deviceid="pc", asset=Asset.objects.create(name="PC", kind=kind), seen_at=timezone.now()
    )
    assert done(at_acme)["See a first machine arrive"] is True


def test_the_samples_count_for_nothing_and_ask_to_be_removed(firm: Firm, at_acme: Actor) -> None:
    assert "Remove the sample companies" not in done(at_acme)
    enrol(name="key", organisation_id=firm.acme.id, actor=SYSTEM)
    with opening():
        Organisation.objects.filter(pk=firm.acme.id).update(demo=True)
    assert done(at_acme)["Create an enrolment key"] is False
    assert done(at_acme)["Remove the sample companies"] is False
