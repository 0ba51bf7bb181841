"""Numbers of large lists may be some seconds old; those of lists people can see the end of never are."""

import pytest

from etabli.kernel.screens import counting


@pytest.fixture(autouse=True)
def fresh():
    counting.forget()
    yield
    counting.forget()


def count_twice(first: int, second: int, seconds: float) -> int:
    values, clock = iter([first, second]), iter([0.0, seconds])
    for _ in range(2):
        found = counting.remembered("key", lambda: next(values), rows=int, clock=lambda: next(clock))
    return found


def test_a_short_list_is_counted_each_time() -> None:
    assert count_twice(counting.MANY - 1, 3, seconds=1) == 3


def test_a_long_list_keeps_its_number_for_some_seconds() -> None:
    assert count_twice(counting.MANY, 3, seconds=counting.SECONDS - 1) == counting.MANY


def test_a_long_list_is_counted_again_afterwards() -> None:
    assert count_twice(counting.MANY, 3, seconds=counting.SECONDS + 1) == 3


def test_numbers_of_another_question_are_not_given() -> None:
    counting.remembered("a", lambda: counting.MANY, rows=int)
    assert counting.remembered("b", lambda: 1, rows=int) == 1


def test_what_is_kept_is_bounded(monkeypatch) -> None:
    monkeypatch.setattr(counting, "_MOST_KEPT", 3)
    for key in range(10):
        counting.remembered(key, lambda: counting.MANY, rows=int)
    assert len(counting._kept) <= 3
