"""Communes of France, offline: addresses are completed and placed on a map without any outside service.

35,014 communes (the municipal arrondissements of Paris, Lyon and Marseille included) with their postcodes,
legal population and, for four inhabitants in five, the position of their centre. The list is loaded at first
use and kept; geodata/NOTICE.md gives its sources and licences, tools/bake_communes.py makes it.
"""

from __future__ import annotations

import csv
import gzip
import re
import unicodedata
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, islice
from pathlib import Path
from statistics import fmean

GEODATA = Path(__file__).parent / "geodata"
_SHORT_FORMS = {"st": "saint", "ste": "sainte", "sts": "saints", "stes": "saintes"}
_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae"})
_MARKS = re.compile("[\u0300-\u036f]+")
_GAPS = re.compile("[^a-z0-9\n]+")
_END_OF_NAME = "|"


@dataclass(frozen=True, slots=True)
class Commune:
    """A French commune. Position in degrees (WGS 84), None where it is not known."""

    insee: str
    name: str
    department: str
    population: int
    postcodes: tuple[str, ...]
    latitude: float | None
    longitude: float | None


@dataclass(frozen=True, slots=True)
class Position:
    """A point in degrees (WGS 84); `exact` is False when it stands for a place nearby."""

    latitude: float
    longitude: float
    exact: bool


def search(text: str, *, limit: int = 10) -> list[Commune]:
    """The communes whose name or postcodes have a word beginning with each word of `text`.

    Case, accents, hyphens and apostrophes do not matter, "st" is "saint". Communes of exactly that name come
    first, then the most populated. An empty text finds nothing.
    """
    words = [_SHORT_FORMS.get(word, word) for word in plain(text).split()]
    if not words or limit < 1:
        return []
    index = _index()
    exact = index.ranks_containing(f"\n {' '.join(words)}{_END_OF_NAME}")
    found = dict.fromkeys(islice(exact, limit))
    for rank in index.ranks_matching(words):
        if len(found) == limit:
            break
        found[rank] = None
    return [_commune(rank) for rank in found]


def by_postcode(postcode: str) -> list[Commune]:
    """The communes a postcode serves, the most populated first."""
    return [_commune(rank) for rank in _ranks_by_postcode().get(postcode.strip() or "-", ())]


def by_insee(insee: str) -> Commune | None:
    """The commune of an INSEE code ("59350", "2A004"), which unlike a postcode names only one."""
    rank = _ranks_by_insee().get(insee.strip().upper())
    return None if rank is None else _commune(rank)


def departments() -> dict[str, str]:
    """The names of the departments and overseas collectivities by their number, in order."""
    return dict(_departments())


def position(commune: Commune) -> Position | None:
    """Where to draw a commune: its own centre, else the middle of its postcodes, else of its department."""
    if commune.latitude is not None and commune.longitude is not None:
        return Position(commune.latitude, commune.longitude, exact=True)
    neighbours = [other for postcode in commune.postcodes for other in by_postcode(postcode)]
    return _middle(neighbours) or _middle_of_department(commune.department)


def plain(text: str) -> str:
    """Words in lower case without accents, one space between them: "L'Haÿ-les-Roses" is "l hay les roses"."""
    letters = unicodedata.normalize("NFKD", text.lower().translate(_LIGATURES))
    return _GAPS.sub(" ", _MARKS.sub("", letters)).strip(" ")


class _Index:
    """One line of text a commune, in the order of the file; scanning it all takes a millisecond.

    A line is " words of the name| postcodes": every word has a space before it, so " lil" finds beginnings
    only.
    """

    def __init__(self, rows: list[list[str]]) -> None:
        names = plain("\n".join(row[1] for row in rows)).split("\n")
        pairs = zip(names, rows, strict=True)
        lines = [f"\n {name}{_END_OF_NAME} {row[4].replace('|', ' ')}" for name, row in pairs]
        self.text = "".join(lines)
        self.starts = [0, *accumulate(map(len, lines))]

    def ranks_matching(self, words: list[str]) -> Iterator[int]:
        """The lines with every word, found by the rarer of the two longest."""
        beginnings = [f" {word}" for word in words]
        for rank in self.ranks_containing(min(sorted(beginnings, key=len)[-2:], key=self.text.count)):
            line = self.text[self.starts[rank] : self.starts[rank + 1]]
            if all(beginning in line for beginning in beginnings):
                yield rank

    def ranks_containing(self, piece: str) -> Iterator[int]:
        at = self.text.find(piece)
        while at >= 0:
            rank = bisect_right(self.starts, at) - 1
            yield rank
            at = self.text.find(piece, self.starts[rank + 1])


@cache
def _rows() -> list[list[str]]:
    """The lines of the file, the most populated commune first: a commune is called by its rank among them."""
    packed = (GEODATA / "communes.csv.gz").read_bytes()
    return list(csv.reader(gzip.decompress(packed).decode().splitlines()))


@cache
def _index() -> _Index:
    return _Index(_rows())


@cache
def _ranks_by_insee() -> dict[str, int]:
    return {row[0]: rank for rank, row in enumerate(_rows())}


@cache
def _ranks_by_postcode() -> dict[str, list[int]]:
    ranks = defaultdict(list)
    for rank, row in enumerate(_rows()):
        for postcode in row[4].split("|"):
            ranks[postcode].append(rank)
    return dict(ranks)


def _commune(rank: int) -> Commune:
    insee, name, department, population, postcodes, latitude, longitude = _rows()[rank]
    return Commune(
        insee=insee,
        name=name,
        department=department,
        population=int(population or 0),
        postcodes=tuple(postcodes.split("|")) if postcodes else (),
        latitude=float(latitude) if latitude else None,
        longitude=float(longitude) if longitude else None,
    )


@cache
def _departments() -> dict[str, str]:
    with (GEODATA / "departments.csv").open(encoding="utf-8", newline="") as file:
        return {code: name for code, name in csv.reader(file)}


@cache
def _middle_of_department(department: str) -> Position | None:
    return _middle([_commune(rank) for rank, row in enumerate(_rows()) if row[2] == department])


def _middle(communes: list[Commune]) -> Position | None:
    placed = [(each.latitude, each.longitude) for each in communes]
    latitudes = [latitude for latitude, _ in placed if latitude is not None]
    longitudes = [longitude for _, longitude in placed if longitude is not None]
    if not latitudes or not longitudes:
        return None
    return Position(fmean(latitudes), fmean(longitudes), exact=False)
