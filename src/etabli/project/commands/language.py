"""The language of the command line, chosen as the launcher does: French unless English is asked for."""

import gettext
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

from ..catalogue import compile_stale


def chosen(environment: dict[str, str] | os._Environ[str] = os.environ) -> str:
    """``en`` or ``fr``, from LC_ALL, LC_MESSAGES, LANG (POSIX order: the first that is set)."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := environment.get(name):
            return "en" if value.startswith("en") else "fr"
    return "fr"


def reader(place: Path) -> Callable[[str], str]:
    """What translates the texts of a package, or of a folder in it, into the chosen language.

    The catalogue of the pages is read without Django: commands such as --help must answer at once.
    """
    package = next((one for one in (place, *place.parents) if (one / "locale").is_dir()), place)
    return lambda text: _texts(package, chosen()).gettext(text) if text else ""


@cache
def _texts(package: Path, language: str) -> gettext.NullTranslations:
    return gettext.translation("django", package / "locale", languages=[language], fallback=True)


compile_stale()
_ = reader(Path(__file__).parent)
