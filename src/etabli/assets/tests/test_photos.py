"""Photos of assets: reduced, upright, without what the camera wrote; refusals in a sentence."""

import io
import struct
import zlib

import pytest
from django.core.exceptions import ValidationError
from PIL import Image

from etabli.assets import photos
from etabli.assets.models import Asset, AssetKind, Photo
from etabli.kernel import files
from etabli.kernel.events import Event
from etabli.kernel.tenancy import scope

ORIENTATION, MAKE, GPS = 0x0112, 0x010F, 0x8825


def jpeg(width=4000, height=3000, *, orientation=6, noise=False, **options):
    """A phone's picture: lying on its side, with its maker and a place in its EXIF; its left half is red."""
    picture = (
        Image.effect_noise((width, height), 90).convert("RGB")
        if noise
        else Image.new("RGB", (width, height), "blue")
    )
    if not noise:
        picture.paste("red", (0, 0, width // 2, height))
    exif = Image.Exif()
    exif[ORIENTATION], exif[MAKE] = orientation, "Zorglub"
    exif.get_ifd(GPS)[1] = "N"
    out = io.BytesIO()
    told = {"comment": b"Zorglub was here", "xmp": b"<x:xmpmeta>Zorglub</x:xmpmeta>"}
    picture.save(out, "JPEG", exif=exif, **{"quality": 90, **told, **options})
    return out.getvalue()


def reduce(body):
    return photos.reduce(io.BytesIO(body), len(body))


def named(body, name="IMG_1.jpg"):
    sent = io.BytesIO(body)
    sent.name = name
    return sent


@pytest.fixture
def asset(firm):
    with scope(firm.acme.id):
        return Asset.objects.create(name="PC-1", kind=AssetKind.objects.get(key="laptop"))


def test_a_photo_is_reduced_upright_and_keeps_no_exif(in_english):
    made = reduce(jpeg())
    kept = Image.open(io.BytesIO(made.whole))
    assert kept.size == (made.width, made.height) == (1920, 2560)
    assert not kept.getexif()
    assert b"Zorglub" not in made.whole
    red, _green, blue = kept.getpixel((960, 200))  # turned by a quarter: the left half is on top
    assert red > 200 > 60 > blue
    assert max(Image.open(io.BytesIO(made.small)).size) == 480


def test_a_photo_of_twenty_megabytes_is_accepted_and_reduced(in_english):
    body = jpeg(5600, 4200, noise=True, quality=97)
    assert len(body) > 20_000_000
    made = reduce(body)
    assert max(made.width, made.height) == 2560
    assert len(made.whole) < 6_000_000


def test_transparency_becomes_white_and_a_small_picture_is_not_enlarged(in_english):
    out = io.BytesIO()
    Image.new("RGBA", (300, 200), (0, 0, 0, 0)).save(out, "PNG")
    made = reduce(out.getvalue())
    kept = Image.open(io.BytesIO(made.whole))
    assert kept.size == (300, 200)
    assert min(kept.getpixel((10, 10))) > 250


def png_of(width, height):
    """The head of a PNG that claims this size: its pixels need not exist to be dangerous."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "not a photo that can be read"),
        (b"%PDF-1.7 hello", "not a photo that can be read"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a photo that can be read"),
        (jpeg()[:2000], "not a photo that can be read"),
        (png_of(200, 200), "not a photo that can be read"),
        (png_of(60_000, 60_000), "too many pixels"),
        (png_of(8000, 8000), "too many pixels"),
        (b"\0\0\0\x20ftypheic" + b"\0" * 64, "not HEIC"),
    ],
    ids=["empty", "pdf", "svg", "cut", "damaged", "bomb", "large", "heic"],
)
def test_what_is_no_reasonable_photo_is_refused_with_a_sentence(in_english, body, sentence):
    with pytest.raises(ValidationError, match=sentence):
        reduce(body)


def test_a_file_too_heavy_is_refused_before_it_is_read(in_english):
    with pytest.raises(ValidationError, match="at most 40 MB"):
        photos.reduce(io.BytesIO(b""), 41 * 1024 * 1024)


def test_several_photos_at_once_each_kept_or_told(firm, asset, client_of):
    browser = client_of(firm.acme.technician)
    sent = [named(jpeg(800, 600)), named(b"no", "notes.txt"), named(jpeg(640, 480), "b.jpg")]
    answer = browser.post(
        f"/assets/{asset.pk}/photos/", {"photos": sent, "caption": "Back <panel>"}, follow=True
    )
    text = answer.content.decode()
    assert "2 photos added." in text
    assert "notes.txt : This file is not a photo" in text
    page = browser.get(f"/assets/{asset.pk}/").content.decode()
    assert page.count('alt="Back &lt;panel&gt;"') == 2
    with scope(firm.acme.id):
        photo = Photo.objects.first()
        assert photo.file.media_type == "image/jpeg"
        assert Image.open(files.open_file(photo.file)).format == "JPEG"
        assert Event.objects.filter(verb="asset.photographed", object_id=asset.pk).count() == 2
    shown = browser.get(f"/fichiers/{photo.file_id}/")
    assert shown["Content-Type"] == "image/jpeg"


def test_a_caption_is_changed_and_a_photo_deleted_and_brought_back(firm, asset, client_of):
    browser = client_of(firm.acme.technician)
    browser.post(f"/assets/{asset.pk}/photos/", {"photos": named(jpeg(80, 60))})
    with scope(firm.acme.id):
        photo = Photo.objects.get()
        assert photo.caption == "Photo of PC-1"
    browser.post(f"/photos/{photo.pk}/edit/", {"caption": "Label worn", "version": 1})
    browser.post(f"/photos/{photo.pk}/delete/")
    with scope(firm.acme.id):
        assert not Photo.objects.exists()
        event = Event.objects.get(verb="photo.deleted")
    browser.post(f"/evenements/{event.pk}/undo/")
    with scope(firm.acme.id):
        assert Photo.objects.get(pk=photo.pk).caption == "Label worn"


def test_nothing_sent_and_too_many_are_told(firm, asset, client_of):
    browser = client_of(firm.acme.technician)
    assert "No photo was sent" in browser.post(f"/assets/{asset.pk}/photos/", follow=True).content.decode()
    many = [named(jpeg(20, 20)) for _n in range(photos.MOST_AT_ONCE + 1)]
    text = browser.post(f"/assets/{asset.pk}/photos/", {"photos": many}, follow=True).content.decode()
    assert "At most 12 photos" in text


def test_photos_of_another_organisation_are_not_seen_nor_added(firm, asset, client_of):
    client_of(firm.acme.technician).post(f"/assets/{asset.pk}/photos/", {"photos": named(jpeg(20, 20))})
    outsider = client_of(firm.globex.administrator)
    with scope(firm.acme.id):
        photo = Photo.objects.get()
    for address in (f"/assets/{asset.pk}/photos/", f"/photos/{photo.pk}/", f"/fichiers/{photo.file_id}/"):
        assert outsider.get(address).status_code == 404
    assert client_of(firm.acme.auditor).get(f"/assets/{asset.pk}/photos/").status_code == 403
