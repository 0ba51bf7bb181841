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
    Area("support", gettext_noop("Service desk"), "headset", "desk"),
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
    """A line per screen; a group shares a line, and its screens are listed under it while one is open."""
    made: list[dict[str, Any]] = []
    for group, screens_of_it in _grouped(seen):
        lines: list[dict[str, Any]] = []
        for screen in screens_of_it:
            saved = _saved(screen, actor, path, query, known)
            on = path.startswith(screen.list_url) and not any(v["current"] for v in saved)
            lines += [_line(screen.title, screen.list_url, on), *saved]
        if group:
            inside = any(path.startswith(screen.list_url) for screen in screens_of_it)
            made.append({**_line(group, lines[0]["url"], False), "views": lines if inside else []})
        else:
            made += lines
    return made


def _grouped(seen: list[Any]) -> list[tuple[str, list[Any]]]:
    """The screens that stand alone, then the groups; each in the order of registration."""
    made: dict[str, tuple[str, list[Any]]] = {}
    for screen in seen:
        group = str(screen.group)
        made.setdefault(group or f"/{screen.slug}", (group, []))[1].append(screen)
    return sorted(made.values(), key=lambda entry: bool(entry[0]))


def _saved(
    screen: Any, actor: Actor, path: str, query: str, known: Sequence[Any] | None
) -> list[dict[str, Any]]:
    """The saved views of the list that is open."""
    if path != screen.list_url:
        return []
    views = savedviews.views_of(screen.slug, actor) if known is None else known
    return [_line(v.name, f"{path}?{v.query}", v.query == query) for v in views]


def _line(label: str, url: str, current: bool) -> dict[str, Any]:
    return {"label": label, "url": url, "count": None, "current": current}


def _url(area: Area) -> str:
    try:
        return reverse(area.url_name) if area.url_name else ""
    except NoReverseMatch:
        return ""
