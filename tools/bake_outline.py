"""Bake the outline of France that stands behind the maps, from the npm package `world-atlas` (Natural Earth).

    npm pack world-atlas && tar xzf world-atlas-*.tgz
    python tools/bake_outline.py package/countries-10m.json

Gives geodata/france.json: for metropolitan France ("metropole") and each overseas department ("971" …), a
list of closed polylines of [longitude, latitude] in degrees (WGS 84). TopoJSON is read as its specification
says (§2.1.4: arcs are delta-encoded and quantized; a negative index is the arc reversed). Licences:
geodata/NOTICE.md.
"""

from __future__ import annotations

import argparse
import json
from itertools import accumulate
from math import hypot
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parent.parent / "src" / "etabli" / "people" / "geodata" / "france.json"
FRANCE = "250"
"""ISO 3166-1 numeric, the identifier the source gives to the country with its overseas departments."""
BOXES = {
    "metropole": (-6.0, 41.0, 10.0, 51.5),
    "971": (-62.0, 15.7, -60.9, 16.6),
    "972": (-61.4, 14.3, -60.7, 15.0),
    "973": (-55.0, 2.0, -51.0, 6.0),
    "974": (55.0, -21.5, 56.0, -20.7),
    "976": (44.9, -13.1, 45.4, -12.5),
}
"""West, south, east and north of each zone, in degrees."""
TOLERANCE = {"metropole": 0.004, "973": 0.004}
FINE = 0.002
"""How far, in degrees, a simplified line may pass from a point: finer for islands, which are drawn larger."""
SMALLEST = 0.03
"""Islets whose box is narrower than this many degrees are left out of metropolitan France."""

type Point = tuple[float, float]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("topology", type=Path)
    rings = list(country_rings(json.loads(parser.parse_args().topology.read_text("utf-8"))))
    outline = {zone: zone_outline(zone, rings) for zone in BOXES}
    TARGET.write_text(json.dumps(outline, separators=(",", ":")) + "\n", encoding="utf-8")
    counts = ", ".join(f"{zone} {sum(map(len, lines))} points" for zone, lines in outline.items())
    print(f"{TARGET.stat().st_size} bytes: {counts}.")


def country_rings(topology: dict[str, Any]) -> list[list[Point]]:
    """The outer rings of the country, as points in degrees."""
    arcs = [degrees(arc, topology["transform"]) for arc in topology["arcs"]]
    country = next(
        each for each in topology["objects"]["countries"]["geometries"] if each.get("id") == FRANCE
    )
    return [joined(polygon[0], arcs) for polygon in country["arcs"]]


def degrees(arc: list[list[int]], transform: dict[str, list[float]]) -> list[Point]:
    (scale_x, scale_y), (shift_x, shift_y) = transform["scale"], transform["translate"]
    xs, ys = (accumulate(axis) for axis in zip(*arc, strict=True))
    return [(x * scale_x + shift_x, y * scale_y + shift_y) for x, y in zip(xs, ys, strict=True)]


def joined(indexes: list[int], arcs: list[list[Point]]) -> list[Point]:
    """The arcs one after the other, less the point each shares with the one before."""
    ring: list[Point] = []
    for index in indexes:
        arc = arcs[index] if index >= 0 else arcs[~index][::-1]
        ring += arc[1:] if ring else arc
    return ring


def zone_outline(zone: str, rings: list[list[Point]]) -> list[list[list[float]]]:
    inside = [ring for ring in rings if within(ring, BOXES[zone]) and (zone != "metropole" or is_large(ring))]
    tolerance = TOLERANCE.get(zone, FINE)
    lines = [[[round(x, 3), round(y, 3)] for x, y in simplified(ring, tolerance)] for ring in inside]
    return sorted((line for line in lines if len(line) > 3), key=len, reverse=True)


def within(ring: list[Point], box: tuple[float, float, float, float]) -> bool:
    west, south, east, north = box
    return all(west <= x <= east and south <= y <= north for x, y in ring)


def is_large(ring: list[Point]) -> bool:
    xs, ys = [x for x, _ in ring], [y for _, y in ring]
    return max(xs) - min(xs) >= SMALLEST or max(ys) - min(ys) >= SMALLEST


def simplified(ring: list[Point], tolerance: float) -> list[Point]:
    """The ring with fewer points, none farther than `tolerance` from the line (Douglas and Peucker, 1973)."""
    kept, pending = {0, len(ring) - 1}, [(0, len(ring) - 1)]
    while pending:
        first, last = pending.pop()
        between = range(first + 1, last)
        farthest = max(between, key=lambda i: distance(ring[i], ring[first], ring[last]), default=None)
        if farthest is not None and distance(ring[farthest], ring[first], ring[last]) > tolerance:
            kept.add(farthest)
            pending += [(first, farthest), (farthest, last)]
    return [ring[i] for i in sorted(kept)]


def distance(point: Point, start: Point, end: Point) -> float:
    """From a point to a segment, in degrees; the ends of a ring are one point."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = dx * dx + dy * dy
    along = ((point[0] - start[0]) * dx + (point[1] - start[1]) * dy) / length if length else 0.0
    along = min(1.0, max(0.0, along))
    return hypot(point[0] - start[0] - along * dx, point[1] - start[1] - along * dy)


if __name__ == "__main__":
    main()
