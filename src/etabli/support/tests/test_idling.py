"""Mailboxes followed live: a mail is a ticket within seconds, and everything stops when it is asked to."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connections

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
