"""Fails or skips the tests whose real components are absent; one language for all."""

from collections.abc import Iterator
from typing import Any

import pytest

from etabli.project.components import pytest_runtest_setup

__all__ = ["pytest_runtest_setup"]

OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> %s"
)


@pytest.fixture(autouse=True)
def language_of_the_tests() -> Iterator[None]:
    """A page shown in French by one test must not leave its language to the next one."""
    from django.utils import translation

    with translation.override("en"):
        yield


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """What a killed program leaves in the test database must not keep it from being dropped."""
    from django.db import connection

    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        cursor.execute(OTHERS, [cursor.fetchone()[0]])
