"""Keys: who makes, replaces and revokes them, what is written of them, and what never is."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.utils import timezone

from etabli.inventory import enrolments
from etabli.inventory.models import AccessToken, Enrolment
from etabli.kernel.actors import SYSTEM, Actor
from etabli.kernel.events import Event
from etabli.kernel.tenancy import scope

from .machines import Fleet

VISITOR = Actor(account_id=None, label="visitor")


def test_a_key_is_never_stored_in_clear(fleet: Fleet) -> None:
    key = fleet.keys[fleet.acme.pk]
    with scope(fleet.acme.pk), connection.cursor() as cursor:
        cursor.execute("SELECT to_jsonb(e)::text FROM inventory_enrolment e")
        assert not [row for row in cursor.fetchall() if key in row[0]]


def test_each_act_on_a_key_is_told_without_the_key(fleet: Fleet) -> None:
    enrolment, old = fleet.enrolments[fleet.acme.pk], fleet.keys[fleet.acme.pk]
    with scope(fleet.acme.pk):
        enrolments.rotate(enrolment, actor=SYSTEM)
        enrolments.revoke(enrolment, actor=SYSTEM)
        events = Event.objects.filter(noun="enrolment").order_by("pk")
        assert [e.verb for e in events] == ["enrolment.created", "enrolment.rotated", "enrolment.revoked"]
        assert not [e for e in events if old in str(e.changes) + str(e.extra)]


@pytest.mark.parametrize("act", ["enrol", "rotate", "revoke"])
def test_who_may_not_is_refused(fleet: Fleet, act: str) -> None:
    enrolment = fleet.enrolments[fleet.acme.pk]
    acts = {
        "enrol": lambda: enrolments.enrol(name="x", organisation_id=fleet.acme.pk, actor=VISITOR),
        "rotate": lambda: enrolments.rotate(enrolment, actor=VISITOR),
        "revoke": lambda: enrolments.revoke(enrolment, actor=VISITOR),
    }
    with scope(fleet.acme.pk), pytest.raises(PermissionDenied):
        acts[act]()


def test_a_key_opens_its_own_organisation_only(fleet: Fleet) -> None:
    found = enrolments.by_key(fleet.keys[fleet.globex.pk], timezone.now())
    assert found is not None
    assert found.organisation_id == fleet.globex.pk


def test_the_client_of_one_organisation_does_not_go_with_the_key_of_another(fleet: Fleet) -> None:
    client = fleet.enrolments[fleet.acme.pk].client_id
    assert enrolments.by_client(client, fleet.keys[fleet.globex.pk], timezone.now()) is None


def test_a_key_replaced_twice_leaves_only_the_last_two(fleet: Fleet) -> None:
    enrolment, first = fleet.enrolments[fleet.acme.pk], fleet.keys[fleet.acme.pk]
    now = timezone.now()
    with scope(fleet.acme.pk):
        enrolments.rotate(enrolment, actor=SYSTEM, now=now)
        second = enrolment.key.unseal()
        enrolments.rotate(enrolment, actor=SYSTEM, now=now)
    assert enrolments.by_key(first, now) is None
    assert enrolments.by_key(second, now) is not None
    assert enrolments.by_key(second, now + timedelta(days=15)) is None


def test_an_access_token_is_kept_as_a_digest_and_old_ones_are_forgotten(fleet: Fleet) -> None:
    enrolment, now = fleet.enrolments[fleet.acme.pk], timezone.now()
    token = enrolments.issue_token(enrolment, now)
    assert AccessToken.objects.get().hash != token
    assert enrolments.by_token(token, now) == enrolment
    assert enrolments.by_token(token, now + timedelta(hours=2)) is None
    enrolments.issue_token(enrolment, now + timedelta(hours=2))
    assert AccessToken.objects.count() == 1


def test_what_is_no_key_finds_nobody(fleet: Fleet) -> None:
    for key in ("", "x", "x" * 5000, "é", "'; --"):
        assert enrolments.by_key(key, timezone.now()) is None
    with scope(fleet.acme.pk):
        assert Enrolment.objects.count() == 1
