"""Mails leave through a real server: what each of its answers means, and what is written of it."""

import email
from datetime import timedelta
from email import policy
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from etabli.kernel import mail as settings_mail
from etabli.kernel.events import Event
from etabli.support import sending, smtp
from etabli.support.messages import Message
from etabli.support.outbox import OutgoingMail
from etabli.support.posting import resend, take_back
from etabli.support.sending import MOST_TRIES, pause, send_due
from etabli.support.tickets import Ticket
from etabli.support.watchers import copy

from .outgoing import answered, by_settings, due, mailbox, opened
from .sink import Sink, listening

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]
State = OutgoingMail.State


def sent(mail: OutgoingMail, timeout: float = 5) -> OutgoingMail:
    due(mail)
    send_due(timeout=timeout)
    return OutgoingMail.objects.get(pk=mail.pk)


def test_an_answer_leaves_once(provider: Any, sink: Sink) -> None:
    firm, actor = provider
    by_settings(sink.port)
    mail = answered(opened(firm, actor), actor)
    assert send_due() == 0, "it waits ten seconds"
    mail = sent(mail)
    assert (mail.state, mail.tries, mail.delivered, mail.problem) == (
        State.SENT,
        1,
        ["claire@acme.example"],
        "",
    )
    assert mail.sent_at
    assert send_due() == 0
    (kept,) = sink.mails
    read = email.message_from_string(kept["content"], policy=policy.default)
    assert (kept["from"], kept["to"]) == ("support@provider.example", ["claire@acme.example"])
    assert str(read["From"]) == "Support <support@provider.example>"
    assert str(read["To"]) == "Claire Moreau <claire@acme.example>"


def test_each_refusal_of_one_recipient_is_kept(provider: Any, sink: Sink) -> None:
    firm, actor = provider
    by_settings(sink.port)
    ticket = opened(firm, actor)
    copy(ticket, actor=actor, email="550.gone@acme.example")
    copy(ticket, actor=actor, email="451.later@acme.example")
    mail = sent(answered(ticket, actor))
    assert mail.state == State.DEFERRED
    assert mail.delivered == ["claire@acme.example"]
    assert mail.refused == {
        "550.gone@acme.example": "550 5.1.1 as asked",
        "451.later@acme.example": "451 4.1.1 as asked",
    }
    assert mail.pending == ["451.later@acme.example"], "the others are not sent to again"
    mail = sent(mail)
    assert [one["to"] for one in sink.mails] == [["claire@acme.example"]]
    OutgoingMail.objects.filter(pk=mail.pk).update(tries=MOST_TRIES - 1)
    mail = sent(mail)
    assert mail.state == State.FAILED
    mail = sent(resend(mail, actor=actor, to="claire@acme.example", cc="paul@acme.example"))
    assert mail.state == State.SENT
    assert sink.mails[-1]["to"] == ["paul@acme.example"]


@pytest.mark.parametrize(
    ("address", "state", "problem"),
    [
        ("550.gone@acme.example", State.FAILED, "550 5.1.1"),
        ("450.grey@acme.example", State.DEFERRED, "450 4.1.1"),
        ("552.data@acme.example", State.FAILED, "552 5.3.1"),
        ("452.data@acme.example", State.DEFERRED, "452 4.3.1"),  # the disk of the server is full
        ("hang.data@acme.example", State.DEFERRED, "did not answer"),
        ("drop.data@acme.example", State.DEFERRED, "hung up"),
    ],
)
def test_what_an_answer_of_the_server_means(
    provider: Any, sink: Sink, address: str, state: str, problem: str
) -> None:
    firm, actor = provider
    by_settings(sink.port)
    mail = sent(answered(opened(firm, actor, address), actor), timeout=1)
    assert mail.state == state
    assert problem in mail.problem
    assert sink.mails == []
    failed = Event.objects.filter(verb="ticket.mail_failed").count()
    assert failed == (state == State.FAILED)
    if state == State.DEFERRED:
        left = mail.send_at - timezone.now()
        assert timedelta(seconds=50) < left <= timedelta(minutes=1)


def test_pauses_grow_and_end_after_two_days(provider: Any, sink: Sink) -> None:
    assert [pause(n) // timedelta(minutes=1) for n in (1, 2, 3, 4, 5, 40)] == [1, 5, 15, 60, 60, 60]
    assert (
        timedelta(hours=46) < sum((pause(n) for n in range(1, MOST_TRIES)), timedelta()) < timedelta(hours=49)
    )
    firm, actor = provider
    by_settings(sink.port)
    mail = answered(opened(firm, actor, "451.busy@acme.example"), actor)
    OutgoingMail.objects.update(tries=MOST_TRIES - 1)
    mail = sent(mail)
    assert mail.state == State.FAILED
    assert "Tried for two days" in mail.problem
    assert "451 4.1.1" in mail.problem


def test_one_connection_serves_many_mails(provider: Any, sink: Sink, monkeypatch: Any) -> None:
    firm, actor = provider
    by_settings(sink.port)
    monkeypatch.setattr(smtp, "MOST_MAILS", 4)
    ticket = opened(firm, actor)
    mails = [answered(ticket, actor, f"{n}") for n in range(10)]
    due(*mails)
    assert send_due() == 10
    assert [sink.mails[0]["peer"]] * 4 == [one["peer"] for one in sink.mails[:4]]
    assert len({one["peer"] for one in sink.mails}) == 3
    assert len(sink.mails) == 10


def test_a_refused_mail_does_not_break_the_connection_for_the_next(provider: Any, sink: Sink) -> None:
    firm, actor = provider
    by_settings(sink.port)
    kinds = ["550.a", "claire", "552.data", "drop.data", "paul", "451.b", "marc"]
    mails = [answered(opened(firm, actor, f"{one}@acme.example"), actor) for one in kinds]
    due(*mails)
    assert send_due() == len(kinds)
    states = [OutgoingMail.objects.get(pk=mail.pk).state for mail in mails]
    assert states == ["failed", "sent", "failed", "deferred", "sent", "deferred", "sent"]


def test_a_server_that_is_gone_puts_off_all_its_mails_at_once(provider: Any, tmp_path: Path) -> None:
    firm, actor = provider
    with listening(tmp_path) as gone:
        by_settings(gone.port)
    ticket = opened(firm, actor)
    box = mailbox(firm, gone.port, host="127.0.0.1")
    mails = [answered(ticket, actor) for _n in range(5)]
    other = answered(opened(firm, actor, mailbox=box), actor)
    due(*mails, other)
    assert send_due() == 2, "one for each way: that of the settings, that of the mailbox"
    for mail in OutgoingMail.objects.all():
        assert (mail.state, mail.tries) == (State.DEFERRED, 1)
        assert "refuses connections" in mail.problem


def test_a_silent_server_is_left_alone_after_two_mails(provider: Any, sink: Sink) -> None:
    firm, actor = provider
    by_settings(sink.port)
    mails = [answered(opened(firm, actor, "hang.data@acme.example"), actor) for _n in range(4)]
    due(*mails)
    assert send_due(timeout=0.5) == 2
    assert set(OutgoingMail.objects.values_list("state", flat=True)) == {State.DEFERRED}


def test_without_a_server_nothing_is_lost(provider: Any) -> None:
    firm, actor = provider
    mail = sent(answered(opened(firm, actor), actor))
    assert (mail.state, mail.tries) == (State.DEFERRED, 1)
    assert "No mail server is set" in mail.problem


@pytest.mark.parametrize("how", ["tls", "starttls"])
def test_tls_with_the_mailbox_own_server(
    provider: Any, tmp_path: Path, certificate: str, how: str, monkeypatch: Any
) -> None:
    firm, actor = provider
    security = {"tls": settings_mail.TLS, "starttls": settings_mail.STARTTLS}[how]
    with listening(tmp_path, certificate, how) as sink:
        box = mailbox(firm, sink.port, smtp_security=security)
        mail = sent(answered(opened(firm, actor, mailbox=box), actor))
        assert mail.state == State.DEFERRED
        assert "certificate" in mail.problem
        monkeypatch.setenv("SSL_CERT_FILE", certificate)
        mail = sent(mail)
        assert (mail.state, mail.problem) == (State.SENT, "")
        assert sink.mails[0]["from"] == "support@etabli.example"


def test_a_bearer_token_logs_in_and_a_bad_one_is_told(provider: Any, tmp_path: Path) -> None:
    firm, actor = provider
    with listening(tmp_path, how="bearer") as sink:
        box = mailbox(firm, sink.port, login="xoauth2", user="support@etabli.example", access_token="bad")
        box.token_expires_at = timezone.now() + timedelta(hours=1)
        box.save()
        mail = sent(answered(opened(firm, actor, mailbox=box), actor))
        assert mail.state == State.DEFERRED
        assert "refuses the login of “support@etabli.example”" in mail.problem
        box.access_token = "good"
        box.save()
        assert sent(mail).state == State.SENT


def test_an_answer_for_later_counts_from_its_leaving(provider: Any, sink: Sink) -> None:
    firm, actor = provider
    by_settings(sink.port)
    ticket = opened(firm, actor)
    mail = answered(ticket, actor, send_at=timezone.now() + timedelta(days=1))
    assert Ticket.objects.get(pk=ticket.pk).owed
    mail = sent(mail)
    ticket.refresh_from_db()
    assert (mail.state, ticket.owed) == (State.SENT, False)
    assert mail.fact
    assert ticket.answered_at == mail.fact.at == Message.objects.get(pk=mail.message_id).at
    with pytest.raises(ValidationError):
        take_back(mail, actor=actor)


def test_a_worker_that_died_leaves_its_mail_to_the_next(provider: Any, sink: Sink) -> None:
    firm, actor = provider
    by_settings(sink.port)
    mail = answered(opened(firm, actor), actor)
    due(mail)
    assert sending.take() == mail
    assert sending.take() is None, "in the hands of another one"
    assert send_due() == 0
    OutgoingMail.objects.update(tried_at=timezone.now() - sending.FORGOTTEN - timedelta(seconds=1))
    assert send_due() == 1
    assert OutgoingMail.objects.get().state == State.SENT


def test_a_mail_that_cannot_be_made_does_not_stop_the_others(provider: Any, sink: Sink) -> None:
    firm, actor = provider
    by_settings(sink.port)
    ticket = opened(firm, actor)
    bad, good = answered(ticket, actor), answered(ticket, actor)
    OutgoingMail.objects.filter(pk=bad.pk).update(to=["no address\r\nBcc: x@evil.example"])
    due(bad, good)
    assert send_due() == 2
    assert OutgoingMail.objects.get(pk=good.pk).state == State.SENT
    assert OutgoingMail.objects.get(pk=bad.pk).state == State.FAILED
    assert len(sink.mails) == 1
