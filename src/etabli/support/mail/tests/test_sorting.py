"""What kind a mail is: each rule against loops, and what may follow."""

from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest

from etabli.support.mail import threads
from etabli.support.mail.message import Mail
from etabli.support.mail.reading import read
from etabli.support.mail.rules import SENTENCES
from etabli.support.mail.sorting import (
    LOOP_HEADER,
    PER_DAY,
    Ourselves,
    Verdict,
    acknowledgement_due,
    automatic_headers,
    sort,
)
from etabli.support.mail.trimming import trim

from .corpus import wire, written

KEY = b"k" * 32
US = Ourselves(frozenset({"support@etabli.test"}), (KEY,), "mark-1")


def sorted_(mail: Mail, us: Ourselves = US) -> Verdict:
    return sort(mail, trim(mail.text), ourselves=us)


def rules(verdict: Verdict) -> list[str]:
    return [reason.rule for reason in verdict.reasons]


def test_a_first_message_is_acknowledged_and_a_reply_is_not() -> None:
    first = sorted_(written("L'imprimante clignote."))
    assert (first.kind, rules(first), first.may_acknowledge, first.may_reopen) == (
        "message",
        ["new"],
        True,
        True,
    )
    reply = sorted_(written("Toujours.", subject="Re: Imprimante"))
    assert (reply.kind, rules(reply), reply.may_acknowledge, reply.may_reopen) == (
        "reply",
        ["subject-re"],
        False,
        True,
    )


@pytest.mark.parametrize(
    ("headers", "rule"),
    [
        ({"x_etabli_loop": "mark-1"}, "own-mark"),
        ({"from": "Support <SUPPORT@etabli.test>"}, "own-address"),
        (
            {"message_id": threads.message_id(ticket="12", serial="a", key=KEY, domain="etabli.test")},
            "own-message-id",
        ),
        ({"x_loop": "support@etabli.test"}, "own-loop"),
        ({"x": "y\r\n" + "Received: by a; Mon, 3 Mar 2025 10:12:00 +0100\r\n" * 60 + "X-Y: z"}, "hops"),
    ],
)
def test_our_own_mails_that_come_back_are_loops(headers: dict[str, str], rule: str) -> None:
    verdict = sorted_(written(**headers))
    assert (verdict.kind, rules(verdict)) == ("loop", [rule])
    assert not verdict.may_acknowledge
    assert not verdict.may_reopen


AUTOMATIC = [
    ({"auto_submitted": "auto-replied"}, "auto-submitted"),
    ({"auto_submitted": "Auto-Generated (failure)"}, "auto-submitted"),
    ({"precedence": "bulk"}, "precedence"),
    ({"precedence": "Junk"}, "precedence"),
    ({"precedence": "auto_reply"}, "precedence"),
    ({"x_auto_response_suppress": "All"}, "suppress"),
    ({"x_auto_response_suppress": "DR, OOF, AutoReply"}, "suppress"),
    ({"x_autoreply": "yes"}, "automatic-header"),
    ({"x_autorespond": "1"}, "automatic-header"),
    ({"x_apple_action": "VACATION"}, "automatic-header"),
    ({"x_rt_loop_prevention": "example.com"}, "foreign-loop"),
    ({"x_loop": "other@desk.test"}, "foreign-loop"),
    ({"x_etabli_loop": "another installation"}, "foreign-loop"),
    ({"list_id": "<users.lists.test>"}, "list"),
    ({"list_unsubscribe": "<mailto:off@x.test>"}, "list"),
    ({"return_path": "<>"}, "null-sender"),
    ({"from": "MAILER-DAEMON@mx.test"}, "daemon"),
    ({"from": "postmaster@mx.test"}, "daemon"),
    ({"from": "Mailer Daemon <>"}, "daemon"),
    ({"content_type": 'multipart/report; report-type="disposition-notification"; boundary=b'}, "report"),
    ({"subject": "Réponse automatique : Imprimante"}, "absence-subject"),
    ({"subject": "Automatic reply: Printer"}, "absence-subject"),
    ({"subject": "Absence du bureau"}, "absence-subject"),
    ({"subject": "Absence du 3 au 5 mars"}, "absence-subject"),
    ({"subject": "Absente jusqu'au 5 mars"}, "absence-subject"),
    ({"subject": "Auto reply"}, "absence-subject"),
    ({"subject": "Out of Office: until Monday"}, "absence-subject"),
    ({"subject": "=?utf-8?q?R=C3=A9ponse_automatique_=3A_x?="}, "absence-subject"),
    ({"subject": "Lu : Imprimante"}, "absence-subject"),
]


@pytest.mark.parametrize(("headers", "rule"), AUTOMATIC)
def test_what_no_person_wrote_is_kept_but_never_answered_and_never_reopens(
    headers: dict[str, str], rule: str
) -> None:
    verdict = sorted_(written(in_reply_to="<a@b.test>", **headers))
    assert (verdict.kind, rules(verdict)) == ("auto-reply", [rule])
    assert not verdict.may_acknowledge
    assert not verdict.may_reopen


@pytest.mark.parametrize(
    "headers",
    [
        {"auto_submitted": "no"},
        {"auto_submitted": "No; x=y"},
        {"precedence": "first-class"},
        {"x_auto_response_suppress": "None"},
        {"x_autoreply": "no"},
        {"subject": "Mon bureau est absent de la liste"},
        {"subject": "Automatisation de la facturation"},
        {"subject": "Absence de réseau au bureau"},
        {"subject": "Absent de la liste de diffusion"},
        {"subject": "Auto response system broken"},
        {"subject": "Vacation request form broken"},
        {"subject": "Message automatique non reçu"},
        {"subject": "Vu : imprimante en panne"},
        {"return_path": "<bob@client.test>"},
        {"from": "postmasterclass@client.test"},
    ],
)
def test_people_are_not_taken_for_programs(headers: dict[str, str]) -> None:
    assert sorted_(written(**headers)).kind == "message"


@pytest.mark.parametrize("headers", [{"from": "no-reply@shop.test"}, {"reply_to": "ne-pas-repondre@x.test"}])
def test_nobody_is_told_at_an_address_that_nobody_reads(headers: dict[str, str]) -> None:
    verdict = sorted_(written(**headers))
    assert (verdict.kind, rules(verdict)[-1], verdict.may_acknowledge) == ("message", "no-reply", False)


def test_a_mere_thank_you_is_a_reply_that_does_not_reopen() -> None:
    quote = "\n\nLe 3 mars 2025 à 10:12, Support <s@e.test> a écrit :\n> Est-ce réparé ?\n"
    verdict = sorted_(written("Merci beaucoup !" + quote, subject="Re: Imprimante"))
    assert (verdict.kind, verdict.may_reopen, rules(verdict)[-1]) == ("reply", False, "thanks")
    assert sorted_(written("Merci, mais non." + quote, subject="Re: Imprimante")).may_reopen


def test_a_thank_you_with_a_file_may_say_something_more() -> None:
    body = "--b\r\n\r\nmerci\r\n--b\r\nContent-Type: image/png; name=erreur.png\r\n\r\nx\r\n--b--"
    mail = read(wire(body, subject="Re: x", content_type="multipart/mixed; boundary=b"))
    assert sorted_(mail).may_reopen


def test_unreadable_mails_are_never_answered() -> None:
    for raw in (b"", wire(content_type="application/pkcs7-mime")):
        verdict = sorted_(read(raw))
        assert (verdict.kind, verdict.may_acknowledge, verdict.may_reopen) == ("unreadable", False, False)


def test_without_a_mark_of_ours_any_loop_header_is_ours() -> None:
    assert sorted_(written(x_etabli_loop="anything"), Ourselves()).kind == "loop"


def test_two_desks_that_acknowledge_each_other_stop_at_once() -> None:
    """Desk A acknowledges a message of desk B, whose acknowledgement would answer it, and so on."""
    desks = [("a@one.test", "mark-a"), ("b@two.test", "mark-b")]
    now = datetime(2025, 3, 3, 10, tzinfo=UTC)
    raw, sent = wire(**{"from": "b@two.test", "to": "a@one.test"}), 0
    for turn in range(10):
        (address, mark), (other, _mark) = desks[turn % 2], desks[1 - turn % 2]
        verdict = sorted_(read(raw), Ourselves(frozenset({address}), (), mark))
        if not acknowledgement_due(verdict, earlier=[], now=now):
            break
        answer = EmailMessage()
        answer["From"], answer["To"], answer["Subject"] = address, other, "Votre demande est reçue"
        for name, value in automatic_headers(mark).items():
            answer[name] = value
        raw, sent = answer.as_bytes(), sent + 1
    assert sent == 1
    assert read(raw).headers.raw(LOOP_HEADER.lower()) == "mark-a"


def test_a_sender_is_told_once_an_hour_and_a_few_times_a_day() -> None:
    verdict, now = sorted_(written()), datetime(2025, 3, 3, 18, tzinfo=UTC)

    def due(*hours: float) -> bool:
        return acknowledgement_due(verdict, earlier=[now - timedelta(hours=one) for one in hours], now=now)

    assert due()
    assert not due(0.5)
    assert due(1.5)
    assert due(*range(2, 1 + PER_DAY))
    assert not due(*range(2, 2 + PER_DAY))
    assert due(*range(25, 25 + PER_DAY))


def test_each_rule_has_its_sentence_and_is_reached() -> None:
    tested = {rule for _headers, rule in AUTOMATIC} | {
        "own-mark",
        "own-address",
        "own-message-id",
        "own-loop",
        "hops",
    }
    assert tested <= SENTENCES.keys()
    sentence = sorted_(written(precedence="bulk")).reasons[0].sentence
    assert sentence == "Its Precedence header is “bulk”."


def test_an_encrypted_answer_of_a_person_reopens_and_that_of_a_program_does_not() -> None:
    answer = {"content_type": "application/pkcs7-mime", "subject": "Re: [ETB-7] x"}
    assert sorted_(written(**answer)).may_reopen
    assert not sorted_(written(**answer, auto_submitted="auto-replied")).may_reopen
    assert sorted_(written(**answer, x_etabli_loop="mark-1")).kind == "loop"
