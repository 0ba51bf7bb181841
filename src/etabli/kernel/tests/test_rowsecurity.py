"""Every table of an organisation is walled, and every key between two of them stays inside one organisation."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.db import IntegrityError, connection, models, transaction

from etabli.kernel import rowsecurity
from etabli.kernel.accounts import Account
from etabli.kernel.attachments import Tag
from etabli.kernel.organisations import Organisation
from etabli.kernel.tenancy import OrganisationModel, SharedModel, opening, scope

PROTECTED = {model._meta.label: model for model, _read, _write in rowsecurity.protected_models()}


def keys(target: type[models.Model]) -> list[tuple[str, str]]:
    """Each foreign key of an organisation's table towards such a model, but its own ``organisation``."""
    return sorted(
        (label, field.name)
        for label, model in PROTECTED.items()
        if issubclass(model, OrganisationModel)
        for field in model._meta.local_fields
        if field.is_relation and field.name != "organisation" and issubclass(field.related_model, target)
    )


def execute(sql: str, *values: object) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.rowcount


@pytest.fixture
def two_worlds(firm, maker) -> SimpleNamespace:
    return SimpleNamespace(acme=maker(firm.acme), globex=maker(firm.globex), firm=firm)


def test_the_walk_knows_the_tables():
    assert {"kernel.Event", "assets.Asset", "kernel.Organisation", "kernel.Role"} <= PROTECTED.keys()
    assert len(keys(OrganisationModel)) > 20
    assert len(keys(SharedModel)) >= 3


@pytest.mark.parametrize("label", sorted(PROTECTED))
def test_a_table_is_under_forced_row_security(db, label):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE relname = %s",
            [PROTECTED[label]._meta.db_table],
        )
        assert cursor.fetchone() == (True, True)


def test_no_table_with_an_organisation_is_forgotten(db):
    """Whatever declares the column, even outside our base classes, is walled."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'organisation_id' "
            "WHERE c.relkind = 'r' AND NOT (c.relrowsecurity AND c.relforcerowsecurity)"
        )
        assert cursor.fetchall() == []


@pytest.mark.parametrize("label", sorted(PROTECTED))
def test_rows_of_one_organisation_are_unseen_from_another_and_without_a_scope(two_worlds, label):
    model = PROTECTED[label]
    made = two_worlds.acme.get(model)
    with scope(two_worlds.firm.acme.id):
        assert model._base_manager.filter(pk=made.pk).exists()
    for places in ((two_worlds.firm.globex.id,), ()):
        with scope(*places):
            assert not model._base_manager.filter(pk=made.pk).exists()
            assert execute(f'DELETE FROM "{model._meta.db_table}" WHERE id = %s', made.pk) == 0


def alone(maker: Any, label: str, name: str) -> dict[str, Any]:
    """What the row needs beside, so that only its key is wrong: that it is of this thing and of no other, or
    the site of its room and the room of its rack.
    """
    around = {"room": ["site"], "rack": ["site", "room"]}
    if label in {"assets.Asset", "assets.StockItem", "people.Person"} and name in around:
        return {outer: maker.get(PROTECTED[f"people.{outer.title()}"]) for outer in around[name]}
    others = {("assets.Booking", "kit"): "asset", ("assets.KitItem", "model"): "asset"}
    others[("support.SkillCover", "service")] = "category"
    if (label, name) == ("support.ServiceTarget", "team"):
        return {"clock": "team", "team": maker.get(PROTECTED["people.Team"])}
    if (label, name) not in others:
        return {}
    model = PROTECTED[label]._meta.get_field(name).related_model
    return {others[label, name]: None, name: maker.new(model)}


@pytest.mark.parametrize(("label", "name"), keys(OrganisationModel))
def test_a_raw_key_to_another_organisations_row_is_refused(two_worlds, label, name):
    model = PROTECTED[label]
    field = model._meta.get_field(name)
    before = two_worlds.globex.new(field.related_model)
    mine = two_worlds.acme.new(model, **alone(two_worlds.acme, label, name))
    other = before if name == "one" else two_worlds.globex.new(field.related_model)
    table, column = model._meta.db_table, field.column
    if model._meta.label == "kernel.Event":
        pytest.skip("events are append-only")
    if model._meta.label == "support.TicketText":  # the database wrote the other's: its key would speak first
        with scope(two_worlds.firm.globex.id):
            other.found_by.delete()
    # The keys of places hold the organisation as well, and speak first.
    refused = "_same|_room_of_site|_rack_of_room|that is not above"
    with pytest.raises(IntegrityError, match=refused), scope(two_worlds.firm.acme.id), transaction.atomic():  # noqa: PT012
        assert execute(f'UPDATE "{table}" SET "{column}" = %s WHERE id = %s', other.pk, mine.pk) == 1
        execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.parametrize(("label", "name"), keys(SharedModel))
def test_a_raw_key_to_another_organisations_catalogue_row_is_refused(two_worlds, label, name):
    model = PROTECTED[label]
    field = model._meta.get_field(name)
    mine, own = two_worlds.acme.new(model), two_worlds.acme.get(field.related_model)
    other = two_worlds.globex.get(field.related_model)
    table, column = model._meta.db_table, field.column
    with scope(two_worlds.firm.acme.id):
        assert execute(f'UPDATE "{table}" SET "{column}" = %s WHERE id = %s', own.pk, mine.pk) == 1
        with pytest.raises(IntegrityError, match="belongs to another organisation"), transaction.atomic():
            execute(f'UPDATE "{table}" SET "{column}" = %s WHERE id = %s', other.pk, mine.pk)


def test_a_catalogue_row_in_use_elsewhere_cannot_be_given_away(two_worlds):
    """The trigger also looks when the row itself changes hands, not only when its key does."""
    Membership = PROTECTED["kernel.Membership"]
    mine, role = two_worlds.acme.get(Membership), two_worlds.acme.get(PROTECTED["kernel.Role"])
    both = (two_worlds.firm.acme.id, two_worlds.firm.globex.id)
    with scope(*both):
        assert Membership.objects.filter(pk=mine.pk).update(role=role) == 1
        with pytest.raises(IntegrityError, match="belongs to another organisation"), transaction.atomic():
            Membership.objects.filter(pk=mine.pk).update(organisation=two_worlds.firm.globex.id)


def test_taking_a_policy_away_is_noticed(firm):
    with scope(firm.acme.id):
        Tag.objects.create(name="red")
    assert not Tag.objects.exists()
    assert rowsecurity.unprotected_tables() == []
    execute("SET CONSTRAINTS ALL IMMEDIATE")
    with transaction.atomic():
        execute("ALTER TABLE kernel_tag NO FORCE ROW LEVEL SECURITY")
        assert rowsecurity.unprotected_tables() == ["kernel_tag"]
        assert Tag.objects.exists()
        rowsecurity.install()
        assert rowsecurity.unprotected_tables() == []
        assert not Tag.objects.exists()
        transaction.set_rollback(True)


def test_installing_again_changes_nothing(db):
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_policies")
        before = cursor.fetchone()
        rowsecurity.install()
        cursor.execute("SELECT count(*) FROM pg_policies")
        assert cursor.fetchone() == before


def test_the_policy_is_computed_once_a_statement(firm):
    """The sub-select makes an InitPlan; a bare function call would run for each row."""
    with scope(firm.acme.id), connection.cursor() as cursor:
        cursor.execute("EXPLAIN SELECT * FROM assets_asset")
        assert any("InitPlan" in row[0] for row in cursor.fetchall())


def test_the_role_of_the_tests_is_bound_by_row_security(db):
    assert rowsecurity.role_problem() == ""


def test_a_superuser_is_told_to_be_no_role_for_us(db):
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolname FROM pg_roles WHERE rolsuper LIMIT 1")
        name = cursor.fetchone()[0]
    problem = rowsecurity.problem_of(name, superuser=True, bypass=False)
    assert name in problem
    assert "superuser" in problem
    assert "bypass" in rowsecurity.problem_of("backup", superuser=False, bypass=True)


def test_an_organisation_is_seen_by_itself_only(firm):
    with scope(firm.acme.id):
        assert list(Organisation.objects.values_list("name", flat=True)) == ["Acme"]
    with opening():
        assert Organisation.objects.count() == 3


def test_accounts_belong_to_the_installation(firm):
    """Said here so that it is a choice: whoever shows accounts must narrow them by memberships."""
    assert Account not in PROTECTED.values()


def test_what_a_provider_sets_up_is_read_by_its_clients_and_written_by_itself(two_worlds):
    """Downwards only, and never sideways: a client is not the provider of its neighbour."""
    Team, firm = PROTECTED["people.Team"], two_worlds.firm
    with scope(firm.provider.id):
        above = Team.objects.create(name="Level 2")
    with scope(firm.acme.id):
        own = Team.objects.create(name="Ours")
        assert set(Team.objects.all()) == {above, own}
        assert Team.objects.filter(pk=above.pk).update(name="Mine") == 0
        assert Team.objects.filter(pk=above.pk).delete() == (0, {})
    with scope(firm.globex.id):
        assert list(Team.objects.filter(pk__in=[above.pk, own.pk])) == [above]
    with scope(firm.provider.id):
        assert list(Team.objects.filter(pk__in=[above.pk, own.pk])) == [above]
    with scope():
        assert not Team.objects.exists()
