import hashlib
import hmac
import http.server
import ipaddress
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.utils import timezone

from etabli.kernel import jobs, pinnedhttp, preferences, webhooks
from etabli.kernel.actors import SYSTEM, Actor
from etabli.kernel.calendars import Calendar
from etabli.kernel.events import Event, publish
from etabli.kernel.tenancy import scope
from etabli.kernel.webhooks import WAITS, Webhook, WebhookDelivery, deliver, fan_out, replay, resume, wanted

STATE = WebhookDelivery.State


class Receiver:
    """A real HTTP server that keeps what it receives and answers what it is told to."""

    def __init__(self) -> None:
        self.received: list[tuple[str, dict[str, str], bytes]] = []
        self.status, self.location = 200, ""
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.received.append((self.path, dict(self.headers), body))
                self.send_response(receiver.status)
                if receiver.location:
                    self.send_header("Location", receiver.location)
                self.end_headers()
                self.wfile.write(b"thank you")

            def log_message(self, *_args: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook?a=1"
        threading.Thread(target=self.server.serve_forever, args=[0.02], daemon=True).start()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def hook(at_acme, receiver) -> Webhook:
    preferences.set_value("webhooks.allow_private", True, organisation=None, actor=SYSTEM)
    return Webhook.objects.create(url=receiver.url, verbs=["calendar.*"], secret="s3cret")


def happen(verb: str = "calendar.created") -> Event:
    calendar = Calendar.objects.create(name=f"Shop {Calendar.objects.count()}")
    return publish(calendar, verb, actor=SYSTEM, changes={"name": [None, "Shop"]})


def prepared(verb: str = "calendar.created") -> WebhookDelivery:
    event = happen(verb)
    fan_out.function(event_id=event.pk)
    return WebhookDelivery.objects.get(event=event)


def scheduled() -> list[float]:
    """In how many minutes each waiting delivery job runs; 0 at once."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(extract(epoch FROM scheduled_at - now()) / 60, 0) FROM procrastinate_jobs "
            "WHERE status = 'todo' AND task_name LIKE '%webhooks.deliver' ORDER BY id"
        )
        return [round(float(row[0])) for row in cursor.fetchall()]


def tried(delivery: WebhookDelivery) -> WebhookDelivery:
    """The delivery after one more attempt, made now whatever its waiting time."""
    deliver.function(delivery_id=delivery.pk, attempt=WebhookDelivery.objects.get(pk=delivery.pk).attempt)
    return WebhookDelivery.objects.get(pk=delivery.pk)


def test_an_event_is_delivered_signed_once(hook, receiver):
    event = happen()
    fan_out.enqueue(event_id=event.pk)
    fan_out.enqueue(event_id=event.pk)
    jobs.run_waiting()
    ((path, headers, body),) = receiver.received
    assert path == "/hook?a=1"
    told = json.loads(body)
    assert (told["verb"], told["object_id"], told["changes"]) == (
        "calendar.created",
        event.object_id,
        event.changes,
    )
    stamp, signature = (part.split("=")[1] for part in headers["X-Etabli-Signature"].split(","))
    assert signature == hmac.new(b"s3cret", f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    assert abs(int(stamp) - datetime.now(UTC).timestamp()) < 60
    delivery = WebhookDelivery.objects.get()
    assert headers["X-Etabli-Delivery"] == told["id"] == str(delivery.uid)
    assert (delivery.state, delivery.status, delivery.response, delivery.attempt) == (
        "delivered",
        200,
        "thank you",
        1,
    )


def test_only_the_verbs_asked_for_are_wanted(hook):
    acme = hook.organisation_id
    assert wanted("calendar.created", acme)
    assert not wanted("asset.created", acme)
    Webhook.objects.filter(pk=hook.pk).update(active=False)
    assert wanted("calendar.created", acme)  # Read again after 30 s only.
    webhooks.forget_wanted()
    assert not wanted("calendar.created", acme)
    fan_out.function(event_id=happen().pk)
    assert not WebhookDelivery.objects.exists()


def test_a_question_asked_outside_the_scope_is_not_remembered(world):
    with scope(world.acme.pk):
        Webhook.objects.create(url="https://example.com", verbs=["*"], secret="s")
    with scope(world.globex.pk):
        assert not wanted("calendar.created", world.acme.pk)
    with scope(world.acme.pk):
        assert wanted("calendar.created", world.acme.pk)


def test_a_failure_is_tried_again_later_and_later_then_given_up(hook, receiver):
    receiver.status = 500
    delivery = prepared()
    assert scheduled() == [0]
    for wait in WAITS:
        delivery = tried(delivery)
        assert (delivery.state, delivery.status) == (STATE.WAITING, 500)
        assert scheduled()[-1] == wait.total_seconds() / 60
    delivery = tried(delivery)
    assert (delivery.state, delivery.attempt) == (STATE.GIVEN_UP, 6)
    assert len(scheduled()) == 6
    assert len({headers["X-Etabli-Delivery"] for _path, headers, _body in receiver.received}) == 1


def test_a_job_that_runs_twice_sends_once(hook, receiver):
    delivery = prepared()
    for _n in range(2):
        deliver.function(delivery_id=delivery.pk, attempt=0)
    assert len(receiver.received) == 1


def test_a_redirect_is_not_followed(hook, receiver):
    receiver.status, receiver.location = 302, receiver.url
    assert tried(prepared()).status == 302
    assert len(receiver.received) == 1


def test_twenty_failures_in_a_row_pause_the_webhook_and_its_events_wait(hook, receiver):
    receiver.status = 500
    Webhook.objects.filter(pk=hook.pk).update(failures=19)
    tried(prepared())
    hook.refresh_from_db()
    assert hook.paused_until - timezone.now() > timedelta(hours=23)
    assert Event.objects.filter(verb="webhook.paused").count() == 1
    later = prepared()
    assert scheduled()[-1] == pytest.approx(24 * 60, abs=1)
    assert tried(later).attempt == 0
    assert len(receiver.received) == 1
    receiver.status = 200
    resume(hook, actor=SYSTEM)
    assert tried(later).state == STATE.DELIVERED
    hook.refresh_from_db()
    assert (hook.failures, hook.paused_until) == (0, None)


def test_a_success_forgets_the_failures(hook, receiver):
    Webhook.objects.filter(pk=hook.pk).update(failures=19)
    tried(prepared())
    hook.refresh_from_db()
    assert hook.failures == 0


def test_a_delivery_is_replayed_under_the_same_identifier_by_who_may(hook, receiver, world):
    receiver.status = 410
    delivery = tried(prepared())
    with pytest.raises(PermissionDenied):
        replay(delivery, actor=Actor(account_id=1, label="Stranger"))
    receiver.status = 204
    replay(delivery, actor=world.admin)
    delivery = tried(delivery)
    assert (delivery.state, delivery.attempt, delivery.status) == (STATE.DELIVERED, 1, 204)
    assert len({headers["X-Etabli-Delivery"] for _path, headers, _body in receiver.received}) == 1


def test_a_private_address_is_refused_unless_the_installation_allows_it(hook, receiver):
    preferences.set_value("webhooks.allow_private", False, organisation=None, actor=SYSTEM)
    delivery = tried(prepared())
    assert receiver.received == []
    assert "private" in delivery.response
    assert delivery.status is None


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "192.168.1.1",
        "172.16.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fc00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "2001:db8::1",
    ],
)
def test_these_addresses_are_not_public(address):
    assert not pinnedhttp.is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"])
def test_these_addresses_are_public(address):
    assert pinnedhttp.is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("host", ["localhost", "127.1", "0x7f000001", "2130706433", "[::1]"])
def test_other_spellings_of_this_machine_are_refused(host, receiver):
    with pytest.raises(pinnedhttp.RequestFailed, match="private"):
        pinnedhttp.post(f"http://{host}:{receiver.server.server_port}/", b"{}", {})
    assert receiver.received == []


def test_the_connection_goes_to_the_address_that_was_checked_and_names_the_host(receiver):
    client = pinnedhttp._Pinned("hooks.example.com", receiver.server.server_port, "127.0.0.1", False)
    client.request("POST", "/", body=b"{}")
    assert client.getresponse().status == 200
    client.close()
    assert receiver.received[0][1]["Host"] == f"hooks.example.com:{receiver.server.server_port}"


def test_what_cannot_be_reached_says_why():
    for url, why in [
        ("http://127.0.0.1:1/", "127.0.0.1"),
        ("http://no-such-name.invalid/", "not found"),
        ("ftp://example.com/", "https"),
        ("http://example.com:port/", "not valid"),
    ]:
        with pytest.raises(pinnedhttp.RequestFailed, match=why):
            pinnedhttp.post(url, b"", {}, allow_private=True)


def test_a_server_that_drips_is_cut_off(monkeypatch):
    import socket

    monkeypatch.setattr(pinnedhttp, "LONGEST", 0.3)
    listener = socket.create_server(("127.0.0.1", 0))

    def drip() -> None:
        peer, _address = listener.accept()
        with peer:
            try:
                while True:
                    peer.sendall(b"H")
                    threading.Event().wait(0.05)
            except OSError:
                return

    threading.Thread(target=drip, daemon=True).start()
    begun = datetime.now(UTC)
    with pytest.raises(pinnedhttp.RequestFailed):
        pinnedhttp.post(f"http://127.0.0.1:{listener.getsockname()[1]}/", b"", {}, allow_private=True)
    assert datetime.now(UTC) - begun < timedelta(seconds=5)
    listener.close()


@pytest.mark.parametrize(
    "url", ["ftp://example.com", "https://user:pw@example.com", "file:///etc/passwd", "https://"]
)
def test_an_address_is_http_without_password(at_acme, url):
    with pytest.raises(ValidationError):
        Webhook(url=url, verbs=["*"], secret="x").full_clean()


def test_old_deliveries_are_forgotten(hook):
    old, recent = prepared(), prepared()
    WebhookDelivery.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=31))
    webhooks.forget_old_deliveries.function()
    assert list(WebhookDelivery.objects.all()) == [recent]
