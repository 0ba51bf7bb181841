"""The filters of a list: read from the address, shown as chips, used the same by pages, exports, bulk acts
and API.
"""

import functools
import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

from ..accounts import Account
from ..tenancy import visible
from .columns import capitalised

if TYPE_CHECKING:
    from .screen import Screen

Options = Callable[[], Iterable[tuple[str, str]]]
Condition = Callable[[list[str]], Q]
MOST_OPTIONS = 300
NOT = "not"  # the name in the address of the filters that are turned round


class BadFilter(ValueError):
    """A value in the address that the filter cannot understand."""


@dataclass(frozen=True)
class Filter:
    """A filter: its name in the address, its options, and the condition that chosen values stand for.

    ``picks`` is the model searched in a long choice (kind ``pick``): only the chosen rows are listed.
    """

    name: str
    label: Any
    condition: Condition
    options: Options | None = None
    kind: str = "multi"
    picks: type[models.Model] | None = None

    def values(self, query: QueryDict) -> list[str]:
        return [v for v in query.getlist(self.name) if v != ""]


def filter_of(screen: "Screen", name: str) -> Filter:
    """The filter of a model field, by its type."""
    field: Any = screen.model._meta.get_field(name)
    label = capitalised(getattr(field, "verbose_name", name))
    if field.is_relation:
        return Filter(name, label, related_to(name), _related_options(field.related_model))
    if field.choices:
        return Filter(
            name,
            label,
            _one_of(name, {str(k) for k, _l in field.flatchoices}),
            lambda: [(k, told) for k, told in field.flatchoices if k != ""],  # nothing is no choice
        )
    if isinstance(field, models.BooleanField):
        options: Options = lambda: [("1", _("yes")), ("0", _("no"))]  # noqa: E731
        return Filter(name, label, _yes_or_no(name), options, kind="choice")
    if isinstance(field, models.DateTimeField):
        return Filter(name, label, during(name), kind="date")
    if isinstance(field, models.DateField):
        return Filter(name, label, between(name), kind="date")
    return Filter(name, label, lambda v: Q(**{f"{name}__icontains": v[0].replace(chr(0), "")}), kind="text")


def narrow(filters: Sequence[Filter], queryset: QuerySet[Any], query: QueryDict) -> QuerySet[Any]:
    """The rows that the address asks for; a filter named by ``not`` keeps the others.

    Raises :class:`BadFilter` with a sentence on a value of the wrong form.
    """
    but = set(query.getlist(NOT))
    for one in filters:
        if values := one.values(query):
            condition = one.condition(values)
            queryset = queryset.exclude(condition) if one.name in but else queryset.filter(condition)
    return queryset


def described(filters: Sequence[Filter], query: QueryDict) -> list[dict[str, Any]]:
    """The filters as the list template shows them, with what is chosen."""
    shown, but = [], set(query.getlist(NOT))
    for one in filters:
        chosen = one.values(query)
        options = [
            {"value": str(v), "label": str(label), "selected": str(v) in chosen}
            for v, label in _options_of(one, chosen)
        ]
        shown.append(
            {
                "name": one.name,
                "label": one.label,
                "kind": one.kind,
                "options": options,
                "value": ", ".join(chosen),
                "but": one.name in but,
                "search": one.picks._meta.model_name if one.picks else "",
            }
        )
    return shown


def _options_of(one: Filter, chosen: list[str]) -> Iterable[tuple[str, str]]:
    if one.picks is None:
        return one.options() if one.options else ()
    ids = [_whole(v) for v in chosen if v != "none"]
    rows = one.picks._default_manager.filter(pk__in=ids) if ids else ()
    return [("none", _("none")), *((str(r.pk), str(r)) for r in rows)]


def chips(described_filters: list[dict[str, Any]], query: QueryDict) -> list[dict[str, str]]:
    """One chip for each filter in use, with the address that takes it away."""
    made = []
    for one in described_filters:
        if not one["value"]:
            continue
        labels = [o["label"] for o in one["options"] if o["selected"]]
        rest = query.copy()
        rest.pop(one["name"], None)
        rest.setlist(NOT, [n for n in rest.getlist(NOT) if n != one["name"]])
        rest.pop("page", None)
        value = ", ".join(labels) or one["value"]
        made.append(
            {
                "label": one["label"],
                "value": _("all but %(value)s") % {"value": value} if one["but"] else value,
                "remove_url": f"?{rest.urlencode()}",
            }
        )
    return made


def related_to(name: str) -> Condition:
    """Rows whose relation is one of the ids given, or empty for ``none``."""

    def condition(values: list[str]) -> Q:
        ids = [_whole(v) for v in values if v != "none"]
        found = Q(**{f"{name}__in": ids})
        return found | Q(**{f"{name}__isnull": True}) if "none" in values else found

    return condition


def _one_of(name: str, known: set[str]) -> Condition:
    def condition(values: list[str]) -> Q:
        unknown = [v for v in values if v not in known]
        if unknown:
            raise BadFilter(
                _("“%(value)s” is not one of the choices of %(name)s.") % {"value": unknown[0], "name": name}
            )
        return Q(**{f"{name}__in": values})

    return condition


def named(**conditions: Callable[[], Q]) -> Condition:
    """A condition for each value of the address; another value is told. The rows meet any of those chosen."""

    def condition(values: list[str]) -> Q:
        unknown = [v for v in values if v not in conditions]
        if unknown:
            raise BadFilter(_("“%(value)s” is not one of the choices.") % {"value": unknown[0][:40]})
        return functools.reduce(operator.or_, [conditions[v]() for v in values])

    return condition


def _yes_or_no(name: str) -> Condition:
    def condition(values: list[str]) -> Q:
        return Q(**{f"{name}__in": [v == "1" for v in values if _one_of(name, {"1", "0"})(values)]})

    return condition


def between(name: str) -> Condition:
    """Rows whose day is in ``2026-01-01..2026-12-31``; either end may be left out."""

    def condition(values: list[str]) -> Q:
        first, _sign, last = values[0].partition("..")
        found = Q()
        if first:
            found &= Q(**{f"{name}__gte": _day(first)})
        if last or not _sign:
            found &= Q(**{f"{name}__lte": _day(last or first)})
        return found

    return condition


def during(name: str) -> Condition:
    """The same for an instant: from the first moment of a day to the last of another, in the local time."""

    def condition(values: list[str]) -> Q:
        first, _sign, last = values[0].partition("..")
        found = Q()
        if first:
            found &= Q(**{f"{name}__gte": _midnight(_day(first))})
        if last or not _sign:
            found &= Q(**{f"{name}__lt": _midnight(_day(last or first), after=True)})
        return found

    return condition


def _midnight(day: date, *, after: bool = False) -> datetime:
    """The first moment of a day, or of the one after."""
    try:
        return timezone.make_aware(datetime.combine(day + timedelta(days=after), time.min))
    except OverflowError:
        raise BadFilter(_("“%(value)s” is too far.") % {"value": day.isoformat()})


def _related_options(target: type[models.Model]) -> Options:
    long = [f.name for f in target._meta.concrete_fields if isinstance(f, models.JSONField)]

    def options() -> Iterable[tuple[str, str]]:
        # Ordered by the target's own default; a catalogue longer than this is filtered by the search box
        # instead.
        rows = target._default_manager.all()
        if target is Account:
            rows = rows.filter(memberships__organisation__in=visible()).distinct()
        return [(str(o.pk), str(o)) for o in rows.defer(*long)[:MOST_OPTIONS]]

    return options


def _whole(value: str) -> int:
    number = int(value) if value.isdecimal() and len(value) < 20 else -1
    if not 0 <= number < 2**63:
        raise BadFilter(_("“%(value)s” is not an identifier.") % {"value": value[:40]})
    return number


def _day(value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise BadFilter(_("“%(value)s” is not a date of the form 2027-03-12.") % {"value": value[:40]})
