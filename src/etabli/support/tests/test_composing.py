"""The mail as it leaves: who, to whom, what it follows, and that nothing typed can break its headers."""

import email
from email import policy
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as given_settings
from hypothesis import strategies as some

from etabli.kernel import files, preferences, secrets
from etabli.kernel.actors import SYSTEM
from etabli.people.models import Person
from etabli.support import identity
from etabli.support.composing import flat, written
from etabli.support.following import acknowledge
from etabli.support.mail import reading, sorting, threads, trimming
from etabli.support.mailboxes import ReceivedMail
from etabli.support.opening import Caller, Words
from etabli.support.outbox import OutgoingMail, subject_of
from etabli.support.talking import answer, note, receive
from etabli.support.tickets import Ticket

from .outgoing import SENDER, answered, by_settings, mailbox, opened

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


def read(mail: OutgoingMail) -> EmailMessage:
    return email.message_from_bytes(bytes(written(mail)), policy=policy.default)  # type: ignore[return-value]


def text_of(made: EmailMessage, kind: str = "plain") -> str:
    part = made.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def test_an_answer_says_who_and_on_which_ticket(provider: Any) -> None:
    firm, actor = provider
    ticket = opened(firm, actor, mailbox=mailbox(firm, 25))
    made = read(answered(ticket, actor, "It is <b>mended</b> & https://provider.example/help"))
    assert str(made["From"]) == "Support <support@etabli.example>"
    assert str(made["To"]) == "Claire Moreau <claire@acme.example>"
    assert str(made["Subject"]) == f"[{ticket.reference}] No network"
    assert "Reply-To" not in made
    assert "Auto-Submitted" not in made, "a person wrote it"
    assert sorting.LOOP_HEADER not in made
    assert made["Message-ID"].endswith("@etabli.example>")
    assert threads.verified(made["Message-ID"], identity.keys()) == str(ticket.pk)
    text = text_of(made)
    assert text.startswith("It is <b>mended</b> & https://provider.example/help\n")
    assert "\n-- \nThe support\nProvider SA\n" in text
    assert "Claire Moreau a écrit\u00a0:\n> Nothing works." in text
    assert threads.verified(text, identity.keys()) == str(ticket.pk)
    html = text_of(made, "html")
    assert "It is &lt;b&gt;mended&lt;/b&gt; &amp; <a href=" in html
    assert "<blockquote" in html


def test_without_a_mailbox_the_sender_is_that_of_the_settings(provider: Any) -> None:
    firm, actor = provider
    by_settings(25)
    mail = answered(opened(firm, actor), actor)
    assert str(read(mail)["From"]) == SENDER
    assert "Reply-To" not in read(mail)
    mailbox(firm, 25)
    assert str(read(mail)["Reply-To"]) == "support@etabli.example", "what comes back reaches the desk"


def test_it_is_in_the_language_of_its_reader(provider: Any) -> None:
    firm, actor = provider
    mail = answered(opened(firm, actor), actor)
    assert '<html lang="fr">' in text_of(read(mail), "html"), "French unless the organisation says otherwise"
    preferences.set_value("desk.language", "en", organisation=firm.acme.id, actor=SYSTEM)
    assert '<html lang="en">' in text_of(read(mail), "html")
    Person.objects.filter(pk=mail.ticket.requester_id).update(account=firm.acme.requester)
    mail = OutgoingMail.objects.get(pk=mail.pk)
    preferences.set_value("desk.language", "fr", organisation=firm.acme.id, actor=SYSTEM)
    assert '<html lang="en">' in text_of(read(mail), "html"), "that of the account of whoever reads it"


def test_a_note_and_an_unverified_message_are_never_quoted(provider: Any) -> None:
    firm, actor = provider
    ticket = opened(firm, actor)
    note(ticket, Words("zorglub-note"), actor=actor)
    stranger = Caller(name="?", email="who@else.example")
    receive(ticket, Words("zorglub-stranger"), stranger, actor=actor, channel="mail", unverified=True)
    made = bytes(written(answered(ticket, actor))).decode()
    assert "zorglub" not in made
    assert "Nothing works." in made


def test_it_follows_what_was_received_and_what_was_sent(provider: Any) -> None:
    firm, actor = provider
    box = mailbox(firm, 25)
    ticket = opened(firm, actor, mailbox=box)
    raw = files.store(
        b"From: c@acme.example\r\nMessage-ID: <first@acme.example>\r\n\r\nHello",
        name="mail.eml",
        actor=SYSTEM,
        organisation=firm.provider.id,
    )
    ReceivedMail.objects.create(
        organisation=firm.provider.organisation, mailbox=box, uid=1, uid_validity=1, file=raw,
        sha256=raw.sha256, received_at=ticket.opened_at, fate="opened", ticket_id=ticket.pk,
    )  # fmt: skip
    first = answered(ticket, actor)
    assert str(read(first)["In-Reply-To"]) == "<first@acme.example>"
    OutgoingMail.objects.update(state="sent")
    second = read(answered(ticket, actor))
    ours = str(read(first)["Message-ID"])
    assert str(second["References"]).split() == [ours, "<first@acme.example>"]


def test_attachments_and_inline_images(provider: Any) -> None:
    firm, actor = provider
    ticket = opened(firm, actor)
    png = b"\x89PNG\r\n\x1a\n" + b"0" * 20
    image = files.store(png, name="screen.png", actor=SYSTEM, organisation=firm.acme.id)
    letter = files.store(b"From: a@b.example\n\nHello", name="l\r\nBcc: x@y.example.eml", actor=SYSTEM,
                         organisation=firm.acme.id)  # fmt: skip
    words = Words(
        "See", html='<p>See <img src="cid:one"><script>1</script></p>', files=((letter, ""), (image, "one"))
    )
    made = read(OutgoingMail.objects.get(message=answer(ticket, words, actor=actor)))
    (attached,) = made.iter_attachments()
    assert attached.get_content_type() in {"application/octet-stream", "text/plain"}
    assert "Bcc" not in made
    parts = {part.get("Content-ID"): part for part in made.walk()}
    assert parts["<one>"].get_content() == png
    html = text_of(made, "html")
    assert 'src="cid:one"' in html
    assert "script" not in html


def test_what_we_write_by_ourselves_is_marked_and_is_no_new_request(provider: Any) -> None:
    firm, actor = provider
    ticket = opened(firm, actor, mailbox=mailbox(firm, 25))
    mail = acknowledge(ticket)
    assert mail
    made = read(mail)
    assert made["Auto-Submitted"] == "auto-replied"
    assert made["X-Auto-Response-Suppress"] == "All"
    assert made[sorting.LOOP_HEADER] == identity.mark()
    assert ticket.reference in text_of(made)
    back = reading.read(bytes(written(mail)))
    us = sorting.Ourselves(frozenset({"support@etabli.example"}), tuple(identity.keys()), identity.mark())
    verdict = sorting.sort(back, trimming.trim(back.text), ourselves=us)
    assert verdict.kind == sorting.LOOP


def test_our_own_mailboxes_are_told_nothing(provider: Any) -> None:
    firm, actor = provider
    mailbox(firm, 25, address="other@etabli.example")
    ticket = opened(firm, actor, "Other@etabli.example")
    assert acknowledge(ticket) is None


def test_former_keys_still_verify_and_new_mails_use_the_new_one(provider: Any) -> None:
    firm, actor = provider
    mail = answered(opened(firm, actor), actor)
    before = str(read(mail)["Message-ID"])
    secrets.rotate(actor=SYSTEM)
    after = str(read(mail)["Message-ID"])
    assert before != after
    assert len(identity.keys()) == 2
    assert threads.verified(before, identity.keys()) == threads.verified(after, identity.keys())
    assert not threads.verified(after, identity.keys()[1:])


def test_a_token_tells_to_whom_the_mail_went(provider: Any) -> None:
    firm, actor = provider
    mail = answered(opened(firm, actor), actor)
    assert not identity.internal(str(read(mail)["Message-ID"]))
    noted = identity.message_id(7, identity.new_serial(identity.NOTE), "a@b.example")
    assert identity.internal(f"see {read(mail)['Message-ID']} {noted}")
    assert not identity.internal(noted.replace(".n", ".nn", 1)), "what we did not sign tells nothing"


NASTY = some.text(max_size=120) | some.sampled_from(
    [
        "x\r\nBcc: evil@example.com",
        "a\nb\r\n\r\nbody",
        "=?utf-8?q?=0D=0ABcc:_x@y.example?=",
        "é" * 300,
        "\u2028Bcc: a@b.example",
        '"quoted" <x@y.example>, other@z.example',
        "\x85\x0b\x0cX-Evil: 1",
    ]
)


@given(title=NASTY, name=NASTY)
@given_settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_nothing_typed_adds_a_header(provider: Any, title: str, name: str) -> None:
    """Titles and names come from anybody's mail."""
    title, name = (
        "".join(c for c in one if c != "\0" and not 0xD800 <= ord(c) <= 0xDFFF) for one in (title, name)
    )
    firm, _actor = provider
    box = mailbox(firm, 25)
    ticket = Ticket(
        pk=7, organisation=firm.acme.organisation, title=title[:200], contact_name=name[:120],
        contact_email="claire@acme.example",
    )  # fmt: skip
    box.name = name[:80]
    mail = OutgoingMail(
        pk=8, organisation=firm.acme.organisation, ticket=ticket, mailbox=box, kind="receipt", text=name,
        to=["claire@acme.example"], subject=subject_of(title, "ETB-000007"), serial="abc",
    )  # fmt: skip
    made = read(mail)
    box.delete()
    assert {key.lower() for key in made} == {
        "from", "to", "subject", "date", "message-id", "mime-version", "content-type", "precedence",
        "auto-submitted", "x-auto-response-suppress", sorting.LOOP_HEADER.lower(),
    }  # fmt: skip
    assert str(made["To"]).endswith("claire@acme.example>") or str(made["To"]) == "claire@acme.example"
    assert [one.addr_spec for one in made["From"].addresses] == ["support@etabli.example"]
    assert "".join(str(made["Subject"]).split()) == "".join(flat(mail.subject).split())
