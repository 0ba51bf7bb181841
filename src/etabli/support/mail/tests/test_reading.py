"""From bytes to a Mail: whatever they are, nothing is lost and nothing raises."""

import base64
import hashlib
import os
import time
from datetime import UTC, datetime, timedelta, timezone

import pytest

from etabli.support.mail import reading
from etabli.support.mail.headers import Address, addresses_of, date_of, decoded, ids_of, message_id_of
from etabli.support.mail.reading import MOST_PARTS, read

from .corpus import wire, written

MIXED = 'multipart/mixed; boundary="b"'


def part(content: str, *headers: str) -> str:
    return "--b\r\n" + "".join(f"{header}\r\n" for header in headers) + f"\r\n{content}\r\n"


def test_a_plain_mail() -> None:
    mail = written(
        "Bonjour,\r\nça marche pas.\r\n",
        content_type="text/plain; charset=utf-8",
        date="Mon, 3 Mar 2025 10:12:00 +0100",
        message_id="<1@client.test>",
        cc="Ann <ann@client.test>, leo@client.test",
    )
    assert mail.sender == Address("Bob Martin", "bob@client.test")
    assert [one.address for one in mail.cc] == ["ann@client.test", "leo@client.test"]
    assert mail.date == datetime(2025, 3, 3, 10, 12, tzinfo=timezone(timedelta(hours=1)))
    assert (mail.message_id, mail.identity) == ("<1@client.test>", "<1@client.test>")
    assert mail.text == "Bonjour,\nça marche pas.\n"
    assert (mail.trouble, mail.attachments) == ("", ())


@pytest.mark.parametrize(
    "raw", [b"", b"\0" * 500, b"\xff\xfe\x00", b"<html><body>hello</body></html>", b": :\n\n"]
)
def test_bytes_that_are_no_mail_come_back_whole_as_an_attachment(raw: bytes) -> None:
    mail = read(raw)
    assert mail.trouble == "no-header"
    assert [one.content for one in mail.attachments] == [raw]
    assert mail.sha256 == hashlib.sha256(raw).hexdigest()


def test_an_unread_mail_still_says_who_wrote_it() -> None:
    bomb = "".join(part("x") for _ in range(MOST_PARTS + 1))
    mail = read(wire(bomb, content_type=MIXED))
    assert mail.trouble == "too-many-parts"
    assert mail.sender is not None
    assert (mail.sender.address, mail.subject) == ("bob@client.test", "Imprimante")
    assert mail.attachments[0].content == wire(bomb, content_type=MIXED)


def test_a_mail_too_large_is_kept_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LARGEST", 100)
    mail = read(wire("x" * 200))
    assert (mail.trouble, mail.subject, mail.attachments[0].content) == (
        "too-large",
        "Imprimante",
        wire("x" * 200),
    )


def test_nul_bytes_and_lone_surrogates_never_reach_a_text_column() -> None:
    mail = read(
        wire(b"a\0b \xed\xa0\x80 c", subject="x\0y", content_type="text/plain; charset=utf-16-surrogatepass")
    )
    assert "\0" not in mail.text + mail.subject
    (mail.text + mail.subject).encode("utf-8")
    assert mail.text.startswith("ab ")


def test_two_mails_without_message_id_are_told_apart_by_their_content() -> None:
    first, second = written("a"), written("b")
    assert first.message_id == ""
    assert first.identity != second.identity
    assert first.identity == written("a").identity


@pytest.mark.parametrize(
    "value",
    ["", "Pn, 29 paX 2007 21:13:00 +0100", "Mon, 1 Jan 1900 00:00:00 +0000", "0", "9" * 5000, "1 2 3 4 5"],
)
def test_a_date_that_is_none_is_none(value: str) -> None:
    assert date_of(value) is None


def test_a_date_without_zone_is_universal_time() -> None:
    assert date_of("3 Mar 2025 10:12:00 -0000") == datetime(2025, 3, 3, 10, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("content", "declared"),
    [
        ("été à l’œuvre".encode("cp1252"), "utf-8"),
        ("été à l’œuvre".encode("cp1252"), "iso-8859-1"),
        ("été à l’œuvre".encode("cp1252"), ""),
        ("été à l’œuvre".encode("cp1252"), "x-unknown"),
        ("été à l’œuvre".encode("cp1252"), "zlib"),
        ("été à l’œuvre".encode(), ""),
        ("été à l’œuvre".encode(), "us-ascii"),
        ("été à l’œuvre".encode(), "punycode"),
        ("été à l’œuvre".encode("utf-16"), "utf-16"),
    ],
)
def test_french_is_read_whatever_charset_is_declared(content: bytes, declared: str) -> None:
    kind = f"text/plain; charset={declared}" if declared else "text/plain"
    assert read(wire(content, content_type=kind, content_transfer_encoding="8bit")).text == "été à l’œuvre"


def test_one_damaged_byte_does_not_change_the_charset_of_the_rest() -> None:
    content = ("é" * 50).encode() + b"\xff" + "è".encode()
    assert (
        read(wire(content, content_type="text/plain; charset=utf-8")).text
        == "é" * 50 + "\N{REPLACEMENT CHARACTER}è"
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("=?iso-8859-1?q?caf=E9?=", "café"),
        ("=?utf-8?b?w6k=?= =?utf-8?b?w6g=?=", "éè"),
        ("=?utf-8?q?=C3?= =?utf-8?q?=A9?=", "é"),  # a word cut within a character
        ("Re: =?UTF-8?Q?a_b?= c", "Re: a b c"),
        ("=?NONE?B?VEVTVA=?=", "TEST"),
        ("=?utf-8*fr?q?a?=", "a"),
        ("=?utf-8?q?a", "=?utf-8?q?a"),
    ],
)
def test_encoded_words(value: str, text: str) -> None:
    assert decoded(value) == text


@pytest.mark.parametrize(
    ("value", "people"),
    [
        ('"Martin, Bob" <Bob@Client.test>', [("Martin, Bob", "bob@client.test")]),
        ("bob@client.test (Bob Martin)", [("Bob Martin", "bob@client.test")]),
        ("a@b.test c@d.test", [("", "a@b.test"), ("", "c@d.test")]),
        (", a@b.test,, c@d.test", [("", "a@b.test"), ("", "c@d.test")]),
        ("Us: a@b.test, C <c@d.test>;", [("", "a@b.test"), ("C", "c@d.test")]),
        ('"ann@bank.test" <eve@evil.test>', [("ann@bank.test", "eve@evil.test")]),
        ("=?utf-8?q?L=C3=A9a=2C_chef?= <lea@b.test>", [("Léa, chef", "lea@b.test")]),
        ('"never closed <a@b.test>', [("never closed", "a@b.test")]),
        ("undisclosed-recipients:;", []),
        ("MAILER DAEMON <>", [("MAILER DAEMON", "")]),
    ],
)
def test_addresses_as_people_really_write_them(value: str, people: list[tuple[str, str]]) -> None:
    assert [(one.name, one.address) for one in addresses_of([value])] == people


def test_identifiers() -> None:
    assert ids_of("<a@b> junk <c@d>\r\n <a@b> <>") == ("<a@b>", "<c@d>")
    assert message_id_of("bare@id") == "<bare@id>"
    assert message_id_of(" ") == ""
    many = ids_of("".join(f"<{number}@x>" for number in range(1000)))
    assert (len(many), many[0], many[-1]) == (200, "<0@x>", "<999@x>")


def test_two_hundred_recipients_are_all_there() -> None:
    mail = written(to=", ".join(f'"N {number}" <n{number}@client.test>' for number in range(200)))
    assert [one.address for one in mail.to] == [f"n{number}@client.test" for number in range(200)]


@pytest.mark.parametrize("kind", ["multipart/mixed", MIXED, "multipart/alternative; boundary="])
def test_a_multipart_whose_separator_never_comes_is_its_text(kind: str) -> None:
    mail = written("Le voyant clignote.", content_type=kind)
    assert (mail.text.strip(), mail.attachments) == ("Le voyant clignote.", ())


def test_text_and_html_of_the_same_words() -> None:
    body = part("Bonjour", "Content-Type: text/plain") + part("<p>Bonjour</p>", "Content-Type: text/html")
    mail = read(wire(body + "--b--", content_type='multipart/alternative; boundary="b"'))
    assert (mail.text, mail.html, mail.attachments) == ("Bonjour", "<p>Bonjour</p>", ())


def test_what_is_said_in_two_forms_one_after_the_other_is_in_both() -> None:
    body = part("avant < après", "Content-Type: text/plain") + part("<p>suite</p>", "Content-Type: text/html")
    mail = read(wire(body + "--b--", content_type=MIXED))
    assert mail.text == "avant < après\nsuite"
    assert "avant &lt; après" in mail.html
    assert "<p>suite</p>" in mail.html


def test_html_alone_gives_its_text_with_marks_where_it_quotes() -> None:
    html = (
        "<style>p{}</style><p>Bonjour&nbsp;!<br>ligne</p><ul><li>un</li></ul>"
        "<blockquote>cité<blockquote>deux</blockquote></blockquote><pre>a  b\n c</pre>fin"
    )
    assert written(html, content_type="text/html").text.splitlines() == [
        *["Bonjour !", "ligne", "", "- un", "", "> cité", ">", ">> deux", "", "a  b", " c", "", "fin"]
    ]


def test_attachments_keep_their_bytes_their_names_and_say_which_are_inside() -> None:
    picture, report = os.urandom(300), b"\r\n\0\xffPDF"
    body = (
        part('<img src="cid:pic@1">', "Content-Type: text/html")
        + part(base64.encodebytes(picture).decode(), "Content-Type: image/png", "Content-Transfer-Encoding: base64",
               "Content-ID: <pic@1>")
        + part(base64.b64encode(report).decode(), "Content-Type: application/pdf",
               "Content-Disposition: attachment; filename*=utf-8''r%C3%A9sum%C3%A9.pdf",
               "Content-Transfer-Encoding: base64;")
        + part("x", "Content-Type: text/plain; name=../../etc/passwd")
    )  # fmt: skip
    mail = read(wire(body + "--b--", content_type='multipart/related; boundary="b"'))
    inside, pdf, named = mail.attachments
    assert (inside.content, inside.inline, inside.content_id) == (picture, True, "pic@1")
    assert inside.name == "attachment-1.png"
    assert (pdf.name, pdf.content, pdf.inline) == ("résumé.pdf", report, False)
    assert named.name == "passwd"
    assert pdf.as_json()["sha256"] == hashlib.sha256(report).hexdigest()


def test_a_message_inside_a_message_is_kept_byte_for_byte() -> None:
    inside = "From: a@b.test\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--x\r\nnot  normalised"
    body = part(inside, "Content-Type: message/rfc822") + "--b--"
    (attached,) = read(wire(body, content_type=MIXED)).attachments
    assert attached.content == inside.encode()


@pytest.mark.parametrize(
    ("kind", "protection", "trouble"),
    [
        ("application/pkcs7-mime; smime-type=enveloped-data", "smime-encrypted", "encrypted"),
        (
            'multipart/encrypted; protocol="application/pgp-encrypted"; boundary=b',
            "pgp-encrypted",
            "encrypted",
        ),
        ('multipart/signed; protocol="application/pkcs7-signature"; boundary=b', "smime-signed", ""),
        ('multipart/signed; protocol="application/pgp-signature"; boundary=b', "pgp-signed", ""),
    ],
)
def test_signed_and_encrypted_mails_are_recognised(kind: str, protection: str, trouble: str) -> None:
    mail = written(part("x", "Content-Type: text/plain") + "--b--", content_type=kind)
    assert (mail.protection, mail.trouble) == (protection, trouble)


def test_a_25_mb_attachment_is_read_whole_in_a_few_seconds() -> None:
    content = os.urandom(25_000_000)
    body = part("voir fichier") + part(
        base64.encodebytes(content).decode(),
        *["Content-Type: application/zip; name=gros.zip", "Content-Transfer-Encoding: base64"],
    )
    begun = time.process_time()
    mail = read(wire(body + "--b--", content_type=MIXED))
    assert time.process_time() - begun < 20
    assert mail.text == "voir fichier"
    assert mail.attachments[0].content == content
