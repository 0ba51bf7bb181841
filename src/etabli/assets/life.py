"""The life of an asset: one state machine, here and nowhere else (ITIL asset lifecycle, ISO/IEC 19770-1).

requested → ordered → received → in stock → being prepared → in service ⇄ {on loan, in repair, in
maintenance, in transit} → to retire → retired → erased → {kept for a new use → in stock | returned, sold,
donated, recycled, destroyed} → gone; lost and stolen from wherever the thing is still here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import formats, timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from etabli.kernel.actors import Actor, require
from etabli.kernel.events import difference, publish, snapshot
from etabli.kernel.screens.writing import count_edit

from .custody import Loan
from .custody_trigger import telling
from .models import Asset

HERE = (
    "received", "in_stock", "preparing", "in_service", "on_loan", "in_repair", "maintenance", "in_transit",
    "to_retire", "retired", "erased", "redeployed",
)  # fmt: skip
EXITS = ("returned", "sold", "donated", "recycled", "destroyed")


@dataclass(frozen=True)
class Move:
    """A change of state: from which states, to which one, its words, and what it takes away.

    ``done`` is the word of the event (``asset.retired``) and ``told`` its msgid in histories. ``frees``:
    nobody has the asset any more.
    """

    name: str
    label: Any
    icon: str
    sources: tuple[str, ...]
    target: str
    done: str
    told: str
    tone: str = ""
    frees: bool = False


MOVES: dict[str, Move] = {
    move.name: move
    for move in (
        Move("order", gettext_lazy("Order"), "shopping-cart",
             ("requested",), "ordered", "ordered", gettext_noop("Ordered")),
        Move("receive", gettext_lazy("Receive"), "package",
             ("requested", "ordered"), "received", "received", gettext_noop("Received"), tone="ok"),
        Move("store", gettext_lazy("Put in stock"), "building-warehouse",
             ("received", "preparing", "in_service", "in_repair", "maintenance", "in_transit", "redeployed"),
             "in_stock", "stored", gettext_noop("Put in stock"), frees=True),
        Move("prepare", gettext_lazy("Prepare"), "tool",
             ("received", "in_stock", "redeployed"), "preparing", "prepared",
             gettext_noop("Being prepared")),
        Move("serve", gettext_lazy("Put in service"), "player-play",
             ("received", "in_stock", "preparing", "in_repair", "maintenance", "in_transit"),
             "in_service", "served", gettext_noop("Put in service"), tone="ok"),
        Move("repair", gettext_lazy("Send to repair"), "tools",
             ("received", "in_stock", "preparing", "in_service", "maintenance", "to_retire"),
             "in_repair", "sent_to_repair", gettext_noop("Sent to repair"), tone="warn"),
        Move("maintain", gettext_lazy("Start maintenance"), "stethoscope",
             ("in_service",), "maintenance", "maintained", gettext_noop("In maintenance")),
        Move("ship", gettext_lazy("Send elsewhere"), "truck",
             ("in_stock", "preparing", "in_service"), "in_transit", "shipped", gettext_noop("In transit")),
        Move("plan-retirement", gettext_lazy("Plan its retirement"), "flag",
             ("in_stock", "preparing", "in_service", "in_repair", "maintenance", "in_transit"),
             "to_retire", "marked_to_retire", gettext_noop("To retire"), tone="warn"),
        Move("keep", gettext_lazy("Keep in service"), "arrow-back-up",
             ("to_retire",), "in_service", "kept", gettext_noop("Kept in service")),
        Move("retire", gettext_lazy("Retire"), "archive",
             ("to_retire",), "retired", "retired", gettext_noop("Retired"), frees=True),
        Move("erase", gettext_lazy("Record its erasure"), "shield-check",
             ("retired",), "erased", "erased", gettext_noop("Erased")),
        Move("redeploy", gettext_lazy("Keep for a new use"), "recycle",
             ("retired", "erased"), "redeployed", "redeployed",
             gettext_noop("Kept for a new use"), tone="ok"),
        Move("return-to-lessor", gettext_lazy("Return to the lessor"), "transfer",
             ("retired", "erased"), "returned", "returned_to_lessor",
             gettext_noop("Returned to the lessor")),
        Move("sell", gettext_lazy("Sell"), "credit-card",
             ("retired", "erased"), "sold", "sold", gettext_noop("Sold")),
        Move("donate", gettext_lazy("Donate"), "users",
             ("retired", "erased"), "donated", "donated", gettext_noop("Donated")),
        Move("recycle", gettext_lazy("Recycle"), "leaf",
             ("retired", "erased"), "recycled", "recycled", gettext_noop("Recycled")),
        Move("destroy", gettext_lazy("Destroy"), "trash",
             ("retired", "erased"), "destroyed", "destroyed", gettext_noop("Destroyed")),
        Move("close", gettext_lazy("Close its file"), "lock",
             ("requested", "ordered", *EXITS, "lost", "stolen"), "gone", "closed",
             gettext_noop("File closed"), frees=True),
        Move("lose", gettext_lazy("Declare lost"), "help",
              HERE, "lost", "lost", gettext_noop("Lost"), tone="bad"),
        Move("steal", gettext_lazy("Declare stolen"), "alert-triangle",
              HERE, "stolen", "stolen", gettext_noop("Stolen"), tone="bad"),
        Move("find", gettext_lazy("Found again"), "search",
             ("lost", "stolen"), "in_stock", "found", gettext_noop("Found again"), tone="ok", frees=True),
    )
}  # fmt: skip
LEAVING = ("return-to-lessor", "sell", "donate", "recycle", "destroy")
BY_TARGET = {move.target: move for move in MOVES.values() if move.name not in {"keep", "find"}}

Check = Callable[[Asset, Move], str]


@dataclass(frozen=True)
class Guard:
    """A rule asked before some moves. Its checks give a sentence when they refuse; domains above add some."""

    key: str
    moves: tuple[str, ...]
    rule: Any


GUARDS = {
    guard.key: guard
    for guard in (
        Guard(
            "erasure_proof",
            ("erase", "redeploy", *LEAVING),
            gettext_lazy(
                "Nothing leaves or serves again before its storage is erased, with an accepted proof."
            ),
        ),
        Guard(
            "lease",
            ("sell", "donate", "recycle", "destroy"),
            gettext_lazy(
                "A leased asset is returned to its lessor, bought out or declared lost: nothing else."
            ),
        ),
        Guard(
            "licences",
            ("store", "retire"),
            gettext_lazy("An asset that leaves service gives back the licences it holds."),
        ),
        Guard(
            "book_value", ("close",), gettext_lazy("The accounting value is frozen on the day of the exit.")
        ),
    )
}
_checks: dict[str, list[Check]] = {key: [] for key in GUARDS}


def guards(key: str) -> Callable[[Check], Check]:
    """Add a check to a guard: ``check(asset, move)`` returns a sentence when it refuses, else ''."""

    def remember(check: Check) -> Check:
        _checks[key].append(check)
        return check

    return remember


@guards("erasure_proof")
def erased_first(asset: Asset, move: Move) -> str:
    """Storage known from an inventory, or a kind that always has some."""
    if move.name == "erase" or asset.state == "erased":
        return ""
    bears = asset.kind.computer or asset.kind.key in {"nas"} or asset.disks.exists()
    return _("Its storage may hold data: record its erasure first.") if bears else ""


@guards("lease")
def returned_to_its_lessor(asset: Asset, move: Move) -> str:
    if asset.ownership != Asset.Ownership.LEASED:
        return ""
    return _("It is leased: return it to its lessor, or change its ownership once it is bought out.")


def why_not(asset: Asset, move: Move) -> str:
    """Why this move is refused now, in a sentence; empty when it is possible."""
    if asset.state not in move.sources:
        return _wrong_state(asset, move)
    for key, guard in GUARDS.items():
        if move.name in guard.moves:
            for check in _checks[key]:
                if told := check(asset, move):
                    return told
    return ""


def _wrong_state(asset: Asset, move: Move) -> str:
    if asset.state == "on_loan":
        return _("It is on loan: record its return first.")
    possible = [str(m.label) for m in MOVES.values() if asset.state in m.sources]
    if not possible:
        return _("It is %(state)s: its life is over.") % {"state": asset.get_state_display()}
    return _("It is %(state)s, which does not lead to “%(target)s”. Possible now: %(moves)s.") % {
        "state": asset.get_state_display(),
        "target": Asset.State(move.target).label,
        "moves": ", ".join(possible),
    }


def locked(asset: Asset) -> Asset:
    """The asset as it is now, ours until the end of the transaction."""
    return Asset.objects.select_for_update(of=("self",)).select_related("kind").get(pk=asset.pk)


@transaction.atomic
def change_state(
    asset: Asset,
    move: Move,
    *,
    actor: Actor,
    on: date | None = None,
    reason: str = "",
    more: dict[str, Any] | None = None,
) -> Asset:
    """Make a move on a day (today unless said), signed by the actor; ``more`` goes into the event.

    Raises ``ValidationError`` with a sentence when the machine or a guard refuses.
    """
    require(actor, "asset.change_state", asset)
    asset = locked(asset)
    if problem := why_not(asset, move):
        raise ValidationError(problem)
    day = the_day(asset, on)
    before = snapshot(asset)
    extra = {"text": reason, "on": day.isoformat(), **(more or {})}
    if move.name in {"lose", "steal"} and asset.state == "on_loan":
        extra["loan"] = _end_loan(asset, move, day)
    enter(asset, move.target, day)
    if move.frees:
        asset.person = None
    with telling(by=actor.label, reason=reason, on=day):
        write(asset)
    publish(
        asset, f"asset.{move.done}", actor=actor, changes=difference(before, snapshot(asset)), extra=extra
    )
    return asset


def enter(asset: Asset, state: str, day: date) -> None:
    """Set the state and its day; the first time in service is remembered."""
    asset.state, asset.state_since = state, day
    if state == "in_service" and asset.commissioned_on is None:
        asset.commissioned_on = day


def write(asset: Asset) -> None:
    count_edit(asset)
    asset.save()


def the_day(asset: Asset, on: date | None) -> date:
    """The day of an act: neither to come, nor before the asset came into its present state."""
    today = timezone.localdate()
    day = on or today
    if day > today:
        raise ValidationError(_("This date is to come: give the day it was done, today at the latest."))
    if asset.state_since and day < asset.state_since:
        raise ValidationError(
            _("It has been %(state)s since %(day)s: give that day or a later one.")
            % {"state": asset.get_state_display(), "day": formats.date_format(asset.state_since)}
        )
    return day


def _end_loan(asset: Asset, move: Move, day: date) -> int | None:
    loan = Loan.objects.filter(asset=asset, returned_on=None).first()
    if loan is None:
        return None
    loan.returned_on, loan.outcome = max(day, loan.lent_on), move.target
    loan.save(update_fields=["returned_on", "outcome", "updated_at"])
    return int(loan.pk)


def state_words(state: str) -> str:
    return str(capfirst(Asset.State(state).label))
