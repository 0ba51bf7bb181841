"""The embedded PostgreSQL, with real clusters."""

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from etabli.kernel import localpg, postmaster, system_account

HURRIED = {"fsync": "off", "shared_buffers": "16MB"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared cluster, stopped: tests copy it, which is faster than making one each."""
    cluster = tmp_path_factory.mktemp("made") / "postgres"
    localpg.start(cluster, HURRIED)
    localpg.stop(cluster)
    return cluster


@pytest.fixture
def cluster(made: Path, tmp_path: Path) -> Iterator[Path]:
    """A cluster of its own for one test, not started."""
    place = tmp_path / "postgres"
    subprocess.run(["cp", "-a", str(made), str(place)], check=True)
    yield place
    localpg.stop(place)


def ask(cluster: Path, query: str, database: str = "etabli", user: str = "postgres") -> list[tuple]:
    address = localpg.superuser_dsn(cluster, database).replace("user=postgres", f"user={user}")
    with psycopg.connect(address, autocommit=True) as connection:
        done = connection.execute(query)
        return done.fetchall() if done.description else []


def kill(cluster: Path) -> None:
    pid = int((cluster / "postmaster.pid").read_text().split()[0])
    os.kill(pid, signal.SIGKILL)
    assert postmaster.wait_end(pid, 5)


def test_a_new_cluster_has_the_role_the_extensions_and_utf8(cluster: Path) -> None:
    localpg.start(cluster, HURRIED)
    assert ask(
        cluster, "SELECT rolsuper, rolbypassrls, rolcreatedb FROM pg_roles WHERE rolname = 'etabli'"
    ) == [(False, False, True)]
    assert ask(
        cluster, "SELECT datlocale, pg_encoding_to_char(encoding) FROM pg_database WHERE datname = 'etabli'"
    ) == [("C.UTF-8", "UTF8")]
    for database in ("etabli", "template1"):
        found = {name for (name,) in ask(cluster, "SELECT extname FROM pg_extension", database)}
        assert {"pg_trgm", "unaccent", "btree_gist"} <= found
        sealed = "SELECT proname FROM pg_proc WHERE proleakproof AND proname = ANY (%s)"
        names = [name.partition("(")[0] for name in localpg.SEALED]
        wanted = "{" + ",".join(names) + "}"
        assert {name for (name,) in ask(cluster, sealed.replace("%s", f"'{wanted}'"), database)} == set(names)


def test_the_application_role_makes_databases_but_cannot_read_files(cluster: Path) -> None:
    localpg.start(cluster, HURRIED)
    ask(cluster, "CREATE DATABASE another", user="etabli")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        ask(cluster, "SELECT pg_read_file('PG_VERSION')", user="etabli")


def test_trigrams_of_an_accented_word_are_those_of_one_word(cluster: Path) -> None:
    localpg.start(cluster, HURRIED)
    assert ask(cluster, "SELECT cardinality(show_trgm('été')), similarity('été', 'ete') < 1") == [(4, True)]


def test_only_the_owner_may_enter_and_nothing_listens_on_the_network(cluster: Path) -> None:
    localpg.start(cluster, HURRIED)
    assert stat.S_IMODE(cluster.stat().st_mode) == 0o700
    assert ask(cluster, "SHOW listen_addresses") == [("",)]


def test_committed_rows_survive_a_killed_server(cluster: Path) -> None:
    localpg.start(cluster)
    ask(cluster, "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
    kill(cluster)
    assert not localpg.running(cluster)
    localpg.start(cluster)
    assert ask(cluster, "SELECT count(*) FROM kept") == [(1000,)]


def test_a_server_killed_while_a_session_works_starts_again(cluster: Path) -> None:
    localpg.start(cluster, HURRIED)
    with ThreadPoolExecutor() as pool:
        busy = pool.submit(ask, cluster, "SELECT count(*) FROM generate_series(1, 4000000)")
        time.sleep(0.2)
        kill(cluster)
        localpg.start(cluster, HURRIED)
        assert ask(cluster, "SELECT 1") == [(1,)]
        busy.exception()


def test_a_pid_file_that_names_another_program_does_not_prevent_a_start(cluster: Path) -> None:
    localpg.start(cluster, HURRIED)
    door = localpg.socket_directory(cluster) / f".s.PGSQL.{localpg.PORT}.lock"
    locks = {lock: lock.read_text() for lock in (cluster / "postmaster.pid", door)}
    kill(cluster)
    other = subprocess.Popen(["sleep", "60"], cwd="/", **_as_the_servers_account(cluster))
    try:
        for lock, text in locks.items():
            lock.write_text(text.replace(text.split()[0], str(other.pid), 1))
        assert not localpg.running(cluster)
        localpg.stop(cluster)
        assert other.poll() is None, "stop must not signal a program that is not the server"
        localpg.start(cluster, HURRIED)
        assert localpg.running(cluster)
    finally:
        other.kill()
        other.wait()


def test_two_starts_at_once_make_one_server(tmp_path: Path) -> None:
    cluster = tmp_path / "postgres"
    code = (
        f"import sys; sys.path[:0] = {sys.path!r}\nfrom pathlib import Path\nfrom etabli.kernel import localpg\n"
        f"localpg.start(Path({str(cluster)!r}), {HURRIED!r})"
    )
    both = [subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE) for _ in range(2)]
    try:
        errors = [process.communicate(timeout=60)[1] for process in both]
        assert [process.returncode for process in both] == [0, 0], errors
        assert ask(cluster, "SELECT 1") == [(1,)]
    finally:
        localpg.stop(cluster)


def test_an_interrupted_first_start_is_made_again(tmp_path: Path) -> None:
    half = tmp_path / "postgres.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    localpg.start(tmp_path / "postgres", HURRIED)
    try:
        assert localpg.running(tmp_path / "postgres")
        assert not half.exists()
    finally:
        localpg.stop(tmp_path / "postgres")


@pytest.mark.parametrize("name", ["très long " * 12, "a,b", 'it\'s "quoted"'])
def test_any_path_will_do(made: Path, tmp_path: Path, name: str) -> None:
    cluster = tmp_path / name / "postgres"
    cluster.parent.mkdir()
    subprocess.run(["cp", "-a", str(made), str(cluster)], check=True)
    assert len(os.fsencode(localpg.socket_directory(cluster))) < 100
    localpg.start(cluster, HURRIED)
    try:
        assert ask(cluster, "SELECT 1") == [(1,)]
    finally:
        localpg.stop(cluster)
        place = localpg.socket_directory(cluster)
        if place != cluster.resolve():
            place.rmdir()


def test_asking_where_the_socket_is_makes_nothing(tmp_path: Path) -> None:
    localpg.socket_directory(tmp_path / "absent" / ("x" * 200))
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_holds_something_else_is_refused(tmp_path: Path) -> None:
    place = tmp_path / "postgres"
    place.mkdir()
    (place / "holiday.jpg").touch()
    with pytest.raises(localpg.PostgresError, match="holds files"):
        localpg.start(place)
    assert (place / "holiday.jpg").exists()


def test_a_cluster_of_another_version_is_refused_with_what_to_do(cluster: Path) -> None:
    (cluster / "PG_VERSION").write_text("12\n")
    with pytest.raises(localpg.PostgresError, match="made by PostgreSQL 12"):
        localpg.start(cluster)


def test_a_setting_that_postgresql_refuses_is_told(cluster: Path) -> None:
    with pytest.raises(localpg.PostgresError, match=r"did not start: .*shared_buffers"):
        localpg.start(cluster, {"shared_buffers": "plenty"})


def test_ones_own_settings_win(cluster: Path) -> None:
    (cluster / "local.conf").write_text("work_mem = '7MB'\n")
    if account := system_account.lent(cluster):
        os.chown(cluster / "local.conf", account.pw_uid, account.pw_gid)
    localpg.start(cluster, {**HURRIED, "work_mem": "5MB"})
    assert ask(cluster, "SHOW work_mem") == [("7MB",)]


def test_serving_stops_only_what_it_started(cluster: Path) -> None:
    with localpg.serving(cluster, HURRIED):
        with localpg.serving(cluster):
            pass
        assert localpg.running(cluster)
    assert not localpg.running(cluster)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root lends an account")
def test_root_lends_an_account_and_opens_no_more_than_the_way_through(tmp_path: Path, capsys) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    localpg.start(private / "postgres", HURRIED)
    try:
        assert (private / "postgres").stat().st_uid != 0
        assert stat.S_IMODE(private.stat().st_mode) == 0o701
        assert str(private) in capsys.readouterr().err
    finally:
        localpg.stop(private / "postgres")


def _as_the_servers_account(cluster: Path) -> dict[str, int]:
    account = system_account.lent(cluster)
    return {"user": account.pw_uid} if account else {}
