"""The walk over every operation of the API, and over the live regions: as a stranger, as another organisation,
without the verb, as somebody who only reads.
"""

import json
import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.core.serializers.json import DjangoJSONEncoder
from django.http import Http404
from django.utils.functional import Promise

from etabli.assets import stocktake_pages
from etabli.inventory import pages as inventory_pages
from etabli.kernel.actors import actor_of as rights_of
from etabli.kernel.http import NOBODY
from etabli.kernel.screens import Act, Screen, api_acts, watching
from etabli.kernel.screens.forms import values_of
from etabli.kernel.tenancy import scope
from etabli.web import job_pages

from .walking import OF_SCREENS, SCREENS, STREAMS, WORD, acme_and_globex, body, world

__all__ = ["acme_and_globex", "world"]


def api(screen: Screen, key: Any = None) -> str:
    return f"/api/v1/{screen.slug}" + ("" if key is None else f"/{key}")


WHOLE = {"shifts"}  # lists of plain values that are one value all the same


def json_body(screen: Screen, obj: Any) -> str:
    class Encoder(DjangoJSONEncoder):
        def default(self, o: Any) -> Any:
            return str(o) if isinstance(o, Promise | bytes | memoryview) else super().default(o)

    values = {
        k: ",".join(map(str, v))
        if isinstance(v, list) and k not in WHOLE and not any(isinstance(x, list | dict) for x in v)
        else v
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
    for act in screen.acts:
        if act.one:
            made.append(("post", api(screen, obj.pk) + f"/{act.name}", sample(screen, act), "act"))
    return made


def sample(screen: Screen, act: Act) -> str:
    """A body that an act may be sent: something in each field that must have something."""
    if act.form is None:
        return ""
    kinds = {
        int: 1,
        bool: True,
        Decimal: "1",
        float: 1.0,
        datetime: "2026-01-31T10:00:00Z",
        date: "2026-01-31",
    }
    fields = api_acts.body_of(screen, act).model_fields.items()
    return json.dumps({n: kinds.get(f.annotation, "stolen") for n, f in fields if f.is_required()})


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
    with world.unchanged(screen) as obj:
        for method, path, sent, _act in operations(screen, obj):
            sent = re.sub(rf"\w*{WORD}\w*", "stolen", sent)
            response = call(browser, method, path, sent)
            assert response.status_code < 500, (method, path, body(response))
            assert WORD not in body(response), (method, path)
            if f"/{obj.pk}" in path:
                assert response.status_code == 404, (method, path, response.status_code)


@pytest.mark.parametrize("noun", SCREENS)
def test_the_api_refuses_a_role_without_the_verb(world, client_of, noun):
    browser, screen = client_of(world.firm.acme.requester), SCREENS[noun]
    with world.unchanged(screen) as obj:
        for method, path, sent, _act in operations(screen, obj):
            response = call(browser, method, path, sent)
            assert response.status_code == 403, (method, path, response.status_code, body(response)[:200])
            assert WORD not in body(response)


@pytest.mark.parametrize("noun", SCREENS)
def test_the_api_lets_an_auditor_read_only(world, client_of, noun):
    browser, screen = client_of(world.firm.acme.auditor), SCREENS[noun]
    with world.unchanged(screen) as obj:
        for method, path, sent, act in operations(screen, obj):
            response = call(browser, method, path, sent)
            assert response.status_code == (200 if act == "view" else 403), (
                method,
                path,
                body(response)[:300],
            )


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
    render = {
        "asset-live": lambda request, key: watching.render_news(SCREENS["asset"], request, key),
        "ticket-live": lambda request, key: watching.render_news(SCREENS["ticket"], request, key),
        "job-live": job_pages.render_job,
        "enrolment-live": inventory_pages.render_count,
        "stocktake-live": stocktake_pages.render_live,
    }[name]
    address = next(a for a in OF_SCREENS if a.name == name)
    key = world.arguments(address)["pk"]
    for actor in (NOBODY, rights_of(world.firm.globex.administrator), rights_of(world.firm.acme.requester)):
        request = rf.get("/")
        request.actor = actor
        with scope(*actor.places), pytest.raises((PermissionDenied, Http404)):
            render(request, key)
