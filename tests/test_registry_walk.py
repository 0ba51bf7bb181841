"""One walk over every page: as a stranger, as another organisation, without the verb, as somebody who only reads.

An object of each noun is made from its model alone, so a noun is covered the day it is declared; an address that is
neither walked nor in one of the short lists below makes the walk fail.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import orjson
import pytest
from django.test import Client
from django.urls import reverse

from etabli.kernel.screens import Screen, acts
from etabli.kernel.screens.forms import values_of
from etabli.kernel.search import refresh_many
from etabli.kernel.tenancy import scope

from .walking import (
    OF_SCREENS,
    OTHERS,
    SCREENS,
    WORD,
    World,
    acme_and_globex,
    addresses,
    body,
    pages_of,
    world,
)

__all__ = ["acme_and_globex", "world"]

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
    "recognition": "the rules of the organisations where the reader may see them, and 403 when there is none",
    "recognition-trial": "a dry run of the reader's organisations, checked by its job",
    "scan": "finds within the rights of the reader, checked in test_scanning",
    "scan-basket": "the same, and one's own basket",
    "scan-drop": "one's own basket",
}
INSTALLATION = {"demo", "demo-load", "settings-section", "settings-override", "mail-test"}
READS = {
    "site-map",
    "asset-label",
    "import-page",
    "booking-calendar",
    "slip-pdf",
    "stocktake-report",
    "booking-file",
    "loan-file",
    "receivedmail-raw",
}
ROUTES_OF_THE_API = {"openapi-json", "api-root"}
ANNEX = {"annex-note", "annex-tag", "annex-untag", "annex-file", "annex-link", "annex-detach", "annex-unlink"}
BESIDE = {*ANNEX, "file", "switch", "notification-detail", "batch-undo"}


def login_or_refusal(response: Any) -> bool:
    return response.status_code in {401, 403, 404, 405} or (
        response.status_code == 302
        and response.headers["Location"].startswith(("/compte/login/", "/premiers-pas/"))
    )


def test_every_address_is_walked_or_listed():
    listed = {*ANYBODY, *LOGGED_IN, *INSTALLATION, *BESIDE}
    assert [a.route for a in OTHERS if a.name not in listed] == []
    unknown = {a.name for a in OF_SCREENS if set(a.arguments) - {"pk", "name"}}
    assert unknown == set()
    assert listed <= {a.name for a in OTHERS}, "a list holds an address that no longer exists"
    api = {a.name for a in addresses() if a.route.startswith("api/v1/")}
    of_acts = {"with_body", "bare"}  # the operations of acts, one address each
    apart = {"read_rules", "change_rules", "try_rules"}  # of no screen, checked in test_rules_api
    assert api - of_acts - apart == {
        *ROUTES_OF_THE_API,
        "rows",
        "one",
        "create",
        "create_many",
        "change",
        "delete",
    }


@pytest.mark.parametrize("noun", SCREENS)
def test_nobody_reads_or_writes_a_page(world, client_of, noun):
    browser, screen = client_of(None), SCREENS[noun]
    with world.unchanged(screen):
        for name, response in answers(world, browser, screen, {"confirmed": "1"}):
            assert login_or_refusal(response), (name, response.status_code)
            assert WORD not in body(response), name


@pytest.mark.parametrize("noun", SCREENS)
def test_another_organisations_administrator_finds_nothing_and_changes_nothing(world, client_of, noun):
    browser, screen = client_of(world.firm.globex.administrator), SCREENS[noun]
    with world.unchanged(screen) as obj:
        stolen = {**posted(screen, obj), "organisation": world.firm.acme.id, "all": "1"}
        for name, response in answers(world, browser, screen, stolen):
            text = body(response)
            assert response.status_code < 500, (name, text[:300])
            if "pk" in response.resolver_match.captured_kwargs:
                assert response.status_code in {404, 405}, (name, response.status_code)
            # the key of a custom field stands in the form that was sent
            assert WORD not in text.replace("custom_zorglub", ""), (name, response.request["REQUEST_METHOD"])


@pytest.mark.parametrize("noun", SCREENS)
def test_without_the_verb_a_page_is_refused(world, client_of, noun):
    browser, screen = client_of(world.firm.acme.requester), SCREENS[noun]
    with world.unchanged(screen) as obj:
        for name, response in answers(world, browser, screen, posted(screen, obj)):
            assert response.status_code in {403, 404, 405}, (name, response.status_code)
            assert f"{WORD}1" not in body(response), name


@pytest.mark.parametrize("noun", SCREENS)
def test_an_auditor_reads_everything(world, client_of, noun):
    browser, screen = client_of(world.firm.acme.auditor), SCREENS[noun]
    with world.unchanged(screen):
        for address in pages_of(screen):
            if address.verb in {"view", "export"}:
                response = browser.get(world.url(address))
                text = body(response)
                good = {200, 302} if address.act == "columns" else {200}
                assert response.status_code in good, (address.name, text[:400])


@pytest.mark.parametrize("noun", SCREENS)
def test_an_auditor_writes_nothing(world, client_of, noun):
    browser, screen = client_of(world.firm.acme.auditor), SCREENS[noun]
    reads = {a.name for a in pages_of(screen) if a.verb in {"view", "export"}} | READS
    with world.unchanged(screen) as obj:
        for name, response in answers(world, browser, screen, posted(screen, obj), but=reads):
            no_act = name.endswith("-bulk") and not any(act.many for act in acts.all_of(screen))
            assert response.status_code in ({404} if no_act else {403, 405}), (name, response.status_code)


@pytest.mark.parametrize("noun", SCREENS)
def test_the_administrator_opens_every_page_of_the_noun(world, client_of, noun):
    """Else a refusal above could come from a page that refuses everybody."""
    browser, screen = client_of(world.firm.acme.administrator), SCREENS[noun]
    obj = world.object_of(screen)
    for address in pages_of(screen):
        if address.verb and address.act != "columns":
            response = browser.get(world.url(address))
            assert response.status_code == 200, (address.name, body(response)[:400])
    assert WORD in body(browser.get(screen.url(obj)))


def answers(
    world: World, browser: Client, screen: Screen, sent: dict[str, Any], but: Iterable[str] = ()
) -> Iterator[tuple[str, Any]]:
    """The name of each page of a noun, with its answer to a reading and then to a writing."""
    for address in pages_of(screen):
        if address.name not in but:
            url = world.url(address)
            yield address.name, browser.get(url)
            yield address.name, browser.post(url, sent)


def posted(screen: Screen, obj: Any) -> dict[str, Any]:
    """The form of an object as a browser sends it, with its raw foreign ids but none of its words, and what confirms
    an act on it.
    """
    values = {name: value for name, value in values_of(screen, obj).items() if value is not None}
    form = {
        name: "stolen" if isinstance(value, str) and WORD in value else typed(value)
        for name, value in values.items()
    }
    return {**form, "confirmed": "1", "ids": str(obj.pk)}


def typed(value: Any) -> Any:
    """A value as it stands in a field of a form."""
    if isinstance(value, dict):
        return orjson.dumps(value).decode()
    return ",".join(map(str, value)) if isinstance(value, list) else value


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


@pytest.mark.parametrize("name", sorted({*ANNEX, "file"}))
def test_pages_beside_the_screens_are_refused_to_a_role_without_the_verb(world, client_of, name):
    address = next(a for a in OTHERS if a.name == name)
    url = world.url(address)
    for method in ("get", "post"):
        response = getattr(client_of(world.firm.acme.requester), method)(url, {"text": "hello", "tag": "x"})
        assert response.status_code in {403, 404, 405}, (method, response.status_code)
        assert f"{WORD}1" not in body(response)


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
