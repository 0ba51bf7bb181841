"""A rack as it is drawn: its units, both faces, what they hold, what is free, its power and weight."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from etabli.people.models import Rack

from .models import Asset, RackPlacement

Face = RackPlacement.Face
FACES = {Face.BOTH: {"front", "rear"}, Face.FRONT: {"front"}, Face.REAR: {"rear"}}
UNIT = 22  # of the drawing, for a unit of 44.45 mm
WIDTH = 268
NUMBERS = 30


@dataclass(frozen=True)
class Box:
    """An asset on a face of the drawing; ``y`` and ``tall`` in its units."""

    placement: RackPlacement
    y: int
    tall: int
    tone: str

    @property
    def centre(self) -> float:
        return self.y + self.tall / 2

    @property
    def middle(self) -> float:
        """The base of its name."""
        return self.centre + 4


@dataclass(frozen=True)
class Drawing:
    """A rack seen from the front and from the rear, and its totals in watts and kilograms."""

    rack: Rack
    height: int
    lines: Sequence[tuple[int, int, float]]
    front: Sequence[Box]
    rear: Sequence[Box]
    rows: Sequence[RackPlacement]
    loose: Sequence[Asset]
    free: str
    free_units: int
    power: int
    weight: Decimal
    unknown: int

    width, numbers, outer_width = WIDTH, NUMBERS, WIDTH + 2
    inner, dot, text_x = WIDTH - NUMBERS, WIDTH - 14, NUMBERS + 10

    @property
    def outer_height(self) -> int:
        return self.height + 2


def placements_of(rack: Rack) -> list[RackPlacement]:
    rows = RackPlacement.objects.filter(rack=rack).select_related("asset__kind", "asset__model")
    return list(rows.order_by("-position"))


def draw(rack: Rack, tones: dict[str, str]) -> Drawing:
    """Two queries. ``tones`` gives the colour of a state; unit 1 is at the bottom (EIA-310)."""
    rows = placements_of(rack)
    loose = Asset.objects.filter(rack=rack, placement=None).select_related("kind", "model").order_by("name")
    top = max([rack.units, *(p.position + p.height - 1 for p in rows)])
    boxes = {
        face: [
            Box(p, (top - p.position - p.height + 1) * UNIT, p.height * UNIT, tones.get(p.asset.state, "off"))
            for p in rows
            if face in FACES[Face(p.face)]
        ]
        for face in ("front", "rear")
    }
    free = free_units(rack, rows)
    models = [p.asset.model for p in rows]
    return Drawing(
        rack=rack,
        height=top * UNIT,
        lines=[(u, (top - u) * UNIT, (top - u + 0.5) * UNIT + 4) for u in range(1, top + 1)],
        front=boxes["front"],
        rear=boxes["rear"],
        rows=rows,
        loose=list(loose[:200]),
        free=spans(free),
        free_units=len(free),
        power=sum(m.power_w or 0 for m in models if m),
        weight=sum((m.weight_kg or Decimal(0) for m in models if m), Decimal(0)),
        unknown=sum(1 for m in models if m is None or m.power_w is None or m.weight_kg is None),
    )


def free_units(rack: Rack, rows: Sequence[Any]) -> list[int]:
    """The units free on both faces, from the bottom."""
    taken = {unit for p in rows for unit in range(p.position, p.position + p.height)}
    return [unit for unit in range(1, rack.units + 1) if unit not in taken]


def spans(units: Sequence[int]) -> str:
    """Units as people write them: “1–4, 7, 12–42”."""
    groups: list[list[int]] = []
    for unit in units:
        if groups and unit == groups[-1][1] + 1:
            groups[-1][1] = unit
        else:
            groups.append([unit, unit])
    return ", ".join(f"{a}" if a == b else f"{a}–{b}" for a, b in groups)


def require_free(rack: Rack, position: int, height: int, face: str, asset: Asset | None) -> None:
    """Raise ``ValidationError`` naming who holds the units; the database refuses an overlap in any case."""
    if position < 1 or height < 1 or position + height - 1 > rack.units:
        raise ValidationError(
            _("%(rack)s has units 1 to %(units)s: U%(first)s to U%(last)s do not all exist.")
            % {"rack": rack.name, "units": rack.units, "first": position, "last": position + height - 1}
        )
    rows = [p for p in placements_of(rack) if asset is None or p.asset_id != asset.pk]
    wanted = set(range(position, position + height))
    for other in rows:
        shared = wanted & set(range(other.position, other.position + other.height))
        if shared and FACES[Face(other.face)] & FACES[Face(face)]:
            raise ValidationError(
                _("U%(units)s of %(rack)s is taken by %(asset)s. Free on both faces: %(free)s.")
                % {
                    "units": spans(sorted(shared)),
                    "rack": rack.name,
                    "asset": other.asset,
                    "free": spans(free_units(rack, rows)) or _("none"),
                }
            )
