"""``restore``: a backup into a new data directory, or into a throwaway one to prove that it restores."""

import subprocess
import tempfile
from pathlib import Path
from typing import Annotated, Any

import psycopg
import typer
from psycopg import sql

from etabli.kernel import localpg

from . import archive, fingerprint
from .language import _
from .outcome import CheckFailed, Failure
from .terminal import say, table


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help=_("The backup"))],
    verify: Annotated[bool, typer.Option("--verify", help=_("Restore it aside, compare everything"))] = False,
    into: Annotated[Path | None, typer.Option(help=_("The new data directory, which must be empty"))] = None,
) -> None:
    """Restore a backup into a new data directory, or verify that it could be; never over a running one."""
    if verify == (into is not None):
        raise typer.BadParameter(_("say either --verify or --into DIRECTORY"))
    if into:
        restore_into(file, into.absolute())
    else:
        prove(file)


def restore_into(file: Path, target: Path) -> None:
    """Make ``target`` a whole data directory. Raises Failure or CheckFailed when the backup is damaged."""
    if target.exists() and any(target.iterdir()):
        raise Failure(_("{path} is not empty. Choose a new directory.").format(path=target))
    manifest, differing = _lay_out(file, target)
    if differing:
        raise CheckFailed(_("The backup is damaged: {names}").format(names=", ".join(differing[:5])))
    with localpg.serving(target / "postgres"):
        _load(target, manifest)
    (target / archive.DUMP).unlink()
    say(_("Restored. To use it, type: ETABLI_HOME='{path}' ./etabli up").format(path=target))


def prove(file: Path) -> None:
    """Restore aside, compare with what the backup says, print a table. Raises CheckFailed when different."""
    with tempfile.TemporaryDirectory(prefix="etabli-verify-") as scratch:
        Path(scratch).chmod(0o711)  # the account that runs PostgreSQL passes through
        target = Path(scratch) / "home"
        manifest, differing = _lay_out(file, target)
        with localpg.serving(target / "postgres", {"fsync": "off"}):
            _load(target, manifest)
            with psycopg.connect(localpg.superuser_dsn(target / "postgres")) as connection:
                found = fingerprint.of_tables(connection)
    wrong = _print(manifest, found, differing)
    if wrong:
        raise CheckFailed(_("{count} differences: do not rely on this backup.").format(count=wrong))
    say(_("The backup restores to exactly what was saved."))


def _lay_out(file: Path, target: Path) -> tuple[dict[str, Any], list[str]]:
    needed = 3 * file.stat().st_size
    if archive.free_space(target) < needed:
        raise Failure(_("{path} needs about {size:.0f} MB free.").format(path=target, size=needed / 1e6))
    target.mkdir(parents=True, exist_ok=True)
    manifest, differing = archive.unpack(file, target)
    keys = target / "keys"
    if keys.is_dir():
        for key in keys.iterdir():
            key.rename(target / key.name)
        keys.rmdir()
    return manifest, differing


def _load(target: Path, manifest: dict[str, Any]) -> None:
    cluster = target / "postgres"
    others = [name for name in manifest["roles"] if name not in ("etabli", "postgres")]
    with psycopg.connect(localpg.superuser_dsn(cluster), autocommit=True) as connection:
        for name in others:
            connection.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(name)))
        _pg_restore(cluster, target / archive.DUMP)
        for name in others:  # the application's role has another name where the backup was made
            connection.execute(sql.SQL("REASSIGN OWNED BY {} TO etabli").format(sql.Identifier(name)))


def _pg_restore(cluster: Path, dump: Path) -> None:
    command = [str(localpg.binaries() / "pg_restore"), "--exit-on-error", "--single-transaction"]
    done = subprocess.run(  # noqa: S603 - our own programs
        [*command, "--dbname", localpg.superuser_dsn(cluster), str(dump)],
        env=localpg.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CheckFailed(_("The database cannot be restored: {reason}").format(reason=done.stderr.strip()))


def _print(manifest: dict[str, Any], found: dict[str, fingerprint.Content], differing: list[str]) -> int:
    """The table of the comparison; returns how many lines differ."""
    saved = {name: fingerprint.Content(**content) for name, content in manifest["tables"].items()}
    rows, tones = [], []
    for name in sorted({*saved, *found}):
        same = saved.get(name) == found.get(name)
        counts = [str(side[name].rows) if name in side else "—" for side in (saved, found)]
        rows.append((name, *counts, _("same") if same else _("DIFFERENT")))
        tones.append("ok" if same else "error")
    files = [name for name in manifest["parts"] if name.startswith("files/")]
    bad = [name for name in differing if name.startswith("files/")]
    rows.append(
        (_("stored files"), str(len(files)), str(len(files) - len(bad)), _("DIFFERENT") if bad else _("same"))
    )
    tones.append("error" if bad else "ok")
    for name in differing:
        rows.append((name, "", "", _("DIFFERENT")))
        tones.append("error")
    table((_("What"), _("Saved"), _("Restored"), _("Comparison")), rows, tones)
    return tones.count("error")
