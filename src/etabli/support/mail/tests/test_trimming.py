"""Folding quotes and signatures: in French and in English, never losing a character."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etabli.support.mail.thanks import only_thanks
from etabli.support.mail.trimming import trim

from .corpus import reply_vectors

QUOTED = "Pouvez-vous redémarrer ?"
HEADERS = [
    # Outlook, French and English, as text and with the emphasis of a text made from HTML
    "De : Support <s@e.test>\nEnvoyé : lundi 3 mars 2025 10:12\nÀ : Bob\nObjet : Imprimante\n\n",
    "De\u00a0: Support <s@e.test>\nEnvoyé\u202f: lundi\nÀ\u00a0: Bob\nObjet\u00a0: Imprimante\n\n",
    "*De :* Support <s@e.test>\n*Envoyé :* lundi 3 mars 2025\n*À :* Bob\n*Objet :* Imprimante\n\n",
    "________________________________\nDe : Support <s@e.test>\nDate : lundi\nÀ : Bob\nCc : Léa\nObjet : x\n\n",
    "From: Support <s@e.test>\nSent: Monday, March 3, 2025 10:12 AM\nTo: Bob\nSubject: Printer\n\n",
    "-----Message d'origine-----\nDe : Support\nEnvoyé : lundi\nÀ : Bob\nObjet : x\n\n",
    "-----Message d’origine-----\n",
    "-----Original Message-----\nFrom: Support\n",
    # Zimbra (Free), Samsung, SFR, Orange and La Poste
    "----- Mail original -----\nDe: \"Support\" <s@e.test>\nÀ: \"Bob\" <b@c.test>\nEnvoyé: Lundi 3 Mars 2025\nObjet: x\n\n",
    "-------- Message d'origine --------\nDe : Support <s@e.test>\nDate : 03/03/2025 10:12 (GMT+01:00)\nÀ : Bob\nObjet : x\n\n",
    "========================================\nMessage du : 03/03/2025\nDe : Support <s@e.test>\nA : Bob\nSujet : x\n\n",
    "> Message du 03/03/25 10:12\n> De : \"Support\" <s@e.test>\n> A : \"Bob\" <b@c.test>\n> Copie à : \n> Objet : x\n> ",
    # Gmail, Apple Mail, Thunderbird, wrapped or not, quoted with marks or not
    "Le lun. 3 mars 2025 à 10:12, Support <s@e.test> a écrit :\n\n> ",
    "Le lun. 3 mars 2025 à 10:12, Support Établi de la Société Très Longue <\nsupport@etabli.test> a\nécrit :\n\n> ",
    "Le 3 mars 2025 à 10:12, Support <s@e.test> a écrit\u00a0:\n\n",
    "Le 03/03/2025 à 10:12, Support a écrit :\n> ",
    "On Mon, Mar 3, 2025 at 10:12 AM Support <s@e.test> wrote:\n> ",
    "On 3 Mar 2025, at 10:12, Support <s@e.test> wrote:\n\n",
    "En date de : Lun 3.3.25, Support <s@e.test> a écrit :\n\n De: Support <s@e.test>\n Objet: x\n À: b@c.test\n\n",
    "Am 03.03.2025 um 10:12 schrieb Support:\n> ",
    "03.03.2025 10:12 пользователь \"Support\" <\ns@e.test> написал:\n\n> ",
]  # fmt: skip
SIGNATURES = [
    "Envoyé de mon iPhone",
    "Envoyé depuis mon mobile Orange",
    "Envoyé à partir de Outlook pour Android",
    "Sent from my iPhone",
    "L'absence de virus dans ce courrier électronique a été vérifiée par le logiciel antivirus Avast.",
    "Obtenez Outlook pour iOS",
    "Get Outlook for Android<https://aka.ms/x>",
    "-- \nBob Martin\n01 02 03 04 05",
    "Cordialement,\nBob Martin\nSociété X",
    "Bien à vous\n\nBob",
    "Best regards,\nBob",
    "Cordialement,\nBob\n\nCe message et ses pièces jointes sont confidentiels et destinés au seul destinataire.",
]
WORDS = "Le voyant rouge clignote toujours."


@pytest.mark.parametrize("header", HEADERS)
def test_what_mail_programs_quote_is_folded(header: str) -> None:
    trimmed = trim(f"{WORDS}\n\n{header}{QUOTED}\n")
    assert trimmed.visible == WORDS
    assert [part.kind for part in trimmed.folded] == ["quote"]
    assert QUOTED in trimmed.folded[0].text


@pytest.mark.parametrize("signature", SIGNATURES)
@pytest.mark.parametrize("quote", ["", "\n\nLe 3 mars 2025 à 10:12, S <s@e.test> a écrit :\n\n> Bonjour\n"])
def test_signatures_are_folded_above_a_quote_as_at_the_end(signature: str, quote: str) -> None:
    trimmed = trim(f"{WORDS}\n\n{signature}\n{quote}")
    assert trimmed.visible == WORDS
    assert trimmed.folded[0].kind == "signature"


def test_the_vectors_written_for_french() -> None:
    wrong = []
    for case in reply_vectors():
        trimmed = trim(case["text"])
        quoted = case["name"] not in ("inline answers", "false positive") and ("Bonjour" in trimmed.visible)
        if case["want"] not in trimmed.visible or quoted:
            wrong.append(case["name"])
    assert wrong == []


@pytest.mark.parametrize(
    "text",
    [
        # answers among the quoted lines
        "Le 3 mars 2025 à 10:12, S <s@e.test> a écrit :\n> Quel poste ?\nPC-042\n> Depuis quand ?\nce matin\n",
        "> Quel poste ?\nPC-042\n",
        "Mes réponses ci-dessous en rouge.\n\nDe : S <s@e.test>\nEnvoyé : lundi\nObjet : x\n\nQuel poste ? PC-042\n",
        "See my answers below\n\nOn Mon, Mar 3, 2025 at 10:12 AM S <s@e.test> wrote:\n\nWhich PC? 42\n",
        # words that look like a quotation
        "Le technicien a écrit : rebooter.\nJ'ai essayé, rien à faire.\n",
        "Le technicien a écrit :\nrebooter.\n",
        "De : Paris\nÀ : Lyon\nJe voudrais un billet.\n",
        "Bonjour,\n\nDate : 3 mars\nDe : Paris\nObjet : voyage\n\nMerci de réserver.\n",
        "Bonjour,\nCe message pour dire que le destinataire de mes mails confidentiels n'est pas le bon.\nVoilà.\n",
        "J'ai tapé ceci\n> ipconfig /all\n",
        # nothing else than a signature or a quotation
        "Cordialement,\nBob\n",
        "De : S <s@e.test>\nEnvoyé : lundi\nObjet : x\n\nQuel poste ?\n",
        "> une\n> deux\n> trois\n",
        # forwarded: what follows is said for the first time
        "Pour vous.\n\n---------- Forwarded message ---------\nDe : Ann <a@b.test>\nDate : lundi\nSubject: x\n\nPanne.\n",
        "",
        "\n\n",
    ],
)
def test_everything_is_shown_when_folding_might_hide_what_the_writer_says(text: str) -> None:
    trimmed = trim(text)
    assert trimmed.folded == ()
    assert trimmed.visible == text.strip()


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Merci.\n\nCordialement,\nBob\n\nPS : le poste est PC-042\n", "PC-042"),
        ("Merci.\n\nBonne journée\nPouvez-vous passer demain ?\n", "passer demain"),
        ("Voici.\n--\n" + "ligne de journal\n" * 30, "ligne de journal"),
        ("Voici.\n\nCordialement,\n" + "Un paragraphe entier qui n'a rien d'un nom. " * 5, "Un paragraphe"),
    ],
)
def test_what_comes_after_a_closing_formula_and_is_no_name_stays(text: str, kept: str) -> None:
    assert kept in trim(text).visible


LINES = st.sampled_from(
    [*HEADERS, *SIGNATURES, "> cité\n", ">\n", "\n", "mot\n", "Le ", "a écrit :\n", "On ", "wrote:\n", "De : x\n", "\r\n",
     "\u2028", "--\n", "________\n", "Date : 3/3/2025\n", "Objet : y\n", "ligne\r", "a" * 500, "Envoyé : lundi\n"]
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(LINES | st.text(max_size=30), max_size=40).map("".join))
def test_the_parts_joined_give_the_text_back(text: str) -> None:
    trimmed = trim(text)
    assert "".join(part.text for part in trimmed.parts) == text
    assert bool(trimmed.visible) == bool(text.strip())


@settings(deadline=None)
@given(st.lists(LINES | st.text(max_size=30), max_size=40).map("".join))
def test_what_is_folded_is_marked_announced_or_at_the_end(text: str) -> None:
    """A writer's word, alone on its line before any quotation, is always shown."""
    assert "zyxwvut" in trim(f"zyxwvut\n\n{text}").visible


@pytest.mark.parametrize(
    "text",
    [
        *[
            "merci",
            "Merci !",
            "Merci beaucoup pour votre aide.",
            "Ok merci",
            "C'est réparé, merci !",
            "Thanks a lot!",
        ],
        *[
            "Bonjour,\n\nparfait, merci à vous.\n\nCordialement,\nBob Martin\nSociété X",
            "thank you so much, it works now",
        ],
        *["Merci\n\nEnvoyé de mon iPhone", "Nickel, merci 👍", "Je vous remercie"],
    ],
)
def test_a_mere_thank_you(text: str) -> None:
    assert only_thanks(text)


@pytest.mark.parametrize(
    "text",
    [
        *[
            "",
            "ok",
            "Merci, mais ça ne marche plus",
            "merci de rappeler",
            "Merci, et pour le poste 42 ?",
            "merci 06 01 02 03 04",
        ],
        *[
            "Ça ne fonctionne toujours pas merci",
            "thanks but no",
            "Merci de fermer",
            "merci pas encore reçu",
            "non merci",
        ],
        *[
            "merci " * 40,
            "Merci, voir https://x.test",
            "merci d'avance",
            "Merci pour votre retour, le voyant clignote",
        ],
    ],
)
def test_a_thank_you_that_says_something_more(text: str) -> None:
    assert not only_thanks(text)
