"""Finding the conversation a mail belongs to: in order, with its proof."""

import pytest

from etabli.support.mail import threads
from etabli.support.mail.threads import BODY, REFERENCE, SIGNED, SUBJECT, Candidate, candidates

from .corpus import written

KEY, FORMER, OTHER = b"k" * 32, b"f" * 32, b"o" * 32
OURS = threads.message_id(ticket="123", serial="m7", key=KEY, domain="etabli.test")
MARK = threads.marker(ticket="124", serial="m8", key=KEY)


def test_our_identifier_names_the_ticket_to_those_who_have_the_key() -> None:
    assert threads.verified(OURS, [KEY]) == "123"
    assert threads.verified(OURS, [OTHER, KEY]) == "123"
    assert threads.verified(OURS, [OTHER]) is None
    assert threads.verified(OURS, []) is None


def test_a_rewritten_domain_or_case_keeps_the_proof_and_any_other_change_breaks_it() -> None:
    assert threads.verified(OURS.upper().replace("ETABLI.TEST", "eu-west-1.amazonses.com"), [KEY]) == "123"
    assert threads.verified(OURS.replace("etb.123.", "etb.124."), [KEY]) is None
    assert threads.verified(OURS.replace(".m7.", ".m9."), [KEY]) is None
    assert threads.verified("x" + OURS[1:], [KEY]) is None


@pytest.mark.parametrize(
    ("ticket", "serial"), [("", "a"), ("a.b", "c"), ("1", "b-c"), ("1", ""), ("é", "a"), ("1" * 41, "a")]
)
def test_a_name_that_a_token_cannot_hold_is_refused(ticket: str, serial: str) -> None:
    with pytest.raises(ValueError, match="letters"):
        threads.token(ticket=ticket, serial=serial, key=KEY)


def test_the_order_is_that_of_the_proofs() -> None:
    mail = written(
        f"Voilà.\n\n> {MARK}\n",
        subject="Re: [ETB-000125] Imprimante",
        references=f"<first@x.test> {OURS}",
        in_reply_to="<last@x.test>",
    )
    assert candidates(mail, keys=[KEY]) == (
        Candidate(SIGNED, OURS, "123", verified=True),
        Candidate(REFERENCE, "<last@x.test>"),
        Candidate(REFERENCE, "<first@x.test>"),
        Candidate(SUBJECT, "ETB-000125", "125"),
        Candidate(BODY, MARK.strip("[]"), "124", verified=True),
    )


def test_a_forged_identifier_is_but_a_reference_and_a_forged_mark_is_not_verified() -> None:
    forged = threads.message_id(ticket="123", serial="m7", key=OTHER, domain="etabli.test")
    mail = written(threads.marker(ticket="9", serial="a", key=OTHER), in_reply_to=forged)
    assert candidates(mail, keys=[KEY, FORMER]) == (
        Candidate(REFERENCE, forged),
        Candidate(BODY, threads.token(ticket="9", serial="a", key=OTHER)),
    )


@pytest.mark.parametrize(
    ("subject", "ticket"),
    [
        ("[ETB-000123] Imprimante", "123"),
        ("RE: TR: [etb-123]", "123"),
        ("Suite de ETB-123.", "123"),
        ("ETB-000", "0"),
        ("(ETB-123)", "123"),
        ("XETB-123", None),
        ("ETB-123X", None),
        ("ETB-123-4", None),
        ("ETB-123.4", None),
        ("ETB-1234567890", None),
        ("A-ETB-123", None),
        ("ETB 123", None),
        ("[123]", None),
        ("éETB-123é", None),
    ],
)
def test_a_number_inside_a_longer_word_never_matches(subject: str, ticket: str | None) -> None:
    found = [one.ticket for one in candidates(written(subject=subject)) if one.proof == SUBJECT]
    assert found == ([ticket] if ticket else [])


def test_the_prefix_is_that_of_the_installation() -> None:
    found = candidates(written(subject="[A+B-7] and [ETB-8]"), prefix="A+B")
    assert [one.ticket for one in found] == ["7"]


def test_a_mark_in_an_attribute_of_the_html_is_no_mark() -> None:
    mail = written(f'<p title="{MARK}">Bonjour</p>', content_type="text/html")
    assert candidates(mail, keys=[KEY]) == ()
