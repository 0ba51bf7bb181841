"""Work done outside a request: queued in the transaction of the change, run by the worker, followed live.

``@job`` makes a short job: one transaction in the organisations of the caller. ``@job(followed=True)`` makes
a long one: it receives a :class:`Run` that shows steps and progress to people, and opens its own scopes.
Both must be safe to run twice: a worker killed in the middle leaves the job to be taken again.
"""

import traceback
from collections.abc import Callable
from contextlib import nullcontext
from datetime import timedelta
from typing import Any

import orjson
from django.db import close_old_connections, connection, connections, models, transaction
from django.db.backends.postgresql.base import DatabaseWrapper
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from . import tenancy
from .actors import SYSTEM, Actor
from .tenancy import OrganisationModel

RETRY = RetryStrategy(max_attempts=6, exponential_wait=4)
SILENCE = timedelta(seconds=45)
"""A worker silent for so long is dead: its heart beats every 10 s, however busy its jobs are."""
MOST_DEATHS = 5
FAILURES_KEPT = timedelta(days=7)
# A job asked ``once`` is unique while it waits. Begun, it gives the key up: were it kept, putting the job
# back after a failure would collide with its successor, and the wait before its next try would hold back
# everything that asks for the same.
WAITING_ONLY = """
CREATE OR REPLACE FUNCTION kernel_job_begins() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.queueing_lock := NULL;
  RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER kernel_job_begins BEFORE UPDATE OF status ON procrastinate_jobs
  FOR EACH ROW WHEN (OLD.status = 'todo' AND NEW.status = 'doing' AND OLD.queueing_lock IS NOT NULL)
  EXECUTE FUNCTION kernel_job_begins();
"""


class Cancelled(Exception):
    """Somebody cancelled the job; what it did so far is kept or rolled back as the job says."""


class Job(OrganisationModel):
    """A piece of work that somebody follows: state, steps, progress and log."""

    class State(models.TextChoices):
        QUEUED = "queued", _("waiting")
        RUNNING = "running", _("in progress")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    title = models.CharField(_("title"), max_length=160)
    name = models.CharField(max_length=120)
    arguments = models.JSONField(default=dict)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.QUEUED)
    account_id = models.BigIntegerField(null=True)
    actor = models.CharField(_("by"), max_length=120)
    asked_at = models.DateTimeField(_("asked on"), auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(_("ended on"), null=True)
    step = models.CharField(max_length=160, blank=True)
    steps = models.JSONField(default=list)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    log = models.JSONField(default=list)
    result = models.JSONField(default=dict)
    cancel_asked = models.BooleanField(default=False)
    url = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("job"), _("jobs")
        indexes = [models.Index(fields=["organisation", "-id"], name="job_latest")]

    def __str__(self) -> str:
        return self.title

    @property
    def over(self) -> bool:
        return self.state in {self.State.DONE, self.State.FAILED, self.State.CANCELLED}


class Run:
    """What a followed job holds to tell people where it is. Each call is visible at once, whatever its
    transaction.
    """

    def __init__(self, job_id: int, scope: tuple[int, ...]) -> None:
        self.job_id = job_id
        self._connection = own_connection()
        self._write("SELECT set_config('app.organisations', %s, false)", [",".join(map(str, scope))])

    def begin(self, title: str, *, total: int = 0) -> None:
        """Start a step, with how many items it has when known."""
        self._write(
            "UPDATE kernel_job SET step=%s, steps=steps || to_jsonb(%s::text), done=0, total=%s WHERE id=%s",
            [title, title, total, self.job_id],
        )
        self._notify()

    def progress(self, done: int) -> None:
        """Tell how many items of the step are done; raises :class:`Cancelled` when somebody asked to stop."""
        with self._connection.cursor() as cursor:
            cursor.execute(
                "UPDATE kernel_job SET done=%s WHERE id=%s RETURNING cancel_asked", [done, self.job_id]
            )
            row = cursor.fetchone()
        self._notify()
        if row and row[0]:
            raise Cancelled

    def say(self, text: str) -> None:
        """Add a line to the log."""
        line = {"at": timezone.now().isoformat(timespec="seconds"), "text": text}
        self._write("UPDATE kernel_job SET log=log || %s::jsonb WHERE id=%s", [_json(line), self.job_id])
        self._notify()

    def start(self) -> None:
        """From the beginning, also when a killed worker had begun."""
        self._write(
            "UPDATE kernel_job SET state='running', started_at=now(), ended_at=NULL, steps='[]', done=0 "
            "WHERE id=%s",
            [self.job_id],
        )
        self._notify()

    def finished(self) -> bool:
        """Whether a worker did all of it and was killed before saying so to the queue."""
        with self._connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM kernel_job WHERE id=%s AND state='done'", [self.job_id])
            return cursor.fetchone() is not None

    def end(self, state: str, **result: Any) -> None:
        self._write(
            "UPDATE kernel_job SET state=%s, ended_at=now(), result=result || %s::jsonb WHERE id=%s",
            [state, _json(result), self.job_id],
        )
        self._notify()

    def close(self) -> None:
        self._connection.close()

    def _write(self, sql: str, values: list[Any]) -> None:
        with self._connection.cursor() as cursor:
            cursor.execute(sql, values)

    def _notify(self) -> None:
        self._write("SELECT pg_notify('etabli_live', %s)", [f"job:{self.job_id}"])


def own_connection() -> Any:
    """A connection of one's own, outside the pool: its session keeps a scope that nobody else must ever
    inherit.
    """
    settings = connections.settings["default"]
    options = {name: value for name, value in settings["OPTIONS"].items() if name != "pool"}
    return DatabaseWrapper({**settings, "OPTIONS": options}, "default")


class Task:
    """A declared job: ``enqueue`` queues it with the scope of the caller, in the caller's transaction."""

    def __init__(self, function: Callable[..., Any], followed: bool, options: dict[str, Any]) -> None:
        self.function, self.followed = function, followed
        self.name = f"{function.__module__}.{function.__qualname__}"
        self.task = app.task(name=self.name, retry=False if followed else RETRY, **options)(self._run)
        declared[self.name] = self

    def enqueue(
        self,
        *,
        lock: str | None = None,
        once: str | None = None,
        after: timedelta | None = None,
        inside: int | None = None,
        **args: Any,
    ) -> int:
        """Queue the job. ``lock``: one at a time with this key; ``once``: not again while one is waiting
        (then 0).

        It sees the organisations that its caller sees, or the one it is to stay ``inside``.
        """
        if once and _waits(once):
            return 0
        options: dict[str, Any] = {
            "lock": lock,
            "queueing_lock": once,
            "schedule_in": {"seconds": after.total_seconds()} if after else None,
        }
        deferrer = self.task.configure(**{k: v for k, v in options.items() if v is not None})
        try:
            with _savepoint_when(once):
                return int(deferrer.defer(scope=[inside] if inside else list(tenancy.visible()), **args))
        except AlreadyEnqueued:
            return 0

    def follow(
        self, *, title: str, actor: Actor, organisation_id: int | None = None, url: str = "", **args: Any
    ) -> Job:
        """Queue a followed job and return the row whose page shows it."""
        organisation_id = organisation_id or tenancy.the_organisation() or tenancy.visible()[0]
        job = Job.objects.create(
            organisation_id=organisation_id,
            title=title[:160],
            name=self.name,
            arguments=args,
            url=url,
            account_id=actor.account_id,
            actor=actor.label[:120],
        )
        self.task.defer(scope=list(tenancy.visible()), job_id=job.pk, **args)
        return job

    def _run(self, scope: list[int] | None = None, job_id: int | None = None, **args: Any) -> None:
        if not connection.in_atomic_block:
            close_old_connections()
        args.pop("timestamp", None)
        if self.followed:
            self._run_followed(tuple(scope or ()), job_id or 0, args)
        else:
            with tenancy.scope(*(scope or ())):
                self.function(**args)

    def _run_followed(self, scope: tuple[int, ...], job_id: int, args: dict[str, Any]) -> None:
        run = Run(job_id, scope)
        try:
            if run.finished():
                return
            run.start()
            result = self.function(run, **args)
            run.end(Job.State.DONE, **(result or {}))
        except Cancelled:
            run.end(Job.State.CANCELLED)
        except Exception as error:
            run.say(str(error) or type(error).__name__)
            run.end(Job.State.FAILED, error=str(error), details=traceback.format_exc()[-4000:])
            raise
        finally:
            run.close()
            with tenancy.scope(*scope):
                _tell_end(job_id)


declared: dict[str, Task] = {}


def job(
    *, followed: bool = False, every: str | None = None, queue: str = "default"
) -> Callable[[Callable[..., Any]], Task]:
    """Declare a job. ``every`` is a cron line: then it runs for the installation, with no organisation in
    scope.
    """

    def declare(function: Callable[..., Any]) -> Task:
        task = Task(function, followed, {"queue": queue})
        if every:
            app.periodic(cron=every)(task.task)
        return task

    return declare


def _tell_end(job_id: int) -> None:
    """Whoever asked for the job is told that it is over."""
    from .accounts import Account
    from .notifications import notify

    job = Job.objects.filter(pk=job_id).exclude(account_id=None).first()
    account = Account.objects.filter(pk=job.account_id or 0).first() if job else None
    if job and account:
        title = f"{job.title} · {job.get_state_display()}"
        notify(
            [account],
            kind="job.ended",
            title=title,
            text=str(job.result.get("error", "")),
            url=f"/jobs/{job.pk}/",
            obj=job,
        )


def cancel(job: Job) -> None:
    """Ask a followed job to stop at its next item."""
    Job.objects.filter(pk=job.pk).update(cancel_asked=True)


def retry(job: Job, *, actor: Actor = SYSTEM) -> Job:
    """Run a failed or cancelled job again, as a new one."""
    task = declared[job.name]
    return task.follow(
        title=job.title, actor=actor, organisation_id=job.organisation_id, url=job.url, **job.arguments
    )


STALLED = """
SELECT job.id, job.attempts, (job.args ->> 'job_id')::bigint FROM procrastinate_jobs job
  LEFT JOIN procrastinate_workers worker ON worker.id = job.worker_id
 WHERE job.status = 'doing' AND (worker.id IS NULL OR worker.last_heartbeat < now() - make_interval(secs =>
 %s))
   FOR UPDATE OF job SKIP LOCKED
"""


@job(every="* * * * *")
def take_again() -> None:
    """Each minute, give back what dead workers were doing."""
    release_stalled(silent_for=SILENCE)


@transaction.atomic
def release_stalled(*, silent_for: timedelta) -> int:
    """Queue again the jobs of workers whose heartbeat (every 10 s) stopped; returns how many.

    A job that took several workers down with it is given up: it would take the next one too.
    """
    with connection.cursor() as cursor:
        cursor.execute(STALLED, [silent_for.total_seconds()])
        found = cursor.fetchall()
        for key, attempts, followed in found:
            if attempts + 1 < MOST_DEATHS:
                cursor.execute("SELECT procrastinate_retry_job_v2(%s, now(), NULL, NULL, NULL)", [key])
                continue
            cursor.execute("SELECT procrastinate_finish_job_v1(%s, 'failed', false)", [key])
            if followed:
                _give_up(followed)
    return len(found)


def _give_up(job_id: int) -> None:
    text = _("This job stopped its worker %(times)s times and was given up: see the server's log.") % {
        "times": MOST_DEATHS
    }
    with tenancy.everywhere(because="the queue knows the job's number, not its organisation"):
        Job.objects.filter(pk=job_id).update(
            state=Job.State.FAILED, ended_at=timezone.now(), result={"error": str(text)}
        )


@job(every="17 3 * * *")
def forget_failures() -> None:
    """Each night, drop jobs that failed for good a week ago, and with them what they were given."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM procrastinate_jobs job WHERE status IN ('failed', 'cancelled', 'aborted') "
            "AND NOT EXISTS (SELECT 1 FROM procrastinate_events WHERE job_id = job.id "
            "AND at > now() - make_interval(secs => %s))",
            [FAILURES_KEPT.total_seconds()],
        )


def run_waiting(limit: int = 200) -> int:
    """Run what waits in the queue here and now, in this process (for commands and tests); returns how many
    ran.
    """
    ran = 0
    while ran < limit:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE procrastinate_jobs SET status='succeeded' "
                "WHERE id = (SELECT id FROM procrastinate_jobs "
                "WHERE status='todo' AND (scheduled_at IS NULL OR scheduled_at <= now()) "
                "ORDER BY priority DESC, id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING task_name, args"
            )
            row = cursor.fetchone()
        if row is None:
            return ran
        arguments = row[1] if isinstance(row[1], dict) else _loads(row[1])
        declared[row[0]]._run(**arguments)
        ran += 1
    return ran


def _waits(key: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM procrastinate_jobs WHERE queueing_lock=%s AND status='todo'", [key])
        return cursor.fetchone() is not None


def _savepoint_when(once: str | None) -> Any:
    return transaction.atomic() if once else nullcontext()


def _json(value: Any) -> str:
    return orjson.dumps(value, default=str).decode()


def _loads(text: Any) -> dict[str, Any]:
    return dict(orjson.loads(text))
