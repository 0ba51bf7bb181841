"""Checks of ``doctor`` that ask the database: version, extensions, role, row security, migrations, worker."""

import os
import time
from typing import Any

import psycopg

from .checks import Check
from .database import OLDEST, connect, external
from .language import _

EXTENSIONS = ("btree_gist", "pg_trgm", "unaccent")
_FRESH = 60.0  # seconds since a worker's last heartbeat; it beats every ten
_DRIFT = 5.0  # seconds between two clocks before signatures and one-time codes are refused


def server() -> Check:
    """PostgreSQL."""
    with connect() as connection:
        number = connection.info.server_version
    kind = _("external") if external() else _("embedded")
    found = f"{number // 10_000}.{number % 10_000} ({kind})"
    level = "ok" if number >= OLDEST * 10_000 else "error"
    return Check("PostgreSQL", f"≥ {OLDEST}", found, level, _("Move to a newer server"))


def extensions() -> Check:
    """Extensions."""
    have = {name for (name,) in _rows("SELECT extname FROM pg_extension")}
    absent = [name for name in EXTENSIONS if name not in have]
    found = _("absent: {names}").format(names=", ".join(absent)) if absent else _("all")
    mend = _("As superuser: ") + " ".join(f"CREATE EXTENSION {name};" for name in absent)
    return Check(_("Extensions"), ", ".join(EXTENSIONS), found, "error" if absent else "ok", mend)


def role() -> Check:
    """Database role."""
    (name, superuser, bypass) = _rows(
        "SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"
    )[0]
    rights = [right for right, held in (("SUPERUSER", superuser), ("BYPASSRLS", bypass)) if held]
    mend = _("As superuser: ALTER ROLE {name} NOSUPERUSER NOBYPASSRLS").format(name=name)
    found = f"{name} {' '.join(rights)}".strip()
    return Check(
        _("Database role"), _("bound by row-level security"), found, "error" if rights else "ok", mend
    )


def leakproof() -> Check:
    """Operators of searches are leak-proof."""
    from etabli.kernel.localpg import SEALED

    orders = {name.partition("(")[0]: f"ALTER FUNCTION {name} {how}" for name, how in SEALED.items()}
    query = psycopg.sql.SQL(
        "SELECT proname FROM pg_proc WHERE proname = ANY ({}) AND NOT proleakproof ORDER BY 1"
    ).format(psycopg.sql.Literal(list(orders)))
    leaky = [row[0] for row in _rows(query)]
    mend = _("As superuser, to use indexes: {orders}").format(
        orders="; ".join(orders[name] for name in leaky)
    )
    found = _("no: searches read whole tables") if leaky else _("yes")
    return Check(
        _("Operators of searches are leak-proof"), _("yes"), found, "warning" if leaky else "ok", mend
    )


def migrations() -> Check:
    """Migrations."""
    _django()
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    found = ", ".join(f"{migration.app_label}.{migration.name}" for migration, _backwards in plan[:3])
    level = "error" if plan else "ok"
    return Check(_("Migrations"), _("all applied"), found or _("all applied"), level, "./etabli upgrade")


def row_security() -> Check:
    """Row-level security."""
    _django()
    from etabli.kernel.rowsecurity import unprotected_tables

    open_tables = unprotected_tables()
    found = ", ".join(open_tables[:4]) if open_tables else _("every table")
    name, expected = _("Row-level security"), _("on every organisation's table")
    return Check(name, expected, found, "error" if open_tables else "ok", "./etabli upgrade")


def worker() -> Check:
    """Background jobs."""
    name, mend = _("Background jobs"), _("./etabli up starts a worker; or ./etabli worker")
    expected = _("a worker seen less than {seconds:.0f} s ago").format(seconds=_FRESH)
    if _rows("SELECT to_regclass('procrastinate_workers')")[0][0] is None:
        return Check(name, expected, _("no job table yet"), "warning", mend)
    age = _rows("SELECT extract(epoch FROM now() - max(last_heartbeat)) FROM procrastinate_workers")[0][0]
    found = _("none") if age is None else _("{seconds:.0f} s ago").format(seconds=float(age))
    level = "ok" if age is not None and float(age) < _FRESH else "warning"
    return Check(name, expected, found, level, mend)


def clock() -> Check:
    """Clock."""
    before = time.time()
    theirs = float(_rows("SELECT extract(epoch FROM clock_timestamp())")[0][0])
    drift = max(before - theirs, theirs - time.time(), 0.0)
    found = f"{drift:.1f} s"
    expected = _("within {seconds:.0f} s of the database's").format(seconds=_DRIFT)
    return Check(
        _("Clock"), expected, found, "ok" if drift < _DRIFT else "error", _("Set up NTP: timedatectl")
    )


def _rows(query: psycopg.sql.SQL | Any) -> list[tuple[Any, ...]]:
    with connect() as connection:
        return connection.execute(query).fetchall()


def _django() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "etabli.project.settings")
    django.setup()


CHECKS = (server, extensions, role, leakproof, migrations, row_security, worker, clock)
