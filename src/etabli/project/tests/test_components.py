"""The table of components, and what becomes of a test whose component is absent."""

import pytest

from etabli.project import components
from etabli.project.components import Component


class Item:
    """What pytest gives to the hook, as far as the hook looks at it."""

    def __init__(self, *names: str) -> None:
        self.names = names

    def iter_markers(self, name: str) -> list[pytest.Mark]:
        return [pytest.Mark(name, self.names, {}, _ispytest=True)]


@pytest.fixture
def absent(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setitem(
        components.COMPONENTS, "absent", Component("nothing", ("no-such-program",), ("bash",))
    )
    components.forget()
    return "absent"


def test_every_component_says_why_it_is_there_and_how_to_see_it() -> None:
    for name, component in components.COMPONENTS.items():
        assert component.why, name
        assert component.seen, name
        assert component.packages or component.unpacked, name


def test_a_test_whose_component_is_absent_is_skipped_with_the_reason(
    absent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ETABLI_REQUIRE", raising=False)
    with pytest.raises(pytest.skip.Exception, match="absent is absent"):
        components.pytest_runtest_setup(Item(absent))


def test_the_same_absence_is_a_failure_when_everything_is_required(
    absent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ETABLI_REQUIRE", "all")
    with pytest.raises(pytest.fail.Exception, match="absent is absent"):
        components.pytest_runtest_setup(Item(absent))


def test_a_present_component_lets_the_test_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(components.COMPONENTS, "shell", Component("a shell", ("sh",), ("bash",)))
    assert components.missing(["shell"]) == []
    ran = []
    components.pytest_runtest_setup(Item("shell"))
    ran.append("the test")
    assert ran == ["the test"], "the hook neither skipped nor failed it"


def test_a_component_that_is_not_in_the_table_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        components.pytest_runtest_setup(Item("chromuim"))
