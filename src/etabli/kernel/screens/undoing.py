"""Taking back what was done: one event, or all those of a batch."""

import json
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.utils.translation import gettext as _

from ..actors import Actor, require
from ..events import Event, difference, publish, snapshot
from ..tenancy import Noun
from .columns import label_of
from .writing import count_edit, delete, kept, obeying

if TYPE_CHECKING:
    from .screen import Screen

Undoer = Callable[[Event, Actor], Any]
_undoers: dict[str, Undoer] = {}


def undoes(verb: str) -> Callable[[Undoer], Undoer]:
    """Take back the events of this verb by the function, which returns the object to show, or ``None``.

    Without one, ``created`` is deleted, ``deleted`` brought back, and fields named in ``changes`` put back.
    """

    def remember(function: Undoer) -> Undoer:
        _undoers[verb] = function
        return function

    return remember


def undoable(event: Event) -> bool:
    """Whether an event can be taken back. What a machine said of itself cannot: it would say it again."""
    if event.verb in _undoers:
        return True
    act = event.verb.rpartition(".")[2]
    return event.source != "agent" and (act in {"created", "deleted"} or bool(event.changes))


@transaction.atomic
def undo(event: Event, actor: Actor, *, batch: Any = None) -> Any:
    """Put an object back as it was before an event: see :func:`undoable`.

    Raises ``ValidationError`` when a field was changed again since: nothing of a later person's work is lost.
    """
    from . import by_noun

    screen = by_noun(event.noun)
    if screen is None:
        raise ValidationError(_("This cannot be undone."))
    act = event.verb.rpartition(".")[2]
    require(
        actor, screen.verb({"created": "delete", "deleted": "add"}.get(act, "change")), event.organisation_id
    )
    if not undoable(event):
        raise ValidationError(_("This cannot be undone."))
    if own := _undoers.get(event.verb):
        return own(event, actor)
    if act == "deleted":
        return _bring_back(screen, event, actor)
    obj = screen.model._default_manager.filter(pk=event.object_id).first()
    if obj is None:
        raise ValidationError(_("“%(name)s” no longer exists.") % {"name": event.label})
    if act == "created":
        _require_untouched(screen, obj, event)
        return delete(screen, obj, actor, batch=batch)
    return put_back(screen, obj, event, actor, batch)


def undo_batch(batch: uuid.UUID, actor: Actor, told: Callable[[int], None] | None = None) -> int:
    """Undo everything that carries the batch, the last first, all or nothing; returns how many events.

    ``told`` hears how many are done, now and then.
    """
    events = list(Event.objects.filter(batch=batch).order_by("-id"))
    with transaction.atomic():
        for number, event in enumerate(events, 1):
            undo(event, actor)
            if told and number % 50 == 0:
                told(number)
    return len(events)


def _require_untouched(screen: "Screen", obj: Any, event: Event) -> None:
    """An object that somebody completed since its creation is theirs too: it is deleted, never undone."""
    now = kept(snapshot(obj))
    touched = [
        n
        for n in {*now, *event.changes}
        if not _same(screen, n, now.get(n), event.changes.get(n, [None, None])[1])
    ]
    if event.changes and touched:
        raise ValidationError(
            _("“%(field)s” was changed again since.") % {"field": label_of(screen, sorted(touched)[0])}
        )


def put_back(screen: "Screen", obj: Any, event: Event, actor: Actor, batch: Any = None) -> Any:
    """Give the fields named in the event their former values; for the functions of :func:`undoes` too."""
    require(actor, screen.verb("change"), obj)
    now = snapshot(obj)
    for name, (before, after) in event.changes.items():
        if _same(screen, name, now.get(name), after):
            setattr(obj, _attribute(screen, name), _raw(screen, name, before))
        else:
            raise ValidationError(
                _("“%(field)s” was changed again since.") % {"field": label_of(screen, name)}
            )
    if isinstance(obj, Noun):
        count_edit(obj)
    obeying(obj.save)
    publish(
        obj,
        f"{screen.noun}.changed",
        actor=actor,
        batch=batch,
        changes=difference(now, snapshot(obj)),
        extra={"undo": event.pk},
    )
    return obj


def _bring_back(screen: "Screen", event: Event, actor: Actor) -> Any:
    require(actor, screen.verb("add"), event.organisation_id)
    obj = screen.model(pk=event.object_id, organisation_id=event.organisation_id)
    for name, (before, _after) in event.changes.items():
        setattr(obj, _attribute(screen, name), _raw(screen, name, before))
    obeying(lambda: obj.save(force_insert=True))
    publish(obj, f"{screen.noun}.created", actor=actor, extra={"undo": event.pk})
    return obj


def _attribute(screen: "Screen", name: str) -> str:
    return str(screen.model._meta.get_field(name).attname)  # type: ignore[union-attr]


def _raw(screen: "Screen", name: str, value: Any) -> Any:
    field: Any = screen.model._meta.get_field(name)
    if isinstance(value, dict) and field.is_relation:
        return value["id"]
    return None if value is None else field.to_python(value)


def _same(screen: "Screen", name: str, now: Any, then: Any) -> bool:
    """Whether the present value is the one recorded in JSON."""
    if isinstance(now, dict) and isinstance(then, dict) and "id" in now:
        return bool(now["id"] == then.get("id"))
    written = json.loads(
        json.dumps(now, cls=DjangoJSONEncoder)
    )  # JSON keeps milliseconds, the row microseconds
    return bool(written == then or now == _raw(screen, name, then))
