"""``inventory``: this machine into the fleet, or documents from files, by the same path as what agents send.

Exit codes are those of every command: 0 done, 1 failed, 2 wrong usage, 3 something does not answer, 4 some
documents were refused. Models are imported once Django is set up, not before.
"""

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from django.utils import translation
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from etabli.kernel.organisations import Organisation

FAILED, USAGE, UNREACHABLE, REFUSED = 1, 2, 3, 4
app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None
)


def gettext_noop(text: str) -> str:
    """Mark a text of the help for the catalogue; Django's own needs settings, read once a command runs."""
    return text


Into = Annotated[
    str,
    typer.Option("--organisation", metavar="NAME", help=gettext_noop("Organisation to load into")),
]
Server = Annotated[
    str, typer.Option(metavar="URL", help=gettext_noop("Send to this server, as an agent does"))
]
Pin = Annotated[
    str,
    typer.Option(
        "--ca-fingerprint", metavar="sha256$HEX", help=gettext_noop("The only certificate to trust")
    ),
]
Paths = Annotated[
    list[Path], typer.Argument(help=gettext_noop("Documents, or folders of them (JSON or XML)"))
]
Explain = Annotated[
    bool,
    typer.Option("--explain", help=gettext_noop("One JSON object a line: what became of each file, and why")),
]


@app.command(
    name="here", help=gettext_noop("Inventory this machine: into the product installed here, or to a server.")
)
def here(organisation: Into = "", server: Server = "", pin: Pin = "") -> None:
    """Inventory this machine: into the product installed here, or to a server."""
    from . import collector

    known = collector.identity()
    document = collector.collect(known, say=_say)
    if server:
        _send(document, server, known, pin)
        return
    with _working():
        from django.utils import timezone

        from . import actions

        headers = {"GLPI-Agent-ID": known.agent_id, "User-Agent": collector.CLIENT}
        into = _organisation(organisation)
        loaded = actions.load_bytes(
            json.dumps(document).encode(),
            name=known.device_id,
            organisation_id=into.pk,
            now=timezone.now(),
            headers=headers,
        )
    print(json.dumps(loaded.as_json(), ensure_ascii=False))
    if loaded.decision == "refused":
        raise typer.Exit(FAILED)


@app.command(
    name="load",
    help=gettext_noop("Load inventories from files: GLPI Agent, FusionInventory, OCS Inventory."),
)
def load(paths: Paths, organisation: Into = "", explain: Explain = False) -> None:
    """Load inventories from files: GLPI Agent, FusionInventory, OCS Inventory."""
    with _working():
        from django.utils import timezone

        from . import actions

        into = _organisation(organisation)
        begun, decisions = time.monotonic(), dict[str, int]()
        for file in actions.files_of(paths):
            loaded = actions.load(file, organisation_id=into.pk, now=timezone.now())
            decisions[loaded.decision] = decisions.get(loaded.decision, 0) + 1
            if explain:
                print(json.dumps(loaded.as_json(), ensure_ascii=False), flush=True)
            elif loaded.decision == "refused":
                _say(f"{loaded.file}: {loaded.reason}")
    told = ", ".join(f"{count} {decision}" for decision, count in sorted(decisions.items()))
    _say(
        _("%(count)s documents in %(seconds).1f s: %(decisions)s.")
        % {
            "count": sum(decisions.values()),
            "seconds": time.monotonic() - begun,
            "decisions": told or _("none found"),
        }
    )
    if "refused" in decisions:
        raise typer.Exit(REFUSED)


def _send(document: dict[str, Any], server: str, known: Any, pin: str) -> None:
    from . import collector

    try:
        answer = collector.send(document, server, known, fingerprint=pin)
    except collector.Unreachable as error:
        _say(str(error))
        raise typer.Exit(UNREACHABLE) from None
    _say(answer.sentence())
    if not answer.accepted:
        raise typer.Exit(FAILED)


@contextmanager
def _working() -> Iterator[None]:
    """Django set up, and the embedded database served when it is ours."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "etabli.project.settings")
    import django

    django.setup()
    from django.conf import settings
    from django.db import connection

    from etabli.kernel import localpg

    translation.activate(os.environ.get("LANGUAGE") or settings.LANGUAGE_CODE)
    cluster = Path(settings.HOME) / "postgres"
    if Path(str(settings.DATABASES["default"].get("HOST") or "-")) != localpg.socket_directory(cluster):
        yield
        return
    with localpg.serving(cluster):
        try:
            yield
        finally:
            if not connection.in_atomic_block:
                connection.close()


def _organisation(name: str) -> "Organisation":
    """The organisation of this name or short name; the only one when none is named."""
    from etabli.kernel.organisations import Organisation
    from etabli.kernel.tenancy import opening

    with opening():
        known = list(Organisation.objects.filter(archived_at=None).order_by("name"))
    wanted = name.strip().casefold()
    found = [o for o in known if not wanted or wanted in (o.name.casefold(), o.slug)]
    if len(found) == 1:
        return found[0]
    values = {"name": name, "names": ", ".join(f"“{o.name}”" for o in known)}
    if not known:
        _say(_("There is no organisation yet: start Établi and follow the first steps."))
    elif not wanted:
        _say(_("Say which organisation with --organisation NAME. The known ones are %(names)s.") % values)
    else:
        _say(_("There is no organisation named “%(name)s”. The known ones are %(names)s.") % values)
    raise typer.Exit(USAGE)


def _say(sentence: str) -> None:
    """Progress, for the person who waits."""
    print(sentence, file=sys.stderr, flush=True)
