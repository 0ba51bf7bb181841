"""``doctor``: one table of what must hold, what was found, and how to mend it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Annotated

import typer

from etabli.kernel.localpg import PostgresError
from etabli.kernel.system_account import NoAccount

from ..home import BadDatabaseUrl
from . import checks_database, checks_machine
from .checks import Check
from .database import served
from .language import _
from .outcome import CheckFailed, Failure
from .terminal import say, table

_KNOWN = (Failure, PostgresError, NoAccount, BadDatabaseUrl)  # their sentence already says what to do


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help=_("Print the table as JSON"))] = False,
) -> None:
    """Check the installation; the exit code is 4 when something must be mended."""
    found = list(_examine())
    if as_json:
        print(json.dumps([asdict(check) for check in found], ensure_ascii=False, indent=1))
    else:
        headings = (_("What"), _("Expected"), _("Found"), _("Result"), _("How to mend it"))
        words = {"ok": _("good"), "warning": _("to see"), "error": _("WRONG")}
        rows = [
            (c.name, c.expected, c.found, words[c.level], "" if c.level == "ok" else c.mend) for c in found
        ]
        table(headings, rows, [check.level for check in found])
    wrong = [check.name for check in found if check.level == "error"]
    if wrong:
        raise CheckFailed(_("To mend: {names}.").format(names=", ".join(wrong)))
    say(_("Everything that must hold, holds."))


def _examine() -> Iterator[Check]:
    yield from _each(checks_machine.CHECKS)
    try:
        with served():
            yield from _each(checks_database.CHECKS)
    except _KNOWN as error:
        yield Check(
            "PostgreSQL", _("answers"), str(error), "error", _("Read the message; then ./etabli doctor")
        )


def _each(checks: tuple[Callable[[], Check], ...]) -> Iterator[Check]:
    """One check that breaks is one bad line, not the end of the examination."""
    for check in checks:
        try:
            yield check()
        except _KNOWN:
            raise
        except Exception as error:
            name = _((check.__doc__ or check.__name__).strip().rstrip("."))
            yield Check(
                name, _("can be checked"), f"{type(error).__name__}: {error}", "error", _("Report this")
            )
