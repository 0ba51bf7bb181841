"""Is the database up to date, are the pages' files gathered? Answered by two fingerprints, without Django.

Run as a program it does the work: ``python -m etabli.project.commands.readiness [migrate] [static]``.
"""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psycopg

from .. import home
from .language import _
from .outcome import FAILED, OK, Failure
from .terminal import say

PACKAGE = Path(__file__).resolve().parents[2]
_WITH_TABLES = ("django", "django-allauth", "procrastinate")
_WITH_FILES = ("django", "django-htmx", "django-ninja", "django-allauth", "whitenoise")
_CACHE_TABLE = "kernel_cache"


def make_ready(connection: psycopg.Connection[Any]) -> None:
    """Migrate and gather the pages' files when, and only when, something changed. Raises Failure."""
    wanted = {
        "migrate": not database_current(connection),
        "static": not static_current(),
    }
    words = [word for word, needed in wanted.items() if needed]
    if not words:
        return
    say(_("Preparing the database and the pages…"))
    connection.rollback()  # no open transaction may keep a migration waiting
    done = subprocess.run([sys.executable, "-P", "-m", __spec__.name, *words], stdout=2, check=False)  # noqa: S603
    if done.returncode:
        raise Failure(_("The preparation failed; nothing was started. The reason is above."))


def database_current(connection: psycopg.Connection[Any]) -> bool:
    """Whether the migrations shipped and those applied are the same as after the last migration from here."""
    if connection.execute("SELECT to_regclass(%s)", ["django_migrations"]).fetchone() == (None,):
        return False
    return _mark("migrated").get("is") == _database_fingerprint(connection)


def static_current() -> bool:
    """Whether the gathered files come from the sources as they are now."""
    folder = home.directory() / "static"
    return (folder / "staticfiles.json").exists() and _mark("gathered").get("is") == _static_fingerprint()


def _database_fingerprint(connection: psycopg.Connection[Any]) -> str:
    applied = connection.execute("SELECT app, name FROM django_migrations ORDER BY app, name").fetchall()
    shipped = sorted(str(path.relative_to(PACKAGE)) for path in PACKAGE.glob("*/migrations/*.py"))
    return _fingerprint([*map(str, applied), *shipped, *_versions(_WITH_TABLES)])


def _static_fingerprint() -> str:
    found = []
    for path in sorted(PACKAGE.glob("*/static/**/*")):
        if path.is_file():
            facts = path.stat()
            found.append(f"{path.relative_to(PACKAGE)} {facts.st_size} {facts.st_mtime_ns}")
    return _fingerprint([*found, *_versions(_WITH_FILES)])


def _versions(packages: Iterable[str]) -> list[str]:
    found = []
    for package in packages:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            found.append(f"{package} absent")
    return found


def _fingerprint(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _mark(name: str) -> dict[str, str]:
    try:
        return dict(json.loads((home.directory() / f"{name}.json").read_text()))
    except (OSError, ValueError):
        return {}


def _write_mark(name: str, fingerprint: str) -> None:
    path = home.directory() / f"{name}.json"
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps({"is": fingerprint}))
    fresh.replace(path)


def _migrate() -> None:
    from django.core.management import call_command

    from .database import connect

    with connect(patience=30) as guard:
        # several servers on one database may start together: one migrates, the others wait here
        guard.execute("SELECT pg_advisory_lock(hashtext('etabli.migrate'))")
        guard.commit()
        call_command("migrate", interactive=False, verbosity=0)
        call_command("createcachetable", _CACHE_TABLE, verbosity=0)
        _write_mark("migrated", _database_fingerprint(guard))


def _gather() -> None:
    from django.core.management import call_command

    fingerprint = _static_fingerprint()
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    _write_mark("gathered", fingerprint)


def _work(words: list[str]) -> int:
    import django
    from django.core.management import CommandError

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "etabli.project.settings")
    django.setup()
    try:
        if "migrate" in words:
            _migrate()
        if "static" in words:
            _gather()
    except CommandError as error:
        say(str(error))
        return FAILED
    return OK


if __name__ == "__main__":
    sys.exit(_work(sys.argv[1:]))
