"""The language of the command line, chosen as the launcher does: French unless English is asked for."""

import gettext
import os
from pathlib import Path


def chosen(environment: dict[str, str] | os._Environ[str] = os.environ) -> str:
    """``en`` or ``fr``, from LC_ALL, LC_MESSAGES, LANG (POSIX order: the first that is set)."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := environment.get(name):
            return "en" if value.startswith("en") else "fr"
    return "fr"


# the catalogue of the pages, read without Django: commands such as --help must answer at once
_ = gettext.translation(
    "django", Path(__file__).parents[1] / "locale", languages=[chosen()], fallback=True
).gettext
