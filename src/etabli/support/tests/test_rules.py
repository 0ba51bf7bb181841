"""Macros, quick tickets, rules of events and of time, recurring tickets."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from etabli.kernel.events import Event
from etabli.kernel.jobs import run_waiting
from etabli.kernel.tenancy import scope
from etabli.people.models import Team
from etabli.support.conditions import Look, judge, working_days
from etabli.support.firing import ask_rules, ask_time_rule, look_at_time, try_rule
from etabli.support.macros import Macro, QuickTicket, foresee, open_quick, run_macro
from etabli.support.messages import Message
from etabli.support.moving import move
from etabli.support.opening import Caller, Words
from etabli.support.promises import ServiceLevel, ServiceTarget
from etabli.support.rules import Rule, RuleFiring
from etabli.support.states import State
from etabli.support.steps import check
from etabli.support.talking import answer, note
from etabli.support.tickets import Ticket
from etabli.support.timing import TimeEntry

from .desk import OFFICE
from .work import MONDAY, desk, opened, person

__all__ = ["desk"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]
RESET = [
    {"do": "move", "with": "move:take"},
    {"do": "answer", "text": "Your password is reset, {{first_name}}."},
    {"do": "time", "minutes": 5},
    {"do": "move", "with": "move:solve", "text": "Password reset."},
]


def macro(firm: Any, steps: Any, name: str = "Reset") -> Macro:
    made = Macro(organisation=firm.provider.organisation, name=name, steps=steps)
    made.full_clean()
    made.save()
    return made


def rule(firm: Any, name: str = "Rule", **told: Any) -> Rule:
    words: dict[str, Any] = {
        "steps": [{"do": "note", "text": f"By {name}"}],
        "events": ["ticket.opened"],
        **told,
    }
    made = Rule(organisation=firm.provider.organisation, name=name, **words)
    made.full_clean()
    made.save()
    return made


def test_a_macro_does_every_step(desk: Any) -> None:
    firm, actor = desk
    ticket = run_macro(opened(firm, actor), macro(firm, RESET), actor=actor)
    assert (ticket.state, ticket.solution) == (State.SOLVED, "Password reset.")
    assert Message.objects.get(kind="reply").text == "Your password is reset, Claire."
    assert TimeEntry.objects.get().minutes == 5


def test_a_macro_that_refuses_does_nothing_and_says_which_step(desk: Any) -> None:
    firm, actor = desk
    ticket = opened(firm, actor)
    bad = macro(firm, [{"do": "note", "text": "First"}, {"do": "move", "with": "move:resume"}])
    with pytest.raises(ValidationError, match="Step 2, “Change the state”: It is new"):
        run_macro(ticket, bad, actor=actor)
    assert not Message.objects.filter(kind="note").exists()
    hole = macro(firm, [{"do": "answer", "text": "On {{visit}}"}], "Hole")
    with pytest.raises(ValidationError, match="variables are empty for this ticket: visit"):
        run_macro(ticket, hole, actor=actor)


def test_what_a_macro_would_do_is_told_without_doing_it(desk: Any) -> None:
    firm, actor = desk
    ticket = opened(firm, actor)
    events = Event.objects.count()
    (told,) = foresee([ticket], macro(firm, RESET), actor=actor)
    assert told.changes["state"] == ["new", "solved"]
    assert set(told.added) == {"messages : +1", "time entries : +1"}
    assert Event.objects.count() == events
    assert Ticket.objects.get().state == State.NEW


def test_a_macro_on_many_tickets_shows_what_will_change(firm: Any, client_of: Any, actor_of: Any) -> None:
    actor = actor_of(firm.provider.technician)
    with scope(*actor.places):
        tickets, made = [opened(firm, actor) for _n in range(3)], macro(firm, RESET)
    browser = client_of(firm.provider.technician)
    sent = {"ids": [one.pk for one in tickets], "macro": made.pk, "confirmed": "1"}
    shown = browser.post("/tickets/bulk/macro/", {**sent, "preview": "1"}).content.decode()
    assert "State : solved" in shown
    assert browser.post("/tickets/bulk/macro/", sent).status_code == 302
    with scope(*actor.places):
        assert Ticket.objects.filter(state=State.SOLVED).count() == 3


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ({"do": "fly"}, "Choose what this step does"),
        ({"do": "assign"}, "Choose what “Assign” is done with"),
        ({"do": "assign", "with": "kind:request"}, "does not take this choice"),
        ({"do": "note"}, "Write the text of"),
        ({"do": "time"}, "how many minutes"),
        ({"do": "answer", "text": "{{nobody}}"}, "There is no variable"),
        ({"do": "move", "with": "move:fly"}, "does not take this choice"),
    ],
)
def test_a_step_that_could_never_be_done_is_refused(step: Any, told: str) -> None:
    with pytest.raises(ValidationError, match=f"Line 1: .*{told}"):
        check([step])


def test_a_quick_ticket_is_opened_and_solved_in_one_click(firm: Any, client_of: Any, actor_of: Any) -> None:
    actor = actor_of(firm.provider.technician)
    with scope(*actor.places):
        quick = QuickTicket.objects.create(
            organisation=firm.provider.organisation,
            name="Reset",
            title="Forgotten password",
            macro=macro(firm, RESET),
        )
        who = person(firm)
    browser = client_of(firm.provider.technician)
    page = browser.get(f"/quick-tickets/{quick.pk}/open/").content.decode()
    assert "Log time : 5 min" in page
    assert browser.post(f"/quick-tickets/{quick.pk}/open/", {}).status_code == 422
    assert browser.post(f"/quick-tickets/{quick.pk}/open/", {"requester": who.pk}).status_code == 302
    with scope(*actor.places):
        ticket = Ticket.objects.get()
        assert (ticket.organisation_id, ticket.state, ticket.title) == (
            firm.acme.id,
            "solved",
            "Forgotten password",
        )
        with pytest.raises(ValidationError, match="Say who asks"):
            open_quick(quick, Caller(), organisation=firm.acme.id, actor=actor)


def test_a_rule_fires_once_for_an_event_and_says_why(desk: Any) -> None:
    firm, actor = desk
    network = Team.objects.create(organisation=firm.provider.organisation, name="Network")
    rule(
        firm,
        all_of=[{"field": "title", "op": "contains", "text": "RÉSEAU"}],
        any_of=[
            {"field": "priority", "op": "is", "value": "priority:1"},
            {"field": "state", "op": "is", "value": "state:new"},
        ],
        steps=[{"do": "assign", "with": f"team:{network.pk}"}],
    )
    ticket, other = opened(firm, actor, title="Plus de reseau"), opened(firm, actor, title="Printer")
    run_waiting()
    ticket.refresh_from_db()
    assert ticket.team == network
    assert Ticket.objects.get(pk=other.pk).team is None
    firing = RuleFiring.objects.get()
    assert firing.done
    assert [(w["field"], w["seen"], w["met"]) for w in firing.why] == [
        ("Subject", "Plus de reseau", True),
        ("Priority", "P4", False),
        ("State", "new", True),
    ]
    ask_rules(Event.objects.get(verb="ticket.opened", object_id=ticket.pk))
    assert RuleFiring.objects.count() == 1


def test_rules_come_in_order_and_one_may_stop_those_after_it(desk: Any) -> None:
    firm, actor = desk
    rule(firm, "Second", position=2)
    rule(firm, "First", position=1, stops=True)
    opened(firm, actor)
    run_waiting()
    assert [one.name for one in RuleFiring.objects.all()] == ["First"]


def test_rules_do_not_answer_their_own_work_for_ever(desk: Any) -> None:
    firm, actor = desk
    rule(firm, "Noter", events=["ticket.noted"])
    rule(firm, "Echo", events=["ticket.noted"])
    note(opened(firm, actor), Words("Start"), actor=actor)
    assert run_waiting(400) < 400
    # Each answers the note of a person, and each the note of the other: never its own, never twice in a chain.
    assert sorted(one.name for one in RuleFiring.objects.all()) == ["Echo", "Echo", "Noter", "Noter"]


def test_a_rule_works_in_the_scope_of_the_client_without_losing_a_promise_of_the_provider(desk: Any) -> None:
    firm, actor = desk
    made = ServiceLevel.objects.create(organisation=firm.provider.organisation, name="Gold", is_default=True)
    for clock in ("take_charge", "solve"):
        ServiceTarget.objects.create(
            organisation=made.organisation, level=made, clock=clock, priority=4, minutes=60
        )
    rule(firm, steps=[{"do": "answer", "text": "We look into it."}])
    ticket = opened(firm, actor)
    before = set(ticket.deadlines.values_list("clock", "due_at"))
    assert len(before) == 2
    run_waiting()
    assert RuleFiring.objects.get().done
    assert set(ticket.deadlines.values_list("clock", "due_at")) == before


def test_a_rule_that_cannot_do_its_steps_says_so_and_leaves_the_ticket_as_it_was(desk: Any) -> None:
    firm, actor = desk
    rule(firm, steps=[{"do": "note", "text": "x"}, {"do": "move", "with": "move:resume"}])
    ticket = opened(firm, actor)
    run_waiting()
    firing = RuleFiring.objects.get()
    assert not firing.done
    assert "Step 2" in firing.result
    assert ticket.messages.count() == 1


def test_a_rule_of_time_reminds_after_three_working_days_once(desk: Any) -> None:
    firm, actor = desk
    made = rule(
        firm,
        when="time",
        events=[],
        all_of=[
            {"field": "waiting", "op": "is", "value": "waiting:user"},
            {"field": "state_days", "op": "least", "text": "3"},
        ],
        steps=[{"do": "answer", "text": "Did you see our question, {{first_name}}?"}],
    )
    ticket = move(opened(firm, actor), "take", actor=actor, assignee=firm.provider.technician, at=MONDAY)
    thursday = datetime(2026, 12, 3, 9, 0, tzinfo=UTC)
    move(ticket, "wait", actor=actor, waiting="user", reason="Which socket?", at=thursday)
    tuesday = thursday + timedelta(days=5)
    assert ask_time_rule(made, now=tuesday - timedelta(minutes=1)) == []
    assert ask_time_rule(made, now=thursday + timedelta(days=4)) == []
    (firing,) = ask_time_rule(made, now=tuesday)
    assert firing.why[1]["seen"] == "3"
    assert ask_time_rule(made, now=tuesday + timedelta(days=1)) == []
    assert Message.objects.filter(kind="reply").count() == 1
    Rule.objects.filter(pk=made.pk).update(again=24)
    made.refresh_from_db()
    assert ask_time_rule(made, now=tuesday + timedelta(hours=23)) == []
    assert len(ask_time_rule(made, now=tuesday + timedelta(days=1))) == 1


def test_a_rule_of_time_finds_what_has_no_answer(desk: Any) -> None:
    firm, actor = desk
    made = rule(
        firm,
        when="time",
        events=[],
        all_of=[{"field": "unanswered_hours", "op": "least", "text": "24"}],
        steps=[{"do": "prioritise", "with": "priority:2", "text": "No answer for a day"}],
    )
    late, answered = opened(firm, actor), opened(firm, actor)
    answer(answered, Words("Yes"), actor=actor)
    assert ask_time_rule(made, now=MONDAY + timedelta(hours=23)) == []
    assert [one.ticket for one in ask_time_rule(made, now=MONDAY + timedelta(hours=24))] == [late]
    assert Ticket.objects.get(pk=late.pk).priority == 2


def test_the_clock_asks_the_rules_whose_turn_has_come(desk: Any) -> None:
    firm, actor = desk
    opened(firm, actor)
    rule(firm, when="time", events=[], all_of=[{"field": "open_hours", "op": "less", "text": "400"}],
         steps=[{"do": "tag", "text": "seen"}])  # fmt: skip
    look_at_time.function()
    run_waiting()
    look_at_time.function()
    run_waiting()
    assert RuleFiring.objects.count() == 1


def test_a_rule_is_tried_on_the_last_tickets_without_doing_anything(
    firm: Any, client_of: Any, actor_of: Any
) -> None:
    actor = actor_of(firm.provider.technician)
    with scope(*actor.places):
        made = rule(firm, all_of=[{"field": "title", "op": "contains", "text": "printer"}])
        Rule.objects.filter(pk=made.pk).update(events=[])
        opened(firm, actor, title="A printer"), opened(firm, actor, title="A mouse")
        assert [one.verdict.met for one in try_rule(made, Ticket.objects.all())] == [False, True]
    page = client_of(firm.provider.technician).get(f"/rules/{made.pk}/trial/").content.decode()
    assert "would fire" in page
    assert "Of the last 2 tickets" in page
    with scope(*actor.places):
        assert not RuleFiring.objects.exists()


@pytest.mark.parametrize(
    "told",
    [
        {"all_of": [{"field": "state", "op": "contains", "text": "x"}]},
        {"all_of": [{"field": "state", "op": "is", "value": "priority:1"}]},
        {"all_of": [{"field": "open_days", "op": "least", "text": "soon"}]},
        {"steps": []},
        {"events": []},
        {"when": "time", "all_of": []},
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(desk: Any, told: Any) -> None:
    firm, _actor = desk
    with pytest.raises(ValidationError):
        rule(firm, **told)


def test_a_rule_is_written_in_a_form_of_plain_fields(firm: Any, client_of: Any) -> None:
    browser = client_of(firm.provider.administrator)
    with scope(firm.provider.id):
        team = Team.objects.create(organisation=firm.provider.organisation, name="Network")
    address = f"/rules/add/?organisation={firm.provider.id}"
    assert f'value="team:{team.pk}"' in browser.get(address).content.decode()
    sent = {
        "organisation": firm.provider.id, "name": "To the network", "when": "event", "events": ["ticket.opened"],
        "every": "15", "again": "0", "position": "10",
        "all_of-0-field": "title", "all_of-0-op": "contains", "all_of-0-text": "network",
        "all_of-1-field": "", "all_of-1-op": "",
        "any_of-0-field": "",
        "steps-0-do": "assign", "steps-0-with": f"team:{team.pk}", "steps-1-do": "",
    }  # fmt: skip
    refused = browser.post(address, {**sent, "steps-0-with": "kind:request"})
    assert refused.status_code == 422
    assert "Line 1: “Assign” does not take this choice" in refused.content.decode()
    made = browser.post(address, sent)
    assert made.status_code == 302, made.content.decode()
    with scope(firm.provider.id):
        row = Rule.objects.get()
        assert row.all_of == [{"field": "title", "op": "contains", "text": "network"}]
        assert row.steps == [{"do": "assign", "with": f"team:{team.pk}"}]
    assert "Assign : Network" in browser.get(f"/rules/{row.pk}/").content.decode()


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        ("2026-12-04 10:00", "2026-12-07 10:00", 1),
        ("2026-12-04 10:00", "2026-12-07 09:59", 0),
        ("2026-12-05 10:00", "2026-12-06 23:00", 0),
        ("2026-12-24 10:00", "2026-12-28 10:00", 1),
        ("2026-12-04 10:00", "2026-12-04 09:00", 0),
    ],
)
def test_working_days_are_whole_days(start: str, end: str, days: int) -> None:
    from .desk import at

    assert working_days(at(start), at(end), OFFICE) == days


def test_conditions_of_no_row_always_hold() -> None:
    assert judge([], [], Ticket(), Look(MONDAY)).met
