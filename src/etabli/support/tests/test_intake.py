"""What becomes of a mail that is kept: where it goes, in whose name, and what it never does."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from django.utils import timezone

from etabli.kernel import preferences
from etabli.kernel.actors import SYSTEM
from etabli.kernel.files import open_file
from etabli.kernel.tenancy import scope
from etabli.people.models import Person
from etabli.support import identity
from etabli.support.deadaddresses import DeadAddress, dead
from etabli.support.imap import Arrived
from etabli.support.intake import sort, sort_waiting, told_on
from etabli.support.mail.sorting import automatic_headers
from etabli.support.mailboxes import KnownMail, Mailbox, ReceivedMail
from etabli.support.messages import Message, MessageFile
from etabli.support.moving import move
from etabli.support.opening import Words
from etabli.support.originals import take_original_sender
from etabli.support.outbox import OutgoingMail
from etabli.support.states import State
from etabli.support.storing import Desk, desk_of, store
from etabli.support.talking import answer, note
from etabli.support.tickets import Ticket, TicketLink

from .dovecot import mail

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]
NOW = timezone.now()


class Gateway:
    """A mailbox of the provider's desk, into which mails are put as its reader would."""

    def __init__(self, firm: Any, address: str = "support@etabli.example", **more: Any) -> None:
        self.firm, self.number = firm, 0
        values = {"name": "Support", "imap_host": "localhost", "user": "support", "acknowledges": False}
        self.mailbox = Mailbox.objects.create(
            organisation=firm.provider.organisation, address=address, **(values | more)
        )

    @property
    def desk(self) -> Desk:
        return desk_of(self.mailbox)

    def take(self, raw: bytes, **more: Any) -> ReceivedMail:
        self.number += 1
        values = {"uid_validity": 1, "uid": self.number, "raw": raw, "size": len(raw), "arrived_at": NOW}
        received = store(self.desk, Arrived(**(values | more)))
        return sort(received, self.desk, raw=raw)


@pytest.fixture
def gateway(firm: Any) -> Iterator[Gateway]:
    with scope(firm.provider.id, firm.acme.id, firm.globex.id):
        made = Gateway(firm)
        for name, email in (("Claire Moreau", "Claire@acme.example"), ("Paul Roy", "paul@acme.example")):
            Person.objects.create(organisation=firm.acme.organisation, name=name, email=email)
        yield made


def the_ticket() -> Ticket:
    return Ticket.objects.get()


def opened(gateway: Gateway, **more: Any) -> Ticket:
    received = gateway.take(mail(1, **more))
    assert received.fate == "opened"
    return Ticket.objects.get(pk=received.ticket_id)


def answered(gateway: Gateway, ticket: Ticket, actor: Any, text: str = "Which socket?") -> OutgoingMail:
    """An answer of an agent, as it leaves."""
    message = answer(ticket, Words(text), actor=actor)
    return OutgoingMail.objects.get(message=message)


def name_of(sent: OutgoingMail) -> str:
    """Its Message-ID."""
    return identity.message_id(sent.ticket_id, sent.serial, "support@etabli.example")


def agent_mail(gateway: Gateway, number: int, **more: Any) -> bytes:
    account = gateway.firm.provider.technician
    return mail(number, sender=f"{account.name} <{account.email}>", **more)


# -- who asks -----------------------------------------------------------------------------------------------


def test_a_caller_is_known_by_address_whatever_its_capitals(gateway: Gateway) -> None:
    ticket = opened(gateway, sender="CLAIRE@ACME.EXAMPLE")
    assert (str(ticket.requester), ticket.organisation_id) == ("Claire Moreau", gateway.firm.acme.id)


def test_an_unknown_caller_is_named_as_the_mail_does(gateway: Gateway) -> None:
    ticket = opened(gateway, sender="Zoé Petit <zoe@else.example>")
    assert (ticket.requester, ticket.contact_name, ticket.contact_email) == (
        None, "Zoé Petit", "zoe@else.example",
    )  # fmt: skip
    assert ticket.organisation_id == gateway.firm.provider.id


def test_of_several_people_the_nearest_is_taken_and_told(gateway: Gateway) -> None:
    Person.objects.create(
        organisation=gateway.firm.globex.organisation, name="Other", email="claire@acme.example"
    )
    near = Person.objects.create(
        organisation=gateway.firm.provider.organisation, name="Near", email="claire@acme.example"
    )
    received = gateway.take(mail())
    assert the_ticket().requester == near
    assert "3 people have this address: the one of Provider was taken." in told_on(received)


def test_a_mailbox_of_a_client_sees_its_own_people_only(firm: Any) -> None:
    with scope(firm.acme.id, firm.provider.id, firm.globex.id):
        Person.objects.create(
            organisation=firm.globex.organisation, name="Other", email="claire@acme.example"
        )
        one = Gateway(firm)
        one.mailbox.organisation = firm.acme.organisation
        one.mailbox.save()
        one.take(mail())
        assert (the_ticket().requester, the_ticket().organisation_id) == (None, firm.acme.id)


def test_a_form_of_a_site_speaks_for_whoever_filled_it_without_proving_it(gateway: Gateway) -> None:
    opened(gateway, sender="noreply@site.example", headers=["Reply-To: Claire <claire@acme.example>"])
    assert str(the_ticket().requester) == "Claire Moreau"
    assert Message.objects.get().unverified


def test_the_mailbox_says_the_type_and_the_team(gateway: Gateway, maker: Any) -> None:
    from etabli.people.models import Team

    gateway.mailbox.team = Team.objects.create(
        organisation=gateway.firm.provider.organisation, name="Level 1"
    )
    gateway.mailbox.kind = Ticket.Kind.REQUEST
    gateway.mailbox.save()
    ticket = opened(gateway)
    assert (ticket.kind, str(ticket.team), ticket.mailbox_id) == ("request", "Level 1", gateway.mailbox.pk)


# -- what it says -------------------------------------------------------------------------------------------


def test_the_date_is_when_it_arrived_never_what_it_says(gateway: Gateway) -> None:
    at = NOW - timedelta(hours=3)
    raw = mail().replace(b"Mon, 30 Nov 2026", b"Mon, 01 Jan 1900")
    gateway.take(raw, arrived_at=at)
    assert the_ticket().opened_at == at
    gateway.take(mail(2, subject="Other"), arrived_at=datetime(1900, 1, 1, tzinfo=UTC))
    gateway.take(mail(3, subject="Later"), arrived_at=NOW + timedelta(days=400))
    assert {ticket.opened_at.year for ticket in Ticket.objects.all()} <= {timezone.now().year, at.year}


def test_attachments_and_inline_images_are_kept(gateway: Gateway) -> None:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "claire@acme.example", gateway.mailbox.address, "Screen"
    made.set_content("See the picture.")
    made.add_alternative('<p>See <img src="cid:shot@1"></p>', subtype="html")
    made.get_payload()[1].add_related(b"\x89PNG\r\n\x1a\n0", "image", "png", cid="<shot@1>")  # type: ignore[union-attr,index]
    made.add_attachment(
        b"%PDF-1.4", maintype="application", subtype="pdf", filename="../../etc/devis\x00.pdf"
    )
    gateway.take(made.as_bytes())
    files = {str(one.file): one.content_id for one in MessageFile.objects.select_related("file")}
    assert {name: cid for name, cid in files.items() if name.endswith(".pdf")} == {"devis.pdf": ""}
    assert "shot@1" in files.values()
    assert {one.file.organisation_id for one in MessageFile.objects.all()} == {gateway.firm.acme.id}
    assert "cid:shot@1" in Message.objects.get().html


def test_hundreds_of_files_and_recipients_stay_bounded(gateway: Gateway) -> None:
    made = EmailMessage()
    made["From"], made["Subject"] = "claire@acme.example", "Everyone"
    made["To"] = ", ".join(f"p{n}@else.example" for n in range(200))
    made["Message-ID"] = "<many@acme.example>"
    made.set_content("Hello")
    for n in range(130):
        made.add_attachment(f"file {n}", filename=f"{n}.txt")
    received = gateway.take(made.as_bytes())
    assert MessageFile.objects.count() == 101
    assert the_ticket().watchers.count() == 40
    told = " ".join(told_on(received))
    assert "It brings 130 files" in told
    assert "It was sent to 200 addresses" in told


def test_a_mail_too_large_is_its_headers_and_says_so(gateway: Gateway) -> None:
    raw = mail().split(b"\r\n\r\n")[0] + b"\r\n\r\n"
    received = gateway.take(raw, size=300 * 1024**2, whole=False)
    assert the_ticket().title == "No network"
    assert "larger than the largest file" in Message.objects.get().text
    assert "Of 300 MB, it is larger than what is accepted: only its headers were kept." in told_on(received)


def test_what_cannot_be_read_is_a_ticket_with_the_original(gateway: Gateway) -> None:
    raw = b"\x00\xff\xfe nothing of a mail \x00" * 50
    received = gateway.take(raw)
    assert (received.fate, received.kind) == ("opened", "unreadable")
    with open_file(MessageFile.objects.get().file) as content:
        assert content.read() == raw


def test_what_breaks_the_desk_is_a_ticket_all_the_same(gateway: Gateway, monkeypatch: Any) -> None:
    # A fault of ours, as no mail of the corpus gives one: the name of a key that does not exist.
    monkeypatch.setattr("etabli.support.intake.place_of", lambda *_given: {}["broken"])
    received = gateway.take(mail())
    assert (received.fate, received.kind) == ("opened", "unreadable")
    assert "Sorting it failed" in " ".join(told_on(received))
    assert MessageFile.objects.get().file.size == len(mail())


# -- the same mail ------------------------------------------------------------------------------------------


def test_the_same_bytes_at_another_place_change_nothing(gateway: Gateway) -> None:
    first = gateway.take(mail())
    again = gateway.take(mail(), uid_validity=2, uid=77)
    assert (again.pk, again.uid, Ticket.objects.count(), Message.objects.count()) == (first.pk, 77, 1, 1)


def test_two_copies_by_two_roads_are_one_message(gateway: Gateway) -> None:
    gateway.take(mail())
    other = gateway.take(b"Received: from a by b; Mon, 30 Nov 2026 09:00:02 +0100\r\n" + mail())
    assert (other.fate, Message.objects.count()) == ("ignored", 1)
    assert other.ticket_id == the_ticket().pk


def test_a_message_id_used_again_for_other_words_is_another_mail(gateway: Gateway) -> None:
    gateway.take(mail())
    gateway.take(mail(1, subject="Printer", text="No toner"))
    assert Ticket.objects.count() == 2


def test_a_mail_sent_to_two_mailboxes_is_one_ticket(gateway: Gateway) -> None:
    other = Gateway(gateway.firm, "network@etabli.example")
    gateway.take(mail())
    received = other.take(mail())
    assert (received.fate, Ticket.objects.count()) == ("ignored", 1)


def test_a_stored_mail_is_sorted_once(gateway: Gateway) -> None:
    received = store(gateway.desk, Arrived(1, 1, mail(), len(mail()), NOW))
    assert sort_waiting(gateway.desk) == 1
    assert sort(received, gateway.desk).fate == "opened"
    assert (sort_waiting(gateway.desk), Ticket.objects.count(), Message.objects.count()) == (0, 1, 1)


def test_a_mail_that_killed_its_reader_five_times_is_not_read_again(gateway: Gateway) -> None:
    received = store(gateway.desk, Arrived(1, 1, mail(), len(mail()), NOW))
    ReceivedMail.objects.filter(pk=received.pk).update(attempts=5)
    sort_waiting(gateway.desk)
    received.refresh_from_db()
    assert (received.kind, the_ticket().title) == ("unreadable", "A mail that could not be sorted")


# -- where it belongs ---------------------------------------------------------------------------------------


def test_an_answer_to_our_mail_joins_its_ticket(gateway: Gateway, actor_of: Any) -> None:
    ticket = opened(gateway)
    sent = answered(gateway, ticket, actor_of(gateway.firm.provider.technician))
    received = gateway.take(mail(2, subject="Re: hello", headers=[f"In-Reply-To: {name_of(sent)}"]))
    assert (received.fate, received.ticket_id, received.kind) == ("added", ticket.pk, "reply")
    assert not Message.objects.get(pk=received.message_id).unverified


def test_a_key_that_was_rotated_still_proves_our_mails(gateway: Gateway, actor_of: Any) -> None:
    from etabli.kernel import secrets

    ticket = opened(gateway)
    sent = answered(gateway, ticket, actor_of(gateway.firm.provider.technician))
    named = name_of(sent)
    secrets.rotate(actor=SYSTEM)
    assert name_of(sent) != named
    assert gateway.take(mail(2, subject="Re: x", headers=[f"In-Reply-To: {named}"])).ticket_id == ticket.pk


def test_an_answer_to_one_s_own_mail_or_to_a_colleague_s_joins_too(gateway: Gateway) -> None:
    ticket = opened(gateway, headers=["References: <earlier@acme.example>"])
    own = gateway.take(mail(2, subject="Re: No network", headers=["In-Reply-To: <m1@acme.example>"]))
    # Paul answers Claire's second mail, which we did not send.
    late = gateway.take(
        mail(3, sender="paul@acme.example", subject="Re: a", headers=["References: <m2@acme.example>"])
    )
    early = gateway.take(mail(4, subject="Re: b", headers=["In-Reply-To: <earlier@acme.example>"]))
    assert {own.ticket_id, late.ticket_id, early.ticket_id} == {ticket.pk}
    assert KnownMail.objects.filter(ticket=ticket).count() == 5


def test_a_number_in_the_subject_leads_those_who_may_write_there(gateway: Gateway) -> None:
    ticket = opened(gateway)
    by_claire = gateway.take(mail(2, subject=f"Still broken [{ticket.reference}]"))
    assert (by_claire.fate, by_claire.ticket_id) == ("added", ticket.pk)
    by_nobody = gateway.take(mail(3, sender="x@else.example", subject=f"Re: [{ticket.reference}] hi"))
    assert by_nobody.fate == "opened"
    assert f"Its subject names {ticket.reference}, where its sender may not write." in told_on(by_nobody)
    assert Ticket.objects.get(pk=by_nobody.ticket_id).title == "hi"


def test_the_mark_of_the_text_leads_when_identifiers_were_rewritten(gateway: Gateway, actor_of: Any) -> None:
    ticket = opened(gateway)
    sent = answered(gateway, ticket, actor_of(gateway.firm.provider.technician))
    text = f"Socket 2.\n\n> Which socket?\n> {identity.marker(ticket.pk, sent.serial)}"
    received = gateway.take(mail(2, subject="hello", text=text))
    assert received.ticket_id == ticket.pk


def test_a_merged_ticket_leads_to_what_it_was_merged_into(gateway: Gateway) -> None:
    ticket, other = opened(gateway), Ticket.objects.get(pk=gateway.take(mail(9, subject="Same")).ticket_id)
    Ticket.objects.filter(pk=ticket.pk).update(merged_into=other)
    received = gateway.take(mail(2, subject="Re: x", headers=["In-Reply-To: <m1@acme.example>"]))
    assert received.ticket_id == other.pk


def test_a_closed_ticket_is_continued_by_a_new_one(gateway: Gateway, actor_of: Any) -> None:
    actor = actor_of(gateway.firm.provider.technician)
    ticket = opened(gateway)
    move(move(ticket, "solve", actor=actor, solution="Done"), "close", actor=actor)
    received = gateway.take(
        mail(2, subject="Re: [ETB-1] No network", headers=["In-Reply-To: <m1@acme.example>"])
    )
    assert (received.fate, received.ticket_id != ticket.pk) == ("opened", True)
    link = TicketLink.objects.get()
    assert (link.ticket_id, link.other_id, link.relation) == (received.ticket_id, ticket.pk, "related")
    assert f"{ticket.reference} is closed: a new ticket was opened and linked to it." in told_on(received)


def test_thanks_reopen_nothing_and_words_do(gateway: Gateway, actor_of: Any) -> None:
    ticket = move(opened(gateway), "solve", actor=actor_of(gateway.firm.provider.technician), solution="Done")
    gateway.take(
        mail(2, subject="Re: x", text="Merci beaucoup !", headers=["In-Reply-To: <m1@acme.example>"])
    )
    ticket.refresh_from_db()
    assert ticket.state == State.SOLVED
    gateway.take(mail(3, subject="Re: x", text="It is back.", headers=["In-Reply-To: <m1@acme.example>"]))
    ticket.refresh_from_db()
    assert ticket.state == State.NEW


# -- who may add --------------------------------------------------------------------------------------------


def test_a_stranger_waits_for_an_agent_and_is_not_lost(gateway: Gateway) -> None:
    ticket = opened(gateway)
    received = gateway.take(
        mail(2, sender="x@else.example", subject="Re: x",
             headers=["In-Reply-To: <m1@acme.example>", "References: <private@else.example>"])
    )  # fmt: skip
    assert received.ticket_id == ticket.pk
    assert Message.objects.get(pk=received.message_id).unverified
    # What a stranger refers to must not draw other conversations here.
    later = gateway.take(mail(3, subject="Re: y", headers=["In-Reply-To: <private@else.example>"]))
    assert later.fate == "opened"


def test_a_watcher_and_a_colleague_may_write(gateway: Gateway) -> None:
    ticket = opened(gateway, headers=["Cc: Friend <friend@else.example>"])
    answer_to = ["In-Reply-To: <m1@acme.example>"]
    for number, sender in ((2, "friend@else.example"), (3, "paul@acme.example")):
        received = gateway.take(mail(number, sender=sender, subject="Re: x", headers=answer_to))
        assert not Message.objects.get(pk=received.message_id).unverified, sender
    preferences.set_value("support.colleagues_write", False, organisation=gateway.firm.acme.id, actor=SYSTEM)
    received = gateway.take(mail(4, sender="paul@acme.example", subject="Re: x", headers=answer_to))
    assert Message.objects.get(pk=received.message_id).unverified
    assert Message.objects.filter(ticket=ticket).count() == 4


def test_a_sender_that_our_server_doubts_is_not_believed(gateway: Gateway) -> None:
    ticket = opened(gateway)
    doubt = "Authentication-Results: mx.etabli.example; dkim=none; dmarc=fail header.from=acme.example"
    received = gateway.take(mail(2, subject="Re: x", headers=["In-Reply-To: <m1@acme.example>", doubt]))
    assert Message.objects.get(pk=received.message_id).unverified
    raw = agent_mail(gateway, 3, subject="Re: x", headers=["In-Reply-To: <m1@acme.example>", doubt])
    received = gateway.take(raw)
    assert Message.objects.get(pk=received.message_id).kind == Message.Kind.ASKED
    assert not OutgoingMail.objects.exists()
    assert ticket.pk == received.ticket_id


# -- agents from their own mail program ---------------------------------------------------------------------


def test_an_agent_s_answer_leaves_for_the_user_without_what_it_quotes(
    gateway: Gateway, actor_of: Any
) -> None:
    ticket = opened(gateway)
    sent = answered(gateway, ticket, actor_of(gateway.firm.provider.technician))
    text = "Try socket 3.\n\nOn Monday, Support wrote:\n> an internal remark\n"
    received = gateway.take(agent_mail(gateway, 2, subject="Re: x", text=text,
                                       headers=[f"In-Reply-To: {name_of(sent)}"]))  # fmt: skip
    message = Message.objects.get(pk=received.message_id)
    assert (message.kind, message.account) == (Message.Kind.REPLY, gateway.firm.provider.technician)
    assert message.text == "Try socket 3."
    assert OutgoingMail.objects.get(message=message).to == ["Claire@acme.example"]


def test_an_agent_who_wrote_to_the_user_directly_does_not_write_twice(gateway: Gateway) -> None:
    opened(gateway)
    raw = agent_mail(gateway, 2, subject="Re: x", to="claire@acme.example, support@etabli.example",
                     headers=["In-Reply-To: <m1@acme.example>"])  # fmt: skip
    message = Message.objects.get(pk=gateway.take(raw).message_id)
    assert message.kind == Message.Kind.REPLY
    assert not OutgoingMail.objects.exists()


def test_an_agent_who_answers_a_note_or_only_names_the_ticket_stays_internal(
    gateway: Gateway, actor_of: Any
) -> None:
    ticket = opened(gateway)
    note(ticket, Words("The boss is in a hurry"), actor=actor_of(gateway.firm.provider.administrator))
    told = identity.message_id(ticket.pk, identity.new_serial(identity.NOTE), "support@etabli.example")
    for number, more in (
        (2, {"subject": "Re: x", "headers": [f"In-Reply-To: {told}"]}),
        (3, {"subject": f"[{ticket.reference}] what I think"}),
    ):
        received = gateway.take(agent_mail(gateway, number, **more))
        assert Message.objects.get(pk=received.message_id).kind == Message.Kind.NOTE
    assert not OutgoingMail.objects.exists()


def test_an_agent_of_another_client_is_nobody_here(gateway: Gateway) -> None:
    opened(gateway)
    account = gateway.firm.globex.technician
    raw = mail(2, sender=account.email, subject="Re: x", headers=["In-Reply-To: <m1@acme.example>"])
    assert Message.objects.get(pk=gateway.take(raw).message_id).unverified


def test_what_an_agent_forwards_may_be_given_to_who_wrote_first(gateway: Gateway, actor_of: Any) -> None:
    text = (
        "FYI\n\n---------- Forwarded message ---------\nFrom: Claire Moreau <claire@acme.example>\n"
        "Date: Mon, 30 Nov 2026\nSubject: My screen\nTo: tech@provider.example\n\nIt is black.\n"
    )
    gateway.take(agent_mail(gateway, 1, subject="Fwd: My screen", text=text))
    ticket = the_ticket()
    assert (ticket.title, ticket.organisation_id) == ("My screen", gateway.firm.acme.id)
    assert (ticket.requester, ticket.contact_email) == (None, gateway.firm.provider.technician.email)
    assert ticket.original_sender == "Claire Moreau <claire@acme.example>"
    ticket = take_original_sender(ticket, actor=actor_of(gateway.firm.provider.technician))
    assert (str(ticket.requester), ticket.contact_email, ticket.original_sender) == ("Claire Moreau", "", "")


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
