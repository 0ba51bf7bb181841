"""What programs write: loops, absences, receipts, mails that come back."""

from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest

from etabli.support import identity
from etabli.support.deadaddresses import DeadAddress, dead
from etabli.support.intake import told_on
from etabli.support.mail.sorting import automatic_headers
from etabli.support.messages import Message
from etabli.support.moving import move
from etabli.support.outbox import OutgoingMail
from etabli.support.states import State
from etabli.support.tickets import Ticket

from .dovecot import mail
from .gateway import NOW, Gateway, answered, name_of, opened

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


# -- loops, robots, returned mails --------------------------------------------------------------------------


def test_what_our_own_programs_write_opens_nothing(gateway: Gateway) -> None:
    other = Gateway(gateway.firm, "network@etabli.example")
    headers = [f"{n}: {v}" for n, v in automatic_headers(identity.mark()).items()]
    for number, more in ((1, {"sender": other.mailbox.address}), (2, {"headers": headers})):
        received = gateway.take(mail(number, **more))
        assert (received.fate, received.kind) == ("ignored", "loop")
    assert not Ticket.objects.exists()


def as_sent(row: OutgoingMail, sender: str) -> bytes:
    """A receipt as it leaves: with the headers that its kind asks for."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = sender, ", ".join(row.to), row.subject
    made["Message-ID"] = name_of(row)
    for name, value in automatic_headers(identity.mark()).items():
        made[name] = value
    made.set_content(row.text)
    return made.as_bytes()


@pytest.mark.parametrize("known", [True, False])
def test_two_mailboxes_that_answer_each_other_stop_after_two_mails(gateway: Gateway, known: bool) -> None:
    """Also when each calls itself by an address that the other does not know as ours."""
    boxes = [Gateway(gateway.firm, f"{name}@etabli.example", acknowledges=True) for name in ("one", "two")]
    called = [box.mailbox.address if known else f"alias-{box.mailbox.address}" for box in boxes]
    travelling, mails, at = [mail(1, sender=called[0], to=boxes[1].mailbox.address)], 0, 1
    while travelling and mails < 10:
        mails += 1
        boxes[at].take(travelling.pop())
        receipts = OutgoingMail.objects.filter(mailbox=boxes[at].mailbox, state="queued")
        travelling += [as_sent(row, called[at]) for row in receipts]
        receipts.update(state="sent")
        at = 1 - at
    assert mails <= 2


def test_one_receipt_an_hour_to_each_sender(gateway: Gateway) -> None:
    gateway.mailbox.acknowledges = True
    gateway.mailbox.save()
    for number in range(1, 4):
        gateway.take(mail(number, subject=f"Subject {number}"))
    receipt = OutgoingMail.objects.get()
    assert (receipt.kind, receipt.to, receipt.mailbox_id) == (
        "receipt",
        ["claire@acme.example"],
        gateway.mailbox.pk,
    )
    assert Ticket.objects.count() == 3
    OutgoingMail.objects.update(send_at=NOW - timedelta(hours=2))
    gateway.take(mail(5, subject="Later"))
    assert OutgoingMail.objects.count() == 2


def test_an_absence_is_noted_and_wakes_nothing(gateway: Gateway, actor_of: Any) -> None:
    actor = actor_of(gateway.firm.provider.technician)
    ticket = move(opened(gateway), "solve", actor=actor, solution="Done")
    headers = ["In-Reply-To: <m1@acme.example>", "Auto-Submitted: auto-replied"]
    received = gateway.take(mail(2, subject="Absence", headers=headers))
    assert Message.objects.get(pk=received.message_id).automatic
    ticket.refresh_from_db()
    assert ticket.state == State.SOLVED
    lonely = gateway.take(mail(3, subject="Absence", headers=headers[1:]))
    assert (lonely.fate, Ticket.objects.count()) == ("ignored", 1)


def bounce(named: str, recipient: str, status: str = "5.1.1", action: str = "failed") -> bytes:
    return f"""Return-Path: <>
From: Mail Delivery System <MAILER-DAEMON@mx.example>
To: support@etabli.example
Subject: Undelivered Mail Returned to Sender
Message-ID: <dsn-{status}@mx.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B
Content-Type: text/plain

<{recipient}>: unknown user
--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; {recipient}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 {status} no such user here
--B
Content-Type: text/rfc822-headers

From: support@etabli.example
To: {recipient}
Subject: [ETB-000001] No network
Message-ID: {named}
--B--
""".encode()


def test_a_returned_mail_is_told_on_the_mail_and_its_address_flagged(gateway: Gateway, actor_of: Any) -> None:
    ticket = opened(gateway)
    sent = answered(gateway, ticket, actor_of(gateway.firm.provider.technician))
    received = gateway.take(bounce(name_of(sent), "claire@acme.example"))
    assert (received.fate, received.ticket_id, received.message_id) == ("bounce", ticket.pk, sent.message_id)
    sent.refresh_from_db()
    assert sent.state == OutgoingMail.State.BOUNCED
    assert "no such user here" in sent.refused["claire@acme.example"]
    assert dead(ticket.organisation_id, ["Claire@ACME.example"])
    assert Ticket.objects.count() == 1
    gateway.take(mail(7, subject="I am here", text="My address works."))
    assert not DeadAddress.objects.exists()


def test_a_mail_that_is_late_is_not_returned(gateway: Gateway, actor_of: Any) -> None:
    sent = answered(gateway, opened(gateway), actor_of(gateway.firm.provider.technician))
    received = gateway.take(bounce(name_of(sent), "claire@acme.example", "4.4.1", "delayed"))
    sent.refresh_from_db()
    assert (received.fate, sent.state) == ("bounce", OutgoingMail.State.QUEUED)
    assert not DeadAddress.objects.exists()


def test_a_forged_bounce_is_set_aside(gateway: Gateway, actor_of: Any) -> None:
    sent = answered(gateway, opened(gateway), actor_of(gateway.firm.provider.technician))
    forged = name_of(sent).replace(name_of(sent)[-40:-20], "a" * 20)
    received = gateway.take(bounce(forged, "claire@acme.example"))
    assert (received.fate, Ticket.objects.count()) == ("ignored", 1)
    assert "It names no mail of ours: nothing proves that it is about one." in told_on(received)
    # Nor does a true token let anybody declare dead an address that was not written to.
    gateway.take(bounce(name_of(sent), "boss@acme.example"))
    assert not DeadAddress.objects.exists()
