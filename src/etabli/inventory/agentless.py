"""Inventories without an agent: servers read by SSH, on a schedule or when asked, many at once.

A document goes through the same receiving path as those of agents: it is committed before the attempt counts
as done. Host keys are pinned: the first contact shows the fingerprint, and a person accepts it.
"""

import asyncio
import contextlib
import logging
import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from etabli.kernel.actors import SYSTEM, Actor, require
from etabli.kernel.events import publish
from etabli.kernel.jobs import Job, Run, job
from etabli.kernel.secrets import KeyMissing
from etabli.kernel.sentences import Sentence, sentence, stored_of
from etabli.kernel.tenancy import everywhere, scope

from . import cadences, collector, door, receiving, ssh
from .messages import Inventory, read
from .models import Document, SshTarget
from .wire import TooLarge, Unreadable, open_body

log = logging.getLogger("etabli.inventory")
AT_ONCE = 10
PERIODS = {"day": timedelta(days=1), "week": timedelta(days=7)}
TRY_AGAIN = timedelta(minutes=30)  # when the worker that took the target died
TICK = 1.0
Result = SshTarget.Result


@dataclass(frozen=True)
class Outcome:
    """What an attempt gave: a document, a host key to accept, or why it failed."""

    document: bytes = b""
    offered_key: str = ""
    reason: Sentence | None = None
    seconds: float = 0.0


@transaction.atomic
def ask_reading(target: SshTarget, *, actor: Actor, now: datetime | None = None) -> Job:
    """Have a server read as soon as a worker is free; returns the job to follow."""
    require(actor, "sshtarget.change", target)
    target.next_at = now or timezone.now()
    target.save(update_fields=["next_at"])
    return _job(target.organisation_id, actor)


def _job(organisation: int, actor: Actor) -> Job:
    """The job that will read what is due: the one that waits already, or a new one."""
    waiting = Job.objects.filter(organisation=organisation, name=read_servers.name, state=Job.State.QUEUED)
    return waiting.order_by("-pk").first() or read_servers.follow(
        title=_("Servers read by SSH"), actor=actor, organisation_id=organisation, organisation=organisation
    )


@transaction.atomic
def trust(target: SshTarget, *, fingerprint: str, actor: Actor) -> SshTarget:
    """Accept the host key that was shown, by its fingerprint: only that key is talked to from now on."""
    require(actor, "sshtarget.change", target)
    if not target.offered_key or ssh.fingerprint(target.offered_key) != fingerprint.strip():
        raise ValidationError(
            _("This is not the fingerprint the server showed last: open its page again and compare.")
        )
    changes = {"host_key": [target.host_key, target.offered_key], "offered_key": [target.offered_key, ""]}
    target.host_key, target.offered_key, target.result, target.reason = target.offered_key, "", "", ""
    target.save()
    publish(target, "sshtarget.trusted", actor=actor, changes=changes, extra={"text": fingerprint})
    if target.every:
        ask_reading(target, actor=actor)
    return target


@transaction.atomic
def forget_key(target: SshTarget, *, actor: Actor) -> SshTarget:
    """Trust no key any more: the next attempt shows the one there is now."""
    require(actor, "sshtarget.change", target)
    if not target.host_key:
        raise ValidationError(_("No host key was accepted yet."))
    changes = {"host_key": [target.host_key, ""]}
    told = ssh.fingerprint(target.host_key)
    target.host_key = ""
    target.save(update_fields=["host_key"])
    publish(target, "sshtarget.forgotten", actor=actor, changes=changes, extra={"text": told})
    return target


@job(every="*/5 * * * *")
def read_due_servers() -> None:
    """Queue the reading of what is due, a job an organisation."""
    with everywhere(because="schedules of every organisation are kept by the same worker"):
        rows = SshTarget.objects.filter(next_at__lte=timezone.now())
        due = list(rows.order_by().values_list("organisation", flat=True).distinct())
    for organisation in due:
        with scope(organisation):
            _job(organisation, SYSTEM)


@job(followed=True, queue="inventory")
def read_servers(run: Run, organisation: int) -> dict[str, Any]:
    """Read the servers of an organisation that are due, ten at a time; each result is kept as it comes."""
    targets = take_due(organisation, timezone.now())
    run.begin(_("Read the servers"), total=len(targets))
    logins, unreadable = logins_of(targets)
    counts = {"done": 0, "failed": 0, "asked": 0}
    for arrived in chain(unreadable, attempts(logins, door.COLLECTOR.read_bytes())):
        if arrived is not None and (target := _keep_now(organisation, *arrived)):
            counts[target.result] += 1
            run.say(f"{target.name} : {target.reason}")
        run.progress(sum(counts.values()))
    return counts


def _keep_now(organisation: int, key: int, outcome: Outcome) -> SshTarget | None:
    """Keep an outcome with the row as it is by now; nothing when somebody deleted it meanwhile."""
    with scope(organisation):
        target = (
            SshTarget.objects.select_for_update(of=("self",))
            .select_related("enrolment")
            .filter(pk=key)
            .first()
        )
        return keep(target, outcome, now=timezone.now()) if target else None


def take_due(organisation: int, now: datetime) -> dict[int, SshTarget]:
    """The servers to read now; nobody else takes them meanwhile."""
    with scope(organisation):
        rows = SshTarget.objects.select_for_update(skip_locked=True, of=("self",)).select_related("enrolment")
        found = {
            one.pk: one for one in rows.filter(organisation=organisation, next_at__lte=now).order_by("pk")
        }
        SshTarget.objects.filter(pk__in=found).update(next_at=now + TRY_AGAIN)
    return found


def logins_of(
    targets: Mapping[int, SshTarget],
) -> tuple[dict[int, ssh.Login], list[tuple[int, Outcome]]]:
    """How to log in to each, and the failure of those whose secrets cannot be read any more."""
    logins, unreadable = dict[int, ssh.Login](), list[tuple[int, Outcome]]()
    for key, target in targets.items():
        try:
            logins[key] = login_of(target)
        except KeyMissing:
            reason = sentence("Its password cannot be read on this server any more: enter it again.")
            unreadable.append((key, Outcome(reason=reason)))
    return logins, unreadable


def login_of(target: SshTarget) -> ssh.Login:
    secret = (target.password.unseal(), target.private_key.unseal(), target.passphrase.unseal())
    return ssh.Login(target.host, target.port, target.login, *secret, target.sudo, target.host_key)


def attempts(
    logins: Mapping[int, ssh.Login], script: bytes, **limits: Any
) -> Iterator[tuple[int, Outcome] | None]:
    """What each attempt gave, as it comes, and nothing each second meanwhile. Closing it stops them all.

    Connections live in a thread of their own: the database is written in the one that asks.
    """
    arrived: queue.Queue[tuple[int, Outcome] | None] = queue.Queue()
    stop: list[Callable[[], Any]] = []

    async def work() -> None:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        stop.append(lambda: loop.call_soon_threadsafe(task.cancel) if task else None)
        room = asyncio.Semaphore(AT_ONCE)

        async def one(key: int, login: ssh.Login) -> None:
            async with room:
                arrived.put((key, await attempt(login, script, **limits)))

        await asyncio.gather(*(one(key, login) for key, login in logins.items()))

    def serve() -> None:
        try:
            asyncio.run(work())
        except asyncio.CancelledError:
            pass
        finally:
            arrived.put(None)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield from _until_end(arrived)
    finally:
        with contextlib.suppress(RuntimeError):  # the loop is closed: all ended by themselves
            for end in stop:
                end()
        thread.join(timeout=10)


def _until_end(arrived: "queue.Queue[tuple[int, Outcome] | None]") -> Iterator[tuple[int, Outcome] | None]:
    while True:
        try:
            found = arrived.get(timeout=TICK)
        except queue.Empty:
            yield None
            continue
        if found is None:
            return
        yield found


async def attempt(login: ssh.Login, script: bytes, **limits: Any) -> Outcome:
    """Try one server; whatever happens is told."""
    began = asyncio.get_running_loop().time()
    try:
        document = await ssh.collect(login, script, **limits)
    except ssh.UnknownHost as unknown:
        return Outcome(offered_key=unknown.key)
    except ssh.Trouble as trouble:
        return Outcome(reason=trouble.reason)
    except Exception as error:
        log.exception("reading %s by SSH", login.host)
        said = f"{type(error).__name__}: {error}"[:200]
        return Outcome(reason=sentence("This attempt failed (%(said)s): see the server's log.", said=said))
    return Outcome(document, seconds=asyncio.get_running_loop().time() - began)


def keep(target: SshTarget, outcome: Outcome, *, now: datetime) -> SshTarget:
    """Write what an attempt gave: the document first, then that it was read."""
    before, target.tried_at = target.result, now
    target.next_at = now + PERIODS[target.every] if target.every else None
    if outcome.offered_key:
        target.result, target.offered_key = Result.ASKED, outcome.offered_key
        target.reason = sentence(
            "The server shows the host key %(key)s: compare it with the one the server tells, and accept it.",
            key=ssh.fingerprint(outcome.offered_key),
        )
    elif outcome.document:
        _receive(target, outcome, now)
    else:
        target.result, target.reason = Result.FAILED, outcome.reason or sentence("The server sent nothing.")
    fields = ["tried_at", "next_at", "result", "offered_key", "reason", "read_at", "agent"]
    target.save(update_fields=fields)
    if target.result != before:
        text = stored_of(target.reason)
        publish(target, f"sshtarget.{target.result}", actor=SYSTEM, extra={"text": str(Sentence(text))})
    return target


def _receive(target: SshTarget, outcome: Outcome, now: datetime) -> None:
    try:
        body = open_body(outcome.document, "application/json", limit=ssh.LIMIT)
        message = read(body, headers={"User-Agent": collector.CLIENT})
        if not isinstance(message, Inventory):
            raise Unreadable("The server did not send an inventory.")
    except (TooLarge, Unreadable) as error:
        target.result, target.reason = Result.FAILED, Sentence(str(error))
        return
    told = cadences.of(target.organisation_id, target.enrolment, now)
    key = receiving.receive(
        outcome.document,
        body,
        message,
        organisation_id=target.organisation_id,
        enrolment=target.enrolment,
        address=None,
        headers={"User-Agent": collector.CLIENT},
        now=now,
        expected=PERIODS.get(target.every, told.inventory),
    )
    target.agent_id = Document.objects.values_list("agent", flat=True).get(pk=key)
    target.result, target.read_at = Result.DONE, now
    target.reason = sentence(
        "Read in %(seconds)s s, %(size)s kB.",
        seconds=f"{outcome.seconds:.1f}",
        size=len(outcome.document) >> 10,
    )
