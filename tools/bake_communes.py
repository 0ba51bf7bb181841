"""Bake the French communes and departments that `etabli.people.communes` reads, from two source files.

    python tools/bake_communes.py communes_fr.csv departements.json

communes_fr.csv: insee, nom, departement, region, population, codes_postaux (joined by "|"), type, lat, lon.
departements.json: a list of objects with `code` and `nom`. The licences are in
src/etabli/people/geodata/NOTICE.md. The communes are written the most populated first, which is the order in
which they are offered. The same input always gives the same bytes.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import json
from collections.abc import Iterable
from pathlib import Path
from statistics import median

TARGET = Path(__file__).parent.parent / "src" / "etabli" / "people" / "geodata"
COLUMNS = ("insee", "nom", "departement", "population", "codes_postaux", "lat", "lon")
FARTHEST = 1.2
"""Degrees from the middle of its department beyond which a position matched by name is another place's."""

type Row = dict[str, str]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("communes", type=Path)
    parser.add_argument("departments", type=Path)
    asked = parser.parse_args()
    with asked.communes.open(encoding="utf-8", newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: (-int(row["population"] or 0), row["insee"]))
    forgotten = forget_far_positions(rows)
    packed = gzip.compress(table(rows).encode(), compresslevel=9, mtime=0)
    (TARGET / "communes.csv.gz").write_bytes(packed)
    departments = sorted(
        (each["code"], each["nom"]) for each in json.loads(asked.departments.read_text("utf-8"))
    )
    (TARGET / "departments.csv").write_text(lines(departments), encoding="utf-8")
    print(f"{len(rows)} communes in {len(packed)} bytes, {len(departments)} departments.")
    print(f"Positions left out, too far from their department: {', '.join(forgotten) or 'none'}.")


def forget_far_positions(rows: list[Row]) -> list[str]:
    """Blank the positions that cannot be right, and give the names of their communes."""
    middles = {code: middle(rows, code) for code in {row["departement"] for row in rows if row["lat"]}}
    forgotten = []
    for row in rows:
        if row["lat"] and far(row, middles[row["departement"]]) and len(row["departement"]) == 2:
            forgotten.append(f"{row['nom']} ({row['departement']})")
            row["lat"] = row["lon"] = ""
    return forgotten


def middle(rows: list[Row], department: str) -> tuple[float, float]:
    placed = [row for row in rows if row["departement"] == department and row["lat"]]
    return median(float(row["lat"]) for row in placed), median(float(row["lon"]) for row in placed)


def far(row: Row, centre: tuple[float, float]) -> bool:
    return max(abs(float(row["lat"]) - centre[0]), abs(float(row["lon"]) - centre[1])) > FARTHEST


def table(rows: list[Row]) -> str:
    return lines(tuple(row[column] for column in COLUMNS) for row in rows)


def lines(rows: Iterable[tuple[str, ...]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


if __name__ == "__main__":
    main()
