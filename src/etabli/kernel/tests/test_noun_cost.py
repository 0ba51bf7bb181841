"""The cost of a noun: a model and an empty screen, and everything else is given."""

import inspect
import sys
from collections.abc import Iterator
from types import ModuleType

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, models
from django.urls import path

from etabli.conftest import Firm, make_firm
from etabli.kernel import rowsecurity
from etabli.kernel.events import Event
from etabli.kernel.screens import Screen, api, register, registry
from etabli.kernel.tenancy import Noun, scope
from etabli.people.models import Person

MOST_LINES = 30


def declare() -> Screen:
    class Badge(Noun):
        number = models.CharField("number", max_length=20)
        name = models.CharField("name", max_length=80)
        holder = models.ForeignKey(
            Person, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name="holder"
        )
        valid_until = models.DateField("valid until", null=True, blank=True)
        active = models.BooleanField("active", default=True)

        class Meta:
            app_label = "kernel"
            verbose_name, verbose_name_plural = "badge", "badges"
            constraints = [models.UniqueConstraint(fields=["organisation", "number"], name="badge_once")]

        def __str__(self) -> str:
            return self.name

    @register
    class BadgeScreen(Screen):
        """What opens the doors."""

        model = Badge

    return registry[Badge]


@pytest.fixture
def badges(db: None, settings, monkeypatch, tmp_path) -> Iterator[Screen]:
    """The noun with its table and its addresses, gone after the test."""
    settings.HOME = tmp_path
    screen = declare()
    with connection.schema_editor() as editor:
        editor.create_model(screen.model)
    rowsecurity.install()
    monkeypatch.setenv("NINJA_SKIP_REGISTRY", "yes")
    monkeypatch.setattr(api, "_built", [])
    from etabli.project.urls import urlpatterns

    addresses = ModuleType("badge_addresses")
    addresses.urlpatterns = [path("api/v1/", api.build([screen], "0").urls), *screen.urls(), *urlpatterns[1:]]
    monkeypatch.setitem(sys.modules, "badge_addresses", addresses)
    settings.ROOT_URLCONF = "badge_addresses"
    yield screen
    del registry[screen.model], apps.all_models["kernel"]["badge"]
    apps.clear_cache()


@pytest.fixture
def staffed(badges: Screen) -> Firm:
    return make_firm()


@pytest.fixture
def browser(staffed, client_of):
    return client_of(staffed.acme.administrator)


@pytest.fixture
def badge(badges, staffed):
    with scope(staffed.acme.id):
        return badges.model.objects.create(number="7", name="Front door")


def test_a_noun_is_at_most_thirty_lines():
    lines = [line for line in inspect.getsource(declare).splitlines()[1:-1] if line.strip()]
    assert len(lines) <= MOST_LINES, len(lines)


def test_it_gets_a_form_then_a_list_a_page_and_a_history(badges, staffed, browser):
    assert browser.get("/badges/").status_code == 200
    shown = browser.get("/badges/add/")
    assert 'name="number"' in shown.content.decode()
    made = browser.post(
        "/badges/add/", {"number": "42", "name": "Back door", "valid_until": "2027-01-31", "active": "on"}
    )
    assert made.status_code == 302
    with scope(staffed.acme.id):
        badge = badges.model.objects.get()
        assert (badge.number, badge.active, badge.organisation_id) == ("42", True, staffed.acme.id)
        event = Event.objects.get(noun="badge")
        assert (event.verb, event.changes["number"]) == ("badge.created", [None, "42"])
    assert "Back door" in browser.get("/badges/").content.decode()
    assert "Back door" in browser.get(made.headers["Location"]).content.decode()
    assert "Acme administrator" in browser.get(f"/badges/{badge.pk}/history/").content.decode()


def test_its_form_changes_and_its_page_deletes(badges, staffed, browser, badge):
    changed = browser.post(f"/badges/{badge.pk}/edit/", {"number": "8", "name": "Front door", "version": "1"})
    assert changed.status_code == 302
    with scope(staffed.acme.id):
        badge.refresh_from_db()
        assert (badge.number, badge.version) == ("8", 2)
    assert browser.post(f"/badges/{badge.pk}/delete/").status_code == 302
    with scope(staffed.acme.id):
        assert not badges.model.objects.exists()


def test_it_refuses_what_its_constraints_refuse_with_a_sentence(badges, staffed, browser, badge):
    again = browser.post("/badges/add/", {"number": "7", "name": "Twin"})
    assert again.status_code == 422
    assert "Twin" in again.content.decode()
    with scope(staffed.acme.id):
        assert not badges.model.objects.filter(name="Twin").exists()


def test_it_is_found_by_the_search_box(badges, staffed, browser):
    browser.post("/badges/add/", {"number": "42", "name": "Back door"})
    assert "Back door" in browser.get("/recherche/", {"q": "bàck"}).content.decode()


def test_it_is_exported_and_imported(badges, staffed, browser, badge):
    exported = b"".join(browser.get("/badges/export/?format=csv").streaming_content).decode("utf-8-sig")
    assert exported.splitlines()[1].split(";")[1:3] == ["7", "Front door"]
    file = SimpleUploadedFile("more.csv", b"Number;Name\n7;Front door\n9;Cellar\n")
    page = browser.post("/badges/import/", {"file": file}).headers["Location"]
    browser.post(page, {"act": "check", "column-0": "number", "column-1": "name"})
    browser.post(page, {"act": "commit"})
    with scope(staffed.acme.id):
        assert sorted(badges.model.objects.values_list("name", flat=True)) == ["Cellar", "Front door"]


def test_it_gets_an_api(badges, staffed, browser, badge):
    made = browser.post("/api/v1/badges", {"number": "1", "name": "Gate"}, content_type="application/json")
    assert made.status_code == 201
    assert made.json()["active"] is True
    found = browser.get("/api/v1/badges").json()
    assert {item["name"] for item in found["items"]} == {"Front door", "Gate"}
    assert (
        browser.patch(f"/api/v1/badges/{badge.pk}", {"name": "Door"}, content_type="application/json").json()[
            "version"
        ]
        == 2
    )
    assert browser.delete(f"/api/v1/badges/{badge.pk}").status_code == 204


def test_it_gets_permissions(badges, staffed, client_of, badge):
    auditor, requester = client_of(staffed.acme.auditor), client_of(staffed.acme.requester)
    assert auditor.get(f"/badges/{badge.pk}/").status_code == 200
    assert auditor.post(f"/badges/{badge.pk}/delete/").status_code == 403
    assert auditor.get("/badges/add/").status_code == 403
    assert auditor.delete(f"/api/v1/badges/{badge.pk}").status_code == 403
    assert requester.get("/badges/").status_code == 403


def test_it_is_walled_off(badges, staffed, client_of, badge):
    outsider = client_of(staffed.globex.administrator)
    assert outsider.get(f"/badges/{badge.pk}/").status_code == 404
    assert outsider.get(f"/api/v1/badges/{badge.pk}").status_code == 404
    assert "Front door" not in outsider.get("/badges/").content.decode()
    with scope(staffed.globex.id):
        assert not badges.model.objects.exists()
