"""What an act on many rows will change, before it is done: how many, and old → new for the first ones."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from .columns import capitalised, text_value

if TYPE_CHECKING:
    from .screen import Screen

SHOWN = 20


@dataclass(frozen=True)
class Preview:
    """``changes``: the object and its old and new value, of the first rows that would change."""

    label: str
    changing: int
    same: int
    changes: list[tuple[Any, str, str]]


def of_field(screen: "Screen", rows: QuerySet[Any], name: str, value: Any) -> Preview | None:
    """The preview of setting a field of the noun; ``None`` for a field that is not a column of its own."""
    columns = {f.name: f for f in screen.model._meta.concrete_fields}
    field: Any = columns.get(name)
    if field is None:
        return None
    wanted = value if value is not None or field.null else ""
    equal = Q(**{f"{name}__isnull": True}) if wanted is None else Q(**{name: wanted})
    moving = (
        rows.exclude(equal) if not field.null or wanted is None else rows.filter(~equal | Q(**{name: None}))
    )
    total, changing = rows.count(), moving.count()
    related = moving.select_related(name) if field.is_relation else moving
    changes = [(obj, str(text_value(field, obj)) or "—", new_text(field, wanted)) for obj in related[:SHOWN]]
    return Preview(capitalised(field.verbose_name), changing, total - changing, changes)


def new_text(field: Any, value: Any) -> str:
    """The new value as a person reads it."""
    if value in (None, ""):
        return _("emptied")
    if field.choices:
        return str(dict(field.flatchoices).get(value, value))
    return str(value)
