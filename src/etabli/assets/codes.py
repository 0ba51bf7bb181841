"""Codes a camera reads: QR to the address of an asset, Data Matrix of its tag; and reading them in a picture.

QR: ISO/IEC 18004 (segno). Data Matrix ECC 200: ISO/IEC 16022 (zxing-cpp, which also reads both).
"""

import io
import re
from typing import IO
from urllib.parse import urlsplit

import segno
import zxingcpp
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from PIL import Image, ImageOps

from etabli.kernel import preferences

from .models import Asset

ADDRESS = re.compile(r"/assets/(\d{1,18})/?$")
LARGEST_SIDE = 2000
"""Pixels: a code that cannot be read at this size is not read at a larger one, and takes longer."""
MOST_PIXELS = 64_000_000


def public_address() -> str:
    """Where people reach this installation, without a last slash; empty when nobody has said."""
    return str(preferences.get("pages.url") or "").rstrip("/")


def address_of(asset: Asset, base: str | None = None) -> str:
    """What its QR code says: the address of its page. ``base``: :func:`public_address`, read once."""
    return f"{public_address() if base is None else base}/assets/{asset.pk}/"


def asset_in(text: str, host: str) -> int | None:
    """The number of the asset whose address this is, if it is an address of this installation.

    ``host`` is the one the reader uses; an address elsewhere names another installation's asset.
    """
    parts = urlsplit(text)
    found = ADDRESS.search(parts.path)
    ours = {"", host, urlsplit(public_address()).netloc}
    return int(found[1]) if found and parts.netloc in ours else None


def qr(text: str) -> str:
    """A QR code as SVG, with its quiet zone of four modules (ISO/IEC 18004 §6.3.8)."""
    out = io.BytesIO()
    segno.make(text, micro=False, error="m").save(
        out, kind="svg", border=4, xmldecl=False, omitsize=True, svgclass=None, lineclass=None
    )
    return out.getvalue().decode()


def data_matrix(text: str) -> str:
    """A Data Matrix as SVG, with its quiet zone of one module (ISO/IEC 16022 §7.2)."""
    made = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.DataMatrix)
    return str(zxingcpp.write_barcode_to_svg(made, add_quiet_zones=True))


def read_picture(content: IO[bytes]) -> list[str]:
    """The texts of the codes in a picture, for a phone whose browser gives no camera to the page.

    Raises ``ValidationError`` for what is no picture, or holds too many pixels.
    """
    try:
        picture = Image.open(content)
        if picture.width * picture.height > MOST_PIXELS:
            raise ValidationError(_("This picture has too many pixels: take one at a lower resolution."))
        picture.draft("L", (LARGEST_SIDE, LARGEST_SIDE))
        grey = ImageOps.exif_transpose(picture).convert("L")
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise ValidationError(_("This file is no picture that can be read: send a JPEG or PNG.")) from error
    grey.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    return [found.text for found in zxingcpp.read_barcodes(grey) if found.text]
