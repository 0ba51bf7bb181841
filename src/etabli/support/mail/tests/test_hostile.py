"""Mails made to hurt: the time stays in proportion to their size, and nothing raises."""

import base64
import os
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etabli.support.mail.explaining import explain
from etabli.support.mail.reading import read
from etabli.support.mail.trimming import trim

from .corpus import every_mail

MANY = 5_000_000
SECONDS = 30.0  # of processor: several times what the worst one takes on a busy machine of two cores
HEAD = b"From: a@b.test\r\nTo: d@e.test\r\nSubject: x\r\nMIME-Version: 1.0\r\n"
HTML, TEXT = HEAD + b"Content-Type: text/html\r\n\r\n", HEAD + b"\r\n"
MIXED = HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
REPORT = HEAD + b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n"
DAEMON = b"From: mailer-daemon@x\r\nReturn-Path: <>\r\nSubject: Undelivered Mail\r\n\r\n"


def times(piece: bytes, size: int = MANY) -> bytes:
    return piece * (size // len(piece))


MAILS: dict[str, bytes] = {
    "random": os.urandom(MANY),
    "parts": MIXED + times(b"--b\n\nx\n"),
    "multiparts in multiparts": MIXED + times(b"--b\nContent-Type: multipart/mixed; boundary=b\n\n"),
    "deep": b"".join(b"--b%d\nContent-Type: multipart/mixed; boundary=b%d\n\n" % (n, n + 1) for n in range(90_000)),
    "messages in messages": times(b"Content-Type: message/rfc822\nFrom: a@b\n\n"),
    "a long separator": MIXED + b"--b" + times(b" ") + b"x",
    "comments in From": b"From: " + times(b"(") + TEXT,
    "quotes in From": b"From: " + times(b'"\\') + b"\n" + TEXT,
    "addresses in From": b"From: " + times(b"a@b ") + b"\n" + TEXT,
    "a folded subject": b"Subject: " + times(b"x\n ") + b"\n" + TEXT,
    "encoded words": b"Subject: " + times(b"=?utf-8?q?=E9?= ") + b"\n" + TEXT,
    "headers": times(b"X-A: b\n") + TEXT,
    "parameters": HEAD + b"Content-Type: text/plain" + times(b";") + b"\n\nx",
    "quoted parameters": HEAD + b'Content-Type: text/plain; a="' + times(b'\\"') + b"\n\nx",
    "references": b"References: " + times(b"<a@b> ") + b"\n" + TEXT,
    "text: attributions": TEXT + times(b"Le \n"),
    "text: headers": TEXT + times(b"De : \n"),
    "text: quotations": TEXT + times(b">\n\n"),
    "text: one line": TEXT + times(b"a"),
    "text: blank lines": TEXT + times(b"\r"),
    "text: addresses": TEXT + times(b"a@"),
    "text: tokens": TEXT + times(b"etb.a."),
    "text: quoted-printable": HEAD + b"Content-Transfer-Encoding: quoted-printable\n\n" + times(b"=\n"),
    "text: base64": HEAD + b"Content-Transfer-Encoding: base64\n\n" + times(b"=A"),
    "text: no charset": TEXT + times(b"\xff\xfe\x80"),
    "html: deep": HTML + times(b"<div>"),
    "html: comments": HTML + times(b"<!--"),
    "html: ampersands": HTML + times(b"&", 590_000),
    "html: entities": HTML + times(b"&amp", 590_000),
    "html: angles": HTML + times(b"<", 590_000),
    "html: attributes": HTML + b"<p " + b"".join(b"a%d " % n for n in range(50_000)) + b">",
    "html: misnested": HTML + times(b"<b><div></b></div>", 590_000),
    "html: fonts": HTML + b"".join(b"<font color=%d>" % n for n in range(490)) + times(b"<p>x", 590_000),
    "html: 5,001 links": HTML + b"".join(b'<p><a href="http://x/%d">%d</a></p>' % (n, n) for n in range(5001)),
    "html: images": HTML + times(b"<img src=http://x/y.png>", 590_000),
    "report": REPORT + b"Content-Type: message/delivery-status\n\n" + times(b"Final-Recipient: rfc822; a@b.c\n\n"),
    "report: blanks": REPORT + b"Content-Type: message/delivery-status\n\n" + times(b"\n" + b" " * 5000 + b"x"),
    "bounce": DAEMON + times(b"a@b.test 550 5.1.1 no "),
    "bounce: one word": DAEMON + times(b"a"),
    "forwarded": b"Subject: Fwd: x\n" + TEXT + times(b"De : x\n"),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", MAILS)
def test_five_megabytes_of_anything_take_a_bounded_time(name: str) -> None:
    begun = time.process_time()
    told = explain(MAILS[name], file=name)
    assert time.process_time() - begun < SECONDS
    assert told["reasons"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "piece", ["Le \n", "On 1 a écrit\n", "> a\nb\n", "De : x\nDate : y\n", "Cordialement\n", "é" * 399 + "\n"]
)
def test_twice_the_lines_take_about_twice_the_time(piece: str) -> None:
    """Below the number of lines above which nothing is folded: the folding itself is linear."""

    def seconds(count: int) -> float:
        begun = time.process_time()
        trim(piece * (count // piece.count("\n")))
        return time.process_time() - begun

    assert seconds(19_000) < 0.5 + 12 * seconds(4_750)


HEADERS = st.sampled_from(
    [
        *[
            "From",
            "To",
            "Subject",
            "Date",
            "Message-ID",
            "References",
            "In-Reply-To",
            "Content-Type",
            "Return-Path",
        ],
        *[
            "Content-Transfer-Encoding",
            "Content-Disposition",
            "Content-ID",
            "Auto-Submitted",
            "Received",
            "X-Loop",
        ],
    ]
)
VALUES = st.sampled_from(
    [
        *["multipart/mixed; boundary=b", 'multipart/alternative; boundary="b"', "text/html; charset=utf-16", "message/rfc822"],
        *["text/plain; charset*=''%00", "multipart/report; report-type=delivery-status; boundary=b", "quoted-printable"],
        *["base64", "x-uuencode", "attachment; filename*0*=utf-8''%ff; filename*1=a", "=?utf-8?b?/w==?=", "<a@b>", "<>"],
        *["text/plain; charset=\"utf-8", "Mon, 99 Foo 2025 99:99:99 +9999", "\0", "a@b <c@d", "text/plain; name*99999999999=a"],
    ]
)  # fmt: skip
BODIES = st.sampled_from(
    ["--b\n", "--b--\n", "\n", "Content-Type: text/html\n\n", "<p>x", "begin 644 a\n", "=E9=\n", "> x\n", "--b\n\n", "\x00",
     "Final-Recipient: rfc822; a@b.c\n", "From: x\n", "\r"]
)  # fmt: skip
MADE = st.tuples(
    st.lists(st.tuples(HEADERS, VALUES | st.text(max_size=30)), max_size=8),
    st.lists(BODIES | st.text(max_size=20), max_size=12),
).map(lambda made: _wire(*made))


def _wire(headers: list[tuple[str, str]], body: list[str]) -> bytes:
    head = "".join(f"{name}: {value}\n" for name, value in headers)
    return f"{head}\n{''.join(body)}".encode("utf-8", "replace")


def kept(raw: bytes) -> dict[str, Any]:
    told = explain(raw, file="x")
    told["text"].encode("utf-8")
    assert "\0" not in told["text"] + told["subject"] + told["trimmed_text"]
    assert told["kind"] in ("message", "reply", "auto-reply", "bounce", "loop", "unreadable")
    return told


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_explained(raw: bytes) -> None:
    kept(raw)


@settings(deadline=None)
@given(MADE)
def test_any_mail_is_explained(raw: bytes) -> None:
    kept(raw)


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_real_mails_damaged_anywhere_are_explained(data: st.DataObject) -> None:
    raw = bytearray(data.draw(st.sampled_from(every_mail())).read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, max(len(raw) - 1, 0)))
        raw[at : at + data.draw(st.integers(0, 40))] = data.draw(st.binary(max_size=10))
    kept(bytes(raw))


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_a_file_comes_back_byte_for_byte(content: bytes) -> None:
    head = b"--b\r\nContent-Type: application/x; name=f\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    (attachment,) = read(MIXED + head + base64.encodebytes(content) + b"\r\n--b--").attachments
    assert attachment.content == content
