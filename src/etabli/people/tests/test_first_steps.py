"""The first page of an installation: only for whoever holds the key, and only once."""

import pytest

from etabli.kernel.accounts import Account
from etabli.kernel.organisations import Organisation
from etabli.kernel.tenancy import opening
from etabli.people import pages

VALUES = {
    "profile": "provider",
    "organisation": "Normandie Services",
    "name": "Lucas Berthier",
    "email": "lucas@example.com",
    "password": "une phrase assez longue",
}


@pytest.fixture
def key(db, tmp_path, monkeypatch):
    file = tmp_path / "setup.key"
    file.write_text("la-cle")
    monkeypatch.setattr(pages, "SETUP_KEY", file)
    return file


def test_the_address_printed_at_start_creates_the_first_administrator(client, key):
    assert client.get("/premiers-pas/?cle=la-cle").status_code == 200
    answer = client.post("/premiers-pas/", VALUES)
    assert answer.status_code == 302
    with opening():
        assert Organisation.objects.get().name == "Normandie Services"
    assert client.get("/assets/").status_code == 200
    assert not key.exists()


def test_without_the_key_nothing_is_created(client, key):
    assert client.get("/premiers-pas/?cle=autre").status_code == 403
    assert client.post("/premiers-pas/", VALUES).status_code == 403
    assert Account.objects.count() == 0


def test_it_is_closed_once_an_organisation_exists(client, key, firm):
    assert client.get("/premiers-pas/?cle=la-cle").status_code == 302
    client.post("/premiers-pas/?cle=la-cle", VALUES)
    assert not Account.objects.filter(email="lucas@example.com").exists()


def test_a_weak_password_is_refused_and_what_was_typed_is_kept(client, key):
    client.get("/premiers-pas/?cle=la-cle")
    answer = client.post("/premiers-pas/", {**VALUES, "password": "court"})
    assert answer.status_code == 422
    assert b"Normandie Services" in answer.content
    assert Account.objects.count() == 0
