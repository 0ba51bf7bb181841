"""Writing a noun: save, delete. Whatever the way in, the change and its event are in one transaction."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.deletion import ProtectedError
from django.utils.translation import gettext as _

from ..actors import Actor, require
from ..events import difference, publish, snapshot
from ..tenancy import Noun
from . import shared
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
        obeying(form.save)
        publish(
            obj,
            f"{screen.noun}.created",
            actor=actor,
            batch=batch,
            changes=difference({}, kept(snapshot(obj))),
        )
        return obj
    before = getattr(form, "before", None) or snapshot(type(obj)._default_manager.get(pk=obj.pk))
    changes = difference(before, snapshot(obj))
    if changes:
        if isinstance(obj, Noun):
            count_edit(obj)
        obeying(form.save)
        publish(obj, f"{screen.noun}.changed", actor=actor, batch=batch, changes=changes)
    return obj


def obeying(write: Callable[[], Any]) -> None:
    """What was free just now may be taken by now: the database has the last word, in a sentence.

    The savepoint of the caller takes the failed statement back.
    """
    try:
        write()
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
    changes = {name: [value, None] for name, value in kept(snapshot(obj)).items()}
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


def kept(values: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in values.items() if v not in (None, "", [], {})}


def count_edit(obj: Noun) -> None:
    """Raise the version in the database itself: of two saves at once, the second finds another number."""
    updated = (
        type(obj)._default_manager.filter(pk=obj.pk, version=obj.version).update(version=F("version") + 1)
    )
    if not updated:
        from .forms import STALE

        raise ValidationError(STALE, code="stale")
    obj.version += 1
