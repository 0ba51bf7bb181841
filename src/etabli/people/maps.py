"""A map without any outside tile: the outline of France drawn by the server, with the sites on it."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from math import cos, radians
from pathlib import Path

from etabli.kernel.actors import Actor

from .models import Site

OUTLINE = Path(__file__).parent / "geodata" / "france.json"
WIDTH = 640
MARGIN = 12
MIDDLE_LATITUDE = 46.5


@dataclass(frozen=True)
class Point:
    """A site on the drawing, in its units, with the number of assets there when it is known."""

    x: float
    y: float
    site: Site
    count: int | None = None
    alone: bool = True


@dataclass(frozen=True)
class Map:
    """A drawing: its size, the outline as one SVG path, and the points. Sites without coordinates are listed
    apart.
    """

    width: int
    height: int
    outline: str
    points: Sequence[Point]
    unplaced: Sequence[Site]


# The fleet is a domain above this one: it says how many assets a site has through this list at start.
counters: list[Callable[[Actor, Sequence[int]], Mapping[int, int]]] = []


def counts_of(actor: Actor, sites: Sequence[int]) -> dict[int, int]:
    """Site id → number of assets, of those that the actor may see; nothing when nobody counts."""
    return {site: count for counter in counters for site, count in counter(actor, sites).items()}


def map_of(sites: Iterable[Site], counts: Mapping[int, int] | None = None) -> Map:
    """The map of some sites (equirectangular projection, true at the middle of France)."""
    points, unplaced = [], []
    told = counts or {}
    for site in sites:
        if site.latitude is None or site.longitude is None:
            unplaced.append(site)
            continue
        x, y = _project(float(site.longitude), float(site.latitude))
        points.append(
            Point(
                round(min(max(x, 4), WIDTH - 4), 1),
                round(min(max(y, 4), _height() - 4), 1),
                site,
                told.get(site.pk, 0) if counts is not None else None,
            )
        )
    return Map(WIDTH, _height(), _path(), [replace(p, alone=_alone(p, points)) for p in points], unplaced)


def _alone(point: Point, points: Sequence[Point]) -> bool:
    """Whether its number can be written without covering a neighbour's."""
    return not any(p is not point and abs(p.x - point.x) < 34 and abs(p.y - point.y) < 22 for p in points)


@cache
def _bounds() -> tuple[float, float, float, float]:
    longitudes = [p[0] for line in _lines() for p in line]
    latitudes = [p[1] for line in _lines() for p in line]
    return min(longitudes), min(latitudes), max(longitudes), max(latitudes)


@cache
def _lines() -> list[list[list[float]]]:
    return list(json.loads(OUTLINE.read_text())["metropole"])


def _scale() -> float:
    west, _south, east, _north = _bounds()
    return (WIDTH - 2 * MARGIN) / ((east - west) * cos(radians(MIDDLE_LATITUDE)))


@cache
def _height() -> int:
    _west, south, _east, north = _bounds()
    return round((north - south) * _scale()) + 2 * MARGIN


def _project(longitude: float, latitude: float) -> tuple[float, float]:
    west, _south, _east, north = _bounds()
    x = (longitude - west) * cos(radians(MIDDLE_LATITUDE)) * _scale() + MARGIN
    return x, (north - latitude) * _scale() + MARGIN


@cache
def _path() -> str:
    parts = []
    for line in _lines():
        points = [_project(p[0], p[1]) for p in line]
        parts.append("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + "Z")
    return "".join(parts)
