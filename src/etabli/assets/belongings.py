"""All that belongs to an asset, in whatever domain: moved to another one, written down, and given back."""

import json
import zlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.apps import apps
from django.core import serializers
from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, models, transaction

from etabli.kernel.attachments import Link, OnObject

from .identity import Distinction
from .models import Asset

Content = dict[str, Any]


def relations() -> Iterator[tuple[type[models.Model], str]]:
    """Each model with a key to assets, and the name of its field."""
    for relation in Asset._meta.get_fields(include_hidden=True):
        field = getattr(relation, "field", None)
        if relation.auto_created and not relation.concrete and field is not None:
            yield field.model, field.name


def of_inventory(model: type[models.Model], name: str) -> bool:
    """Whether the rows of this model come, as a whole, from the last inventory of the asset that this key
    names.

    Another key of such a row (the monitor that a peripheral is) only mentions an asset.
    """
    return name == "asset" and bool(getattr(model, "follows_inventory", False))


def move(gone: Asset, kept: Asset, *, inventory_of: Asset) -> Content:
    """Move all that belongs to ``gone`` to ``kept``; returns what is needed to :func:`give_back`.

    Of what inventories write, only the rows of ``inventory_of`` stay.
    """
    content: Content = {"asset": _written([gone]), "moved": [], "dropped": [], "inventory": []}
    for model, name in relations():
        if model is Distinction:
            _move_distinctions(gone, kept, name, content)
        elif of_inventory(model, name):
            _choose_inventory(model, name, gone, kept, inventory_of, content)
        else:
            _move(model, {name: gone}, {name: kept}, content)
    for model in apps.get_models():
        if issubclass(model, OnObject):
            _move(model, _on(gone), _on(kept), content)
    old, new = ({"other_noun": "asset", "other_id": one.pk} for one in (gone, kept))
    _move(Link, old, new, content)
    return content


def move_inventory(asset: Asset, new: Asset) -> None:
    """Give all that the last inventory wrote to another asset, which has none."""
    for model, name in relations():
        if of_inventory(model, name):
            model._default_manager.filter(**{name: asset}).update(**{name: new})


def _on(asset: Asset) -> dict[str, Any]:
    return {"noun": "asset", "object_id": asset.pk}


def _move(model: type[models.Model], old: dict[str, Any], new: dict[str, Any], content: Content) -> None:
    """Move the rows at once, or one by one when ``kept`` already has some: those are written down and
    dropped.
    """
    keys = list(model._default_manager.filter(**old).order_by("pk").values_list("pk", flat=True))
    if not keys:
        return
    moved = keys if _moves(model, keys, new) else [key for key in keys if _moves(model, [key], new)]
    left = model._default_manager.filter(pk__in=set(keys) - set(moved))
    content["dropped"] += _written(left)
    left.delete()
    back = {name: value.pk if isinstance(value, Asset) else value for name, value in old.items()}
    content["moved"].append([model._meta.label, back, moved])


def _moves(model: type[models.Model], keys: list[Any], new: dict[str, Any]) -> bool:
    try:
        with transaction.atomic():
            model._default_manager.filter(pk__in=keys).update(**new)
    except IntegrityError:
        return False
    return True


def _choose_inventory(
    model: type[models.Model], name: str, gone: Asset, kept: Asset, inventory_of: Asset, content: Content
) -> None:
    rows = model._default_manager
    content["inventory"] += _written(rows.filter(**{f"{name}__in": [gone, kept]}))
    rows.filter(**{name: kept if inventory_of == gone else gone}).delete()
    rows.filter(**{name: gone}).update(**{name: kept})


def _move_distinctions(gone: Asset, kept: Asset, name: str, content: Content) -> None:
    """A pair is written smallest first: the pairs of ``gone`` are made again with ``kept``."""
    rows = Distinction.objects.filter(**{name: gone})
    content["dropped"] += _written(rows)
    for row in rows:
        other = row.other_id if name == "one" else row.one_id
        pair = {"one_id": min(kept.pk, other), "other_id": max(kept.pk, other)}
        made, new = Distinction.objects.get_or_create(
            organisation_id=row.organisation_id, **pair, defaults={"by": row.by, "at": row.at}
        )
        content.setdefault("made", []).extend([made.pk] if new else [])
    rows.delete()


def give_back(content: Content, kept: Asset) -> Asset:
    """Bring the asset that was gone back, with all that was moved or dropped and is still there."""
    (gone,) = _restored(content["asset"])
    for label, old, keys in content["moved"]:
        model = apps.get_model(label)
        back = {_column(model, name): value for name, value in old.items()}
        now = {name: kept.pk if value == gone.pk else value for name, value in back.items()}
        model._default_manager.filter(pk__in=keys, **now).update(**back)
    for model, name in relations():
        if of_inventory(model, name):
            model._default_manager.filter(**{name: kept}).delete()
    Distinction.objects.filter(pk__in=content.get("made", [])).delete()
    list(_restored([*content["inventory"], *content["dropped"]]))
    found: Asset = gone
    return found


def _column(model: type[models.Model], name: str) -> str:
    field: Any = model._meta.get_field(name)
    return str(field.attname)


class _Exact(DjangoJSONEncoder):
    """Moments to the microsecond: what is given back is what was there."""

    def default(self, o: Any) -> Any:
        return o.isoformat() if isinstance(o, datetime) else super().default(o)


def _written(rows: Iterable[models.Model]) -> list[Any]:
    return list(json.loads(json.dumps(serializers.serialize("python", rows), cls=_Exact)))


def columns_of(asset: Asset) -> dict[str, Any]:
    """The columns of an asset as they are written down."""
    return dict(_written([asset])[0]["fields"])


def _restored(written: list[Any]) -> Iterator[Any]:
    """Insert rows again, under their own numbers; a key to what is gone meanwhile is emptied, or ends the
    row.
    """
    known: dict[tuple[Any, Any], bool] = {}
    for one in written:
        model = apps.get_model(one["model"])
        fields = {f.name: f for f in model._meta.concrete_fields}
        one["fields"] = {n: v for n, v in one["fields"].items() if n in fields and not fields[n].generated}
        if all(_reaches(fields[n], one["fields"], known) for n in list(one["fields"])):
            (found,) = serializers.deserialize("json", json.dumps([one]))
            found.save()
            yield found.object


def _reaches(field: Any, values: dict[str, Any], known: dict[tuple[Any, Any], bool]) -> bool:
    value = values[field.name]
    if not field.is_relation or value is None:
        return True
    pair = (field.related_model, value)
    if pair not in known:
        known[pair] = field.related_model._default_manager.filter(pk=value).exists()
    if not known[pair] and field.null:
        values[field.name] = None
        return True
    return known[pair]


def tag_in(content: Content) -> str:
    """The asset tag of the asset that is gone."""
    return str(content["asset"][0]["fields"]["tag"])


def packed(content: Content) -> bytes:
    return zlib.compress(json.dumps(content).encode(), 6)


def unpacked(content: Any) -> Content:
    return dict(json.loads(zlib.decompress(bytes(content))))
