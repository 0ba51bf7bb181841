"""An answer may be taken back, put off, sent again; what its clocks then say; a note never leaves."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from etabli.kernel.events import Event
from etabli.kernel.jobs import run_waiting
from etabli.support import posting
from etabli.support.clocks.policies import Clock
from etabli.support.messages import Message
from etabli.support.opening import Caller, Words
from etabli.support.outbox import OutgoingMail
from etabli.support.posting import give_up, reschedule, resend, returned, take_back
from etabli.support.promises import Deadline, ServiceLevel, ServiceTarget
from etabli.support.recipients import addresses, recipients_of
from etabli.support.talking import answer, note, receive
from etabli.support.tickets import Ticket
from etabli.support.watchers import copy

from .outgoing import answered, opened

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]
State = OutgoingMail.State


def promised(firm: Any) -> None:
    level = ServiceLevel.objects.create(organisation=firm.provider.organisation, name="Gold", is_default=True)
    for clock in (Clock.FIRST_ANSWER, Clock.NEXT_ANSWER):
        for priority in range(1, 6):
            ServiceTarget.objects.create(
                organisation=level.organisation,
                level=level,
                clock=clock,
                priority=priority,
                minutes=60,
                always=True,
            )


def clock(ticket: Ticket, name: str = Clock.FIRST_ANSWER) -> Deadline:
    return Deadline.objects.get(ticket=ticket, clock=name)


def test_what_is_taken_back_was_never_said(provider: Any) -> None:
    firm, actor = provider
    promised(firm)
    ticket = opened(firm, actor)
    before = clock(ticket)
    mail = answered(ticket, actor, "Sorry, wrong window")
    assert clock(ticket).stopped_at
    back = take_back(mail, actor=actor)
    assert (back.text, back.to, back.account_id) == (
        "Sorry, wrong window",
        ("claire@acme.example",),
        actor.account_id,
    )
    assert list(Message.objects.filter(ticket=ticket).values_list("kind", flat=True)) == ["asked"]
    ticket.refresh_from_db()
    assert (ticket.owed, ticket.answered_at) == (True, None)
    after = clock(ticket)
    assert (after.stopped_at, after.due_at) == (None, before.due_at)
    mail.refresh_from_db()
    assert (mail.state, mail.text, mail.message) == (State.CANCELLED, "Sorry, wrong window", None)
    answer(ticket, Words("The right one"), actor=actor)
    ticket.refresh_from_db()
    assert not ticket.owed
    assert clock(ticket).stopped_at == ticket.answered_at


def test_taking_back_the_second_answer_keeps_the_first(provider: Any) -> None:
    firm, actor = provider
    promised(firm)
    ticket = opened(firm, actor)
    answered(ticket, actor)
    first = Ticket.objects.get(pk=ticket.pk).answered_at
    receive(ticket, Words("And now?"), Caller(person=ticket.requester), actor=actor, channel="mail")
    second = answered(Ticket.objects.get(pk=ticket.pk), actor, "Soon")
    take_back(second, actor=actor)
    ticket.refresh_from_db()
    assert (ticket.owed, ticket.answered_at) == (True, first)
    assert clock(ticket).stopped_at == first
    assert clock(ticket, Clock.NEXT_ANSWER).stopped_at is None


def test_what_left_is_not_taken_back(provider: Any, actor_of: Any) -> None:
    firm, actor = provider
    mail = answered(opened(firm, actor), actor)
    with pytest.raises(PermissionDenied):
        take_back(mail, actor=actor_of(firm.provider.auditor))
    for state, told in ((State.SENDING, "leaving now"), (State.SENT, "It is over: sent")):
        OutgoingMail.objects.update(state=state)
        with pytest.raises(ValidationError, match=told):
            take_back(mail, actor=actor)
    OutgoingMail.objects.update(state=State.DEFERRED, delivered=["claire@acme.example"])
    with pytest.raises(ValidationError):
        take_back(mail, actor=actor)


def test_drafts_keep_what_is_taken_back(provider: Any, monkeypatch: Any) -> None:
    firm, actor = provider
    kept: list[Any] = []
    monkeypatch.setattr(posting, "_keepers", [])
    posting.keeps_drafts(lambda back, who: kept.append((back.ticket, back.text, who)))
    ticket = opened(firm, actor)
    take_back(answered(ticket, actor, "words"), actor=actor)
    assert kept == [(ticket, "words", actor)]


def test_an_answer_for_later_counts_when_it_leaves(provider: Any) -> None:
    firm, actor = provider
    promised(firm)
    ticket = opened(firm, actor)
    mail = answered(ticket, actor, send_at=timezone.now() + timedelta(hours=5))
    assert (mail.fact, clock(ticket).stopped_at) == (None, None)
    assert Ticket.objects.get(pk=ticket.pk).owed
    now = answered(ticket, actor)
    assert now.fact
    reschedule(now, actor=actor, send_at=timezone.now() + timedelta(days=1))
    assert clock(ticket).stopped_at is None
    with pytest.raises(ValidationError, match="a moment to come"):
        reschedule(now, actor=actor, send_at=timezone.now() - timedelta(days=1))
    take_back(mail, actor=actor)
    mail = reschedule(now, actor=actor)
    assert mail.send_at <= timezone.now()


def test_the_worker_wakes_when_it_is_to_leave(provider: Any) -> None:
    firm, actor = provider
    at = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=3)
    answered(opened(firm, actor), actor, send_at=at)
    with connection.cursor() as cursor:
        cursor.execute("SELECT scheduled_at FROM procrastinate_jobs WHERE task_name LIKE '%sending.deliver'")
        found = [row[0] for row in cursor.fetchall()]
    assert len(found) == 1
    assert abs(found[0] - at) < timedelta(seconds=5)


def test_a_refused_mail_is_sent_again_to_another_address(provider: Any) -> None:
    firm, actor = provider
    mail = answered(opened(firm, actor), actor)
    with pytest.raises(ValidationError, match="refused or returned"):
        resend(mail, actor=actor)
    OutgoingMail.objects.update(
        state=State.FAILED, tries=9, problem="550", refused={"claire@acme.example": "550 no"}
    )
    with pytest.raises(ValidationError, match="not an e-mail address"):
        resend(mail, actor=actor, to="claire@")
    mail = resend(mail, actor=actor, to="claire.moreau@acme.example; paul@acme.example")
    assert (mail.state, mail.tries, mail.refused) == (State.QUEUED, 0, {})
    assert mail.pending == ["claire.moreau@acme.example", "paul@acme.example"]
    assert mail.message is not None
    assert mail.message.sent_to["to"] == mail.to


def test_a_returned_mail_is_resent_to_whoever_did_not_get_it(provider: Any) -> None:
    firm, actor = provider
    ticket = opened(firm, actor)
    copy(ticket, actor=actor, email="paul@acme.example")
    mail = answered(ticket, actor)
    OutgoingMail.objects.update(state=State.SENT, delivered=[*mail.to, *mail.cc])
    mail = returned(mail, {"paul@acme.example": "550 5.1.1 unknown"})
    assert (mail.state, mail.refused) == (State.BOUNCED, {"paul@acme.example": "550 5.1.1 unknown"})
    mail = resend(mail, actor=actor)
    assert mail.pending == ["paul@acme.example"]
    give_up(mail, actor=actor)
    assert Event.objects.filter(verb="ticket.mail_given_up").count() == 1


def test_a_note_cannot_leave(provider: Any) -> None:
    firm, actor = provider
    ticket = opened(firm, actor)
    secret = note(ticket, Words("The boss is in a hurry"), actor=actor)
    asked = Message.objects.get(ticket=ticket, kind="asked")
    for message in (secret, asked):
        with pytest.raises(IntegrityError, match="only a reply leaves"), transaction.atomic():
            OutgoingMail.objects.create(
                organisation=firm.acme.organisation, ticket=ticket, message=message, serial="x"
            )
    mail = answered(ticket, actor)
    with pytest.raises(IntegrityError, match="only a reply leaves"), transaction.atomic():
        OutgoingMail.objects.filter(pk=mail.pk).update(message=secret)
    with pytest.raises(IntegrityError, match="only a reply leaves"), transaction.atomic():
        Message.objects.filter(pk=mail.message_id).update(kind="note")
    with pytest.raises(IntegrityError, match="outgoing_reply_says_something"), transaction.atomic():
        OutgoingMail.objects.filter(pk=mail.pk).update(message=None)


def test_recipients_are_the_caller_and_the_addresses_in_copy(provider: Any) -> None:
    firm, actor = provider
    ticket = opened(firm, actor)
    copy(ticket, actor=actor, email="paul@acme.example")
    to, cc = recipients_of(ticket)
    assert [str(one) for one in to] == ["Claire Moreau <claire@acme.example>"]
    assert [str(one) for one in cc] == ["paul@acme.example"]
    mail = answered(ticket, actor)
    assert (mail.to, mail.cc) == (["claire@acme.example"], ["paul@acme.example"])
    ticket.requester = None
    assert recipients_of(ticket) == ([], [])


def test_addresses_are_read_as_people_type_them() -> None:
    assert addresses("a@x.example, b@x.example;\nA@X.example") == ["A@X.example", "b@x.example"]
    with pytest.raises(ValidationError, match="at most 100"):
        addresses([f"p{n}@x.example" for n in range(101)])


def test_the_job_of_an_answer_tells_nothing_of_it(provider: Any) -> None:
    firm, actor = provider
    answered(opened(firm, actor), actor, "the-password-is-zorglub")
    with connection.cursor() as cursor:
        cursor.execute("SELECT args::text FROM procrastinate_jobs")
        assert "zorglub" not in str(cursor.fetchall())
    run_waiting()
