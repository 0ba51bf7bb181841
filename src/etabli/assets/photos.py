"""Photos of assets: what a phone sends is reduced, turned upright, rid of what the camera wrote in it."""

import io
from dataclasses import dataclass
from typing import IO, Any

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext as _
from PIL import Image, ImageOps

from etabli.kernel import files
from etabli.kernel.actors import Actor, require
from etabli.kernel.events import publish

from .models import Asset, Photo

SIDE = 2560
SMALL_SIDE = 480
QUALITY = 85
MOST_BYTES = 40 * 1024 * 1024
MOST_AT_ONCE = 12
MOST_PIXELS = 50_000_000
"""Of a picture that must be decoded whole. A JPEG is read at a fraction of its size: see below."""
MOST_PIXELS_OF_JPEG = 170_000_000
MOST_OF_AN_ASSET = 200
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")


@dataclass(frozen=True)
class Reduced:
    """A picture as kept: JPEG, its longest side at most :data:`SIDE` pixels; and a small one for lists."""

    whole: bytes
    small: bytes
    width: int
    height: int


def reduce(content: IO[bytes], size: int) -> Reduced:
    """Read a picture of ``size`` bytes; raises ``ValidationError`` with a sentence for what is not kept.

    Nothing of the original file is copied: neither the place nor the device that EXIF tells (only the
    orientation is applied, and the colour profile kept).
    """
    if size > MOST_BYTES:
        raise ValidationError(
            _("This photo is too heavy: at most %(n)s MB are accepted.") % {"n": MOST_BYTES // 1024 // 1024}
        )
    try:
        return _reduced(_opened(content))
    except Image.DecompressionBombError as error:
        raise ValidationError(_too_many()) from error
    except (OSError, ValueError, SyntaxError) as error:
        text = _("This file is not a photo that can be read: send a JPEG, PNG or WebP image (not HEIC).")
        raise ValidationError(text) from error


def _too_many() -> str:
    return _("This picture has too many pixels: take it again at a lower resolution.")


def _opened(content: IO[bytes]) -> Image.Image:
    """The picture, its size known and accepted, its pixels not decoded yet."""
    picture = Image.open(content, formats=FORMATS)
    whole = picture.format not in {"JPEG", "MPO"} or bool(picture.info.get("progressive"))
    if picture.width * picture.height > (MOST_PIXELS if whole else MOST_PIXELS_OF_JPEG):
        raise ValidationError(_too_many())
    picture.draft("RGB", (SIDE, SIDE))  # libjpeg then decodes at 1/2, 1/4 or 1/8: little memory
    return picture


def _reduced(picture: Image.Image) -> Reduced:
    profile = picture.info.get("icc_profile")
    turned = ImageOps.exif_transpose(picture)
    flat = _on_white(turned)
    flat.thumbnail((SIDE, SIDE))
    small = flat.copy()
    small.thumbnail((SMALL_SIDE, SMALL_SIDE))
    return Reduced(_jpeg(flat, profile), _jpeg(small, profile), *flat.size)


def _on_white(picture: Image.Image) -> Image.Image:
    if picture.mode in {"RGBA", "LA", "PA"} or "transparency" in picture.info:
        above = picture.convert("RGBA")
        ground = Image.new("RGB", above.size, "white")
        ground.paste(above, mask=above.getchannel("A"))
        return ground
    return picture.convert("RGB")


def _jpeg(picture: Image.Image, profile: bytes | None) -> bytes:
    """All that a picture may carry beside its pixels is named here, so that nothing follows by default."""
    out = io.BytesIO()
    nothing = {"exif": b"", "comment": b"", "xmp": b""}
    picture.save(
        out, "JPEG", quality=QUALITY, optimize=True, progressive=True, icc_profile=profile, **nothing
    )
    return out.getvalue()


@transaction.atomic
def add_photo(asset: Asset, content: IO[bytes], *, size: int, name: str, caption: str, actor: Actor) -> Photo:
    """Keep a photo of an asset. ``caption`` says what it shows; left empty, it names the asset."""
    require(actor, "asset.view", asset)
    require(actor, "photo.add", asset)
    if asset.photos.count() >= MOST_OF_AN_ASSET:
        text = _("“%(name)s” has %(n)s photos: delete some first.")
        raise ValidationError(text % {"name": asset, "n": MOST_OF_AN_ASSET})
    reduced = reduce(content, size)
    stem = files.clean_name(name).rpartition(".")[0] or "photo"
    owner = asset.organisation_id
    whole, small = (
        files.store(body, name=f"{stem}{end}.jpg", actor=actor, organisation=owner)
        for body, end in ((reduced.whole, ""), (reduced.small, "-small"))
    )
    photo = Photo.objects.create(
        organisation_id=owner,
        asset=asset,
        caption=caption.strip()[:200] or _("Photo of %(name)s") % {"name": asset},
        file=whole,
        small=small,
        author=actor.label[:120],
    )
    publish(photo, "photo.created", actor=actor, extra={"text": str(asset)})
    publish(asset, "asset.photographed", actor=actor, extra={"text": photo.caption, "photo": photo.pk})
    return photo


def add_photos(
    asset: Asset, sent: list[UploadedFile], *, caption: str, actor: Actor
) -> tuple[int, list[str]]:
    """Several at once: how many were kept, and a sentence for each that was not."""
    kept, problems = 0, []
    for one in sent[:MOST_AT_ONCE]:
        try:
            add_photo(asset, one, size=one.size or 0, name=one.name or "", caption=caption, actor=actor)
            kept += 1
        except (ValidationError, files.FileTooLarge) as error:
            told: Any = getattr(error, "messages", [str(error)])
            problems.append(f"{one.name} : {' '.join(told)}")
    if len(sent) > MOST_AT_ONCE:
        problems.append(_("At most %(n)s photos are sent at once.") % {"n": MOST_AT_ONCE})
    return kept, problems
