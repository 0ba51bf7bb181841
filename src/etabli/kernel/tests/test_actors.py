"""Who may do what: patterns of verbs, memberships that descend, denials that win."""

import pytest
from django.core.exceptions import PermissionDenied

from etabli.kernel.accounts import Account
from etabli.kernel.actors import SYSTEM, Actor, actor_of, allowed, can, require
from etabli.kernel.organisations import Membership, Organisation, Role
from etabli.kernel.tenancy import opening


def member(account: Account, organisation: Organisation, key: str = "", **more: object) -> None:
    with opening():
        role = Role.objects.get(organisation=None, key=key) if key else None
        Membership.objects.create(account=account, organisation=organisation, role=role, **more)


def new_client(name: str, parent: Organisation) -> Organisation:
    with opening():
        return Organisation.objects.create(name=name, parent=parent)


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("*", "asset.delete", None),
        ("asset.*", "asset.delete", "site.delete"),
        ("*.view", "asset.view", "asset.viewer"),
        ("asset.view", "asset.view", "asset.change"),
        ("own.view", "own.view", "asset.view"),
    ],
)
def test_a_pattern_covers_its_verbs_and_no_other(pattern, yes, no):
    assert allowed(yes, frozenset([pattern]))
    assert no is None or not allowed(no, frozenset([pattern]))


def test_no_pattern_allows_nothing():
    assert not allowed("asset.view", frozenset())


def test_a_role_is_worth_what_it_says_where_it_is_held(firm):
    auditor = actor_of(firm.acme.auditor)
    assert can(auditor, "asset.view", firm.acme.id)
    assert not can(auditor, "asset.change", firm.acme.id)
    assert not can(auditor, "asset.view", firm.globex.id)
    assert can(auditor, "asset.view")
    assert auditor.organisations("asset.view") == [firm.acme.id]


def test_a_membership_of_the_provider_descends_to_its_clients_future_ones_included(firm):
    later = new_client("Later", firm.provider.organisation)
    entity = new_client("Later, Lyons", later)
    boss = actor_of(firm.provider.administrator)
    assert set(boss.places) == {firm.provider.id, firm.acme.id, firm.globex.id, later.pk, entity.pk}
    assert can(boss, "asset.delete", entity.pk)


def test_a_membership_that_does_not_descend_stays_where_it_is(firm):
    account = Account.objects.create_user("one@example.com", name="One")
    member(account, firm.provider.organisation, "administrator", descends=False)
    assert set(actor_of(account).places) == {firm.provider.id}


def test_a_denial_wins_over_any_role_and_takes_what_is_under_it(firm):
    under = new_client("Acme, Lyons", firm.acme.organisation)
    account = firm.provider.administrator
    member(account, firm.acme.organisation, denied=True)
    member(account, firm.acme.organisation, "administrator")
    actor = actor_of(account)
    assert firm.acme.id not in actor.places
    assert under.pk not in actor.places
    assert not can(actor, "asset.view", firm.acme.id)


def test_all_clients_but_one_includes_the_clients_to_come(firm):
    account = firm.provider.technician
    member(account, firm.acme.organisation, denied=True)
    later = new_client("Later", firm.provider.organisation)
    assert set(actor_of(account).places) == {firm.provider.id, firm.globex.id, later.pk}


def test_an_archived_organisation_is_no_place(firm):
    with opening():
        firm.acme.organisation.archived_at = "2026-01-01T00:00Z"
        firm.acme.organisation.save()
    assert actor_of(firm.acme.administrator).places == {}


def test_rights_elsewhere_are_no_rights_over_an_organisation(firm):
    """An administrator of Globex who only reads at Acme does not change Acme."""
    account = firm.globex.administrator
    member(account, firm.acme.organisation, "auditor")
    actor = actor_of(account)
    assert can(actor, "organisation.change", firm.globex.organisation)
    assert can(actor, "organisation.view", firm.acme.organisation)
    assert not can(actor, "organisation.change", firm.acme.organisation)


def test_a_limit_narrows_and_never_widens(firm):
    narrow = actor_of(firm.acme.administrator, limit=["*.view"])
    assert can(narrow, "asset.view", firm.acme.id)
    assert not can(narrow, "asset.change", firm.acme.id)
    wide = actor_of(firm.acme.auditor, limit=["*"])
    assert not can(wide, "asset.change", firm.acme.id)
    assert not can(actor_of(firm.acme.administrator, limit=[]), "asset.view", firm.acme.id)


def test_a_refusal_is_a_sentence_that_names_the_verb(firm):
    with pytest.raises(PermissionDenied, match=r"asset\.change"):
        require(actor_of(firm.acme.auditor), "asset.change", firm.acme.id)
    require(SYSTEM, "asset.change", firm.acme.id)


def test_an_actor_without_grants_may_nothing():
    nobody = Actor(account_id=None, label="—")
    assert not can(nobody, "asset.view")
    assert not can(nobody, "asset.view", 1)


def test_rights_are_read_in_two_queries_whatever_the_number_of_organisations(
    firm, django_assert_max_num_queries
):
    for number in range(20):
        new_client(f"Client {number}", firm.provider.organisation)
    with django_assert_max_num_queries(6):  # savepoint, setting, rights, setting, release
        assert len(actor_of(firm.provider.administrator).places) == 23


def test_a_second_factor_is_wanted_when_one_of_the_roles_wants_it(firm):
    assert not actor_of(firm.acme.technician).totp_required
    with opening():
        strict = Role.objects.create(
            organisation=firm.acme.organisation, key="strict", name="Strict", verbs=[], totp_required=True
        )
        Membership.objects.create(
            account=firm.acme.technician, organisation=firm.acme.organisation, role=strict
        )
    assert actor_of(firm.acme.technician).totp_required
