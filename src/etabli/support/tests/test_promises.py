"""What is promised: typed as a table, replaced together, kept by the tickets it was promised to."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from etabli.kernel.events import Event
from etabli.kernel.screens import registry
from etabli.kernel.tenancy import scope
from etabli.support.clocks.policies import Clock
from etabli.support.durations import minutes_of, typed
from etabli.support.levels import (
    Promise,
    create_usual,
    make_default,
    promise,
    promises_of,
    set_targets,
    usual,
)
from etabli.support.moving import move
from etabli.support.opening import Caller, Words
from etabli.support.prioritising import override
from etabli.support.promises import Deadline, ServiceLevel, ServiceTarget, refresh
from etabli.support.talking import receive
from etabli.support.tickets import Service, Ticket

from .promised import HOUR, MINUTE, MONDAY, level, opened, read_afresh, team, told

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("4 h", 240), ("30 min", 30), ("1 h 30", 90), ("1h30", 90), ("1 h 05 min", 65), ("2 heures", 120), ("45mn", 45),
     ("  ", None), ("8\u00a0h", 480)],
)  # fmt: skip
def test_a_delay_is_read_as_people_type_it(text: str, minutes: int | None) -> None:
    assert minutes_of(text) == minutes


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("2 j", "write hours"), ("1 day", "write hours"), ("1,5 jours", "write hours"), ("4", "is not a delay"),
     ("1 h 75", "is not a delay"), ("soon", "is not a delay"), ("0 h", "from a minute"), ("99999 h", "to a year")],
)  # fmt: skip
def test_what_is_no_delay_is_told(text: str, sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        minutes_of(text)


@pytest.mark.parametrize("minutes", [1, 59, 60, 90, 125, 60 * 80])
def test_a_delay_typed_back_is_the_same(minutes: int) -> None:
    assert minutes_of(typed(minutes)) == minutes


def test_the_delays_of_a_level_are_written_together_and_told(provider_desk: Any) -> None:
    firm, actor = provider_desk
    made = level(firm, actor, solve=480)
    version = ServiceLevel.objects.get(pk=made.pk).version
    set_targets(made, [Promise(Clock.SOLVE, 1, 240, always=True)], actor=actor)
    assert promises_of(made) == [Promise("solve", 1, 240, always=True)]
    event = Event.objects.filter(verb="servicelevel.targets_set").latest("id")
    assert "solution P1 : 4 h (round the clock)" in event.extra["text"]
    assert len(event.extra["before"]) == 5
    assert ServiceLevel.objects.get(pk=made.pk).version == version + 1
    before = Event.objects.count()
    set_targets(made, [Promise(Clock.SOLVE, 1, 240, always=True)], actor=actor)
    assert Event.objects.count() == before  # the same again is no news


def test_what_makes_no_sense_is_refused_with_a_sentence(provider_desk: Any, actor_of: Any) -> None:
    firm, actor = provider_desk
    made = level(firm, actor, solve=480)
    theirs = team(firm, "Level 2")
    other = type(theirs).objects.create(organisation=firm.globex.organisation, name="Theirs")
    for promises, sentence in (
        (
            [Promise("solve", 1, 480), Promise("solve", 2, 240)],
            "priority 1 has a longer delay than priority 2",
        ),
        ([Promise("team", 1, 480)], "Only the time in a team"),
        ([Promise("solve", 1, 480, team=theirs.pk)], "Only the time in a team"),
        ([Promise("team", 1, 480, team=other.pk)], "There is no team"),
        ([Promise("solve", 6, 480)], "from 1 to 5"),
    ):
        with pytest.raises(ValidationError, match=sentence):
            set_targets(made, promises, actor=actor)
    # Round the clock against opening hours does not compare.
    set_targets(made, [Promise("solve", 1, 480, always=True), Promise("solve", 2, 240)], actor=actor)
    set_targets(made, [Promise("team", 1, 60, team=theirs.pk)], actor=actor)
    with pytest.raises(PermissionDenied):
        set_targets(made, [], actor=actor_of(firm.provider.technician))


def test_the_table_is_a_page_and_an_operation(provider_desk: Any, client_of: Any) -> None:
    firm, actor = provider_desk
    made = level(firm, actor, solve=480)
    browser = client_of(firm.provider.administrator)
    page = browser.get(f"/servicelevels/{made.pk}/act/targets/")
    assert 'value="8 h"' in page.text
    sent = {"targets__solve__1": "4 h", "targets__solve__1__always": "1", "targets__take_charge__1": "2 j"}
    refused = browser.post(f"/servicelevels/{made.pk}/act/targets/", sent)
    assert refused.status_code == 422
    assert "taking charge, P1: “2 j”: write hours" in refused.text
    assert 'value="2 j"' in refused.text  # nothing typed is lost
    done = browser.post(
        f"/servicelevels/{made.pk}/act/targets/", {**sent, "targets__take_charge__1": "15 min"}
    )
    assert done.status_code == 302
    assert promises_of(made) == [Promise("solve", 1, 240, always=True), Promise("take_charge", 1, 15)]
    body = {"targets": [{"clock": "solve", "priority": 2, "delay": "1 h 30"}]}
    answer = browser.post(f"/api/v1/servicelevels/{made.pk}/targets", body, content_type="application/json")
    assert answer.status_code in {200, 403}
    if answer.status_code == 200:
        assert promises_of(made) == [Promise("solve", 2, 90)]


def test_one_level_is_the_default_one(provider_desk: Any) -> None:
    firm, actor = provider_desk
    gold, silver = level(firm, actor, solve=480), level(firm, actor, "Silver", default=False, solve=960)
    make_default(silver, actor=actor)
    assert not ServiceLevel.objects.get(pk=gold.pk).is_default
    with pytest.raises(ValidationError, match="already"):
        make_default(silver, actor=actor)
    assert opened(firm, actor).level == silver


def test_the_usual_level_is_offered_once(provider_desk: Any, client_of: Any) -> None:
    firm, actor = provider_desk
    browser = client_of(firm.provider.administrator)
    assert "/servicelevels/usual/" in browser.get("/servicelevels/").text
    assert browser.post("/servicelevels/usual/").status_code == 302
    made = ServiceLevel.objects.get(organisation=firm.provider.id)
    assert made.is_default
    assert sorted(promises_of(made), key=lambda one: one.key) == sorted(usual(), key=lambda one: one.key)
    with pytest.raises(ValidationError, match="already"):
        create_usual(firm.provider.id, actor=actor)


def test_a_level_that_was_promised_is_not_deleted(provider_desk: Any) -> None:
    firm, actor = provider_desk
    screen, gold = registry[ServiceLevel], level(firm, actor, solve=480)
    silver = level(firm, actor, "Silver", default=False, solve=960)
    ticket = opened(firm, actor)
    promise(ticket, silver, actor=actor)  # gold is only in the facts from now on
    with scope(firm.provider.id):  # the tickets of clients are out of sight, and count all the same
        for one in (gold, silver):
            with pytest.raises(ValidationError, match="was promised to tickets"):
                screen.delete(ServiceLevel.objects.get(pk=one.pk), actor)
        free = level(firm, actor, "Bronze", default=False, solve=960)
        screen.delete(free, actor)
    assert not ServiceLevel.objects.filter(pk=free.pk).exists()


def test_another_promise_keeps_the_pauses_and_the_time_used(provider_desk: Any) -> None:
    firm, actor = provider_desk
    level(firm, actor, solve=480)
    silver = level(firm, actor, "Silver", default=False, solve=120)
    ticket = opened(firm, actor)
    move(ticket, "take", actor=actor, assignee=firm.provider.technician, at=MONDAY)
    move(ticket, "wait", actor=actor, waiting="user", reason="Which one?", at=MONDAY + 30 * MINUTE)
    move(ticket, "resume", actor=actor, at=MONDAY + 90 * MINUTE)
    promise(ticket, silver, actor=actor, reason="a VIP", at=MONDAY + 100 * MINUTE)
    # Two hours from 9:00 with one hour of pause: noon in Paris.
    row = Deadline.objects.get(ticket=ticket, clock=Clock.SOLVE)
    assert (row.due_at, row.minutes) == (MONDAY + 3 * HOUR, 120)
    with pytest.raises(ValidationError, match="promised already"):
        promise(ticket, silver, actor=actor)
    promise(ticket, None, actor=actor, at=MONDAY + 2 * HOUR)
    assert not Deadline.objects.filter(ticket=ticket).exists()


def test_another_priority_keeps_the_time_used(provider_desk: Any) -> None:
    firm, actor = provider_desk
    made = level(firm, actor, solve=480)
    set_targets(made, [Promise("solve", 1, 120), Promise("solve", 4, 480)], actor=actor)
    ticket = opened(firm, actor)
    assert ticket.priority == 4
    override(ticket, 1, actor=actor, because="the boss", at=MONDAY + HOUR)
    row = Deadline.objects.get(ticket=ticket, clock=Clock.SOLVE)
    assert (row.minutes, row.due_at) == (120, MONDAY + 2 * HOUR)
    assert Ticket.objects.get(pk=ticket.pk).due_at == MONDAY + 2 * HOUR


def test_a_client_alone_reads_what_its_provider_promises(provider_desk: Any, actor_of: Any) -> None:
    firm, actor = provider_desk
    level(firm, actor, solve=480)
    own = actor_of(firm.acme.technician)
    with scope(*own.places):
        ticket = opened(firm, own)
        row = Deadline.objects.get(ticket=ticket, clock=Clock.SOLVE)
        assert row.minutes == 480
        assert ServiceTarget.objects.count() == 5


def test_a_closed_ticket_keeps_what_was_true(provider_desk: Any) -> None:
    firm, actor = provider_desk
    made = level(firm, actor, solve=480, take_charge=60)
    ticket = move(opened(firm, actor), "solve", actor=actor, solution="Done", at=MONDAY + HOUR)
    ticket = move(ticket, "close", actor=actor, at=MONDAY + 2 * HOUR)
    before = told(ticket)
    set_targets(made, [Promise("solve", 4, 1)], actor=actor)
    receive(ticket, Words("Again"), Caller(person=ticket.requester), actor=actor, channel="mail")
    refresh(Ticket.objects.get(pk=ticket.pk))
    assert told(ticket) == before
    assert read_afresh(ticket) != before  # read anew, it would have been another story


def test_a_new_service_brings_its_level_unless_another_was_promised(
    provider_desk: Any, client_of: Any
) -> None:
    firm, actor = provider_desk
    level(firm, actor, solve=480)
    vital = level(firm, actor, "Vital", default=False, solve=60)
    service = Service.objects.create(organisation=firm.provider.organisation, name="Payroll", level=vital)
    ticket = opened(firm, actor)
    browser = client_of(firm.provider.administrator)
    sent = {"title": ticket.title, "kind": "incident", "channel": "phone", "requester": ticket.requester_id,
            "impact": 1, "urgency": 2, "service": service.pk}  # fmt: skip
    assert browser.post(f"/tickets/{ticket.pk}/edit/", sent).status_code == 302
    ticket.refresh_from_db()
    assert (ticket.level, Deadline.objects.get(ticket=ticket).minutes) == (vital, 60)
    by_hand = level(firm, actor, "Special", default=False, solve=30)
    promise(ticket, by_hand, actor=actor)
    assert browser.post(f"/tickets/{ticket.pk}/edit/", {**sent, "service": ""}).status_code == 302
    ticket.refresh_from_db()
    assert ticket.level == by_hand
