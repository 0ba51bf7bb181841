"""The acts of the life of an asset, as its page, its list and the API offer them."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from etabli.kernel.actors import Actor, require
from etabli.kernel.events import difference, publish, snapshot
from etabli.kernel.screens import Act
from etabli.kernel.screens.history import name_act

from . import holding, kitting, signing
from . import life_forms as forms
from .life import LEAVING, MOVES, Move, change_state, locked, why_not, write
from .models import Asset, Kit, Loan, Slip

for move in MOVES.values():
    name_act(f"asset.{move.done}", move.told, move.tone)
name_act("asset.assigned", gettext_noop("Assigned"))
name_act("asset.taken_back", gettext_noop("Taken back"))
name_act("asset.lent", gettext_noop("Lent"))
name_act("asset.loan_returned", gettext_noop("Loan returned"), "ok")
name_act("asset.loan_extended", gettext_noop("Loan extended"))
name_act("asset.rated", gettext_noop("Criticality changed"))
name_act("slip.signed", gettext_noop("Signed"), "ok")
name_act("slip.discarded", gettext_noop("Thrown away unsigned"))

ASKS: dict[str, Any] = {
    "repair": forms.ReasonForm,
    "lose": forms.ReasonForm,
    "steal": forms.StolenForm,
}
PRIMARY = {"receive", "retire"}
TEXTS = {
    "steal": gettext_lazy(
        "Then assess whether personal data was on it: a breach is notified within 72 hours."
    ),
    "close": gettext_lazy("Nothing more happens to an asset whose file is closed."),
}


def _step(move: Move) -> Act:
    """The act of a move on its own."""

    def act(asset: Asset, cleaned: dict[str, Any], actor: Actor) -> None:
        more = {"complaint": cleaned["complaint"]} if cleaned.get("complaint") else None
        text = cleaned.get("reason", "")
        if more:
            text = " · ".join(
                x for x in (_("complaint %(number)s") % {"number": more["complaint"]}, text) if x
            )
        change_state(asset, move, actor=actor, on=cleaned.get("on"), reason=text, more=more)

    return Act(
        move.name,
        move.label,
        move.icon,
        "asset.change_state",
        act,
        ASKS.get(move.name, forms.MoveForm),
        why_not=lambda asset: why_not(asset, move),
        text=TEXTS.get(move.name, ""),
        danger=move.name in {"lose", "steal", "close"},
        primary=move.name in PRIMARY,
        many=False,
    )


def _leave(asset: Asset, cleaned: dict[str, Any], actor: Actor) -> None:
    move = MOVES[cleaned["how"]]
    change_state(asset, move, actor=actor, on=cleaned.get("on"), reason=cleaned["reason"])


def _cannot_leave(asset: Asset) -> str:
    """Empty when at least one way out is open."""
    told = [why_not(asset, MOVES[name]) for name in LEAVING]
    return "" if "" in told else told[0]


def _change(asset: Asset, cleaned: dict[str, Any], actor: Actor) -> None:
    move = MOVES[cleaned["to"]]
    if move.name in forms.ASKING and not cleaned.get("reason"):
        raise ValidationError(_("Give the reason: it is required for “%(move)s”.") % {"move": move.label})
    change_state(asset, move, actor=actor, on=cleaned.get("on"), reason=cleaned.get("reason", ""))


def _given(cleaned: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: cleaned[name] for name in names if cleaned.get(name) not in (None, "")}


def _assign(asset: Asset, cleaned: dict[str, Any], actor: Actor) -> str | None:
    names = ("person", "site", "room", "parent", "on", "reason", "condition", "accessories", "slip")
    after = holding.assign(asset, actor=actor, **_given(cleaned, *names))
    return _to_sign(cleaned, after.person_id, after)


def _take_back(asset: Asset, cleaned: dict[str, Any], actor: Actor) -> str | None:
    person = asset.person_id
    names = ("on", "reason", "condition", "site", "room", "slip")
    after = holding.take_back(asset, actor=actor, **_given(cleaned, *names))
    return _to_sign(cleaned, person, after)


def _lend(asset: Asset, cleaned: dict[str, Any], actor: Actor) -> str | None:
    names = ("person", "due_on", "on", "purpose", "accessories", "condition", "slip")
    loan = holding.lend(asset, actor=actor, **_given(cleaned, *names))
    return _to_sign(cleaned, loan.person_id, asset)


def _give_back(asset: Asset, cleaned: dict[str, Any], actor: Actor) -> str | None:
    borrower = asset.person_id
    holding.give_back(asset, actor=actor, **_given(cleaned, "on", "condition", "slip"))
    return _to_sign(cleaned, borrower, asset)


def _extend(asset: Asset, cleaned: dict[str, Any], actor: Actor) -> None:
    holding.extend(asset, actor=actor, **_given(cleaned, "due_on", "reason"))


def _to_sign(cleaned: dict[str, Any], person: int | None, asset: Asset) -> str | None:
    """The page of the slip that the act just wrote on: the next thing to do is to have it signed."""
    if not cleaned.get("slip") or person is None:
        return None
    waiting = Slip.objects.filter(
        organisation=asset.organisation_id,
        person=person,
        signed_at=None,
        lines__contains=[{"asset": asset.pk}],
    )
    slip = waiting.order_by("-updated_at").first()
    return reverse("slip-detail", args=[slip.pk]) if slip else None


def _rate(asset: Asset, cleaned: dict[str, Any], actor: Actor) -> None:
    require(actor, "asset.change", asset)
    asset = locked(asset)
    before = snapshot(asset)
    asset.criticality, asset.criticality_reason = cleaned["criticality"], cleaned["criticality_reason"]
    if changes := difference(before, snapshot(asset)):
        write(asset)
        publish(asset, "asset.rated", actor=actor, changes=changes)


ASSET_ACTS = [
    Act("return", gettext_lazy("Return of the loan"), "arrow-back-up", "asset.lend", _give_back,
        forms.ReturnForm, why_not=holding.why_not_return, primary=True),
    Act("extend", gettext_lazy("Extend the loan"), "calendar-event", "asset.lend", _extend,
        forms.ExtendForm, why_not=holding.why_not_return),
    Act("assign", gettext_lazy("Assign"), "user-check", "asset.assign", _assign, forms.AssignForm,
        why_not=holding.why_not_assign),
    Act("take-back", gettext_lazy("Take back"), "arrow-back-up", "asset.take_back", _take_back,
        forms.TakeBackForm, why_not=holding.why_not_take_back),
    Act("lend", gettext_lazy("Lend"), "calendar", "asset.lend", _lend, forms.LendForm,
        why_not=holding.why_not_lend),
    *[_step(move) for move in MOVES.values() if move.name not in LEAVING],
    Act("leave", gettext_lazy("Take out of the fleet"), "truck", "asset.change_state", _leave,
        forms.LeaveForm, why_not=_cannot_leave, many=False),
    Act("state", gettext_lazy("Change the state"), "transfer", "asset.change_state", _change,
        forms.StateForm, one=False),
    Act("rate", gettext_lazy("Set the criticality"), "target", "asset.change", _rate, forms.CriticalityForm,
        one=False),
]  # fmt: skip


# -- kits
def slip_waiting(organisation: int, person: Any, kind: str) -> str | None:
    """The page of the slip of a person that waits for a signature."""
    slips = Slip.objects.filter(organisation=organisation, person=person, kind=kind, signed_at=None)
    made = slips.order_by("-updated_at").first()
    return reverse("slip-detail", args=[made.pk]) if made else None


def _page(kit: Kit, cleaned: dict[str, Any], person: Any, kind: str) -> str | None:
    return slip_waiting(kit.organisation_id, person, kind) if cleaned.get("slip") and person else None


def _hand_over_kit(kit: Kit, cleaned: dict[str, Any], actor: Actor) -> str | None:
    names = ("person", "on", "reason", "incomplete")
    kitting.hand_over(kit, actor=actor, slip=bool(cleaned.get("slip")), **_given(cleaned, *names))
    return _page(kit, cleaned, cleaned["person"], "handover")


def _lend_kit(kit: Kit, cleaned: dict[str, Any], actor: Actor) -> str | None:
    names = ("person", "due_on", "on", "purpose", "incomplete")
    kitting.lend(kit, actor=actor, slip=bool(cleaned.get("slip")), **_given(cleaned, *names))
    return _page(kit, cleaned, cleaned["person"], "handover")


def _take_back_kit(kit: Kit, cleaned: dict[str, Any], actor: Actor) -> str | None:
    holders = {asset.person_id for asset in kitting.out(kit)}
    told = _given(cleaned, "on", "condition")
    kitting.take_back(kit, actor=actor, slip=bool(cleaned.get("slip")), **told)
    return _page(kit, cleaned, holders.pop() if len(holders) == 1 else None, "return")


KIT_ACTS = [
    Act("hand-over", gettext_lazy("Hand over"), "user-check", "kit.hand_over", _hand_over_kit, forms.KitForm,
        primary=True, many=False),
    Act("lend", gettext_lazy("Lend"), "calendar", "kit.lend", _lend_kit, forms.LendKitForm, many=False),
    Act("take-back", gettext_lazy("Take back"), "arrow-back-up", "kit.take_back", _take_back_kit,
        forms.ReturnForm, many=False),
]  # fmt: skip


# -- loans
def _on_loan(act: Callable[..., Any]) -> Callable[[Loan, dict[str, Any], Actor], Any]:
    return lambda loan, cleaned, actor: act(loan.asset, cleaned, actor)


def _loan_over(loan: Loan) -> str:
    return _("This loan is over.") if loan.returned_on else ""


LOAN_ACTS = [
    Act("return", gettext_lazy("Return of the loan"), "arrow-back-up", "asset.lend", _on_loan(_give_back),
        forms.ReturnForm, why_not=_loan_over, primary=True),
    Act("extend", gettext_lazy("Extend the loan"), "calendar-event", "asset.lend", _on_loan(_extend),
        forms.ExtendForm, why_not=_loan_over),
]  # fmt: skip


# -- slips
def _sign(slip: Slip, cleaned: dict[str, Any], actor: Actor) -> None:
    signing.sign(slip, name=cleaned["name"], drawing=cleaned.get("drawing", ""), actor=actor)


def _discard(slip: Slip, cleaned: dict[str, Any], actor: Actor) -> str:
    signing.discard(slip, actor=actor)
    return reverse("slip-list")


def _signed(slip: Slip) -> str:
    return _("It is signed already: it does not change any more.") if slip.signed_at else ""


SLIP_ACTS = [
    Act("sign", gettext_lazy("Sign"), "writing-sign", "slip.sign", _sign, forms.SignForm, why_not=_signed,
        primary=True, many=False),
    Act("discard", gettext_lazy("Throw away"), "trash", "slip.discard", _discard, why_not=_signed,
        danger=True, text=gettext_lazy("What was handed over stays handed over; only the slip goes.")),
]  # fmt: skip
