"""Mailboxes followed live: a mail is a ticket within seconds, and everything stops when it is asked to."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections

from etabli.kernel.tenancy import scope
from etabli.support.idling import Followers
from etabli.support.mailboxes import Mailbox
from etabli.support.tickets import Ticket

from .dovecot import Dovecot, mail, refusal

pytestmark = [
    pytest.mark.component("dovecot"),
    pytest.mark.skipif(bool(refusal()), reason=refusal() or "-"),
]

PROMPT = 15.0  # seconds; some tenths on a machine that has nothing else to do. Without news, 120.


@pytest.fixture
def following(
    committed_firm: Any, mailbox_at: Callable[..., Mailbox]
) -> Iterator[tuple[Any, Mailbox, Followers]]:
    box = mailbox_at(committed_firm.provider.id)
    followers = Followers(look=0.3, again=120.0)
    yield committed_firm, box, followers
    followers.stop(10)
    connections.close_all()


def wait(until: Callable[[], object], seconds: float = 60.0) -> float:
    began = time.monotonic()
    while not until():
        assert time.monotonic() - began < seconds, "it did not happen in time"
        time.sleep(0.05)
    return time.monotonic() - began


def tickets(firm: Any) -> int:
    with scope(firm.provider.id, firm.acme.id):
        return Ticket.objects.count()


def health(box: Mailbox) -> Mailbox:
    with scope(box.organisation_id):
        return Mailbox.objects.get(pk=box.pk)


def test_a_mail_is_a_ticket_within_seconds(following: Any, mailserver: Dovecot) -> None:
    firm, box, followers = following
    followers.start()
    wait(lambda: health(box).read_at)
    time.sleep(0.5)
    for number in (1, 2):
        mailserver.deliver(box.address, mail(number, subject=f"Subject {number}"))
        assert wait(lambda number=number: tickets(firm) == number) < PROMPT
    began = time.monotonic()
    followers.stop(10)
    assert time.monotonic() - began < PROMPT
    assert not [one for one in threading.enumerate() if one.name.startswith("mailbox")]


def test_two_processes_follow_a_mailbox_once(following: Any, mailserver: Dovecot) -> None:
    firm, box, followers = following
    followers.start()
    wait(lambda: health(box).read_at)
    other = Followers(look=0.3).start()
    time.sleep(1.0)
    assert [one.name for one in threading.enumerate()].count(f"mailbox-{box.pk}") == 1
    followers.stop(10)
    wait(lambda: f"mailbox-{box.pk}" in [one.name for one in threading.enumerate()])
    mailserver.deliver(box.address, mail(1))
    wait(lambda: tickets(firm) == 1)
    other.stop(10)


def test_a_server_that_comes_back_is_followed_again(
    following: Any, mailserver: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("etabli.support.imap.TIMEOUT", 3.0)
    firm, box, followers = following
    followers._again = 1.0
    followers.start()
    wait(lambda: health(box).read_at)
    mailserver.stop()
    try:
        wait(lambda: health(box).problem)
    finally:
        mailserver.start()
    mailserver.deliver(box.address, mail(1))
    wait(lambda: tickets(firm) == 1)
    wait(lambda: not health(box).problem)


def test_the_worker_follows_the_mailboxes_and_stops_when_asked(
    committed_firm: Any, mailserver: Dovecot, mailbox_at: Callable[..., Mailbox], settings: Any
) -> None:
    """The command itself, as ``./etabli up`` starts it: a mail is a ticket at once, SIGTERM ends it cleanly."""
    home = Path(settings.HOME)
    home.mkdir(exist_ok=True)
    box = mailbox_at(committed_firm.provider.id)
    place = connection.settings_dict
    url = f"postgresql://{place['USER']}@/{place['NAME']}?host={place['HOST']}"
    kept = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    command = [sys.executable, "-P", "-m", "etabli.project.cli", "worker"]
    with (home / "worker.log").open("wb") as log:
        environment = {**kept, "DATABASE_URL": url, "ETABLI_HOME": str(home)}
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        wait(lambda: health(box).read_at, 120)
        time.sleep(1.0)
        mailserver.deliver(box.address, mail(1))
        # The job of each minute would take up to sixty seconds.
        assert wait(lambda: tickets(committed_firm) == 1) < PROMPT
        process.terminate()
        assert process.wait(30) in (0, -signal.SIGTERM)
    finally:
        process.kill()
        process.wait()
        with connection.cursor() as cursor:
            for table in ("events", "periodic_defers", "jobs", "workers"):
                cursor.execute(f"DELETE FROM procrastinate_{table}")
    assert "Traceback" not in (home / "worker.log").read_text()
