"""Whatever is done to a ticket, its deadlines say what a fresh reading of its facts says."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etabli.support.handing import assign
from etabli.support.handovers import IncidentForm, escalate, give_back
from etabli.support.levels import Promise, promise, set_targets
from etabli.support.moving import move
from etabli.support.opening import Caller, Words
from etabli.support.prioritising import override
from etabli.support.promises import Deadline
from etabli.support.talking import answer, note, receive
from etabli.support.tickets import Ticket
from etabli.support.warning import mark_late, warn_some

from .promised import MONDAY, level, opened, read_afresh, team, told

FORM = IncidentForm("seen", "tried", "asked")
ACTS = ("take", "hold", "visit", "resume", "solve", "reopen", "answer", "ask", "thanks", "note", "raise", "calm",
        "gold", "silver", "nothing", "one", "two", "nobody", "escalate", "return", "warn")  # fmt: skip
steps = st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 60 * 30)), max_size=12)
rule = settings(
    max_examples=25,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@pytest.mark.django_db
def test_deadlines_equal_a_fresh_reading_after_any_acts(provider_desk: Any) -> None:
    firm, actor = provider_desk
    gold = level(firm, actor, take_charge=60, first_answer=120, next_answer=240, solve=480)
    silver = level(firm, actor, "Silver", default=False, take_charge=90, solve=960)
    one, two = team(firm, "Level 1", firm.provider.technician), team(firm, "Level 2")
    for made, minutes in ((gold, 480), (silver, 960)):
        promises = [Promise("solve", n, minutes, always=n == 1) for n in range(1, 6)]
        promises += [Promise("next_answer", n, 120) for n in range(1, 6)]
        promises += [Promise("team", n, 60, team=each.pk) for n in range(1, 6) for each in (one, two)]
        set_targets(made, promises, actor=actor)
    agent = firm.provider.technician

    def act(ticket: Ticket, name: str, at: Any) -> None:
        caller = Caller(person=ticket.requester)
        do: dict[str, Any] = {
            "take": lambda: move(ticket, "take", actor=actor, at=at, assignee=agent),
            "hold": lambda: move(ticket, "wait", actor=actor, at=at, waiting="user", reason="?"),
            "visit": lambda: move(
                ticket, "wait", actor=actor, at=at, waiting="visit", visit_at=at, reason="?"
            ),
            "resume": lambda: move(ticket, "resume", actor=actor, at=at),
            "solve": lambda: move(ticket, "solve", actor=actor, at=at, solution="!"),
            "reopen": lambda: move(ticket, "reopen", actor=actor, at=at, reason="?"),
            "answer": lambda: answer(ticket, Words("Yes"), actor=actor, at=at),
            "ask": lambda: receive(ticket, Words("And?"), caller, actor=actor, channel="mail", at=at),
            "thanks": lambda: receive(
                ticket, Words("Thanks"), caller, actor=actor, channel="mail", at=at, thanks=True
            ),
            "note": lambda: note(ticket, Words("Hm"), actor=actor, at=at),
            "raise": lambda: override(ticket, 1, actor=actor, because="the boss", at=at),
            "calm": lambda: override(ticket, None, actor=actor, at=at),
            "gold": lambda: promise(ticket, gold, actor=actor, at=at),
            "silver": lambda: promise(ticket, silver, actor=actor, at=at),
            "nothing": lambda: promise(ticket, None, actor=actor, at=at),
            "one": lambda: assign(ticket, actor=actor, team=one, at=at),
            "two": lambda: assign(ticket, actor=actor, team=two, assignee=agent, at=at),
            "nobody": lambda: assign(ticket, actor=actor, at=at),
            "escalate": lambda: escalate(ticket, two, FORM, actor=actor, at=at),
            "return": lambda: give_back(ticket, "no", actor=actor, at=at),
            "warn": lambda: (mark_late(at), warn_some(firm.acme.id, now=at)),
        }
        do[name]()

    @rule
    @given(steps)
    def whatever(acts: list[tuple[str, int]]) -> None:
        with transaction.atomic():
            ticket, at = opened(firm, actor), MONDAY
            for name, minutes in acts:
                at += timedelta(minutes=minutes)
                ticket = Ticket.objects.get(pk=ticket.pk)
                try:
                    act(ticket, name, at)
                except ValidationError:
                    continue  # it makes no sense in its state: nothing is done, and nothing is written
            assert told(ticket) == read_afresh(ticket)
            running = Deadline.objects.filter(ticket=ticket, stopped_at=None).exclude(clock="team")
            nearest = running.exclude(due_at=None).order_by("due_at", "clock").first()
            assert Ticket.objects.get(pk=ticket.pk).due_at == (nearest.due_at if nearest else None)
            transaction.set_rollback(True)

    whatever()
