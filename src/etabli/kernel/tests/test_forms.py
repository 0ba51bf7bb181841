"""The form of a noun: where it belongs, what it offers, what it refuses, and what it never overwrites."""

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from etabli.assets.models import Asset
from etabli.kernel.accounts import Account
from etabli.kernel.actors import actor_of
from etabli.kernel.organisations import Membership, Organisation
from etabli.kernel.screens import registry
from etabli.kernel.screens.forms import SELECT_LIMIT, form_class, values_of
from etabli.kernel.tenancy import opening, scope
from etabli.people.models import Room, Site

pytestmark = pytest.mark.usefixtures("in_english")


@pytest.fixture
def anne(firm):
    with scope(firm.acme.id):
        yield actor_of(firm.acme.administrator)


def form(actor, model, data=None, instance=None, **more):
    return form_class(registry[model])(data, instance=instance, actor=actor, **more)


def test_the_only_organisation_possible_is_not_asked(anne, firm):
    made = form(anne, Site, {"name": "Lyons", "country": "FR"})
    assert made.is_valid(), made.errors
    assert made.instance.organisation_id == firm.acme.id
    assert made.fields["organisation"].widget.is_hidden


def test_among_several_organisations_one_must_be_chosen(firm):
    boss = actor_of(firm.provider.administrator)
    with scope(*boss.places):
        asked = form(boss, Site, {"name": "Lyons", "country": "FR"})
        assert not asked.is_valid()
        assert "organisation" in asked.errors
        chosen = form(boss, Site, {"name": "Lyons", "country": "FR", "organisation": firm.globex.id})
        assert chosen.is_valid()
        assert chosen.instance.organisation_id == firm.globex.id


@pytest.mark.parametrize("sent", ["²", "-1", "9" * 30, "x", "\0"])
def test_an_impossible_organisation_is_refused(anne, sent):
    assert not form(anne, Site, {"name": "Lyons", "country": "FR", "organisation": sent}).is_valid()


def test_an_organisation_where_one_may_not_add_is_not_offered(firm):
    with opening():
        from etabli.kernel.organisations import Role

        auditor = Role.objects.get(organisation=None, key="auditor")
        Membership.objects.create(
            account=firm.acme.administrator, organisation=firm.globex.organisation, role=auditor
        )
    actor = actor_of(firm.acme.administrator)
    with scope(*actor.places):
        assert set(form(actor, Site).fields["organisation"].queryset) == {
            Organisation.objects.get(pk=firm.acme.id)
        }
        assert not form(
            actor, Site, {"name": "x", "country": "FR", "organisation": firm.globex.id}
        ).is_valid()


def test_relations_offer_the_chosen_organisations_rows_only(firm, maker):
    mine, theirs = maker(firm.acme).get(Site), maker(firm.globex).get(Site)
    boss = actor_of(firm.provider.administrator)
    with scope(*boss.places):
        refused = form(boss, Room, {"name": "1", "site": theirs.pk, "organisation": firm.acme.id})
        assert not refused.is_valid()
        assert "site" in refused.errors
        assert list(form(boss, Room, organisation_id=firm.acme.id).fields["site"].queryset) == [mine]


def test_only_accounts_that_work_here_are_offered(anne, firm):
    offered = set(form(anne, Membership).fields["account"].queryset)
    here = {firm.acme.administrator, firm.acme.technician, firm.acme.auditor, firm.acme.requester}
    assert offered == here
    assert Account.objects.count() == 12


def test_a_long_relation_offers_the_chosen_one_and_an_address_to_search(
    anne, firm, maker, django_assert_max_num_queries
):
    made = maker(firm.acme)
    sites = [made.new(Site) for _number in range(SELECT_LIMIT + 1)]
    shown = str(form(anne, Room, initial={"site": sites[7].pk})["site"])
    assert sites[7].name in shown
    assert sites[8].name not in shown
    assert "/options/site/" in shown


def test_a_change_made_on_an_older_version_is_refused_and_kept_on_the_form(anne, firm, maker):
    site = maker(firm.acme).new(Site)
    values = {**values_of(registry[Site], site), "version": 1}
    first = form(anne, Site, {**values, "name": "First"}, Site.objects.get(pk=site.pk))
    second = form(anne, Site, {**values, "name": "Second"}, Site.objects.get(pk=site.pk))
    assert first.is_valid()
    assert second.is_valid()
    registry[Site].save(first, anne)
    with pytest.raises(ValidationError, match="Somebody changed this"):
        registry[Site].save(second, anne)
    late = form(anne, Site, {**values, "name": "Late"}, Site.objects.get(pk=site.pk))
    assert not late.is_valid()
    assert late["name"].value() == "Late"
    assert Site.objects.get(pk=site.pk).name == "First"


def test_a_form_that_changes_nothing_writes_nothing(anne, firm, maker):
    asset = maker(firm.acme).new(Asset)
    same = form(anne, Asset, values_of(registry[Asset], asset), Asset.objects.get(pk=asset.pk))
    assert same.is_valid(), same.errors
    registry[Asset].save(same, anne)
    assert Asset.objects.get(pk=asset.pk).version == 1


def test_what_must_be_unique_in_the_organisation_is_told_by_the_form(anne, firm, maker):
    maker(firm.acme).new(Site, name="Élan")
    maker(firm.globex).new(Site, name="Lyons")
    assert not form(anne, Site, {"name": "elan", "country": "FR"}).is_valid()
    assert form(anne, Site, {"name": "Lyons", "country": "FR"}).is_valid()


def test_what_was_taken_between_the_form_and_the_write_is_a_sentence(anne, firm, maker):
    """Two people at once: the form of the second was valid when it was checked."""
    made = form(anne, Site, {"name": "Lyons", "country": "FR"})
    assert made.is_valid()
    maker(firm.acme).new(Site, name="Lyons")
    with pytest.raises(ValidationError, match="site_name_once"):
        registry[Site].save(made, anne)
    assert Site.objects.count() == 1


def test_a_provider_out_of_sight_is_not_cut_off_by_its_client(anne, firm):
    ours = Organisation.objects.get(pk=firm.acme.id)
    made = form(
        anne,
        Organisation,
        {**values_of(registry[Organisation], ours), "name": "Acme & Sons", "parent": ""},
        ours,
    )
    assert made.is_valid(), made.errors
    registry[Organisation].save(made, anne)
    with connection.cursor() as cursor, opening():
        cursor.execute("SELECT name, parent_id, path FROM kernel_organisation WHERE id = %s", [firm.acme.id])
        assert cursor.fetchone() == ("Acme & Sons", firm.provider.id, [firm.provider.id, firm.acme.id])
