"""The wall between organisations: kept by PostgreSQL, whatever the code above forgets."""

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from etabli.kernel.attachments import Tag, Tagging
from etabli.kernel.organisations import Membership, Organisation, Role
from etabli.kernel.tenancy import everywhere, opening, scope, the_organisation, visible


def tag(staff, name="red"):
    with scope(staff.id):
        return Tag.objects.create(name=name)


def names() -> set[str]:
    return set(Tag.objects.values_list("name", flat=True))


def raw_count(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        return cursor.fetchone()[0]


def setting(name: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(current_setting(%s, true), '')", [name])
        return cursor.fetchone()[0]


@pytest.fixture
def red_and_blue(firm):
    return tag(firm.acme, "red"), tag(firm.globex, "blue")


def test_nothing_is_visible_without_a_scope(firm, red_and_blue):
    assert not Tag.objects.exists()
    assert not Tag._base_manager.exists()
    assert raw_count("kernel_tag") == 0
    with pytest.raises(Tag.DoesNotExist):
        red_and_blue[0].refresh_from_db()


def test_a_scope_shows_its_organisations_only_even_to_raw_queries(firm, red_and_blue):
    with scope(firm.acme.id):
        assert names() == {"red"}
        assert raw_count("kernel_tag") == 1
        assert [t.name for t in Tag.objects.raw("SELECT * FROM kernel_tag")] == ["red"]
    with scope(firm.acme.id, firm.globex.id):
        assert names() == {"red", "blue"}


def test_changing_and_deleting_another_organisations_rows_touches_none(firm, red_and_blue):
    _red, blue = red_and_blue
    with scope(firm.acme.id):
        assert Tag.objects.filter(pk=blue.pk).update(name="mine") == 0
        assert Tag._base_manager.filter(pk=blue.pk).delete()[0] == 0
        with connection.cursor() as cursor:
            cursor.execute("UPDATE kernel_tag SET name = 'mine' WHERE id = %s", [blue.pk])
            assert cursor.rowcount == 0
    with scope(firm.globex.id):
        assert names() == {"blue"}


def test_writing_a_row_for_another_organisation_is_refused(firm):
    with scope(firm.acme.id):
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            Tag.objects.create(name="stray", organisation=firm.globex.organisation)
        assert names() == set()


def test_giving_a_row_away_to_another_organisation_is_refused(firm, red_and_blue):
    with scope(firm.acme.id):
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            Tag.objects.filter(pk=red_and_blue[0].pk).update(organisation=firm.globex.id)
        assert names() == {"red"}


def test_a_new_row_belongs_to_the_only_organisation_in_scope_and_to_none_when_there_are_several(firm):
    with scope(firm.acme.id):
        assert the_organisation() == firm.acme.id
        assert Tag.objects.create(name="red").organisation_id == firm.acme.id
    with scope(firm.acme.id, firm.globex.id):
        assert the_organisation() is None
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            Tag.objects.create(name="whose")


def test_an_inner_scope_is_narrower_and_the_outer_one_comes_back(firm, red_and_blue):
    with scope(firm.acme.id, firm.globex.id):
        with scope(firm.globex.id):
            assert names() == {"blue"}
            with scope():
                assert names() == set()
            assert names() == {"blue"}
        assert names() == {"red", "blue"}
        assert visible() == (firm.acme.id, firm.globex.id)
    assert visible() == ()
    assert names() == set()


def test_an_error_inside_a_scope_brings_the_outer_one_back(firm, red_and_blue):
    with scope(firm.acme.id):
        with pytest.raises(ZeroDivisionError), scope(firm.globex.id):  # noqa: PT012
            Tag.objects.create(name="half done")
            raise ZeroDivisionError
        assert names() == {"red"}
    with scope(firm.globex.id):
        assert names() == {"blue"}


def test_a_scope_survives_the_rollback_of_a_savepoint_inside_it(firm, red_and_blue):
    with scope(firm.acme.id):
        with pytest.raises(IntegrityError), transaction.atomic():
            Tag.objects.create(name="RED")
        assert names() == {"red"}
        with transaction.atomic():
            Tag.objects.create(name="taken back")
            transaction.set_rollback(True)
        assert names() == {"red"}


def test_a_scope_marked_for_rollback_leaves_no_setting_behind(firm, red_and_blue):
    with scope(firm.acme.id):
        with scope(firm.globex.id):
            transaction.set_rollback(True)
        assert names() == {"red"}


def test_a_closed_connection_forgets_its_scope(committed_firm):
    with scope(committed_firm.acme.id):
        Tag.objects.create(name="red")
        assert setting("app.organisations") == str(committed_firm.acme.id)
    assert setting("app.organisations") == ""
    assert names() == set()


def test_door_tables_are_invisible_outside_opening(firm):
    assert not Membership.objects.exists()
    assert not Organisation.objects.exists()
    with opening():
        assert Membership.objects.count() == 12
        assert Organisation.objects.count() == 3
        assert setting("app.opening") == "on"
    assert setting("app.opening") == ""
    assert not Membership.objects.exists()


def test_opening_shows_no_ordinary_table(firm, red_and_blue):
    with opening():
        assert names() == set()


def test_an_error_inside_opening_closes_the_door(firm):
    with pytest.raises(ZeroDivisionError), opening():
        raise ZeroDivisionError
    assert not Membership.objects.exists()


def test_everywhere_sees_all_and_says_why(firm, red_and_blue):
    with everywhere(because="this test looks at both"):
        assert names() == {"red", "blue"}
    assert names() == set()
    with pytest.raises(ValueError, match="why"), everywhere(because=""):
        pass


def test_shared_rows_are_read_by_all_and_changed_or_deleted_by_nobody(firm):
    with scope(firm.acme.id):
        shared = Role.objects.filter(key="auditor", organisation=None)
        assert shared.count() == 1
        assert shared.update(organisation=firm.acme.id) == 0
        assert shared.update(verbs=["*"]) == 0
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM kernel_role WHERE organisation_id IS NULL")
            assert cursor.rowcount == 0
    with scope(firm.globex.id):
        assert shared.get().verbs != ["*"]


def test_a_tag_of_another_organisation_cannot_be_put_on_an_object(firm, red_and_blue):
    _red, blue = red_and_blue
    with pytest.raises(IntegrityError, match="_same"), scope(firm.acme.id), transaction.atomic():  # noqa: PT012
        Tagging.objects.create(tag_id=blue.pk, noun="site", object_id=1)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
