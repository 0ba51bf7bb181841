"""Files people give us: kept once by content, typed by content, and never shown in a way that could run.

Contents live in Django's default storage under ``ab/cd/<sha256>``; a row says who gave them and under which
name. Two rows may share one content; the content goes once no row is left.
"""

import hashlib
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import IO, Any

import puremagic
from asgiref.sync import sync_to_async
from django.conf import DEFAULT_STORAGE_ALIAS
from django.core.files.base import File as DjangoFile
from django.core.files.storage import FileSystemStorage, Storage, default_storage, storages
from django.core.validators import RegexValidator
from django.db import connection, models, transaction
from django.http import FileResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from . import preferences
from .actors import Actor
from .jobs import job
from .tenancy import NoOrganisation, OrganisationModel, everywhere, the_organisation

SHA256 = RegexValidator(r"\A[0-9a-f]{64}\Z")
CHUNK = 256 * 1024
HEAD = 8192
INLINE = {"image/png", "image/jpeg", "image/webp", "image/gif", "application/pdf", "text/plain"}
CONTROL = frozenset(range(32)) - {7, 8, 9, 10, 12, 13, 27}
SWEEP = 500

preferences.declare(
    "files.max_mb",
    kind=int,
    default=100,
    least=1,
    most=10_000,
    per_organisation=True,
    section=gettext_lazy("Files"),
    label=gettext_lazy("Largest file accepted (MB)"),
)


class FileTooLarge(ValueError):
    """The file is larger than the setting ``files.max_mb`` allows; the message says so to the person."""


class ContentMissing(LookupError):
    """The row is there and its content is not: the storage lost it, or was restored without it."""


class File(OrganisationModel):
    """A file as it was given: its bytes are found by ``sha256``, its type was read from them."""

    sha256 = models.CharField(max_length=64, validators=[SHA256], db_index=True)
    size = models.PositiveBigIntegerField(gettext_lazy("size"))
    name = models.CharField(gettext_lazy("name"), max_length=200)
    media_type = models.CharField(gettext_lazy("type"), max_length=100)
    created_at = models.DateTimeField(gettext_lazy("added on"), auto_now_add=True)
    account_id = models.BigIntegerField(null=True)

    class Meta:
        verbose_name, verbose_name_plural = gettext_lazy("file"), gettext_lazy("files")

    def __str__(self) -> str:
        return self.name

    @property
    def path(self) -> str:
        """Where the content is in the storage."""
        return path_of(self.sha256)


@transaction.atomic
def store(content: IO[bytes] | bytes, *, name: str, actor: Actor, organisation: int | None = None) -> File:
    """Keep a content, read once as a stream, for the organisation (id) in scope or the one given.

    The content is on disk, flushed, before the row can be committed. Raises :class:`FileTooLarge`.
    """
    organisation = organisation or the_organisation()
    if organisation is None:
        raise NoOrganisation("A file belongs to one organisation: say which.")
    limit = preferences.get("files.max_mb", organisation)
    with tempfile.TemporaryFile() as copy:
        sha256, size = _copy(content, copy, limit)
        # Held until the end of the transaction: the clean-up waits until the row is visible.
        _lock(sha256, "pg_advisory_xact_lock_shared")
        _write_once(copy, path_of(sha256), size)
        copy.seek(0)
        media_type = sniff(copy)
    return File.objects.create(
        organisation_id=organisation,
        sha256=sha256,
        size=size,
        name=clean_name(name),
        media_type=media_type,
        account_id=actor.account_id,
    )


def open_file(file: File) -> "DjangoFile[bytes]":
    """The content of a file, to read and close; raises :class:`ContentMissing`."""
    try:
        return default_storage.open(file.path, "rb")
    except FileNotFoundError:
        raise ContentMissing(
            _("The content of “%(name)s” is missing from the storage.") % {"name": file.name}
        )


def serve(file: File) -> FileResponse:
    """Give a file to a browser: shown only when its type cannot run anything, else downloaded.

    The name is encoded by Django as RFC 6266 asks. Raises :class:`ContentMissing`.
    """
    shown = file.media_type in INLINE
    media_type = "text/plain; charset=utf-8" if file.media_type == "text/plain" else file.media_type
    response = Download(
        open_file(file),
        as_attachment=not shown,
        filename=file.name,
        content_type=media_type if shown else "application/octet-stream",
    )
    response["Content-Length"] = str(file.size)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cache-Control"] = "private, max-age=31536000, immutable"
    response["ETag"] = f'"{file.sha256}"'
    return response


class Download(FileResponse):
    """A file read piece by piece under ASGI too, where Django would first load the whole of it."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        pieces: Iterator[bytes] = iter(self.streaming_content)  # type: ignore[arg-type]

        def read() -> bytes:
            return next(pieces, b"")

        while piece := await sync_to_async(read, thread_sensitive=False)():
            yield piece


def sniff(content: IO[bytes]) -> str:
    """The media type of a content, from its bytes alone: a name proves nothing.

    Whatever reads as UTF-8 text is ``text/plain``, be it HTML or SVG, so that it can be shown and never run.
    """
    head = content.read(HEAD)
    if not head:
        return "application/x-empty"
    if head.startswith(b"%PDF-"):
        return "application/pdf"
    if _is_text(head):
        return "text/plain"
    content.seek(0)
    if head.startswith(b"PK\x03\x04"):
        return "application/zip"  # Office documents too: telling them apart would mean unpacking them.
    with suppress(puremagic.PureError, ValueError, IndexError):
        best = puremagic.magic_stream(content)[0]
        if best.confidence >= 0.3 and best.mime_type and not best.mime_type.startswith("text/"):
            return str(best.mime_type)[:100]
    return "application/octet-stream"


def clean_name(name: str) -> str:
    """The last part of a path, without control characters, at most 200 characters, its extension kept."""
    base = "".join(c for c in name.replace("\\", "/").rpartition("/")[2] if c.isprintable()).strip(" .")
    stem, dot, extension = base.rpartition(".")
    if len(base) > 200 and dot and len(extension) < 12:
        return f"{stem[: 199 - len(extension)]}.{extension}"
    return base[:200] or "file"


def path_of(sha256: str) -> str:
    """``ab/cd/<sha256>``."""
    return f"{sha256[:2]}/{sha256[2:4]}/{sha256}"


@job(every="23 3 * * *")
def remove_orphans(beyond: str = "") -> None:
    """Remove the contents no row of any organisation points to, beyond a digest, a batch a job."""
    removed = 0
    for directory in _directories(beyond):
        names = sorted(default_storage.listdir(directory)[1])
        _remove_interrupted(directory, names)
        known = [n for n in names if len(n) == 64 and n > beyond]
        with everywhere(because="contents are shared by all organisations"):
            used = set(File.objects.filter(sha256__in=known).values_list("sha256", flat=True))
        for sha256 in known:
            removed += sha256 not in used and _remove_orphan(sha256)
            if removed >= SWEEP:
                remove_orphans.enqueue(beyond=sha256)
                return


def _directories(beyond: str) -> Iterator[str]:
    try:
        firsts = default_storage.listdir("")[0]
    except FileNotFoundError:  # A disk storage has no directory before its first file.
        return
    for first in sorted(name for name in firsts if len(name) == 2 and name >= beyond[:2]):
        for second in sorted(default_storage.listdir(first)[0]):
            yield f"{first}/{second}"


def _remove_orphan(sha256: str) -> bool:
    """Remove a content unless somebody stores it, or just did: the rows are read again under the lock."""
    if not _lock(sha256, "pg_try_advisory_xact_lock"):
        return False
    with everywhere(because="the row may be in any organisation, even one created a moment ago"):
        if File.objects.filter(sha256=sha256).exists():
            return False
    default_storage.delete(path_of(sha256))
    return True


def _remove_interrupted(directory: str, names: list[str]) -> None:
    """Remove what a copy that was cut left beside, once nobody can still be writing it."""
    yesterday = timezone.now() - timedelta(days=1)
    for path in (f"{directory}/{name}" for name in names if name.startswith("incoming-")):
        if default_storage.get_modified_time(path) < yesterday:
            default_storage.delete(path)


def _lock(sha256: str, function: str) -> bool:
    key = int.from_bytes(bytes.fromhex(sha256[:16]), signed=True)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s)", [key])
        return cursor.fetchone()[0] is not False


def _copy(content: IO[bytes] | bytes, target: IO[bytes], limit_mb: int) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    for chunk in _chunks(content):
        size += len(chunk)
        if size > limit_mb * 1024 * 1024:
            raise FileTooLarge(
                _("The file is too large: at most %(limit)s MB are accepted.") % {"limit": limit_mb}
            )
        digest.update(chunk)
        target.write(chunk)
    return digest.hexdigest(), size


def _chunks(content: IO[bytes] | bytes) -> Iterator[bytes]:
    if isinstance(content, bytes):
        yield content
        return
    while chunk := content.read(CHUNK):
        yield chunk


def _write_once(copy: IO[bytes], path: str, size: int) -> None:
    """Write the content unless it is there whole; a shorter one is what an interrupted copy left."""
    storage: Any = default_storage
    if storage.exists(path) and storage.size(path) == size:
        return
    copy.seek(0)
    if isinstance(storage_in_use(), FileSystemStorage):
        _write_durably(copy, Path(storage.path(path)))
        return
    if storage.exists(path):
        storage.delete(path)
    storage.save(path, DjangoFile(copy))


def storage_in_use() -> Storage:
    """The storage itself: ``default_storage`` is a lazy object that hides its class."""
    return storages[DEFAULT_STORAGE_ALIAS]


def _write_durably(copy: IO[bytes], path: Path) -> None:
    """Write beside, flush, rename, then flush the directories: whole or absent after a power cut."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix="incoming-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            while chunk := copy.read(CHUNK):
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
    for directory in (path.parent, path.parent.parent, path.parent.parent.parent):
        _flush_directory(directory)


def _flush_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_text(head: bytes) -> bool:
    """UTF-8 without control characters; the last character may be cut."""
    if any(byte in CONTROL for byte in head):
        return False
    try:
        head.decode()
    except UnicodeDecodeError as error:
        return len(head) == HEAD and error.start >= len(head) - 3 and error.reason == "unexpected end of data"
    return True
