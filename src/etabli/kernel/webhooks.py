"""Webhooks: an organisation's events sent to its other programs, signed, retried, never to our own network.

A receiver verifies ``X-Etabli-Signature: t=<unix time>,v1=<hex>`` where v1 is the HMAC-SHA256, with the
webhook's secret, of ``<t>.<body>``; ``X-Etabli-Delivery`` stays the same when a delivery is tried again.
"""

import hashlib
import hmac
import time
import uuid
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import orjson
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from . import pinnedhttp, preferences
from .actors import SYSTEM, Actor, allowed, require
from .events import Event, publish
from .jobs import job
from .secrets import EncryptedTextField
from .tenancy import Noun, OrganisationModel, everywhere, visible

WAITS = [
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=12),
]
PAUSE_AFTER = 20
PAUSE = timedelta(hours=24)
KEPT = timedelta(days=30)
FRESH = 30.0
VERB = RegexValidator(
    r"\A(\*|[a-z_]+\.(\*|[a-z_]+)|\*\.[a-z_]+)\Z", gettext_lazy("Write asset.created, asset.* or *.")
)

preferences.declare(
    "webhooks.allow_private",
    kind=bool,
    default=False,
    section=gettext_lazy("Webhooks"),
    label=gettext_lazy("Webhooks may reach private addresses"),
    help=gettext_lazy("Who may write a webhook can then make this server call machines of its network."),
)


def validate_url(url: str) -> None:
    """Refuse what is not http or https, or hides a password in the address."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
        raise ValidationError(
            _("Write an address such as https://example.com/etabli, without user name or password.")
        )


class Webhook(Noun):
    """An address that receives the events of some verbs; ``failures`` counts the failures in a row."""

    url = models.URLField(gettext_lazy("address"), max_length=500, validators=[validate_url])
    verbs = ArrayField(
        models.CharField(max_length=60, validators=[VERB]), verbose_name=gettext_lazy("events"), default=list
    )
    secret = EncryptedTextField(gettext_lazy("signing secret"))
    active = models.BooleanField(gettext_lazy("active"), default=True)
    paused_until = models.DateTimeField(gettext_lazy("paused until"), null=True, blank=True, editable=False)
    failures = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = gettext_lazy("webhook"), gettext_lazy("webhooks")
        indexes = [
            models.Index(fields=["organisation"], condition=models.Q(active=True), name="webhook_active")
        ]

    def __str__(self) -> str:
        return self.url


class WebhookDelivery(OrganisationModel):
    """An event on its way to a webhook: ``uid`` stays the same from one attempt to the next."""

    class State(models.TextChoices):
        WAITING = "waiting", gettext_lazy("waiting")
        DELIVERED = "delivered", gettext_lazy("delivered")
        GIVEN_UP = "given_up", gettext_lazy("given up")

    webhook = models.ForeignKey(
        Webhook, models.CASCADE, related_name="deliveries", verbose_name=gettext_lazy("webhook")
    )
    event = models.ForeignKey(Event, models.CASCADE, related_name="+", verbose_name=gettext_lazy("event"))
    uid = models.UUIDField(default=uuid.uuid4, editable=False)
    state = models.CharField(gettext_lazy("state"), max_length=10, choices=State, default=State.WAITING)
    attempt = models.PositiveSmallIntegerField(gettext_lazy("attempts"), default=0)
    status = models.PositiveSmallIntegerField(gettext_lazy("answer"), null=True)
    response = models.CharField(gettext_lazy("text of the answer"), max_length=1000, blank=True)
    created_at = models.DateTimeField(gettext_lazy("created on"), auto_now_add=True)
    sent_at = models.DateTimeField(gettext_lazy("sent on"), null=True)
    duration = models.PositiveIntegerField(gettext_lazy("duration (ms)"), null=True)

    class Meta:
        verbose_name, verbose_name_plural = (
            gettext_lazy("webhook delivery"),
            gettext_lazy("webhook deliveries"),
        )
        indexes = [models.Index(fields=["organisation", "webhook", "-id"], name="webhook_delivery_latest")]
        constraints = [
            models.UniqueConstraint(fields=["organisation", "webhook", "event"], name="webhook_delivery_once")
        ]

    def __str__(self) -> str:
        return str(self.uid)


def wanted(verb: str, organisation_id: int) -> bool:
    """Whether an active webhook of the organisation asks for the verb; read again every 30 s.

    True: ``fan_out.enqueue(event_id=…)`` in the event's transaction.
    """
    read_at, patterns = _wanted.get(organisation_id, (0.0, frozenset()))
    if time.monotonic() - read_at > FRESH or not read_at:
        rows = Webhook.objects.filter(organisation=organisation_id, active=True).values_list(
            "verbs", flat=True
        )
        patterns = frozenset(pattern for verbs in rows for pattern in verbs)
        if (
            organisation_id in visible()
        ):  # Outside its scope the table looks empty: that is no answer to keep.
            _wanted[organisation_id] = (time.monotonic(), patterns)
    return bool(patterns) and allowed(verb, patterns)


_wanted: dict[int, tuple[float, frozenset[str]]] = {}


def forget_wanted() -> None:
    """Make this process read the webhooks again at the next event."""
    _wanted.clear()


@job()
def fan_out(event_id: int) -> None:
    """Prepare a delivery of the event for each webhook that asks for it; running again adds none."""
    event = Event.objects.get(pk=event_id)
    for webhook in Webhook.objects.filter(organisation=event.organisation_id, active=True):
        if allowed(event.verb, frozenset(webhook.verbs)):
            delivery, new = WebhookDelivery.objects.get_or_create(
                organisation=event.organisation, webhook=webhook, event=event
            )
            if new:
                _queue(delivery, webhook.paused_until, now=timezone.now())


@transaction.atomic
def replay(delivery: WebhookDelivery, *, actor: Actor) -> None:
    """Send a delivery again from its first attempt, under the same identifier."""
    require(actor, "webhook.change", delivery)
    delivery.state, delivery.attempt = WebhookDelivery.State.WAITING, 0
    delivery.save(update_fields=["state", "attempt"])
    publish(delivery.webhook, "webhook.replayed", actor=actor, extra={"delivery": str(delivery.uid)})
    _queue(delivery, None, now=timezone.now())


@transaction.atomic
def resume(webhook: Webhook, *, actor: Actor) -> None:
    """End a pause before its time and forget the failures; what waits is sent now."""
    require(actor, "webhook.change", webhook)
    webhook.paused_until, webhook.failures = None, 0
    webhook.save(update_fields=["paused_until", "failures", "updated_at"])
    publish(webhook, "webhook.resumed", actor=actor)
    for delivery in webhook.deliveries.filter(state=WebhookDelivery.State.WAITING):
        _queue(delivery, None, now=timezone.now())


@job(queue="webhooks")
def deliver(delivery_id: int, attempt: int) -> None:
    """Make one attempt at a delivery; a job that runs twice finds another attempt number and stops."""
    rows = WebhookDelivery.objects.select_for_update(of=("self",)).select_related("webhook", "event")
    delivery = rows.filter(pk=delivery_id, attempt=attempt, state=WebhookDelivery.State.WAITING).first()
    now = timezone.now()
    if delivery is None or not delivery.webhook.active:
        return
    paused = delivery.webhook.paused_until
    if paused and paused > now:
        _queue(delivery, paused, now=now)
        return
    _attempt(delivery, now)
    delivery.save()
    good = delivery.state == WebhookDelivery.State.DELIVERED
    _count(delivery.webhook, good=good, now=now)
    if not good and delivery.attempt <= len(WAITS):
        _queue(delivery, now + WAITS[delivery.attempt - 1], now=now)


def body_of(delivery: WebhookDelivery) -> bytes:
    """The JSON that is sent."""
    event = delivery.event
    told = {"id": str(delivery.uid), "event": event.pk, "at": event.at, "organisation": event.organisation_id}
    for name in ("verb", "noun", "object_id", "label", "actor", "source", "changes", "extra"):
        told[name] = getattr(event, name)
    return orjson.dumps(told, default=str)


def sign(secret: str, body: bytes, *, at: int) -> str:
    """The ``X-Etabli-Signature`` of a body sent at a Unix time."""
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


@job(every="7 4 * * *")
def forget_old_deliveries() -> None:
    """Remove the deliveries older than 30 days; the events themselves stay."""
    with everywhere(because="the rule is the installation's"):
        WebhookDelivery.objects.filter(created_at__lt=timezone.now() - KEPT).delete()


def _attempt(delivery: WebhookDelivery, now: datetime) -> None:
    """Send, and write down on the delivery what came of it."""
    body, at = body_of(delivery), int(now.timestamp())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Etabli-Webhook/1",
        "X-Etabli-Event": delivery.event.verb,
        "X-Etabli-Delivery": str(delivery.uid),
        "X-Etabli-Signature": sign(delivery.webhook.secret.unseal(), body, at=at),
    }
    begun = time.monotonic()
    delivery.attempt += 1
    delivery.sent_at, delivery.status = now, None
    try:
        answer = pinnedhttp.post(
            delivery.webhook.url, body, headers, allow_private=preferences.get("webhooks.allow_private")
        )
        delivery.status, delivery.response = answer.status, answer.text[:1000]
    except pinnedhttp.RequestFailed as error:
        delivery.response = str(error)[:1000]
    delivery.duration = int((time.monotonic() - begun) * 1000)
    states = WebhookDelivery.State
    if delivery.status and 200 <= delivery.status < 300:
        delivery.state = states.DELIVERED
    elif delivery.attempt > len(WAITS):
        delivery.state = states.GIVEN_UP


def _count(webhook: Webhook, *, good: bool, now: datetime) -> None:
    """Count the failures in a row; the twentieth pauses the webhook for a day, during which events wait."""
    rows = Webhook.objects.filter(pk=webhook.pk)
    if good:
        rows.exclude(failures=0, paused_until=None).update(failures=0, paused_until=None)
        return
    rows.update(failures=models.F("failures") + 1)
    paused = (
        rows.filter(failures__gte=PAUSE_AFTER).exclude(paused_until__gt=now).update(paused_until=now + PAUSE)
    )
    if paused:
        publish(webhook, "webhook.paused", actor=SYSTEM, extra={"until": (now + PAUSE).isoformat()})


def _queue(delivery: WebhookDelivery, at: datetime | None, *, now: datetime) -> None:
    after: Any = at - now if at and at > now else None
    deliver.enqueue(delivery_id=delivery.pk, attempt=delivery.attempt, after=after)
