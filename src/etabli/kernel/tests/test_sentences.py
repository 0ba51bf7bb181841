"""A sentence is kept once and said in the language of whoever reads it."""

import pytest
from django.utils import translation

from etabli.inventory.models import Document
from etabli.kernel.sentences import Sentence, joined, sentence
from etabli.kernel.tenancy import scope

FRENCH = "Rien n’a changé depuis le dernier relevé d’inventaire."


@pytest.fixture
def kept(firm):
    def keep(reason):
        with scope(firm.acme.id):
            values = {"received_at": "2026-01-01T00:00Z", "content": b"", "sha256": "0" * 64}
            return Document.objects.create(reason=reason, **values).pk

    return keep


def read(firm, key, language):
    with scope(firm.acme.id), translation.override(language):
        return Document.objects.get(pk=key).reason


def test_the_same_row_is_said_in_french_and_in_english(firm, kept):
    key = kept(sentence("Nothing changed since the last inventory."))
    assert read(firm, key, "en") == "Nothing changed since the last inventory."
    assert read(firm, key, "fr") == FRENCH


def test_values_are_kept_with_the_message(firm, kept):
    key = kept(sentence("Same serial number (%(serial)s).", serial="7QX2K94 100%"))
    assert read(firm, key, "en") == "Same serial number (7QX2K94 100%)."
    assert "7QX2K94 100%" in read(firm, key, "fr")


def test_saving_a_row_again_keeps_what_was_stored(firm, kept):
    key = kept(sentence("Nothing changed since the last inventory."))
    with scope(firm.acme.id), translation.override("fr"):
        Document.objects.get(pk=key).save()
    assert read(firm, key, "en") == "Nothing changed since the last inventory."


def test_several_sentences_are_said_one_after_the_other():
    both = joined(sentence("Same network card addresses."), "", "Plain text 100%.")
    assert both == "Same network card addresses. Plain text 100%."


@pytest.mark.parametrize("stored", ["%(a)s\x1f{", "x\x1fnot json", "%(a)s\x1f[]", "\x1e\x1f", "100% sure"])
def test_a_damaged_sentence_is_still_read(stored):
    assert isinstance(Sentence(stored), str)
