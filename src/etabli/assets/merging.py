"""Two assets that are one machine become one, and can be taken apart again.

Everything that points at the asset that goes is moved to the one that is kept, whatever the domain: foreign
keys are found from the models, notes, files, tags and links from the nouns they name. Nothing of it is lost:
what could not stand twice is kept, with the asset itself, in the ``Merge`` row.
"""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import formats
from django.utils.translation import gettext as _

from etabli.kernel import search
from etabli.kernel.actors import Actor, require
from etabli.kernel.events import UNTRACKED, Event, difference, publish, snapshot
from etabli.kernel.screens.undoing import undoes

from . import belongings
from .identity import Distinction, Merge
from .locks import also_known
from .models import Asset

# What a person chooses between when both assets say something; a place or a criticality is one choice.
CHOICES: dict[str, tuple[str, ...]] = {
    "name": ("name",),
    "tag": ("tag",),
    "serial": ("serial",),
    "kind": ("kind_id",),
    "model": ("model_id",),
    "state": ("state",),
    "criticality": ("criticality", "criticality_reason"),
    "person": ("person_id",),
    "site": ("site_id", "room_id", "rack_id"),
    "parent": ("parent_id",),
    "bought_on": ("bought_on",),
    "commissioned_on": ("commissioned_on",),
    "price": ("price",),
    "supplier": ("supplier",),
    "order_number": ("order_number",),
    "warranty_end": ("warranty_end",),
}
TOLD = ("system", "memory_mib", "last_user", "seen_at")  # by the machine: the latest of the two knows
BOTH_LIVE = timedelta(days=7)


def refusal(kept: Asset, gone: Asset) -> str:
    """Why these two cannot be one asset whatever a person says, or an empty text."""
    if kept.pk == gone.pk:
        return _("An asset cannot be merged with itself: choose another one.")
    if kept.organisation_id != gone.organisation_id:
        return _("“%(name)s” belongs to another organisation: only assets of the same one are merged.") % {
            "name": gone
        }
    return ""


def doubt(kept: Asset, gone: Asset) -> str:
    """Why they look like two machines, so that a person says it is one all the same; or an empty text."""
    said = Distinction.objects.filter(one_id=min(kept.pk, gone.pk), other_id=max(kept.pk, gone.pk)).first()
    if said is not None:
        day = formats.date_format(said.at, "j F Y")
        return _("%(who)s said on %(day)s that these are two machines.") % {"who": said.by, "day": day}
    seen = [one.seen_at for one in (kept, gone) if one.seen_at]
    differs = kept.serial_key and gone.serial_key and kept.serial_key != gone.serial_key
    if differs and len(seen) == 2 and max(seen) - min(seen) < BOTH_LIVE:
        return _("Both sent inventories within 7 days, with the serial numbers %(one)s and %(other)s.") % {
            "one": kept.serial,
            "other": gone.serial,
        }
    return ""


@transaction.atomic
def merge(
    kept: Asset, gone: Asset, *, actor: Actor, taken: Collection[str] = (), sure: bool = False
) -> Asset:
    """Make ``gone`` a part of ``kept``; ``taken`` names the columns (of ``CHOICES``) whose value comes from
    it.

    What ``kept`` does not say is filled from ``gone``. The next inventories of the agents of both go to
    ``kept``, under the numbers of both. Raises ValidationError when they are refused, or look like two
    machines and the person is not ``sure``.
    """
    require(actor, "asset.change", kept)
    require(actor, "asset.delete", gone)
    if problem := refusal(kept, gone):
        raise ValidationError(problem)
    if not sure and (problem := doubt(kept, gone)):
        raise ValidationError(_("%(doubt)s Tick “Merge all the same” if they are one.") % {"doubt": problem})
    rows = Asset.objects.select_for_update().in_bulk(sorted([kept.pk, gone.pk]))
    kept, gone = rows[kept.pk], rows[gone.pk]
    before, numbers, columns = snapshot(kept), (gone.serial, gone.uuid), belongings.columns_of(kept)
    latest_is_gone = gone.seen_at is not None and (kept.seen_at is None or gone.seen_at > kept.seen_at)
    key, name = gone.pk, gone.name
    _choose(kept, gone, set(taken), latest_is_gone)
    Distinction.objects.filter(Q(one=kept, other=gone) | Q(one=gone, other=kept)).delete()
    content = belongings.move(gone, kept, inventory_of=gone if latest_is_gone else kept)
    search.forget(gone)
    gone.delete()
    kept.version += 1
    kept.save()
    content["changes"] = difference(columns, belongings.columns_of(kept))
    if numbers != (kept.serial, kept.uuid):
        also_known(kept, serial=numbers[0], uuid=numbers[1], actor=actor)
    row = Merge.objects.create(
        organisation_id=kept.organisation_id,
        kept=kept,
        gone_id=key,
        gone_name=name,
        by=actor.label[:120],
        content=belongings.packed(content),
    )
    extra = {"merge": row.pk, "about": {"id": key, "text": name}}
    publish(kept, "asset.merged", actor=actor, changes=difference(before, snapshot(kept)), extra=extra)
    return kept


def _choose(kept: Asset, gone: Asset, taken: set[str], latest_is_gone: bool) -> None:
    """Write into ``kept`` the chosen columns, and those it leaves empty."""
    for choice, columns in CHOICES.items():
        if choice in taken or not any(getattr(kept, column) for column in columns):
            for column in columns:
                setattr(kept, column, getattr(gone, column))
    for column in TOLD:
        ours, theirs = getattr(kept, column), getattr(gone, column)
        setattr(kept, column, (theirs or ours) if latest_is_gone else (ours or theirs))
    if kept.parent_id in {kept.pk, gone.pk}:
        kept.parent_id = None
    kept.uuid = kept.uuid or gone.uuid
    kept.missing_since = kept.missing_since and gone.missing_since  # one of them is there: it is
    kept.custom = {**gone.custom, **kept.custom}
    if gone.remarks and gone.remarks not in kept.remarks:
        kept.remarks = f"{kept.remarks}\n\n{gone.remarks}".strip()
    kept.locked = sorted(
        {*(n for n in kept.locked if n not in taken), *(n for n in gone.locked if n in taken)}
    )


@undoes("asset.merged")
def _undo(event: Event, actor: Actor) -> Asset:
    row = Merge.objects.filter(pk=event.extra["merge"]).first()
    if row is None:
        raise ValidationError(_("These assets were already taken apart."))
    return unmerge(row, actor=actor)


@transaction.atomic
def unmerge(row: Merge, *, actor: Actor) -> Asset:
    """Take two merged assets apart, as they were.

    A column that somebody, or an inventory, wrote since then stays as it is now. What came after the merge
    (notes, inventories) stays with the kept asset. Raises ValidationError when the tag of the other one was
    taken meanwhile.
    """
    kept = Asset.objects.select_for_update().get(pk=row.kept_id)
    require(actor, "asset.change", kept)
    require(actor, "asset.add", kept)
    content = belongings.unpacked(row.content)
    put_back(kept, content["changes"])
    taken = Asset.objects.filter(organisation_id=kept.organisation_id, tag=belongings.tag_in(content))
    if belongings.tag_in(content) and taken.exclude(pk=kept.pk).exists():
        raise ValidationError(
            _("Another asset has the tag “%(tag)s” by now: change it first.")
            % {"tag": belongings.tag_in(content)}
        )
    kept.tag = "" if kept.tag and kept.tag == belongings.tag_in(content) else kept.tag
    kept.version += 1
    kept.save()
    gone = belongings.give_back(content, kept)
    kept.aliases.filter(serial=gone.serial.lower(), uuid=gone.uuid.lower()).delete()
    row.delete()
    for one, other in ((gone, kept), (kept, gone)):
        about = {"id": other.pk, "text": str(other)}
        publish(one, "asset.unmerged", actor=actor, extra={"about": about})
    return kept


def put_back(asset: Asset, changes: dict[str, Any]) -> None:
    """Put columns back as they were before ``changes``, but for those that were written since."""
    for name, (old, new) in changes.items():
        field: Any = Asset._meta.get_field(name)
        if field.generated or name in {*UNTRACKED, "version"}:
            continue
        if getattr(asset, field.attname) == _value(field, new):
            setattr(asset, field.attname, _value(field, old))


def _value(field: Any, told: Any) -> Any:
    """A value that was written down as the column holds it."""
    told = told["id"] if isinstance(told, dict) and field.is_relation else told
    return None if told is None else field.to_python(told)
