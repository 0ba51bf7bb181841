"""Bounces: who did not receive what, as the real reports of the corpus say it themselves."""

import pytest

from etabli.support.mail.bounces import Failure, bounce_of
from etabli.support.mail.reading import read
from etabli.support.mail.sorting import sort
from etabli.support.mail.trimming import trim

from .corpus import real, wire, written

# From each file itself: its Final-Recipient (or Original-Recipient, the address we wrote to) and Status fields, else
# its X-Failed-Recipients header and the answer its text quotes; then the Message-ID of the mail that came back.
BOUNCES = [
    ("sisimai/sisimai-lhost-postfix-01.eml", "kijitora@example.org", "5.1.1", "No such user", True, ""),
    ("sisimai/sisimai-lhost-exchange2007-01.eml", "mikeneko@example.co.jp", "5.1.1", "RecipNotFound", True, ""),
    ("sisimai/sisimai-lhost-office365-01.eml", "kijitora@example.com", "5.1.10", "RecipientNotFound", True,
     "<FFFFFFFF.EEEEEEEE@example.ed.jp>"),
    ("sisimai/sisimai-lhost-gmail-01.eml", "userunknown@example.jp", "5.1.1", "User Unknown", True,
     "<D992C2C3-F175-4C4D-97E2-53A90E4E5BF5@gmail.com>"),
    ("sisimai/sisimai-lhost-exim-01.eml", "kijitora@example.ed.jp", "5.7.0", "Please use the smtp server", True,
     "<E1P1ce6-000Egt-GZ@e1.example.org>"),
    ("sisimai/sisimai-lhost-opensmtpd-01.eml", "apdugoaidugoaidugoaeiudggadi@gmail.com", "5.1.1", "support.google.com",
     True, ""),
    ("sisimai/sisimai-rhost-franceptt-01.eml", "pseudo-local-part-kijitora-nyaaan@orange.fr", "5.1.1",
     "Adresse d au moins un destinataire invalide", True, "<20FA40A8-4F88-4453-953D-B7038769D040@example.co.jp>"),
    ("mikel-mail/mail-report_422.eml", "fraser@oooooooo.com.au", "4.2.2", "Mailbox full", False,
     "<15655788.13.1200472642578.JavaMail.Administrator@mail.ttttt.com.au>"),
    ("mikel-mail/mail-raw_email_with_mimepart_without_content_type.eml", "larose.julie@courrier.uqam.ca", "4.5.0", "",
     False, "<89d7557c0610181510r6fa5ebd8n66a7deec71ade118@mail.gmail.com>"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "recipient", "status", "reason", "permanent", "returned"), BOUNCES)
def test_real_bounces(
    name: str, recipient: str, status: str, reason: str, permanent: bool, returned: str
) -> None:
    bounce = bounce_of(read(real(name)))
    assert bounce is not None
    assert [(one.address, one.status, one.permanent) for one in bounce.failures] == [
        (recipient, status, permanent)
    ]
    assert reason in bounce.failures[0].reason
    assert bounce.message_id == returned


def test_each_recipient_of_a_report_is_told() -> None:
    raw = real("cpython/py-msg_43.eml")
    bounce = bounce_of(read(raw))
    assert bounce is not None
    assert len(bounce.failures) == raw.count(b"\nFinal-Recipient:")
    assert {one.status for one in bounce.failures} == {"5.7.1"}


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("sisimai-rfc3834-01.eml", "auto-submitted"),
        ("sisimai-rfc3834-03.eml", "absence-subject"),
        ("sisimai-rfc3834-06.eml", "auto-submitted"),
        ("sisimai-arf-01.eml", "report"),
    ],
)
def test_absences_and_complaints_are_no_bounces(name: str, rule: str) -> None:
    mail = read(real(f"sisimai/{name}"))
    verdict = sort(mail, trim(mail.text))
    assert verdict.kind == "auto-reply"
    assert rule in [reason.rule for reason in verdict.reasons]
    assert not verdict.may_reopen


def report(*groups: str) -> bytes:
    body = "--b\r\n\r\nVoir.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.test\r\n\r\n"
    kind = "multipart/report; report-type=delivery-status; boundary=b"
    return wire(
        body + "\r\n\r\n".join(groups) + "\r\n--b--", content_type=kind, auto_submitted="auto-replied"
    )


def test_a_report_of_success_is_no_bounce() -> None:
    mail = read(report("Final-Recipient: rfc822; ann@x.test\r\nAction: delivered\r\nStatus: 2.0.0"))
    assert bounce_of(mail) is None
    assert sort(mail, trim(mail.text)).kind == "auto-reply"


def test_only_those_who_did_not_receive_are_told() -> None:
    mail = read(
        report(
            "Final-Recipient: rfc822; ann@x.test\r\nAction: relayed\r\nStatus: 2.0.0",
            "Final-Recipient: rfc822; Leo@X.test\r\nAction: failed\r\nStatus: 5.2.2 (full)\r\nDiagnostic-Code: smtp;\r\n 552 full",
        )
    )
    bounce = bounce_of(mail)
    assert bounce is not None
    assert bounce.failures == (Failure("leo@x.test", "5.2.2", "552 full", permanent=True),)


def test_a_person_who_writes_about_a_bounce_is_not_one() -> None:
    text = "Bonjour, mon mail à leo@x.test revient : 550 5.1.1 User unknown. Que faire ?"
    mail = written(text, subject="Undelivered Mail Returned to Sender")
    assert bounce_of(mail) is None
    assert sort(mail, trim(mail.text)).kind == "message"
