from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from etabli.kernel.actors import SYSTEM, can
from etabli.kernel.organisations import Organisation
from etabli.kernel.tenancy import opening, scope
from etabli.kernel.tokens import ApiToken, actor_for, create, revoke

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def make(world, *, account=None, scopes=("*.view",), organisation=None, **options):
    account, organisation = account or world.boss, organisation or world.provider
    with scope(organisation.pk):
        return create(
            account, name="Script", scopes=scopes, organisation=organisation.pk, actor=SYSTEM, **options
        )


def seen(token) -> ApiToken:
    with opening():
        return ApiToken.objects.get(pk=token.pk)


def test_a_token_acts_for_its_account_within_its_scopes(world):
    token, text = make(world, scopes=["asset.*", "*.view"])
    actor = actor_for(f"Bearer {text}", ip="192.0.2.1", now=NOW)
    assert (actor.account_id, actor.source, actor.label) == (world.boss.pk, "api", "Boss · Script")
    assert can(actor, "asset.change", world.acme.pk)
    assert can(actor, "person.view", world.acme.pk)
    assert not can(actor, "person.change", world.acme.pk)
    assert (seen(token).last_used_at, seen(token).last_ip) == (NOW, "192.0.2.1")


def test_a_token_never_exceeds_its_account(world):
    _token, text = make(world, account=world.bob, scopes=["*"], organisation=world.provider)
    assert set(actor_for(f"Bearer {text}").grants) == {world.acme.pk}


def test_a_token_stays_in_its_organisation_and_those_under_it(world):
    with opening():
        child = Organisation.objects.create(name="Acme Lyon", parent=world.acme)
    _token, text = make(world, scopes=["*"], organisation=world.acme)
    actor = actor_for(f"Bearer {text}")
    assert set(actor.grants) == set(actor.places) == {world.acme.pk, child.pk}


def test_only_the_digest_is_kept(world):
    token, text = make(world)
    secret = text.split("_", 2)[2]
    assert secret not in str({f.name: f.value_from_object(seen(token)) for f in ApiToken._meta.fields})
    assert len(secret) == 43


def test_a_wrong_header_opens_nothing(world):
    token, text = make(world)
    for header in (
        "",
        "Bearer",
        f"Basic {text}",
        text,
        f"Bearer {text}x",
        f"Bearer etb_{token.prefix}_",
        "Bearer etb_\0_x",
        "Bearer etb_00000000_x",
    ):
        assert actor_for(header) is None


def test_expired_revoked_and_closed_tokens_open_nothing(world):
    _token, text = make(world, expires_at=NOW)
    assert actor_for(f"Bearer {text}", now=NOW - timedelta(seconds=1)) is not None
    assert actor_for(f"Bearer {text}", now=NOW) is None
    token, text = make(world)
    with scope(world.provider.pk):
        revoke(token, actor=world.admin)
    assert actor_for(f"Bearer {text}") is None
    _token, text = make(world)
    world.boss.is_active = False
    world.boss.save()
    assert actor_for(f"Bearer {text}") is None


def test_the_last_use_is_written_at_most_once_a_minute(world):
    token, text = make(world)
    for seconds, expected in [(0, 0), (59, 0), (60, 60)]:
        actor_for(f"Bearer {text}", now=NOW + timedelta(seconds=seconds))
        assert seen(token).last_used_at == NOW + timedelta(seconds=expected)


def test_nobody_makes_a_token_for_somebody_else(world):
    with scope(world.acme.pk):
        create(world.bob, name="Mine", scopes=["*.view"], organisation=world.acme.pk, actor=world.acme_admin)
        with pytest.raises(PermissionDenied):
            create(
                world.boss, name="Theirs", scopes=["*"], organisation=world.acme.pk, actor=world.acme_admin
            )
        with pytest.raises(PermissionDenied):
            create(world.bob, name="Up", scopes=["*"], organisation=world.provider.pk, actor=world.acme_admin)


def test_a_token_says_what_it_may_do(world):
    for scopes in ([], ["everything"], ["asset view"]):
        with pytest.raises(ValidationError):
            make(world, scopes=scopes)


def test_revoking_is_for_its_owner_or_an_administrator_there(world):
    token, _text = make(world, organisation=world.provider)
    with scope(world.provider.pk), pytest.raises(PermissionDenied):
        revoke(token, actor=world.acme_admin)
