import pytest
from django.utils.safestring import SafeString

from etabli.web import markup


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Claire Moreau", "CM"),
        ("Jean-Pierre de La Tour", "JT"),
        ("Supervision", "SU"),
        ("", "?"),
        ("— (sans nom)", "NO"),
    ],
)
def test_initials_come_from_the_first_and_last_words_or_from_the_only_one(name: str, expected: str) -> None:
    assert markup.initials(name) == expected


def test_a_name_keeps_its_shade() -> None:
    assert markup.avatar("Claire Moreau") == markup.avatar("Claire Moreau")


@pytest.mark.parametrize(
    "piece",
    [
        markup.state("<b>x", "ok"),
        markup.badge("<b>x", "bad"),
        markup.tinted("<b>x", "warn"),
        markup.tinted("<b>x", ""),
        markup.titled("<b>x", "<b>y"),
        markup.joined(["<b>x", None, "", "<b>y"]),
        markup.avatar("<b>x"),
    ],
)
def test_every_piece_escapes_the_text_it_is_given(piece: SafeString) -> None:
    assert "<b>x" not in piece
    assert "<b>y" not in piece


def test_joined_leaves_out_what_is_empty_and_keeps_zero() -> None:
    assert markup.joined([0, "", None, "a"]) == "0\u00a0· a"
