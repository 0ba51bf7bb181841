"""``support``: the service desk from a terminal.

Exit codes are those of every command: 0 done, 1 failed, 2 wrong usage, 4 a deadline is not the one expected.
"""

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

FAILED, DIFFERENT = 1, 4
app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None
)


def gettext_noop(text: str) -> str:
    """Mark a text of the help for the catalogue; Django's own needs settings, read once a command runs."""
    return text


File = Annotated[
    Path,
    typer.Argument(
        exists=True, dir_okay=False, help=gettext_noop("JSON: a list of cases, or an object with “vectors”")
    ),
]
Explain = Annotated[
    bool, typer.Option("--explain", "--expliquer", help=gettext_noop("Tell each deadline line by line"))
]


@app.command(
    name="deadlines",
    help=gettext_noop(
        "Print the deadline of each case of a file, one JSON object a line; 4 when one differs."
    ),
)
def deadlines(file: File, explain: Explain = False) -> None:
    """Print the deadline of each case of a file, one JSON object a line; 4 when one differs."""
    _set_up()
    from django.utils.translation import gettext as _

    from .clocks import cases

    try:
        written, common = cases.listed(file.read_bytes())
    except (OSError, cases.BadFile) as error:
        _say(_("%(file)s: %(why)s") % {"file": file, "why": error})
        raise typer.Exit(FAILED) from None
    if unknown := cases.unknown_keys(written):
        _say(_("These keys mean nothing here and are left out: %(keys)s.") % {"keys": ", ".join(unknown)})
    told = [_told(number, one, common, explain) for number, one in enumerate(written, 1)]
    for one in told:
        print(json.dumps(one, ensure_ascii=False))
    wrong = sum("error" in one for one in told)
    different = sum(one.get("equal") is False for one in told)
    _say(
        _("Cases: %(cases)s; as expected: %(equal)s; different: %(different)s; in error: %(wrong)s.")
        % {
            "cases": len(told),
            "equal": sum(one.get("equal") is True for one in told),
            "different": different,
            "wrong": wrong,
        }
    )
    if wrong or different:
        raise typer.Exit(FAILED if wrong else DIFFERENT)


def _told(number: int, written: Any, common: dict[str, Any], explain: bool) -> dict[str, Any]:
    """What is said of a case: its number in the file, its name, its deadline or what is wrong with it."""
    from .clocks import cases

    named = written if isinstance(written, dict) else {}
    told = {"case": number, **{key: named[key] for key in ("id", "name") if key in named}}
    try:
        case = cases.read(written, common)
        solution = case.solve()
        told["deadline"] = solution.told()
        if "deadline" in named:
            told |= {
                "expected": named["deadline"],
                "equal": cases.expected(named, case) == solution.due,
            }
    except cases.BadCase as error:
        return {**told, "error": str(error)}
    if explain:
        told["explanation"] = solution.explanation()
    return told


def _set_up() -> None:
    """Django without its database, for the sentences."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "etabli.project.settings")
    import django

    django.setup()
    from django.conf import settings
    from django.utils import translation

    translation.activate(os.environ.get("LANGUAGE") or settings.LANGUAGE_CODE)


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


# the word people type in French
app.command(name="echeances", hidden=True)(deadlines)
