"""The whole corpus of real mails, against what the files themselves say."""

import hashlib
import json
import re
import time
from collections import Counter

import pytest

from etabli.support.mail.explaining import explain
from etabli.support.mail.forwarding import forwarded_by
from etabli.support.mail.plaintext import text_of_html
from etabli.support.mail.reading import read
from etabli.support.mail.trimming import trim

from .corpus import every_mail, real

SECONDS = 3.0


def explained(name: str) -> dict:
    return explain(real(name), file=name)


def test_every_mail_of_the_corpus_is_explained_quickly() -> None:
    kinds: Counter[str] = Counter()
    for path in every_mail():
        begun = time.process_time()
        told = explain(path.read_bytes(), file=path.name)
        assert time.process_time() - begun < SECONDS, path.name
        assert "\\u0000" not in json.dumps(told), path.name
        json.dumps(told, ensure_ascii=False).encode("utf-8")
        assert told["date"] is None or re.match(r"(?:19[7-9]|20)\d.*[+-]\d\d:\d\d$", told["date"]), path.name
        assert told["reasons"], path.name
        kinds[told["kind"]] += 1
    assert kinds["bounce"] == 10
    # Five files are pages without headers, three are encrypted; everything else is read.
    assert kinds["unreadable"] == 8
    assert kinds["loop"] == 0


TALON = [
    *[
        (f"{name}.eml", "Hello")
        for name in ("android", "aol", "apple_mail", "gmail", "hotmail", "iphone", "outlook", "yahoo")
    ],
    *[(f"{name}.html", "Hi. I am fine.") for name in ("gmail", "hotmail", "ms_outlook_2003", "thunderbird")],
]


@pytest.mark.parametrize(("name", "written"), TALON)
def test_replies_of_each_mail_program_keep_only_their_new_words(name: str, written: str) -> None:
    raw = real(f"talon/talon-{name}")
    text = text_of_html(raw.decode()) if name.endswith(".html") else read(raw).text
    visible = trim(text).visible
    assert visible.splitlines()[0] == written
    for quoted in ("Hi\n", "Hello! How are you", "Sasha", "@", "wrote:", "Subject:", "Sent from"):
        assert quoted not in visible.removeprefix(written)


def test_an_answer_under_the_quotation_is_shown_with_it() -> None:
    visible = trim(read(real("talon/talon-thunderbird.eml")).text).visible
    assert visible.endswith("Hello")


def test_a_reply_in_the_same_block_as_its_quotation() -> None:
    visible = trim(read(real("talon/talon-reply-quotations-share-block.eml")).text).visible
    assert visible.startswith("Hi Katharine.")
    assert "Subject:" not in visible


@pytest.mark.parametrize(
    ("name", "file", "size"),
    [
        ("freescout/freescout-message-1b.eml", "2021_Mängelliste_0819306.xlsx", 3),
        ("freescout/freescout-message-1symbols.eml", "Checkliste 10.,DAVIDGASSE 76-80;2;2.pdf", 3),
        ("freescout/freescout-message-2.eml", "file.pdf", 10915),
        ("rt/rt-rfc2231-filename.eml", "新しいテキスト ドキュメント.txt", None),
        ("mikel-mail/mail-attachment_content_disposition.eml", "api.rb", None),
        ("mikel-mail/mail-attachment_nonascii_filename.eml", "ciële.txt", None),
        ("mikel-mail/mail-attachment_with_base64_encoded_name.eml", "This is a test.pdf", None),
        ("mikel-mail/mail-attachment_with_quoted_filename.eml", "Eelanalüüsi päring.jpg", None),
        ("mikel-mail/mail-attachment_with_unquoted_name.eml", "This is a test.txt", None),
        ("mikel-mail/mail-attachment_only_email.eml", "blah.gz", None),
        ("mikel-mail/mail-japanese_attachment_long_name.eml", "かきくけこ" * 5 + ".txt", None),
    ],
)
def test_names_of_files(name: str, file: str, size: int | None) -> None:
    (attachment,) = explained(name)["attachments"]
    assert attachment["name"] == file
    assert attachment["size"] == size if size else attachment["size"] > 0


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        ("freescout/freescout-message-5-iso-2022-jp.eml", "ご注文商品を本日お届けします"),
        ("rt/rt-8859-15-msg1.eml", "test äöüßÄÖÜß€"),
        ("rt/rt-folded-subject.eml", "test"),
        ("rt/rt-very-long-subject.eml", "0123456789" * 13),
        ("mikel-mail/mail-bad_encoded_subject.eml", "TEST"),
        ("mikel-mail/mail-utf8_headers.eml", "Säying Hello"),
        ("mikel-mail/mail-japanese_iso_2022.eml", "まみむめも"),
    ],
)
def test_subjects(name: str, subject: str) -> None:
    assert explained(name)["subject"].startswith(subject)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("freescout/freescout-message-1.eml", "Hi"),  # before the first separator
        ("freescout/freescout-message-2.eml", "This message may contain an attachment in a PDF format."),
        ("rt/rt-8859-15-msg1.eml", "test nochmal in anderer Queue\ntest äöüßÄÖÜß€"),
        ("rt/rt-iso-8859-1.eml", "Håvard"),
        ("rt/rt-html-only-umlaut.eml", "Hello,\n\nist this kind of Messages, that causes rt to crash."),
        ("mikel-mail/mail-japanese_iso_2022.eml", "すみません"),
        ("mikel-mail/mail-ks_c_5601-1987.eml", "스티해"),
        ("cpython/py-msg_35.eml", "counter to RFC 2822, there's no separating newline here"),
    ],
)
def test_texts(name: str, text: str) -> None:
    assert explained(name)["text"].strip().startswith(text)


@pytest.mark.parametrize(
    ("name", "address", "how"),
    [
        ("mikel-mail/mail-attachment_with_base64_encoded_name.eml", "xxxxxxxx@xxx.com", "quoted"),
        ("rt/rt-forwarded-eml-attachment.eml", "user1@example.com", "attached"),
        ("rt/rt-forwarded-eml-attachment-2.eml", "root@example.com", "attached"),
        ("rt/rt-outlook-rfc822.eml", "foo@example.com", "attached"),
    ],
)
def test_who_wrote_first(name: str, address: str, how: str) -> None:
    found = forwarded_by(read(real(name)))
    assert found is not None
    assert (found.sender.address, found.how) == (address, how)


def test_the_mails_without_a_readable_date_have_none() -> None:
    for name in ("mail-bad_date_header.eml", "mail-raw_email_with_bad_date.eml"):
        assert explained(f"mikel-mail/{name}")["date"] is None


@pytest.mark.parametrize(
    ("name", "protection"),
    [
        ("rt-smime-1-signed.eml", "smime-signed"),
        ("rt-smime-4-encrypted-plain.eml", "smime-encrypted"),
        ("rt-smime-7-signed-encrypted-plain.eml", "smime-encrypted"),
        ("rt-pgp-1-signed-MIME-plain.eml", "pgp-signed"),
        ("rt-pgp-4-signed-inline-plain.eml", "pgp-signed"),
        ("rt-pgp-7-encrypted-MIME-plain.eml", "pgp-encrypted"),
    ],
)
def test_signatures_and_encryption_are_seen(name: str, protection: str) -> None:
    told = explained(f"rt/{name}")
    assert told["protection"] == protection
    assert (told["kind"] == "unreadable") == protection.endswith("encrypted")


def test_people_of_odd_headers() -> None:
    assert [one["address"] for one in explained("mikel-mail/mail-raw_email_multiple_from.eml")["to"]] == [
        "tim@powerupdev.com",
        "concierge@powerupdev.com",
    ]
    spoof = explained("mikel-mail/mail-raw_email_with_at_display_name.eml")["to"]
    assert {"name": "Mikel@Lindsaar", "address": "raasdnil@gmail.com"} in spoof
    weird = explained("mikel-mail/mail-weird_to_header.eml")["to"]
    assert [one["address"] for one in weird] == ["user-example@aol.com", "e-s-a-s-2200@app.ar.com"]
    broken = explained("mikel-mail/mail-new_line_in_to_header.eml")["to"]
    assert len(broken) == 6


def test_the_corpus_is_read_as_it_is() -> None:
    """What is explained is what was received: the digest and the size are those of the file."""

    for path in every_mail():
        told = explain(path.read_bytes(), file=path.name)
        assert told["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
        assert told["size"] == path.stat().st_size
