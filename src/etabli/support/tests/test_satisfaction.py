"""The question of satisfaction: asked once, answered by whoever holds the link, recorded by nothing else."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from etabli.kernel import preferences, ratelimit, secrets
from etabli.kernel.actors import SYSTEM
from etabli.kernel.tenancy import scope
from etabli.people.models import Person
from etabli.support import survey_pages
from etabli.support.following import follow
from etabli.support.moving import move
from etabli.support.outbox import OutgoingMail
from etabli.support.satisfaction import Satisfaction, Survey, satisfaction_of
from etabli.support.tickets import Ticket

from .outgoing import opened
from .test_composing import read, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


@pytest.fixture(autouse=True)
def idle() -> None:
    ratelimit._busy.clear()


def closed(firm: Any, actor: Any, email: str = "claire@acme.example") -> Ticket:
    ticket = move(opened(firm, actor, email), "solve", actor=actor, solution="The cable was dead.")
    return move(ticket, "close", actor=actor)


def asked(firm: Any, actor: Any, **more: Any) -> tuple[Survey, str]:
    """A survey and the address of its page, as the mail gives it."""
    preferences.set_value("pages.url", "https://etabli.example", organisation=None, actor=SYSTEM)
    ticket = closed(firm, actor, **more)
    follow(firm.acme.id)
    survey = Survey.objects.get(ticket=ticket)
    text = OutgoingMail.objects.get(ticket=ticket, kind="survey").text
    return survey, text.split("https://etabli.example")[1].split("?")[0]


def test_it_is_asked_once_when_a_ticket_is_closed(provider: Any) -> None:
    firm, actor = provider
    survey, address = asked(firm, actor)
    follow(firm.acme.id)
    mail = OutgoingMail.objects.get(kind="survey")
    assert (mail.to, survey.expires_at - survey.asked_at) == (["claire@acme.example"], timedelta(days=30))
    html = text_of(read(mail), "html")
    assert all(f"https://etabli.example{address}?note={grade}" in html for grade in range(1, 6))
    assert html.count("<a href=") == 5


def test_who_is_not_asked(provider: Any) -> None:
    firm, actor = provider
    preferences.set_value("pages.url", "https://etabli.example", organisation=None, actor=SYSTEM)
    agent = closed(firm, actor, email=firm.acme.technician.email)
    other = closed(firm, actor, email="paul@acme.example")
    Person.objects.filter(pk=other.requester_id).update(account=firm.acme.administrator)
    old = closed(firm, actor, email="old@acme.example")
    Ticket.objects.filter(pk=old.pk).update(closed_at=timezone.now() - timedelta(days=9))
    dropped = move(opened(firm, actor), "drop", actor=actor, reason="A test")
    assert dropped.closed_at
    follow(firm.acme.id)
    assert not Survey.objects.exists(), agent
    preferences.set_value("desk.survey_percent", 0, organisation=firm.acme.id, actor=SYSTEM)
    closed(firm, actor)
    follow(firm.acme.id)
    assert not Survey.objects.exists()


def test_it_may_be_asked_some_days_after_the_solution(provider: Any) -> None:
    firm, actor = provider
    preferences.set_value("pages.url", "https://etabli.example", organisation=None, actor=SYSTEM)
    preferences.set_value("desk.survey_days", 2, organisation=firm.acme.id, actor=SYSTEM)
    move(opened(firm, actor), "solve", actor=actor, solution="Mended")
    follow(firm.acme.id, now=timezone.now() + timedelta(days=1))
    assert not Survey.objects.exists()
    follow(firm.acme.id, now=timezone.now() + timedelta(days=2, minutes=1))
    assert Survey.objects.count() == 1


def test_a_scanner_that_opens_the_link_answers_nothing(provider: Any) -> None:
    firm, actor = provider
    survey, address = asked(firm, actor)
    for grade in range(1, 6):
        response = Client().get(f"{address}?note={grade}")
        assert response.status_code == 200
        assert response.headers["Cache-Control"] == "no-store"
    assert Client().head(address).status_code == 200
    survey.refresh_from_db()
    assert survey.grade is None
    text = response.content.decode()
    for told in ("Claire", "claire@acme.example", "No network", "cable", "Acme"):
        assert told not in text, "the link may have been forwarded"


def test_one_answer_that_may_change_until_it_expires(provider: Any) -> None:
    firm, actor = provider
    survey, address = asked(firm, actor)
    browser = Client(enforce_csrf_checks=True)
    response = browser.post(address, {"grade": "2", "comment": "Slow"}, follow=True)
    assert 'role="status"' in response.content.decode()
    assert "Slow" not in browser.get(address).content.decode(), "who holds the link now may be another"
    browser.post(address, {"grade": "5", "comment": ""})
    survey.refresh_from_db()
    assert (survey.grade, survey.comment) == (5, "Slow")
    assert browser.post(address, {"grade": "9"}).status_code == 422
    assert browser.post(address, {}).status_code == 422
    Survey.objects.update(expires_at=timezone.now())
    assert browser.get(address).status_code == 410
    assert browser.post(address, {"grade": "1"}).status_code == 410
    survey.refresh_from_db()
    assert survey.grade == 5


def test_a_link_we_did_not_sign_leads_nowhere(provider: Any) -> None:
    firm, actor = provider
    survey, address = asked(firm, actor)
    forged = address.replace(survey.serial[:4], "0000", 1)
    for bad in (
        forged,
        f"/avis/{survey.serial}/",
        f"/avis/{survey.serial}.x/",
        "/avis/é.é/",
        f"{address[:-2]}/",
    ):
        assert Client().get(bad).status_code == 404, bad
    secrets.rotate(actor=SYSTEM)
    assert Client().get(address).status_code == 200, "a former key still verifies"


def test_it_is_rate_limited(provider: Any) -> None:
    firm, actor = provider
    _survey, address = asked(firm, actor)
    codes = [Client().get(address).status_code for _n in range(survey_pages.PER_MINUTE + 5)]
    assert codes[0] == 200
    assert codes[-1] == 429


def test_figures_by_organisation(provider: Any, actor_of: Any, django_assert_num_queries: Any) -> None:
    firm, actor = provider
    for n, grade in enumerate((5, 4, None)):
        _survey, address = asked(firm, actor, email=f"p{n}@acme.example")
        if grade:
            Client().post(address, {"grade": grade})
    with django_assert_num_queries(1):
        found = satisfaction_of([firm.acme.id, firm.globex.id])
    assert found == {firm.acme.id: Satisfaction(3, 2, 4.5), firm.globex.id: Satisfaction()}
    with scope(*actor_of(firm.globex.administrator).places):
        assert satisfaction_of([firm.acme.id]) == {firm.acme.id: Satisfaction()}
