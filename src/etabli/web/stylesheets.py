"""Which style sheets a page asks for: the joined file when it is current, the sources otherwise.

``tools/collect_assets.py`` joins the sources behind a line holding their digest. While someone edits a source
the digest no longer matches, so the page asks for the separate files and the change is seen at once.
"""

import hashlib
from functools import cache
from pathlib import Path

from django.conf import settings

HERE = Path(__file__).parent
SOURCES = HERE / "static/web/css"
JOINED = HERE / "static/vendor/css/etabli.css"


def paths() -> tuple[str, ...]:
    """Static paths, in order. Looked up once per process, or at each page when DEBUG is on."""
    return current_paths() if settings.DEBUG else _remembered()


@cache
def _remembered() -> tuple[str, ...]:
    return current_paths()


def current_paths() -> tuple[str, ...]:
    """Static paths, in order, as the files are now."""
    if _joined_digest() == digest():
        return ("vendor/css/etabli.css",)
    return tuple(f"web/css/{name}" for name in _names())


def digest() -> str:
    """SHA-256 of the sources joined by a line break: the first line of the joined file says the same."""
    text = "\n".join((SOURCES / name).read_text("utf-8") for name in _names())
    return hashlib.sha256(text.encode()).hexdigest()


def _names() -> list[str]:
    return (HERE / "stylesheets.txt").read_text("utf-8").split()


def _joined_digest() -> str:
    if not JOINED.exists():
        return ""
    with JOINED.open(encoding="utf-8") as lines:
        return lines.readline().strip("/* \n")
