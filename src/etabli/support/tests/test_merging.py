"""Merging tickets and taking them apart, splitting a message off and putting it back."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from etabli.assets.models import Asset, AssetKind
from etabli.kernel.events import Event
from etabli.kernel.screens.undoing import undo
from etabli.kernel.tenancy import scope
from etabli.support import mailboxes
from etabli.support.facts import TicketFact
from etabli.support.linking import link
from etabli.support.merging import MOVED, TicketMerge, merge, origins, unmerge
from etabli.support.messages import Message
from etabli.support.moving import move
from etabli.support.opening import Caller, Request, Words, open_ticket
from etabli.support.outbox import OutgoingMail
from etabli.support.promises import Deadline
from etabli.support.splitting import TicketSplit, split, unsplit
from etabli.support.states import State
from etabli.support.talking import answer, note, receive
from etabli.support.tasks import add_task
from etabli.support.tickets import Ticket, TicketAsset, TicketLink, Watcher
from etabli.support.timing import log_time

from .work import MONDAY, desk, opened, person

__all__ = ["desk"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]
ROWS: tuple[Any, ...] = (*MOVED, TicketFact, Deadline, TicketLink)
APART = {"updated_at", "version"}


def everything() -> dict[str, Any]:
    """Every row that a merge could touch, but for the counter of edits."""
    rows = {model._meta.label: list(model._default_manager.order_by("pk").values()) for model in ROWS}
    tickets = [
        {name: value for name, value in row.items() if name not in APART}
        for row in Ticket.objects.order_by("pk").values()
    ]
    return {**rows, "ticket": tickets}


def test_what_is_merged_is_shown_under_the_kept_one_with_where_it_came_from(desk: Any) -> None:
    firm, actor = desk
    kept, other = opened(firm, actor), opened(firm, actor, who=person(firm, "Paul Roux"), title="Still none")
    answer(other, Words("We look."), actor=actor)
    add_task(other, "Test the socket", actor=actor)
    log_time(other, 20, actor=actor)
    mailboxes.KnownMail.objects.create(organisation=other.organisation, ticket=other, digest="d")
    merge(kept, [other], actor=actor)
    other.refresh_from_db()
    assert (other.state, other.merged_into_id, other.owed) == (State.CLOSED, kept.pk, False)
    assert [m.text for m in kept.messages.order_by("id")] == ["No network!", "Still none!", "We look."]
    assert {one.reference for one in origins(kept).values()} == {other.reference}
    assert len(origins(kept)) == 2
    assert kept.tasks.count() == kept.time_entries.count() == kept.known_mails.count() == 1
    assert OutgoingMail.objects.get().ticket == kept
    assert [w.email for w in kept.watchers.all()] == ["paul@acme.example"]
    assert kept.facts.count() == 1  # its clocks are not disturbed


def test_a_mail_to_a_merged_ticket_joins_the_one_it_is_part_of(desk: Any) -> None:
    firm, actor = desk
    kept, other = opened(firm, actor), opened(firm, actor)
    merge(kept, [other], actor=actor)
    message = receive(other, Words("And now?"), Caller(person=person(firm)), actor=actor, channel="mail")
    assert message.ticket_id == kept.pk


@pytest.mark.parametrize("later", [False, True])
@settings(
    max_examples=8,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(acts=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 7)), max_size=14))
def test_merge_then_undo_gives_back_the_same_rows(desk: Any, later: bool, acts: Any) -> None:
    firm, actor = desk
    with transaction.atomic():
        people = [person(firm), person(firm, "Paul Roux"), person(firm, "Nora Petit", email="")]
        tickets = [opened(firm, actor, who=one) for one in people]
        asset = Asset.objects.create(
            organisation=firm.acme.organisation,
            name="PC-1",
            kind=AssetKind.objects.filter(organisation=None)[0],
        )
        for who, what in acts:
            with_what(tickets[who], what, asset, actor, firm)
        before = everything()
        merge(tickets[0], tickets[1:], actor=actor)
        said = answer(tickets[0], Words("To all of you"), actor=actor) if later else None
        event = Event.objects.filter(verb="ticket.merged").latest("pk")
        undo(event, actor)
        if said is None:
            assert everything() == before
        else:
            assert Message.objects.get(pk=said.pk).ticket_id == tickets[0].pk
            after = everything()
            assert after["support.Message"][: len(before["support.Message"])] == before["support.Message"]
            assert after["ticket"][1:] == before["ticket"][1:]
        transaction.set_rollback(True)


def with_what(ticket: Ticket, what: int, asset: Asset, actor: Any, firm: Any) -> None:
    """Something happens to a ticket before it is merged."""
    ticket = Ticket.objects.get(pk=ticket.pk)
    if what == 0:
        answer(ticket, Words("Hello"), actor=actor)
    elif what == 1:
        note(ticket, Words("Hm"), actor=actor)
    elif what == 2:
        add_task(ticket, "Do it", actor=actor)
    elif what == 3:
        log_time(ticket, 5, actor=actor)
    elif what == 4:
        TicketAsset.objects.get_or_create(organisation=ticket.organisation, ticket=ticket, asset=asset)
    elif what == 5:
        Watcher.objects.get_or_create(
            organisation=ticket.organisation, ticket=ticket, account=firm.provider.technician
        )
    elif what == 6 and ticket.state == State.NEW:
        move(ticket, "take", actor=actor, assignee=firm.provider.technician)
    elif what == 7 and ticket.state == State.IN_PROGRESS:
        move(ticket, "wait", actor=actor, waiting="user", reason="Which one?")


def test_what_cannot_be_merged_is_told(desk: Any, actor_of: Any) -> None:
    firm, actor = desk
    kept, other = opened(firm, actor), opened(firm, actor)
    foreign = open_ticket(request_of("Theirs"), organisation=firm.globex.id, actor=actor)
    with pytest.raises(ValidationError, match="another organisation"):
        merge(kept, [foreign], actor=actor)
    with pytest.raises(ValidationError, match="with itself"):
        merge(kept, [kept], actor=actor)
    closed = move(opened(firm, actor), "drop", actor=actor, reason="A mistake")
    with pytest.raises(ValidationError, match="is closed: keep an open ticket"):
        merge(closed, [other], actor=actor)
    merge(kept, [other], actor=actor)
    with pytest.raises(ValidationError, match="already part of another"):
        merge(opened(firm, actor), [other], actor=actor)
    with pytest.raises(PermissionDenied):
        merge(kept, [opened(firm, actor)], actor=actor_of(firm.provider.auditor))


def request_of(title: str) -> Request:
    return Request(title, Words(title), Caller(name="Somebody"))


def test_a_chain_is_taken_apart_from_its_end(desk: Any) -> None:
    firm, actor = desk
    one, two, three = (opened(firm, actor) for _n in range(3))
    (first,) = merge(two, [one], actor=actor)
    (second,) = merge(three, [two], actor=actor)
    with pytest.raises(ValidationError, match="take that merge back first"):
        unmerge(first, actor=actor)
    unmerge(second, actor=actor)
    unmerge(first, actor=actor)
    assert not Ticket.objects.filter(merged_into__isnull=False).exists()
    with pytest.raises(ValidationError, match="already taken apart"):
        unmerge(TicketMerge.objects.get(pk=first.pk), actor=actor)


def test_a_message_becomes_a_ticket_and_goes_back(desk: Any) -> None:
    firm, actor = desk
    old = opened(firm, actor)
    more = receive(old, Words("Also, a new screen"), Caller(person=person(firm, "Paul Roux")), actor=actor,
                   channel="mail")  # fmt: skip
    last = answer(old, Words("Which size?"), actor=actor)
    before = everything()
    new = split(more, actor=actor, title="A screen", following=True, at=MONDAY)
    assert (new.title, new.requester, new.state) == ("A screen", person(firm, "Paul Roux"), State.NEW)
    assert list(new.messages.order_by("id")) == [more, last]
    assert old.messages.count() == 1
    assert OutgoingMail.objects.get(message=last).ticket == new
    assert TicketLink.objects.get().other == old
    undo(Event.objects.get(verb="ticket.split"), actor)
    assert everything() == before
    assert not Ticket.objects.filter(pk=new.pk).exists()


def test_a_split_that_was_worked_on_is_not_undone(desk: Any) -> None:
    firm, actor = desk
    old = opened(firm, actor)
    more = receive(old, Words("Also"), Caller(person=person(firm)), actor=actor, channel="mail")
    new = split(more, actor=actor)
    note(new, Words("Mine"), actor=actor)
    with pytest.raises(ValidationError, match="merge it into the other one"):
        unsplit(TicketSplit.objects.get(), actor=actor)
    with pytest.raises(ValidationError, match="nothing to split"):
        split(old.messages.get(), actor=actor)


def test_many_are_merged_from_the_list_and_one_undo_takes_all_back(
    firm: Any, client_of: Any, actor_of: Any
) -> None:
    actor = actor_of(firm.provider.technician)
    with scope(*actor.places):
        tickets = [opened(firm, actor, title=f"Printer {n}") for n in range(4)]
    browser = client_of(firm.provider.technician)
    sent = {"ids": [one.pk for one in tickets], "kept": tickets[0].pk, "confirmed": "1"}
    shown = browser.post("/tickets/bulk/merge/", {**sent, "preview": "1"}).content.decode()
    assert f"part of {tickets[0].reference}" in shown
    with scope(*actor.places):
        assert not TicketMerge.objects.exists()
    assert browser.post("/tickets/bulk/merge/", sent).status_code == 302
    with scope(*actor.places):
        assert Ticket.objects.filter(merged_into=tickets[0].pk).count() == 3
        batch = Event.objects.filter(verb="ticket.merged").latest("pk").batch
    browser.post(f"/evenements/lot/{batch}/undo/")
    with scope(*actor.places):
        assert not Ticket.objects.filter(merged_into__isnull=False).exists()


def test_a_merged_ticket_shows_the_way_and_its_undo(firm: Any, client_of: Any, actor_of: Any) -> None:
    actor = actor_of(firm.provider.technician)
    with scope(*actor.places):
        kept, other = opened(firm, actor), opened(firm, actor, title="Again")
        link(kept, "caused", opened(firm, actor, title="The switch"), actor=actor)
        (row,) = merge(kept, [other], actor=actor)
    browser = client_of(firm.provider.technician)
    page = browser.get(f"/tickets/{kept.pk}/").content.decode()
    assert "merged here" in page
    assert "caused by" in page
    assert "It is part of" in browser.get(f"/tickets/{other.pk}/").content.decode()
    browser.post(f"/tickets/{kept.pk}/unmerge/", {"merge": row.pk})
    with scope(*actor.places):
        assert Ticket.objects.get(pk=other.pk).state == State.NEW
