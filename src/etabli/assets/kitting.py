"""Kits given, lent and taken back in one act, with one slip."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from etabli.kernel.actors import Actor, require
from etabli.people.models import Person

from . import holding
from .models import Asset, Kit, KitItem, Loan

FREE = ("in_stock", "preparing")
GIVEN = ("in_service", "on_loan")


@dataclass(frozen=True)
class Part:
    """An item of a kit as it stands: the asset to give, or why there is none."""

    item: KitItem
    asset: Asset | None
    missing: str


def parts(kit: Kit, *, lock: bool = False) -> list[Part]:
    """What the kit would give now. ``lock`` keeps the assets taken for a model from anybody else."""
    items = list(kit.items.select_related("asset__kind", "asset__person", "model").order_by("pk"))
    taken: set[int] = {item.asset_id for item in items if item.asset_id}
    made = []
    for item in items:
        asset = item.asset or _any_of(item, taken, lock)
        if asset is not None:
            taken.add(asset.pk)
        made.append(Part(item, asset, _missing(item, asset)))
    return made


def _any_of(item: KitItem, taken: set[int], lock: bool) -> Asset | None:
    """The asset of the model that has been in stock the longest, and in no kit."""
    rows = Asset.objects.filter(
        organisation=item.organisation_id, model=item.model_id, state="in_stock", kit_items=None
    )
    rows = rows.exclude(pk__in=taken).order_by("state_since", "pk")
    if lock:
        rows = rows.select_for_update(of=("self",), skip_locked=True)
    return rows.select_related("kind").first()


def _missing(item: KitItem, asset: Asset | None) -> str:
    if asset is None:
        return _("%(model)s: none in stock") % {"model": item.model}
    if asset.state in FREE:
        return ""
    said = {"asset": asset, "state": asset.get_state_display(), "person": asset.person}
    if asset.person is not None:
        return _("%(asset)s: %(state)s, with %(person)s") % said
    return "" if asset.state == "in_service" else _("%(asset)s: %(state)s") % said


@transaction.atomic
def hand_over(
    kit: Kit,
    *,
    person: Person,
    actor: Actor,
    on: date | None = None,
    reason: str = "",
    incomplete: bool = False,
    slip: bool = True,
) -> list[Asset]:
    """Assign all of a kit to a person; refused, naming what is missing, unless ``incomplete`` is accepted."""
    require(actor, "kit.hand_over", kit)
    return [
        holding.assign(asset, person=person, actor=actor, on=on, reason=reason or kit.name, slip=slip)
        for asset in _ready(kit, incomplete)
    ]


@transaction.atomic
def lend(
    kit: Kit,
    *,
    person: Person,
    due_on: date,
    actor: Actor,
    on: date | None = None,
    purpose: str = "",
    incomplete: bool = False,
    slip: bool = True,
) -> list[Loan]:
    """Lend all of a kit; all or nothing, except what is accepted as missing."""
    require(actor, "kit.lend", kit)
    told: dict[str, Any] = {"person": person, "due_on": due_on, "on": on, "purpose": purpose, "slip": slip}
    return [holding.lend(asset, kit=kit, actor=actor, **told) for asset in _ready(kit, incomplete)]


def _ready(kit: Kit, incomplete: bool) -> list[Asset]:
    found = parts(kit, lock=True)
    missing = [part.missing for part in found if part.missing]
    ready = [part.asset for part in found if part.asset is not None and not part.missing]
    if not found:
        raise ValidationError(_("This kit is empty: put some items in it first."))
    if missing and not (incomplete and ready):
        raise ValidationError(
            _("The kit is incomplete. Missing: %(missing)s.") % {"missing": " ; ".join(missing)}
        )
    return ready


@transaction.atomic
def take_back(
    kit: Kit, *, actor: Actor, on: date | None = None, condition: str = "", slip: bool = True
) -> list[Asset]:
    """Take back what is out of a kit, lent or assigned; what is not there is told by its panel afterwards."""
    require(actor, "kit.take_back", kit)
    found = out(kit)
    if not found:
        raise ValidationError(_("Nothing of this kit is out."))
    _take(found, actor=actor, on=on, condition=condition, slip=slip)
    return found


@transaction.atomic
def take_all(
    person: Person, *, actor: Actor, on: date | None = None, condition: str = "", slip: bool = True
) -> list[Asset]:
    """Take back all that somebody has, because they leave."""
    require(actor, "asset.take_back", person)
    found = list(holding.held_by(person).order_by("pk"))
    if not found:
        raise ValidationError(_("Nothing is in the hands of this person."))
    _take(found, actor=actor, on=on, condition=condition, slip=slip)
    return found


def _take(found: list[Asset], **told: Any) -> None:
    for asset in found:
        if asset.state == "on_loan":
            holding.give_back(asset, **told)
        else:
            holding.take_back(asset, **told)


def out(kit: Kit) -> list[Asset]:
    """The assets of the kit that somebody has: its own, and those lent with it for a model."""
    own = Asset.objects.filter(kit_items__kit=kit, state__in=GIVEN, person__isnull=False)
    lent = Asset.objects.filter(loans__kit=kit, loans__returned_on=None)
    return list((own | lent).distinct().order_by("pk"))
