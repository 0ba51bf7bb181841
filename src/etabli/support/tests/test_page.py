"""The page of a ticket: reading, writing without stepping on anybody, files and formatting."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from etabli.kernel import files
from etabli.kernel.tenancy import scope
from etabli.people.models import Person, Team
from etabli.support.drafts import Draft, be_present
from etabli.support.messages import Message
from etabli.support.moving import move
from etabli.support.opening import Caller, Request, Words, open_ticket
from etabli.support.outbox import OutgoingMail
from etabli.support.states import State
from etabli.support.talking import note, receive
from etabli.support.tickets import Ticket

pytestmark = pytest.mark.django_db
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360f8cf500f0003860180"
    "5a347d6b0000000049454e44ae426082"
)


class Desk:
    def __init__(self, firm: Any, actor: Any, client: Client) -> None:
        self.firm, self.actor, self.client = firm, actor, client
        person = Person.objects.create(
            organisation=firm.acme.organisation, name="Claire Moreau", email="claire@acme.example"
        )
        self.ticket = open_ticket(
            Request("No network", Words("Nothing works."), Caller(person=person)),
            organisation=firm.acme.id,
            actor=actor,
        )
        move(self.ticket, "take", actor=actor, assignee=firm.provider.technician)

    @property
    def url(self) -> str:
        return f"/tickets/{self.ticket.pk}/"

    def page(self, query: str = "") -> str:
        response = self.client.get(self.url + query)
        assert response.status_code == 200
        return str(response.content.decode())

    def write(self, kind: str, text: str, **more: Any) -> Any:
        return self.client.post(f"{self.url}write/", {"kind": kind, "text": text, **more})

    def now(self) -> Ticket:
        return Ticket.objects.get(pk=self.ticket.pk)


@pytest.fixture
def desk(firm: Any, actor_of: Any, client_of: Any) -> Any:
    actor = actor_of(firm.provider.technician)
    with scope(*actor.places):
        yield Desk(firm, actor, client_of(firm.provider.technician))


def test_a_reply_says_to_whom_it_goes_and_goes_there(desk: Desk) -> None:
    assert "Send to claire@acme.example" in desk.page()
    assert desk.write("reply", "Is the cable in?", then="wait", cc="boss@acme.example").status_code == 302
    mail = OutgoingMail.objects.get()
    assert (mail.to, mail.cc) == (["claire@acme.example"], ["boss@acme.example"])
    assert (desk.now().state, desk.now().waiting) == (State.WAITING, "user")
    assert "reply to claire@acme.example, boss@acme.example" in desk.page()


def test_a_note_goes_nowhere(desk: Desk) -> None:
    desk.write("note", "Third time this month")
    assert Message.objects.filter(kind="note").count() == 1
    assert not OutgoingMail.objects.exists()
    assert "only the desk reads it" in desk.page()


def test_an_empty_reply_is_refused_in_a_sentence(desk: Desk) -> None:
    response = desk.client.post(f"{desk.url}write/", {"kind": "reply", "text": " "}, follow=True)
    assert "Write something to send." in response.content.decode()


def test_a_draft_is_kept_and_goes_with_the_sending(desk: Desk) -> None:
    assert desk.client.post(f"{desk.url}draft/", {"kind": "reply", "text": "Half a"}).status_code == 204
    assert ">Half a</textarea>" in desk.page()
    desk.write("reply", "Half a sentence")
    assert not Draft.objects.exists()


def test_what_changed_meanwhile_is_shown_and_nothing_is_lost(desk: Desk, actor_of: Any) -> None:
    seen = desk.client.get(desk.url).context["seen"]
    note(desk.ticket, Words("I called her"), actor=actor_of(desk.firm.provider.administrator))
    response = desk.write("reply", "My answer", seen=seen)
    assert response.status_code == 409
    text = response.content.decode()
    assert "While you were writing" in text
    assert "I called her" in text
    assert ">My answer</textarea>" in text
    assert not OutgoingMail.objects.exists()
    assert desk.write("reply", "My answer", seen=response.context["seen"], anyway="1").status_code == 302
    assert OutgoingMail.objects.count() == 1


def test_colleagues_see_each_other(desk: Desk) -> None:
    be_present(desk.ticket, account_id=desk.firm.provider.administrator.pk, writes=True)
    assert "Provider administrator is writing" in desk.client.post(f"{desk.url}presence/").content.decode()


def test_files_come_back_as_they_were_sent(desk: Desk) -> None:
    desk.write("reply", "See", files=[SimpleUploadedFile("plan.png", PNG)])
    one = Message.objects.get(kind="reply").files.get()
    response = desk.client.get(f"{desk.url}files/{one.pk}/")
    assert b"".join(response.streaming_content) == PNG
    other = open_ticket(
        Request("Other", Words("x"), Caller(name="?")), organisation=desk.firm.acme.id, actor=desk.actor
    )
    assert desk.client.get(f"/tickets/{other.pk}/files/{one.pk}/").status_code == 404


def test_formatting_is_shown_where_nothing_runs(desk: Desk) -> None:
    kept = files.store(PNG, name="logo.png", actor=desk.actor, organisation=desk.firm.acme.id)
    html = '<p onclick="x()">Hi <img src="cid:a@b"><img src="https://spy.example/p.gif"></p><script>alert(1)</script>'
    words = Words("Hi", html=html, files=((kept, "a@b"),))
    message = receive(desk.ticket, words, Caller(name="?"), actor=desk.actor, channel="mail")
    page = desk.client.get(f"{desk.url}messages/{message.pk}/")
    shown = page.content.decode()
    assert "data:image/png;base64," in shown
    assert "script" not in shown
    assert "onclick" not in shown
    assert "spy.example" not in shown
    assert page["Content-Security-Policy"].startswith("sandbox")
    assert page["X-Frame-Options"] == "SAMEORIGIN"
    assert "https:" not in page["Content-Security-Policy"]
    asked = desk.client.get(f"{desk.url}messages/{message.pk}/?remote=1")
    assert "spy.example" in asked.content.decode()
    assert "https:" in asked["Content-Security-Policy"]


def test_an_unverified_message_waits_for_an_agent(desk: Desk) -> None:
    stranger = Caller(name="Z", email="z@else.example")
    message = receive(
        desk.ticket, Words("Let me in"), stranger, actor=desk.actor, channel="mail", unverified=True
    )
    assert "Nothing proves that z@else.example may write here." in desk.page()
    desk.client.post(f"{desk.url}messages/{message.pk}/accept/")
    assert not Message.objects.get(pk=message.pk).unverified


def test_reading_does_not_write(desk: Desk, client_of: Any) -> None:
    desk.client = client_of(desk.firm.provider.auditor)
    page = desk.page()
    assert "<e-composer" not in page
    assert desk.write("note", "x").status_code == 403
    assert desk.client.post(f"{desk.url}draft/", {"kind": "note", "text": "x"}).status_code == 403


def test_the_number_of_queries_does_not_depend_on_the_messages(desk: Desk) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as seen:
            desk.page()
        return len(seen)

    desk.page()
    note(desk.ticket, Words("one"), actor=desk.actor)
    before = count()
    for number in range(45):
        receive(desk.ticket, Words(f"m{number}"), Caller(name="?"), actor=desk.actor, channel="mail")
    page = desk.page()
    assert "Show 16 messages in between" in page
    assert (
        count() <= before + 3
    )  # the first message is asked apart, with its files and mails, once there are many
    assert "m44" in page
    assert "m3<" not in page
    assert "m3<" in desk.page("?all=1")


def test_what_hangs_on_a_ticket_answers_to_its_own_readers_alone(desk: Desk, client_of: Any) -> None:
    """Pages and acts of messages, files and mails: another organisation, a reader, nobody."""
    desk.write("reply", "See", files=[SimpleUploadedFile("plan.png", PNG)])
    message = Message.objects.get(kind="reply")
    message.html = "<p>See</p>"
    message.save()
    file, mail = message.files.get(), OutgoingMail.objects.get()
    reads = [f"messages/{message.pk}/", f"files/{file.pk}/"]
    writes = [f"messages/{message.pk}/accept/", f"mails/{mail.pk}/back/", "write/", "draft/"]
    firm = desk.firm
    for stranger in (firm.globex.administrator, firm.acme.requester):
        browser = client_of(stranger)
        assert {browser.get(desk.url + one).status_code for one in reads} <= {403, 404}
        sent = {browser.post(desk.url + one, {"kind": "note", "text": "x"}).status_code for one in writes}
        assert sent <= {403, 404}
    reader = client_of(firm.acme.auditor)
    assert {reader.get(desk.url + one).status_code for one in reads} == {200}
    refused = {reader.post(desk.url + one, {"kind": "note", "text": "x"}).status_code for one in writes}
    assert refused == {403}
    nobody = client_of(None)
    for one in (*reads, *writes):
        answer = nobody.get(desk.url + one) if one in reads else nobody.post(desk.url + one)
        assert answer.status_code in {302, 403, 404}, one
    assert Message.objects.filter(pk=message.pk).exists()


def test_giving_a_ticket_keeps_what_is_not_said(desk: Desk) -> None:
    team = Team.objects.create(organisation=desk.firm.provider.organisation, name="Level 2")
    form = desk.client.get(f"{desk.url}act/assign/").content.decode()
    assert f'<option value="{desk.firm.provider.technician.pk}" selected>' in form
    url = f"/api/v1/tickets/{desk.ticket.pk}/assign"
    done = desk.client.post(url, {"team": team.pk}, content_type="application/json")
    assert done.status_code == 200, done.content
    assert (desk.now().team, desk.now().assignee) == (team, desk.firm.provider.technician)
    desk.client.post(f"{desk.url}act/assign/", {"team": team.pk, "assignee": "", "reason": ""})
    assert (desk.now().team, desk.now().assignee) == (team, None)
