"""Inventories given to an import: they go by the path of agents, never by that of lists."""

import json
import os
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import given, settings
from hypothesis import strategies as st

from etabli.assets.models import Asset
from etabli.inventory.importers import Inventories, machines_of
from etabli.inventory.models import Document
from etabli.kernel.screens.importing import sources
from etabli.kernel.screens.importing.sheets import UnreadableSheet
from etabli.kernel.tenancy import scope

MACHINE = {
    "hardware": {"ID": 12, "DEVICEID": "PC-1-2023-01-01-00-00-00", "NAME": "PC-1", "OSNAME": "Windows 11", "MEMORY": 16384, "UUID": "4C4C4544-0042-3510-8052-B9C04F4E3332"},
    "bios": [{"SSN": "5CG0001", "SMODEL": "EliteBook", "SMANUFACTURER": "HP", "BDATE": None}],
    "networks": [{"DESCRIPTION": "Ethernet", "MACADDR": "d0:50:99:84:a2:a1", "IPADDRESS": "192.0.2.17"}],
    "software": [{"NAME": "LibreOffice", "VERSION": "24.8"}],
    "accountinfo": [{"TAG": "LYON"}],
}  # fmt: skip
REST = json.dumps({"12": MACHINE, "13": {**MACHINE, "hardware": {"NAME": "PC-2", "DEVICEID": "PC-2"}, "bios": [{"SSN": "5CG0002"}]}}).encode()  # fmt: skip


def sample() -> bytes:
    root = os.environ.get("ETABLI_CORPUS")
    if not root:
        pytest.skip("ETABLI_CORPUS is not set: no sample of OCS to read")
    return (Path(root) / "import" / "ocs" / "ocs_agent_sample.xml").read_bytes()


def given_to_an_import(client_of, firm, content: bytes, name: str):
    browser = client_of(firm.acme.administrator)
    return browser.post("/assets/import/", {"file": SimpleUploadedFile(name, content)}, follow=True)


def test_an_ocs_document_given_to_an_import_becomes_a_machine(client_of, firm):
    page = given_to_an_import(client_of, firm, sample(), "ocs_agent_sample.xml")
    assert page.redirect_chain[-1][0] == "/inventories/"
    with scope(firm.acme.id):
        asset = Asset.objects.get(serial="5CG1234XYZ")
        assert (asset.name, asset.model.name) == ("PC-COMPTA-07", "HP EliteBook 840 G9")
        assert Document.objects.get().asset_id == asset.pk


def test_an_answer_of_the_rest_interface_becomes_machines(client_of, firm):
    given_to_an_import(client_of, firm, REST, "computers.json")
    with scope(firm.acme.id):
        assert sorted(Asset.objects.values_list("name", "serial")) == [
            ("PC-1", "5CG0001"),
            ("PC-2", "5CG0002"),
        ]
        asset = Asset.objects.get(name="PC-1")
        assert asset.memory_mib == 16384
        assert [card.mac for card in asset.networkcards.all()] == ["d0:50:99:84:a2:a1"]


def test_the_same_answer_again_makes_no_new_machine(client_of, firm):
    for _ in range(2):
        given_to_an_import(client_of, firm, REST, "computers.json")
    with scope(firm.acme.id):
        assert Asset.objects.count() == 2


def test_one_that_cannot_be_read_is_told_in_the_page(client_of, firm):
    page = given_to_an_import(client_of, firm, b"<?xml version='1.0'?><REQUEST><broken", "x.xml")
    assert page.status_code == 422


def test_without_the_right_of_inventories_nothing_goes_in(client_of, firm):
    from etabli.kernel.organisations import Role
    from etabli.kernel.tenancy import opening

    with opening():
        Role.objects.filter(organisation=None, key="technician").update(verbs=["asset.*"])
    browser = client_of(firm.acme.technician)
    page = browser.post("/assets/import/", {"file": SimpleUploadedFile("x.xml", REST)})
    assert page.status_code == 403
    with scope(firm.acme.id):
        assert not Document.objects.exists()


@settings(max_examples=80, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inside: (
            st.lists(inside, max_size=3)
            | st.dictionaries(
                st.sampled_from(["hardware", "bios", "1", "NAME", "software", "x"]), inside, max_size=3
            )
        ),
        max_leaves=12,
    )
)
def test_no_answer_raises_anything_but_a_refusal(answer):
    content = json.dumps(answer).encode()
    Inventories().recognises(sources.of_bytes("x.json", content))
    try:
        for name, native in machines_of(content):
            assert name
            assert json.loads(native)["action"] == "inventory"
    except UnreadableSheet:
        pass
