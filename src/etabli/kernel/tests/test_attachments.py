import io

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction

from etabli.kernel.actors import Actor
from etabli.kernel.attachments import (
    Attachment,
    Link,
    NoSuchObject,
    Note,
    Tag,
    Tagging,
    attach,
    detach,
    link,
    links_of,
    note,
    on,
    tag,
    tags_of,
    target,
    unlink,
    untag,
)
from etabli.kernel.calendars import Calendar
from etabli.kernel.events import Event
from etabli.kernel.files import File, open_file
from etabli.kernel.markdown import render
from etabli.kernel.tenancy import scope

from .conftest import give_screen


def viewer(world) -> Actor:
    return Actor(account_id=world.bob.pk, label="Bob", grants={world.acme.pk: frozenset({"*.view"})})


def events() -> list[str]:
    return list(
        Event.objects.exclude(verb__startswith="preference").order_by("pk").values_list("verb", flat=True)
    )


def test_a_tag_is_put_once_and_taken_off_with_an_event_each(at_acme, calendar):
    urgent = Tag.objects.create(name="Urgent")
    tag(calendar, urgent, actor=at_acme.admin)
    tag(calendar, urgent, actor=at_acme.admin)
    assert list(tags_of(calendar)) == [urgent]
    untag(calendar, urgent, actor=at_acme.admin)
    untag(calendar, urgent, actor=at_acme.admin)
    assert events() == ["calendar.tagged", "calendar.untagged"]


def test_a_tag_name_is_once_in_an_organisation_whatever_its_case(at_acme):
    Tag.objects.create(name="Urgent")
    with pytest.raises(IntegrityError), transaction.atomic():
        Tag.objects.create(name="URGENT")


def test_a_tag_of_another_organisation_is_refused_by_the_action_and_by_the_database(world, monkeypatch):
    give_screen(monkeypatch)
    with scope(world.acme.pk, world.globex.pk):
        mine = Calendar.objects.create(name="Shop", organisation=world.acme)
        foreign = Tag.objects.create(name="Urgent", organisation=world.globex)
        with pytest.raises(ValidationError):
            tag(mine, foreign, actor=world.admin)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(IntegrityError), transaction.atomic():
            Tagging.objects.create(tag=foreign, **on(mine))


def test_a_note_keeps_its_author_and_refuses_to_be_empty(at_acme, calendar):
    made = note(calendar, " **Call** the baker \n", actor=at_acme.admin, pinned=True)
    assert (made.author, made.account, made.text, made.pinned) == (
        "Boss",
        at_acme.boss,
        "**Call** the baker",
        True,
    )
    assert Note.objects.get(**on(calendar)) == made
    with pytest.raises(ValidationError):
        note(calendar, "  ", actor=at_acme.admin)
    assert events() == ["calendar.noted"]


def test_a_file_is_attached_and_its_row_goes_with_its_last_attachment(at_acme, calendar):
    made = attach(calendar, io.BytesIO(b"hello"), name="a.txt", actor=at_acme.admin)
    with open_file(made.file) as content:
        assert content.read() == b"hello"
    other = Attachment.objects.create(file=made.file, **on(calendar))
    detach(made, actor=at_acme.admin)
    assert File.objects.count() == 1
    detach(other, actor=at_acme.admin)
    assert File.objects.count() == 0
    assert events() == ["calendar.attached", "calendar.detached", "calendar.detached"]


def test_a_link_is_stored_once_and_read_from_both_ends(at_acme, calendar):
    other = Calendar.objects.create(name="Nights")
    made = link(calendar, other, relation="depends", actor=at_acme.admin)
    assert link(calendar, other, relation="depends", actor=at_acme.admin) == made
    (from_here,), (from_there,) = links_of(calendar), links_of(other)
    assert (str(from_here.label), from_here.object_id) == ("depends on", other.pk)
    assert (str(from_there.label), from_there.object_id) == ("is needed by", calendar.pk)
    unlink(made, actor=at_acme.admin)
    assert links_of(other) == []
    assert events() == ["calendar.linked"] * 2 + ["calendar.unlinked"] * 2


def test_a_symmetric_link_is_the_same_from_the_other_end(at_acme, calendar):
    other = Calendar.objects.create(name="Nights")
    made = link(calendar, other, actor=at_acme.admin)
    assert link(other, calendar, actor=at_acme.admin) == made
    assert Link.objects.count() == 1


def test_a_link_does_not_leave_the_organisation_nor_return_to_its_start(world, monkeypatch):
    give_screen(monkeypatch)
    with scope(world.acme.pk, world.globex.pk):
        mine = Calendar.objects.create(name="Shop", organisation=world.acme)
        foreign = Calendar.objects.create(name="Shop", organisation=world.globex)
        for other in (foreign, mine):
            with pytest.raises(ValidationError):
                link(mine, other, actor=world.admin)
        with pytest.raises(ValidationError):
            link(
                mine,
                Calendar.objects.create(name="Nights", organisation=world.acme),
                relation="eats",
                actor=world.admin,
            )


def test_who_may_only_look_adds_nothing(at_acme, calendar):
    looker = viewer(at_acme)
    other = Calendar.objects.create(name="Nights")
    with pytest.raises(PermissionDenied):
        tag(calendar, Tag.objects.create(name="Urgent"), actor=looker)
    with pytest.raises(PermissionDenied):
        note(calendar, "x", actor=looker)
    with pytest.raises(PermissionDenied):
        attach(calendar, b"x", name="x", actor=looker)
    with pytest.raises(PermissionDenied):
        link(calendar, other, actor=looker)
    assert events() == []


def test_a_target_is_found_only_where_the_actor_may_see_it(world, monkeypatch):
    give_screen(monkeypatch)
    with scope(world.acme.pk, world.globex.pk):
        mine = Calendar.objects.create(name="Shop", organisation=world.acme)
        foreign = Calendar.objects.create(name="Shop", organisation=world.globex)
        assert target("calendar", mine.pk, actor=viewer(world)) == mine
        for noun, pk, act in [
            ("calendar", foreign.pk, "view"),
            ("calendar", mine.pk, "change"),
            ("nothing", 1, "view"),
        ]:
            with pytest.raises(NoSuchObject):
                target(noun, pk, actor=viewer(world), act=act)
    with scope(world.acme.pk), pytest.raises(NoSuchObject):
        target("calendar", foreign.pk, actor=world.admin)


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "![x](https://spy.example.com/pixel.png)",
        '<a href="data:text/html,x">x</a>',
    ],
)
def test_markdown_never_runs_nor_fetches_anything(text):
    made = render(text)
    for bad in ("<script", "<img", '<a href="javascript', '<a href="data'):
        assert bad not in made


def test_markdown_shows_headings_lists_tables_and_links():
    made = render("# A\n\n- b\n\n| c | d |\n|---|---|\n| e | f |\n\n[g](https://example.com)")
    assert "<h1>A</h1>" in made
    assert "<li>b</li>" in made
    assert "<td>e</td>" in made
    assert '<a href="https://example.com" rel="noopener noreferrer nofollow">g</a>' in made
