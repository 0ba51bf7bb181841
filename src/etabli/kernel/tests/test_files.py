import asyncio
import io
import os
import threading
import time
import zipfile
from contextlib import closing

import pytest
from django.core.files.storage import default_storage
from django.db import connections, transaction

from etabli.kernel import files, jobs, preferences
from etabli.kernel.actors import SYSTEM
from etabli.kernel.files import (
    ContentMissing,
    File,
    FileTooLarge,
    clean_name,
    open_file,
    remove_orphans,
    serve,
    sniff,
    store,
)
from etabli.kernel.tenancy import NoOrganisation, scope

PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
)


@pytest.fixture
def disk(settings, tmp_path):
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path / "files"},
        },
    }
    return tmp_path / "files"


def zipped() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("a.txt", "a")
    return made.getvalue()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00", "image/jpeg"),
        (b"GIF89a\x01\x00\x01\x00\x80\x00\x00", "image/gif"),
        (b"RIFF\x24\x00\x00\x00WEBPVP8 \x18\x00\x00\x00\x00", "image/webp"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", "application/pdf"),
        (zipped(), "application/zip"),
        ("Une clé, des œufs.\n".encode(), "text/plain"),
        (b"<html><script>alert(1)</script></html>", "text/plain"),
        (b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', "text/plain"),
        (("é" * 9000).encode(), "text/plain"),
        (bytes(range(256)) * 4, "application/octet-stream"),
        (b"", "application/x-empty"),
    ],
)
def test_the_type_comes_from_the_content(content, expected):
    assert sniff(io.BytesIO(content)) == expected


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("C:\\Users\\bob\\plan.pdf", "plan.pdf"),
        ("../../etc/passwd", "passwd"),
        ("a\r\nSet-Cookie: x.txt", "aSet-Cookie: x.txt"),
        ("", "file"),
        ("x" * 300 + ".pdf", "x" * 196 + ".pdf"),
    ],
)
def test_a_name_is_only_a_name(given, kept):
    assert clean_name(given) == kept


def test_a_content_is_stored_once_and_read_back(at_acme, disk):
    one = store(io.BytesIO(PNG), name="a.png", actor=at_acme.admin)
    two = store(PNG, name="b.png", actor=at_acme.admin)
    assert (one.sha256, one.size, one.media_type, one.account_id) == (
        two.sha256,
        len(PNG),
        "image/png",
        at_acme.boss.pk,
    )
    found = [p for p in disk.rglob("*") if p.is_file()]
    assert [str(p.relative_to(disk)) for p in found] == [f"{one.sha256[:2]}/{one.sha256[2:4]}/{one.sha256}"]
    with open_file(one) as content:
        assert content.read() == PNG


def test_an_interrupted_copy_is_written_again(at_acme, disk):
    file = store(PNG, name="a.png", actor=SYSTEM)
    (disk / file.path).write_bytes(PNG[:5])
    store(PNG, name="a.png", actor=SYSTEM)
    assert (disk / file.path).read_bytes() == PNG


def test_a_file_too_large_is_refused_with_the_limit(at_acme, disk):
    preferences.set_value("files.max_mb", 1, organisation=None, actor=SYSTEM)
    with pytest.raises(FileTooLarge, match="1"):
        store(io.BytesIO(b"x" * (1024 * 1024 + 1)), name="big", actor=SYSTEM)
    assert not File.objects.exists()
    assert not list(disk.rglob("*"))


def test_a_file_needs_one_organisation(world):
    with scope(world.acme.pk, world.globex.pk), pytest.raises(NoOrganisation):
        store(b"x", name="x", actor=SYSTEM)


def test_a_missing_content_says_so(at_acme, disk):
    file = store(PNG, name="a.png", actor=SYSTEM)
    (disk / file.path).unlink()
    with pytest.raises(ContentMissing, match=r"a\.png"):
        open_file(file)


def test_a_safe_type_is_shown_and_anything_else_is_downloaded(at_acme):
    shown = serve(store(PNG, name="élan.png", actor=SYSTEM))
    assert shown["Content-Type"] == "image/png"
    assert shown["Content-Disposition"] == "inline; filename*=utf-8''%C3%A9lan.png"
    other = serve(store(zipped(), name="x.zip", actor=SYSTEM))
    assert other["Content-Type"] == "application/octet-stream"
    assert other["Content-Disposition"] == 'attachment; filename="x.zip"'
    for response in (shown, other):
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert response["Cache-Control"] == "private, max-age=31536000, immutable"
    assert b"".join(shown) == PNG
    shown.close()
    other.close()


def test_html_is_only_ever_shown_as_text(at_acme):
    with closing(serve(store(b"<script>alert(1)</script>", name="x.html", actor=SYSTEM))) as response:
        assert response["Content-Type"] == "text/plain; charset=utf-8"


def test_a_download_is_read_by_pieces_under_asgi(at_acme):
    content = b"\0" * 600_000

    async def pieces(response) -> list[bytes]:
        return [piece async for piece in response]

    with closing(serve(store(content, name="x.bin", actor=SYSTEM))) as response:
        read = asyncio.run(pieces(response))
    assert b"".join(read) == content
    assert len(read) > 1


def test_the_clean_up_removes_only_what_no_organisation_keeps(world, disk):
    with scope(world.globex.pk):
        kept = store(b"kept by globex", name="a", actor=SYSTEM)
    with scope(world.acme.pk):
        shared = store(b"kept by globex", name="b", actor=SYSTEM)
        lone = store(b"lone", name="c", actor=SYSTEM)
        shared.delete()
        lone.delete()
    remove_orphans.function()
    assert default_storage.exists(kept.path)
    assert not default_storage.exists(lone.path)


def test_the_clean_up_goes_on_in_another_job_after_a_batch(at_acme, disk, monkeypatch):
    monkeypatch.setattr(files, "SWEEP", 2)
    paths = []
    for n in range(5):
        file = store(f"orphan {n}".encode(), name="x", actor=SYSTEM)
        paths.append(file.path)
        file.delete()
    remove_orphans.enqueue()
    assert jobs.run_waiting() == 3
    assert not any(default_storage.exists(path) for path in paths)


def test_the_clean_up_spares_a_content_being_stored(committed_world, disk):
    """Somebody stores the very content that the clean-up found without a row."""
    with scope(committed_world.acme.pk):
        first = store(b"again", name="a", actor=SYSTEM)
        first.delete()

    def sweep() -> None:
        remove_orphans.function()
        connections.close_all()

    with scope(committed_world.acme.pk):
        again = store(b"again", name="b", actor=SYSTEM)
        thread = threading.Thread(target=lambda: transaction.atomic()(sweep)())
        thread.start()
        thread.join(20)
        assert not thread.is_alive()
    with open_file(again) as content:
        assert content.read() == b"again"


def test_the_clean_up_removes_what_an_interrupted_copy_left_a_day_ago(at_acme, disk):
    directory = (disk / store(b"kept", name="a", actor=SYSTEM).path).parent
    old, recent = directory / "incoming-old", directory / "incoming-recent"
    for path in (old, recent):
        path.touch()
    os.utime(old, (time.time() - 2 * 86400,) * 2)
    remove_orphans.function()
    assert (old.exists(), recent.exists()) == (False, True)
