"""A provider and two clients, an administrator of all and one of a single client: enough to try every wall."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from etabli.kernel import webhooks
from etabli.kernel.accounts import Account
from etabli.kernel.actors import Actor, actor_of
from etabli.kernel.calendars import Calendar
from etabli.kernel.organisations import Membership, Organisation, Role
from etabli.kernel.screens import Screen, registry
from etabli.kernel.tenancy import opening, scope


@dataclass(frozen=True)
class World:
    provider: Organisation
    acme: Organisation
    globex: Organisation
    boss: Account
    bob: Account

    @property
    def admin(self) -> Actor:
        """Everything, everywhere."""
        return actor_of(self.boss)

    @property
    def acme_admin(self) -> Actor:
        """Everything, at Acme only."""
        return actor_of(self.bob)


@pytest.fixture
def world(db: None, settings, tmp_path) -> World:
    settings.HOME = tmp_path / "home"
    webhooks.forget_wanted()
    return make_world()


@pytest.fixture
def committed_world(transactional_db: None, settings, tmp_path) -> World:
    """The same for tests whose other threads or connections must see the rows."""
    settings.HOME = tmp_path / "home"
    webhooks.forget_wanted()
    return make_world()


@pytest.fixture
def at_acme(world: World) -> Iterator[World]:
    """The test runs with Acme in scope."""
    with scope(world.acme.pk):
        yield world


@pytest.fixture
def calendar(at_acme: World, monkeypatch) -> Calendar:
    """An object with a screen."""
    give_screen(monkeypatch)
    return Calendar.objects.create(name="Shop", organisation=at_acme.acme)


def give_screen(monkeypatch) -> None:
    if Calendar not in registry:
        screen = type("CalendarScreen", (Screen,), {"model": Calendar, "searchable": False})()
        monkeypatch.setitem(registry, Calendar, screen)


def make_world() -> World:
    with opening():
        role, _new = Role.objects.get_or_create(
            organisation=None, key="administrator", defaults={"name": "Administrator", "verbs": ["*"]}
        )
        provider = Organisation.objects.create(name="Provider", kind=Organisation.Kind.PROVIDER)
        acme = Organisation.objects.create(name="Acme", parent=provider)
        globex = Organisation.objects.create(name="Globex", parent=provider)
        boss = Account.objects.create_user("boss@example.com", name="Boss")
        bob = Account.objects.create_user("bob@example.com", name="Bob")
        Membership.objects.create(organisation=provider, account=boss, role=role)
        Membership.objects.create(organisation=acme, account=bob, role=role)
    return World(provider, acme, globex, boss, bob)
