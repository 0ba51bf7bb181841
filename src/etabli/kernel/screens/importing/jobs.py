"""Checking, writing and undoing an import as followed jobs: a large file takes more than two seconds."""

from typing import Any

from ...accounts import Account
from ...actors import SYSTEM, Actor, actor_of
from ...jobs import Run, job
from ...tenancy import scope
from .. import by_slug
from . import actions
from .models import Import


@job(followed=True)
def check(run: Run, import_id: int, organisation: int) -> dict[str, Any]:
    """Preview an import."""
    made, screen, actor = _found(import_id, organisation)
    actions.check(made, screen, actor, run)
    return made.counts


@job(followed=True)
def commit(run: Run, import_id: int, organisation: int) -> dict[str, Any]:
    """Write an import, all or nothing; when refused it is ready again with its errors."""
    made, screen, actor = _found(import_id, organisation)
    try:
        actions.commit(made, screen, actor, run)
    except Exception:
        with scope(organisation):
            Import.objects.filter(pk=import_id, state=Import.State.WRITING).update(state=Import.State.READY)
        raise
    return made.counts


@job(followed=True)
def take_back(run: Run, import_id: int, organisation: int) -> dict[str, Any]:
    """Undo an import."""
    made, _screen, actor = _found(import_id, organisation)
    return {"undone": actions.take_back(made, actor, run)}


def _found(import_id: int, organisation: int) -> tuple[Import, Any, Actor]:
    with scope(organisation):
        made = Import.objects.select_related("file").get(pk=import_id)
    actor = actor_of(Account.objects.get(pk=made.account_id), source="import") if made.account_id else SYSTEM
    return made, by_slug(made.slug), actor
