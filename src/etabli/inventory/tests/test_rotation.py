"""Replacing a key without losing a machine: both are accepted, who is late is known, and the end is a decision."""

import base64
import json
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from etabli.inventory import enrolments
from etabli.inventory.models import AccessToken, Agent, Enrolment
from etabli.kernel.actors import SYSTEM
from etabli.kernel.tenancy import scope

from .machines import Fleet, computer, post

ONE, OTHER = computer(1), computer(2)


def rotated(fleet: Fleet, **more: timedelta) -> Enrolment:
    with scope(fleet.acme.pk):
        return enrolments.rotate(fleet.enrolments[fleet.acme.pk], actor=SYSTEM, **more)


def late(fleet: Fleet) -> list[str]:
    with scope(fleet.acme.pk):
        return sorted(a.deviceid for a in enrolments.late(fleet.enrolments[fleet.acme.pk], timezone.now()))


def test_machines_that_still_use_the_old_key_are_counted_until_they_change(fleet: Fleet) -> None:
    fleet.send(ONE)
    fleet.send(OTHER)
    assert late(fleet) == []
    key = rotated(fleet).key.unseal()
    assert len(late(fleet)) == 2
    fleet.send(ONE)  # still the old key, still accepted
    assert len(late(fleet)) == 2
    fleet.keys[fleet.acme.pk] = key
    fleet.send(ONE)
    assert len(late(fleet)) == 1
    fleet.send(OTHER)
    assert late(fleet) == []


def test_the_former_oauth2_secret_and_password_work_as_long_as_the_former_key(fleet: Fleet) -> None:
    old, client = fleet.keys[fleet.acme.pk], fleet.enrolments[fleet.acme.pk].client_id
    rotated(fleet, grace=timedelta(days=3))
    asked = {"grant_type": "client_credentials", "client_id": client, "client_secret": old}
    answer = post("/api.php/token", json.dumps(asked).encode(), "application/json")
    token = json.loads(answer.content)["access_token"]
    sent = post("/front/inventory.php", ONE.document(), "application/json", Authorization=f"Bearer {token}")
    assert sent.status_code == 200
    assert len(late(fleet)) == 1  # a token of the old secret tells it
    basic = base64.b64encode(f"{client}:{old}".encode()).decode()
    answer = post("/front/inventory.php", ONE.document(), "application/json", Authorization=f"Basic {basic}")
    assert answer.status_code == 200
    now = timezone.now()
    assert enrolments.by_client(client, old, now + timedelta(days=2)) is not None
    assert enrolments.by_client(client, old, now + timedelta(days=4)) is None


def test_ending_the_old_key_refuses_it_and_its_tokens_but_not_the_new_ones(fleet: Fleet) -> None:
    old, enrolment = fleet.keys[fleet.acme.pk], rotated(fleet)
    now, new = timezone.now(), enrolment.key.unseal()
    former, present = enrolments.by_key(old, now), enrolments.by_key(new, now)
    assert former
    assert present
    tokens = [enrolments.issue_token(one, now) for one in (former, present)]
    with scope(fleet.acme.pk):
        enrolments.end_previous(enrolment, actor=SYSTEM)
        with pytest.raises(ValidationError):
            enrolments.end_previous(enrolment, actor=SYSTEM)
    assert fleet.post(ONE.document()).status_code == 403
    assert [enrolments.by_token(token, now) is not None for token in tokens] == [False, True]
    assert AccessToken.objects.count() == 1


def test_a_second_replacement_waits_for_the_machines_of_the_first(fleet: Fleet) -> None:
    fleet.send(ONE)
    enrolment = rotated(fleet)
    with scope(fleet.acme.pk):
        with pytest.raises(ValidationError, match="1 machine still uses the key before"):
            enrolments.rotate(enrolment, actor=SYSTEM)
        Agent.objects.all().delete()
        enrolments.rotate(enrolment, actor=SYSTEM)


def test_what_is_kept_of_a_key_an_agent_used_does_not_open_anything(fleet: Fleet) -> None:
    fleet.send(ONE)
    with scope(fleet.acme.pk):
        mark = Agent.objects.get().key_mark
    assert mark
    assert mark not in fleet.keys[fleet.acme.pk]
    assert enrolments.by_key(mark, timezone.now()) is None
