"""A change in words, the same in the list of the fleet and on the page of an asset."""

from typing import Any

from django.urls import reverse
from django.utils.html import format_html

from etabli.kernel.screens.columns import show
from etabli.web import markup

from . import components, contents, peripherals
from .models import AssetChange

WHAT = {
    "added": "ok",
    "removed": "bad",
    "changed": "info",
    "replaced": "warn",
    "moved": "warn",
}
FAMILIES, ACTS = dict(AssetChange.Family.choices), dict(AssetChange.What.choices)


def what_cell(change: AssetChange) -> str:
    return markup.state(ACTS.get(change.what, change.what), WHAT.get(change.what, ""))


def told_cell(change: AssetChange) -> str:
    """The component, and what it was and became."""
    if not change.before and not change.after:
        return show(change.label)
    fields = ", ".join(str(label_of(name)) for name in change.fields)
    arrow = format_html("{} → {}", change.before or "—", change.after or "—")
    if change.label in (change.before, change.after):
        return arrow
    return markup.titled(change.label, format_html("{} : {}", fields, arrow) if fields else arrow)


def label_of(name: str) -> Any:
    """The words of a field that changed: the same name means the same thing in every component."""
    return WORDS.get(name, name)


def _words() -> dict[str, Any]:
    found = [value for module in (components, contents, peripherals) for value in vars(module).values()]
    models = [one for one in found if hasattr(one, "_meta") and not one._meta.abstract]
    return {field.name: field.verbose_name for model in models for field in model._meta.concrete_fields}


WORDS = _words()


def list_url() -> str:
    return reverse("assetchange-list")
