"""Images of floor plans: what is refused before it is decoded, what is reduced, what is forgotten."""

import io
import struct
import zlib

import pytest
from django.core.exceptions import ValidationError
from PIL import Image

from etabli.kernel.tenancy import scope
from etabli.people.models import Site
from etabli.people.plans import LONGEST_SIDE, read_plan

pytestmark = pytest.mark.usefixtures("in_english")


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> io.BytesIO:
    out = io.BytesIO()
    image.save(out, kind, **options)
    out.seek(0)
    return out


def announced(width: int, height: int) -> io.BytesIO:
    """A PNG whose header alone tells a size; decoding it would need what it tells."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return io.BytesIO(
        b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("size", [(10_000, 10_000), (30_000, 30_000), (65_000, 65_000)])
def test_a_hundred_megapixels_are_refused_with_a_sentence_before_decoding(size):
    with pytest.raises(ValidationError) as refused:
        read_plan(announced(*size))
    assert "too many pixels" in refused.value.messages[0]
    assert "at most 40 million" in refused.value.messages[0]


def test_a_large_plan_is_reduced_and_keeps_its_shape():
    plan = read_plan(encoded(Image.new("L", (6000, 3000), 255)))
    assert (plan.width, plan.height) == (LONGEST_SIDE, LONGEST_SIDE // 2)
    assert Image.open(io.BytesIO(plan.content)).size == (plan.width, plan.height)


def test_a_small_plan_is_kept_to_the_byte():
    sent = encoded(Image.new("RGB", (300, 200), "white"), "WEBP")
    assert read_plan(sent).content == sent.getvalue()


def test_a_photo_is_turned_upright_and_forgets_where_it_was_taken():
    image = Image.new("RGB", (400, 200), "white")
    exif = image.getexif()
    exif[0x0112] = 6  # orientation: turn by 90° (Exif 2.32, table 4)
    exif.get_ifd(0x8825)[1] = "N"  # GPS latitude
    plan = read_plan(encoded(image, "JPEG", exif=exif))
    assert (plan.width, plan.height) == (200, 400)
    assert not Image.open(io.BytesIO(plan.content)).getexif()


@pytest.mark.parametrize("content", [b"", b"<svg/>", b"\x89PNG\r\n\x1a\n", b"GIF89a\x01\x00\x01\x00"])
def test_what_is_no_plan_is_refused_with_a_sentence(content):
    with pytest.raises(ValidationError, match="PNG, JPEG or WebP"):
        read_plan(io.BytesIO(content))


def test_a_cut_image_is_refused_with_a_sentence():
    whole = encoded(Image.effect_noise((400, 400), 60)).getvalue()
    with pytest.raises(ValidationError, match="cut or damaged"):
        read_plan(io.BytesIO(whole[: len(whole) // 2]))


def test_the_map_shows_one_organisation_or_all_with_their_assets(client_of, firm, maker):
    for staff, name, longitude in ((firm.acme, "Rouen", 1.1), (firm.globex, "Lyon", 4.8)):
        with scope(staff.id):
            site = Site.objects.create(name=name, latitude=47, longitude=longitude)
            from etabli.assets.models import Asset

            made = maker(staff)
            for _number in range(3):
                made.new(Asset, site=site)
    with scope(firm.acme.id):
        from etabli.kernel.organisations import Membership, Role
        from etabli.kernel.tenancy import opening

        with opening():
            role = Role.objects.get(organisation=None, key="technician")
            Membership.objects.create(
                organisation=firm.provider.organisation, account=firm.acme.technician, role=role
            )
    browser = client_of(firm.acme.technician)
    everything = browser.get("/sites/map/").content.decode()
    assert "Rouen, 3 assets" in everything
    assert "Lyon, 3 assets" in everything
    one = browser.get(f"/sites/map/?organisation={firm.acme.id}").content.decode()
    assert "Rouen" in one
    assert "Lyon" not in one
    other = client_of(firm.acme.auditor).get(f"/sites/map/?organisation={firm.globex.id}").content.decode()
    assert "Lyon" not in other
