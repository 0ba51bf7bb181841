"""Every operation of the API, attacked with values its own description allows and forbids: never a server error."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from etabli.conftest import Firm, Maker
from etabli.kernel import tokens
from etabli.kernel.actors import actor_of
from etabli.kernel.screens import by_slug, registry
from etabli.kernel.tenancy import scope
from etabli.project.urls import api

EXAMPLES = 4
document = schemathesis.openapi.from_dict(api.get_openapi_schema(path_prefix="/api/v1/"))
OPERATIONS = {f"{one.ok().method.upper()} {one.ok().path}": one.ok() for one in document.get_all_operations()}


@pytest.fixture
def bearer(firm: Firm) -> dict[str, str]:
    actor = actor_of(firm.acme.administrator)
    with scope(firm.acme.id):
        _token, text = tokens.create(
            firm.acme.administrator, name="fuzz", scopes=["*"], organisation=firm.acme.id, actor=actor
        )
    return {"Authorization": f"Bearer {text}"}


def test_the_description_has_every_operation_of_every_screen():
    assert len(OPERATIONS) >= 2 * len(registry)
    assert all(one.definition.raw["responses"] for one in OPERATIONS.values())


@pytest.mark.slow
@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_never_breaks(name: str, client: Any, bearer: dict[str, str], firm: Firm):
    operation = OPERATIONS[name]
    client.raise_request_exception = False
    screen = by_slug(operation.path.split("/")[3])
    existing = Maker(firm.acme).get(screen.model).pk if screen else 0

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in GenerationMode)))
    def attack(case: Any) -> None:
        if "key" in case.path_parameters:
            case.path_parameters["key"] = existing
        if "organisation" in case.path_parameters:
            case.path_parameters["organisation"] = firm.acme.id
        response = send(client, case, bearer)
        seen.add(response.status_code)
        assert response.status_code < 500, (case.as_curl_command(), response.content[:300])

    seen: set[int] = set()
    attack()
    assert seen - {401, 404}, "nothing reached the operation"


def send(client: Any, case: Any, headers: dict[str, str]) -> Any:
    sent = case.as_transport_kwargs(base_url="http://testserver")
    from requests import Request

    prepared = Request(
        **{k: v for k, v in sent.items() if k in {"method", "url", "params", "json", "data"}}
    ).prepare()
    content = prepared.body or b""
    content = content.encode() if isinstance(content, str) else content
    return client.generic(case.method, prepared.path_url, content, "application/json", headers=headers)
