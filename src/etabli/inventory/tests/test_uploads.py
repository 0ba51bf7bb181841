"""Documents brought by hand in a page."""

import json

from django.core.files.uploadedfile import SimpleUploadedFile

from etabli.assets.models import Asset
from etabli.inventory.models import Document
from etabli.kernel.tenancy import scope

DOCUMENT = {
    "action": "inventory",
    "deviceid": "pc-apporte-2026-01-01-00-00-00",
    "itemtype": "Computer",
    "content": {"versionclient": "x", "hardware": {"name": "pc-apporte"}, "bios": {"ssn": "SER-4242"}},
}


def upload(browser, content, **more):
    file = SimpleUploadedFile("pc.json", content)
    return browser.post("/inventories/upload/", {"files": [file], **more}, follow=True)


def test_a_document_brought_by_hand_makes_an_asset(client_of, firm):
    page = upload(client_of(firm.acme.technician), json.dumps(DOCUMENT).encode())
    assert page.status_code == 200
    with scope(firm.acme.id):
        assert Asset.objects.get().serial == "SER-4242"


def test_one_that_cannot_be_read_is_kept_with_the_reason(client_of, firm):
    page = upload(client_of(firm.acme.technician), b"\x89PNG not an inventory")
    assert "pc.json" in page.content.decode()
    with scope(firm.acme.id):
        assert Document.objects.get().decision == Document.Decision.REFUSED
        assert Asset.objects.count() == 0


def test_it_cannot_be_put_in_an_organisation_that_is_not_ours(client_of, firm):
    upload(client_of(firm.acme.technician), json.dumps(DOCUMENT).encode(), organisation=firm.globex.id)
    with scope(firm.globex.id):
        assert Document.objects.count() == 0


def test_whoever_only_reads_may_not_bring_documents(client_of, firm):
    assert client_of(firm.acme.auditor).get("/inventories/upload/").status_code == 403
