"""The roles shipped follow the product, except where an administrator said otherwise."""

import pytest

from etabli.kernel.actors import SYSTEM, actor_of
from etabli.kernel.events import Event, publish
from etabli.kernel.organisations import Role
from etabli.kernel.shipped import ROLES, install_roles
from etabli.kernel.tenancy import opening, scope

NAME = "technician"
NOW = ROLES[NAME][1]
NEW = "assetmodel.*"  # in what is shipped now


def technician() -> Role:
    with opening():
        return Role.objects.get(organisation=None, key=NAME)


def as_shipped_before(verbs: list[str], shipped: list[str] | None) -> None:
    with opening():
        Role.objects.filter(organisation=None, key=NAME).update(verbs=verbs, shipped=shipped)


def edited(world, before: list[str], after: list[str]) -> None:
    """What the history keeps of an administrator's change."""
    with scope(world.provider.pk):
        changes = {"verbs": [before, after]}
        publish(
            technician(), "role.changed", actor=world.admin, changes=changes, organisation=world.provider.pk
        )


@pytest.fixture
def former() -> list[str]:
    """What an older version shipped: one verb less than now."""
    return [verb for verb in NOW if verb != NEW]


def test_a_new_role_remembers_what_was_shipped_with_it(world):
    role = technician()
    assert role.verbs == role.shipped == NOW


def test_an_upgrade_brings_the_verbs_newly_shipped_and_is_told_once(world, former):
    as_shipped_before(former, former)
    install_roles()
    install_roles()
    role = technician()
    assert (sorted(role.verbs), role.shipped) == (sorted(NOW), NOW)
    with scope(world.provider.pk):
        event = Event.objects.get(noun="role", verb="role.changed")
    assert (event.source, set(event.changes)) == (SYSTEM.source, {"verbs"})
    assert set(event.changes["verbs"][1]) - set(event.changes["verbs"][0]) == {NEW}


def test_what_an_administrator_took_away_stays_away_and_what_they_added_stays(world, former):
    own = [*(verb for verb in former if verb != "room.*"), "site.delete"]
    as_shipped_before(own, former)
    install_roles()
    assert set(technician().verbs) == {*own, NEW}


def test_a_verb_no_longer_shipped_goes_from_the_roles_that_had_it_from_us(world):
    as_shipped_before([*NOW, "old.*", "own.add"], [*NOW, "old.*"])
    install_roles()
    assert set(technician().verbs) == {*NOW, "own.add"}


def test_a_role_of_a_version_that_kept_nothing_and_that_nobody_edited_gets_everything(world, former):
    as_shipped_before(former, None)
    install_roles()
    assert set(technician().verbs) == set(NOW)
    assert technician().shipped == NOW


def test_a_role_of_such_a_version_keeps_the_edits_its_history_tells(world, former):
    own = [verb for verb in former if verb != "room.*"]
    as_shipped_before(own, None)
    edited(world, former, own)
    install_roles()
    assert set(technician().verbs) == {*own, NEW}


def test_the_rights_of_somebody_follow(world, former):
    as_shipped_before(former, former)
    with opening():
        world.bob.memberships.update(role=technician())
    assert not actor_of(world.bob).may("assetmodel.change", world.acme.pk)
    install_roles()
    assert actor_of(world.bob).may("assetmodel.change", world.acme.pk)


def test_a_role_of_an_organisation_is_left_alone(at_acme):
    role = Role.objects.create(organisation=at_acme.acme, name="Own", key=NAME, verbs=["asset.view"])
    install_roles()
    role.refresh_from_db()
    assert (role.verbs, role.shipped) == (["asset.view"], None)
