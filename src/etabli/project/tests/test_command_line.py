"""The command line: the table of commands, exit codes, streams, language."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from etabli.kernel.localpg import PostgresError
from etabli.project import cli
from etabli.project.commands import instance, language, lock, outcome
from etabli.project.home import BadDatabaseUrl


def run(*words: str, home: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    settings = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path), "LANG": "en_US.UTF-8"}
    if home:
        settings["ETABLI_HOME"] = str(home)
    return subprocess.run(
        [sys.executable, "-m", "etabli.project.cli", *words],
        env={**settings, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def plain(text: str) -> str:
    """Without the no-break spaces of French typography."""
    return text.replace("\u00a0", " ").replace("\u202f", " ")


def test_no_name_or_alias_is_used_twice() -> None:
    words = [*cli.COMMANDS, *(alias for command in cli.COMMANDS.values() for alias in command.aliases)]
    assert len(words) == len(set(words))
    assert all(word.isascii() for word in words)


def test_an_alias_leads_to_its_command() -> None:
    assert cli.find("demarrer") == "up"
    assert cli.find("up") == "up"
    assert cli.find("absent") is None


@pytest.mark.parametrize("name", sorted(cli.COMMANDS))
def test_each_command_has_its_code_or_says_that_this_version_lacks_it(name: str) -> None:
    module = cli.COMMANDS[name].target.partition(":")[0]
    full = f"etabli.project.commands{module}" if module.startswith(".") else module
    if importlib.util.find_spec(full):
        assert callable(cli.load(name))
    else:
        with pytest.raises(outcome.Failure, match=name):
            cli.load(name)


def test_help_lists_every_command_on_stdout() -> None:
    done = run("--help")
    assert done.returncode == outcome.OK
    assert all(f"  {name} " in done.stdout for name in cli.COMMANDS)
    assert done.stderr == ""


def test_an_unknown_command_is_wrong_usage_with_the_nearest_name() -> None:
    done = run("doctro")
    assert done.returncode == outcome.USAGE
    assert "doctor" in done.stderr
    assert done.stdout == ""


def test_a_bad_option_is_wrong_usage() -> None:
    assert run("up", "--port", "0").returncode == outcome.USAGE


HELP = {
    "en_GB.UTF-8": ("Usage: ./etabli up [OPTIONS]", "Options", "Show this help", "Exit codes"),
    "fr_FR.UTF-8": ("Usage : ./etabli up [OPTIONS]", "Options", "Afficher cette aide", "Codes de sortie"),
}


@pytest.mark.parametrize("spoken", sorted(HELP))
def test_the_help_of_a_command_speaks_one_language(spoken: str) -> None:
    done = run("up", "--help", LANG=spoken)
    assert done.returncode == outcome.OK
    assert all(words in plain(done.stdout) for words in HELP[spoken])
    other = next(words for name, words in HELP.items() if name != spoken)
    assert not any(words in plain(done.stdout) for words in other if words != "Options")
    assert "ETABLI_PORT" in done.stdout
    assert "8470" in done.stdout


def test_help_is_french_when_the_machine_says_no_language() -> None:
    done = run("demo", "load", "--help", LANG="")
    assert "Mot de passe des comptes" in done.stdout
    assert "Afficher cette aide" in done.stdout


@pytest.mark.parametrize("name", sorted(name for name, row in cli.COMMANDS.items() if not row.raw))
def test_every_command_and_option_has_help(name: str) -> None:
    import typer

    code = cli.load(name)
    command = typer.main.get_command(code if isinstance(code, typer.Typer) else cli._application(code, name))
    shown = [one for one in [command, *getattr(command, "commands", {}).values()] if not one.hidden]
    for one in shown:
        assert one is command or one.help
        assert [param.name for param in one.params if not param.help] == []


WRONG = [
    ("up --porc", "There is no option “--porc”. Did you mean “--port”?", "Il n’y a pas d’option « --porc »."),
    ("up --port 0", "--port is a number from 1 to 65535.", "--port est un nombre de 1 à 65535."),
    ("up --workers 0", "--workers is a number, 1 or more.", "--workers est un nombre supérieur ou égal à 1."),
    ("up --port", "--port expects a value.", "--port attend une valeur."),
    ("up --demo=1", "--demo takes no value.", "--demo ne prend pas de valeur."),
    ("up now", "Too many words: now.", "Mots en trop : now."),
    ("bench --assets x", "--assets is a whole number.", "--assets est un nombre entier."),
    ("restore", "FILE is missing.", "Il manque FILE."),
    ("restore /nowhere --verify", "FILE: there is no such file.", "FILE : ce fichier n’existe pas."),
    ("demo lod", "There is no command “lod”. Did you mean “load”?", "Il n’y a pas de commande « lod »."),
]


@pytest.mark.parametrize(("words", "english", "french"), WRONG, ids=[words for words, _en, _fr in WRONG])
def test_words_that_are_not_understood_are_told_in_a_sentence(words: str, english: str, french: str) -> None:
    for spoken, sentence in (("en_GB.UTF-8", english), ("fr_FR.UTF-8", french)):
        done = run(*words.split(), LANG=spoken)
        assert done.returncode == outcome.USAGE
        assert sentence in plain(done.stderr)
        assert done.stdout == ""


def test_a_group_without_a_word_tells_its_commands() -> None:
    done = run("inventory")
    assert done.returncode == outcome.USAGE
    assert "  load  Load inventories from files" in done.stdout


def test_a_bad_database_address_is_told_without_a_traceback(tmp_path: Path) -> None:
    done = run("backup", home=tmp_path, DATABASE_URL="mysql://root:secret@localhost/x")
    assert done.returncode == outcome.USAGE
    assert "DATABASE_URL must look like" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_database_that_does_not_answer_is_unreachable_and_its_password_is_not_printed(
    tmp_path: Path,
) -> None:
    done = run("backup", home=tmp_path, DATABASE_URL="postgresql://app:s3cret@127.0.0.1:1/x")
    assert done.returncode == outcome.UNREACHABLE
    assert "s3cret" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (outcome.CheckFailed("different"), outcome.DIFFERENT),
        (PostgresError("does not start"), outcome.UNREACHABLE),
        (BadDatabaseUrl("no"), outcome.USAGE),
        (KeyboardInterrupt(), outcome.INTERRUPTED),
    ],
)
def test_each_error_has_its_exit_code(error: BaseException, code: int) -> None:
    assert cli.exit_code(error) == code


def test_an_error_nobody_foresaw_keeps_its_traceback() -> None:
    assert cli.exit_code(ZeroDivisionError()) is None


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "fr"),
        ({"LANG": "en_GB.UTF-8"}, "en"),
        ({"LANG": "fr_FR.UTF-8"}, "fr"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "fr_FR.UTF-8"}, "fr"),
    ],
)
def test_the_language_is_french_unless_english_is_asked_for(
    environment: dict[str, str], expected: str
) -> None:
    assert language.chosen(environment) == expected


def test_one_process_holds_a_data_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ETABLI_HOME", str(tmp_path))
    assert instance.holder() is None
    with instance.held():
        assert instance.holder() == os.getpid()
        with pytest.raises(instance.AlreadyRunning), instance.held():
            pass
    assert instance.holder() is None


def test_stop_says_that_nothing_runs(tmp_path: Path) -> None:
    done = run("stop", home=tmp_path)
    assert done.returncode == outcome.OK
    assert "Nothing runs" in done.stderr


@pytest.mark.parametrize(
    "line", ["a @ https://example.org/a.whl", "--index-url http://x", "-f\n--find-links /tmp"]
)
def test_a_lock_file_with_an_address_is_refused(tmp_path: Path, line: str) -> None:
    path = tmp_path / "requirements.lock"
    path.write_text(f"django==6.1 \\\n    --hash=sha256:00\n{line}\n")
    with pytest.raises(outcome.Failure, match=r"requirements\.lock.*[34]"):
        lock.check(path)


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_our_lock_files_hold_no_address(name: str) -> None:
    path = Path(cli.__file__).parents[3] / name
    assert "--hash=sha256:" in path.read_text()
    assert lock.addresses(path) == []
