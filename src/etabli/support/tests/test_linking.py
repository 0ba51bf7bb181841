"""What tickets are to each other, and what a parent does for its children."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from etabli.kernel.tenancy import scope
from etabli.support.linking import answer_children, children_of, link, parent_of, solve_children, unlink
from etabli.support.messages import Message
from etabli.support.moving import move
from etabli.support.states import State
from etabli.support.tasks import add_task
from etabli.support.tickets import Ticket, TicketLink

from .work import desk, opened

__all__ = ["desk"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


def test_links_that_make_no_sense_are_refused_in_a_sentence(desk: Any) -> None:
    firm, actor = desk
    one, two, three = (opened(firm, actor) for _n in range(3))
    link(two, "child", one, actor=actor)
    link(three, "child", two, actor=actor)
    assert parent_of(three) == two
    for ticket, relation, other, told in (
        (one, "child", one, "not linked to itself"),
        (one, "child", two, "the reverse cannot hold"),
        (one, "child", three, "round in a circle"),
        (three, "child", one, "It is a child of"),
        (two, "child", one, "linked so already"),
        (one, "friend", two, "is not a relation"),
    ):
        with pytest.raises(ValidationError, match=told):
            link(ticket, relation, other, actor=actor)
    link(one, "related", three, actor=actor)
    with pytest.raises(ValidationError, match="linked so already"):
        link(three, "related", one, actor=actor)
    unlink(TicketLink.objects.get(relation="related"), actor=actor)
    link(three, "related", one, actor=actor)


def test_children_are_answered_and_solved_from_their_parent(desk: Any) -> None:
    firm, actor = desk
    parent = opened(firm, actor, kind=Ticket.Kind.MAJOR)
    children = [opened(firm, actor, title=f"Child {n}") for n in range(3)]
    for one in children:
        link(one, "child", parent, actor=actor)
    add_task(children[0], "First this", actor=actor)
    assert len(answer_children(parent, "We know.", actor=actor).done) == 3
    assert Message.objects.filter(kind="reply", text="We know.").count() == 3
    told = solve_children(parent, "The switch is replaced.", actor=actor)
    assert [one.pk for one in told.done] == [one.pk for one in children[1:]]
    assert "1 mandatory task is not done" in told.problems[0]
    assert children_of(parent).filter(state=State.SOLVED).count() == 2


def test_solving_a_major_incident_offers_to_solve_its_children(
    firm: Any, client_of: Any, actor_of: Any
) -> None:
    actor = actor_of(firm.provider.technician)
    with scope(*actor.places):
        parent, child = opened(firm, actor, kind=Ticket.Kind.MAJOR), opened(firm, actor, title="A child")
        link(child, "child", parent, actor=actor)
    browser = client_of(firm.provider.technician)
    assert "Also solve its open children" in browser.get(f"/tickets/{parent.pk}/act/solve/").content.decode()
    assert "1 child" in browser.get(f"/tickets/{parent.pk}/").content.decode()
    assert "Also solve" not in browser.get(f"/tickets/{child.pk}/act/solve/").content.decode()
    browser.post(f"/tickets/{parent.pk}/act/solve/", {"solution": "Replaced", "children": "on"})
    with scope(*actor.places):
        assert set(Ticket.objects.values_list("state", "solution")) == {(State.SOLVED, "Replaced")}


def test_a_child_that_refuses_keeps_its_parent_open(firm: Any, client_of: Any, actor_of: Any) -> None:
    actor = actor_of(firm.provider.technician)
    with scope(*actor.places):
        parent, child = opened(firm, actor), opened(firm, actor)
        link(child, "child", parent, actor=actor)
        add_task(child, "First this", actor=actor)
    browser = client_of(firm.provider.technician)
    answered = browser.post(f"/tickets/{parent.pk}/act/solve/", {"solution": "Done", "children": "on"})
    assert "1 mandatory task is not done" in answered.content.decode()
    with scope(*actor.places):
        assert Ticket.objects.get(pk=parent.pk).state == State.NEW
        move(parent, "solve", actor=actor, solution="Alone")


def test_a_link_is_made_and_removed_on_the_page(firm: Any, client_of: Any, actor_of: Any) -> None:
    actor = actor_of(firm.provider.technician)
    with scope(*actor.places):
        one, two = opened(firm, actor), opened(firm, actor, title="The cause")
    browser = client_of(firm.provider.technician)
    sent = {"relation": "caused", "number": two.reference.lower()}
    assert browser.post(f"/tickets/{one.pk}/act/link/", sent).status_code == 302
    assert "cause of" in browser.get(f"/tickets/{two.pk}/").content.decode()
    with scope(*actor.places):
        row = TicketLink.objects.get()
    browser.post(f"/tickets/{two.pk}/unlink/", {"link": row.pk})
    with scope(*actor.places):
        assert not TicketLink.objects.exists()
    told = browser.post(f"/tickets/{one.pk}/act/link/", {"relation": "caused", "number": "ETB-999999"})
    assert "There is no ticket" in told.content.decode()
