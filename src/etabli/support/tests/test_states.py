"""One machine says which moves exist, what each demands, and why one is refused."""

import pytest

from etabli.support.clocks.policies import Clock
from etabli.support.states import MOVES, OVER, Refusal, State, Told, Waiting, pauses, possible, refusals

from .desk import at

EVERYTHING = Told(assignee=True, waiting=Waiting.VISIT, visit_at=at("01-05 10:00"), reason="r", solution="s")


def refused(state: State, move: str, told: Told = EVERYTHING) -> dict[str, str]:
    return {one.field: one.sentence for one in refusals(state, MOVES[move], told)}


def test_the_moves_of_each_state() -> None:
    assert {state.value: [move.name for move in possible(state)] for state in State} == {
        "new": ["take", "solve", "drop"],
        "in_progress": ["wait", "solve", "drop"],
        "waiting": ["wait", "resume", "solve", "drop"],
        "solved": ["reopen", "close"],
        "closed": [],
    }


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("name", MOVES)
def test_a_move_is_possible_when_its_state_and_its_demands_are_met_and_explained_otherwise(
    state: State, name: str
) -> None:
    found = refusals(state, MOVES[name], EVERYTHING)
    assert (found == ()) == (MOVES[name] in possible(state))
    assert all(one.sentence.endswith(".") and len(one.sentence) > 20 for one in found)


@pytest.mark.parametrize(
    ("state", "move", "told", "fields"),
    [
        (State.NEW, "take", Told(), ["assignee"]),
        (State.IN_PROGRESS, "wait", Told(), ["waiting", "reason"]),
        (State.IN_PROGRESS, "wait", Told(waiting=Waiting.USER, reason="asked for the serial"), []),
        (State.IN_PROGRESS, "wait", Told(waiting=Waiting.USER, reason="  "), ["reason"]),
        (State.IN_PROGRESS, "wait", Told(waiting=Waiting.VISIT, reason="on site"), ["visit_at"]),
        (State.WAITING, "resume", Told(), []),
        (State.IN_PROGRESS, "solve", Told(), ["solution"]),
        (State.IN_PROGRESS, "solve", Told(solution="restarted", open_tasks=2), [""]),
        (State.SOLVED, "reopen", Told(), ["reason"]),
        (State.SOLVED, "close", Told(), []),
        (State.NEW, "drop", Told(), ["reason"]),
    ],
)
def test_each_demand_names_the_field_to_fill_in(
    state: State, move: str, told: Told, fields: list[str]
) -> None:
    assert [one.field for one in refusals(state, MOVES[move], told)] == fields


def test_refusals_tell_what_is_possible_instead() -> None:
    assert refusals(State.SOLVED, MOVES["wait"], EVERYTHING) == (
        Refusal("It is solved: “Put on hold” is not possible. Possible now: Reopen, Close."),
    )
    assert refused(State.CLOSED, "reopen") == {
        "": "It is closed, for good: open a new ticket and link it to this one."
    }
    assert "take charge first" in refused(State.NEW, "wait")[""]
    assert refused(State.NEW, "solve", Told(solution="s", open_tasks=1)) == {
        "": "1 mandatory task is not done: do it or give it up first."
    }


def test_every_state_can_be_reached_and_left_but_closed() -> None:
    assert {move.target for move in MOVES.values()} == set(State) - {State.NEW}
    assert {state for state in State if not possible(state)} == {State.CLOSED}


def test_only_a_waiting_ticket_pauses_clocks_and_taking_charge_never_pauses() -> None:
    for state in State:
        for waiting in (None, *Waiting):
            paused = {clock for clock in Clock if pauses(clock, state, waiting)}
            assert bool(paused) == (state == State.WAITING and waiting is not None)
            assert Clock.TAKE_CHARGE not in paused
    assert {State.SOLVED, State.CLOSED} == OVER
