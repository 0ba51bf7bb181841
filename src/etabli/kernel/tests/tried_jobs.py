"""Jobs that exist for the tests alone: a real worker runs them while a test watches."""

import time
from pathlib import Path

from etabli.kernel.attachments import Tag
from etabli.kernel.jobs import Run, job
from etabli.kernel.tenancy import scope

PATIENCE = 30.0


def wait_for_file(path: str) -> None:
    """Until the test lets the job go on."""
    ends = time.monotonic() + PATIENCE
    while not Path(path).exists() and time.monotonic() < ends:
        time.sleep(0.02)


@job()
def mark(name: str) -> None:
    Tag.objects.get_or_create(name=name)


@job()
def mark_after(name: str, started: str, go: str) -> None:
    """Writes in its transaction, then waits: killed there, it must leave nothing and be done again, once."""
    Tag.objects.create(name=name)
    with Path(started).open("a") as file:
        file.write("x")
    wait_for_file(go)


@job(followed=True)
def count(run: Run, go: str) -> dict[str, int]:
    run.begin("Counting", total=3)
    run.progress(1)
    run.say("one done")
    wait_for_file(go)
    run.progress(3)
    return {"counted": 3}


@job(followed=True)
def endless(run: Run) -> None:
    run.begin("Turning", total=1000)
    for number in range(1000):
        run.progress(number)
        time.sleep(0.05)


@job(followed=True)
def needs_file(run: Run, path: str, organisation: int) -> None:
    with scope(organisation):
        Tag.objects.create(name="half done")
        if not Path(path).exists():
            raise ValueError("The file is not there yet.")
