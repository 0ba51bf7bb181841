"""Which system account runs PostgreSQL: it refuses to run as root, so root lends it one without rights."""

import os
import pwd
import shutil
import stat
import subprocess
import sys
from pathlib import Path

NAME = "etabli"
FALLBACK = "postgres"
_SYSTEM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


class NoAccount(RuntimeError):
    """Root has no account to lend to PostgreSQL, and none could be made."""


def lent(directory: Path) -> pwd.struct_passwd | None:
    """The account that must run a server whose files are in ``directory``; None: the current one.

    Only root lends. A directory that already belongs to somebody keeps its owner, so that a server made by an
    ordinary user and later started by root stays usable by that user.
    """
    if os.geteuid() != 0:
        return None
    if directory.exists() and (owner := directory.stat().st_uid) != 0:
        return pwd.getpwuid(owner)
    return _existing(NAME) or _created() or _existing(FALLBACK) or _refuse()


def open_path(target: Path, account: pwd.struct_passwd) -> None:
    """Let ``account`` traverse the parents of ``target``: adds ``o+x`` where needed, and says so."""
    closed = [parent for parent in target.parents if not _traversable(parent, account)]
    for parent in closed:
        parent.chmod(stat.S_IMODE(parent.stat().st_mode) | stat.S_IXOTH)
    if closed:
        names = ", ".join(map(str, closed))
        print(f"The account “{account.pw_name}” may now pass through (not read): {names}", file=sys.stderr)


def _traversable(directory: Path, account: pwd.struct_passwd) -> bool:
    found = directory.stat()
    if found.st_uid == account.pw_uid:
        return bool(found.st_mode & stat.S_IXUSR)
    if found.st_gid == account.pw_gid:
        return bool(found.st_mode & stat.S_IXGRP)
    return bool(found.st_mode & stat.S_IXOTH)


def _existing(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _created() -> pwd.struct_passwd | None:
    useradd = shutil.which("useradd", path=_SYSTEM_PATH)
    if useradd is None:
        return None
    options = ["--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    made = subprocess.run(  # noqa: S603 - fixed arguments
        [useradd, *options, "--shell", "/usr/sbin/nologin", NAME], capture_output=True, check=False
    )
    if made.returncode == 0:
        print(f"Created the system account “{NAME}”, which runs PostgreSQL.", file=sys.stderr)
    return _existing(NAME)


def _refuse() -> pwd.struct_passwd:
    raise NoAccount(
        "PostgreSQL refuses to run as root and no account could be created for it. "
        f"Create one (useradd --system {NAME}), or run Établi as an ordinary user."
    )
