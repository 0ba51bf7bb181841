"""The reader killed (SIGKILL) at each step and at any instant: nothing is lost, nothing is doubled."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from etabli.kernel.files import open_file
from etabli.kernel.tenancy import scope
from etabli.people.models import Person
from etabli.support.mailboxes import Mailbox, ReceivedMail
from etabli.support.messages import Message
from etabli.support.tickets import Ticket

from .dovecot import Dovecot, mail, refusal

pytestmark = [
    pytest.mark.component("dovecot"),
    pytest.mark.skipif(bool(refusal()), reason=refusal() or "-"),
    pytest.mark.usefixtures("in_english"),
]


@pytest.fixture
def reader(
    committed_firm: Any, settings: Any, mailserver: Dovecot, mailbox_at: Callable[..., Mailbox]
) -> tuple[Any, Mailbox, Callable[..., subprocess.Popen[bytes]]]:
    """A mailbox, and what starts the real reading of it in another process."""
    home = Path(settings.HOME)
    home.mkdir(exist_ok=True)
    storage = {"BACKEND": "django.core.files.storage.FileSystemStorage",
               "OPTIONS": {"location": str(home / "files")}}  # fmt: skip
    settings.STORAGES = {**settings.STORAGES, "default": storage}
    place = connection.settings_dict
    url = f"postgresql://{place['USER']}@/{place['NAME']}?host={place['HOST']}"
    environment = {**os.environ, "DATABASE_URL": url, "ETABLI_HOME": str(home)}
    environment["DJANGO_SETTINGS_MODULE"] = "etabli.project.settings"
    box = mailbox_at(committed_firm.provider.id)
    with scope(committed_firm.acme.id):
        Person.objects.create(
            organisation=committed_firm.acme.organisation, name="Claire Moreau", email="claire@acme.example"
        )

    def start(step: str = "never", number: int = 1) -> subprocess.Popen[bytes]:
        words = [sys.executable, "-P", "-m", "etabli.support.tests.dying_reader"]
        command = [*words, str(box.pk), step, str(number)]
        return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)

    return committed_firm, box, start


def conversation(number: int) -> list[bytes]:
    """Requests, and an answer to each: an answer sorted before its request would open a ticket too many."""
    made = []
    for n in range(1, number + 1):
        made.append(mail(2 * n, subject=f"Request {n}", text=f"Text of request {n}"))
        answer_to = [f"In-Reply-To: <m{2 * n}@acme.example>"]
        made.append(mail(2 * n + 1, subject=f"Re: Request {n}", text=f"More of {n}", headers=answer_to))
    return made


def end(process: subprocess.Popen[bytes]) -> tuple[int, str]:
    _out, said = process.communicate(timeout=120)
    return process.returncode, said.decode()[-2000:]


def check(firm: Any, box: Mailbox, mailserver: Dovecot, number: int) -> None:
    """Each request is one ticket of two messages; each mail is one row, moved, whose file is whole."""
    with scope(firm.provider.id, firm.acme.id, firm.globex.id):
        titles = Counter(ticket.title for ticket in Ticket.objects.all())
        assert titles == Counter({f"Request {n}": 1 for n in range(1, number + 1)})
        texts = Counter(Message.objects.values_list("visible", flat=True))
        wanted = [f"Text of request {n}" for n in range(1, number + 1)]
        assert texts == Counter([*wanted, *(f"More of {n}" for n in range(1, number + 1))])
        rows = list(ReceivedMail.objects.select_related("file"))
        assert len(rows) == 2 * number
        assert {(row.fate, row.moved) for row in rows} == {("opened", True), ("added", True)}
        for row in rows:
            with open_file(row.file) as kept:
                assert len(kept.read()) == row.file.size
    assert (mailserver.count(box.address), mailserver.count(box.address, "Done")) == (0, 2 * number)


@pytest.mark.parametrize("step", ["fetched", "stored", "sorted", "moved"])
def test_a_reader_killed_after_a_step_loses_and_doubles_nothing(
    step: str, reader: Any, mailserver: Dovecot
) -> None:
    firm, box, start = reader
    mailserver.deliver(box.address, *conversation(2))
    number = 1 if step == "moved" else 3
    code, said = end(start(step, number))
    assert code == -signal.SIGKILL, said
    code, said = end(start())
    assert code == 0, said
    check(firm, box, mailserver, 2)


def test_a_reader_killed_at_any_instant_loses_and_doubles_nothing(reader: Any, mailserver: Dovecot) -> None:
    firm, box, start = reader
    mailserver.deliver(box.address, *conversation(30))
    chance, killed = random.Random(20261130), 0
    for _attempt in range(12):
        process = start()
        until = time.monotonic() + 20
        # From its first mail on: the time that Python takes to start would take most of the deaths.
        before = stored(firm)
        while process.poll() is None and stored(firm) == before and time.monotonic() < until:
            time.sleep(0.005)
        time.sleep(chance.uniform(0, 0.12))
        process.kill()
        killed += end(process)[0] == -signal.SIGKILL
        if stored(firm) == 60:
            break
    assert killed >= 3
    code, said = end(start())
    assert code == 0, said
    check(firm, box, mailserver, 30)


def stored(firm: Any) -> int:
    with scope(firm.provider.id):
        return ReceivedMail.objects.count()
