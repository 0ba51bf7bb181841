"""Two organisations with a key each, and the machines that report to them."""

from collections.abc import Iterator

import pytest
from django.utils import translation

from etabli.inventory import cadences
from etabli.kernel import webhooks

from .machines import Fleet, make_fleet


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Sentences are compared as they are written."""
    with translation.override("en"):
        yield


@pytest.fixture
def fleet(db: None, settings, tmp_path) -> Fleet:
    settings.HOME = tmp_path / "home"
    webhooks.forget_wanted()
    cadences.remembered.clear()
    return make_fleet()


@pytest.fixture
def committed_fleet(transactional_db: None, settings, tmp_path) -> Fleet:
    """The same for tests whose other threads must see the rows."""
    settings.HOME = tmp_path / "home"
    webhooks.forget_wanted()
    cadences.remembered.clear()
    return make_fleet()
