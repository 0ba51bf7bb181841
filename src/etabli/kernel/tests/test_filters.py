"""Filters: from the address to the rows, and back to chips that take themselves away."""

import pytest
from django.http import QueryDict

from etabli.assets.models import Asset
from etabli.kernel.organisations import Membership
from etabli.kernel.screens import registry
from etabli.kernel.screens.filters import BadFilter, chips, described, filter_of, narrow
from etabli.kernel.tenancy import scope
from etabli.people.models import Person, Room, Site

pytestmark = pytest.mark.usefixtures("in_english")


@pytest.fixture
def at_acme(firm, maker):
    with scope(firm.acme.id):
        yield maker(firm.acme)


def found(model, name: str, query: str) -> list[str]:
    one = filter_of(registry[model], name)
    return sorted(str(obj) for obj in narrow([one], model.objects.all(), QueryDict(query)))


def test_a_choice_is_one_of_its_values(at_acme):
    at_acme.new(Asset, name="a", state="lost")
    at_acme.new(Asset, name="b", state="stolen")
    assert found(Asset, "state", "state=lost") == ["a"]
    assert found(Asset, "state", "state=lost&state=stolen") == ["a", "b"]
    assert found(Asset, "state", "state=") == ["a", "b"]
    with pytest.raises(BadFilter, match="“melted” is not one of the choices"):
        found(Asset, "state", "state=lost&state=melted")


def test_a_number_of_a_choice_is_read_from_text(at_acme):
    at_acme.new(Asset, name="a", criticality=4)
    assert found(Asset, "criticality", "criticality=4") == ["a"]
    assert found(Asset, "criticality", "criticality=1") == []


def test_a_relation_is_an_identifier_or_none(at_acme):
    site = at_acme.new(Site)
    at_acme.new(Person, name="a", site=site)
    at_acme.new(Person, name="b", site=None)
    assert found(Person, "site", f"site={site.pk}") == ["a"]
    assert found(Person, "site", "site=none") == ["b"]
    assert found(Person, "site", f"site=none&site={site.pk}") == ["a", "b"]
    for value in ("x", "-1", "²", "9" * 40, "1.5"):
        with pytest.raises(BadFilter, match="not an identifier"):
            found(Person, "site", f"site={value}")


def test_yes_and_no_are_the_only_answers(at_acme):
    at_acme.new(Room, name="a", technical=True)
    at_acme.new(Room, name="b", technical=False)
    assert found(Room, "technical", "technical=1") == ["a"]
    assert found(Room, "technical", "technical=0") == ["b"]
    assert found(Room, "technical", "technical=0&technical=1") == ["a", "b"]
    with pytest.raises(BadFilter):
        found(Membership, "denied", "denied=maybe")


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("2026-01-15..2026-02-15", "b"),
        ("..2026-01-15", "a"),
        ("2026-02-02..", "c"),
        ("2026-02-01", "b"),
        ("..", "abc"),
    ],
)
def test_days_are_between_two_ends_both_included(at_acme, asked, expected):
    for name, day in (("a", "2026-01-01"), ("b", "2026-02-01"), ("c", "2026-03-01")):
        at_acme.new(Asset, name=name, bought_on=day)
    assert "".join(found(Asset, "bought_on", f"bought_on={asked}")) == expected


@pytest.mark.parametrize("asked", ["soon", "2026-13-01", "2026-02-30..", "..x", "\0"])
def test_what_is_no_day_is_told(at_acme, asked):
    with pytest.raises(BadFilter, match="not a date"):
        found(Asset, "bought_on", f"bought_on={asked}")


def test_a_text_is_part_of_the_field(at_acme):
    at_acme.new(Site, name="a", city="Saint-Étienne")
    assert found(Site, "city", "city=étienne") == ["a"]
    assert found(Site, "city", "city=lyon") == []
    assert found(Site, "city", "city=%") == []


def test_a_chip_says_what_is_chosen_and_takes_it_away(at_acme):
    filters = [filter_of(registry[Asset], name) for name in ("state", "kind")]
    query = QueryDict("state=lost&state=stolen&q=pc&page=3")
    made = chips(described(filters, query), query)
    assert [(c["label"], c["value"]) for c in made] == [("State", "lost, stolen")]
    assert made[0]["remove_url"] == "?q=pc"
