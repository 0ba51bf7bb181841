"""Slips of hand-over and return: drafted by acts, signed on the screen, numbered without holes, never changed."""

import base64
import io
import threading
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction
from django.utils import timezone, translation
from PIL import Image, ImageDraw
from pypdf import PdfReader

from etabli.assets import signing
from etabli.assets.holding import assign, lend, take_back
from etabli.assets.models import Asset, Slip, SlipCounter
from etabli.kernel import files
from etabli.kernel.attachments import Attachment
from etabli.kernel.events import Event
from etabli.kernel.screens.undoing import undo, undoable
from etabli.kernel.tenancy import scope

from .conftest import furnish


def address(size=(600, 200), *, empty=False, form="PNG"):
    picture = Image.new("RGBA", size, (0, 0, 0, 0))
    if not empty:
        ImageDraw.Draw(picture).line([(20, 20), (300, 120)], fill="black", width=4)
    out = io.BytesIO()
    picture.convert("RGB" if form == "JPEG" else "RGBA").save(out, form)
    return signing.HEAD + base64.b64encode(out.getvalue()).decode()


def a_slip(fleet, name="PC-1", **more):
    asset = fleet.asset(name, serial="SN-1", tag=f"T-{name}")
    assign(asset, person=fleet.claire, actor=fleet.actor, slip=True, condition="new", **more)
    return Slip.objects.filter(signed_at=None).latest("id")


def text_of(file):
    with files.open_file(file) as content:
        return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content.read())).pages)


def test_what_is_handed_the_same_day_by_the_same_hand_is_on_one_slip(fleet):
    slip = a_slip(fleet)
    assert a_slip(fleet, "PC-2") == slip
    assign(fleet.asset("PC-3"), person=fleet.paul, actor=fleet.actor, slip=True)
    assign(
        fleet.asset("PC-4"),
        person=fleet.claire,
        actor=fleet.actor,
        slip=True,
        on=timezone.localdate() - timedelta(1),
    )
    lend(fleet.asset("PC-5"), person=fleet.claire, due_on=timezone.localdate(), actor=fleet.actor, slip=True)
    assert Slip.objects.count() == 4
    slip.refresh_from_db()
    assert [(line["name"], line["serial"], line["condition"]) for line in slip.lines] == [
        ("PC-1", "SN-1", "new"),
        ("PC-2", "SN-1", "new"),
    ]


def test_a_drawn_signature_numbers_prints_and_attaches(fleet):
    slip = signing.sign(a_slip(fleet), name="Claire Moreau", drawing=address(), actor=fleet.actor)
    assert (slip.number, slip.method, slip.signed_name) == (1, "drawn", "Claire Moreau")
    asset = Asset.objects.get()
    kept = {(a.noun, a.object_id) for a in Attachment.objects.all()}
    assert kept == {("asset", asset.pk), ("person", fleet.claire.pk)}
    text = text_of(slip.document)
    for word in ("Hand-over slip", "000001", "Claire Moreau", "SN-1", "T-PC-1", "new", "Comptable"):
        assert word in text
    with files.open_file(slip.signature) as content:
        kept_picture = Image.open(io.BytesIO(content.read()))
        assert (kept_picture.format, kept_picture.mode) == ("PNG", "L")


def test_typing_the_name_is_enough_to_sign(fleet):
    slip = signing.sign(a_slip(fleet), name="Claire", actor=fleet.actor)
    assert (slip.method, slip.signature) == ("typed", None)
    assert "Signed on screen by typing the name" in text_of(slip.document)


def test_the_document_is_in_french_for_a_french_technician(fleet):
    with translation.override("fr"):
        slip = signing.sign(a_slip(fleet), name="Claire", actor=fleet.actor)
        expected = signing.content_of(slip)["title"]
    assert expected.replace("\u00a0", " ").split()[0] in text_of(slip.document)


@pytest.mark.parametrize(
    "drawing",
    [
        "hello",
        signing.HEAD + "####",
        signing.HEAD + base64.b64encode(b"<svg onload=alert(1)>").decode(),
        address((1601, 10)),
        address(form="JPEG"),
        address(form="GIF"),
        signing.HEAD + "A" * signing.HEAVIEST,
        address()[:200],
    ],
    ids=["no address", "no base64", "svg", "too large", "jpeg", "gif", "too heavy", "cut"],
)
def test_a_drawing_that_is_none_is_refused_and_takes_no_number(fleet, drawing):
    slip = a_slip(fleet)
    with pytest.raises(ValidationError, match="sign again, or only type the name"):
        signing.sign(slip, name="Claire", drawing=drawing, actor=fleet.actor)
    assert not SlipCounter.objects.exists()


def test_an_empty_drawing_is_told(fleet):
    with pytest.raises(ValidationError, match="The drawing is empty"):
        signing.cleaned_drawing(address(empty=True))


def test_nothing_but_the_pixels_of_a_drawing_is_kept(fleet):
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("comment", "SECRET")
    out = io.BytesIO()
    Image.open(io.BytesIO(base64.b64decode(address()[len(signing.HEAD) :]))).save(out, "PNG", pnginfo=info)
    given = out.getvalue()
    assert b"SECRET" in given
    assert b"SECRET" not in signing.cleaned_drawing(signing.HEAD + base64.b64encode(given).decode())


def test_a_signed_slip_never_changes(fleet):
    slip = signing.sign(a_slip(fleet), name="Claire", actor=fleet.actor)
    with pytest.raises(ValidationError, match="already signed"):
        signing.sign(slip, name="Paul", actor=fleet.actor)
    with pytest.raises(ValidationError, match="kept for ever"):
        signing.discard(slip, actor=fleet.actor)
    for change in (lambda: Slip.objects.update(signed_name="Paul"), lambda: Slip.objects.all().delete()):
        with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
            change()
    assert not undoable(Event.objects.get(verb="slip.signed"))


def test_what_is_signed_is_not_undone_but_returned(fleet):
    slip = a_slip(fleet)
    event = Event.objects.get(verb="asset.assigned")
    signing.sign(slip, name="Claire", actor=fleet.actor)
    with pytest.raises(ValidationError, match="record a return instead"):
        undo(event, fleet.actor)
    take_back(Asset.objects.get(), actor=fleet.actor, slip=True, condition="worn")
    back = signing.sign(Slip.objects.get(signed_at=None), name="Claire", actor=fleet.actor)
    assert (back.number, back.kind) == (2, "return")
    assert "worn" in text_of(back.document)


def test_undoing_a_hand_over_takes_it_off_the_slip_that_waits(fleet):
    slip = a_slip(fleet)
    a_slip(fleet, "PC-2")
    undo(Event.objects.filter(verb="asset.assigned").latest("id"), fleet.actor)
    slip.refresh_from_db()
    assert [line["name"] for line in slip.lines] == ["PC-1"]


def test_each_organisation_counts_for_itself(fleet):
    signing.sign(a_slip(fleet), name="Claire", actor=fleet.actor)
    assert signing.next_number(fleet.firm.acme.id) == 2
    with scope(fleet.firm.globex.id):
        assert signing.next_number(fleet.firm.globex.id) == 1


@pytest.mark.django_db(transaction=True)
def test_twenty_signatures_at_once_give_twenty_numbers_without_holes(committed_firm, in_english):
    firm = committed_firm
    with scope(firm.acme.id):
        fleet = furnish(firm)
        made = []
        for n in range(20):
            asset = fleet.asset(f"PC-{n}")
            line = signing.line_of(asset, "", "")
            made.append(
                Slip.objects.create(
                    kind="handover", person=fleet.claire, day=timezone.localdate(), lines=[line]
                )
            )
    gate, problems = threading.Barrier(20), []

    def put(slip, fails):
        try:
            gate.wait()
            with scope(firm.acme.id), translation.override("en"):
                signing.sign(slip, name="Claire", actor=fleet.actor)
                if fails:
                    raise RuntimeError("after the number was taken")
        except RuntimeError:
            problems.append(slip.pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=put, args=[s, n % 5 == 0]) for n, s in enumerate(made)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    with scope(firm.acme.id):
        numbers = sorted(Slip.objects.exclude(number=None).values_list("number", flat=True))
    assert len(problems) == 4
    assert numbers == list(range(1, 17))


# -- pages
def test_a_slip_is_read_signed_and_kept_by_its_page(fleet, client_of):
    asset = fleet.asset(serial="SN-9")
    browser = client_of(fleet.firm.acme.technician)
    sent = {"person": fleet.claire.pk, "condition": "new", "slip": "on"}
    page_of = browser.post(f"/assets/{asset.pk}/act/assign/", sent)["Location"]
    page = browser.get(page_of).content.decode()
    assert "SN-9" in page
    assert "e-signature" in page
    assert "I have received the items" in page
    draft = browser.get(f"{page_of}pdf/")
    assert draft["Content-Type"] == "application/pdf"
    assert "Not signed yet" in PdfReader(io.BytesIO(draft.content)).pages[0].extract_text()
    assert browser.post(f"{page_of}act/sign/", {"name": "Claire"}).status_code == 422  # the box is not ticked
    done = browser.post(f"{page_of}act/sign/", {"name": "Claire", "agreed": "on", "drawing": address()})
    assert done.status_code == 302
    page = browser.get(page_of).content.decode()
    assert "e-signature" not in page
    assert "act/sign" not in page
    signed = browser.get(f"{page_of}pdf/")
    assert b"".join(signed.streaming_content).startswith(b"%PDF-")
    assert "hand-over-slip-000001.pdf" in browser.get(f"/assets/{asset.pk}/").content.decode()
    assert "hand-over-slip-000001.pdf" in browser.get(f"/people/{fleet.claire.pk}/").content.decode()


def test_slips_of_another_organisation_are_not_found(fleet, client_of):
    slip = a_slip(fleet)
    stranger = client_of(fleet.firm.globex.administrator)
    for path in ("", "pdf/", "act/sign/"):
        assert stranger.get(f"/slips/{slip.pk}/{path}").status_code == 404
    assert stranger.post(f"/slips/{slip.pk}/act/sign/", {"name": "x", "agreed": "on"}).status_code == 404


def test_a_slip_nobody_signed_is_thrown_away(fleet, client_of):
    slip = a_slip(fleet)
    browser = client_of(fleet.firm.acme.technician)
    assert browser.post(f"/slips/{slip.pk}/act/discard/", {"confirmed": "1"})["Location"] == "/slips/"
    with scope(fleet.firm.acme.id):
        assert not Slip.objects.exists()
        assert Asset.objects.get().person == fleet.claire
