"""The desk of a provider, for the tests of promises."""

from collections.abc import Iterator
from typing import Any

import pytest

from etabli.kernel.tenancy import scope


@pytest.fixture
def provider_desk(firm: Any, actor_of: Any) -> Iterator[Any]:
    """The provider's administrator, in the scope of everything they serve."""
    actor = actor_of(firm.provider.administrator)
    with scope(*actor.places):
        yield firm, actor
