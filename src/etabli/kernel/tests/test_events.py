"""One event a change, in the transaction of the change, for ever; reactions run once, where the event happened."""

import pytest
from django.db import DatabaseError, connection, transaction

from etabli.kernel import events, jobs, tenancy
from etabli.kernel.actors import SYSTEM, Actor
from etabli.kernel.attachments import Tag
from etabli.kernel.events import Event, difference, publish, react, snapshot, together
from etabli.kernel.reactions import run_reaction
from etabli.kernel.search import SearchEntry
from etabli.kernel.tenancy import scope

ANNE = Actor(account_id=None, label="Anne", source="command")


@pytest.fixture
def at_acme(firm):
    with scope(firm.acme.id):
        yield firm


@pytest.fixture
def red(at_acme):
    return Tag.objects.create(name="red")


@pytest.fixture
def reactions(monkeypatch):
    """What this test declares is forgotten after it."""
    monkeypatch.setattr(
        events, "_reactions", {k: list(v) for k, v in events._reactions.items()} | {"tag.painted": []}
    )
    return events._reactions


def queued() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo' AND task_name LIKE '%run_reaction'"
        )
        return cursor.fetchone()[0]


def test_an_event_tells_who_did_what_to_which_object_and_what_changed(red):
    before = snapshot(red)
    red.name = "blue"
    event = publish(red, "tag.changed", actor=ANNE, changes=difference(before, snapshot(red)))
    event.refresh_from_db()
    assert (event.verb, event.noun, event.object_id, event.label) == ("tag.changed", "tag", red.pk, "blue")
    assert (event.actor, event.source, event.organisation_id) == ("Anne", "command", red.organisation_id)
    assert event.changes == {"name": ["red", "blue"]}


def test_a_snapshot_has_neither_dates_nor_counters_and_names_its_relations(at_acme, maker):
    from etabli.people.models import Room

    room = maker(at_acme.acme).get(Room)
    values = snapshot(room)
    assert values["site"] == {"id": room.site_id, "text": room.site.name}
    assert values["floor"] is None
    assert not {"version", "updated_at", "organisation", "id"} & values.keys()


def test_a_relation_out_of_sight_is_kept_by_its_number_only(at_acme):
    at_acme.acme.organisation.refresh_from_db()
    assert snapshot(at_acme.acme.organisation)["parent"] == {"id": at_acme.provider.id, "text": ""}


def test_nothing_differs_from_itself():
    assert difference({"a": 1, "b": None}, {"a": 1, "b": None}) == {}
    assert difference({"a": 1}, {"a": 2, "b": "new"}) == {"a": [1, 2], "b": [None, "new"]}


@pytest.mark.parametrize(
    "sql",
    ["UPDATE kernel_event SET actor = 'nobody' WHERE id = %s", "DELETE FROM kernel_event WHERE id = %s"],
)
def test_the_database_refuses_to_change_or_delete_an_event(red, sql):
    event = publish(red, "tag.created", actor=ANNE)
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql, [event.pk])
    event.refresh_from_db()
    assert event.actor == "Anne"


def test_an_event_goes_with_a_change_taken_back(at_acme):
    with transaction.atomic():
        publish(Tag.objects.create(name="gone"), "tag.created", actor=ANNE)
        assert SearchEntry.objects.filter(noun="tag").exists()
        transaction.set_rollback(True)
    assert not Event.objects.exists()
    assert not SearchEntry.objects.filter(noun="tag").exists()


def test_events_together_are_written_in_order_with_their_search_entries(
    at_acme, reactions, django_assert_max_num_queries
):
    tags = [Tag.objects.create(name=f"tag {n}") for n in range(5)]
    with (
        django_assert_max_num_queries(7),
        together(),
    ):  # a scope (4), events, search entries, webhooks (remembered 30 s)
        for tag in tags:
            publish(tag, "tag.created", actor=ANNE)
    assert list(Event.objects.order_by("id").values_list("object_id", flat=True)) == [t.pk for t in tags]
    assert SearchEntry.objects.filter(noun="tag").count() == 5


def test_more_events_than_a_group_holds_are_all_written(at_acme, monkeypatch):
    monkeypatch.setattr(events._Group, "size", 3)
    tags = [Tag.objects.create(name=f"tag {n}") for n in range(8)]
    with together(), together():
        for tag in tags:
            publish(tag, "tag.created", actor=ANNE)
    assert Event.objects.count() == 8


def test_events_of_an_inner_scope_are_written_with_the_group(firm):
    with scope(firm.acme.id), together(), scope(firm.globex.id):
        publish(Tag.objects.create(name="blue"), "tag.created", actor=ANNE)
    with scope(firm.globex.id):
        assert Event.objects.get().label == "blue"


def test_a_group_is_no_way_round_the_wall(firm):
    with scope(firm.globex.id):
        blue = Tag.objects.create(name="blue")
    with pytest.raises(DatabaseError, match="row-level security"), scope(firm.acme.id), together():
        publish(blue, "tag.changed", actor=ANNE)


def test_a_group_that_fails_writes_nothing(at_acme, red):
    with pytest.raises(ZeroDivisionError), transaction.atomic(), together():  # noqa: PT012
        publish(red, "tag.changed", actor=ANNE)
        raise ZeroDivisionError
    assert not Event.objects.exists()


def test_a_deleted_object_leaves_the_search(red):
    publish(red, "tag.created", actor=ANNE)
    assert SearchEntry.objects.filter(noun="tag", object_id=red.pk).exists()
    publish(red, "tag.deleted", actor=ANNE)
    assert not SearchEntry.objects.filter(noun="tag", object_id=red.pk).exists()


def test_a_reaction_runs_once_in_the_organisation_of_its_event(at_acme, red, reactions):
    seen = []
    react("tag.painted")(lambda event: seen.append((event.object_id, tenancy.visible())))
    event = publish(red, "tag.painted", actor=ANNE)
    assert seen == []
    assert queued() == 1
    jobs.run_waiting()
    assert seen == [(red.pk, (at_acme.acme.id,))]
    name = reactions["tag.painted"][0][0]
    run_reaction._run(scope=[at_acme.acme.id], event_id=event.pk, reaction=name)
    assert len(seen) == 1


def test_a_reaction_sees_only_its_organisation(firm, reactions):
    seen = []
    react("tag.painted")(lambda event: seen.append(tenancy.visible()))
    with scope(firm.acme.id, firm.globex.id):
        publish(
            Tag.objects.create(name="red", organisation=firm.acme.organisation), "tag.painted", actor=SYSTEM
        )
    jobs.run_waiting()
    assert seen == [(firm.acme.id,)]


def test_a_reaction_that_fails_is_not_counted_as_done(at_acme, red, reactions):
    calls = []

    def fragile(event: Event) -> None:
        calls.append(event.pk)
        if len(calls) == 1:
            raise ValueError("not now")

    react("tag.painted")(fragile)
    event = publish(red, "tag.painted", actor=ANNE)
    name = reactions["tag.painted"][0][0]
    with pytest.raises(ValueError, match="not now"):
        run_reaction._run(scope=[at_acme.acme.id], event_id=event.pk, reaction=name)
    run_reaction._run(scope=[at_acme.acme.id], event_id=event.pk, reaction=name)
    run_reaction._run(scope=[at_acme.acme.id], event_id=event.pk, reaction=name)
    assert len(calls) == 2


def test_the_job_of_a_reaction_goes_with_a_change_taken_back(at_acme, red, reactions):
    react("tag.painted")(lambda event: None)
    with transaction.atomic():
        publish(red, "tag.painted", actor=ANNE)
        transaction.set_rollback(True)
    assert queued() == 0
