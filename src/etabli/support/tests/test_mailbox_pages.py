"""The pages of mailboxes and of the mails received, the alert of a mailbox that is no longer read."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from django.core import mail as outbox
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from etabli.kernel import preferences
from etabli.kernel.actors import SYSTEM
from etabli.kernel.jobs import run_waiting
from etabli.kernel.notifications import Notification
from etabli.kernel.tenancy import scope
from etabli.support.health import tell_all
from etabli.support.imap import Arrived
from etabli.support.intake import sort
from etabli.support.mailboxes import Mailbox, ReceivedMail
from etabli.support.reading import read_mailbox
from etabli.support.storing import desk_of, store
from etabli.support.tickets import Ticket

from .dovecot import PASSWORD, Dovecot, _free_port, mail, refusal

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]
real_server = pytest.mark.skipif(bool(refusal()), reason=refusal() or "-")


def made(firm: Any, **more: Any) -> Mailbox:
    values = {"name": "Support", "address": "support@etabli.example", "imap_host": "localhost", "user": "s"}
    with scope(firm.provider.id):
        return Mailbox.objects.create(organisation=firm.provider.organisation, **(values | more))


def took(firm: Any, box: Mailbox, *raws: bytes) -> list[ReceivedMail]:
    with scope(firm.provider.id, firm.acme.id):
        desk = desk_of(box)
        rows = [store(desk, Arrived(1, n, raw, len(raw), timezone.now())) for n, raw in enumerate(raws, 1)]
        return [sort(row, desk) for row in rows]


def test_the_form_asks_what_the_login_needs(firm: Any, client_of: Any) -> None:
    browser = client_of(firm.provider.administrator)
    values = {
        "organisation": firm.provider.id, "name": "Support", "address": "s@etabli.example",
        "enabled": "on", "imap_host": "imap.example", "imap_port": 993, "imap_security": "tls",
        "folder": "INBOX", "since": "2026-11-01", "login": "password", "user": "s", "kind": "incident",
        "smtp_port": 587, "smtp_security": "starttls",
    }  # fmt: skip
    page = browser.post("/mailboxes/add/", values)
    assert "Enter the password of this mailbox." in page.content.decode()
    page = browser.post(
        "/mailboxes/add/", values | {"login": "xoauth2", "token_url": "http://login.example/t"}
    )
    assert "must begin with https://" in page.content.decode()
    assert page.content.decode().count("it comes with the authorisation") == 4  # beside each field, and above
    assert browser.post("/mailboxes/add/", values | {"password": "zorglub"}).status_code == 302
    with scope(firm.provider.id):
        box = Mailbox.objects.get()
    for address in (f"/mailboxes/{box.pk}/", f"/mailboxes/{box.pk}/edit/", "/mailboxes/"):
        assert "zorglub" not in browser.get(address).content.decode()
    assert box.password.unseal() == "zorglub"


@pytest.mark.component("dovecot")
@real_server
def test_the_test_button_says_what_is_wrong_both_ways(
    firm: Any, client_of: Any, mailserver: Dovecot, mailbox_at: Callable[..., Mailbox]
) -> None:
    sink = Controller(object(), hostname="127.0.0.1", port=_free_port())
    sink.start()
    try:
        box = mailbox_at(firm.provider.id, smtp_host="localhost", smtp_port=sink.port, smtp_security="none")
        browser, address = client_of(firm.provider.administrator), f"/mailboxes/{box.pk}/test/"
        page = browser.post(address, follow=True).content.decode()
        assert "Outgoing mail: " in page  # this sink takes no login
        assert "Incoming mail: " not in page
        with scope(firm.provider.id):
            Mailbox.objects.update(smtp_host="", imap_port=1)
        for name, value in {"host": "127.0.0.1", "port": sink.port, "security": "none"}.items():
            preferences.set_value(f"mail.{name}", value, organisation=None, actor=SYSTEM)
        page = browser.post(address, follow=True).content.decode()
        assert "Incoming mail: localhost refuses connections on port 1" in page
        assert "Outgoing mail: " not in page
        with scope(firm.provider.id):
            Mailbox.objects.update(imap_port=mailserver.imap)
        assert "It works: mail comes in and goes out" in browser.post(address, follow=True).content.decode()
    finally:
        sink.stop()
    assert client_of(firm.provider.auditor).post(address).status_code == 403
    assert client_of(firm.acme.administrator).post(address).status_code == 404


def test_the_page_of_a_mailbox_costs_the_same_for_any_number_of_mails(firm: Any, client_of: Any) -> None:
    box = made(firm)
    browser, counts = client_of(firm.provider.administrator), []
    for turn in (2, 30):
        took(firm, box, *(mail(100 * turn + n, subject=f"S{turn}-{n}") for n in range(turn)))
        with CaptureQueriesContext(
            connection,
        ) as asked:
            page = browser.get(f"/mailboxes/{box.pk}/").content.decode()
        counts.append(len(asked))
    assert counts[0] == counts[1]
    assert "S30-29" in page
    assert page.count("opened a ticket") == 15


def test_a_received_mail_tells_its_fate_and_gives_its_bytes(firm: Any, client_of: Any) -> None:
    box = made(firm)
    raw = mail(1, subject="<script>alert(1)</script>")
    received = took(firm, box, raw)[0]
    browser = client_of(firm.provider.administrator)
    page = browser.get(f"/received-mails/{received.pk}/").content.decode()
    assert "It refers to no other mail." in page
    assert "<script>alert" not in page
    answer = browser.get(f"/received-mails/{received.pk}/raw/")
    assert b"".join(answer.streaming_content) == raw
    assert answer["Content-Disposition"].startswith("attachment")
    assert client_of(firm.acme.administrator).get(f"/received-mails/{received.pk}/raw/").status_code == 404


def test_what_was_set_aside_may_still_open_a_ticket(firm: Any, client_of: Any) -> None:
    box = made(firm, acknowledges=True)
    received = took(
        firm, box, mail(1, subject="Disk full on SRV-1", headers=["Auto-Submitted: auto-generated"])
    )[0]
    assert received.fate == "ignored"
    browser = client_of(firm.provider.administrator)
    for _turn in range(2):
        browser.post(f"/received-mails/{received.pk}/act/open/")
    with scope(firm.provider.id, firm.acme.id):
        ticket = Ticket.objects.get()
        assert (ticket.title, ReceivedMail.objects.get().ticket_id) == ("Disk full on SRV-1", ticket.pk)


def age(box: Mailbox, **values: Any) -> None:
    with scope(box.organisation_id):
        Mailbox.objects.filter(pk=box.pk).update(updated_at=timezone.now() - timedelta(hours=3), **values)


def test_a_mailbox_silent_or_failing_for_a_quarter_of_an_hour_is_told_once(firm: Any, client_of: Any) -> None:
    preferences.set_value("mail.host", "smtp.settings.example", organisation=None, actor=SYSTEM)
    now, box = timezone.now(), made(firm)
    age(
        box,
        failing_since=now - timedelta(minutes=10),
        read_at=now - timedelta(minutes=10),
        problem="It hung up.",
    )
    assert tell_all() == 0
    age(box, failing_since=now - timedelta(minutes=16))
    assert (tell_all(), tell_all()) == (1, 0)
    run_waiting()
    with scope(firm.provider.id):
        rows = Notification.objects.filter(kind="mailbox.failing").select_related("account")
        told = {one.account for one in rows}
    assert told == {firm.provider.administrator}
    assert [(one.to, one.subject) for one in outbox.outbox] == [
        ([firm.provider.administrator.email], "The mailbox support@etabli.example is no longer read")
    ]
    assert "It hung up." in outbox.outbox[0].body
    for address in ("/", f"/mailboxes/{box.pk}/"):
        page = client_of(firm.provider.administrator).get(address).content.decode()
        assert "It hung up." in page
    assert "It hung up." not in client_of(firm.acme.administrator).get("/").content.decode()


def test_a_mailbox_that_nobody_reads_is_told_too(firm: Any, client_of: Any) -> None:
    box = made(firm)
    age(box, read_at=timezone.now() - timedelta(minutes=16))
    page = client_of(firm.provider.administrator).get("/").content.decode()
    assert "see whether the worker runs" in page
    assert tell_all() == 1
    age(box, enabled=False, alerted_at=None)
    assert tell_all() == 0


@pytest.mark.component("dovecot")
@real_server
def test_a_mailbox_that_works_again_is_told_and_may_alert_again(
    firm: Any, mailserver: Dovecot, mailbox_at: Callable[..., Mailbox]
) -> None:
    box = mailbox_at(firm.provider.id)
    age(box, failing_since=timezone.now() - timedelta(hours=1), problem="It hung up.")
    assert tell_all() == 1
    with scope(firm.provider.id):
        box = Mailbox.objects.get()
    read_mailbox(box)
    with scope(firm.provider.id):
        box = Mailbox.objects.get()
        assert (box.problem, box.alerted_at, box.in_trouble()) == ("", None, False)
        titles = list(Notification.objects.order_by("pk").values_list("title", flat=True))
    assert titles == [
        f"The mailbox {box.address} is no longer read",
        f"The mailbox {box.address} is read again",
    ]
    assert PASSWORD not in box.problem
