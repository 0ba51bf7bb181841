"""Fails or skips the tests whose real components are absent; one language for all."""

from collections.abc import Iterator

import pytest

from etabli.project.components import pytest_runtest_setup

__all__ = ["pytest_runtest_setup"]


@pytest.fixture(autouse=True)
def language_of_the_tests() -> Iterator[None]:
    """A page shown in French by one test must not leave its language to the next one."""
    from django.utils import translation

    with translation.override("en"):
        yield
