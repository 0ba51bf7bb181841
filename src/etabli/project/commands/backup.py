"""``backup``: database, stored files and keys in one file, consistent with each other, while Établi works."""

import os
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import psycopg
import typer
from psycopg.conninfo import conninfo_to_dict

import etabli
from etabli.kernel import localpg

from .. import home
from . import archive, fingerprint
from .database import cluster, external, served
from .language import _
from .outcome import Failure, Unreachable
from .terminal import say

KEYS = ("*.key", "*.keys")
# owners, and roles named by rights or policies: they must exist before the dump is restored
_ROLES = """
SELECT DISTINCT rolname FROM pg_shdepend JOIN pg_roles ON pg_roles.oid = refobjid
 WHERE refclassid = 'pg_authid'::regclass
   AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
 ORDER BY rolname
"""


def backup(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help=_("Where to write it; by default in the data directory")),
    ] = None,
) -> None:
    """Save the database, the stored files and the keys in one file. Keep it as safe as the keys it holds."""
    print(save(file))


def save(file: Path | None = None, now: datetime | None = None) -> Path:
    """Make the backup and return its path. Raises Failure or Unreachable."""
    moment = now or datetime.now(UTC)
    path = file or home.directory() / "backups" / f"etabli-{moment:%Y%m%d-%H%M%S}.tar"
    with served(), archive.written(path) as writer, tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        facts = _dump(Path(scratch) / archive.DUMP)
        writer.add(archive.DUMP, Path(scratch) / archive.DUMP)
        # after the database: a file is stored before the row that names it, so none can be missing
        count = _add_files(writer)
        for pattern in KEYS:
            for key in sorted(home.directory().glob(pattern)):
                writer.add(f"keys/{key.name}", key)
        writer.close(
            {**facts, "version": etabli.__version__, "made_at": moment.isoformat(timespec="seconds")}
        )
    size = path.stat().st_size / 1e6
    rows = sum(table["rows"] for table in facts["tables"].values())
    say(
        _(
            "{rows} rows, {files} files and the keys, {size:.1f} MB. It opens everything: keep it safe."
        ).format(rows=rows, files=count, size=size)
    )
    return path


def _add_files(writer: archive.Writer) -> int:
    folder = home.directory() / "files"
    count = 0
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith("incoming-"):
            writer.add(f"files/{path.relative_to(folder).as_posix()}", path)
            count += 1
    return count


def _dump(target: Path) -> dict[str, Any]:
    """pg_dump and the fingerprint of what it dumps, both of the same instant (an exported snapshot)."""
    address = owner_address()
    try:
        with psycopg.connect(address, connect_timeout=10) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            snapshot = connection.execute("SELECT pg_export_snapshot()").fetchone()
            tables = fingerprint.of_tables(connection)
            _pg_dump(address, target, str(snapshot[0]) if snapshot else "")
            roles = connection.execute(_ROLES).fetchall()
            return {
                "postgresql": connection.info.server_version,
                "roles": [name for (name,) in roles],
                "tables": {name: vars(content) for name, content in tables.items()},
            }
    except psycopg.errors.InsufficientPrivilege:
        raise Failure(_refused()) from None
    except psycopg.OperationalError as error:
        raise Unreachable(
            _("The database does not answer: {reason}").format(reason=str(error).strip())
        ) from None


def owner_address() -> str:
    """How to reach the database as somebody whom row-level security does not bind."""
    if external():
        home.database()  # says what is wrong with an address that is no address
        return os.environ.get("PGDUMP_URL") or os.environ["DATABASE_URL"]
    return localpg.superuser_dsn(cluster())


def _pg_dump(address: str, target: Path, snapshot: str) -> None:
    command = [str(localpg.binaries() / "pg_dump"), "--format=custom", f"--snapshot={snapshot}"]
    done = subprocess.run(  # noqa: S603 - our own programs
        [*command, f"--file={target}"],
        env={**localpg.environment(), **_as_environment(address)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode and "row-level security" in done.stderr:
        raise Failure(_refused())
    if done.returncode:
        raise Failure(_("pg_dump failed: {reason}").format(reason=done.stderr.strip()))


def _as_environment(address: str) -> dict[str, str]:
    """Not as arguments: every user of the machine can read those, and one is a password."""
    names = {
        "host": "PGHOST",
        "port": "PGPORT",
        "user": "PGUSER",
        "password": "PGPASSWORD",
        "dbname": "PGDATABASE",
    }
    names |= {"sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT"}
    return {
        names[name]: str(value)
        for name, value in conninfo_to_dict(address).items()
        if name in names and value
    }


def _refused() -> str:
    return _(
        "The application's database role cannot back up everything: row-level security binds it, on purpose. "
        "Give the address of a superuser, or of a role with BYPASSRLS, in PGDUMP_URL."
    )
