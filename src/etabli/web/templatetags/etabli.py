"""Template tags of the shell: style sheets, rows of a table, initials, the undo of a message."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django import template
from django.contrib.messages.storage.base import Message
from django.templatetags.static import static
from django.utils import formats, timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from etabli.kernel.screens.columns import escape
from etabli.web import markup, stylesheets

register = template.Library()
register.filter("initials", markup.initials)
register.simple_tag(markup.icon)


@register.simple_tag
def stylesheet_links() -> SafeString:
    """The ``<link>`` elements of the page."""
    served = ((static(path),) for path in stylesheets.paths())
    return format_html_join("\n", '<link rel="stylesheet" href="{}">', served)


@register.simple_tag
def avatar(name: str, size: str = "") -> SafeString:
    """Initials on a steady shade, as in ``{% avatar person.name "tiny" %}``."""
    return markup.avatar(name, size="tiny" if size == "tiny" else "")


@register.filter
def undo_url(message: Message) -> str:
    """The address that takes back what a message tells: extra tag ``undo=/address``, or empty."""
    tags = (message.extra_tags or "").split()
    return next((tag.removeprefix("undo=") for tag in tags if tag.startswith("undo=")), "")


@register.filter
def tone(message: Message) -> str:
    """The tone of a message: ok, info, warn or bad."""
    return {"success": "ok", "warning": "warn", "error": "bad"}.get(message.level_tag, "info")


@register.filter
def ago(at: datetime) -> str:
    """How long ago in one unit: “3 minutes ago”."""
    return markup.ago(at, timezone.now())


@register.filter
def clock(at: str) -> str:
    """The time of day, to the second, of an ISO 8601 moment as logs keep it; other texts are left as they
    are.
    """
    try:
        return formats.time_format(timezone.localtime(datetime.fromisoformat(at)), "H:i:s")
    except ValueError:
        return at


@register.simple_tag
def split_actions(actions: Sequence[Mapping[str, Any]] | str) -> dict[str, list[Mapping[str, Any]]]:
    """The actions of a page by where they go: ``primary``, the first three others as ``buttons``, the
    ``menu``.
    """
    given = list(actions) if not isinstance(actions, str) else []
    others = [a for a in given if not a.get("primary")]
    shown = [a for a in others if not a.get("more")][:3]
    menu = [a for a in others if a not in shown]
    return {"primary": [a for a in given if a.get("primary")], "buttons": shown, "menu": menu}


@register.simple_tag
def table_rows(columns: Sequence[Any], rows: Iterable[Any], choosing: bool = True) -> SafeString:
    """The body of a list, in one string: much faster than a template loop over rows and cells.

    ``columns`` have ``css`` and may have ``label`` and ``edit`` (the field edited in place); ``rows`` have
    ``id``, ``url``, ``cells`` (ready HTML) and may have ``selected`` and ``version``. Either objects or
    mappings. The first cell becomes the link to the row unless it already holds one. A column with the class
    ``p-label`` shows its label on the phone.
    """
    classes = [_cell_open(column, first=index == 0) for index, column in enumerate(columns)]
    select = escape(_("Select"))
    return SafeString("".join(_row(row, classes, select if choosing else "") for row in rows))


def _row(row: Any, classes: list[str], select: str) -> str:
    ident, url = escape(_get(row, "id")), escape(_get(row, "url") or "")
    version = _get(row, "version")
    parts = [f'<tr data-version="{escape(version)}">' if version else "<tr>"]
    if select:
        parts.append(_checkbox(ident, select, checked=bool(_get(row, "selected"))))
    for index, (opening, cell) in enumerate(zip(classes, _get(row, "cells"), strict=False)):
        text: str = escape(cell)
        if index == 0:
            opening = f'{opening} id="row-{ident}"'
            text = f'<a class="row-link" href="{url}">{text}</a>' if url and "<a " not in text else text
        parts.append(f"{opening}>{text}</td>")
    return "".join(parts) + "</tr>\n"


def _checkbox(ident: str, select: str, *, checked: bool) -> str:
    mark = " checked" if checked else ""
    return (
        f'<td class="check-cell"><label><span class="sr" id="pick-{ident}">{select}</span>'
        f'<input type="checkbox" name="ids" value="{ident}" aria-labelledby="pick-{ident} row-{ident}"{mark}>'
        "</label></td>"
    )


def _cell_open(column: Any, *, first: bool) -> str:
    css = f"{_get(column, 'css') or ''} {'title-cell' if first else ''}".strip()
    label = format_html(' data-label="{}"', _get(column, "label")) if "p-label" in css else ""
    edit = _get(column, "edit") if not first else ""
    label += format_html(' data-edit="{}"', edit) if edit else ""
    return f'<td class="{escape(css)}"{label}' if css else f"<td{label}"


def _get(item: Any, name: str) -> Any:
    return item.get(name) if isinstance(item, Mapping) else getattr(item, name, None)
