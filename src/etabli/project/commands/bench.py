"""``bench``: measures of the product on a large fleet, printed as a table or as JSON."""

import importlib
import sys
from typing import Annotated, Any

import typer

from .. import components
from .language import _
from .outcome import DIFFERENT, Failure
from .terminal import say, table

GROUPS = (
    "inventories", "matching", "pages", "changes", "api", "imports", "clocks", "promises", "mail", "desk",
    "processes", "servers", "traffic",
)  # fmt: skip


def bench(
    names: Annotated[list[str] | None, typer.Argument(help=" ".join(GROUPS))] = None,
    json: Annotated[
        bool, typer.Option("--json", help=_("Print a list of objects instead of a table"))
    ] = False,
    quick: Annotated[bool, typer.Option("--quick", help=_("Fewer repetitions, 10,000 assets"))] = False,
    assets: Annotated[int, typer.Option(help=_("Size of the fleet; 100,000 when not given"))] = 0,
) -> None:
    """Measure groups of figures (all of them without NAME) on a database of the bench's own; 4 when a
    target is missed.
    """
    unknown = [name for name in names or [] if name not in GROUPS]
    if unknown:
        raise Failure(
            _("There is no group “{name}”. Known: {groups}.").format(
                name=unknown[0], groups=", ".join(GROUPS)
            )
        )
    figures = _measured(names or list(GROUPS), quick, assets or (10_000 if quick else 100_000))
    _print(figures, json)
    raise typer.Exit(DIFFERENT if any(one.met is False for one in figures) else 0)


def _measured(names: list[str], quick: bool, assets: int) -> list[Any]:
    if not (components.ROOT / "bench").is_dir():
        raise Failure(_("Measures need a checkout of the sources: they are not part of the package."))
    sys.path.insert(0, str(components.ROOT))
    rig = importlib.import_module("bench.rig")
    found: list[Any] = []
    with rig.running(assets):
        for name in names:
            say(f"── {name}")
            found += _group(name, quick, f"{assets} assets")
    return found


def _group(name: str, quick: bool, size: str) -> list[Any]:
    """The figures of a group; one that cannot be measured says why, the others go on."""
    figure = importlib.import_module("bench.figures").Figure
    found = []
    try:
        for one in importlib.import_module(f"bench.{name}").figures(quick=quick, size=size):
            say(f"   {one.name}: {_value(one)} {one.unit}")
            found.append(one)
    except Exception as error:
        found.append(figure(name, None, "", note=f"{type(error).__name__}: {error}"))
    return found


def _print(found: list[Any], json: bool) -> None:
    module = importlib.import_module("bench.figures")
    if json:
        print(module.as_json(found))
        return
    say(", ".join(f"{name} {value}" for name, value in module.machine().items()))
    rows = [(one.name, _value(one), one.unit, _target(one), one.size, one.note) for one in found]
    tones = [{True: "ok", False: "error", None: ""}[one.met] for one in found]
    table((_("Figure"), _("Value"), _("Unit"), _("Target"), _("Data"), _("Note")), rows, tones)


def _value(one: Any) -> str:
    if one.value is None:
        return _("not measured")
    return f"{one.value:.0f}" if abs(one.value) >= 100 or one.value == int(one.value) else f"{one.value:.1f}"


def _target(one: Any) -> str:
    return "" if one.target is None else f"{'≤' if one.sign == '<=' else '≥'} {one.target:g}"
