"""The database as commands see it: served while they work, reached without loading Django."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import psycopg

from etabli.kernel import localpg

from .. import home
from .language import _
from .outcome import Failure, Unreachable

OLDEST = 15


def cluster() -> Path:
    """The directory of the embedded server."""
    return home.directory() / "postgres"


def external() -> bool:
    """Whether ``DATABASE_URL`` names a server that is not ours."""
    return bool(os.environ.get("DATABASE_URL"))


def ensure_running() -> None:
    """Start the embedded server when it is ours; nothing for an external one."""
    if not external():
        localpg.start(cluster())


@contextmanager
def served() -> Iterator[None]:
    """The database answers inside the block; an embedded server that we started is stopped after it."""
    if external():
        yield
    else:
        with localpg.serving(cluster()):
            yield


def parameters() -> dict[str, Any]:
    """libpq's connection parameters of the application role."""
    found = home.database()
    names = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
    return {libpq: found[django] for django, libpq in names.items() if found.get(django)} | cast(
        "dict[str, Any]", found.get("OPTIONS", {})
    )


def connect(patience: float = 0.0) -> psycopg.Connection[tuple[Any, ...]]:
    """A connection of the application role; waits ``patience`` seconds for a server that is still starting.

    Raises Unreachable with where it looked, never with the password.
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            return psycopg.connect(**parameters(), connect_timeout=5)
        except psycopg.OperationalError as error:
            if time.monotonic() > deadline:
                raise Unreachable(_unreachable(str(error))) from None
            time.sleep(0.5)


def _unreachable(reason: str) -> str:
    where = {name: value for name, value in parameters().items() if name != "password"}
    place = f"{where.get('host', 'localhost')}:{where.get('port', 5432)}/{where.get('dbname', '')}"
    return _("PostgreSQL does not answer at {place}: {reason}").format(place=place, reason=reason.strip())


def check_role(connection: psycopg.Connection[Any]) -> None:
    """Refuse a server too old, or a role that row-level security does not bind."""
    if connection.info.server_version < OLDEST * 10_000:
        version = connection.info.server_version // 10_000
        raise Failure(
            _("PostgreSQL {version} is too old: Établi needs {oldest} or newer.").format(
                version=version, oldest=OLDEST
            )
        )
    found = connection.execute(
        "SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"
    ).fetchone()
    if found and (found[1] or found[2]):
        raise Failure(
            _(
                "The database role “{role}” is superuser or has BYPASSRLS: the separation between "
                "organisations would not hold. Use a role made by: "
                "CREATE ROLE etabli LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD '…'"
            ).format(role=found[0])
        )


def empty(connection: psycopg.Connection[Any], table: str) -> bool:
    """Whether a table is absent or has no row."""
    if connection.execute("SELECT to_regclass(%s)", [table]).fetchone() == (None,):
        return True
    query = psycopg.sql.SQL("SELECT EXISTS (SELECT FROM {})").format(psycopg.sql.Identifier(table))
    return connection.execute(query).fetchone() == (False,)
