"""The image of a floor plan: what is accepted, and how a large one is made light enough for a telephone."""

import io
import warnings
from dataclasses import dataclass
from typing import IO, Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import formats
from django.utils.translation import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

from etabli.kernel import files
from etabli.kernel.actors import Actor, require
from etabli.kernel.events import publish

from .models import Floor

FORMATS = {"PNG": "png", "JPEG": "jpg", "WEBP": "webp"}
MOST_PIXELS = 40_000_000  # a decoded pixel takes 3 or 4 bytes of memory
LONGEST_SIDE = 4096


@dataclass(frozen=True)
class Plan:
    """An image ready to be kept: its bytes, their extension, its size in pixels."""

    content: bytes
    extension: str
    width: int
    height: int


def read_plan(sent: IO[bytes]) -> Plan:
    """The image as it is kept; its size is read before decoding. ``ValidationError`` tells what is wrong."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            image = Image.open(sent, formats=list(FORMATS))
        except (Image.DecompressionBombWarning, Image.DecompressionBombError):
            raise _too_large() from None
        except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
            raise ValidationError(_("A plan is a PNG, JPEG or WebP image.")) from None
        if image.width * image.height > MOST_PIXELS:
            raise _too_large(image.width, image.height)
        try:
            return _kept(image, sent)
        except (OSError, ValueError, SyntaxError):
            raise ValidationError(_("This image is cut or damaged: export the plan again.")) from None


def _too_large(width: int = 0, height: int = 0) -> ValidationError:
    size = f" ({width} × {height})" if width else ""
    return ValidationError(
        _("This image has too many pixels%(size)s: at most %(most)s million. Export the plan smaller.")
        % {"size": size, "most": formats.number_format(MOST_PIXELS // 1_000_000)}
    )


def _kept(image: Any, sent: IO[bytes]) -> Plan:
    kind = image.format
    small = max(image.size) <= LONGEST_SIDE
    if small and not image.getexif():
        image.load()
        sent.seek(0)
        return Plan(sent.read(), FORMATS[kind], *image.size)
    image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
    upright = ImageOps.exif_transpose(image)
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    if kind == "JPEG" and upright.mode not in {"RGB", "L"}:
        upright = upright.convert("RGB")
    out = io.BytesIO()
    upright.save(out, kind, quality=88)  # without what the camera wrote beside: place, owner
    return Plan(out.getvalue(), FORMATS[kind], *upright.size)


@transaction.atomic
def put_plan(floor: Floor, *, sent: IO[bytes], name: str, actor: Actor) -> Floor:
    """Put an image as the plan of a floor. Points keep their share of the width and of the height."""
    require(actor, "floor.change", floor)
    plan = read_plan(sent)
    stem = name.rpartition(".")[0] or name
    floor.plan = files.store(
        plan.content, name=f"{stem}.{plan.extension}", actor=actor, organisation=floor.organisation_id
    )
    floor.plan_width, floor.plan_height = plan.width, plan.height
    floor.save(update_fields=["plan", "plan_width", "plan_height", "updated_at"])
    publish(floor, "floor.planned", actor=actor, extra={"text": floor.plan.name})
    return floor
