"""``screens``: the nouns of the product, and what the declaration of each gives."""

import json as jsons
from typing import Annotated, Any

import typer

from .language import _
from .terminal import table

GIVEN = ("adds", "changes", "deletes", "importable", "searchable")


def screens(
    json: Annotated[bool, typer.Option("--json", help=_("Print JSON instead of a table"))] = False,
) -> None:
    """List the screens: address, columns, filters, what can be done, and the verbs that guard it."""
    found = [_described(screen) for screen in _registered()]
    if json:
        print(jsons.dumps(found, ensure_ascii=False, indent=1))
        return
    headings = (_("Noun"), _("List"), _("API"), _("Columns"), _("Filters"), _("Gives"))
    table(
        headings,
        [
            (
                one["noun"],
                one["list"],
                one["api"],
                str(len(one["columns"])),
                str(len(one["filters"])),
                " ".join(one["gives"]),
            )
            for one in found
        ],
    )


def _registered() -> list[Any]:
    """Every screen, its addresses known; no database is needed."""
    import os

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "etabli.project.settings")
    import django

    django.setup()
    from django.urls import get_resolver

    from etabli.kernel.screens import registry

    _loaded = get_resolver().url_patterns
    return sorted(registry.values(), key=lambda screen: (screen.area, screen.noun))


def _described(screen: Any) -> dict[str, Any]:
    return {
        "noun": screen.noun,
        "area": screen.area,
        "list": screen.list_url,
        "api": f"/api/v1/{screen.slug}",
        "columns": [column.name for column in screen.table],
        "filters": [one.name for one in screen.narrowing],
        "gives": ["lists", "exports", *(name for name in GIVEN if getattr(screen, name))],
        "verbs": [screen.verb(act) for act in ("view", "add", "change", "delete", "import", "export")],
    }
