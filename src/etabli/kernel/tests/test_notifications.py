import pytest
from django.core import mail as outbox

from etabli.kernel import jobs, preferences
from etabli.kernel.actors import SYSTEM
from etabli.kernel.calendars import default_calendar
from etabli.kernel.notifications import (
    Notification,
    NotificationChoice,
    choose,
    declare_kind,
    kinds,
    mail_notification,
    mark_read,
    notify,
    unread,
)
from etabli.kernel.tenancy import NoOrganisation, scope

WAY = NotificationChoice.Way


@pytest.fixture
def kind(monkeypatch) -> str:
    monkeypatch.setitem(kinds, "test.kind", None)
    declare_kind("test.kind", "A test", way=WAY.MAIL)
    return "test.kind"


def test_each_account_is_told_as_it_chose(at_acme, kind):
    choose(at_acme.bob, kind, WAY.NONE)
    rows = notify([at_acme.boss, at_acme.bob, at_acme.boss], kind=kind, title="Hello", url="/x/")
    assert [row.account_id for row in rows] == [at_acme.boss.pk]
    choose(at_acme.bob, kind, WAY.APP)
    notify([at_acme.bob], kind=kind, title="Hello")
    jobs.run_waiting()
    assert [m.to for m in outbox.outbox] == [["boss@example.com"]]


def test_one_mail_a_notification_with_a_link_when_the_address_is_known(at_acme, kind):
    preferences.set_value("pages.url", "https://etabli.example.com/", organisation=None, actor=SYSTEM)
    (row,) = notify([at_acme.boss], kind=kind, title="A ticket", text="Please look.", url="/tickets/1/")
    jobs.run_waiting()
    mail_notification.function(notification_id=row.pk)
    (message,) = outbox.outbox
    assert message.subject == "A ticket"
    assert message.body == "A ticket\n\nPlease look.\n\nhttps://etabli.example.com/tickets/1/"


def test_an_account_that_may_not_log_in_is_not_told(at_acme, kind):
    at_acme.bob.is_active = False
    assert notify([at_acme.bob], kind=kind, title="Hello") == []


def test_it_belongs_to_the_organisation_of_its_object_and_is_unread_there_only(world, kind):
    with scope(world.acme.pk, world.globex.pk):
        (row,) = notify([world.boss], kind=kind, title="Hello", obj=default_calendar(world.globex.pk))
        assert (row.organisation_id, row.noun) == (world.globex.pk, "calendar")
        with pytest.raises(NoOrganisation):
            notify([world.boss], kind=kind, title="Hello")
    with scope(world.acme.pk):
        assert not unread(world.boss).exists()
    with scope(world.globex.pk):
        assert unread(world.boss).get() == row


def test_only_ones_own_notifications_are_marked_read(at_acme, kind):
    (mine,) = notify([at_acme.bob], kind=kind, title="Mine")
    (other,) = notify([at_acme.boss], kind=kind, title="Other")
    assert mark_read(at_acme.bob, [mine.pk, other.pk]) == 1
    assert mark_read(at_acme.bob) == 0
    assert Notification.objects.get(read_at=None) == other
