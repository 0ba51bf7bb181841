"""The columns of a list: each cell is made by a plain function, never by a nested template."""

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils import formats, timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from ..text import Plain

if TYPE_CHECKING:
    from .screen import Screen

DASH = mark_safe('<span class="nothing">—</span>')
Cell = Callable[[Any], str]


@dataclass(frozen=True)
class Column:
    """A column: its name in the address, its title, its cell, and what the query needs for it.

    ``sort``: expressions ordering the list, empty when it cannot be sorted. ``related``: joins read with each
    row.
    ``css``: classes of the cell (``p-hide`` hides it on a phone). ``shown``: before anybody chose their
    columns.
    ``value``: what exports and the API give; the cell's text by default.
    """

    name: str
    label: Any
    cell: Cell
    sort: Sequence[Any] = ()
    related: Sequence[str] = ()
    css: str = ""
    shown: bool = True
    value: Callable[[Any], Any] | None = None


def column_of(screen: "Screen", name: str, *, first: bool = False) -> Column:
    """The column of a model field, with a cell that suits its type; ``first`` is the one that links to the
    page.
    """
    field = screen.model._meta.get_field(name)
    label = capitalised(getattr(field, "verbose_name", name))
    custom = getattr(screen, f"cell_{name}", None)
    plain_text = isinstance(field, models.CharField | models.TextField)
    sort: Sequence[Any] = (Plain(name),) if plain_text else (name,)
    if field.is_relation:
        sort = ()
    return Column(
        name=name,
        label=label,
        cell=custom or (_titled(screen, name) if first else _cell(field)),
        sort=sort,
        related=(name,) if field.is_relation else (),
        css="" if first else "m",
        value=lambda obj: text_value(field, obj),
    )


def capitalised(text: Any) -> str:
    text = str(text)
    return text[:1].upper() + text[1:]


def text_value(field: Any, obj: Any) -> Any:
    """The value of a field as a person reads it in a file: text, number or date."""
    if field.is_relation:
        related = getattr(obj, field.name)
        return "" if related is None else str(related)
    if field.choices:
        return str(getattr(obj, f"get_{field.name}_display")())
    value = getattr(obj, field.name)
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else value


def show(value: Any) -> SafeString:
    """Any value as a cell: French dates and numbers, yes or no, a dash when empty."""
    if value is None or value == "" or value == []:
        return DASH
    if isinstance(value, bool):
        return escape(_("yes") if value else _("no"))
    if isinstance(value, datetime):
        local = timezone.localtime(value)
        return SafeString(
            f'<time datetime="{local.isoformat()}">{escape(formats.date_format(local, "j N Y, H:i"))}</time>'
        )
    if isinstance(value, date):
        return _day(value, get_language() or "")
    if isinstance(value, Decimal | float):
        return escape(formats.number_format(value, use_l10n=True, force_grouping=True))
    if isinstance(value, list | tuple):
        return escape(", ".join(map(str, value)))
    if isinstance(value, dict):
        return escape(", ".join(f"{k} : {v}" for k, v in value.items()))
    return escape(value)


@lru_cache(4096)
def _day(value: date, language: str) -> SafeString:
    """Dates of a list are few and each costs as much as a cell: kept as drawn, by language."""
    return SafeString(
        f'<time datetime="{value.isoformat()}">{escape(formats.date_format(value, "j N Y"))}</time>'
    )


def escape(value: object) -> SafeString:
    """Text as HTML, and HTML as it is: ``conditional_escape`` without its detour for each value."""
    if isinstance(value, SafeString):
        return value
    drawn = getattr(value, "__html__", None)
    return SafeString(drawn() if drawn else html.escape(str(value)))


def link_to(obj: Any) -> SafeString:
    """The object's name, linked to its page when it has one."""
    from . import registry

    if obj is None:
        return DASH
    screen = registry.get(type(obj))
    return SafeString(f'<a href="{screen.url(obj)}">{escape(obj)}</a>') if screen else escape(obj)


def _titled(screen: "Screen", name: str) -> Cell:
    """The name of the row; the list makes it the link to the page."""

    def cell(obj: Any) -> str:
        value = getattr(obj, name)
        return SafeString(f"<b>{show(value) if value else f'nᵒ {obj.pk}'}</b>")

    return cell


def _cell(field: Any) -> Cell:
    name = field.name
    if field.is_relation:
        return lambda obj: link_to(getattr(obj, name))
    if field.choices:
        display = f"get_{name}_display"
        return lambda obj: show(getattr(obj, display)())
    return lambda obj: show(getattr(obj, name))


def label_of(screen: Any, name: str) -> str:
    """The words of a field; its capitalised name when the screen has none."""
    if screen is None or name not in {f.name for f in screen.model._meta.concrete_fields}:
        return capitalised(name)
    return capitalised(screen.model._meta.get_field(name).verbose_name)
