"""Slips: drafted as things change hands, signed on the screen, numbered without holes, printed, kept."""

import base64
import binascii
import io
import zlib
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from PIL import Image

from etabli.kernel import attachments, documents, files, preferences
from etabli.kernel.actors import Actor, require
from etabli.kernel.events import publish
from etabli.people.models import Person

from .models import Asset, Slip, SlipCounter

DRAWING = (1600, 800)  # the largest drawing read, in pixels: a signature pad is a quarter of it
HEAVIEST = 400_000  # characters of its data address
HEAD = "data:image/png;base64,"

preferences.declare(
    "slips.rules",
    kind=str,
    default="",
    per_organisation=True,
    section=gettext_lazy("Hand-over slips"),
    label=gettext_lazy("Rules that people acknowledge when they sign"),
    help=gettext_lazy("Empty: the text shipped with the product."),
)


def rules_of(organisation: int) -> str:
    """The text acknowledged by whoever receives something."""
    return preferences.get("slips.rules", organisation) or _(
        "I have received the items listed above in the condition described. I use them for my work, keep "
        "them with care, report a failure, a loss or a theft without delay, and give them back when asked "
        "or when I leave."
    )


def draft(
    kind: str,
    asset: Asset,
    person: Person,
    *,
    actor: Actor,
    day: date,
    condition: str = "",
    accessories: str = "",
    due_on: date | None = None,
) -> Slip:
    """Write the asset on the slip of this person that waits for a signature, begun when there is none.

    What changes hands the same day, by the same hand, in the same direction, is on one slip.
    """
    owner = {"organisation_id": asset.organisation_id, "kind": kind, "person": person}
    slip = (
        Slip.objects.select_for_update()
        .filter(signed_at=None, day=day, due_on=due_on, issued_by=actor.label[:120], **owner)
        .first()
    )
    if slip is None:
        rules = rules_of(asset.organisation_id) if kind == Slip.Kind.HANDOVER else ""
        slip = Slip.objects.create(day=day, due_on=due_on, rules=rules, issued_by=actor.label[:120], **owner)
    slip.lines = [line for line in slip.lines if line["asset"] != asset.pk]
    slip.lines.append(line_of(asset, condition, accessories))
    slip.save(update_fields=["lines", "updated_at"])
    return slip


def line_of(asset: Asset, condition: str, accessories: str) -> dict[str, Any]:
    return {
        "asset": asset.pk,
        "name": asset.name,
        "kind": str(asset.kind),
        "tag": asset.tag,
        "serial": asset.serial,
        "model": str(asset.model or ""),
        "condition": condition,
        "accessories": accessories,
    }


def strike(slip_id: int | None, asset: Asset) -> None:
    """Take an asset off a slip, because what it told is taken back; refused once somebody signed it."""
    slip = Slip.objects.select_for_update().filter(pk=slip_id).first() if slip_id else None
    if slip is None:
        return
    if slip.signed_at is not None:
        raise ValidationError(_("%(slip)s is signed: record a return instead of undoing.") % {"slip": slip})
    slip.lines = [line for line in slip.lines if line["asset"] != asset.pk]
    if slip.lines:
        slip.save(update_fields=["lines", "updated_at"])
    else:
        slip.delete()


@transaction.atomic
def sign(slip: Slip, *, name: str, drawing: str = "", actor: Actor, now: datetime | None = None) -> Slip:
    """Sign for the person: by a drawing (a PNG as a data address) or by their typed name alone.

    Gives the next number of the organisation, prints the document and attaches it to each asset and to the
    person, in one transaction: after an error no number is lost.
    """
    require(actor, "slip.sign", slip)
    picture = cleaned_drawing(drawing) if drawing else None
    slip = (
        Slip.objects.select_for_update(of=("self",)).select_related("person", "organisation").get(pk=slip.pk)
    )
    if slip.signed_at is not None:
        raise ValidationError(_("%(slip)s is already signed.") % {"slip": slip})
    if not slip.lines:
        raise ValidationError(_("This slip lists nothing: there is nothing to sign."))
    slip.number = next_number(slip.organisation_id)
    slip.signed_at, slip.signed_name = now or timezone.now(), name.strip()[:120]
    slip.method = Slip.Method.DRAWN if picture else Slip.Method.TYPED
    place = slip.organisation_id
    if picture:
        slip.signature = files.store(picture, name="signature.png", actor=actor, organisation=place)
    content = printed(slip, picture)
    slip.document = files.store(content, name=f"{file_name(slip)}.pdf", actor=actor, organisation=place)
    slip.save()
    _attach(slip, content, actor)
    publish(slip, "slip.signed", actor=actor, extra={"text": slip.reference, "method": slip.method})
    return slip


def next_number(organisation: int) -> int:
    """One more than the last; whoever asks next waits until this transaction ends."""
    SlipCounter.objects.bulk_create([SlipCounter(organisation_id=organisation)], ignore_conflicts=True)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE assets_slipcounter SET last = last + 1 WHERE organisation_id = %s RETURNING last",
            [organisation],
        )
        return int(cursor.fetchone()[0])


def cleaned_drawing(address: str) -> bytes:
    """The drawing made again from its pixels, black on white: nothing else that the file held is kept."""
    unreadable = ValidationError(
        _("The drawing cannot be read: clear it and sign again, or only type the name.")
    )
    if len(address) > HEAVIEST or not address.startswith(HEAD):
        raise unreadable
    try:
        with Image.open(
            io.BytesIO(base64.b64decode(address[len(HEAD) :], validate=True)), formats=["PNG"]
        ) as given:
            if given.width > DRAWING[0] or given.height > DRAWING[1]:
                raise unreadable
            ink = given.convert("RGBA").getchannel("A")
    except (
        OSError,
        ValueError,
        SyntaxError,
        binascii.Error,
        zlib.error,
        Image.DecompressionBombError,
    ) as error:
        raise unreadable from error
    box = ink.getbbox()
    if box is None:
        raise ValidationError(_("The drawing is empty: sign in the frame, or only type the name."))
    paper = Image.new("L", ink.size, 255)
    paper.paste(0, mask=ink)
    out = io.BytesIO()
    paper.crop(box).save(out, "PNG", optimize=True)
    return out.getvalue()


def printed(slip: Slip, picture: bytes | None = None) -> bytes:
    """The slip as a PDF, signed or still to be signed on paper."""
    return documents.pdf(
        "assets/slip",
        content_of(slip, picture),
        organisation=slip.organisation.name,
        reference=slip.reference,
    )


def content_of(slip: Slip, picture: bytes | None = None) -> dict[str, Any]:
    given = slip.kind == Slip.Kind.HANDOVER
    facts = [
        (_("Given to") if given else _("Given back by"), slip.person.name),
        (_("Position"), slip.person.title),
        (_("Date"), formats.date_format(slip.day, "j F Y")),
        (_("To be returned on"), formats.date_format(slip.due_on, "j F Y") if slip.due_on else ""),
        (_("By"), slip.issued_by),
    ]
    drawn = list(picture) if picture else None
    signed = formats.date_format(timezone.localtime(slip.signed_at), "j F Y H:i") if slip.signed_at else ""
    return {
        "title": (_("Hand-over slip") if given else _("Return slip")) + f" {slip.reference}".rstrip(),
        "subtitle": "" if slip.signed_at else _("Not signed yet"),
        "facts": [[label, value] for label, value in facts if value],
        "items_title": _("Items"),
        "header": [_("Item"), _("Asset tag"), _("Serial number"), _("Condition"), _("Accessories")],
        "rows": [
            [
                " ".join(x for x in (line["name"], line["model"]) if x),
                line["tag"],
                line["serial"],
                *_told(line),
            ]
            for line in slip.lines
        ],
        "rules_title": _("Rules acknowledged") if slip.rules else "",
        "rules": slip.rules,
        "signature": _("Signature of the person"),
        "name": slip.signed_name or slip.person.name,
        "signed": signed,
        "drawn": drawn,
        "method": _how(slip),
        "issuer": _("Issued by"),
        "issued_by": slip.issued_by,
    }


def _told(line: dict[str, Any]) -> list[str]:
    return [line["condition"] or "—", line["accessories"] or "—"]


def _how(slip: Slip) -> str:
    if slip.method != Slip.Method.TYPED:
        return ""
    return _("Signed on screen by typing the name and ticking “I have read and agree”.")


def file_name(slip: Slip) -> str:
    words = _("hand-over slip") if slip.kind == Slip.Kind.HANDOVER else _("return slip")
    return f"{words} {slip.number:06d}".replace(" ", "-") if slip.number else str(words).replace(" ", "-")


def _attach(slip: Slip, content: bytes, actor: Actor) -> None:
    assets = Asset.objects.filter(pk__in=[line["asset"] for line in slip.lines]).order_by("pk")
    for obj in [*assets, slip.person]:
        attachments.attach(obj, content, name=f"{file_name(slip)}.pdf", actor=actor)


@transaction.atomic
def discard(slip: Slip, *, actor: Actor) -> None:
    """Throw away a slip that nobody signed."""
    require(actor, "slip.discard", slip)
    slip = Slip.objects.select_for_update(of=("self",)).get(pk=slip.pk)
    if slip.signed_at is not None:
        raise ValidationError(_("%(slip)s is signed: it is kept for ever.") % {"slip": slip})
    key = slip.pk
    slip.delete()
    slip.pk = key
    publish(slip, "slip.discarded", actor=actor, extra={"text": ", ".join(x["name"] for x in slip.lines)})
