"""Navigation by job: the areas, and the screens of each. An area without anything the actor may see is not
shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from etabli.kernel import savedviews, screens
from etabli.kernel.actors import Actor, can


@dataclass(frozen=True)
class Area:
    """A place in the navigation: key, English label, icon, and its own page when it has one."""

    key: str
    label: str
    icon: str
    url_name: str = ""


AREAS = [
    Area("day", gettext_noop("My day"), "home", "home"),
    Area("fleet", gettext_noop("Fleet"), "devices"),
    Area("people", gettext_noop("People & places"), "users"),
]
SETTINGS = Area("settings", gettext_noop("Settings"), "settings", "settings")


def areas(
    actor: Actor, current: str, path: str, query: str, saved: Sequence[Any] | None = None
) -> list[dict[str, Any]]:
    """The areas as the shell shows them, with the screens of the current one and the saved views of its list.

    ``saved`` are those views when the page has read them already.
    """
    return [made for area in AREAS if (made := _entry(area, actor, current, path, query, saved))]


def settings_area(actor: Actor, current: str, path: str) -> list[dict[str, Any]]:
    made = _entry(SETTINGS, actor, current, path, "")
    return [made] if made and made["views"] else []


def _entry(
    area: Area, actor: Actor, current: str, path: str, query: str, saved: Sequence[Any] | None = None
) -> dict[str, Any] | None:
    seen = [
        s for s in screens.registry.values() if s.area == area.key and s.listed and can(actor, s.verb("view"))
    ]
    url = _url(area) or (seen[0].list_url if seen else "")
    if not url:
        return None
    here = current == area.key
    return {
        "key": area.key,
        "label": _(area.label),
        "icon": area.icon,
        "url": url,
        "count": None,
        "current": here,
        "views": _views(seen, actor, path, query, saved) if here else [None] if seen else [],
    }


def _views(
    seen: list[Any], actor: Actor, path: str, query: str, known: Sequence[Any] | None
) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    for screen in seen:
        url = screen.list_url
        saved = (
            [
                {
                    "label": v.name,
                    "url": f"{url}?{v.query}",
                    "count": None,
                    "current": path == url and v.query == query,
                }
                for v in (savedviews.views_of(screen.slug, actor) if known is None else known)
            ]
            if path == url
            else []
        )
        on = path.startswith(url) and not any(v["current"] for v in saved)
        made += [{"label": screen.title, "url": url, "count": None, "current": on}, *saved]
    return made


def _url(area: Area) -> str:
    try:
        return reverse(area.url_name) if area.url_name else ""
    except NoReverseMatch:
        return ""
