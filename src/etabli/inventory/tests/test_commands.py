"""``inventory here`` and ``inventory load``: data on stdout, progress on stderr, exit codes that scripts can trust."""

import json
from pathlib import Path

import pytest
from django.utils import timezone
from typer.testing import CliRunner, Result

from etabli.inventory import collector, commands
from etabli.kernel.organisations import Organisation
from etabli.kernel.tenancy import opening

from .machines import Fleet, computer


def run(*words: str) -> Result:
    return CliRunner().invoke(commands.app, list(words))


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    (tmp_path / "1.json").write_bytes(computer(1).document())
    (tmp_path / "2.json").write_bytes(computer(2).document())
    return tmp_path


def test_documents_are_loaded_and_each_decision_explained_on_a_line(fleet: Fleet, documents: Path) -> None:
    done = run("load", str(documents), "--organisation", "acme", "--explain")
    assert done.exit_code == 0
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["decision"] for line in lines] == ["created", "created"]
    assert {"file", "asset", "decision", "reason", "warnings"} == set(lines[0])
    assert "2 documents" in done.stderr
    assert [a.name for a in fleet.assets()] == [computer(1).name, computer(2).name]


def test_without_explain_nothing_is_printed_but_progress(fleet: Fleet, documents: Path) -> None:
    done = run("load", str(documents), "--organisation", "Acme")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "2 created" in done.stderr


def test_a_refused_document_is_named_and_the_others_are_loaded(fleet: Fleet, documents: Path) -> None:
    (documents / "3.json").write_text("hello")
    done = run("load", str(documents), "--organisation", "Acme")
    assert done.exit_code == commands.REFUSED
    assert "3.json" in done.stderr
    assert len(fleet.assets()) == 2


def test_an_unknown_organisation_ends_with_the_names_of_the_known_ones(fleet: Fleet, documents: Path) -> None:
    for words in (["--organisation", "Nobody"], []):
        done = run("load", str(documents), *words)
        assert done.exit_code == commands.USAGE
        assert "“Acme”, “Globex”" in done.stderr
        assert done.stdout == ""


def test_the_only_organisation_need_not_be_named(fleet: Fleet, documents: Path) -> None:
    with opening():
        Organisation.objects.filter(pk=fleet.globex.pk).update(archived_at=timezone.now())
    assert run("load", str(documents)).exit_code == 0


def test_this_machine_enters_the_fleet_and_the_second_time_is_itself(fleet: Fleet) -> None:
    first, second = (json.loads(run("here", "--organisation", "Acme").stdout) for _time in range(2))
    assert first["decision"] == "created"
    assert second["asset"] == first["asset"]
    (asset,) = fleet.assets()
    assert asset.name == collector.collect(say=lambda line: None)["content"]["hardware"]["name"]


def test_a_server_that_does_not_answer_is_another_exit_code() -> None:
    done = run("here", "--server", "http://127.0.0.1:9/")
    assert done.exit_code == commands.UNREACHABLE
    assert "could not be reached" in done.stderr
