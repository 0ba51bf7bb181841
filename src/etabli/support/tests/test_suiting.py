"""Who a ticket is given to: those who know, who are there, who have the fewest; and why, in a sentence."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from etabli.kernel import preferences
from etabli.kernel.actors import SYSTEM
from etabli.kernel.jobs import run_waiting
from etabli.kernel.tenancy import scope
from etabli.support.assigning import ASSIGN, assign_by_itself
from etabli.support.handing import assign, take_next
from etabli.support.skills import Absence, AgentSkill, Skill, SkillCover
from etabli.support.suiting import Candidate, Need, by_load, rank, suggest
from etabli.support.tickets import Category, Ticket

from .promised import DAY, MONDAY, opened, team

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


def test_the_skill_asked_for_comes_before_a_light_load() -> None:
    need = Need(skills=("Networks",), team="Level 1")
    masters = Candidate(1, "A", skill=3, skill_name="Networks", load=4)
    learns = Candidate(2, "B", skill=1, skill_name="Networks", load=0)
    free = Candidate(3, "C", load=0, same_team=True)
    found = rank(need, [free, learns, masters])
    assert [fit.candidate.name for fit in found] == ["A", "B"]  # C does not know
    assert found[0].why == "Networks: masters, 4 open tickets"
    assert found[1].why == "Networks: is learning, no open ticket"


def test_without_a_skill_the_load_decides_and_the_site_helps() -> None:
    need = Need(site="Lille")
    busy, idle = Candidate(1, "A", load=3), Candidate(2, "B", load=2)
    there = Candidate(3, "C", load=4, same_site=True)
    assert [fit.candidate.name for fit in rank(need, [busy, idle, there])] == ["C", "B", "A"]
    assert [one.name for one in by_load([busy, there, idle])] == ["B", "A", "C"]
    assert rank(need, []) == []


def skilled(firm: Any, *accounts: Any, name: str = "Networks") -> Category:
    place = firm.provider.organisation
    category = Category.objects.create(organisation=place, name=name)
    skill = Skill.objects.create(organisation=place, name=name)
    SkillCover.objects.create(organisation=place, skill=skill, category=category)
    for account in accounts:
        AgentSkill.objects.create(organisation=place, account=account, skill=skill, level=2)
    return category


def away(firm: Any, account: Any) -> None:
    Absence.objects.create(
        organisation=firm.provider.organisation, account=account, since=MONDAY - DAY, until=MONDAY + DAY
    )


def names(ticket: Ticket) -> list[str]:
    return [str(one.account) for one in suggest(ticket, at=MONDAY)]


def test_a_ticket_is_proposed_to_who_knows_and_is_there(provider_desk: Any) -> None:
    firm, actor = provider_desk
    category = skilled(firm, firm.provider.technician, firm.provider.administrator)
    part = Category.objects.create(organisation=firm.provider.organisation, name="Wifi", parent=category)
    ticket = opened(firm, actor, category=part)
    assert names(ticket) == ["Provider administrator", "Provider technician"]
    assign(opened(firm, actor), actor=actor, assignee=firm.provider.administrator)
    assert names(ticket)[0] == "Provider technician"
    away(firm, firm.provider.technician)
    assert names(ticket) == ["Provider administrator"]
    assert suggest(ticket, at=MONDAY)[0].why == "Networks: knows, 1 open ticket"
    assert len(names(opened(firm, actor))) == 3  # no skill asked: everybody who is there


def test_a_team_serves_its_own_tickets(provider_desk: Any) -> None:
    firm, actor = provider_desk
    crew = team(firm, "Level 1", firm.provider.technician)
    ticket = opened(firm, actor)
    assign(ticket, actor=actor, team=crew)
    ticket = Ticket.objects.get(pk=ticket.pk)
    assert names(ticket) == ["Provider technician"]
    away(firm, firm.provider.technician)
    assert "Provider administrator" in names(ticket)  # nobody of the team is there: others help


def test_proposing_costs_the_same_for_any_number_of_people(provider_desk: Any) -> None:
    firm, actor = provider_desk
    category = skilled(firm, firm.provider.technician)
    ticket = opened(firm, actor, category=category)

    def asked() -> int:
        seen = Ticket.objects.select_related("requester__site", "category", "team").get(pk=ticket.pk)
        with CaptureQueriesContext(connection) as captured:
            suggest(seen, at=MONDAY)
        return len(captured)

    first = asked()
    for n in range(5):
        assign(opened(firm, actor), actor=actor, assignee=firm.provider.technician)
        skilled(firm, firm.provider.administrator, name=f"Other {n}")
    assert asked() == first


@pytest.mark.parametrize("way", ["off", "load", "skill"])
def test_a_new_ticket_gives_itself_where_the_organisation_wants_it(provider_desk: Any, way: str) -> None:
    firm, actor = provider_desk
    category = skilled(firm, firm.provider.technician)
    with scope(firm.acme.id):
        preferences.set_value(ASSIGN.key, way, organisation=firm.acme.id, actor=SYSTEM)
    ticket = opened(firm, actor, category=category)
    run_waiting()
    found = Ticket.objects.get(pk=ticket.pk)
    assert str(found.assignee or "") == ("" if way == "off" else "Provider technician")


def test_in_turn_goes_to_whoever_has_the_fewest_and_never_to_the_absent(provider_desk: Any) -> None:
    firm, actor = provider_desk
    with scope(firm.acme.id):
        preferences.set_value(ASSIGN.key, "load", organisation=firm.acme.id, actor=SYSTEM)
    away(firm, firm.acme.technician)
    given = [
        str(assign_by_itself(opened(firm, actor, MONDAY + n * timedelta(minutes=1)), at=MONDAY).assignee)
        for n in range(6)
    ]
    assert set(given) == {"Acme administrator", "Provider administrator", "Provider technician"}
    assert all(given.count(name) == 2 for name in given)
    kept = assign_by_itself(Ticket.objects.order_by("id")[0], at=MONDAY)
    assert str(kept.assignee) == given[0]


def test_the_next_one_is_one_that_i_know(provider_desk: Any, actor_of: Any) -> None:
    firm, actor = provider_desk
    category = skilled(firm, firm.provider.technician)
    hard, easy = opened(firm, actor, category=category, impact=4), opened(firm, actor)
    assert take_next(actor=actor) == easy
    assert take_next(actor=actor) is None
    assert take_next(actor=actor_of(firm.provider.technician)) == hard


def test_one_says_when_one_is_away_and_a_manager_for_others(provider_desk: Any, client_of: Any) -> None:
    firm, _actor = provider_desk
    sent = {"since": "2026-12-01T08:00", "until": "2026-12-02T08:00", "organisation": firm.provider.id}
    browser = client_of(firm.provider.technician)
    mine, other = firm.provider.technician.pk, firm.provider.administrator.pk
    assert browser.post("/absences/add/", {**sent, "account": mine}).status_code == 302
    assert browser.post("/absences/add/", {**sent, "account": other}).status_code == 403
    assert (
        client_of(firm.provider.administrator).post("/absences/add/", {**sent, "account": mine}).status_code
        == 302
    )
    backwards = browser.post("/absences/add/", {**sent, "account": mine, "until": "2026-11-01T08:00"})
    assert backwards.status_code == 422
    assert "ends before it begins" in backwards.text


def test_the_button_of_the_list_takes_the_next_one(provider_desk: Any, client_of: Any) -> None:
    firm, actor = provider_desk
    browser = client_of(firm.provider.technician)
    assert 'action="/desk/next/"' in browser.get("/tickets/").text
    empty = browser.post("/desk/next/", follow=True)
    assert "Nothing waits for you" in empty.text
    ticket = opened(firm, actor)
    assert browser.post("/desk/next/").headers["Location"].startswith(f"/tickets/{ticket.pk}/")
    assert client_of(firm.provider.auditor).post("/desk/next/").status_code == 403
