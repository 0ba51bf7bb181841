"""``support deadlines``: the deadline of each case of a file, compared with the one expected, or a plain error."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
import typer

from etabli.support import commands

BASE = {"start": "2026-01-05T10:00", "minutes": 240}
ROUND_THE_CLOCK = [[["00:00", "24:00"]]] * 7


@pytest.fixture
def run(monkeypatch, tmp_path, capsys):
    """The command on a content, as this process is already set up; gives the exit code, the lines, stderr."""
    monkeypatch.setattr(commands, "_set_up", lambda: None)

    def call(content: Any, *options: str) -> tuple[int, list[dict[str, Any]], str]:
        file = tmp_path / "cases.json"
        file.write_text(content if isinstance(content, str) else json.dumps(content))
        command = typer.main.get_command(commands.app)
        try:
            command(args=["deadlines", str(file), *options], standalone_mode=True)
        except SystemExit as end:
            out, err = capsys.readouterr()
            return int(end.code or 0), [json.loads(line) for line in out.splitlines()], err
        raise AssertionError("the command did not end")

    return call


def one(run, **fields: Any) -> dict[str, Any]:
    _code, (found,), _err = run([{**BASE, **fields}])
    return found


def corpus() -> Path:
    """The file of reference vectors, or a skip that says why."""
    root = os.environ.get("ETABLI_CORPUS")
    path = Path(root or "") / "servicedesk" / "sla_vectors.json"
    if not root or not path.is_file():
        pytest.skip("ETABLI_CORPUS does not hold servicedesk/sla_vectors.json")
    return path


def test_every_reference_vector_has_its_deadline(run) -> None:
    content = corpus().read_text()
    code, lines, err = run(content)
    assert code == 0
    assert [line["deadline"] for line in lines] == [
        each["deadline"] for each in json.loads(content)["vectors"]
    ]
    assert all(line["equal"] for line in lines)
    assert f"as expected: {len(lines)}; different: 0; in error: 0." in err


def test_a_case_is_named_as_in_the_file_and_told_with_the_offset_of_its_day(run) -> None:
    code, lines, _err = run([{**BASE, "id": 7, "name": "July"} | {"start": "2026-07-06T10:00"}, BASE])
    assert lines == [
        {"case": 1, "id": 7, "name": "July", "deadline": "2026-07-06T15:30+02:00"},
        {"case": 2, "deadline": "2026-01-05T15:30+01:00"},
    ]
    assert code == 0


def test_a_deadline_that_is_not_the_one_expected_is_a_failed_check(run) -> None:
    code, (line,), err = run([{**BASE, "deadline": "2026-01-05T15:31"}])
    assert (code, line["equal"], line["expected"]) == (4, False, "2026-01-05T15:31")
    assert "different: 1" in err


@pytest.mark.parametrize("same", ["2026-01-05T15:30", "2026-01-05T14:30Z", "2026-01-05T18:30+04:00"])
def test_an_expected_deadline_is_compared_as_an_instant(run, same) -> None:
    assert one(run, deadline=same)["equal"] is True


@pytest.mark.parametrize(
    ("fields", "deadline"),
    [
        pytest.param({"tz": "Indian/Reunion"}, "2026-01-05T15:30+04:00", id="time zone"),
        pytest.param({"start": "2026-01-05T10:00+04:00"}, "2026-01-05T12:00+01:00", id="start with an offset"),
        pytest.param({"pauses": [["2026-01-05T11:00", "2026-01-07T09:00"]]}, "2026-01-07T12:00+01:00", id="pause"),
        pytest.param({"pauses": [["2026-01-05T11:00", None, "strike"]]}, None, id="a pause that lasts"),
        pytest.param({"pauses": None}, "2026-01-05T15:30+01:00", id="no pauses"),
        pytest.param({"week": ROUND_THE_CLOCK}, "2026-01-05T14:00+01:00", id="round the clock"),
        pytest.param({"week": [[["22:00", "06:00"]]] + [[]] * 6}, "2026-01-06T02:00+01:00", id="night"),
        pytest.param({"start": "2026-04-02T17:00"}, "2026-04-03T11:30+02:00", id="Good Friday in Paris"),
        pytest.param({"start": "2026-04-02T17:00", "holidays": "57"}, "2026-04-07T11:30+02:00", id="in Metz"),
        pytest.param({"start": "2026-07-13T17:00"}, "2026-07-15T11:30+02:00", id="14 July"),
        pytest.param({"start": "2026-07-13T17:00", "holidays": None}, "2026-07-14T11:30+02:00", id="no holidays"),
        pytest.param({"closures": ["2026-01-05"]}, "2026-01-06T12:00+01:00", id="a day closed"),
        pytest.param({"closures": [["2026-01-05T10:30", "2026-01-05T11:00"]]}, "2026-01-05T16:00+01:00", id="hours closed"),
        pytest.param({"minutes": 0.5}, "2026-01-05T10:00:30+01:00", id="seconds"),
        pytest.param({"minutes": 0, "start": "2026-01-04T10:00"}, "2026-01-04T10:00+01:00", id="nothing to count"),
        pytest.param({"start": "2026-10-25T02:30", "week": ROUND_THE_CLOCK, "minutes": 60}, "2026-10-25T02:30+01:00",
                     id="an hour shown twice"),
        pytest.param({"start": "2026-03-29T02:30", "week": ROUND_THE_CLOCK, "minutes": 60}, "2026-03-29T04:30+02:00",
                     id="an hour skipped"),
    ],
)  # fmt: skip
def test_a_case_says_its_own_calendar(run, fields, deadline) -> None:
    assert one(run, **fields)["deadline"] == deadline


def test_public_holidays_are_known_as_far_as_the_deadline_goes(run) -> None:
    # 10 years of 40 hours a week from a Monday, passing over 87 holidays on working days.
    far = one(run, minutes=40 * 60 * 520, start="2026-01-05T08:00")["deadline"]
    assert far == "2036-04-22T17:30+02:00"


def test_the_calendar_of_the_file_is_that_of_its_cases(run) -> None:
    content = {"note": "n", "tz": "Indian/Reunion", "holidays": "974", "week": ROUND_THE_CLOCK,
               "cases": [{**BASE, "start": "2026-12-19T23:00"}, {**BASE, "holidays": "metropole"}]}  # fmt: skip
    _code, lines, _err = run(content)
    assert [line["deadline"] for line in lines] == ["2026-12-21T03:00+04:00", "2026-01-05T14:00+04:00"]


def test_explain_adds_the_lines(run) -> None:
    _code, (line,), _err = run([BASE], "--explain")
    assert len(line["explanation"]) == 3
    assert line["explanation"][-1] == "Deadline: Mon 5 January 2026 15:30 (Europe/Paris)."


@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param("{", "not JSON", id="cut"),
        pytest.param("[1", "not JSON", id="cut list"),
        pytest.param("3", "no list of cases", id="a number"),
        pytest.param({"vectors": {}}, "no list of cases", id="an object"),
        pytest.param({"note": "n"}, "no list of cases", id="no list"),
    ],
)
def test_a_file_without_cases_says_so(run, content, told) -> None:
    code, lines, err = run(content)
    assert (code, lines) == (1, [])
    assert told in err


def test_a_file_that_is_no_text_says_so(run, tmp_path, capsys) -> None:
    binary = tmp_path / "binary.json"
    binary.write_bytes(b"\xff\xfe\x00{")
    with pytest.raises(SystemExit) as end:
        typer.main.get_command(commands.app)(args=["deadlines", str(binary)])
    assert end.value.code == 1
    assert "not JSON" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"start": None}, "“start” is missing"),
        ({"start": "tomorrow"}, "“start” is not understood"),
        ({"start": 5}, "“start” is not understood"),
        ({"start": "9999-12-31T23:00"}, "between 1900 and 2199"),
        ({"minutes": None}, "“minutes” is missing"),
        ({"minutes": -1}, "0 or more"),
        ({"minutes": "240"}, "0 or more"),
        ({"minutes": True}, "0 or more"),
        ({"minutes": 1e300}, "0 or more"),
        ({"minutes": 1e9}, "within 100 years"),
        ({"tz": "Europe/Atlantis"}, "a time zone such as Europe/Paris"),
        ({"tz": 3}, "a time zone such as Europe/Paris"),
        ({"pauses": [["2026-01-05T11:00"]]}, "a list of [from, to]"),
        ({"pauses": [["2026-01-05T11:00", "2026-01-05T10:00"]]}, "a list of [from, to]"),
        ({"pauses": 3}, "a list of [from, to]"),
        ({"week": [[]] * 6}, "seven days"),
        ({"week": [[["12:00", "09:00"]]] + [[]] * 6}, "seven days"),
        ({"week": [[]] * 7}, "no opening hours"),
        ({"closures": [["2020-01-01", "9999-01-01"]]}, "closed for good"),
        ({"closures": ["Christmas"]}, "a list of dates"),
        ({"holidays": "59"}, "a zone such as metropole"),
        ({"deadline": "soon"}, "“deadline” is not understood"),
    ],
)
def test_a_bad_case_is_told_and_the_others_are_counted(run, fields, told) -> None:
    code, lines, err = run([{**BASE, **fields, "id": "x"}, BASE])
    assert code == 1
    assert told in lines[0]["error"]
    assert (lines[0]["case"], lines[0]["id"]) == (1, "x")
    assert lines[1]["deadline"] == "2026-01-05T15:30+01:00"
    assert "in error: 1" in err


def test_what_is_no_case_is_told(run) -> None:
    code, lines, _err = run([3, None])
    assert code == 1
    assert all("A case is an object" in line["error"] for line in lines)


def test_a_key_that_means_nothing_is_told(run) -> None:
    code, _lines, err = run([{**BASE, "pause": []}])
    assert code == 0
    assert "left out: pause." in err
