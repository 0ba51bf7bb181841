"""Rows that every organisation reads (shipped roles, kinds): only the installation's administrators change
them.
"""

from typing import Any

from ..actors import Actor
from ..events import difference, publish, snapshot
from ..installation import first_organisation, require_installation
from ..tenancy import SharedModel, opening, scope, visible


def is_shared(obj: Any) -> bool:
    return isinstance(obj, SharedModel) and obj.organisation_id is None and obj.pk is not None


def save(form: Any, actor: Actor, verb: str) -> Any:
    """Write a shared row; its event is kept by the first organisation, whose people may do this."""
    obj = form.instance
    require_installation(actor, verb)
    before = snapshot(type(obj)._default_manager.get(pk=obj.pk))
    with opening():
        form.save()
    first = first_organisation()
    if first is not None and (changes := difference(before, snapshot(obj))):
        with scope(*visible(), first.pk):
            publish(
                obj, f"{obj._meta.model_name}.changed", actor=actor, changes=changes, organisation=first.pk
            )
    return obj
