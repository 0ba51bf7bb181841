import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, connections

from etabli.kernel import ratelimit
from etabli.kernel.ratelimit import RateBucket, forget_idle, limited, limited_here

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def empty(monkeypatch):
    monkeypatch.setattr(ratelimit, "_busy", {})


def shared(seconds: float, key: str = "login:bob") -> int:
    return limited(key, per_minute=3, now=NOW + timedelta(seconds=seconds))


def here(seconds: float, key: str = "token:bob") -> int:
    return limited_here(key, per_minute=3, now=1000.0 + seconds)


@pytest.mark.django_db
@pytest.mark.parametrize("count", [shared, here])
def test_a_minutes_calls_at_once_then_one_each_time_a_share_is_earned(count):
    assert [count(0), count(0), count(0)] == [0, 0, 0]
    assert count(0) == 20
    assert count(15) == 5
    assert count(20) == 0
    assert count(20) == 20
    assert count(1000) == 0


@pytest.mark.django_db
@pytest.mark.parametrize("count", [shared, here])
def test_keys_do_not_share_their_calls(count):
    for _n in range(4):
        count(0, "one")
    assert count(0, "one") > 0
    assert count(0, "two") == 0


@pytest.mark.django_db
def test_the_key_is_not_readable_and_idle_rows_go(settings):
    shared(0)
    assert "bob" not in RateBucket.objects.get().key
    forget_idle.function()
    assert not RateBucket.objects.exists()


def test_processes_together_allow_no_more_than_one(transactional_db):
    answers: list[int] = []

    def call() -> None:
        answers.extend(shared(0) for _n in range(5))
        connections.close_all()

    threads = [threading.Thread(target=call) for _n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers.count(0) == 3


@pytest.mark.django_db
def test_the_counts_are_not_written_to_the_transaction_log():
    with connection.cursor() as cursor:
        cursor.execute("SELECT relpersistence FROM pg_class WHERE relname = 'kernel_ratebucket'")
        assert cursor.fetchone()[0] == "u"
