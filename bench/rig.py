"""The bench's own database: started, migrated and filled once, then kept."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ADMIN = "bench@bench.example"


def home() -> Path:
    """Where the bench lives, apart from any data directory of a person."""
    return Path(os.environ.get("ETABLI_BENCH_HOME") or ROOT / "var" / "bench")


@contextmanager
def running(assets: int) -> Iterator[None]:
    """The product set up in this process, as in production, on a database holding ``assets`` assets."""
    os.environ["ETABLI_HOME"] = str(home())
    os.environ.pop("DATABASE_URL", None)
    os.environ["DJANGO_SETTINGS_MODULE"] = "etabli.project.settings"
    from etabli.kernel import localpg
    from etabli.project.commands.database import connect
    from etabli.project.commands.readiness import make_ready

    cluster = home() / "postgres"
    ours = not localpg.running(cluster)
    localpg.start(cluster)
    try:
        with connect(patience=30) as connection:
            make_ready(connection)
        import django

        django.setup()
        from . import fleet

        fleet.ensure(assets)
        yield
    finally:
        from django.db import connections

        connections.close_all()
        if ours:
            localpg.stop(cluster)


def backend() -> int:
    """The process id of this process's database session."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])
