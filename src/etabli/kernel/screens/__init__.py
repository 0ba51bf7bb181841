"""One declaration per noun gives its list, pages, form, import, export, API, permissions and history.

A screen only assembles named Django things: querysets, model forms, views and addresses. The empty
declaration
(``model = X``) works; attributes are added when a page needs more; the way out is an ordinary view and
template.
"""

from typing import Any

from django.db.models import Model

from .. import live
from .beside import beside
from .columns import Column
from .filters import Filter
from .screen import Act, Figure, Panel, Screen, Tab

registry: dict[type[Model], Screen] = {}


def register(screen_class: type[Screen]) -> type[Screen]:
    """Declare a screen: from now on it has pages, an API, an entry in the registry walk."""
    registry[screen_class.model] = made = screen_class()
    if made.watched:
        live.watched.add(made.noun)
    return screen_class


def by_noun(noun: str) -> Screen | None:
    """The screen of a noun (``asset``), if there is one."""
    return next((s for s in registry.values() if s.noun == noun), None)


def by_slug(slug: str) -> Screen | None:
    """The screen at an address (``assets``), if there is one."""
    return next((s for s in registry.values() if s.slug == slug), None)


def urls() -> list[Any]:
    """The addresses of every registered screen."""
    return [pattern for screen in registry.values() for pattern in screen.urls()]


__all__ = [
    "Act",
    "Column",
    "Figure",
    "Filter",
    "Panel",
    "Screen",
    "Tab",
    "beside",
    "by_noun",
    "by_slug",
    "register",
    "registry",
    "urls",
]
