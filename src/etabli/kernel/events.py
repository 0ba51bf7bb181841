"""What happened: one row per change, written in the transaction of the change itself.

The same row is the audit trail, the activity feed, the outbox of reactions between domains and of webhooks.
"""

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from . import live
from .actors import Actor
from .tenancy import Noun, OrganisationModel, scope, visible

Changes = dict[str, list[Any]]
APPEND_ONLY = """
CREATE OR REPLACE FUNCTION kernel_event_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF coalesce(current_setting('app.erasing', true), '') = 'on' THEN RETURN OLD; END IF;
  RAISE EXCEPTION 'events are append-only';
END $$;
CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE ON kernel_event
  FOR EACH ROW EXECUTE FUNCTION kernel_event_is_append_only();
"""


class Event(OrganisationModel):
    """Somebody did something to an object. Rows are never changed; erasing an organisation erases them."""

    at = models.DateTimeField(default=timezone.now)
    verb = models.CharField(_("act"), max_length=60)
    noun = models.CharField(_("object type"), max_length=60)
    object_id = models.BigIntegerField()
    label = models.CharField(_("object"), max_length=200)
    account_id = models.BigIntegerField(null=True)
    actor = models.CharField(_("by"), max_length=120)
    source = models.CharField(_("way in"), max_length=20)
    changes = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    extra = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    batch = models.UUIDField(null=True, db_index=True)

    class Meta:
        verbose_name, verbose_name_plural = _("event"), _("events")
        indexes = [
            models.Index(fields=["organisation", "noun", "object_id", "-id"], name="event_of_object"),
            models.Index(fields=["organisation", "-id"], name="event_feed"),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.label}"


Reaction = Callable[[Event], None]
_reactions: dict[str, list[tuple[str, Reaction]]] = defaultdict(list)


class ReactionDone(models.Model):
    """A reaction that ran for an event: a job that runs twice does its work once."""

    event = models.ForeignKey(Event, models.CASCADE, related_name="+")
    reaction = models.CharField(max_length=120)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["event", "reaction"], name="reaction_once")]

    def __str__(self) -> str:
        return self.reaction


def react(*verbs: str) -> Callable[[Reaction], Reaction]:
    """Run the function as a job after each event of these verbs, in the event's organisation."""

    def remember(function: Reaction) -> Reaction:
        name = f"{function.__module__}.{function.__qualname__}"
        for verb in verbs:
            _reactions[verb].append((name, function))
        return function

    return remember


def snapshot(obj: models.Model) -> dict[str, Any]:
    """The fields of an object as they go into an event: plain values, ``{"id", "text"}`` for a relation."""
    values: dict[str, Any] = {}
    for field in obj._meta.concrete_fields:
        if field.primary_key or field.generated or field.name in UNTRACKED:
            continue
        if field.name == "version" and isinstance(obj, Noun):  # the count of its edits
            continue
        if field.is_relation:
            values[field.name] = _related(obj, field)
        else:
            values[field.name] = field.value_from_object(obj)
    return values


def _related(obj: models.Model, field: Any) -> dict[str, Any] | None:
    key = getattr(obj, field.attname)
    try:
        return None if key is None else {"id": key, "text": str(getattr(obj, field.name))}
    except ObjectDoesNotExist:  # outside the scope: a client sees neither its provider nor the name of it
        return {"id": key, "text": ""}


UNTRACKED = {"organisation", "created_at", "updated_at", "password", "path", "hash"}


def difference(before: dict[str, Any], after: dict[str, Any]) -> Changes:
    """Field → ``[before, after]`` for what differs."""
    return {k: [before.get(k), v] for k, v in after.items() if before.get(k) != v}


def publish(
    obj: Any,
    verb: str,
    *,
    actor: Actor,
    changes: Changes | None = None,
    extra: dict[str, Any] | None = None,
    batch: Any = None,
    at: Any = None,
    organisation: int | None = None,
) -> Event:
    """Record that ``verb`` (``asset.created``) happened to the object, refresh its search entry, wake the
    reactions.

    ``at`` is only for what happened earlier than it is recorded (imported history); ``organisation`` for what
    belongs
    to none, and whose event somebody must keep.
    """
    event = Event(
        organisation_id=organisation
        or (obj.pk if obj._meta.model_name == "organisation" else obj.organisation_id),
        verb=verb,
        noun=obj._meta.model_name,
        object_id=obj.pk,
        label=str(obj)[:200],
        account_id=actor.account_id,
        actor=actor.label[:120],
        source=actor.source,
        changes=changes or {},
        extra=extra or {},
        batch=batch or _batch.get(),
        at=at or timezone.now(),
    )
    group = _group.get()
    if group is not None and event.organisation_id in visible():
        group.add(event, obj)
        return event
    event.save()
    _index([(event, obj)])
    _wake(event)
    if event.noun in live.watched and event.source != "agent":
        live.tell(f"{event.noun}:{event.object_id}")
    return event


class _Group:
    """Events of a large work, written some hundreds at a time."""

    size = 500

    def __init__(self) -> None:
        self.waiting: list[tuple[Event, Any]] = []

    def add(self, event: Event, obj: Any) -> None:
        self.waiting.append((event, obj))
        if len(self.waiting) >= self.size:
            self.write()

    def write(self) -> None:
        waiting, self.waiting = self.waiting, []
        if not waiting or transaction.get_rollback():
            return
        # Each was in scope when it was published, perhaps in a scope that is closed by now.
        with scope(
            *{*visible(), *(event.organisation_id for event, _obj in waiting if event.organisation_id)}
        ):
            Event.objects.bulk_create([event for event, _obj in waiting])
            _index(waiting)
            for event, _obj in waiting:
                _wake(event)


_group: ContextVar[_Group | None] = ContextVar("event_group", default=None)


@contextmanager
def together() -> Iterator[None]:
    """Inside, events are written in groups: for imports and other works on thousands of rows, in one
    transaction.
    """
    if _group.get() is not None:
        yield
        return
    group = _Group()
    token = _group.set(group)
    try:
        yield
        group.write()
    finally:
        _group.reset(token)


_batch: ContextVar[uuid.UUID | None] = ContextVar("event_batch", default=None)


@contextmanager
def batching(batch: uuid.UUID) -> Iterator[None]:
    """Inside, every event carries the batch: what one act did to many is found, and undone, together."""
    token = _batch.set(batch)
    try:
        yield
    finally:
        _batch.reset(token)


def batch_in_force() -> uuid.UUID | None:
    """The batch of the work going on, for a job that continues it."""
    return _batch.get()


def reactions_to(verb: str) -> Iterable[tuple[str, Reaction]]:
    return _reactions.get(verb, ())


def _index(done: list[tuple[Event, Any]]) -> None:
    from . import search

    search.refresh_many([obj for event, obj in done if not event.verb.endswith(".deleted")])
    for event, obj in done:
        if event.verb.endswith(".deleted"):
            search.forget(obj)


def _wake(event: Event) -> None:
    from . import webhooks
    from .reactions import run_reaction

    for name, _function in _reactions.get(event.verb, ()):
        run_reaction.enqueue(event_id=event.pk, reaction=name, inside=event.organisation_id)
    if webhooks.wanted(event.verb, event.organisation_id):
        webhooks.fan_out.enqueue(event_id=event.pk, inside=event.organisation_id)
