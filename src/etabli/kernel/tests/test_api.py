"""The API: the same rules as the pages, for programs; every refusal is a sentence and none is a server error."""

import json
from datetime import UTC, datetime

import pytest
from django.test import Client

from etabli.assets.models import Asset, AssetKind
from etabli.kernel import tokens
from etabli.kernel.actors import actor_of
from etabli.kernel.customfields import CustomField
from etabli.kernel.events import Event
from etabli.kernel.tenancy import opening, scope
from etabli.people.models import Person, Site


class Program:
    """Calls the API with a token."""

    def __init__(self, token: str) -> None:
        self.client = Client(raise_request_exception=False)
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def call(self, method: str, path: str, body: object = None):
        content = "" if body is None else body if isinstance(body, str) else json.dumps(body)
        return self.client.generic(
            method, f"/api/v1/{path}", content, "application/json", headers=self.headers
        )


def program(account, organisation, *scopes: str, **more) -> Program:
    with scope(organisation.pk):
        _token, text = tokens.create(
            account,
            name="script",
            scopes=scopes or ["*"],
            organisation=organisation.pk,
            actor=actor_of(account),
            **more,
        )
    return Program(text)


@pytest.fixture
def acme(firm) -> Program:
    return program(firm.acme.administrator, firm.acme.organisation)


@pytest.fixture
def laptop(firm) -> int:
    with scope(firm.acme.id):
        return AssetKind.objects.get(key="laptop").pk


def test_an_object_is_created_read_changed_and_deleted(acme, firm, laptop):
    made = acme.call(
        "POST", "assets", {"name": "PC-1", "kind": laptop, "price": "12.50", "bought_on": "2026-02-01"}
    )
    assert made.status_code == 201, made.content
    key = made.json()["id"]
    one = acme.call("GET", f"assets/{key}").json()
    assert (one["name"], one["price"], one["bought_on"], one["organisation"]) == (
        "PC-1",
        "12.50",
        "2026-02-01",
        firm.acme.id,
    )
    assert one["kind"]["id"] == laptop
    assert (one["state"], one["criticality"]) == ("in_service", 2)
    changed = acme.call("PATCH", f"assets/{key}", {"name": "PC-2", "price": None}).json()
    assert (changed["name"], changed["price"], changed["bought_on"]) == ("PC-2", None, "2026-02-01")
    assert acme.call("DELETE", f"assets/{key}").status_code == 204
    assert acme.call("GET", f"assets/{key}").status_code == 404
    with scope(firm.acme.id):
        verbs = list(Event.objects.filter(noun="asset").order_by("id").values_list("verb", "source"))
    assert verbs == [("asset.created", "api"), ("asset.changed", "api"), ("asset.deleted", "api")]


def test_what_it_gives_it_takes_back_unchanged(acme, firm, maker):
    """A program that reads an object and sends the same values changes nothing."""
    with scope(firm.acme.id):
        asset = maker(firm.acme).new(Asset)
    one = acme.call("GET", f"assets/{asset.pk}").json()
    same = {k: v["id"] if isinstance(v, dict) and "id" in v else v for k, v in one.items()}
    sent = acme.call("PATCH", f"assets/{asset.pk}", same)
    assert sent.status_code == 200, sent.content
    assert sent.json()["version"] == one["version"]
    with scope(firm.acme.id):
        assert not Event.objects.exclude(noun="apitoken").exists()


def test_many_are_created_all_or_none_and_the_wrong_one_is_named(acme, firm, laptop):
    good = [{"name": f"PC-{n}", "kind": laptop, "tag": f"T{n}"} for n in range(5)]
    assert len(acme.call("POST", "assets/many", good).json()) == 5
    bad = [{"name": "PC-9", "kind": laptop}, {"name": "PC-10", "kind": laptop, "tag": "T3"}]
    refused = acme.call("POST", "assets/many", bad)
    assert refused.status_code == 422
    assert list(refused.json()["errors"]) == ["1.__all__"]
    with scope(firm.acme.id):
        assert Asset.objects.count() == 5
        assert Event.objects.filter(verb="asset.created").count() == 5


def test_two_alike_in_one_call_are_refused_with_a_sentence(acme, laptop):
    twice = [{"name": "PC", "kind": laptop, "tag": "T"}] * 2
    refused = acme.call("POST", "assets/many", twice)
    assert (refused.status_code, list(refused.json()["errors"])) == (422, ["1.__all__"])


def test_too_many_at_once_is_refused(acme, laptop):
    assert acme.call("POST", "assets/many", [{"name": "PC", "kind": laptop}] * 501).status_code == 400


def test_a_refused_body_names_its_fields(acme, laptop):
    refused = acme.call("POST", "assets", {"name": "", "kind": laptop, "state": "melted", "price": "-1"})
    assert refused.status_code == 422
    assert {"name", "state"} <= refused.json()["errors"].keys()
    missing = acme.call("POST", "assets", {"kind": laptop})
    assert missing.status_code == 422
    assert "name" in missing.json()["errors"]
    assert isinstance(missing.json()["detail"], str)


def test_a_second_of_what_must_be_unique_is_refused(acme, laptop):
    acme.call("POST", "assets", {"name": "PC-1", "kind": laptop, "tag": "É1"})
    again = acme.call("POST", "assets", {"name": "PC-2", "kind": laptop, "tag": "É1"})
    assert again.status_code == 422
    assert list(again.json()["errors"]) == ["__all__"]


def test_an_older_version_is_a_conflict(acme, laptop):
    key = acme.call("POST", "assets", {"name": "PC-1", "kind": laptop}).json()["id"]
    assert acme.call("PATCH", f"assets/{key}", {"name": "PC-2", "version": 1}).json()["version"] == 2
    stale = acme.call("PATCH", f"assets/{key}", {"name": "PC-3", "version": 1})
    assert stale.status_code == 409
    assert acme.call("GET", f"assets/{key}").json()["name"] == "PC-2"
    assert acme.call("PATCH", f"assets/{key}", {"name": "PC-3"}).status_code == 200


def test_what_others_hold_on_to_is_not_deleted(acme, firm, maker):
    made = maker(firm.acme)
    made.new(Person, site=made.get(Site))
    refused = acme.call("DELETE", f"sites/{made.get(Site).pk}")
    assert refused.status_code == 409
    assert "still used" in refused.json()["detail"] or "utilis" in refused.json()["detail"]


def test_raw_keys_of_another_organisation_are_unknown(acme, firm, maker, laptop):
    other = maker(firm.globex)
    foreign = other.get(Asset)
    assert acme.call("GET", f"assets/{foreign.pk}").status_code == 404
    assert acme.call("PATCH", f"assets/{foreign.pk}", {"name": "mine"}).status_code == 404
    assert acme.call("DELETE", f"assets/{foreign.pk}").status_code == 404
    for field, value in {
        "parent": foreign.pk,
        "site": other.get(Site).pk,
        "person": other.get(Person).pk,
    }.items():
        refused = acme.call("POST", "assets", {"name": "PC", "kind": laptop, field: value})
        assert (refused.status_code, list(refused.json()["errors"])) == (422, [field])
    elsewhere = acme.call("POST", "assets", {"name": "PC", "kind": laptop, "organisation": firm.globex.id})
    assert (elsewhere.status_code, list(elsewhere.json()["errors"])) == (422, ["organisation"])


def test_with_several_organisations_the_body_says_which(firm, laptop):
    boss = program(firm.provider.administrator, firm.provider.organisation)
    asked = boss.call("POST", "assets", {"name": "PC", "kind": laptop})
    assert asked.status_code == 422
    made = boss.call("POST", "assets", {"name": "PC", "kind": laptop, "organisation": firm.globex.id})
    assert made.json()["organisation"] == firm.globex.id


def test_the_scopes_of_a_token_narrow_the_rights_of_its_owner(firm, laptop):
    reader = program(firm.acme.administrator, firm.acme.organisation, "asset.view")
    assert reader.call("GET", "assets").status_code == 200
    assert reader.call("POST", "assets", {"name": "PC", "kind": laptop}).status_code == 403
    assert reader.call("GET", "people").status_code == 403
    with opening():
        firm.acme.administrator.is_active = False
        firm.acme.administrator.save()
    assert reader.call("GET", "assets").status_code == 401


def test_a_token_of_one_client_opens_no_other_even_for_somebody_who_works_in_both(firm, maker):
    foreign = maker(firm.globex).get(Asset)
    narrow = program(firm.provider.administrator, firm.acme.organisation)
    assert narrow.call("GET", f"assets/{foreign.pk}").status_code == 404
    assert (
        program(firm.provider.administrator, firm.provider.organisation)
        .call("GET", f"assets/{foreign.pk}")
        .status_code
        == 200
    )


@pytest.mark.parametrize("token", ["etb_none_such", "etb__", "x", "etb_a_b\0c", ""])
def test_an_unknown_token_is_refused_with_a_sentence(firm, token):
    refused = Program(token or " ").call("GET", "assets")
    assert refused.status_code == 401
    assert refused.json()["detail"]


def test_an_expired_token_is_refused(firm):
    old = program(
        firm.acme.administrator, firm.acme.organisation, expires_at=datetime(2020, 1, 1, tzinfo=UTC)
    )
    refused = old.call("GET", "assets")
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"] == "Bearer"


def test_a_token_replaces_the_session(firm, client_of):
    """A page that makes a browser call the API with a token gains nothing from the cookie sent along."""
    browser = client_of(firm.acme.administrator)
    assert browser.get("/api/v1/assets").status_code == 200
    assert browser.get("/api/v1/assets", headers={"Authorization": "Bearer etb_no_such"}).status_code == 401


def test_a_session_needs_the_csrf_token_to_write(firm, laptop):
    browser = Client(enforce_csrf_checks=True, raise_request_exception=False)
    browser.force_login(firm.acme.administrator)
    body = {"name": "PC", "kind": laptop}
    assert browser.post("/api/v1/assets", body, content_type="application/json").status_code == 403
    browser.get("/assets/add/")
    given = browser.cookies["csrftoken"].value
    made = browser.post(
        "/api/v1/assets", body, content_type="application/json", headers={"X-CSRFToken": given}
    )
    assert made.status_code == 201


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=501",
        "offset=-1",
        f"offset={10**30}",
        "sort=nothing",
        "kind=x",
        f"kind={10**40}",
        "bought_on=soon",
        "kind=²",
    ],
)
def test_a_bad_question_is_answered_by_a_sentence(acme, query):
    refused = acme.call("GET", f"assets?{query}")
    assert refused.status_code in {400, 422}, refused.content
    assert refused.json()["detail"]


def test_a_list_is_cut_sorted_and_narrowed(acme, laptop):
    acme.call(
        "POST", "assets/many", [{"name": f"PC-{n}", "kind": laptop, "serial": f"S{n}"} for n in range(7)]
    )
    page = acme.call("GET", "assets?sort=-name&limit=2&offset=1").json()
    assert (page["count"], [item["name"] for item in page["items"]]) == (7, ["PC-5", "PC-4"])
    assert acme.call("GET", "assets?q=s3").json()["count"] == 1
    assert acme.call("GET", f"assets?kind={laptop}&state=lost").json()["count"] == 0


def test_the_number_of_queries_does_not_depend_on_the_rows(acme, laptop, django_assert_max_num_queries):
    for number in range(12):
        acme.call("POST", "assets", {"name": f"PC-{number}", "kind": laptop})
    with django_assert_max_num_queries(20):
        assert len(acme.call("GET", "assets?limit=12").json()["items"]) == 12


@pytest.mark.parametrize("name", ["a\0b", "x" * 5000, "\u202e", "<script>", "é" * 120])
def test_strange_texts_are_kept_or_refused(acme, laptop, name):
    made = acme.call("POST", "assets", {"name": name, "kind": laptop})
    assert made.status_code in {201, 422}
    if made.status_code == 201:
        assert made.json()["name"] == name.replace("\0", "")


@pytest.mark.parametrize(
    "body",
    [
        {"name": "PC", "kind": 10**40},
        {"name": "PC", "kind": -1},
        {"name": "PC", "kind": "x"},
        {"name": "PC", "price": 10**30},
        {"name": "PC", "price": "NaN"},
        {"name": "PC", "price": "Infinity"},
        {"name": "PC", "bought_on": "0000-00-00"},
        {"name": "PC", "custom": {"a": {"b": 1}}},
        {"name": ["PC"]},
        [],
        "not json",
        '{"name": "\\ud800"}',
        "",
    ],
    ids=str,
)
def test_a_body_out_of_bounds_is_refused(acme, laptop, body):
    if isinstance(body, dict):
        body = {"kind": laptop, **body}
    assert acme.call("POST", "assets", body).status_code in {201, 400, 422}


@pytest.mark.parametrize("key", ["0", "99999999999999999999999999", "1e3", "-1", "²"])
def test_an_impossible_key_is_not_found(acme, key):
    assert acme.call("GET", f"assets/{key}").status_code == 404


def test_custom_fields_are_read_and_written(acme, firm, laptop):
    with scope(firm.acme.id):
        CustomField.objects.create(noun="asset", key="colour", label="Colour")
        CustomField.objects.create(noun="asset", key="weight", label="Weight", kind="number")
    made = acme.call(
        "POST", "assets", {"name": "PC", "kind": laptop, "custom": {"colour": "red", "weight": "1.5"}}
    )
    assert made.json()["custom"] == {"colour": "red", "weight": 1.5}
    changed = acme.call("PATCH", f"assets/{made.json()['id']}", {"custom": {"weight": 2}})
    assert changed.json()["custom"] == {"colour": "red", "weight": 2}


def test_no_secret_is_given(acme, firm, maker):
    from etabli.kernel.webhooks import Webhook

    hook = maker(firm.acme).new(Webhook, secret="hush-hush")
    assert "hush" not in acme.call("GET", f"webhooks/{hook.pk}").content.decode()
    tokens_seen = acme.call("GET", "api-tokens").json()["items"]
    assert tokens_seen
    assert not {"hash", "password"} & tokens_seen[0].keys()


def test_a_shipped_role_is_changed_by_the_installations_administrators_only(firm):
    with opening():
        from etabli.kernel.organisations import Role

        shipped = Role.objects.get(key="technician", organisation=None)
    change = {"name": "Wizard"}
    assert (
        program(firm.acme.administrator, firm.acme.organisation)
        .call("PATCH", f"roles/{shipped.pk}", change)
        .status_code
        == 403
    )
    boss = program(firm.provider.administrator, firm.provider.organisation)
    changed = boss.call("PATCH", f"roles/{shipped.pk}", change)
    assert changed.status_code == 200, changed.content
    with scope(firm.provider.id):
        assert Event.objects.get(verb="role.changed").changes == {"name": ["Technician", "Wizard"]}
    assert boss.call("DELETE", f"roles/{shipped.pk}").status_code == 409


def test_nobody_makes_a_role_where_they_may_not(firm):
    """An administrator of Globex who only reads at Acme: the new role goes to Globex, never to Acme."""
    from etabli.kernel.organisations import Membership, Role

    with opening():
        auditor = Role.objects.get(organisation=None, key="auditor")
        Membership.objects.create(
            account=firm.globex.administrator, organisation=firm.acme.organisation, role=auditor
        )
    browser = Client(raise_request_exception=False)
    browser.force_login(firm.globex.administrator)
    sent = {"name": "Root", "key": "root", "verbs": ["*"], "organisation": firm.acme.id}
    made = browser.post("/api/v1/roles", sent, content_type="application/json")
    with opening():
        assert not Role.objects.filter(organisation=firm.acme.id).exists()
    assert made.status_code in {201, 422}


def test_a_client_that_changes_its_own_organisation_stays_under_its_provider(acme, firm):
    changed = acme.call("PATCH", f"organisations/{firm.acme.id}", {"siret": "12345678901234"})
    assert changed.status_code == 200, changed.content
    with opening():
        firm.acme.organisation.refresh_from_db()
    acme_now = firm.acme.organisation
    assert (acme_now.siret, acme_now.parent_id) == ("12345678901234", firm.provider.id)
    assert acme_now.path == [firm.provider.id, firm.acme.id]


def test_a_moment_with_a_strange_offset_is_kept_in_utc_and_an_impossible_one_is_refused(firm, client_of):
    browser = client_of(firm.acme.administrator)

    def send(moment):
        body = {"name": f"Key {moment}", "expires_at": moment}
        headers = {"X-CSRFToken": "x"}
        browser.handler.enforce_csrf_checks = False
        return browser.post("/api/v1/enrolments", body, content_type="application/json", headers=headers)

    assert send("2203-06-29T04:03:07-21:12").status_code == 201
    assert send("0001-01-01T00:00:00+14:00").status_code == 422
