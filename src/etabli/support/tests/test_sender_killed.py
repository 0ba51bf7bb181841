"""The sender is killed at each step: nothing is lost, and what may leave twice is known for one mail."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from etabli.kernel.tenancy import scope
from etabli.support import sending
from etabli.support.facts import TicketFact
from etabli.support.outbox import OutgoingMail
from etabli.support.sending import send_due

from . import killed
from .outgoing import answered, by_settings, due, opened
from .sink import Sink

State = OutgoingMail.State


@pytest.fixture
def queued(committed_firm: Any, actor_of: Any, sink: Sink) -> Iterator[Any]:
    """An answer that is due, and was to leave later: it counts when it leaves."""
    actor = actor_of(committed_firm.provider.technician)

    def make(address: str = "claire@acme.example") -> OutgoingMail:
        with scope(*actor.places):
            mail = answered(
                opened(committed_firm, actor, address), actor, send_at=timezone.now() + timedelta(days=1)
            )
            due(mail)
            return mail

    by_settings(sink.port)
    yield make, sink, list(actor.places)
    with connection.cursor() as cursor:
        for table in ("events", "periodic_defers", "jobs", "workers"):
            cursor.execute(f"DELETE FROM procrastinate_{table}")


def start(step: str) -> subprocess.Popen[bytes]:
    place = connection.settings_dict
    url = f"postgresql://{place['USER']}@/{place['NAME']}?host={place['HOST']}"
    environment = {
        **os.environ,
        "DATABASE_URL": url,
        "ETABLI_HOME": str(settings.HOME),
        "DJANGO_SETTINGS_MODULE": "etabli.project.settings",
    }
    return subprocess.Popen([sys.executable, "-P", killed.__file__, step], env=environment)


def now_of(mail: OutgoingMail, places: list[int]) -> OutgoingMail:
    with scope(*places):
        return OutgoingMail.objects.get(pk=mail.pk)


def later(mail: OutgoingMail, places: list[int]) -> None:
    """Some minutes pass: what a dead worker held may be taken again."""
    with scope(*places):
        OutgoingMail.objects.filter(pk=mail.pk).update(
            tried_at=timezone.now() - sending.FORGOTTEN - timedelta(seconds=1)
        )


def ids(sink: Sink) -> list[str]:
    return [re.search(r"(?im)^message-id:\s*(<[^>]+>)", one["content"])[1] for one in sink.mails]  # type: ignore[index]


@pytest.mark.parametrize("step", killed.STEPS)
def test_killed_at_each_step(queued: Any, step: str) -> None:
    make, sink, places = queued
    mail = make()
    assert start(step).wait(60) == -signal.SIGKILL
    found = now_of(mail, places)
    assert found.state == (State.SENT if step == "written" else State.SENDING)
    assert len(sink.mails) == (step in {"sent", "written"})
    later(mail, places)
    send_due()
    assert now_of(mail, places).state == State.SENT
    assert len(sink.mails) == (2 if step == "sent" else 1)
    assert len(set(ids(sink))) == 1, "the same mail, whatever happened"
    with scope(*places):
        assert TicketFact.objects.filter(kind="answered").count() == 1, "it counts once"


def test_killed_while_the_server_thinks(queued: Any) -> None:
    make, _sink, places = queued
    mail = make("hang.data@acme.example")
    process = start("none")
    ends = time.monotonic() + 60
    while now_of(mail, places).state != State.SENDING and time.monotonic() < ends:
        time.sleep(0.05)
    time.sleep(0.5)
    process.kill()
    process.wait()
    assert now_of(mail, places).state == State.SENDING
    later(mail, places)
    send_due(timeout=0.5)
    assert now_of(mail, places).state == State.DEFERRED


def test_two_workers_share_the_queue_without_a_double(queued: Any) -> None:
    make, sink, _places = queued
    mails = [make(f"p{n}@acme.example") for n in range(12)]
    workers = [start("none") for _n in range(2)]
    assert [one.wait(90) for one in workers] == [0, 0]
    assert sorted(one["to"][0] for one in sink.mails) == sorted(mail.to[0] for mail in mails)


def test_a_worker_by_the_command_line_sends(queued: Any, tmp_path: Path) -> None:
    """The job that wakes at the time of leaving is the one a worker runs."""
    make, sink, places = queued
    mail = make()
    with scope(*places):
        sending.leave_at(timezone.now())
    place = connection.settings_dict
    url = f"postgresql://{place['USER']}@/{place['NAME']}?host={place['HOST']}"
    kept = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    environment = {**kept, "DATABASE_URL": url, "ETABLI_HOME": str(settings.HOME)}
    words = [sys.executable, "-P", "-m", "etabli.project.cli", "worker"]
    with subprocess.Popen(words, env=environment) as process:
        ends = time.monotonic() + 60
        while not sink.mails and time.monotonic() < ends:
            time.sleep(0.1)
        process.terminate()
    assert [one["to"] for one in sink.mails] == [mail.to]
