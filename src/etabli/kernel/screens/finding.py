"""Filters that no field gives alone: by tag, by an added field, by a number, by a long choice."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _

from .. import customfields
from ..attachments import Tag, Tagging
from ..customfields import CustomField
from ..tenancy import visible
from .filters import BadFilter, Condition, Filter, between, related_to

if TYPE_CHECKING:
    from .screen import Screen

CUSTOM = "custom."


def pick(name: str, label: Any, model: type[models.Model], path: str = "") -> Filter:
    """Rows related to one of many (people, rooms), searched by name."""
    return Filter(name, label, related_to(path or name), kind="pick", picks=model)


def tagged(noun: str, label: Any) -> Filter:
    """Rows that carry one of the tags."""

    def condition(values: list[str]) -> Q:
        if any(not v.isdecimal() or len(v) > 18 for v in values):
            raise BadFilter(_("“%(value)s” is not an identifier.") % {"value": values[0][:40]})
        found = Tagging.objects.filter(noun=noun, tag__in=[int(v) for v in values])
        return Q(pk__in=found.values("object_id"))

    return Filter("tagged", label, condition, _tags)


def _tags() -> list[tuple[str, str]]:
    return [(str(pk), name) for pk, name in Tag.objects.order_by("name").values_list("pk", "name")[:300]]


def number(name: str, label: Any, condition: Callable[[Decimal], Q], *, most: int = 10**9) -> Filter:
    """Rows that compare with a number typed by the reader."""

    def read(values: list[str]) -> Q:
        try:
            found = Decimal(values[0].replace(",", "."))
        except InvalidOperation:
            found = Decimal("NaN")
        if not found.is_finite() or not 0 <= found <= most:
            raise BadFilter(
                _("“%(value)s” is not a number between 0 and %(most)s.")
                % {"value": values[0][:40], "most": most}
            )
        return condition(found)

    return Filter(name, label, read, kind="number")


def custom_filters(screen: "Screen") -> list[Filter]:
    """A filter for each field that the organisations in scope added to the noun: one query."""
    if not screen.has_custom_fields:
        return []
    return [_of(one) for one in customfields.fields_of(screen.noun, visible())]


def _of(one: CustomField) -> Filter:
    name, path = f"{CUSTOM}{one.key}", f"custom__{one.key}"
    if one.kind == CustomField.Kind.BOOLEAN:
        options = lambda: [("1", _("yes")), ("0", _("no"))]  # noqa: E731
        return Filter(name, one.label, lambda v: Q(**{path: v[0] == "1"}), options, kind="choice")
    if one.kind == CustomField.Kind.CHOICE:
        return Filter(
            name, one.label, lambda v: Q(**{f"{path}__in": v}), lambda: [(o, o) for o in one.options]
        )
    if one.kind == CustomField.Kind.DATE:
        return Filter(name, one.label, lambda v: _days(v, path), kind="date")
    if one.kind == CustomField.Kind.NUMBER:
        return number(
            name, one.label, lambda n: Q(**{path: int(n) if n == n.to_integral_value() else float(n)})
        )
    return Filter(
        name, one.label, lambda v: Q(**{f"{path}__icontains": v[0].replace(chr(0), "")}), kind="text"
    )


def _days(values: list[str], path: str) -> Q:
    """Days kept as ISO 8601 text compare as days."""
    read: Condition = between(path)
    found = read(values)
    return Q(*[(name, day.isoformat()) for name, day in _leaves(found)])


def _leaves(found: Any) -> list[tuple[str, Any]]:
    return [
        pair for child in found.children for pair in (_leaves(child) if isinstance(child, Q) else [child])
    ]
