"""Where a mail belongs, who may write there, what an agent answers from their own mail program."""

from typing import Any

import pytest

from etabli.kernel import preferences
from etabli.kernel.actors import SYSTEM
from etabli.support import identity
from etabli.support.intake import told_on
from etabli.support.mailboxes import KnownMail
from etabli.support.messages import Message
from etabli.support.moving import move
from etabli.support.opening import Words
from etabli.support.originals import take_original_sender
from etabli.support.outbox import OutgoingMail
from etabli.support.states import State
from etabli.support.talking import note
from etabli.support.tickets import Ticket, TicketLink

from .dovecot import mail
from .gateway import Gateway, agent_mail, answered, name_of, opened, the_ticket

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


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
