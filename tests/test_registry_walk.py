"""One walk over every address: as a stranger, as another organisation, without the verb, as somebody who only reads.

An object of each noun is made from its model alone, so a noun is covered the day it is declared; an address that is
neither walked nor in one of the short lists below makes the walk fail.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from django.core.exceptions import PermissionDenied
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.http import Http404
from django.test import override_settings
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils.functional import Promise

from etabli.conftest import Firm, Maker, make_firm
from etabli.inventory import pages as inventory_pages
from etabli.kernel.actors import actor_of as rights_of
from etabli.kernel.attachments import Attachment, Link, Tag
from etabli.kernel.files import File
from etabli.kernel.http import NOBODY
from etabli.kernel.screens import Screen, bulks, registry
from etabli.kernel.screens.forms import values_of
from etabli.kernel.search import refresh_many
from etabli.kernel.tenancy import scope
from etabli.web import job_pages

WORD = "zorglub"
BY_SLUG = {screen.slug: screen for screen in registry.values()}
SCREENS = {screen.noun: screen for screen in registry.values()}
VERB_OF = {
    "list": "view",
    "detail": "view",
    "history": "view",
    "columns": "view",
    "export": "export",
    "add": "add",
    "edit": "change",
    "delete": "delete",
    "import": "import",
}

ANYBODY = {
    "alive": "a load balancer asks whether the server lives",
    "theme": "light or dark is chosen before logging in, and kept in a cookie",
    "accessibility": "the accessibility statement is public by law",
    "first-steps": "there is nobody yet; guarded by the setup key, then closed for ever",
    "home": "leads a stranger to the login page",
}
LOGGED_IN = {
    "palette": "searches within the rights of the reader, checked apart",
    "search": "the same",
    "my-account": "one's own account",
    "notification-list": "one's own notifications",
    "notification-choices": "one's own choices",
    "help": "the help is for everybody who works here",
    "style": "the style page holds samples only",
    "api": "the description of the API holds no row",
    "settings": "lists what the reader may see, and is 404 when there is nothing",
    "save-view": "a view kept for oneself needs no right over the rows",
    "options": "searches within the rights of the reader",
}
INSTALLATION = {"demo", "demo-load", "settings-section", "settings-override", "mail-test"}
STREAMS = {"job-live", "enrolment-live"}
READS = {"site-map", "asset-label", "import-page", *STREAMS}
ROUTES_OF_THE_API = {"openapi-json", "api-root"}


@dataclass(frozen=True)
class Address:
    """A page of the product: the name of its address, and the names of what stands in it."""

    name: str
    route: str
    arguments: tuple[str, ...]

    @property
    def screen(self) -> Screen | None:
        return SCREENS.get(self.name.partition("-")[0]) or BY_SLUG.get(self.route.partition("/")[0])

    @property
    def act(self) -> str:
        return self.name.partition("-")[2]

    @property
    def verb(self) -> str:
        return VERB_OF.get(self.act, "") if self.screen else ""


def addresses(patterns: Any = None, before: str = "") -> Iterator[Address]:
    for one in get_resolver().url_patterns if patterns is None else patterns:
        route = before + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from addresses(one.url_patterns, route)
        elif isinstance(one, URLPattern):
            yield Address(one.name or "", route, tuple(one.pattern.converters))


PAGES = [a for a in addresses() if not a.route.startswith(("api/v1/", "compte/"))]
OF_SCREENS = [a for a in PAGES if a.screen]
OTHERS = [a for a in PAGES if not a.screen]
BESIDE = {
    "annex-note": "note",
    "annex-tag": "tag",
    "annex-untag": "untag",
    "annex-file": "file",
    "annex-link": "link",
    "annex-detach": "detach",
    "annex-unlink": "unlink",
    "file": "file",
    "switch": "organisation",
    "notification-detail": "notification",
}


class World:
    """The firm, with one object of every noun at Acme, all of whose texts hold the word."""

    def __init__(self, firm: Firm) -> None:
        self.firm = firm
        self.maker = Maker(firm.acme, WORD)
        with scope(firm.acme.id):
            self.firm.acme.organisation.name = f"Acme {WORD}"
            type(firm.acme.organisation).objects.filter(pk=firm.acme.id).update(name=f"Acme {WORD}")
            type(firm.acme.technician).objects.filter(email__endswith="@acme.example").update(
                name=f"Somebody {WORD}"
            )

    def object_of(self, screen: Screen) -> Any:
        return self.maker.get(screen.model)

    def arguments(self, address: Address) -> dict[str, Any]:
        """What to put in an address: raw ids of Acme's objects."""
        if address.screen:
            act = next((one.name for one in bulks.all_of(address.screen)), "none")
            found = {"pk": self.object_of(address.screen).pk, "name": act}
            return {name: found[name] for name in address.arguments}
        site = self.maker.get(SCREENS["site"].model)
        keys = {"detach": Attachment, "unlink": Link, "file": File}
        model = keys.get(BESIDE.get(address.name, ""))
        found = {
            "noun": "site",
            "organisation": self.firm.acme.id,
            "tag": self.maker.get(Tag).pk,
            "slug": "sites",
            "section": "mail",
            "pk": self.maker.get(model).pk
            if model
            else self.firm.acme.id
            if address.name == "switch"
            else site.pk,
        }
        if address.name == "notification-detail":
            found["pk"] = self.maker.get(_model("kernel.Notification")).pk
        return {name: found[name] for name in address.arguments}

    def url(self, address: Address) -> str:
        return reverse(address.name, kwargs=self.arguments(address))


def _model(label: str) -> Any:
    from django.apps import apps

    return apps.get_model(label)


@pytest.fixture(scope="module")
def acme_and_globex(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: Any) -> Iterator[World]:
    """Made once: each test works in its own savepoint above it."""
    with (
        django_db_blocker.unblock(),
        override_settings(HOME=tmp_path_factory.mktemp("home")),
        transaction.atomic(),
    ):
        made = World(make_firm())
        for screen in SCREENS.values():
            made.object_of(screen)
        yield made
        transaction.set_rollback(True)


@pytest.fixture
def world(acme_and_globex: World, db: None) -> World:
    return acme_and_globex


def body(response: Any) -> str:
    content = b"".join(response.streaming_content) if response.streaming else response.content
    return content.decode("utf-8", "replace")


def login_or_refusal(response: Any) -> bool:
    return response.status_code in {401, 403, 404, 405} or (
        response.status_code == 302
        and response.headers["Location"].startswith(("/compte/login/", "/premiers-pas/"))
    )


def rows_of(screen: Screen, firm: Firm) -> list[Any]:
    """Everything Acme has of a noun, to see that nothing moved."""
    with scope(firm.acme.id):
        return (
            list(screen.model._default_manager.filter(organisation=firm.acme.id).order_by("pk").values())
            if (screen.noun != "organisation")
            else list(screen.model._default_manager.values("pk", "name", "kind", "parent"))
        )


def test_every_address_is_walked_or_listed():
    listed = {*ANYBODY, *LOGGED_IN, *INSTALLATION, *BESIDE}
    assert [a.route for a in OTHERS if a.name not in listed] == []
    unknown = {a.name for a in OF_SCREENS if set(a.arguments) - {"pk", "name"}}
    assert unknown == set()
    assert listed <= {a.name for a in OTHERS}, "a list holds an address that no longer exists"
    api = {a.name for a in addresses() if a.route.startswith("api/v1/")}
    assert api == {*ROUTES_OF_THE_API, "rows", "one", "create", "create_many", "change", "delete"}


@pytest.mark.parametrize("noun", SCREENS)
def test_nobody_reads_or_writes_a_page(world, client_of, noun):
    browser, screen = client_of(None), SCREENS[noun]
    world.object_of(screen)
    before = rows_of(screen, world.firm)
    for address in OF_SCREENS:
        if address.screen is not screen or address.name in STREAMS:
            continue
        url = world.url(address)
        for response in (browser.get(url), browser.post(url, {"confirmed": "1"})):
            assert login_or_refusal(response), (address.name, response.status_code)
            assert WORD not in body(response), address.name
    assert rows_of(screen, world.firm) == before


@pytest.mark.parametrize("noun", SCREENS)
def test_another_organisations_administrator_finds_nothing_and_changes_nothing(world, client_of, noun):
    browser, screen = client_of(world.firm.globex.administrator), SCREENS[noun]
    obj = world.object_of(screen)
    before = rows_of(screen, world.firm)
    stolen = {
        **values_posted(screen, obj),
        "organisation": world.firm.acme.id,
        "confirmed": "1",
        "ids": str(obj.pk),
        "all": "1",
    }
    for address in OF_SCREENS:
        if address.screen is not screen or address.name in STREAMS:
            continue
        url = world.url(address)
        for response in (browser.get(url), browser.post(url, stolen)):
            text = body(response)
            assert response.status_code < 500, (address.name, text[:300])
            if "pk" in address.arguments:
                assert response.status_code in {404, 405}, (address.name, response.status_code)
            assert not leaks(text, stolen), (address.name, response.request["REQUEST_METHOD"])
    assert rows_of(screen, world.firm) == before


def values_posted(screen: Screen, obj: Any) -> dict[str, Any]:
    """The form of an object as a browser sends it, with its raw foreign ids but none of its words."""
    values = values_of(screen, obj)
    return {
        k: "stolen" if isinstance(v, str) and WORD in v else _posted(v)
        for k, v in values.items()
        if v is not None
    }


def _posted(value: Any) -> Any:
    return (
        orjson.dumps(value).decode()
        if isinstance(value, dict)
        else ",".join(map(str, value))
        if isinstance(value, list)
        else value
    )


def leaks(text: str, sent: dict[str, Any]) -> bool:
    return WORD in text.replace("custom_zorglub", "")


@pytest.mark.parametrize("noun", SCREENS)
def test_without_the_verb_a_page_is_refused(world, client_of, noun):
    browser, screen = client_of(world.firm.acme.requester), SCREENS[noun]
    obj = world.object_of(screen)
    before = rows_of(screen, world.firm)
    sent = {**values_posted(screen, obj), "confirmed": "1", "ids": str(obj.pk)}
    for address in OF_SCREENS:
        if address.screen is not screen or address.name in STREAMS:
            continue
        url = world.url(address)
        for response in (browser.get(url), browser.post(url, sent)):
            assert response.status_code in {403, 404, 405}, (address.name, response.status_code)
            assert "zorglub1" not in body(response), address.name
    assert rows_of(screen, world.firm) == before


@pytest.mark.parametrize("noun", SCREENS)
def test_an_auditor_reads_everything_and_writes_nothing(world, client_of, noun):
    browser, screen = client_of(world.firm.acme.auditor), SCREENS[noun]
    obj = world.object_of(screen)
    before = rows_of(screen, world.firm)
    sent = {**values_posted(screen, obj), "confirmed": "1", "ids": str(obj.pk)}
    for address in OF_SCREENS:
        if address.screen is not screen or address.name in STREAMS:
            continue
        url = world.url(address)
        if address.verb in {"view", "export"}:
            response = browser.get(url)
            assert response.status_code in ({200, 302} if address.act == "columns" else {200}), (
                address.name,
                body(response)[:400],
            )
            body(response)
        elif address.name not in READS:
            refusals = {403, 405} if address.act != "bulk" or bulks.all_of(screen) else {404}
            for response in (browser.get(url), browser.post(url, sent)):
                assert response.status_code in refusals, (address.name, response.status_code)
    assert rows_of(screen, world.firm) == before


@pytest.mark.parametrize("noun", SCREENS)
def test_the_administrator_opens_every_page_of_the_noun(world, client_of, noun):
    """Else a refusal above could come from a page that refuses everybody."""
    browser, screen = client_of(world.firm.acme.administrator), SCREENS[noun]
    obj = world.object_of(screen)
    for address in OF_SCREENS:
        if address.screen is screen and address.verb and address.act != "columns":
            response = browser.get(world.url(address))
            assert response.status_code == 200, (address.name, body(response)[:400])
    assert WORD in body(browser.get(screen.url(obj)))


@pytest.mark.parametrize("address", [a for a in OTHERS if a.name not in ANYBODY], ids=lambda a: a.name)
def test_pages_beside_the_screens_are_closed_to_nobody_and_to_another_organisation(world, client_of, address):
    url = world.url(address)
    for method in ("get", "post"):
        response = getattr(client_of(None), method)(url)
        assert login_or_refusal(response), (method, response.status_code)
        outsider = getattr(client_of(world.firm.globex.administrator), method)(
            url, {"text": "hello", "tag": "x", "other": "site:1"}
        )
        assert outsider.status_code < 500
        assert WORD not in body(outsider)
        if address.name in BESIDE:
            assert outsider.status_code in {404, 405}, (method, outsider.status_code)
        if address.name in INSTALLATION:
            assert outsider.status_code in ({403, 405} if method == "get" else {403})


@pytest.mark.parametrize(
    "name",
    [
        "annex-note",
        "annex-tag",
        "annex-untag",
        "annex-file",
        "annex-link",
        "annex-detach",
        "annex-unlink",
        "file",
    ],
)
def test_pages_beside_the_screens_are_refused_to_a_role_without_the_verb(world, client_of, name):
    address = next(a for a in OTHERS if a.name == name)
    url = world.url(address)
    for method in ("get", "post"):
        response = getattr(client_of(world.firm.acme.requester), method)(url, {"text": "hello", "tag": "x"})
        assert response.status_code in {403, 404, 405}, (method, response.status_code)
        assert "zorglub1" not in body(response)


@pytest.mark.parametrize("name", sorted(ANYBODY))
def test_a_public_page_shows_no_row(world, client_of, name):
    response = client_of(None).get(reverse(name))
    assert response.status_code in {200, 302, 403, 405}
    assert WORD not in body(response)


def test_a_stranger_gets_nothing_from_the_pages_of_accounts(world, client_of):
    """The login library's own pages, walked as nobody."""
    for address in addresses():
        if not address.route.startswith("compte/"):
            continue
        url = "/" + re.sub(r"\(\?P<\w+>.*?\)(?=[/-])|<[^>]+>|\^|\$", "1", address.route).replace(
            "compte/1", "compte/"
        )
        response = client_of(None).get(url)
        assert response.status_code < 500, url
        assert WORD not in body(response), url


def test_search_palette_and_options_show_nothing_of_another_organisation(world, client_of):
    with scope(world.firm.acme.id):
        site = world.maker.get(SCREENS["site"].model)
        refresh_many([site])
    paths = [reverse("search"), reverse("palette"), reverse("options", args=["site"])]
    for path in paths:
        assert site.name in body(client_of(world.firm.acme.auditor).get(path, {"q": site.name})), path
        for account in (world.firm.globex.administrator, world.firm.acme.requester):
            text = body(
                client_of(account).get(path, {"q": site.name[:6], "organisation": world.firm.acme.id})
            )
            assert site.name not in text, (path, account)


def api(screen: Screen, key: Any = None) -> str:
    return f"/api/v1/{screen.slug}" + ("" if key is None else f"/{key}")


def json_body(screen: Screen, obj: Any) -> str:
    class Encoder(DjangoJSONEncoder):
        def default(self, o: Any) -> Any:
            return str(o) if isinstance(o, Promise | bytes | memoryview) else super().default(o)

    values = {
        k: ",".join(map(str, v)) if isinstance(v, list) and k != "week" else v
        for k, v in values_of(screen, obj).items()
    }
    return json.dumps({k: v for k, v in values.items() if v is not None}, cls=Encoder)


def operations(screen: Screen, obj: Any) -> list[tuple[str, str, str, str]]:
    """Method, address, body and act of each operation a screen has."""
    sent = json_body(screen, obj)
    made = [("get", api(screen), "", "view"), ("get", api(screen, obj.pk), "", "view")]
    if screen.adds:
        made += [("post", api(screen), sent, "add"), ("post", api(screen, "many"), f"[{sent}]", "add")]
    if screen.changes:
        made += [
            ("patch", api(screen, obj.pk), "{}", "change"),
            ("patch", api(screen, obj.pk), sent, "change"),
        ]
    if screen.deletes:
        made.append(("delete", api(screen, obj.pk), "", "delete"))
    return made


def call(browser: Any, method: str, path: str, sent: str) -> Any:
    return (
        getattr(browser, method)(path, sent, content_type="application/json")
        if sent
        else getattr(browser, method)(path)
    )


@pytest.mark.parametrize("noun", SCREENS)
def test_the_api_says_nothing_to_nobody(world, client_of, noun):
    screen = SCREENS[noun]
    for method, path, sent, _act in operations(screen, world.object_of(screen)):
        response = call(client_of(None), method, path, sent)
        assert response.status_code == 401, (method, path)
        assert WORD not in body(response)


@pytest.mark.parametrize("noun", SCREENS)
def test_the_api_gives_another_organisation_nothing(world, client_of, noun):
    browser, screen = client_of(world.firm.globex.administrator), SCREENS[noun]
    obj = world.object_of(screen)
    before = rows_of(screen, world.firm)
    for method, path, sent, act in operations(screen, obj):
        sent = re.sub(rf"\w*{WORD}\w*", "stolen", sent)
        response = call(browser, method, path, sent)
        assert response.status_code < 500, (method, path, body(response))
        assert WORD not in body(response), (method, path)
        if str(obj.pk) in path.rsplit("/", 1)[-1]:
            assert response.status_code == 404, (method, path, response.status_code)
        elif act == "add" and screen.noun not in {"role", "assetkind"}:
            with scope(world.firm.acme.id):
                assert rows_of(screen, world.firm) == before
    assert rows_of(screen, world.firm) == before


@pytest.mark.parametrize("noun", SCREENS)
def test_the_api_refuses_a_role_without_the_verb(world, client_of, noun):
    browser, screen = client_of(world.firm.acme.requester), SCREENS[noun]
    obj = world.object_of(screen)
    before = rows_of(screen, world.firm)
    for method, path, sent, _act in operations(screen, obj):
        response = call(browser, method, path, sent)
        assert response.status_code == 403, (method, path, response.status_code, body(response)[:200])
        assert WORD not in body(response)
    assert rows_of(screen, world.firm) == before


@pytest.mark.parametrize("noun", SCREENS)
def test_the_api_lets_an_auditor_read_only(world, client_of, noun):
    browser, screen = client_of(world.firm.acme.auditor), SCREENS[noun]
    obj = world.object_of(screen)
    before = rows_of(screen, world.firm)
    for method, path, sent, act in operations(screen, obj):
        response = call(browser, method, path, sent)
        assert response.status_code == (200 if act == "view" else 403), (method, path, body(response)[:300])
    assert rows_of(screen, world.firm) == before


@pytest.mark.parametrize("noun", SCREENS)
def test_the_api_lets_an_administrator_read_and_change(world, client_of, noun):
    """Else a refusal above could come from an operation that refuses everybody."""
    browser, screen = client_of(world.firm.acme.administrator), SCREENS[noun]
    obj = world.object_of(screen)
    for method, path, sent, act in operations(screen, obj):
        if act in {"view", "change"}:
            response = call(browser, method, path, sent)
            assert response.status_code == 200, (method, path, sent, body(response)[:300])


@pytest.mark.parametrize("name", sorted(STREAMS))
def test_a_live_region_says_nothing_to_nobody_nor_to_another_organisation(world, rf, name):
    """The stream renders in another thread; its rendering is called here as the stream does, in the same scope."""
    render = {"job-live": job_pages.render_job, "enrolment-live": inventory_pages.render_count}[name]
    address = next(a for a in OF_SCREENS if a.name == name)
    key = world.arguments(address)["pk"]
    for actor in (NOBODY, rights_of(world.firm.globex.administrator), rights_of(world.firm.acme.requester)):
        request = rf.get("/")
        request.actor = actor
        with scope(*actor.places), pytest.raises((PermissionDenied, Http404)):
            render(request, key)
