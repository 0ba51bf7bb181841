"""``manage``: any command of Django, with the database served while it runs."""

import os

from .database import served
from .outcome import FAILED, OK
from .terminal import say

_WITHOUT_DATABASE = {
    "makemessages",
    "compilemessages",
    "collectstatic",
    "findstatic",
    "help",
    "diffsettings",
    "",
}


def manage(words: list[str]) -> int:
    """Run ``django-admin`` with our settings; the exit code is Django's."""
    if (words[0] if words else "") in _WITHOUT_DATABASE:
        return _execute(words)
    with served():
        return _execute(words)


def _execute(words: list[str]) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "etabli.project.settings")
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(["etabli manage", *words])
    except SystemExit as end:
        if isinstance(end.code, str):
            say(end.code)
            return FAILED
        return end.code or OK
    return OK
