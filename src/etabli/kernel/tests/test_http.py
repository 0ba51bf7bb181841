"""How a request comes in: one transaction, taken back by any error; refusals and breakdowns in words."""

import json
import logging

import pytest
from django.db import OperationalError, connections
from django.http import HttpResponse
from django.test import Client
from django.urls import path

from etabli.kernel.actors import actor_of
from etabli.kernel.attachments import Tag
from etabli.kernel.tenancy import scope, visible
from etabli.project.urls import handler400, handler403, handler404, handler500  # noqa: F401  (this module is a urlconf)
from etabli.project.urls import urlpatterns as every_address
from etabli.web import errors

pytestmark = pytest.mark.filterwarnings("ignore:.*content negotiation")


def write_then_break(request):
    Tag.objects.create(name="written")
    raise ZeroDivisionError("secret detail")


def write_then_answer(request, status: int):
    Tag.objects.create(name="written")
    return HttpResponse("done", status=status)


def what_is_seen(request):
    return HttpResponse(",".join(map(str, sorted(visible()))))


def render_then_break(request):
    from django.template.response import SimpleTemplateResponse

    Tag.objects.create(name="written")
    return SimpleTemplateResponse("no/such/template.html")


urlpatterns = [
    path("tried/break/", write_then_break),
    path("api/tried/break/", write_then_break),
    path("tried/render/", render_then_break),
    path("tried/seen/", what_is_seen),
    path("tried/<int:status>/", write_then_answer),
    *every_address,
]


@pytest.fixture
def browser(firm, client_of, settings):
    settings.ROOT_URLCONF = __name__
    return client_of(firm.acme.administrator)


def tags(staff) -> list[str]:
    with scope(staff.id):
        return list(Tag.objects.values_list("name", flat=True))


@pytest.mark.parametrize("path", ["/tried/break/", "/tried/render/", "/tried/500/", "/tried/503/"])
def test_an_error_takes_back_what_the_request_wrote(firm, browser, path):
    assert browser.get(path).status_code >= 500
    assert tags(firm.acme) == []


@pytest.mark.parametrize("path", ["/tried/200/", "/tried/302/", "/tried/422/"])
def test_an_answer_keeps_it(firm, browser, path):
    browser.get(path)
    assert tags(firm.acme) == ["written"]


def test_the_page_of_an_error_has_an_incident_number_that_the_log_has_too(firm, browser, caplog):
    with caplog.at_level(logging.ERROR, logger="etabli.incident"):
        response = browser.get("/tried/break/")
    number = next(r.args[0] for r in caplog.records if r.name == "etabli.incident")
    assert response.status_code == 500
    assert number in response.content.decode()
    assert "secret detail" not in response.content.decode()


def test_a_program_reads_the_incident_as_json(firm, browser):
    response = browser.get("/api/tried/break/")
    assert response.status_code == 500
    answer = json.loads(response.content)
    assert answer["incident"]
    assert answer["detail"]


def test_the_page_of_an_error_is_rendered_without_the_database(rf, monkeypatch):
    """No ``db`` fixture here, and a connection that refuses: the page must not ask for one."""

    def gone(*_args, **_kwargs):
        raise OperationalError("the database is gone")

    monkeypatch.setattr(type(connections["default"]), "cursor", gone)
    with pytest.raises(OperationalError):
        Tag.objects.exists()
    for page in (
        errors.server_error(rf.get("/")),
        errors.not_found(rf.get("/"), Exception()),
        errors.forbidden(rf.get("/"), Exception()),
    ):
        assert "<html" in page.content.decode()


def test_a_database_that_is_gone_is_an_error_page_with_a_number(firm, browser, monkeypatch):
    monkeypatch.setattr("etabli.kernel.http.scope", _no_database)
    response = browser.get("/tried/seen/")
    assert response.status_code == 500
    assert "<html" in response.content.decode()


def _no_database(*_places):
    raise OperationalError("the database is gone")


@pytest.mark.parametrize(
    "address", ["/nothing/here/", "/assets/999999/", "/api/v1/assets/999999", "/assets/0/"]
)
def test_what_does_not_exist_is_404_in_words(firm, browser, address):
    response = browser.get(address)
    assert response.status_code == 404
    assert response.content


def test_a_person_sees_all_their_organisations_or_the_chosen_one_and_those_under_it(
    firm, client_of, settings
):
    settings.ROOT_URLCONF = __name__
    boss = client_of(firm.provider.administrator)
    everything = sorted([firm.provider.id, firm.acme.id, firm.globex.id])
    assert boss.get("/tried/seen/").content.decode() == ",".join(map(str, everything))
    boss.get(f"/organisation/{firm.acme.id}/")
    assert boss.get("/tried/seen/").content.decode() == str(firm.acme.id)
    boss.get(f"/organisation/{firm.provider.id}/")
    assert boss.get("/tried/seen/").content.decode() == ",".join(map(str, everything))
    boss.get("/organisation/0/")
    assert boss.get("/tried/seen/").content.decode() == ",".join(map(str, everything))


def test_an_organisation_one_no_longer_works_in_is_forgotten(firm, browser):
    session = browser.session
    session["organisation"] = firm.globex.id
    session.save()
    assert browser.get("/tried/seen/").content.decode() == str(firm.acme.id)


def test_nobody_sees_nothing(firm, settings):
    settings.ROOT_URLCONF = __name__
    assert Client().get("/tried/seen/").content == b""


def test_a_closed_account_is_logged_out_at_once(firm, browser):
    firm.acme.administrator.is_active = False
    firm.acme.administrator.save()
    assert browser.get("/tried/seen/").content == b""


@pytest.mark.parametrize("token", ["etb_unknown_token", "nonsense", "etb_é_é", "x" * 10_000])
def test_an_unknown_token_is_401_on_pages_too(firm, settings, token):
    settings.ROOT_URLCONF = __name__
    response = Client().get("/tried/seen/", headers={"Authorization": f"Bearer {token}"})
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"


def test_a_token_that_calls_too_often_is_told_how_long_to_wait(firm, settings, monkeypatch):
    from etabli.kernel import http, tokens

    settings.ROOT_URLCONF = __name__
    monkeypatch.setattr(http, "API_PER_MINUTE", 2)
    with scope(firm.acme.id):
        administrator = firm.acme.administrator
        _token, text = tokens.create(
            administrator, name="busy", scopes=["*"], organisation=firm.acme.id, actor=actor_of(administrator)
        )
    answers = [
        Client().get("/tried/seen/", headers={"Authorization": f"Bearer {text}"}) for _call in range(8)
    ]
    assert answers[0].status_code == 200
    refused = answers[-1]
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0


def test_a_page_one_may_not_see_says_which_verb_is_missing(firm, client_of):
    response = client_of(firm.acme.requester).get("/assets/")
    assert response.status_code == 403
    assert "asset.view" in response.content.decode()
