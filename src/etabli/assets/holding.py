"""Who holds an asset: assigning it, taking it back, lending it, extending, its return."""

from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from etabli.kernel.actors import Actor, require
from etabli.kernel.events import Event, difference, publish, snapshot
from etabli.kernel.screens import registry
from etabli.kernel.screens.undoing import put_back, undoes
from etabli.people.models import Person, Room, Site

from . import signing
from .custody_trigger import telling
from .life import enter, locked, the_day, write
from .models import Asset, Hold, Kit, Loan, Slip

ASSIGNABLE = ("received", "in_stock", "preparing", "in_service", "redeployed")
BEGIN_SERVICE = ("received", "in_stock", "preparing", "redeployed")
HELD = (
    "received", "in_stock", "preparing", "in_service", "on_loan", "in_repair", "maintenance", "in_transit",
    "to_retire",
)  # fmt: skip
DEEPEST = 20  # a mouse on a dock on a laptop: nothing real hangs deeper
LENDABLE = ("in_stock", "preparing", "in_service")


def why_not_assign(asset: Asset) -> str:
    if asset.state in ASSIGNABLE:
        return ""
    if asset.state == "on_loan":
        return _("It is on loan: record its return first.")
    return _("It is %(state)s: put it in stock or in service first.") % {"state": asset.get_state_display()}


def why_not_take_back(asset: Asset) -> str:
    if asset.state == "on_loan":
        return _("It is on loan: record its return first.")
    return "" if asset.person_id else _("Nobody has it: there is nothing to take back.")


def why_not_lend(asset: Asset) -> str:
    if asset.state in LENDABLE:
        return ""
    loan = open_loan(asset) if asset.state == "on_loan" else None
    if loan is not None:
        return _("It is already on loan to %(person)s until %(day)s: record its return first.") % {
            "person": loan.person,
            "day": formats.date_format(loan.due_on),
        }
    return _("It is %(state)s: only what is in stock or in service is lent.") % {
        "state": asset.get_state_display()
    }


def why_not_return(asset: Asset) -> str:
    return "" if asset.state == "on_loan" else _("It is not on loan.")


def open_loan(asset: Asset) -> Loan | None:
    return Loan.objects.filter(asset=asset, returned_on=None).select_related("person").first()


def held_by(person: Person) -> QuerySet[Asset]:
    """What is in the hands of a person; what was lost by them is not any more."""
    return Asset.objects.filter(organisation=person.organisation_id, person=person, state__in=HELD)


@transaction.atomic
def assign(
    asset: Asset,
    *,
    actor: Actor,
    person: Person | None = None,
    site: Site | None = None,
    room: Room | None = None,
    parent: Asset | None = None,
    on: date | None = None,
    reason: str = "",
    condition: str = "",
    accessories: str = "",
    slip: bool = False,
) -> Asset:
    """Give an asset to a person, a place or another asset (what is not named stays), from a day on.

    A person without a place brings theirs. What was in stock comes into service.
    """
    require(actor, "asset.assign", asset)
    if not any((person, site, room, parent)):
        raise ValidationError(_("Say who or where: a person, a place, or the asset it is connected to."))
    asset = locked(asset)
    if problem := why_not_assign(asset) or _loop(asset, parent):
        raise ValidationError(problem)
    day = the_day(asset, on)
    before = snapshot(asset)
    _place(asset, person, site, room, parent)
    if asset.state in BEGIN_SERVICE:
        enter(asset, "in_service", day)
    made = None
    if slip and person is not None:
        made = signing.draft(
            "handover", asset, person, actor=actor, day=day, condition=condition, accessories=accessories
        )
    _done(asset, "assigned", actor, before, day, reason, slip=made)
    return asset


def _place(
    asset: Asset, person: Person | None, site: Site | None, room: Room | None, parent: Asset | None
) -> None:
    asset.person = person or asset.person
    asset.parent = parent or asset.parent
    if person is not None and not (site or room) and person.site_id:
        asset.site, asset.room, asset.rack = person.site, person.room, None
    elif site or room:
        asset.site, asset.room, asset.rack = site or (room.site if room else None), room, None


def _loop(asset: Asset, parent: Asset | None) -> str:
    """An asset connected to itself, near or far."""
    key, steps = parent.pk if parent else None, 0
    while key is not None and steps < DEEPEST:
        if key == asset.pk:
            return _("It cannot be connected to itself, nor to what is connected to it.")
        key = Asset.objects.filter(pk=key).values_list("parent", flat=True).first()
        steps += 1
    return ""


@transaction.atomic
def take_back(
    asset: Asset,
    *,
    actor: Actor,
    on: date | None = None,
    reason: str = "",
    condition: str = "",
    site: Site | None = None,
    room: Room | None = None,
    slip: bool = False,
) -> Asset:
    """Take an asset back from whoever has it, into stock (an asset in repair stays there)."""
    require(actor, "asset.take_back", asset)
    asset = locked(asset)
    if problem := why_not_take_back(asset):
        raise ValidationError(problem)
    day = the_day(asset, on)
    before, person = snapshot(asset), asset.person
    asset.person = None
    if site or room:
        asset.site, asset.room, asset.rack = site or (room.site if room else None), room, None
    if asset.state == "in_service":
        enter(asset, "in_stock", day)
    made = None
    if slip and person is not None:
        made = signing.draft("return", asset, person, actor=actor, day=day, condition=condition)
    _done(asset, "taken_back", actor, before, day, reason or condition, slip=made)
    return asset


@transaction.atomic
def lend(
    asset: Asset,
    *,
    person: Person,
    due_on: date,
    actor: Actor,
    on: date | None = None,
    purpose: str = "",
    accessories: str = "",
    condition: str = "",
    slip: bool = False,
    kit: Kit | None = None,
) -> Loan:
    """Lend an asset until a day; of two loans at once, the second is refused."""
    require(actor, "asset.lend", asset)
    asset = locked(asset)
    if problem := why_not_lend(asset):
        raise ValidationError(problem)
    day = the_day(asset, on)
    if due_on < day:
        raise ValidationError(_("It is due back before it is lent: choose a later date."))
    _refuse_booked(asset, person, due_on)
    before = snapshot(asset)
    loan = Loan.objects.create(
        organisation_id=asset.organisation_id,
        asset=asset,
        person=person,
        kit=kit,
        lent_on=day,
        due_on=due_on,
        purpose=purpose,
        accessories=accessories,
        condition_out=condition,
        state_before=asset.state,
        holder_before=asset.person,
        lender=actor.label[:120],
        lender_account_id=actor.account_id,
    )
    enter(asset, "on_loan", day)
    asset.person = person
    made = None
    if slip:
        told: dict[str, Any] = {"condition": condition, "accessories": accessories, "due_on": due_on}
        made = signing.draft("handover", asset, person, actor=actor, day=day, **told)
    _done(asset, "lent", actor, before, day, purpose, slip=made, loan=loan)
    return loan


def _refuse_booked(asset: Asset, person: Person, due_on: date) -> None:
    """Nobody takes away what somebody else booked meanwhile."""
    held = Hold.objects.filter(
        asset=asset, booking__ends_at__gt=timezone.now(), booking__starts_at__date__lte=due_on
    )
    hold = held.exclude(booking__person=person).select_related("booking__person").first()
    if hold is not None:
        raise ValidationError(
            _("It is booked for %(person)s from %(day)s: choose an earlier date of return, or another asset.")
            % {
                "person": hold.booking.person,
                "day": formats.date_format(timezone.localtime(hold.booking.starts_at), "j F Y H:i"),
            }
        )


@transaction.atomic
def give_back(
    asset: Asset,
    *,
    actor: Actor,
    on: date | None = None,
    condition: str = "",
    slip: bool = False,
) -> Loan | None:
    """Record the return of a loan: the asset goes back to the state and the holder it had before.

    An asset that came here already on loan (an import) has no loan: it goes into stock.
    """
    require(actor, "asset.lend", asset)
    asset = locked(asset)
    if problem := why_not_return(asset):
        raise ValidationError(problem)
    loan, borrower = open_loan(asset), asset.person
    day = the_day(asset, on)
    before = snapshot(asset)
    if loan is not None:
        loan.returned_on, loan.outcome, loan.condition_back = day, Loan.Outcome.RETURNED, condition
        loan.save()
    enter(asset, loan.state_before if loan else "in_stock", day)
    asset.person = loan.holder_before if loan else None
    made = None
    if slip and borrower is not None:
        made = signing.draft("return", asset, borrower, actor=actor, day=day, condition=condition)
    _done(asset, "loan_returned", actor, before, day, condition, slip=made, loan=loan)
    return loan


@transaction.atomic
def extend(asset: Asset, *, due_on: date, actor: Actor, reason: str = "") -> Loan:
    """Give the borrower more time."""
    require(actor, "asset.lend", asset)
    asset = locked(asset)
    loan = open_loan(asset)
    if loan is None:
        raise ValidationError(_("It is not on loan."))
    if due_on <= loan.due_on:
        raise ValidationError(
            _("It is already due on %(day)s: give a later date.") % {"day": formats.date_format(loan.due_on)}
        )
    _refuse_booked(asset, loan.person, due_on)
    told = [loan.due_on.isoformat(), due_on.isoformat()]
    loan.due_on = due_on
    loan.save(update_fields=["due_on", "updated_at"])
    text = " · ".join(x for x in (formats.date_format(due_on), reason) if x)
    extra = {"text": text, "loan": loan.pk, "due": told}
    publish(asset, "asset.loan_extended", actor=actor, extra=extra)
    return loan


def _done(
    asset: Asset,
    verb: str,
    actor: Actor,
    before: dict[str, Any],
    day: date,
    reason: str,
    *,
    slip: Slip | None = None,
    loan: Loan | None = None,
) -> None:
    """Write the asset, its history and its event."""
    with telling(by=actor.label, reason=reason, on=day):
        write(asset)
    extra = {"text": reason, "on": day.isoformat()}
    linked = {name: row.pk for name, row in (("slip", slip), ("loan", loan)) if row is not None}
    changes = difference(before, snapshot(asset))
    publish(asset, f"asset.{verb}", actor=actor, changes=changes, extra={**extra, **linked})


# -- taking back: what an act wrote beside the asset goes with it
@undoes("asset.assigned")
@undoes("asset.taken_back")
@transaction.atomic
def undo_assignment(event: Event, actor: Actor) -> Asset:
    return _put_back(event, actor)


@undoes("asset.lent")
@transaction.atomic
def undo_loan(event: Event, actor: Actor) -> Asset:
    asset = _put_back(event, actor)
    Loan.objects.filter(pk=event.extra.get("loan")).delete()
    return asset


@undoes("asset.loan_returned")
@undoes("asset.lost")
@undoes("asset.stolen")
@transaction.atomic
def undo_end(event: Event, actor: Actor) -> Asset:
    asset = _put_back(event, actor)
    if event.extra.get("loan"):
        Loan.objects.filter(pk=event.extra["loan"]).update(returned_on=None, outcome="", condition_back="")
    return asset


@undoes("asset.loan_extended")
@transaction.atomic
def undo_extension(event: Event, actor: Actor) -> Asset:
    before, after = event.extra["due"]
    asset = locked(Asset.objects.get(pk=event.object_id))
    changed = Loan.objects.filter(pk=event.extra["loan"], due_on=after, returned_on=None).update(
        due_on=before
    )
    if not changed:
        raise ValidationError(_("The loan was extended again or ended since: there is nothing to undo."))
    publish(
        asset,
        "asset.changed",
        actor=actor,
        extra={"undo": event.pk, "text": formats.date_format(date.fromisoformat(before))},
    )
    return asset


def _put_back(event: Event, actor: Actor) -> Asset:
    asset = Asset.objects.filter(pk=event.object_id).first()
    if asset is None:
        raise ValidationError(_("“%(name)s” no longer exists.") % {"name": event.label})
    asset = locked(asset)
    signing.strike(event.extra.get("slip"), asset)
    put_back(registry[Asset], asset, event, actor)
    return asset
