"""One Établi per data directory: a locked file that also says which process holds it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .. import home


class AlreadyRunning(Exception):
    """Another process holds this data directory; ``pid`` may be 0 when it did not say."""

    def __init__(self, pid: int) -> None:
        super().__init__(pid)
        self.pid = pid


def _path() -> Path:
    return home.directory() / "up.lock"


@contextmanager
def held() -> Iterator[None]:
    """Hold the data directory during the block. Raises AlreadyRunning. A dead holder holds nothing."""
    _path().parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(_path(), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(_written(descriptor)) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def holder() -> int | None:
    """The process that holds the data directory, if any."""
    try:
        with held():
            return None
    except AlreadyRunning as other:
        return other.pid


def _written(descriptor: int) -> int:
    text = os.pread(descriptor, 20, 0).decode(errors="replace").strip()
    return int(text) if text.isdigit() else 0
