"""Small pieces of HTML as plain functions, for the cells of a list.

A cell is drawn thousands of times a day, so it is a string built here rather than a template component. The
class names are those of ``static/web/css/components.css``; the living style page shows each in every tone.
Every function escapes its text and returns a SafeString.
"""

import zlib
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from functools import cache, lru_cache
from typing import Any, Literal

from django.templatetags.static import static
from django.utils.safestring import SafeString, mark_safe
from django.utils.timesince import timesince
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from etabli.kernel.screens.columns import escape

type Tone = Literal["", "ok", "warn", "bad", "info", "off", "accent"]

NOTHING = mark_safe('<span class="nothing">—</span>')
AVATAR_SHADES = ("a1", "a2", "a3", "a4", "a5")


def icon(name: object, css: object = "") -> SafeString:
    """An icon of ``icons.txt``, hidden from screen readers: put a word beside it."""
    return _icon(str(name), str(css))


@cache
def _icon(name: str, css: str) -> SafeString:
    drawing = f"{static('vendor/icons.svg')}#{escape(name)}"
    return SafeString(f'<svg class="i {escape(css)}" aria-hidden="true"><use href="{drawing}"/></svg>')


def state(label: Any, tone: str = "", *, plain: bool = False) -> SafeString:
    """A dot and a word, with a capital. ``plain`` colours the dot only, for what is no news (last
    contact).
    """
    shown = escape(label)
    if not plain:
        shown = SafeString(shown[:1].upper() + shown[1:])
    return SafeString(f'<span class="state {tone}{" plain" if plain else ""}">{shown}</span>')


def badge(label: object, tone: Tone = "") -> SafeString:
    """A word on a soft ground: priority, kind, flag."""
    return SafeString(f'<span class="badge {tone}">{escape(label)}</span>')


def tinted(text: object, tone: Tone) -> SafeString:
    """Text in the colour of a tone; the text itself must tell the state."""
    return SafeString(f'<span class="c-{tone}">{escape(text)}</span>') if tone else escape(text)


def titled(name: object, detail: object = "", *, picture: str = "") -> SafeString:
    """The first cell of a row: a picture, the name of the thing and a second line."""
    drawn = f'<span class="ico">{icon(picture)}</span>' if picture else ""
    second = f"<small>{escape(detail)}</small>" if detail else ""
    return SafeString(f"{drawn}<span class=clip><b>{escape(name)}</b>{second}</span>")


def ago(at: datetime, now: datetime) -> str:
    """How long ago in one unit: “3 minutes ago”."""
    passed = max(now - at, timedelta())
    unit = 60 if passed < timedelta(hours=1) else 3600 if passed < timedelta(days=1) else 86400
    return _ago(int(passed.total_seconds()) // unit * unit, now.date(), get_language() or "")


@lru_cache(4096)
def _ago(seconds: int, today: date, language: str) -> str:
    """Most rows of a list say one of a few durations. Months and years are counted back from the day."""
    now = datetime.combine(today, time(12))
    return _("%(time)s ago") % {"time": timesince(now - timedelta(seconds=seconds), now, depth=1)}


def avatar(name: str, *, size: Literal["", "tiny"] = "") -> SafeString:
    """The initials of a person or an organisation on a shade that stays the same for the same name."""
    shade = AVATAR_SHADES[zlib.crc32(name.encode()) % len(AVATAR_SHADES)]
    return SafeString(f'<span class="av {shade} {size}" aria-hidden="true">{escape(initials(name))}</span>')


def initials(name: str) -> str:
    """At most two capitals: “Claire Moreau” gives CM, “Supervision” gives SU."""
    words = [word for word in name.replace("-", " ").split() if word[0].isalnum()]
    if len(words) == 1:
        return words[0][:2].upper()
    return "".join(word[0] for word in (words[0], words[-1])).upper() if words else "?"


def joined(parts: Sequence[object], separator: str = "\u00a0· ") -> SafeString:
    """The parts that are not empty, escaped, in one line that breaks after a separator."""
    return SafeString(separator.join(escape(part) for part in parts if part not in (None, "")))
