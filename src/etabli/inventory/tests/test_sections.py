import copy
from collections.abc import Callable

import orjson
import pytest
from hypothesis import given, settings

from etabli.inventory.layout import SECTIONS
from etabli.inventory.sections import VOLATILE, Warning, clean, digest, unwrap
from etabli.inventory.snmp import Device
from etabli.inventory.tests.strategies import CONTENT, NAMES
from etabli.inventory.values import Reason


def test_sections_are_listed_in_one_order_without_the_version_of_the_agent() -> None:
    sent = {"zeta": 1, "softwares": [], "versionclient": "x", "alpha": 2, "bios": {}, "hardware": {}}
    assert list(unwrap(Device("Computer", sent))) == ["hardware", "bios", "softwares", "alpha", "zeta"]


def test_a_digest_is_16_bytes_and_ignores_the_order_of_keys_and_rows() -> None:
    first = [{"name": "a", "version": "1"}, {"name": "b"}]
    second = [{"name": "b"}, {"version": "1", "name": "a"}]
    assert digest("softwares", first) == digest("softwares", second)
    assert len(digest("softwares", first)) == 16


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("softwares", [{"name": "a"}], [{"name": "a"}, {"name": "b"}]),
        ("softwares", [{"name": "a"}], [{"name": "a"}, {"name": "a"}]),
        ("softwares", [{"name": "a", "version": "1"}], [{"name": "a", "version": "2"}]),
        ("hardware", {"name": "a"}, {"name": "b"}),
        ("drives", [{"total": 10, "free": 5}], [{"total": 20, "free": 5}]),
        ("network_ports", [{"ifstatus": 1}], [{"ifstatus": 2}]),
        ("batteries", [{"real_capacity": 50}], [{"real_capacity": 40}]),
    ],
)
def test_a_real_change_changes_the_digest(name: str, before: object, after: object) -> None:
    assert digest(name, before) != digest(name, after)


@pytest.mark.parametrize(
    ("name", "leaf"),
    [(name, leaf) for name, leaves in VOLATILE.items() for leaf in leaves if "." not in leaf],
)
def test_a_volatile_leaf_does_not_change_the_digest(name: str, leaf: str) -> None:
    key = "anything" if leaf == "*" else leaf
    before, after = {"name": "a", key: 1}, {"name": "a", key: 2}
    assert digest(name, before) == digest(name, after)
    assert digest(name, [before]) == digest(name, [after])


def test_a_nested_volatile_leaf_does_not_change_the_digest_but_its_neighbour_does() -> None:
    def service(size: int, name: str) -> list[object]:
        return [{"name": "pg", "databases": [{"name": name, "size": size}]}]

    assert digest("databases_services", service(1, "a")) == digest("databases_services", service(2, "a"))
    assert digest("databases_services", service(1, "a")) != digest("databases_services", service(1, "b"))


def test_every_volatile_section_is_known_and_every_reason_is_said() -> None:
    assert set(VOLATILE) <= set(SECTIONS)
    assert all(reason for leaves in VOLATILE.values() for reason in leaves.values())


@pytest.mark.parametrize(
    ("name", "key", "value", "kept"),
    [
        ("drives", "total", "258019", 258019),
        ("drives", "total", 250.6, 251),
        ("drives", "total", "2 GB", 2048),
        ("drives", "systemdrive", "1", True),
        ("drives", "systemdrive", 0, False),
        ("cpus", "speed", "2.5 GHz", 2500),
        ("cpus", "name", 42, "42"),
        ("softwares", "install_date", "20201231", "2020-12-31"),
        ("softwares", "install_date", "2020-12-31T10:00:00Z", "2020-12-31"),
        ("softwares", "install_date", "12/31/2020", "2020-12-31"),
        ("softwares", "name", "  Firefox ", "Firefox"),
        ("modems", "imei", ["1", "2"], "1, 2"),
        ("processes", "started", "2017-06-08 07:06", "2017-06-08 07:06:00"),
        ("local_groups", "members", "root", ["root"]),
        ("batteries", "date", "Thu Mar 14 15:05:41 2013", "2013-03-14"),
    ],
)
def test_a_value_of_the_wrong_shape_is_converted_without_a_word(
    name: str, key: str, value: object, kept: object
) -> None:
    assert clean(name, [{key: value}]) == ([{key: kept}], [])


def test_bios_dates_are_month_first_as_smbios_writes_them() -> None:
    assert clean("bios", {"bdate": "02/06/2016"}) == ({"bdate": "2016-02-06"}, [])
    assert clean("batteries", [{"date": "02/06/2016"}]) == ([{"date": "2016-06-02"}], [])


@pytest.mark.parametrize("value", [None, "", "N/A", "unknown"])
def test_what_an_agent_does_not_know_is_absent_without_a_warning(value: object) -> None:
    assert clean("drives", [{"total": value, "type": "/"}]) == ([{"type": "/"}], [])


@pytest.mark.parametrize(
    ("name", "key", "value", "reason"),
    [
        ("drives", "total", -5, Reason.NEGATIVE),
        ("drives", "total", "lots", Reason.WRONG_KIND),
        ("drives", "total", True, Reason.WRONG_KIND),
        ("drives", "total", 10**30, Reason.ABSURD_NUMBER),
        ("drives", "systemdrive", "maybe", Reason.WRONG_KIND),
        ("drives", "type", {"a": 1}, Reason.WRONG_KIND),
        ("softwares", "install_date", "2019-54-17", Reason.ABSURD_DATE),
        ("softwares", "install_date", "1970-01-01", Reason.ABSURD_DATE),
        ("softwares", "install_date", 7, Reason.WRONG_KIND),
        ("local_groups", "members", [["a"]], Reason.WRONG_KIND),
    ],
)
def test_a_bad_leaf_is_dropped_and_the_rest_is_kept(
    name: str, key: str, value: object, reason: Reason
) -> None:
    cleaned, warnings = clean(name, [{"name": "ok", key: value}])
    assert cleaned == [{"name": "ok"}]
    assert [(warning.path, warning.reason) for warning in warnings] == [(f"{name}[0].{key}", reason.value)]


def test_a_text_too_long_is_cut_and_one_with_nul_is_mended() -> None:
    cleaned, warnings = clean("softwares", [{"name": "x" * 5000, "version": "1\x00\ud8002"}])
    assert (len(cleaned[0]["name"]), cleaned[0]["version"]) == (1000, "1?2")
    assert [warning.reason for warning in warnings] == [Reason.CUT.value, Reason.MENDED.value]
    assert all(len(warning.value) <= 60 for warning in warnings)


def test_unknown_keys_and_unknown_sections_are_kept() -> None:
    row = {"name": "a", "new_in_2027": {"deep": [1, "b", None]}}
    assert clean("softwares", [row]) == ([row], [])
    assert clean("repository", row) == (row, [])


def test_a_single_object_becomes_a_list_of_one_and_the_other_way_round() -> None:
    assert clean("softwares", {"name": "a"}) == ([{"name": "a"}], [])
    assert clean("bios", [{"ssn": "a"}]) == ({"ssn": "a"}, [])


def test_entries_that_are_not_objects_are_dropped() -> None:
    cleaned, warnings = clean("softwares", ["a", {"name": "b"}, None])
    assert cleaned == [{"name": "b"}]
    assert warnings == [Warning("softwares[0]", "a", Reason.NOT_A_ROW.value)]
    assert clean("softwares", "none")[0] == []


def test_nesting_stops_where_it_makes_no_sense() -> None:
    deep: object = "end"
    for _ in range(500):
        deep = {"a": deep}
    cleaned, warnings = clean("softwares", [{"x": deep}])
    assert warnings[0].reason == Reason.TOO_DEEP.value
    assert orjson.dumps(cleaned)


def test_the_same_trouble_a_thousand_times_is_summed_up() -> None:
    _, warnings = clean("softwares", [{"install_date": "1970-01-01"}] * 1000)
    assert len(warnings) == 101
    assert (warnings[-1].value, warnings[-1].reason) == ("900", Reason.MORE.value)


@settings(deadline=None, max_examples=400)
@given(NAMES, CONTENT)
def test_any_json_value_is_cleaned_into_what_a_database_holds(name: str, content: object) -> None:
    before = copy.deepcopy(content)
    cleaned, warnings = clean(name, content)
    assert b"\\u0000" not in orjson.dumps(cleaned)
    assert all(warning.reason for warning in warnings)
    assert digest(name, content) == digest(name, before)


@settings(deadline=None, max_examples=200)
@given(NAMES, CONTENT)
def test_cleaning_what_is_clean_changes_nothing(name: str, content: object) -> None:
    once, _ = clean(name, content)
    assert clean(name, once) == (once, [])


@settings(deadline=None, max_examples=300)
@given(NAMES, CONTENT)
def test_any_json_value_has_a_digest(name: str, content: object) -> None:
    assert digest(name, content) == digest(name, copy.deepcopy(content))


@pytest.mark.parametrize("name", [*SECTIONS, "repository"])
@pytest.mark.parametrize("shape", [lambda inner: [inner], lambda inner: {"databases": inner}])
def test_a_very_deep_value_is_cleaned_and_compared(name: str, shape: Callable[[object], object]) -> None:
    deep: object = 1
    for _ in range(1000):
        deep = shape(deep)
    assert len(digest(name, deep)) == 16
    assert orjson.dumps(clean(name, deep)[0])
