import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from etabli.kernel.actors import Actor
from etabli.kernel.events import Event
from etabli.kernel.savedviews import SavedView, delete_view, rename_view, save_view, views_of


def looker(world) -> Actor:
    return Actor(account_id=world.bob.pk, label="Bob", grants={world.acme.pk: frozenset({"*.view"})})


def save(world, name, query="?state=broken", *, actor, shared=False):
    return save_view("assets", name, query, organisation=world.acme.pk, actor=actor, shared=shared)


def test_the_same_name_again_replaces_the_view(at_acme):
    first = save(at_acme, "Broken", actor=at_acme.admin)
    again = save(at_acme, " Broken ", "state=dead", actor=at_acme.admin)
    assert (again.pk, SavedView.objects.get().query) == (first.pk, "state=dead")
    verbs = Event.objects.order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["savedview.created", "savedview.changed"]


def test_each_sees_its_own_views_and_the_shared_ones_in_order(at_acme):
    save(at_acme, "Boss only", actor=at_acme.admin)
    save(at_acme, "Zulu", actor=looker(at_acme))
    save(at_acme, "Alpha", actor=looker(at_acme))
    save(at_acme, "All", actor=at_acme.admin, shared=True)
    assert [v.name for v in views_of("assets", looker(at_acme))] == ["All", "Zulu", "Alpha"]


def test_a_shared_view_needs_the_verb_and_somebody_elses_is_untouchable(at_acme):
    shared = save(at_acme, "All", actor=at_acme.admin, shared=True)
    private = save(at_acme, "Mine", actor=at_acme.admin)
    for view in (shared, private):
        with pytest.raises(PermissionDenied):
            rename_view(view, "Stolen", actor=looker(at_acme))
        with pytest.raises(PermissionDenied):
            delete_view(view, actor=looker(at_acme))
    with pytest.raises(PermissionDenied):
        save(at_acme, "All", actor=looker(at_acme), shared=True)
    with pytest.raises(PermissionDenied):
        save(at_acme, "Mine", actor=Actor(account_id=99, label="Stranger"))


def test_a_view_is_renamed_unless_the_name_is_taken_and_deleted(at_acme):
    one, two = (save(at_acme, name, actor=at_acme.admin) for name in ("One", "Two"))
    with pytest.raises(ValidationError):
        rename_view(one, "Two", actor=at_acme.admin)
    one.refresh_from_db()
    rename_view(one, "First", actor=at_acme.admin)
    assert Event.objects.get(verb="savedview.changed").changes == {"name": ["One", "First"]}
    delete_view(two, actor=at_acme.admin)
    assert [v.name for v in SavedView.objects.all()] == ["First"]
