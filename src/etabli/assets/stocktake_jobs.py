"""Deciding for many missing assets at once, followed on a page."""

import uuid
from typing import Any

from django.utils.translation import gettext as _

from etabli.kernel.accounts import Account
from etabli.kernel.actors import actor_of
from etabli.kernel.events import batching
from etabli.kernel.jobs import Run, job
from etabli.kernel.tenancy import scope

from . import counting
from .models import Stocktake


@job(followed=True)
def settle_missing(
    run: Run, stocktake: int, place: int, missing: str, account: int, batch: str
) -> dict[str, Any]:
    """What was chosen at the close for the assets nobody saw; its batch is that of the close."""
    actor = actor_of(Account.objects.get(pk=account))
    with scope(place), batching(uuid.UUID(batch)):
        closed = Stocktake.objects.get(pk=stocktake)
        run.begin(_("Assets that nobody saw"), total=counting.unseen(closed).count())
        done = counting.settle(closed, missing, actor=actor, told=run.progress)
    return {"done": done, "problems": 0, "batch": batch}
