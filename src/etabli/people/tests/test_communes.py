"""An address is completed and placed on the map from what is shipped, without any outside service."""

import csv
import json
import os
from itertools import pairwise
from pathlib import Path

import pytest

from etabli.people.communes import GEODATA, Commune, by_insee, by_postcode, departments, position, search

CORPUS = Path(os.environ.get("ETABLI_CORPUS", "/nonexistent")) / "business" / "geo" / "communes_fr.csv"
OUTLINE: dict[str, list[list[tuple[float, float]]]] = json.loads((GEODATA / "france.json").read_text("utf-8"))


def names(text: str, limit: int = 10) -> list[str]:
    return [commune.name for commune in search(text, limit=limit)]


def commune(insee: str) -> Commune:
    found = by_insee(insee)
    assert found is not None
    return found


def is_inside(longitude: float, latitude: float, zone: str) -> bool:
    """Whether a ray to the east crosses the outline of the zone an odd number of times."""
    crossings = 0
    for line in OUTLINE[zone]:
        for (x1, y1), (x2, y2) in pairwise(line):
            if (y1 > latitude) != (y2 > latitude) and longitude < x1 + (latitude - y1) * (x2 - x1) / (
                y2 - y1
            ):
                crossings += 1
    return crossings % 2 == 1


@pytest.mark.parametrize(
    ("text", "first"),
    [
        pytest.param("lill", "Lille", id="beginning"),
        pytest.param("NOUMEA", "Nouméa", id="case and accents"),
        pytest.param("l'hay les", "L'Haÿ-les-Roses", id="apostrophe and hyphen"),
        pytest.param("st-etienne du r", "Saint-Étienne-du-Rouvray", id="short form of saint"),
        pytest.param("oeuf", "Œuf-en-Ternois", id="ligature"),
        pytest.param("ascq", "Villeneuve-d'Ascq", id="a word inside"),
        pytest.param("59000", "Lille", id="postcode"),
        pytest.param("597 ronchin", "Ronchin", id="postcode and name, in part"),
        pytest.param("paris 11e", "Paris 11e Arrondissement", id="arrondissement"),
    ],
)
def test_a_few_letters_or_figures_find_the_commune(text: str, first: str) -> None:
    assert names(text)[0] == first


def test_the_biggest_commune_comes_first() -> None:
    populations = [found.population for found in search("marti", limit=30)]
    assert len(populations) == 30
    assert populations == sorted(populations, reverse=True)


def test_a_commune_of_exactly_that_name_comes_before_bigger_ones() -> None:
    assert names("eu")[0] == "Eu"
    assert names("saint denis", limit=2) == ["Saint-Denis", "Saint-Denis"]


def test_a_word_is_found_by_its_beginning_only() -> None:
    assert "Marseille" not in names("seille", limit=100)


@pytest.mark.parametrize("text", ["", "  ", "-", "zzzz", "lille|", "lille\n59"])
def test_odd_text_never_fails(text: str) -> None:
    assert len(search(text)) <= 10


def test_what_matches_nothing_finds_nothing() -> None:
    assert search("") == search("zzzz") == search("lille", limit=0) == []


def test_each_commune_is_offered_once() -> None:
    found = search("75", limit=50)
    assert len({each.insee for each in found}) == len(found)


def test_a_postcode_gives_every_commune_it_serves() -> None:
    assert [each.name for each in by_postcode(" 59160 ")] == ["Lille", "Capinghem"]
    assert by_postcode("") == by_postcode("00000") == []


def test_an_insee_code_gives_one_commune() -> None:
    ajaccio = commune("2a004")
    assert (ajaccio.name, ajaccio.department) == ("Ajaccio", "2A")
    assert ajaccio.postcodes == ("20000", "20090", "20167")
    assert by_insee("99999") is None


def test_every_commune_lies_in_a_department_that_has_a_name() -> None:
    listed = departments()
    assert (listed["59"], listed["2A"], listed["974"]) == ("Nord", "Corse-du-Sud", "La Réunion")
    assert list(listed)[:2] == ["01", "02"]
    assert all(by_insee(code + "001") is None or code in listed for code in listed)


def test_a_commune_without_a_known_centre_is_drawn_near_its_neighbours() -> None:
    lille, village = position(commune("59350")), position(commune("80829"))
    assert lille is not None
    assert lille.exact
    assert village is not None
    assert not village.exact
    assert (village.latitude, village.longitude) == pytest.approx((49.8, 2.95), abs=0.3)


def test_the_outline_of_france_holds_its_towns_and_not_its_neighbours() -> None:
    towns = [found for found in map(position, map(commune, ("75056", "59350", "13055", "2B096"))) if found]
    assert len(towns) == 4
    assert all(is_inside(town.longitude, town.latitude, "metropole") for town in towns)
    assert not any(is_inside(x, y, "metropole") for x, y in ((-0.1, 51.5), (2.17, 41.39), (8.54, 47.37)))
    assert is_inside(55.5, -21.1, "974")


def test_the_outline_is_light_and_its_lines_are_closed() -> None:
    assert (GEODATA / "france.json").stat().st_size < 60_000
    assert set(OUTLINE) == {"metropole", "971", "972", "973", "974", "976"}
    assert all(line[0] == line[-1] for lines in OUTLINE.values() for line in lines)


def test_the_licences_name_every_file_shipped() -> None:
    notice = (GEODATA / "NOTICE.md").read_text("utf-8")
    shipped = {path.name for path in GEODATA.iterdir()} - {"NOTICE.md"}
    assert {name for name in shipped if f"`{name}`" not in notice} == set()


@pytest.mark.skipif(not CORPUS.is_file(), reason="ETABLI_CORPUS does not hold business/geo/communes_fr.csv")
def test_every_commune_of_the_source_is_there() -> None:
    with CORPUS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 35_014
    for row in rows:
        found = commune(row["insee"])
        assert (found.name, found.department, found.population) == (
            row["nom"],
            row["departement"],
            int(row["population"] or 0),
        )
        assert "|".join(found.postcodes) == row["codes_postaux"]
