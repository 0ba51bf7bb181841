"""The tree of organisations, and what starting, moving and inviting do."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from etabli.kernel.actors import SYSTEM, actor_of
from etabli.kernel.calendars import Calendar, Holiday
from etabli.kernel.events import Event
from etabli.kernel.organisations import Membership, Organisation, Role
from etabli.kernel.tenancy import opening, scope
from etabli.people import actions
from etabli.people.models import Person, Site


def test_starting_an_organisation_gives_it_a_calendar_with_its_public_holidays(firm):
    made = actions.start_organisation(
        name="Atelier", kind="client", parent=firm.provider.organisation, actor=SYSTEM
    )
    with scope(made.pk):
        assert Calendar.objects.get().is_default
        assert Holiday.objects.filter(day__month=7, day__day=14).count() == 2
        assert Event.objects.filter(verb="organisation.created").count() == 1
    assert made.path == [firm.provider.id, made.pk]


def test_an_administrator_of_the_provider_sees_a_client_created_later(firm):
    before = actor_of(firm.provider.administrator)
    made = actions.start_organisation(
        name="Later", kind="client", parent=firm.provider.organisation, actor=before
    )
    assert actor_of(firm.provider.administrator).may("asset.change", made.pk)
    assert not actor_of(firm.acme.administrator).may("asset.view", made.pk)


def test_a_client_s_administrator_may_not_create_an_organisation_beside_theirs(firm):
    with pytest.raises(PermissionDenied):
        actions.start_organisation(
            name="X",
            kind="client",
            parent=firm.provider.organisation,
            actor=actor_of(firm.acme.administrator),
        )


def test_moving_an_organisation_moves_everything_under_it(firm):
    boss = actor_of(firm.provider.administrator)
    child = actions.start_organisation(
        name="Branch", kind="entity", parent=firm.acme.organisation, actor=boss
    )
    with scope(firm.provider.id, firm.acme.id, firm.globex.id, child.pk):
        actions.move_organisation(
            organisation=firm.acme.organisation,
            parent=firm.globex.organisation,
            actor=actor_of(firm.provider.administrator),
        )
    with opening():
        assert Organisation.objects.get(pk=child.pk).path == [
            firm.provider.id,
            firm.globex.id,
            firm.acme.id,
            child.pk,
        ]
    assert actor_of(firm.globex.administrator).may("asset.change", child.pk)


def test_an_organisation_cannot_be_moved_under_itself(firm):
    boss = actor_of(firm.provider.administrator)
    with scope(firm.provider.id, firm.acme.id), pytest.raises(ValidationError):
        actions.move_organisation(
            organisation=firm.provider.organisation, parent=firm.acme.organisation, actor=boss
        )


def test_inviting_somebody_gives_an_account_and_the_role(firm):
    boss = actor_of(firm.acme.administrator)
    with opening():
        role = Role.objects.get(organisation=None, key="technician")
    with scope(firm.acme.id):
        person = Person.objects.create(name="Nadia Fournier", email="nadia@acme.example")
        account, password = actions.invite(person=person, role=role, actor=boss)
        assert account.check_password(password)
        assert Membership.objects.filter(account=account, role=role).exists()
    assert actor_of(account).may("asset.change", firm.acme.id)
    assert not actor_of(account).may("asset.view", firm.globex.id)


def test_somebody_without_address_cannot_be_invited(firm):
    with opening():
        role = Role.objects.get(organisation=None, key="technician")
    with scope(firm.acme.id):
        person = Person.objects.create(name="Sans Adresse")
    with scope(firm.acme.id), pytest.raises(ValidationError):
        actions.invite(person=person, role=role, actor=actor_of(firm.acme.administrator))


def test_a_site_finds_its_coordinates_from_its_postcode_and_town():
    site = Site(name="Siège", postcode="76000", city="rouen", country="FR")
    actions.locate(site)
    assert site.insee == "76540"
    assert abs(float(site.latitude) - 49.44) < 0.05
    assert abs(float(site.longitude) - 1.10) < 0.05


def test_coordinates_typed_by_somebody_are_kept():
    site = Site(name="Siège", postcode="76000", city="Rouen", country="FR", latitude=1, longitude=2)
    actions.locate(site)
    assert (site.latitude, site.longitude) == (1, 2)


def sample_with_a_client():
    top = actions.start_organisation(name="Sample", kind="provider", demo=True, actor=SYSTEM)
    return top, actions.start_organisation(name="Client", kind="client", demo=True, parent=top, actor=SYSTEM)


def test_the_first_administrator_sees_the_samples_that_were_there_before(db):
    top, client = sample_with_a_client()
    own = actions.start_organisation(name="Own", kind="provider", actor=SYSTEM)
    account = actions.create_administrator(
        email="a@own.example", name="A", password="x" * 14, organisation=own
    )
    assert set(actor_of(account).places) == {own.pk, top.pk, client.pk}
    assert actor_of(account).may("asset.change", client.pk)


def test_an_administrator_invited_later_sees_them_and_a_technician_does_not(firm):
    top, _client = sample_with_a_client()
    for key, sees in (("administrator", True), ("technician", False)):
        with scope(firm.provider.id):
            person = Person.objects.create(name=key, email=f"new-{key}@provider.example")
            with opening():
                role = Role.objects.get(organisation=None, key=key)
            account, _password = actions.invite(
                person=person, role=role, actor=actor_of(firm.provider.administrator)
            )
        assert (top.pk in actor_of(account).places) is sees


def test_an_administrator_of_a_client_does_not_see_them(firm):
    top, _client = sample_with_a_client()
    actions.create_administrator(
        email="a@acme.example", name="A", password="x" * 14, organisation=firm.acme.organisation
    )
    assert top.pk not in actor_of(firm.acme.administrator).places
    assert top.pk in actor_of(firm.provider.administrator).places
