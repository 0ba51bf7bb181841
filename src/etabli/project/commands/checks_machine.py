"""Checks of ``doctor`` that need no database: Python, packages, data directory, keys, gathered files."""

import os
import re
import stat
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from .. import home
from .archive import free_space
from .backup import KEYS
from .checks import Check
from .language import _
from .readiness import PACKAGE, static_current

OLDEST_PYTHON = (3, 12)
ROOM = 1_000_000_000  # bytes; PostgreSQL stops when its disk is full
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;]+) \\$")  # lines with a condition are for other systems


def python() -> Check:
    """Python."""
    found = ".".join(map(str, sys.version_info[:3]))
    level = "ok" if sys.version_info >= OLDEST_PYTHON else "error"
    return Check("Python", "≥ 3.12", found, level, _("Install Python 3.12 or newer, delete var/venv"))


def packages() -> Check:
    """Packages."""
    lock = PACKAGE.parents[1] / "requirements.lock"
    name, mend = _("Packages"), _("./etabli up installs them again; else delete var/venv")
    if not lock.exists():
        return Check(name, _("as installed"), _("no lock file: installed as a package"), "ok")
    pinned = [match.groups() for line in lock.read_text().splitlines() if (match := _PINNED.match(line))]
    wrong = [package for package, wanted in pinned if _version(package) != wanted]
    found = (
        _("{count} differ: {names}").format(count=len(wrong), names=", ".join(wrong[:4]))
        if wrong
        else _("the same")
    )
    return Check(name, _("those of the lock file"), found, "error" if wrong else "ok", mend)


def data_directory() -> Check:
    """Data directory."""
    place = home.directory()
    name, expected = _("Data directory"), _("ours to write, not everybody's")
    if not place.is_dir() or not os.access(place, os.W_OK):
        mend = _("Give it to the account that runs Établi: chown -R ACCOUNT '{path}'").format(path=place)
        return Check(name, expected, _("{path} cannot be written").format(path=place), "error", mend)
    mode = stat.S_IMODE(place.stat().st_mode)
    level = "error" if mode & stat.S_IWOTH else "ok"
    return Check(name, expected, f"{place} {mode:04o}", level, f"chmod o-w '{place}'")


def disk() -> Check:
    """Disk space."""
    free = free_space(home.directory())
    level = "ok" if free > ROOM else "error"
    return Check(
        _("Disk space"), "> 1 GB", f"{free / 1e9:.1f} GB", level, _("Free some space, or move the directory")
    )


def keys() -> Check:
    """Key files."""
    found = [path for pattern in KEYS for path in sorted(home.directory().glob(pattern))]
    loose = [path for path in found if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)]
    text = ", ".join(_described(path) for path in found) or _("none yet")
    mend = "chmod 600 " + " ".join(f"'{path}'" for path in loose)
    return Check(_("Key files"), "0600", text, "error" if loose else "ok", mend)


def pages() -> Check:
    """Files of the pages."""
    current = static_current()
    found = _("as the sources") if current else _("older than the sources, or absent")
    return Check(
        _("Files of the pages"), _("gathered"), found, "ok" if current else "warning", "./etabli upgrade"
    )


def _described(path: Path) -> str:
    return f"{path.name} {stat.S_IMODE(path.stat().st_mode):04o}"


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


CHECKS = (python, packages, data_directory, disk, keys, pages)
