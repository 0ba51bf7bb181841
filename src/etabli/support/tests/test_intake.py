"""What becomes of a mail that is kept: who asks, what it brings, and the same mail again."""

from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from django.utils import timezone

from etabli.kernel.files import open_file
from etabli.kernel.tenancy import scope
from etabli.people.models import Person
from etabli.support.imap import Arrived
from etabli.support.intake import sort, sort_waiting, told_on
from etabli.support.mailboxes import ReceivedMail
from etabli.support.messages import Message, MessageFile
from etabli.support.storing import store
from etabli.support.tickets import Ticket

from .dovecot import mail
from .gateway import NOW, Gateway, opened, the_ticket

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


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
