"""How a source prepares a table: columns made of others (first and last name), where each one goes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from etabli.kernel.screens.importing.sheets import Sheet
from etabli.kernel.screens.importing.sources import Table
from etabli.kernel.screens.importing.targets import letters
from etabli.kernel.text import plain

SEPARATORS = (" > ", ">")


@dataclass(frozen=True)
class Joined:
    """A column made of others. ``make`` gets their texts, empty for those that the file does not have.

    Each of ``sources`` is one title, or several separated by ``|`` of which the file has one.
    """

    title: str
    target: str
    sources: Sequence[str]
    make: Callable[..., Any]
    needs: int = 1
    """How many of the sources the file must have."""
    whole: bool = False
    """``make`` is given every row's texts at once, and returns what makes one."""


@dataclass(frozen=True)
class Shape:
    """What a source knows of one of its lists: which screen, which title goes where, what words mean."""

    slug: str
    columns: Mapping[str, str]
    """Titles (several separated by ``|``) → target; of two columns with one target the first of the file
    goes.
    """
    joined: Sequence[Joined] = ()
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    days: str = ""

    def table(self, sheet: Sheet, title: str) -> Table:
        """The sheet with its joined columns, each column on its way."""
        known = {letters(one): target for titles, target in self.columns.items() for one in titles.split("|")}
        at = {letters(one): number for number, one in reversed(list(enumerate(sheet.header)))}
        mapping = _first_of_each([known.get(letters(one), "") for one in sheet.header])
        header, rows = list(sheet.header), [list(row) for row in sheet.rows]
        for one in self.joined:
            places = [_place(at, source) for source in one.sources]
            if one.target in mapping or sum(p is not None for p in places) < one.needs:
                continue
            header.append(one.title)
            mapping.append(one.target)
            texts = [tuple("" if p is None else row[p] for p in places) for row in rows]
            make = one.make(texts) if one.whole else one.make
            for row, said in zip(rows, texts, strict=True):
                row.append(str(make(*said)).strip())
        return Table(self.slug, title, Sheet(header, rows, sheet.numbers), mapping, self.words, self.days)


def _place(at: Mapping[str, int], titles: str) -> int | None:
    return next((at[letters(one)] for one in titles.split("|") if letters(one) in at), None)


def _first_of_each(targets: list[str]) -> list[str]:
    seen: set[str] = {""}
    kept = []
    for target in targets:
        kept.append("" if target in seen else target)
        seen.add(target)
    return kept


def spaced(*parts: str) -> str:
    """The parts that say something, with spaces."""
    return " ".join(part for part in parts if part)


def levels(path: str) -> list[str]:
    """« Lyon > Bâtiment A > Salle 12 » → its levels."""
    sign = next((one for one in SEPARATORS if one in path), "")
    return [level.strip() for level in path.split(sign) if level.strip()] if sign else [path.strip()]


def site_of(path: str) -> str:
    """The first level of a place is a site."""
    return levels(path)[0] if path else ""


def rooms_of(paths: Sequence[tuple[str, ...]]) -> Callable[..., str]:
    """What is under the site, by its last level; by all of them where two rooms of a site have the same last
    one.
    """
    found: dict[tuple[str, str], set[str]] = {}
    for path in {first_of(*texts) for texts in paths}:
        steps = levels(path)
        found.setdefault((plain(steps[0]), plain(steps[-1])), set()).add(path)

    def room(*texts: str) -> str:
        steps = levels(first_of(*texts))
        alone = len(found.get((plain(steps[0]), plain(steps[-1])), ())) < 2
        return "" if len(steps) < 2 else steps[-1] if len(steps) == 4 and alone else " · ".join(steps[1:])

    return room


def building_of(path: str) -> str:
    """The building, when a place has exactly a site, a building, a floor and a room."""
    steps = levels(path)
    return steps[1] if len(steps) == 4 else ""


def floor_of(path: str) -> str:
    """The floor, under the same condition."""
    steps = levels(path)
    return steps[2] if len(steps) == 4 else ""


def first_of(*texts: str) -> str:
    """The first text that says something."""
    return next((one for one in texts if one), "")


def places(title: str, sources: Sequence[str]) -> list[Joined]:
    """The columns that a path of places gives to something that stands there."""

    def first(make: Callable[[str], str]) -> Callable[..., str]:
        return lambda *texts: make(first_of(*texts))

    return [
        Joined(f"{title} › 1", "site", sources, first(site_of)),
        Joined(f"{title} › 2", "room", sources, rooms_of, whole=True),
        Joined(f"{title} › 3", "room__floor", sources, first(floor_of)),
        Joined(f"{title} › 4", "room__floor__building", sources, first(building_of)),
    ]
