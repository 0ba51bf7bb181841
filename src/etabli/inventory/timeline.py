"""What an inventory changed, written down: rows of ``AssetChange``, never for the first one of an asset."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from etabli.assets.models import Asset, AssetChange
from etabli.kernel.text import plain

from .comparing import Difference, Values, steady_addresses

Family, What = AssetChange.Family, AssetChange.What
LONGEST = 200
MOST = 500  # changes told of one inventory; more is another machine's disk in this one, not news


def note(
    asset: Asset,
    differences: Iterable[Difference],
    before: Mapping[str, Any],
    *,
    at: datetime,
    document: int | None,
) -> list[AssetChange]:
    """Write what these differences tell, and the traits of the asset that are not those of ``before``."""
    made = [*_traits(asset, before)]
    for difference in differences:
        made += _components(difference)
    made = made[:MOST]
    for change in made:
        change.organisation_id, change.asset = asset.organisation_id, asset
        change.at, change.document = at, document
    _follow(asset, made)
    for change in made:
        change.text = text_of(change)
    return AssetChange.objects.bulk_create(made)


def text_of(change: AssetChange) -> str:
    """What the search reads of a change."""
    told = (change.asset.name, change.label, change.before, change.after, change.serial)
    return plain(" ".join(part for part in told if part))


def _traits(asset: Asset, before: Mapping[str, Any]) -> Iterable[AssetChange]:
    for family, name in ((Family.USER, "last_user"), (Family.NAME, "name")):
        old, new = before.get(name) or "", getattr(asset, name) or ""
        if old and new and old != new:
            yield AssetChange(family=family, what=What.CHANGED, label=new, before=old, after=new)


def _components(found: Difference) -> Iterable[AssetChange]:
    family = found.family
    paired = [id(row) for pair in found.replaced for row in pair]
    for old, new in found.replaced:
        yield _change(found, What.REPLACED, new, before=_label(found, old), after=_label(found, new))
    for what, rows in ((What.REMOVED, found.removed), (What.ADDED, [*found.added, *found.returned])):
        for row in rows:
            if id(row) not in paired and family.news(row):
                yield _change(found, what, row)
    for old, new, fields in found.changed:
        if fields and family.news(new):
            yield _changed(found, old, new, fields)


def _changed(found: Difference, old: Values, new: Values, fields: Sequence[str]) -> AssetChange:
    change = _change(
        found, What.CHANGED, new, before=_values(old, fields), after=_values(new, fields), fields=list(fields)
    )
    if tuple(fields) == ("addresses",):
        change.family = Family.ADDRESS
    return change


def _change(found: Difference, what: str, row: Values, **more: Any) -> AssetChange:
    return AssetChange(
        family=found.family.name,
        what=what,
        label=_label(found, row),
        serial=str(row.get("serial") or ""),
        **{name: value[:LONGEST] if isinstance(value, str) else value for name, value in more.items()},
    )


def _label(found: Difference, row: Values) -> str:
    values = {name: row[name] for name in found.family.fields}
    return str(found.family.model(**values))[:LONGEST]


def _values(row: Values, fields: Iterable[str]) -> str:
    return " · ".join(told for name in fields if (told := _told(name, row[name])))


def _told(name: str, value: Any) -> str:
    """A value in signs that every language reads; sizes keep their unit."""
    if value is None or value == "":
        return "—"
    if isinstance(value, bool):
        return "✓" if value else "✗"
    if isinstance(value, list | tuple):
        kept = steady_addresses(value) if name == "addresses" else value
        return ", ".join(map(str, kept)) or "—"
    if name.endswith("_mib"):
        return f"{value / 1024:.4g} GiB" if value >= 1024 else f"{value} MiB"
    return str(value)


def _follow(asset: Asset, made: Sequence[AssetChange]) -> None:
    """A component whose serial number another machine of the organisation has, or lost, went from one to
    the other.
    """
    numbered = [change for change in made if change.serial and change.what != What.CHANGED]
    if not numbered:
        return
    elsewhere = _elsewhere(asset, numbered)
    lost = _lost(asset, [change.serial for change in numbered if change.what != What.REMOVED])
    for change in numbered:
        earlier = None if change.what == What.REMOVED else lost.get((change.family, change.serial))
        other = earlier.asset if earlier else elsewhere.get((change.family, change.serial))
        if other is None:
            continue
        change.other = other
        if change.what == What.REPLACED:
            pass
        elif change.what == What.REMOVED:
            change.what, change.before, change.after = What.MOVED, asset.name, other.name
        else:
            change.what, change.before, change.after = What.MOVED, other.name, asset.name
        if earlier:
            _found_again(earlier, asset)


def _found_again(earlier: AssetChange, asset: Asset) -> None:
    """What was told as removed turns out to have gone to this asset."""
    if earlier.what == What.REMOVED:
        earlier.what, earlier.before, earlier.after = What.MOVED, earlier.asset.name, asset.name
    earlier.other = asset
    earlier.text = text_of(earlier)
    earlier.save(update_fields=["what", "before", "after", "other", "text"])


def _elsewhere(asset: Asset, numbered: Iterable[AssetChange]) -> dict[tuple[str, str], Asset]:
    """By family and serial number, another asset of the organisation whose last inventory lists it."""
    from .families import FAMILIES

    asked: dict[str, set[str]] = {}
    for change in numbered:
        asked.setdefault(change.family, set()).add(change.serial)
    found: dict[tuple[str, str], Asset] = {}
    for name, serials in asked.items():
        family = FAMILIES[name]
        rows: Any = family.model._default_manager.filter(
            organisation_id=asset.organisation_id, serial__in=serials, **family.fixed
        )
        if family.remembered:
            rows = rows.filter(missing_since=None)
        for row in rows.exclude(asset=asset).select_related("asset").order_by("id")[:MOST]:
            found[name, row.serial] = row.asset
    return found


def _lost(asset: Asset, serials: Iterable[str]) -> dict[tuple[str, str], AssetChange]:
    """By family and serial number, the last change that told it gone from another asset."""
    rows = AssetChange.objects.filter(
        organisation_id=asset.organisation_id, serial__in=set(serials), what=What.REMOVED
    )
    rows = rows.exclude(asset=asset).select_related("asset").order_by("at", "id")
    return {(change.family, change.serial): change for change in rows[:MOST]}
