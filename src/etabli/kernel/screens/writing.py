"""Writing a noun: save, delete, undo. Whatever the way in, the change and its event are in one
transaction.
"""

import json
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.deletion import ProtectedError
from django.utils.translation import gettext as _

from ..actors import Actor, require
from ..events import Event, difference, publish, snapshot
from ..tenancy import Noun
from . import shared
from .history import label_of
from .memory import atomically

if TYPE_CHECKING:
    from .screen import Screen


@atomically
def save(screen: "Screen", form: Any, actor: Actor, *, batch: Any = None) -> Any:
    """Write a valid form; publishes ``created``, or ``changed`` when something did change."""
    obj = form.instance
    verb = screen.verb("change" if obj.pk else "add")
    if shared.is_shared(obj) and obj.pk:
        return shared.save(form, actor, verb)
    require(actor, verb, getattr(form, "organisation_id", None) or obj)
    if not obj.pk:
        _write(form)
        publish(
            obj,
            f"{screen.noun}.created",
            actor=actor,
            batch=batch,
            changes=difference({}, _kept(snapshot(obj))),
        )
        return obj
    before = getattr(form, "before", None) or snapshot(type(obj)._default_manager.get(pk=obj.pk))
    changes = difference(before, snapshot(obj))
    if changes:
        if isinstance(obj, Noun):
            _count_edit(obj)
        _write(form)
        publish(obj, f"{screen.noun}.changed", actor=actor, batch=batch, changes=changes)
    return obj


def _write(form: Any) -> None:
    """What the form found free may have been taken meanwhile: the database has the last word, in a sentence.

    The savepoint of the caller takes the failed statement back.
    """
    try:
        form.save()
    except IntegrityError as error:
        raise ValidationError(
            _("The database refuses these values (%(rule)s): somebody may just have written the same.")
            % {"rule": getattr(getattr(error.__cause__, "diag", None), "constraint_name", "") or "?"},
            code="conflict",
        )


@transaction.atomic
def delete(screen: "Screen", obj: Any, actor: Actor, *, batch: Any = None) -> None:
    """Delete an object, unless others hold on to it: then ``ValidationError`` names some of them."""
    if shared.is_shared(obj):
        raise ValidationError(
            _("“%(name)s” is shipped with the product: it cannot be deleted.") % {"name": obj}
        )
    require(actor, screen.verb("delete"), obj)
    changes = {name: [value, None] for name, value in _kept(snapshot(obj)).items()}
    key = obj.pk
    try:
        with transaction.atomic():
            obj.delete()
    except ProtectedError as error:
        holders = sorted({str(o) for o in error.protected_objects})[:5]
        raise ValidationError(
            _("“%(name)s” is still used by: %(holders)s. Change or delete them first.")
            % {"name": obj, "holders": ", ".join(holders)}
        )
    obj.pk = key
    publish(obj, f"{screen.noun}.deleted", actor=actor, batch=batch, changes=changes)


@transaction.atomic
def undo(event: Event, actor: Actor, *, batch: Any = None) -> Any:
    """Put an object back as it was before a ``created``, ``changed`` or ``deleted`` event.

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
    if act == "deleted":
        return _bring_back(screen, event, actor)
    obj = screen.model._default_manager.filter(pk=event.object_id).first()
    if obj is None:
        raise ValidationError(_("“%(name)s” no longer exists.") % {"name": event.label})
    if act == "created":
        _require_untouched(screen, obj, event)
        return delete(screen, obj, actor, batch=batch)
    if act != "changed":
        raise ValidationError(_("This cannot be undone."))
    return _put_back(screen, obj, event, actor, batch)


def _require_untouched(screen: "Screen", obj: Any, event: Event) -> None:
    """An object that somebody completed since its creation is theirs too: it is deleted, never undone."""
    now = _kept(snapshot(obj))
    touched = [
        n
        for n in {*now, *event.changes}
        if not _same(screen, n, now.get(n), event.changes.get(n, [None, None])[1])
    ]
    if event.changes and touched:
        raise ValidationError(
            _("“%(field)s” was changed again since.") % {"field": label_of(screen, sorted(touched)[0])}
        )


def _put_back(screen: "Screen", obj: Any, event: Event, actor: Actor, batch: Any) -> Any:
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
        _count_edit(obj)
    obj.save()
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
    obj.save(force_insert=True)
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


def _kept(values: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in values.items() if v not in (None, "", [], {})}


def _count_edit(obj: Noun) -> None:
    """Raise the version in the database itself: of two saves at once, the second finds another number."""
    updated = (
        type(obj)._default_manager.filter(pk=obj.pk, version=obj.version).update(version=F("version") + 1)
    )
    if not updated:
        from .forms import STALE

        raise ValidationError(STALE, code="stale")
    obj.version += 1
