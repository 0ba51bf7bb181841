"""Backup and restore, between two real clusters, and the refusal of damaged files."""

import io
import json
import re
import tarfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from etabli.kernel import localpg
from etabli.project.commands import archive, fingerprint
from etabli.project.commands.backup import save
from etabli.project.commands.outcome import CheckFailed, Failure
from etabli.project.commands.restore import prove, restore_into

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TABLES = """
SET ROLE etabli;
CREATE TABLE asset (id bigint PRIMARY KEY, organisation_id bigint, name text, at timestamptz DEFAULT now());
INSERT INTO asset SELECT n, n % 3, 'é' || n FROM generate_series(1, 500) AS n;
ALTER TABLE asset ENABLE ROW LEVEL SECURITY;
ALTER TABLE asset FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON asset USING (organisation_id = 1);
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data directory with a database under row-level security, a stored file and a key."""
    place = tmp_path_factory.mktemp("home")
    (place / "files" / "ab" / "cd").mkdir(parents=True)
    (place / "files" / "ab" / "cd" / "abcd").write_bytes(b"content")
    (place / "files" / "ab" / "cd" / "incoming-x").write_bytes(b"half")
    (place / "secret.keys").write_text("key")
    with localpg.serving(place / "postgres", {"fsync": "off", "shared_buffers": "16MB"}):
        with psycopg.connect(localpg.superuser_dsn(place / "postgres")) as connection:
            connection.execute(TABLES)
        yield place


@pytest.fixture(scope="module")
def saved(home: Path) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ETABLI_HOME", str(home))
        patch.delenv("DATABASE_URL", raising=False)
        yield save(now=NOON)


def changed(saved: Path, target: Path, change: Callable[[str, bytes], bytes | None]) -> Path:
    """The same archive, each part as ``change`` gives it; None leaves the part out."""
    with tarfile.open(saved) as source, tarfile.open(target, "w") as copy:
        for member in source:
            content = change(member.name, source.extractfile(member).read())
            if content is not None:
                info = tarfile.TarInfo(member.name)
                info.size = len(content)
                copy.addfile(info, io.BytesIO(content))
    return target


def test_the_backup_holds_all_rows_the_files_and_the_keys_and_is_ours_alone(saved: Path) -> None:
    assert saved.name == "etabli-20260301-120000.tar"
    assert saved.stat().st_mode & 0o077 == 0
    with tarfile.open(saved) as tar:
        assert tar.getnames() == [archive.DUMP, "files/ab/cd/abcd", "keys/secret.keys", archive.MANIFEST]
        manifest = json.load(tar.extractfile(archive.MANIFEST))
    assert manifest["tables"]["asset"]["rows"] == 500
    assert manifest["made_at"] == "2026-03-01T12:00:00+00:00"


def test_a_restored_directory_holds_the_same(saved: Path, home: Path, tmp_path: Path) -> None:
    target = tmp_path / "restored"
    restore_into(saved, target)
    assert (target / "secret.keys").read_text() == "key"
    assert (target / "secret.keys").stat().st_mode & 0o077 == 0
    assert (target / "files/ab/cd/abcd").read_bytes() == b"content"
    with (
        localpg.serving(target / "postgres"),
        psycopg.connect(localpg.superuser_dsn(target / "postgres")) as copy,
    ):
        restored = fingerprint.of_tables(copy)
        owner = copy.execute(
            "SELECT tableowner, rowsecurity FROM pg_tables WHERE tablename = 'asset'"
        ).fetchone()
    with psycopg.connect(localpg.superuser_dsn(home / "postgres")) as original:
        assert restored == fingerprint.of_tables(original)
    assert owner == ("etabli", True)


def test_verifying_a_good_backup_passes(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    prove(saved)
    assert "asset\t500\t500" in capsys.readouterr().out


def test_a_row_changed_since_is_found(
    saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def another_checksum(name: str, content: bytes) -> bytes:
        if name != archive.MANIFEST:
            return content
        manifest = json.loads(content)
        manifest["tables"]["asset"]["checksum"] = "1"
        return json.dumps(manifest).encode()

    with pytest.raises(CheckFailed):
        prove(changed(saved, tmp_path / "bad.tar", another_checksum))
    assert "asset\t500\t500" in capsys.readouterr().out


def test_a_changed_file_is_found(saved: Path, tmp_path: Path) -> None:
    bad = changed(
        saved,
        tmp_path / "bad.tar",
        lambda name, content: b"CONTENT" if name.startswith("files/") else content,
    )
    with pytest.raises(CheckFailed, match="files/ab/cd/abcd"):
        restore_into(bad, tmp_path / "new")


def test_an_archive_cut_short_is_no_backup(saved: Path, tmp_path: Path) -> None:
    without = changed(
        saved, tmp_path / "bad.tar", lambda name, content: None if name == archive.MANIFEST else content
    )
    with pytest.raises(Failure, match=r"bad\.tar"):
        archive.unpack(without, tmp_path / "one")
    (tmp_path / "half.tar").write_bytes(saved.read_bytes()[:700])
    with pytest.raises(Failure):
        archive.unpack(tmp_path / "half.tar", tmp_path / "two")


@pytest.mark.parametrize(
    "name", ["../outside", "/etc/outside", "files/../../outside", "postgres/PG_VERSION", "files"]
)
def test_a_part_with_a_surprising_name_is_refused(tmp_path: Path, name: str) -> None:
    with tarfile.open(tmp_path / "bad.tar", "w") as tar:
        info = tarfile.TarInfo(name)
        info.size = 1
        tar.addfile(info, io.BytesIO(b"x"))
    with pytest.raises(Failure, match=re.escape(f": {name}")):
        archive.unpack(tmp_path / "bad.tar", tmp_path / "inside")
    assert not (tmp_path / "outside").exists()


def test_a_directory_in_use_is_never_restored_over(saved: Path, tmp_path: Path) -> None:
    (tmp_path / "precious").touch()
    with pytest.raises(Failure, match=re.escape(str(tmp_path))):
        restore_into(saved, tmp_path)


def test_the_application_role_cannot_back_up_what_it_cannot_see(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ETABLI_HOME", str(home))
    monkeypatch.setenv("DATABASE_URL", f"postgresql://etabli@/etabli?host={home / 'postgres'}")
    with pytest.raises(Failure, match="PGDUMP_URL"):
        save(tmp_path / "refused.tar")
    assert list(tmp_path.iterdir()) == []
