"""Servers read without an agent, from their page to the fleet: pinned keys, schedules, ten at once, cancelling."""

import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, connections
from django.utils import timezone

from etabli.inventory import agentless, jobs, ssh
from etabli.inventory.models import Agent, Document, SshTarget
from etabli.kernel.actors import SYSTEM, Actor
from etabli.kernel.events import Event
from etabli.kernel.jobs import Job, cancel, run_waiting
from etabli.kernel.secrets import MASK
from etabli.kernel.tenancy import scope

from .machines import Fleet
from .sshd import PASSWORD, USER, Sshd, refusal

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILkHwavxrzq2P3NibAkj4fcb+wwSdTxUfRQx19b+Zsly"
pytestmark = pytest.mark.django_db(transaction=True)


def for_sshd(test: Any) -> Any:
    """A test that needs the real server."""
    return pytest.mark.component("sshd")(pytest.mark.skipif(bool(refusal()), reason=refusal() or "-")(test))


@pytest.fixture(scope="module")
def server() -> Iterator[Sshd]:
    made = Sshd(Path(tempfile.mkdtemp(prefix="etabli-sshd-"))).start()
    try:
        yield made
    finally:
        made.stop()
        shutil.rmtree(made.here)


def target(server: Sshd | None = None, **more: Any) -> SshTarget:
    usual: dict[str, Any] = {"name": "srv", "host": "127.0.0.1", "login": USER, "password": PASSWORD}
    usual |= {"port": server.port, "host_key": server.host_key} if server else {"port": 1, "host_key": KEY}
    return SshTarget.objects.create(**(usual | more))


def read_all(fleet: Fleet) -> Job:
    """Run what waits, as the worker does; the job as its page shows it."""
    run_waiting()
    with scope(fleet.acme.pk):
        return Job.objects.filter(name=agentless.read_servers.name).latest("pk")


@pytest.fixture
def acme(committed_fleet: Fleet) -> Fleet:
    return committed_fleet


@for_sshd
def test_a_server_is_read_into_the_fleet(acme: Fleet, server: Sshd) -> None:
    with scope(acme.acme.pk):
        one = target(server, every="day", enrolment=acme.enrolments[acme.acme.pk])
        agentless.ask_reading(one, actor=SYSTEM)
    job = read_all(acme)
    assert (job.state, job.result["done"], job.result["failed"]) == ("done", 1, 0), job.result
    jobs.drain_all(acme.acme.pk)
    with scope(acme.acme.pk):
        one.refresh_from_db()
        assert one.result == "done"
        assert one.reason.startswith("Read in ")
        assert one.agent is not None
        assert one.agent.asset is not None
        assert one.agent.asset.system
        assert one.next_at is not None
        assert timedelta(hours=23) < one.next_at - timezone.now() <= timedelta(days=1)
        document = Document.objects.get(agent=one.agent)
        assert document.decision == "created"
        assert PASSWORD not in str(job.log) + str(list(Event.objects.values()))


@for_sshd
def test_a_first_contact_asks_a_person_and_the_accepted_key_is_kept(acme: Fleet, server: Sshd) -> None:
    with scope(acme.acme.pk):
        one = target(server, host_key="", every="day")
        agentless.ask_reading(one, actor=SYSTEM)
    assert read_all(acme).result == {"done": 0, "failed": 0, "asked": 1}
    with scope(acme.acme.pk):
        one.refresh_from_db()
        shown = ssh.fingerprint(server.host_key)
        assert shown in one.reason
        assert Document.objects.count() == 0
        with pytest.raises(ValidationError):
            agentless.trust(one, fingerprint="SHA256:another", actor=SYSTEM)
        agentless.trust(one, fingerprint=shown, actor=SYSTEM)
    assert read_all(acme).result["done"] == 1
    with scope(acme.acme.pk):
        one.refresh_from_db()
        assert one.host_key == server.host_key
        verbs = [e.verb for e in Event.objects.filter(noun="sshtarget").order_by("pk")]
        assert verbs == ["sshtarget.asked", "sshtarget.trusted", "sshtarget.done"]


@for_sshd
def test_a_reinstalled_server_is_refused_until_its_key_is_forgotten(acme: Fleet, server: Sshd) -> None:
    with scope(acme.acme.pk):
        one = target(server, host_key=KEY)
        agentless.ask_reading(one, actor=SYSTEM)
    assert read_all(acme).result["failed"] == 1
    with scope(acme.acme.pk):
        one.refresh_from_db()
        assert "another host key" in one.reason
        assert one.offered_key == ""  # nobody accepts it by a mistaken click
        agentless.forget_key(one, actor=SYSTEM)
        agentless.ask_reading(one, actor=SYSTEM)
    assert read_all(acme).result["asked"] == 1


@for_sshd
def test_many_are_read_ten_at_a_time_and_one_that_fails_stops_no_other(acme: Fleet, server: Sshd) -> None:
    logins = {n: agentless.login_of(_unsaved(server)) for n in range(25)}
    logins[25] = ssh.Login("127.0.0.1", 1, USER, "x", host_key=KEY)
    slow = b"import time; time.sleep(0.4); print('{}')"
    began = time.monotonic()
    found = dict(one for one in agentless.attempts(logins, slow) if one is not None)
    took = time.monotonic() - began
    assert len(found) == 26
    assert sum(bool(outcome.document) for outcome in found.values()) == 25
    assert found[25].reason is not None
    assert 1.2 <= took < 10, took  # three waves of ten, not twenty-five one after the other


def _unsaved(server: Sshd) -> SshTarget:
    return SshTarget(
        host="127.0.0.1", port=server.port, login=USER, password=PASSWORD, host_key=server.host_key
    )


@for_sshd
def test_cancelling_leaves_the_servers_at_once(acme: Fleet, server: Sshd, monkeypatch: Any) -> None:
    hang = server.here / "hang.py"
    hang.write_text("import time; time.sleep(300)")
    monkeypatch.setattr("etabli.inventory.door.COLLECTOR", hang)
    with scope(acme.acme.pk):
        job = agentless.ask_reading(target(server), actor=SYSTEM)
    began = time.monotonic()
    worker = threading.Thread(target=_work)
    worker.start()
    time.sleep(1.5)
    with scope(acme.acme.pk):
        cancel(job)
    worker.join(timeout=20)
    assert not worker.is_alive()
    assert time.monotonic() - began < 15
    with scope(acme.acme.pk):
        job.refresh_from_db()
        assert job.state == "cancelled"


def _work() -> None:
    try:
        run_waiting()
    finally:
        connections.close_all()


def test_what_is_due_is_read_once_by_its_schedule(acme: Fleet) -> None:
    now = timezone.now()
    with scope(acme.acme.pk):
        due = target(name="due", every="week", next_at=now - timedelta(minutes=1))
        target(name="later", host="127.0.0.2", every="day", next_at=now + timedelta(hours=1))
        target(name="never", host="127.0.0.3", every="")
    agentless.read_due_servers.function()
    agentless.read_due_servers.function()  # while the first waits
    with scope(acme.acme.pk):
        assert Job.objects.filter(name=agentless.read_servers.name).count() == 1
    job = read_all(acme)
    assert job.total == 1
    assert job.result["failed"] == 1
    with scope(acme.acme.pk):
        due.refresh_from_db()
        assert "does not answer" in due.reason
        assert due.next_at is not None
        assert due.next_at - now > timedelta(days=6)
        assert Agent.objects.count() == 0


def test_a_lost_key_file_fails_its_servers_and_says_what_to_do(acme: Fleet, settings: Any) -> None:
    with scope(acme.acme.pk):
        one = target()
        agentless.ask_reading(one, actor=SYSTEM)
    (Path(settings.HOME) / "secret.keys").write_text(Fernet.generate_key().decode() + "\n")
    assert read_all(acme).result["failed"] == 1
    with scope(acme.acme.pk):
        one.refresh_from_db()
        assert "enter it again" in one.reason


def test_a_server_deleted_while_it_is_read_is_left_alone(acme: Fleet) -> None:
    with scope(acme.acme.pk):
        one = target(next_at=timezone.now())
    assert list(agentless.take_due(acme.acme.pk, timezone.now())) == [one.pk]
    key = one.pk
    with scope(acme.acme.pk):
        one.delete()
    assert agentless._keep_now(acme.acme.pk, key, agentless.Outcome()) is None


def test_who_may_not_neither_reads_nor_accepts(acme: Fleet) -> None:
    visitor = Actor(account_id=None, label="visitor")
    with scope(acme.acme.pk):
        one = target()
        for act in (agentless.ask_reading, agentless.forget_key):
            with pytest.raises(PermissionDenied):
                act(one, actor=visitor)
        with pytest.raises(PermissionDenied):
            agentless.trust(one, fingerprint="x", actor=visitor)


def test_the_database_holds_no_password_in_clear(acme: Fleet) -> None:
    with scope(acme.acme.pk):
        one = target(private_key="-----BEGIN-----secret", passphrase="sesame")
        assert str(one.password) == MASK
        with connection.cursor() as cursor:
            cursor.execute("SELECT to_jsonb(t)::text FROM inventory_sshtarget t")
            row = cursor.fetchone()[0]
    assert not [word for word in (PASSWORD, "sesame", "BEGIN") if word in row or word.encode().hex() in row]


def test_output_that_is_no_inventory_is_refused_with_a_sentence(acme: Fleet) -> None:
    with scope(acme.acme.pk):
        one = target()
        for sent in (b"Welcome to srv!", b"{}", b'{"action": "contact", "deviceid": "x"}'):
            agentless.keep(one, agentless.Outcome(document=sent), now=timezone.now())
            assert one.result == "failed"
            assert one.reason
        assert Document.objects.count() == 0
