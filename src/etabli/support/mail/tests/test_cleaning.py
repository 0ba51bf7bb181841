"""HTML safe to show, and who wrote first what is forwarded."""

from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etabli.support.mail.cleaning import MOST_LINKS, clean
from etabli.support.mail.explaining import explain
from etabli.support.mail.forwarding import forwarded_by

from .corpus import wire, written


@pytest.mark.parametrize(
    "evil",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<a href='javascript:alert(1)'>x</a>",
        "<a href=' JaVaScRiPt:alert(1)'>x</a>",
        "<a href='data:text/html,alert(1)'>x</a>",
        "<svg onload=alert(1)><script>alert(1)</script></svg>",
        "<iframe src='https://x.test/alert(1)'></iframe>",
        "<form action='https://x.test/alert(1)'><input></form>",
        "<style>body{background:url(https://x.test/alert(1))}</style>",
        "<p style='background-image:url(https://x.test/alert(1))'>x</p>",
        "<p style='width:expression(alert(1))'>x</p>",
        "<link rel=stylesheet href='https://x.test/alert(1)'>",
        "<meta http-equiv=refresh content='0;url=https://x.test/alert(1)'>",
        "<base href='https://x.test/alert(1)'>",
        "<img src='data:image/svg+xml;base64,alert(1)'>",
        "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    ],
)
def test_what_could_act_is_taken_away(evil: str) -> None:
    made = clean(f"<p>avant</p>{evil}<p>après</p>")
    assert "alert(1)" not in made.html
    assert "avant" in made.html


def test_remote_images_wait_to_be_asked_for() -> None:
    markup = (
        '<img src="https://x.test/p.png" alt="logo"><img src="http://x.test/t.gif"><img src="//x.test/u.gif">'
    )
    made = clean(markup)
    assert "x.test" not in made.html
    assert 'alt="logo"' in made.html
    assert made.blocked == 3
    asked = clean(markup, remote=True)
    assert 'src="https://x.test/p.png"' in asked.html
    assert asked.blocked == 1  # an address without scheme means nothing in a mail


def test_inline_images_are_shown_at_their_address() -> None:
    markup = '<img src="cid:pic@1"><img src="cid:absent"><img src="data:image/png;base64,AAAA">'
    made = clean(markup, pictures={"pic@1": "/files/7"})
    assert 'src="/files/7"' in made.html
    assert "absent" not in made.html
    assert 'src="data:image/png;base64,AAAA"' in made.html
    assert made.blocked == 0


def test_links_tell_nothing_and_colours_stay() -> None:
    made = clean(
        '<a href="https://x.test" target="_self"><span style="color:red;position:fixed">lien</span></a>'
    ).html
    assert 'rel="noopener noreferrer nofollow"' in made
    assert 'target="_blank"' in made
    assert "color:red" in made.replace(" ", "")
    assert "position" not in made


@pytest.mark.parametrize(
    "markup", ['<p><a href="http://x.test">lien</a></p>' * (MOST_LINKS + 1), "<div>" * 5000 + "lien"]
)
def test_too_many_links_or_too_deep_becomes_text(markup: str) -> None:
    made = clean(markup)
    assert made.reduced
    assert "lien" in made.html
    assert "<a" not in made.html


class Seen(HTMLParser):
    """What a browser would make of the cleaned HTML."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str]] = set()
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {(name, value or "") for name, value in attrs}


PIECES = [
    *[
        "<",
        ">",
        "<script",
        "</script>",
        "<img ",
        "src=",
        '"',
        "'",
        "cid:",
        "http://x",
        "javascript:",
        "&",
        "/",
        "<style>",
    ],
    *[
        "<p ",
        "onload=",
        "style=",
        " ",
        "<!--",
        "-->",
        "]]>",
        "<svg>",
        "<math>",
        "<a href=",
        "<iframe src=",
        "é",
        "data:image/png",
    ],
]


@settings(deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_whatever_comes_in_nothing_that_acts_or_fetches_comes_out(markup: str) -> None:
    seen = Seen(clean(markup).html)
    assert not seen.tags & {
        "script",
        "style",
        "svg",
        "math",
        "iframe",
        "form",
        "link",
        "meta",
        "base",
        "object",
    }
    for name, value in seen.attributes:
        assert not name.startswith("on")
        assert name != "src" or value.startswith("data:image/png;base64,")
        assert name != "href" or value.strip().startswith(("http:", "https:"))


FORWARDED = [
    ("Fwd: Panne", "Pour vous.\n\n---------- Forwarded message ---------\nFrom: Ann Durand <ann@client.test>\n"
     "Date: Mon, Mar 3, 2025\nSubject: Panne\nTo: bob@client.test\n\nRien ne va.\n"),
    ("TR : Panne", "---------- Message transféré ---------\nDe : Ann Durand <ann@client.test>\nDate : lundi\n"
     "Objet : Panne\n\nRien ne va.\n"),
    ("TR: Panne", "De : Ann Durand <ann@client.test>\nEnvoyé : lundi 3 mars 2025 10:12\nÀ : Bob\nObjet : Panne\n\nRien.\n"),
    ("FW: Panne", "FYI\n\n________________________________\nFrom: Ann Durand [mailto:ann@client.test]\nSent: Monday\n"
     "To: Bob\nSubject: Panne\n\nNothing.\n"),
    ("Fwd: Panne", "Début du message transféré :\n\n> De : Ann Durand <ann@client.test>\n> Objet : Panne\n"
     "> Date : 3 mars 2025\n\n> Rien ne va.\n"),
    ("Fwd: Panne", "Begin forwarded message:\n\nFrom: Ann Durand <ann@client.test>\nSubject: Panne\nDate: 3 March\n\nx\n"),
    ("Panne chez Ann", "-------- Message transféré --------\nSujet : Panne\nDate : Mon, 3 Mar 2025\n"
     "De : Ann Durand <ann@client.test>\nPour : Bob\n\nRien ne va.\n"),
]  # fmt: skip


@pytest.mark.parametrize(("subject", "body"), FORWARDED)
def test_the_one_to_help_is_who_wrote_first(subject: str, body: str) -> None:
    found = forwarded_by(written(body, subject=subject, content_type="text/plain; charset=utf-8"))
    assert found is not None
    assert (found.sender.name, found.sender.address) == ("Ann Durand", "ann@client.test")
    assert (found.subject, found.how) == ("Panne", "quoted")
    assert explain(wire(body, subject=subject), file="x")["folded"] == []


def test_a_mail_forwarded_as_a_file() -> None:
    inside = wire("Rien ne va.", **{"from": "Ann <ann@client.test>", "subject": "Panne"}).decode()
    body = f"--b\r\n\r\nVoir.\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n{inside}\r\n--b--"
    found = forwarded_by(written(body, content_type="multipart/mixed; boundary=b"))
    assert found is not None
    assert (found.sender.address, found.subject, found.how) == ("ann@client.test", "Panne", "attached")


@pytest.mark.parametrize(
    "quote", ["Le 3 mars 2025 à 10:12, S <s@e.test> a écrit :\n\n", "-----Message d'origine-----\n"]
)
def test_a_reply_to_a_forwarded_mail_forwards_nothing(quote: str) -> None:
    _subject, body = FORWARDED[0]
    for mark in ("", "> "):
        quoted = "".join(f"{mark}{line}\n" for line in body.splitlines())
        assert forwarded_by(written(f"C'est fait.\n\n{quote}{quoted}", subject="Re: Panne")) is None


def test_a_reply_forwards_nothing() -> None:
    quoted = "Oui.\n\nDe : Ann <ann@client.test>\nEnvoyé : lundi\nÀ : Bob\nObjet : Panne\n\nRien.\n"
    assert forwarded_by(written(quoted, subject="RE: Panne")) is None
