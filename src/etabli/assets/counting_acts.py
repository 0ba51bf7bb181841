"""The acts of counting, on an asset and on a stocktake: their forms, and when they make no sense."""

import uuid
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from etabli.kernel.actors import Actor
from etabli.kernel.events import batch_in_force
from etabli.kernel.screens import Act
from etabli.kernel.screens.acts import AT_ONCE, ActForm

from . import counting
from .models import Asset, Stocktake, StocktakeLine
from .stocktake_jobs import settle_missing

Status = StocktakeLine.Status


class ScanForm(ActForm):
    code = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=200,
        help_text=gettext_lazy("QR code, asset tag or serial number."),
    )


class CloseForm(ActForm):
    missing = forms.ChoiceField(
        label=gettext_lazy("Assets that nobody saw"),
        widget=forms.RadioSelect,
        choices=[
            ("keep", gettext_lazy("leave them recorded here: the report lists them")),
            ("unplaced", gettext_lazy("take them out of the room, until somebody finds them")),
            ("lost", gettext_lazy("declare them lost")),
        ],
        initial="keep",
    )


def _scan(stocktake: Stocktake, cleaned: dict[str, Any], actor: Actor) -> None:
    counting.count(stocktake, cleaned["code"], actor=actor)


def _bring_all(stocktake: Stocktake, cleaned: dict[str, Any], actor: Actor) -> None:
    for line in stocktake.lines.filter(status=Status.ELSEWHERE).select_related("stocktake").order_by("pk"):
        counting.bring(line, actor=actor)


def _close(stocktake: Stocktake, cleaned: dict[str, Any], actor: Actor) -> str | None:
    """Close, then settle: here when they are few, as a followed job (whose address is returned) when many."""
    missing = cleaned["missing"]
    closed = counting.close(stocktake, actor=actor)
    if missing == "keep":
        return None
    if counting.unseen(closed).count() <= AT_ONCE or actor.account_id is None:
        counting.settle(closed, missing, actor=actor)
        return None
    made = settle_missing.follow(
        title=" · ".join([_("Assets that nobody saw"), str(closed)]),
        actor=actor,
        organisation_id=closed.organisation_id,
        stocktake=closed.pk,
        place=closed.organisation_id,
        missing=missing,
        account=actor.account_id,
        batch=str(batch_in_force() or uuid.uuid4()),
    )
    return reverse("job-detail", args=[made.pk])


def _reopen(stocktake: Stocktake, cleaned: dict[str, Any], actor: Actor) -> None:
    counting.reopen(stocktake, actor=actor)


def closed(stocktake: Stocktake) -> Any:
    return _("This stocktake is closed: reopen it to count again.") if stocktake.closed_at else ""


def _nothing_elsewhere(stocktake: Stocktake) -> Any:
    if stocktake.closed_at:
        return closed(stocktake)
    some = stocktake.lines.filter(status=Status.ELSEWHERE).exists()
    return "" if some else _("Nothing recorded elsewhere was found here.")


def _open(stocktake: Stocktake) -> Any:
    return "" if stocktake.closed_at else _("This stocktake is open.")


class CountForm(ActForm):
    stocktake = forms.ModelChoiceField(
        Stocktake.objects.filter(closed_at=None).order_by("-pk"), label=gettext_lazy("Stocktake")
    )


def _count_in(asset: Asset, cleaned: dict[str, Any], actor: Actor) -> None:
    counting.count_asset(cleaned["stocktake"], asset, actor=actor)


COUNT = Act(
    "count",
    gettext_lazy("Count in a stocktake"),
    "clipboard-check",
    "asset.count",
    _count_in,
    CountForm,
    text=gettext_lazy("As if it had just been scanned in the place that is counted."),
)


STOCKTAKE = [
    Act(
        "scan",
        gettext_lazy("Scan a code"),
        "scan",
        "stocktake.change",
        _scan,
        ScanForm,
        closed,
        many=False,
    ),
    Act(
        "bring",
        gettext_lazy("Move here all that was found"),
        "map-pin",
        "stocktake.change",
        _bring_all,
        why_not=_nothing_elsewhere,
        text=gettext_lazy("Assets recorded elsewhere and scanned here will be recorded here."),
        many=False,
    ),
    Act(
        "close",
        gettext_lazy("Close the stocktake"),
        "lock",
        "stocktake.change",
        _close,
        CloseForm,
        closed,
        many=False,
    ),
    Act(
        "reopen",
        gettext_lazy("Reopen"),
        "lock-open",
        "stocktake.change",
        _reopen,
        None,
        _open,
        many=False,
    ),
]
