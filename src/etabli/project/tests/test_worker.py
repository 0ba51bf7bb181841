"""The worker as ``./etabli worker`` runs it: the text of a mail that left stays nowhere, not in the log either."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from django.db import connection

from etabli.kernel import jobs, mail, preferences
from etabli.kernel.actors import SYSTEM
from etabli.kernel.tenancy import scope

SECRET = "the-password-is-zorglub-42"
PATIENCE = 90.0


class Inbox(Controller):
    """A real SMTP server; it may refuse everything."""

    def __init__(self, refuses: bool) -> None:
        self.texts: list[str] = []
        self.answer = "550 not today" if refuses else "250 kept"
        self.asked = 0
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        super().__init__(self, hostname="127.0.0.1", port=port)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        self.asked += 1
        if self.answer.startswith("250"):
            self.texts.append(envelope.content.decode())
        return self.answer


@pytest.fixture
def post(request: pytest.FixtureRequest, committed_firm: Any) -> Iterator[tuple[Inbox, Any]]:
    """A mail server, set in the settings; the queue is empty before and after."""
    clean()
    inbox = Inbox(refuses=request.param)
    inbox.start()
    for name, value in {"host": "127.0.0.1", "port": inbox.port, "security": mail.NONE}.items():
        preferences.set_value(f"mail.{name}", value, organisation=None, actor=SYSTEM)
    yield inbox, committed_firm
    inbox.stop()
    clean()


def clean() -> None:
    for table in ("events", "periodic_defers", "jobs", "workers"):
        rows(f"DELETE FROM procrastinate_{table}")


def rows(sql: str, *values: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall() if cursor.description else []


def work(home: Path, until: Callable[[], Any]) -> str:
    """Run the command until something is so; what it wrote."""
    place = connection.settings_dict
    url = f"postgresql://{place['USER']}@/{place['NAME']}?host={place['HOST']}"
    kept = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    settings = {**kept, "DATABASE_URL": url, "ETABLI_HOME": str(home), "ETABLI_LOG": "DEBUG"}
    words = [sys.executable, "-P", "-m", "etabli.project.cli", "worker"]
    log = home / "worker.log"
    with log.open("wb") as written, subprocess.Popen(words, env=settings, stderr=written) as process:
        ends = time.monotonic() + PATIENCE
        while not until() and time.monotonic() < ends and process.poll() is None:
            time.sleep(0.1)
        process.terminate()
    return log.read_text()


@pytest.mark.parametrize("post", [False], indirect=True)
def test_a_mail_that_left_stays_nowhere(post: Any, tmp_path: Path, client_of: Any) -> None:
    inbox, firm = post
    mail.send(["a@example.com"], "Hello", SECRET, organisation=firm.acme.id)
    assert SECRET in str(rows("SELECT args FROM procrastinate_jobs"))
    log = work(tmp_path, until=lambda: inbox.texts and not mails())
    assert SECRET in inbox.texts[0]
    assert mails() == []
    assert SECRET not in str(rows("SELECT * FROM procrastinate_events"))
    assert "send_mail[" in log, "the log tells which job ran"
    assert SECRET not in log
    assert_not_shown(client_of(firm.acme.administrator))


@pytest.mark.parametrize("post", [True], indirect=True)
def test_a_mail_that_is_refused_waits_and_its_text_is_not_in_the_log(
    post: Any, tmp_path: Path, client_of: Any
) -> None:
    _inbox, firm = post
    mail.send(["a@example.com"], "Hello", SECRET, organisation=firm.acme.id)
    log = work(tmp_path, until=lambda: mails() and mails()[0][1] > 0)
    assert mails() == [("todo", 1)]
    assert "send_mail[" in log
    assert "not today" in log
    assert SECRET not in log
    assert_not_shown(client_of(firm.acme.administrator))


def mails() -> list[Any]:
    return rows("SELECT status::text, attempts FROM procrastinate_jobs WHERE task_name LIKE '%%send_mail'")


def assert_not_shown(browser: Any) -> None:
    for address in ("/jobs/", "/api/v1/jobs", "/events/"):
        answer = browser.get(address)
        assert answer.status_code == 200
        assert SECRET not in answer.content.decode()


@pytest.mark.parametrize(("days", "kept"), [(6, 1), (8, 0)])
def test_a_job_that_failed_for_good_is_forgotten_after_a_week(
    db: Any, firm: Any, days: int, kept: int
) -> None:
    with scope(firm.acme.id):
        number = mail.send_mail.enqueue(
            to=["a@example.com"], subject="", text=SECRET, html=None, organisation=1
        )
    rows("UPDATE procrastinate_jobs SET status = 'failed' WHERE id = %s", number)
    rows(
        "UPDATE procrastinate_events SET at = now() - make_interval(days => %s) WHERE job_id = %s",
        days,
        number,
    )
    jobs.forget_failures.function()
    assert len(rows("SELECT 1 FROM procrastinate_jobs WHERE id = %s", number)) == kept


def test_what_a_followed_job_was_given_is_not_on_its_page_nor_in_the_api(firm: Any, client_of: Any) -> None:
    with scope(firm.acme.id):
        job = jobs.Job.objects.create(title="Import", name="sample", arguments={"text": SECRET}, actor="Nora")
    browser = client_of(firm.acme.administrator)
    for address in (
        f"/jobs/{job.pk}/",
        f"/api/v1/jobs/{job.pk}",
        f"/jobs/{job.pk}/history/",
        "/jobs/export/",
    ):
        answer = browser.get(address)
        assert answer.status_code == 200, address
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content
        assert SECRET not in content.decode(), address
