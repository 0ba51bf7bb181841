"""Escalating to another team with the incident form, and coming back; who suits a ticket; its assets."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from etabli.assets.models import Asset, AssetKind
from etabli.kernel.events import Event
from etabli.support.asset_acts import attach_asset, detach_asset
from etabli.support.clocks.policies import Clock
from etabli.support.handing import assign
from etabli.support.handovers import Handover, IncidentForm, escalate, give_back
from etabli.support.levels import Promise, set_targets
from etabli.support.messages import Message
from etabli.support.moving import move
from etabli.support.outbox import OutgoingMail
from etabli.support.prioritising import weigh
from etabli.support.promises import Deadline
from etabli.support.tickets import Ticket

from .promised import HOUR, MONDAY, level, opened, team

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]
FORM = IncidentForm(
    "No network on 2.14", "Cable changed: the same.\nOther socket: works.", "Look at the switch"
)


def test_a_ticket_goes_to_the_next_team_with_its_form(provider_desk: Any) -> None:
    firm, actor = provider_desk
    one, two = team(firm, "Level 1", firm.provider.technician), team(firm, "Level 2")
    gold = level(firm, actor, solve=480)
    set_targets(gold, [Promise("solve", 4, 480), Promise("team", 4, 60, team=two.pk)], actor=actor)
    ticket = opened(firm, actor)
    assign(ticket, actor=actor, team=one, assignee=firm.provider.technician, at=MONDAY)
    made = escalate(ticket, two, FORM, actor=actor, at=MONDAY + HOUR)
    ticket.refresh_from_db()
    assert (ticket.team, ticket.assignee) == (two, None)
    clock = Deadline.objects.get(ticket=ticket, clock=Clock.TEAM)
    assert (clock.team, clock.started_at, clock.due_at) == ("Level 2", MONDAY + HOUR, MONDAY + 2 * HOUR)
    note = made.message
    assert note.kind == Message.Kind.NOTE
    assert "Tested, and the result\nCable changed: the same." in note.text
    assert "<strong>Observed</strong><br>No network on 2.14" in note.html
    assert not OutgoingMail.objects.exists()
    assert Event.objects.filter(verb="ticket.handed_over", object_id=ticket.pk).count() == 1
    with pytest.raises(ValidationError, match="has it already"):
        escalate(ticket, two, FORM, actor=actor)


def test_the_form_is_whole_or_nothing_is_done(provider_desk: Any, actor_of: Any) -> None:
    firm, actor = provider_desk
    two, ticket = team(firm, "Level 2"), opened(firm, actor)
    with pytest.raises(ValidationError) as refused:
        escalate(ticket, two, IncidentForm("x", " ", ""), actor=actor)
    assert set(refused.value.message_dict) == {"tried", "asked"}
    assert not Handover.objects.exists()
    with pytest.raises(PermissionDenied):
        escalate(ticket, two, FORM, actor=actor_of(firm.provider.auditor))
    over = move(ticket, "solve", actor=actor, solution="Done")
    with pytest.raises(ValidationError, match="reopen it first"):
        escalate(over, two, FORM, actor=actor)


def test_it_comes_back_to_those_who_sent_it(provider_desk: Any) -> None:
    firm, actor = provider_desk
    one, two = team(firm, "Level 1"), team(firm, "Level 2")
    ticket = opened(firm, actor)
    with pytest.raises(ValidationError, match="assign it instead"):
        give_back(ticket, "x", actor=actor)
    assign(ticket, actor=actor, team=one, assignee=firm.provider.technician)
    escalate(ticket, two, FORM, actor=actor)
    with pytest.raises(ValidationError, match="Say why it comes back"):
        give_back(ticket, " ", actor=actor)
    back = give_back(ticket, "The switch is fine", actor=actor)
    ticket.refresh_from_db()
    assert (ticket.team, ticket.assignee) == (one, firm.provider.technician)
    assert back.returned_because == "The switch is fine"
    with pytest.raises(ValidationError, match="assign it instead"):
        give_back(ticket, "again", actor=actor)


def test_the_page_of_the_act_keeps_what_was_typed(provider_desk: Any, client_of: Any) -> None:
    firm, actor = provider_desk
    two, ticket = team(firm, "Level 2"), opened(firm, actor)
    browser, address = client_of(firm.provider.administrator), f"/tickets/{ticket.pk}/act/escalate/"
    assert browser.get(address).status_code == 200
    refused = browser.post(address, {"team": two.pk, "observed": "Smoke", "tried": "", "asked": ""})
    assert refused.status_code == 422
    assert "Smoke" in refused.text
    sent = {"team": two.pk, "observed": "Smoke", "tried": "None: smoke", "asked": "Come"}
    assert browser.post(address, sent).status_code == 302
    assert Ticket.objects.get(pk=ticket.pk).team == two


def test_the_priority_follows_the_assets(provider_desk: Any, django_assert_max_num_queries: Any) -> None:
    firm, actor = provider_desk
    kind = AssetKind.objects.filter(organisation=None).first()
    vital = Asset.objects.create(organisation=firm.acme.organisation, name="SRV-01", kind=kind, criticality=4)
    ticket = opened(firm, actor)
    assert ticket.priority == 4
    attach_asset(ticket, vital, actor=actor)
    assert Ticket.objects.get(pk=ticket.pk).priority == 2
    with pytest.raises(ValidationError, match="attached already"):
        attach_asset(ticket, vital, actor=actor)
    detach_asset(ticket, vital, actor=actor)
    assert Ticket.objects.get(pk=ticket.pk).priority == 4
    with pytest.raises(ValidationError, match="not attached"):
        detach_asset(ticket, vital, actor=actor)
    other = Asset.objects.create(organisation=firm.globex.organisation, name="SRV-02", kind=kind)
    with pytest.raises(ValidationError, match="another organisation"):
        attach_asset(ticket, other, actor=actor)
    attach_asset(ticket, vital, actor=actor)
    for _n in range(4):
        opened(firm, actor, MONDAY - HOUR)
    seen = Ticket.objects.select_related("requester", "service").get(pk=ticket.pk)
    # Assets, three counts each on its index, the organisations above, the matrix, the priority, its deadlines.
    weigh(seen, actor=actor)  # the person is recurrent by now
    with django_assert_max_num_queries(10):
        weigh(seen, actor=actor)
