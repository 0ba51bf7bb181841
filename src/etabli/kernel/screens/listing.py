"""What a list shows: the rows an address asks for, a page of them as ready cells, and everything around."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import F, QuerySet
from django.db.models.expressions import OrderBy
from django.http import QueryDict
from django.utils.translation import gettext as _

from ..actors import Actor, can
from ..search import SearchEntry
from ..text import words
from .columns import Column
from .counting import remembered, scope_of
from .filters import NOT, BadFilter, Filter, chips, described, narrow
from .finding import custom_filters

if TYPE_CHECKING:
    from .screen import Screen

LONG = (models.JSONField, models.TextField, models.BinaryField)
RESERVED = {"q", "sort", "page", "columns", "all", "ids", "format", NOT}
FEW = 2_000


@dataclass
class Listing:
    """A list as asked by an address (``query``) for an actor. Raises :class:`BadFilter` on a value it cannot
    read.
    """

    screen: "Screen"
    actor: Actor
    query: QueryDict
    act: str = "view"

    @cached_property
    def filters(self) -> list[Filter]:
        """The filters of the screen, then those of the fields that the organisations in scope added."""
        return [*self.screen.narrowing, *custom_filters(self.screen)]

    @cached_property
    def rows(self) -> QuerySet[Any]:
        """Every row asked for, not yet ordered nor cut: what bulk acts and exports work on."""
        rows = narrow(self.filters, self.screen.rows(self.actor, self.act), self.query)
        if wanted := words(self.query.get("q", "")):
            rows = self.screen.holding(rows, wanted, self.actor)
        return rows

    @cached_property
    def count(self) -> int:
        """How many rows; of a very long list the number may be some seconds old (see ``counting``)."""
        asked = sorted((n, *self.query.getlist(n)) for n in self.query if n not in RESERVED - {"q", NOT})
        key = (self.screen.noun, *scope_of(self.actor), *asked)
        return remembered(key, self.rows.count, rows=int)

    @cached_property
    def page(self) -> int:
        text = self.query.get("page", "1")
        if not text.isdecimal() or len(text) > 9:
            raise BadFilter(_("“%(value)s” is not a page number.") % {"value": text[:20]})
        return max(1, min(int(text), self.pages))

    @cached_property
    def pages(self) -> int:
        return max(1, -(-self.count // self.screen.per_page))

    @cached_property
    def columns(self) -> list[Column]:
        chosen = [name for names in self.query.getlist("columns") for name in names.split(",") if name]
        if not chosen:
            return [c for c in self.screen.table if c.shown]
        return [c for c in self.screen.table if c.name in chosen] or self.screen.table[:1]

    @cached_property
    def sort(self) -> tuple[str, bool]:
        """The sorted column's name and whether it goes down; empty for the screen's own order."""
        text = self.query.get("sort", "")
        return text.lstrip("-"), text.startswith("-")

    def ordered(self) -> QuerySet[Any]:
        name, down = self.sort
        column = next((c for c in self.screen.table if c.name == name and c.sort), None)
        if name and column is None:
            raise BadFilter(_("The list cannot be sorted by “%(value)s”.") % {"value": name[:40]})
        if column is None:
            return self.screen.ordered(self.rows)
        parts = [_direction(self.screen.model, part, down) for part in column.sort]
        return self.rows.order_by(*parts, "-pk" if down else "pk")

    def objects(self) -> list[Any]:
        """The page's objects. Keys first, then whole rows with their joins: deep pages stay cheap."""
        first = (self.page - 1) * self.screen.per_page
        keys = list(self.ordered().values_list("pk", flat=True)[first : first + self.screen.per_page])
        found = self.full(self.screen.model._default_manager.filter(pk__in=keys))
        by_key = {obj.pk: obj for obj in found}
        return [by_key[k] for k in keys if k in by_key]

    def full(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """With the joins that the columns read."""
        joins = {j for c in self.columns for j in c.related} | set(self.screen.related)
        rows = rows.select_related(*sorted(joins)) if joins else rows
        long = long_fields(self.screen.model, sorted(joins))
        return rows.defer(*(name for name in long if name not in {c.name for c in self.columns}))

    def context(self) -> dict[str, Any]:
        """The context of ``screens/list.html``."""
        used = [one for one in self.filters if one.values(self.query)]
        objects = self.objects()
        return {
            "screen": self.screen,
            "title": self.screen.title,
            "count": self.count,
            "figures": self.screen.figures(self.screen.rows(self.actor), self.actor),
            "search": {
                "name": "q",
                "value": self.query.get("q", ""),
                "placeholder": _("Name, number, person…"),
            },
            "chips": chips(described(used, self.query), self.query),
            "filters": bool(self.filters),
            "carried": self._hidden(lambda name: name == NOT or name in self.names_of_filters),
            "columns": [self._header(c) for c in self.columns],
            "chooser": [
                {"name": c.name, "label": c.label, "shown": c in self.columns} for c in self.screen.table
            ],
            "rows": [self._row(obj) for obj in objects],
            "pager": self._pager(len(objects)),
            "sort": self.query.get("sort", ""),
            "query": self.query.urlencode(),
            "keep": self._hidden(lambda name: name != NOT and name not in self.names_of_filters),
        }

    @cached_property
    def names_of_filters(self) -> set[str]:
        return {one.name for one in self.filters}

    def _hidden(self, wanted: Callable[[str], bool]) -> list[dict[str, str]]:
        """What a form of this list carries along unseen, of the parts of the address that are wanted."""
        names = [n for n in self.query if n not in {"q", "page", "csrfmiddlewaretoken"} and wanted(n)]
        return [{"name": n, "value": v} for n in names for v in self.query.getlist(n)]

    def choices(self) -> dict[str, Any]:
        """The context of ``screens/filters.html``: every filter with what it offers."""
        return {
            "screen": self.screen,
            "title": _("Filters"),
            "filters": described(self.filters, self.query),
            "q": self.query.get("q", ""),
            "keep": self._hidden(lambda name: name != NOT and name not in self.names_of_filters),
        }

    def _row(self, obj: Any) -> dict[str, Any]:
        return {
            "id": obj.pk,
            "url": self.screen.url(obj),
            "cells": [c.cell(obj) for c in self.columns],
            "version": getattr(obj, "version", "") if self.edits else "",
        }

    @cached_property
    def edits(self) -> bool:
        """Whether cells are edited in place: each save then checks the right on its row."""
        return self.screen.changes and can(self.actor, self.screen.verb("change"))

    def _header(self, column: Column) -> dict[str, Any]:
        name, down = self.sort
        now = ("desc" if down else "asc") if name == column.name else ""
        target = f"-{column.name}" if now == "asc" else column.name
        return {
            "name": column.name,
            "label": column.label,
            "css": column.css,
            "edit": column.name if self.edits and column.name in self.screen.form_fields else "",
            "sorted": now,
            "sort_url": self.address(sort=target, page="") if column.sort else None,
        }

    def _pager(self, shown: int) -> dict[str, Any]:
        first = (self.page - 1) * self.screen.per_page
        return {
            "first": first + 1 if shown else 0,
            "last": first + shown,
            "count": self.count,
            "page": self.page,
            "pages": self.pages,
            "previous_url": self.address(page=str(self.page - 1)) if self.page > 1 else None,
            "next_url": self.address(page=str(self.page + 1)) if self.page < self.pages else None,
        }

    def address(self, **changes: str) -> str:
        """This list's address with some values replaced (removed when empty)."""
        query = self.query.copy()
        for name, value in changes.items():
            if value:
                query[name] = value
            else:
                query.pop(name, None)
        return f"?{query.urlencode()}"

    def chosen(self, ids: Sequence[str], everything: bool) -> QuerySet[Any]:
        """The rows of a bulk act: those ticked, or all those of the query."""
        if everything:
            return self.rows
        numbers = [int(i) for i in ids if i.isdecimal() and len(i) < 19]
        return self.screen.rows(self.actor).filter(pk__in=numbers)


def long_fields(model: Any, joins: Sequence[str] = ()) -> list[str]:
    """The fields that no cell reads unless they are a column: JSON and long texts, here and through joins."""
    found = [f.name for f in model._meta.concrete_fields if isinstance(f, LONG)]
    for join in joins:
        target = model
        for part in join.split("__"):
            target = target._meta.get_field(part).related_model
        found += [f"{join}__{f.name}" for f in target._meta.concrete_fields if isinstance(f, LONG)]
    return found


def holding(noun: str, rows: QuerySet[Any], wanted: Sequence[str]) -> QuerySet[Any]:
    """The rows whose search entries hold every word."""
    found = SearchEntry.objects.filter(noun=noun)
    for word in wanted:
        found = found.filter(text__like=f"%{word}%")
    return rows.filter(pk__in=_few_or_question(found.values_list("object_id", flat=True)))


def _few_or_question(found: QuerySet[Any]) -> Any:
    """The ids found, when they are few: the planner then starts from them and not from the order of the
    list.
    """
    ids = list(found[: FEW + 1])
    return ids if len(ids) <= FEW else found


def _direction(model: Any, part: Any, down: bool) -> Any:
    """Empty values come last both ways: somebody who sorts wants to see values."""
    if isinstance(part, OrderBy):
        return part
    may_be_empty = isinstance(part, str) and model._meta.get_field(part).null
    expression = F(part) if isinstance(part, str) else part
    if not down:
        return expression.asc()
    return expression.desc(nulls_last=True) if may_be_empty else expression.desc()
