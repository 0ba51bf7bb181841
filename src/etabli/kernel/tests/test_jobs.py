"""Jobs, run by a real worker: queued with the change or not at all, followed while they run, done once whatever happens."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from etabli.kernel import jobs
from etabli.kernel.actors import SYSTEM, actor_of
from etabli.kernel.attachments import Tag
from etabli.kernel.jobs import Job
from etabli.kernel.notifications import Notification
from etabli.kernel.tenancy import scope
from etabli.kernel.tests import tried_jobs

PATIENCE = 60.0
WORKER = """
import django; django.setup()
import etabli.kernel.tests.tried_jobs
from django.core.management import call_command
call_command("procrastinate", "worker", "--concurrency", "1", "--shutdown-graceful-timeout", "1")
"""


def queue(sql: str = "SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'", *values: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchone()[0] if cursor.description else None


def wait_for(question: Callable[[], Any]) -> Any:
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        if found := question():
            return found
        time.sleep(0.05)
    pytest.fail("the worker did not do it in time")


def tags(staff: Any) -> list[str]:
    with scope(staff.id):
        return sorted(Tag.objects.values_list("name", flat=True))


def followed(staff: Any, job: Job) -> Job:
    with scope(staff.id):
        return Job.objects.get(pk=job.pk)


def start_worker() -> subprocess.Popen[bytes]:
    settings = connection.settings_dict
    url = f"postgresql://{settings['USER']}@/{settings['NAME']}?host={settings['HOST']}"
    return subprocess.Popen([sys.executable, "-c", WORKER], env={**os.environ, "DATABASE_URL": url})


def stop(worker: subprocess.Popen[bytes]) -> None:
    if worker.poll() is None:
        worker.terminate()
        worker.wait(20)


@pytest.fixture
def acme(committed_firm) -> Iterator[Any]:
    empty_queue()
    yield committed_firm.acme
    empty_queue()


def empty_queue() -> None:
    queue("DELETE FROM procrastinate_events")
    queue("DELETE FROM procrastinate_periodic_defers")
    queue("DELETE FROM procrastinate_jobs")
    queue("DELETE FROM procrastinate_workers")


@pytest.fixture
def worker(acme) -> Iterator[subprocess.Popen[bytes]]:
    process = start_worker()
    yield process
    stop(process)


def test_a_job_queued_in_a_transaction_taken_back_does_not_exist(db, firm):
    before = queue()
    with scope(firm.acme.id):
        with transaction.atomic():
            tried_jobs.mark.enqueue(name="never")
            job = tried_jobs.count.follow(title="Never", actor=SYSTEM, go="")
            assert queue() == before + 2
            transaction.set_rollback(True)
        assert queue() == before
        assert not Job.objects.filter(pk=job.pk).exists()


def test_a_job_waiting_once_is_not_queued_twice(firm):
    with scope(firm.acme.id):
        assert tried_jobs.mark.enqueue(once="mark", name="red")
        assert tried_jobs.mark.enqueue(once="mark", name="red") == 0
        assert tried_jobs.mark.enqueue(once="other", name="red")


def test_a_job_that_began_leaves_its_place_and_comes_back_beside_its_successor(firm):
    """Two dead workers held the same work while a third piece of it waits: all are queued again."""
    with scope(firm.acme.id):
        for _worker in range(2):
            assert tried_jobs.mark.enqueue(once="mark", name="red")
            queue("UPDATE procrastinate_jobs SET status = 'doing' WHERE queueing_lock = 'mark'")
        assert tried_jobs.mark.enqueue(once="mark", name="red")
        assert tried_jobs.mark.enqueue(once="mark", name="red") == 0
        assert jobs.release_stalled(silent_for=timedelta(seconds=45)) == 2
        assert jobs.run_waiting() == 3


def test_a_delayed_job_does_not_run_yet(firm):
    with scope(firm.acme.id):
        tried_jobs.mark.enqueue(after=timedelta(hours=1), name="later")
        tried_jobs.mark.enqueue(name="now")
        jobs.run_waiting()
        assert set(Tag.objects.values_list("name", flat=True)) == {"now"}


def test_a_job_run_here_sees_the_organisations_of_whoever_queued_it(firm):
    with scope(firm.acme.id):
        tried_jobs.mark.enqueue(name="red")
    jobs.run_waiting()
    assert tags(firm.acme) == ["red"]
    assert tags(firm.globex) == []


@pytest.mark.slow
def test_a_worker_runs_jobs_and_shows_where_they_are(committed_firm, acme, worker, tmp_path):
    go = tmp_path / "go"
    with scope(acme.id):
        tried_jobs.mark.enqueue(name="red")
        job = tried_jobs.count.follow(title="Count", actor=actor_of(acme.technician), go=str(go))
    wait_for(lambda: followed(acme, job).done == 1)
    running = wait_for(lambda: (now := followed(acme, job)).log and now)
    assert (running.state, running.step, running.steps, running.total) == (
        "running",
        "Counting",
        ["Counting"],
        3,
    )
    assert running.log[0]["text"] == "one done"
    assert tags(acme) == ["red"]
    go.touch()
    over = wait_for(lambda: (now := followed(acme, job)).over and now)
    assert (over.state, over.done, over.result) == ("done", 3, {"counted": 3})
    assert over.ended_at > over.started_at
    with scope(acme.id):
        told = wait_for(lambda: Notification.objects.filter(account=acme.technician).first())
        assert told.title.startswith("Count")
    with scope(committed_firm.globex.id):
        assert not Job.objects.exists()

    with scope(acme.id):
        turning = tried_jobs.endless.follow(title="Turn", actor=SYSTEM)
    wait_for(lambda: followed(acme, turning).state == "running")
    with scope(acme.id):
        jobs.cancel(turning)
    cancelled = wait_for(lambda: (now := followed(acme, turning)).over and now)
    assert cancelled.state == "cancelled"
    assert cancelled.done < 999

    missing = tmp_path / "missing"
    with scope(acme.id):
        failing = tried_jobs.needs_file.follow(
            title="Read", actor=SYSTEM, path=str(missing), organisation=acme.id
        )
    failed = wait_for(lambda: (now := followed(acme, failing)).over and now)
    assert failed.state == "failed"
    assert failed.result["error"] == "The file is not there yet."
    assert failed.log[-1]["text"] == "The file is not there yet."
    assert tags(acme) == ["red"]
    missing.touch()
    with scope(acme.id):
        again = jobs.retry(failed)
    assert wait_for(lambda: (now := followed(acme, again)).over and now).state == "done"
    assert tags(acme) == ["half done", "red"]
    assert followed(acme, failing).state == "failed"


@pytest.mark.slow
def test_a_job_whose_worker_was_killed_is_taken_again_and_done_once(acme, tmp_path):
    started, go = tmp_path / "started", tmp_path / "go"
    with scope(acme.id):
        tried_jobs.mark_after.enqueue(name="red", started=str(started), go=str(go))
    first = start_worker()
    try:
        wait_for(started.exists)
        os.kill(first.pid, signal.SIGKILL)
        first.wait(10)
        assert tags(acme) == []
        assert queue("SELECT count(*) FROM procrastinate_jobs WHERE status = 'doing'") == 1
        assert jobs.release_stalled(silent_for=timedelta(minutes=10)) == 0
        time.sleep(0.1)
        assert jobs.release_stalled(silent_for=timedelta(seconds=0.1)) == 1
        assert jobs.release_stalled(silent_for=timedelta(seconds=0.1)) == 0
    finally:
        stop(first)
    go.touch()
    second = start_worker()
    try:
        wait_for(
            lambda: queue(
                "SELECT count(*) FROM procrastinate_jobs WHERE status = 'succeeded' AND task_name LIKE '%%mark_after'"
            )
        )
    finally:
        stop(second)
    assert tags(acme) == ["red"]
    assert started.read_text() == "xx"


def stalled(acme: Any, job: Job, attempts: int) -> None:
    queue(
        "UPDATE procrastinate_jobs SET status = 'doing', attempts = %s WHERE args ->> 'job_id' = %s",
        attempts,
        str(job.pk),
    )


def test_a_job_that_kills_every_worker_is_given_up_with_a_sentence(firm):
    with scope(firm.acme.id):
        job = tried_jobs.count.follow(title="Deadly", actor=SYSTEM, go="")
    stalled(firm.acme, job, jobs.MOST_DEATHS - 1)
    assert jobs.release_stalled(silent_for=timedelta(seconds=45)) == 1
    given_up = followed(firm.acme, job)
    assert given_up.state == "failed"
    assert "given up" in given_up.result["error"] or "abandon" in given_up.result["error"]
    assert (
        queue("SELECT status FROM procrastinate_jobs WHERE args ->> 'job_id' = %s", str(job.pk)) == "failed"
    )


def test_rescuing_is_a_periodic_job_of_every_worker():
    assert "etabli.kernel.jobs.take_again" in jobs.declared
    periodic = {task.task.name for task in jobs.app.periodic_registry.periodic_tasks.values()}
    assert "etabli.kernel.jobs.take_again" in periodic


def test_a_followed_job_already_done_is_not_done_again(acme, tmp_path):
    """A worker killed between the end of the work and telling the queue."""
    with scope(acme.id):
        job = tried_jobs.needs_file.follow(
            title="Read", actor=SYSTEM, path=str(tmp_path), organisation=acme.id
        )
    arguments = {"path": str(tmp_path), "organisation": acme.id}
    tried_jobs.needs_file._run(scope=[acme.id], job_id=job.pk, **arguments)
    assert tags(acme) == ["half done"]
    with scope(acme.id):
        Tag.objects.all().delete()
    tried_jobs.needs_file._run(scope=[acme.id], job_id=job.pk, **arguments)
    assert tags(acme) == []
    assert followed(acme, job).state == "done"
