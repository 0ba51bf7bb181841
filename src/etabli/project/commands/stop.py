"""``stop``: ends the Établi of this data directory from another terminal, or the database it left behind."""

import os
import signal
import time

from etabli.kernel import localpg

from . import instance
from .database import cluster, external
from .language import _
from .outcome import Failure
from .terminal import say

PATIENCE = 20.0


def stop() -> None:
    """Stop the Établi that runs on this data directory, its database last."""
    pid = instance.holder()
    if pid:
        os.kill(pid, signal.SIGTERM)
        _wait(pid)
        say(_("Établi is stopped."))
    elif not external() and localpg.running(cluster()):
        localpg.stop(cluster())
        say(_("Only the database was running; it is stopped."))
    else:
        say(_("Nothing runs on this data directory."))


def _wait(pid: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while instance.holder() is not None:
        if time.monotonic() > deadline:
            raise Failure(_("Process {pid} does not stop. Last resort: kill -9 {pid}").format(pid=pid))
        time.sleep(0.1)
