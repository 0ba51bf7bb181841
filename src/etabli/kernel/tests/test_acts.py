"""An act is declared once: a button and its page, an act on many rows, an operation of the API, one way back."""

import json
from typing import Any

import pytest
from django import forms
from django.core.exceptions import ValidationError

from etabli.kernel.events import Event, publish
from etabli.kernel.screens import Act, acts, registry
from etabli.kernel.screens.acts import ActForm
from etabli.kernel.tenancy import scope
from etabli.people.models import Person, Site


class Rename(ActForm):
    city = forms.CharField(max_length=40)
    by = forms.ModelChoiceField(Person.objects.all(), required=False)


def rename(site: Any, cleaned: dict[str, Any], actor: Any) -> None:
    if cleaned["city"] == "Nowhere":
        raise ValidationError("There is no such city: choose another.")
    before, site.city = site.city, cleaned["city"]
    site.save()
    publish(site, "site.renamed", actor=actor, changes={"city": [before, site.city]})


def closed(site: Any) -> str:
    return "This site is closed." if site.name == "Closed" else ""


RENAME = Act("rename", "Rename", "edit", "site.change", rename, Rename, why_not=closed)


@pytest.fixture
def declared(monkeypatch):
    """The act stands on the screen of sites as if a domain had declared it."""
    monkeypatch.setattr(registry[Site], "acts", [RENAME])


@pytest.fixture
def page(settings, declared):
    """The product's addresses, with those of the act before them."""
    from etabli.project import urls

    patterns = [*registry[Site].urls(), *urls.urlpatterns]
    settings.ROOT_URLCONF = type("urls", (), {"urlpatterns": patterns})


def last_undo(answer: Any) -> str:
    """The address behind the "Undo" of the toast."""
    tags = [m.extra_tags for m in answer.wsgi_request._messages._queued_messages]
    return next(t.removeprefix("undo=") for t in tags if t and t.startswith("undo="))


def test_an_act_asks_on_its_page_does_and_is_taken_back(firm, maker, client_of, page):
    site = maker(firm.acme).new(Site, name="Lyons", city="Lyon")
    anne = client_of(firm.acme.administrator)
    assert "Rename" in anne.get(f"/sites/{site.pk}/").content.decode()
    asked = anne.get(f"/sites/{site.pk}/act/rename/")
    assert asked.status_code == 200
    assert 'name="city"' in asked.content.decode()
    assert anne.post(f"/sites/{site.pk}/act/rename/", {"city": ""}).status_code == 422
    refused = anne.post(f"/sites/{site.pk}/act/rename/", {"city": "Nowhere"})
    assert refused.status_code == 409
    assert "There is no such city" in refused.content.decode()
    done = anne.post(f"/sites/{site.pk}/act/rename/", {"city": "Lille"})
    assert done["Location"] == f"/sites/{site.pk}/"
    with scope(firm.acme.id):
        assert Site.objects.get(pk=site.pk).city == "Lille"
    assert client_of(firm.globex.administrator).post(last_undo(done)).status_code == 404
    assert anne.post(last_undo(done)).status_code == 302
    with scope(firm.acme.id):
        assert Site.objects.get(pk=site.pk).city == "Lyon"


def test_an_act_that_makes_no_sense_now_is_not_offered_and_is_refused_by_every_way_in(
    firm, maker, client_of, actor_of, page
):
    site = maker(firm.acme).new(Site, name="Closed", city="Lyon")
    anne = client_of(firm.acme.administrator)
    assert "act/rename" not in anne.get(f"/sites/{site.pk}/").content.decode()
    assert anne.post(f"/sites/{site.pk}/act/rename/", {"city": "Lille"}).status_code == 409
    with scope(firm.acme.id):
        screen = registry[Site]
        outcome = acts.apply(screen, RENAME, [site.pk], {"city": "Lille"}, actor_of(firm.acme.administrator))
        assert outcome == (0, ["Closed : This site is closed."])


def test_the_auditor_neither_sees_the_act_nor_does_it(firm, maker, client_of, page):
    site = maker(firm.acme).new(Site, name="Lyons")
    auditor = client_of(firm.acme.auditor)
    assert "act/rename" not in auditor.get(f"/sites/{site.pk}/").content.decode()
    assert auditor.post(f"/sites/{site.pk}/act/rename/", {"city": "Lille"}).status_code == 403
    assert client_of(firm.globex.technician).get(f"/sites/{site.pk}/act/rename/").status_code == 404


def test_a_person_of_another_organisation_is_no_choice(firm, maker, actor_of, declared):
    site = maker(firm.acme).new(Site, name="Lyons")
    theirs = maker(firm.globex).new(Person)
    with scope(firm.acme.id, firm.globex.id):
        rows = Site.objects.filter(pk=site.pk)
        actor = actor_of(firm.acme.administrator)
        form = acts.form_of(registry[Site], RENAME, actor, rows, {"city": "Lille", "by": theirs.pk})
        assert "by" in form.errors
        with pytest.raises(ValidationError, match="another organisation"):
            acts.perform(registry[Site], RENAME, site, {"city": "Lille", "by": theirs}, actor)


def test_many_rows_share_a_batch_that_is_taken_back_whole(firm, maker, actor_of, declared):
    made = maker(firm.acme)
    for name in ("A", "B", "Closed"):
        made.new(Site, name=name, city="Lyon")
    screen, actor = registry[Site], actor_of(firm.acme.administrator)
    with scope(firm.acme.id):
        form = acts.form_of(screen, RENAME, actor, Site.objects.all(), {"city": "Lille"})
        assert form.is_valid()
        done, problems, batch = acts.run(screen, RENAME, Site.objects.all(), form, actor)
        assert (done, len(problems)) == (2, 1)
        assert Event.objects.filter(batch=batch, verb="site.renamed").count() == 2
        assert acts.undo_batch(batch, actor) == 2
        assert set(Site.objects.values_list("city", flat=True)) == {"Lyon"}


def test_the_api_has_an_operation_for_the_act(firm, maker, client_of, declared, settings):
    from django.urls import path

    from etabli.kernel.screens.api import build

    api = build([registry[Site]], "test")
    settings.ROOT_URLCONF = type("urls", (), {"urlpatterns": [path("api/v1/", api.urls)]})
    site = maker(firm.acme).new(Site, name="Lyons", city="Lyon")
    anne = client_of(firm.acme.administrator)
    address = f"/api/v1/sites/{site.pk}/rename"
    send = {"content_type": "application/json"}
    assert anne.post(address, json.dumps({}), **send).status_code == 422
    answer = anne.post(address, json.dumps({"city": "Nowhere"}), **send)
    assert (answer.status_code, answer.json()["detail"]) == (409, "There is no such city: choose another.")
    answer = anne.post(address, json.dumps({"city": "Lille"}), **send)
    assert (answer.status_code, answer.json()["city"]) == (200, "Lille")
    assert client_of(firm.globex.technician).post(address, "{}", **send).status_code in {404, 422}
