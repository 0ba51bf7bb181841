"""Small pieces of HTML as plain functions, for the cells of a list.

A cell is drawn thousands of times a day, so it is a string built here rather than a template component. The
class names are those of ``static/web/css/components.css``; the living style page shows each in every tone.
Every function escapes its text and returns a SafeString.
"""

import zlib
from collections.abc import Sequence
from functools import cache
from typing import Any, Literal

from django.templatetags.static import static
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst

type Tone = Literal["", "ok", "warn", "bad", "info", "off", "accent"]

NOTHING = mark_safe('<span class="nothing">—</span>')
AVATAR_SHADES = ("a1", "a2", "a3", "a4", "a5")


def icon(name: str, css: str = "") -> SafeString:
    """An icon of ``icons.txt``, hidden from screen readers: put a word beside it."""
    drawing = f"{sprite_url()}#{name}"
    return format_html('<svg class="i {}" aria-hidden="true"><use href="{}"/></svg>', css, drawing)


@cache
def sprite_url() -> str:
    """Where the icon sprite is served."""
    return static("vendor/icons.svg")


def state(label: Any, tone: str = "", *, plain: bool = False) -> SafeString:
    """A dot and a word, with a capital. ``plain`` colours the dot only, for what is no news (last
    contact).
    """
    shown = label if plain else capfirst(conditional_escape(label))
    return format_html('<span class="state {}{}">{}</span>', tone, " plain" if plain else "", shown)


def badge(label: object, tone: Tone = "") -> SafeString:
    """A word on a soft ground: priority, kind, flag."""
    return format_html('<span class="badge {}">{}</span>', tone, label)


def tinted(text: object, tone: Tone) -> SafeString:
    """Text in the colour of a tone; the text itself must tell the state."""
    return format_html('<span class="c-{}">{}</span>', tone, text) if tone else format_html("{}", text)


def titled(name: object, detail: object = "", *, picture: str = "") -> SafeString:
    """The first cell of a row: a picture, the name of the thing and a second line."""
    drawn = format_html('<span class="ico">{}</span>', icon(picture)) if picture else SafeString("")
    second = format_html("<small>{}</small>", detail) if detail else SafeString("")
    return format_html("{}<span class=clip><b>{}</b>{}</span>", drawn, name, second)


def avatar(name: str, *, size: Literal["", "tiny"] = "") -> SafeString:
    """The initials of a person or an organisation on a shade that stays the same for the same name."""
    shade = AVATAR_SHADES[zlib.crc32(name.encode()) % len(AVATAR_SHADES)]
    return format_html('<span class="av {} {}" aria-hidden="true">{}</span>', shade, size, initials(name))


def initials(name: str) -> str:
    """At most two capitals: “Claire Moreau” gives CM, “Supervision” gives SU."""
    words = [word for word in name.replace("-", " ").split() if word[0].isalnum()]
    if len(words) == 1:
        return words[0][:2].upper()
    return "".join(word[0] for word in (words[0], words[-1])).upper() if words else "?"


def joined(parts: Sequence[object], separator: str = "\u00a0· ") -> SafeString:
    """The parts that are not empty, escaped, in one line that breaks after a separator."""
    kept = [format_html("{}", part) for part in parts if part not in (None, "")]
    return SafeString(separator.join(kept))
