"""Secret addresses by which somebody's calendar program reads their loans and bookings."""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from etabli.kernel.actors import Actor, can, require
from etabli.kernel.events import publish
from etabli.kernel.tenancy import Noun, opening
from etabli.people.models import Person

SEEN_EVERY = timedelta(hours=1)


class CalendarFeed(Noun):
    """An address known to one person's calendar program; only the SHA-256 of its secret is kept."""

    door = True
    person = models.ForeignKey(
        Person, models.CASCADE, related_name="calendar_feeds", verbose_name=gettext_lazy("person")
    )
    hash = models.CharField(max_length=64, unique=True, editable=False)
    by = models.CharField(gettext_lazy("by"), max_length=120, blank=True, editable=False)
    read_at = models.DateTimeField(gettext_lazy("last read on"), null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(gettext_lazy("revoked on"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = gettext_lazy("calendar feed"), gettext_lazy("calendar feeds")

    def __str__(self) -> str:
        return str(self.person)


def may(actor: Actor, act: str, person: Person) -> bool:
    """Everybody disposes of their own calendar; that of others needs the verb."""
    own = actor.account_id is not None and actor.account_id == person.account_id
    return own or can(actor, f"calendarfeed.{act}", person)


@transaction.atomic
def subscribe(person: Person, *, actor: Actor) -> tuple[CalendarFeed, str]:
    """Make an address for a person's calendar; returns it and its secret, shown only now."""
    if not may(actor, "add", person):
        raise PermissionDenied(_("Your role does not let you subscribe to the calendar of somebody else."))
    secret = secrets.token_urlsafe(32)
    feed = CalendarFeed.objects.create(
        organisation_id=person.organisation_id, person=person, hash=_digest(secret), by=actor.label[:120]
    )
    publish(feed, "calendarfeed.created", actor=actor)
    return feed, secret


@transaction.atomic
def revoke(feed: CalendarFeed, *, actor: Actor, now: datetime | None = None) -> None:
    """The address answers nobody any more."""
    if not may(actor, "change", feed.person):
        require(actor, "calendarfeed.change", feed)
    feed.revoked_at = feed.revoked_at or now or timezone.now()
    feed.save(update_fields=["revoked_at"])
    publish(feed, "calendarfeed.revoked", actor=actor)


def find(secret: str, *, now: datetime | None = None) -> CalendarFeed | None:
    """The feed of an address; nothing when it is unknown, revoked, or its person has left."""
    now = now or timezone.now()
    with opening():
        feed = CalendarFeed.objects.filter(hash=_digest(secret), revoked_at=None).first()
        if feed is not None and (feed.read_at is None or now - feed.read_at >= SEEN_EVERY):
            stale = Q(read_at=None) | Q(read_at__lte=now - SEEN_EVERY)
            CalendarFeed.objects.filter(stale, pk=feed.pk).update(read_at=now)
    return feed


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
