"""The sample tickets are such as the desk's own verbs, clocks and matrix would have made them."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone

from etabli.kernel.actors import SYSTEM
from etabli.kernel.calendars import Holiday
from etabli.kernel.events import Event
from etabli.kernel.jobs import Job
from etabli.kernel.tenancy import scope
from etabli.people.actions import start_organisation
from etabli.project.demo import actions
from etabli.project.demo.rhythm import PARIS
from etabli.project.demo.situations import situations
from etabli.support.messages import Message
from etabli.support.outbox import OutgoingMail
from etabli.support.prioritising import computed
from etabli.support.promises import Deadline, refresh
from etabli.support.searching import find
from etabli.support.tickets import OPEN, Category, Ticket, TicketLink

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


@pytest.fixture(scope="module")
def ids(django_db_setup: None, django_db_blocker) -> Iterator[list[int]]:
    """Loaded once beside an organisation of its own; what a test changes is rolled back after it."""
    with django_db_blocker.unblock(), transaction.atomic():
        start_organisation(name="Une entreprise", kind="entity", actor=SYSTEM)
        actions.load(now=timezone.now(), password="a-password-for-tests")
        yield [one.pk for one in actions.sample_organisations()]
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def in_scope(ids: list[int], db: None) -> Iterator[None]:
    with scope(*ids):
        yield


def test_a_situation_says_all_it_needs() -> None:
    found = situations()
    assert len(found) >= 90
    assert all(one.titles and one.asked and one.solution for one in found)
    assert {one.waiting for one in found} == {"", "user", "supplier", "visit"}
    assert {one.top for one in found} >= {
        "Matériel",
        "Réseau",
        "Messagerie",
        "Comptes",
        "Sécurité",
        "Sauvegarde",
    }


def test_a_year_of_tickets_most_of_them_closed() -> None:
    states = Counter(Ticket.objects.values_list("state", flat=True))
    assert 560 <= sum(states.values()) <= 680
    assert states["closed"] > 500
    assert states["solved"] >= 3
    assert 28 <= Ticket.objects.filter(OPEN).count() <= 45
    assert set(Ticket.objects.filter(state="waiting").values_list("waiting", flat=True)) == {
        "user",
        "supplier",
        "visit",
    }
    assert Ticket.objects.filter(OPEN, due_at__lt=timezone.now()).exists()
    assert Ticket.objects.filter(OPEN, owed=True, answered_at__isnull=False).exists()
    assert Ticket.objects.filter(OPEN, requester__vip=True).exists()
    assert not Ticket.objects.filter(active_at__gt=timezone.now()).exists()


def test_people_ask_when_people_work() -> None:
    days = Counter(
        one.astimezone(PARIS).weekday() for one in Ticket.objects.values_list("opened_at", flat=True)
    )
    assert days[0] == max(days.values())
    assert days[5] + days[6] < 0.06 * sum(days.values())
    hours = [
        one.astimezone(PARIS).hour for one in Ticket.objects.filter(~OPEN).values_list("opened_at", flat=True)
    ]
    assert sum(7 <= hour < 19 for hour in hours) > 0.95 * len(hours)
    closed = set(Holiday.objects.values_list("day", flat=True))
    on_holidays = [
        one for one in Ticket.objects.filter(~OPEN) if one.opened_at.astimezone(PARIS).date() in closed
    ]
    assert len(on_holidays) < 8


def test_clocks_read_again_say_what_is_kept() -> None:
    now = timezone.now()
    for ticket in Ticket.objects.order_by("?").select_related("level__calendar", "service")[:60]:
        before = {(one.clock, one.question): (one.due_at, one.stopped_at) for one in ticket.deadlines.all()}
        due = ticket.due_at, ticket.due_clock
        assert before
        refresh(ticket, now=now)
        after = {(one.clock, one.question): (one.due_at, one.stopped_at) for one in ticket.deadlines.all()}
        assert after == before
        assert (ticket.due_at, ticket.due_clock) == due


def test_priorities_are_those_of_the_matrix() -> None:
    for ticket in Ticket.objects.order_by("?").select_related("service", "requester")[:60]:
        assert computed(ticket).level == ticket.priority, ticket
    assert len(set(Ticket.objects.values_list("priority", flat=True))) >= 4


def test_states_and_dates_agree() -> None:
    wrong = Q(state="closed", closed_at=None) | Q(state__in=["solved", "closed"], solved_at=None)
    wrong |= Q(state="new") & ~Q(assignee=None) | Q(state="in_progress", assignee=None)
    wrong |= Q(state="waiting", waiting="visit", visit_at=None)
    assert not Ticket.objects.filter(wrong).exists()
    told = Ticket.objects.annotate(n=Count("messages"))
    assert told.filter(n__gte=3).count() > 0.6 * told.count()
    assert Message.objects.filter(kind="note").count() > 200
    assert not Message.objects.filter(Q(text__contains="{") | Q(text="")).exists()


def test_nothing_is_to_leave_or_to_be_done() -> None:
    assert OutgoingMail.objects.count() > 500
    assert set(OutgoingMail.objects.values_list("state", flat=True)) == {"sent"}
    assert not OutgoingMail.objects.filter(sent_at=None).exists()
    assert not Job.objects.filter(state=Job.State.QUEUED).exists()
    assert not Deadline.objects.filter(next_at__lt=timezone.now()).exists()


def test_one_incident_goes_on_and_links_hold() -> None:
    major = Ticket.objects.get(kind="major")
    assert major.state == "in_progress"
    assert major.linked.filter(relation="child").count() >= 8
    assert major.opened_at > timezone.now() - timedelta(hours=4)
    assert major.messages.filter(kind="reply").count() >= 4
    relations = Counter(TicketLink.objects.values_list("relation", flat=True))
    assert set(relations) == {"child", "caused", "duplicate"}
    assert Ticket.objects.filter(kind="problem").count() == 2


def test_what_the_provider_sets_up_serves_its_clients(ids: list[int]) -> None:
    assert set(Category.objects.values_list("organisation", flat=True)) == {ids[0]}
    assert not Ticket.objects.filter(
        Q(category=None) | Q(service=None) | Q(team=None) | Q(level=None)
    ).exists()
    assert Ticket.objects.exclude(assets=None).count() > 250


def test_events_tell_each_ticket_from_its_opening() -> None:
    opened = Event.objects.filter(verb="ticket.opened")
    assert opened.count() == Ticket.objects.count()
    dates = dict(opened.values_list("object_id", "at"))
    assert all(dates[key] == at for key, at in Ticket.objects.values_list("pk", "opened_at"))


def test_they_are_found_by_their_words() -> None:
    assert find("hameçonnage", notes=True)
    assert find("imprimente", notes=True)
    one = Ticket.objects.exclude(requester=None).select_related("requester").order_by("-pk")[0]
    assert one.pk in find(one.requester.name, notes=True)
