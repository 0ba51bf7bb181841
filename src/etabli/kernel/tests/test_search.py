"""The search box: every word, whatever its accents and capitals, of one's own organisations, found at once."""

import pytest

from etabli.kernel import search
from etabli.kernel.actors import SYSTEM
from etabli.kernel.attachments import Tag
from etabli.kernel.events import publish
from etabli.kernel.search import SearchEntry, find
from etabli.kernel.tenancy import scope
from etabli.kernel.text import plain, words


def kept(name: str) -> Tag:
    tag = Tag.objects.create(name=name)
    publish(tag, "tag.created", actor=SYSTEM)
    return tag


def titles(text: str, **narrowing) -> list[str]:
    return [entry.title for entry in find(text, **narrowing)]


@pytest.fixture
def at_acme(firm):
    with scope(firm.acme.id):
        yield firm


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Élan-Œuvre", "elan-oeuvre"),
        ("STRASSE ß", "strasse ss"),
        ("ﬁn", "fin"),
        ("Æther", "aether"),
        ("naïve\u0301", "naive"),
    ],
)
def test_plain_text_has_neither_accent_nor_capital(written, expected):
    assert plain(written) == expected


def test_the_signs_of_like_are_letters_like_others():
    assert words("50% a_b \\ \0") == ["50\\%", "a\\_b", "\\\\"]
    assert len(words("a " * 50)) == 8
    assert words(" \t\n") == []


def test_every_word_must_be_there_in_any_order(at_acme):
    kept("Poste de l’accueil")
    assert titles("accueil poste") == ["Poste de l’accueil"]
    assert titles("ACCUEIL") == ["Poste de l’accueil"]
    assert titles("accueil salle") == []
    assert titles("") == []


@pytest.mark.parametrize("text", ["%", "_", "\\", "%%", "p%e"])
def test_signs_are_not_jokers(at_acme, text):
    kept("poste")
    assert titles(text) == []


def test_what_begins_with_the_text_comes_first_then_the_shortest(at_acme):
    for name in ("the red one", "red apple", "red"):
        kept(name)
    assert titles("red") == ["red", "red apple", "the red one"]
    assert titles("red", limit=1) == ["red"]


def test_only_the_nouns_and_organisations_asked_are_searched(firm):
    with scope(firm.acme.id):
        kept("red")
    with scope(firm.globex.id):
        kept("red two")
    with scope(firm.acme.id, firm.globex.id):
        assert titles("red") == ["red", "red two"]
        assert titles("red", organisations=[firm.globex.id]) == ["red two"]
        assert titles("red", nouns=["asset"]) == []
    with scope(firm.acme.id):
        assert titles("red") == ["red"]
        assert titles("red", organisations=[firm.globex.id]) == []


def test_the_last_state_of_an_object_is_its_only_entry(at_acme):
    tag = kept("red")
    tag.name = "blue"
    search.refresh_many([tag, tag])
    assert titles("red") == []
    assert titles("blue") == ["blue"]
    assert SearchEntry.objects.count() == 1
    search.forget(tag)
    assert titles("blue") == []


def test_a_long_text_is_cut_and_found_by_its_beginning(at_acme, monkeypatch):
    from etabli.kernel.screens import registry

    monkeypatch.setattr(
        type(registry[Tag]), "search_text", lambda self, obj: ("t" * 500, "s" * 500, "needle " + "x" * 9000)
    )
    kept("any")
    entry = SearchEntry.objects.get()
    assert (len(entry.title), len(entry.subtitle), len(entry.text)) == (200, 200, 4000)
    assert len(titles("needle")) == 1


def test_a_shared_row_has_no_entry_and_does_not_stop_the_others(at_acme):
    from etabli.kernel.organisations import Role

    shared = Role.objects.get(key="auditor", organisation=None)
    search.refresh_many([shared, Tag.objects.create(name="red")])
    assert list(SearchEntry.objects.values_list("noun", flat=True)) == ["tag"]
