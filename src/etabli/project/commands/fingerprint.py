"""What a database holds, in a form that two databases can be compared by: rows and a checksum per table."""

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

_TABLES = """
SELECT relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
 WHERE nspname = 'public' AND relkind = 'r'
   AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e')
 ORDER BY relname
"""
# A row's text depends on these; without row_security, a role that policies bind fails instead of seeing less.
_SAME_TEXT = """
SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO'; SET LOCAL intervalstyle = 'iso_8601';
SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 1; SET LOCAL row_security = off
"""
# A sum does not depend on the order of rows; md5 is the same in every version of PostgreSQL.
_SUM = """
SELECT count(*), coalesce(sum(('x' || substr(md5(t::text), 1, 15))::bit(60)::bigint::numeric), 0)::text
  FROM ONLY {table} AS t
"""


@dataclass(frozen=True)
class Content:
    """One table: how many rows, and a checksum of them all, whatever their order."""

    rows: int
    checksum: str


def of_tables(connection: psycopg.Connection[Any]) -> dict[str, Content]:
    """Every table of the schema public, in the transaction of the connection.

    Raises psycopg.errors.InsufficientPrivilege for a role that row-level security binds.
    """
    connection.execute(_SAME_TEXT)
    found = {}
    for (name,) in connection.execute(_TABLES).fetchall():
        row = connection.execute(sql.SQL(_SUM).format(table=sql.Identifier("public", name))).fetchone()
        assert row is not None  # noqa: S101 - an aggregate always gives a row
        found[name] = Content(*row)
    return found
