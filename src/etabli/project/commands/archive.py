"""The backup file: a tar of the database's dump, the stored files, the keys, and last a manifest of them all.

``manifest.json`` holds: ``format`` (1), ``version`` of Établi, ``made_at`` (ISO 8601, UTC), ``postgresql``
(server version), ``roles`` (database roles that the dump names), ``tables`` {name: {rows, checksum}} and
``parts`` {name in the tar: {size in bytes, sha256}}.
"""

import hashlib
import io
import json
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

from .language import _
from .outcome import Failure

FORMAT = 1
MANIFEST = "manifest.json"
DUMP = "database.dump"
_CHUNK = 1 << 20


@dataclass
class Writer:
    """Adds parts one after the other, and remembers their digests for the manifest."""

    tar: tarfile.TarFile
    parts: dict[str, dict[str, Any]] = field(default_factory=dict)

    def add(self, name: str, source: Path) -> None:
        """One file; it may not change while it is read."""
        with source.open("rb") as content:
            facts = tarfile.TarInfo(name)
            facts.size = source.stat().st_size
            facts.mode = 0o600
            reader = _Hashing(content)
            self.tar.addfile(facts, cast("IO[bytes]", reader))  # it only reads
        self.parts[name] = {"size": facts.size, "sha256": reader.digest.hexdigest()}

    def close(self, facts: dict[str, Any]) -> None:
        """Write the manifest, the last part: a file without it was cut short."""
        text = json.dumps({"format": FORMAT, **facts, "parts": self.parts}, indent=1, sort_keys=True).encode()
        info = tarfile.TarInfo(MANIFEST)
        info.size = len(text)
        info.mode = 0o600
        self.tar.addfile(info, io.BytesIO(text))


class _Hashing:
    def __init__(self, content: IO[bytes]) -> None:
        self._content = content
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        chunk = self._content.read(size)
        self.digest.update(chunk)
        return chunk


@contextmanager
def written(path: Path) -> Iterator[Writer]:
    """A new archive beside ``path``, readable by us alone; takes its name once whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.part")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    try:
        with tarfile.open(fresh, "w", format=tarfile.PAX_FORMAT) as tar:
            yield Writer(tar)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def unpack(path: Path, target: Path) -> tuple[dict[str, Any], list[str]]:
    """Lay the parts below ``target``; returns the manifest, and the names of parts that are not as it says.

    Raises Failure when the file is no backup, was cut short, or comes from a later format.
    """
    found: dict[str, str] = {}
    manifest: dict[str, Any] = {}
    try:
        with tarfile.open(path, "r:") as tar:
            for member in tar:
                content = tar.extractfile(member)
                if content is None:
                    raise Failure(_not_ours(path))
                if member.name == MANIFEST:
                    manifest = json.load(content)
                else:
                    found[member.name] = _lay(content, target / _safe(member.name, path))
    except (tarfile.TarError, ValueError, EOFError, OSError) as error:
        raise Failure(_("{path} cannot be read: {reason}").format(path=path, reason=error)) from None
    if not manifest:
        raise Failure(_not_ours(path))
    if manifest.get("format") != FORMAT:
        raise Failure(_("This backup was made by a later version of Établi; use that version to restore it."))
    expected = {name: part["sha256"] for name, part in manifest["parts"].items()}
    return manifest, sorted(name for name in {*expected, *found} if expected.get(name) != found.get(name))


def _not_ours(path: Path) -> str:
    return _("{path} is not a whole backup of Établi: its manifest is missing.").format(path=path)


def _safe(name: str, path: Path) -> PurePosixPath:
    """Only the names we write: nothing outside the target, nothing surprising inside it."""
    place = PurePosixPath(name)
    known = name == DUMP or (place.parts[0] in ("files", "keys") and len(place.parts) > 1)
    if not known or place.is_absolute() or ".." in place.parts:
        raise Failure(_("{path} holds a part that is not ours: {name}").format(path=path, name=name))
    return place


def _lay(content: IO[bytes], target: Path) -> str:
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    target.touch(mode=0o600)
    with target.open("wb") as file:
        while chunk := content.read(_CHUNK):
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest()


def free_space(directory: Path) -> int:
    """Bytes left where ``directory`` is or will be."""
    place = next(parent for parent in (directory, *directory.parents) if parent.exists())
    return shutil.disk_usage(place).free
