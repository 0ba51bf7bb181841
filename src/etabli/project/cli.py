"""The command line. A table names each command and where its code lives; only the code asked for is imported.

A row's target is ``module:attribute``: a function whose signature typer reads, a typer application, or, when
``raw``, a function that takes the remaining words as they are and returns an exit code.
"""

import importlib
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

from . import commands
from .commands import language, outcome, usage
from .commands.language import _
from .commands.terminal import say


@dataclass(frozen=True)
class Command:
    """One row of the table; a target that begins with a dot is in our own package of commands."""

    target: str
    summary: str
    more: str = ""
    aliases: tuple[str, ...] = ()
    raw: bool = False


COMMANDS: dict[str, Command] = {
    "up": Command(".up:up", _("Prepare everything and start Établi; Ctrl-C stops it"), aliases=("demarrer",)),
    "run": Command(".up:run", _("Start Établi without asking anything (services)"), aliases=("lancer",)),
    "worker": Command(
        ".worker:worker",
        _("Run only the background jobs"),
        _("A job being run is given time to end."),
        ("taches",),
    ),
    "stop": Command(
        ".stop:stop",
        _("Stop the Établi of this data directory"),
        _("Its database stops last."),
        ("arreter",),
    ),
    "doctor": Command(
        ".doctor:doctor", _("Check the installation, say how to mend it"), aliases=("diagnostic",)
    ),
    "backup": Command(
        ".backup:backup",
        _("Save database, files and keys in one file"),
        _("Keep it as safe as the keys it holds."),
        ("sauvegarder",),
    ),
    "restore": Command(
        ".restore:restore",
        _("Restore a backup elsewhere, or verify it"),
        _("It never replaces an Établi that runs."),
        ("restaurer",),
    ),
    "upgrade": Command(
        ".upgrade:upgrade", _("Back up, bring the database up to date, check"), aliases=("maj",)
    ),
    "createadmin": Command(
        ".createadmin:createadmin",
        _("Create an administrator"),
        _(
            "The password is asked on a terminal, read on stdin with --password-stdin, "
            "else drawn and printed on stdout."
        ),
        ("creer-admin",),
    ),
    "demo": Command(".demo:app", _("Load or remove the demonstration company"), aliases=("demonstration",)),
    "inventory": Command(
        "etabli.inventory.commands:app", _("Inventory this machine, load files"), aliases=("inventaire",)
    ),
    "support": Command(
        "etabli.support.commands:app", _("Check the deadlines of the service desk"), aliases=("assistance",)
    ),
    "import": Command(
        ".importing:bring",
        _("Bring in lists of Snipe-IT, GLPI, OCS or a spreadsheet"),
        _("Each file is imported whole or not at all; exit code 4 when a line is in error."),
        ("importer",),
    ),
    "fleet": Command(
        ".fleet:app", _("List, show, add, change the assets, and act on them"), aliases=("parc",)
    ),
    "mail": Command(
        "etabli.support.mail.commands:app", _("Tell what is understood of a mail"), aliases=("courriel",)
    ),
    "screens": Command(".screens:screens", _("List the screens and what each gives"), aliases=("ecrans",)),
    "test": Command(
        ".test:test", _("Install what tests need and run them all"), aliases=("tester",), raw=True
    ),
    "bench": Command(
        ".bench:bench",
        _("Measure and print a table"),
        _("Every group when none is named, on a database of its own; exit code 4 when a target is missed."),
        ("mesurer",),
    ),
    "lock": Command(
        ".lock:lock",
        _("Choose the versions of the Python packages again"),
        _("It writes names, versions and hashes, never addresses."),
        ("verrouiller",),
    ),
    "manage": Command(".manage:manage", _("Any command of Django"), aliases=("django",), raw=True),
}


def main(words: list[str] | None = None) -> int:
    """Run one command; returns the exit code. Errors that have a sentence are printed without a traceback."""
    words = sys.argv[1:] if words is None else words
    os.environ["LANGUAGE"] = language.chosen()  # commands of domains read it, and programs we start
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # a terminal that cannot write “é”
    try:
        return _dispatch(words)
    except BrokenPipeError:  # the reader of our output left, as head does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return outcome.OK
    except (Exception, KeyboardInterrupt) as error:
        code = exit_code(error)
        if code is None:
            raise
        if str(error):
            say(str(error))
        return code


def _dispatch(words: list[str]) -> int:
    if not words or words[0] in ("-h", "--help", "help", "aide"):
        print(_help())
        return outcome.OK
    if words[0] in ("-V", "--version", "version"):
        print(version())
        return outcome.OK
    name = find(words[0])
    if name is None:
        known = [*COMMANDS, *(alias for command in COMMANDS.values() for alias in command.aliases)]
        return _no_command(words[0], known, _("See ./etabli --help."))
    return _run(name, words[1:])


def find(word: str) -> str | None:
    """The command a word names, by its name or one of its aliases."""
    if word in COMMANDS:
        return word
    return next((name for name, command in COMMANDS.items() if word in command.aliases), None)


def load(name: str) -> Any:
    """The code of a command. Raises Failure when this version does not have it."""
    module, attribute = _module(name), COMMANDS[name].target.rpartition(":")[2]
    try:
        return getattr(importlib.import_module(module), attribute)
    except ModuleNotFoundError as error:
        if error.name and (module == error.name or module.startswith(f"{error.name}.")):
            raise outcome.Failure(
                _("This version does not have the command “{name}”.").format(name=name)
            ) from None
        raise


def _module(name: str) -> str:
    module = COMMANDS[name].target.partition(":")[0]
    return f"{commands.__name__}{module}" if module.startswith(".") else module


def _run(name: str, words: list[str]) -> int:
    code = load(name)
    if COMMANDS[name].raw:
        return int(code(words))
    import typer

    command = typer.main.get_command(code if isinstance(code, typer.Typer) else _application(code, name))
    path, under = f"etabli {name}", getattr(command, "commands", {})
    if words and words[0] in under:
        path, command, words = f"{path} {words[0]}", under[words[0]], words[1:]
    elif words and under and not words[0].startswith("-"):
        return _no_command(words[0], list(under), _("See ./etabli {name} --help.").format(name=name))
    if usage.asked(words) or (under and command.no_args_is_help and not words):
        print(_described(command, name, path))
        return outcome.OK if words else outcome.USAGE
    try:
        done = command.main(args=words, prog_name=path, standalone_mode=False)
    except typer.core._click.exceptions.UsageError as error:
        say(" ".join([usage.wrong(error), _("See ./{path} --help.").format(path=path)]))
        return outcome.USAGE
    except typer.Abort:
        return outcome.INTERRUPTED
    return done if isinstance(done, int) else outcome.OK


def _no_command(word: str, known: list[str], otherwise: str) -> int:
    hint = usage.nearest(word, known, otherwise)
    say(" ".join([_("There is no command “{word}”.").format(word=word), hint]))
    return outcome.USAGE


def _described(command: Any, name: str, path: str) -> str:
    row = COMMANDS[name]
    told = language.reader(Path(sys.modules[_module(name)].__file__ or "").parent)
    own = path == f"etabli {name}"
    about = f"{row.summary}. {row.more}".strip() if own else told(command.help or "")
    return usage.described(command, f"./{path}", about, _epilog(), told)


def _application(function: Callable[..., Any], name: str) -> Any:
    import typer

    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    app.command(name=name)(_interruptible(function))
    return app


def _interruptible(function: Callable[..., Any]) -> Callable[..., Any]:
    """typer would turn a Ctrl-C into the exit code of a failure."""

    @wraps(function)
    def call(*arguments: Any, **options: Any) -> Any:
        try:
            return function(*arguments, **options)
        except KeyboardInterrupt:
            raise SystemExit(outcome.INTERRUPTED) from None

    return call


def _epilog() -> str:
    return _(
        "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 something does not answer (database, network), "
        "4 a check failed, 130 interrupted. Data goes to stdout, progress to stderr."
    )


def _help() -> str:
    width = max(len(name) for name in COMMANDS) + 2
    lines = [_("Établi: the workbench of the people who keep a company's computers running."), ""]
    lines += [_("Usage: ./etabli COMMAND [OPTIONS]   (./etabli COMMAND --help tells more)"), ""]
    for name, command in COMMANDS.items():
        lines.append(f"  {name.ljust(width)}{command.summary}  ({', '.join(command.aliases)})")
    return "\n".join([*lines, "", _epilog()])


def version() -> str:
    """The version of Établi."""
    import etabli

    return etabli.__version__


def exit_code(error: BaseException) -> int | None:
    """The exit code of an error whose message says what to do; None: a fault of ours, with its traceback."""
    from etabli.kernel.localpg import PostgresError
    from etabli.kernel.system_account import NoAccount

    from .home import BadDatabaseUrl

    if isinstance(error, outcome.Failure):
        return error.code
    if isinstance(error, KeyboardInterrupt):
        return outcome.INTERRUPTED
    if isinstance(error, BadDatabaseUrl):
        return outcome.USAGE
    if isinstance(error, PostgresError | NoAccount):
        return outcome.UNREACHABLE
    if type(error).__name__ == "OperationalError":  # psycopg's and Django's: the server does not answer
        return outcome.UNREACHABLE
    return None


if __name__ == "__main__":
    sys.exit(main())
