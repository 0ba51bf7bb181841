"""``import``: files of other tools into the lists, by the same path as the page: recognised, checked,
written.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from .application import working
from .language import _
from .outcome import DIFFERENT, USAGE, Failure
from .terminal import say

SOURCES = ("auto", "snipe", "glpi", "glpi-sql", "ocs", "sheet")


class Misused(Failure):
    """The words of the command do not go together."""

    code = USAGE


def bring(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE", help=_("Files of another tool, spreadsheets"))
    ],
    organisation: Annotated[
        str, typer.Option("--organisation", metavar="NAME", help=_("Organisation that they belong to"))
    ] = "",
    source: Annotated[
        str, typer.Option("--source", metavar="TOOL", help=_("auto, snipe, glpi, glpi-sql, ocs or sheet"))
    ] = "auto",
    into: Annotated[
        str,
        typer.Option("--into", "--vers", metavar="LIST", help=_("List of a spreadsheet (assets, people…)")),
    ] = "assets",
    attempt: Annotated[
        bool, typer.Option("--try", "--essai", help=_("Say what would happen, write nothing"))
    ] = False,
    explain: Annotated[
        bool, typer.Option("--explain", "--expliquer", help=_("One JSON object for each line of the files"))
    ] = False,
    leave_out: Annotated[
        bool,
        typer.Option("--leave-out-errors", "--sans-les-erreurs", help=_("Import without the lines in error")),
    ] = False,
    no_missing: Annotated[
        bool,
        typer.Option("--no-missing", "--rien-de-plus", help=_("Create nothing that the files only name")),
    ] = False,
) -> None:
    """Import files of Snipe-IT, GLPI, OCS or any spreadsheet; each file is imported whole or not at all."""
    with working():
        whole = import_files(
            files,
            organisation=organisation,
            source=source,
            into=into,
            attempt=attempt,
            explain=explain,
            leave_out=leave_out,
            create_missing=not no_missing,
        )
    if not whole:
        raise typer.Exit(DIFFERENT)


def import_files(
    files: list[Path],
    *,
    organisation: str,
    source: str = "auto",
    into: str = "assets",
    attempt: bool = False,
    explain: bool = False,
    leave_out: bool = False,
    create_missing: bool = True,
) -> bool:
    """Import each file, one after the other; whether all of them went in. Raises :class:`Misused`."""
    from etabli.kernel.screens import by_slug

    if source not in SOURCES:
        known = ", ".join(SOURCES)
        raise Misused(_("There is no source “{name}”. Known: {known}.").format(name=source, known=known))
    place = _organisation(organisation)
    screen = by_slug(into)
    if screen is None:
        raise Misused(_("There is no list “{name}”.").format(name=into))
    one = _Bringer(place, screen, source, attempt, explain, leave_out, create_missing)
    return all([one.bring(file) for file in files])


def _organisation(name: str) -> Any:
    """The organisation of this name or short name; the only one when none is named."""
    from etabli.kernel.organisations import Organisation
    from etabli.kernel.tenancy import opening

    with opening():
        known = list(Organisation.objects.filter(archived_at=None).order_by("name"))
    wanted = name.strip().casefold()
    found = [o for o in known if not wanted or wanted in (o.name.casefold(), o.slug)]
    if len(found) == 1:
        return found[0]
    names = ", ".join(f"“{o.name}”" for o in known)
    if not known:
        raise Failure(_("There is no organisation yet: start Établi and follow the first steps."))
    if not wanted:
        raise Misused(
            _("Say which organisation with --organisation NAME. The known ones are {names}.").format(
                names=names
            )
        )
    raise Misused(
        _("There is no organisation named “{name}”. The known ones are {names}.").format(
            name=name, names=names
        )
    )


class _Bringer:
    """Imports one file after the other into one organisation."""

    def __init__(
        self,
        place: Any,
        screen: Any,
        source: str,
        attempt: bool,
        explain: bool,
        leave_out: bool,
        missing: bool,
    ) -> None:
        from etabli.kernel.actors import Actor, Place

        self.place, self.screen, self.source = place, screen, source
        self.attempt, self.explain, self.leave_out, self.missing = attempt, explain, leave_out, missing
        where = Place(place.pk, place.name, place.kind, place.parent_id, tuple(place.path))
        self.actor = Actor(None, "Établi", "command", {place.pk: frozenset({"*"})}, {place.pk: where})

    def bring(self, file: Path) -> bool:
        """Whether the file went in whole (or would)."""
        from etabli.kernel.screens.importing.sheets import UnreadableSheet
        from etabli.kernel.screens.importing.sources import Taken

        begun = time.monotonic()
        try:
            with _attempted(self.attempt), file.open("rb") as content:
                counts, sentence = self._imported(file, content)
        except OSError as error:
            return self._refused(file, _("The file cannot be read: {why}.").format(why=error.strerror))
        except Taken as taken:
            say(f"{file.name}: {taken.text}")
            return True
        except UnreadableSheet as error:
            return self._refused(file, str(error))
        told = ", ".join(f"{count} {name}" for name, count in counts.items())
        say(f"{file.name}: {told} ({time.monotonic() - begun:.1f} s). {sentence}".rstrip())
        return not counts.get("error") or self.leave_out

    def _imported(self, file: Path, content: Any) -> tuple[dict[str, int], str]:
        from django.core.exceptions import ValidationError

        from etabli.kernel.screens import by_slug
        from etabli.kernel.screens.importing import actions, sources
        from etabli.kernel.tenancy import scope

        delivery = actions.delivery_of(file.name, content)
        found = sources.recognise(delivery) if self.source == "auto" else sources.named(self.source)
        if isinstance(found, sources.Bringing):
            return self._inventories(file, found.bring(delivery, self.place.pk))
        made = actions.begin(
            self.screen,
            content=content,
            name=file.name,
            organisation_id=self.place.pk,
            actor=self.actor,
            source=found.key,
        )
        with scope(self.place.pk):
            made.create_missing, made.leave_out = self.missing, self.leave_out
            made.save(update_fields=["create_missing", "leave_out"])
        tell = self._teller(file, found.key) if self.explain else None
        screen = by_slug(made.slug)
        try:
            if self.attempt:
                actions.check(made, screen, self.actor, _Progress(), tell)
            else:
                actions.commit(made, screen, self.actor, _Progress(), tell)
        except ValidationError as error:
            counts = getattr(error, "counts", {"error": 1})
            return counts, " ".join(error.messages)
        for one in made.findings.get("also", []):
            say(f"  + {one['count']} {one['noun']}: {', '.join(one['names'][:5])}")
        for remark in made.findings.get("remarks", []):
            say(f"  ! {remark}")
        return made.counts, ""

    def _inventories(self, file: Path, outcomes: Iterator[Any]) -> tuple[dict[str, int], str]:
        counts: Counter[str] = Counter()
        for number, one in enumerate(outcomes, 1):
            counts[one["outcome"]] += 1
            if self.explain:
                print(
                    json.dumps(
                        {"file": str(file), "source": "ocs", "row": number, **one}, ensure_ascii=False
                    ),
                    flush=True,
                )
            elif one["outcome"] == "error":
                say(f"  {one['label']}: {one['text']}")
        return dict(counts), ""

    def _teller(self, file: Path, source: str) -> Callable[[dict[str, Any]], None]:
        def tell(outcome: dict[str, Any]) -> None:
            print(
                json.dumps({"file": str(file), "source": source, **outcome}, ensure_ascii=False, default=str)
            )

        return tell

    def _refused(self, file: Path, why: str) -> bool:
        if self.explain:
            print(json.dumps({"file": str(file), "outcome": "error", "text": why}, ensure_ascii=False))
        say(f"{file.name}: {why}")
        return False


class _Progress:
    """Where the work is, on stderr, every thousand lines."""

    def begin(self, title: str, *, total: int = 0) -> None:
        self.total = total
        if total > 1000:
            say(f"{title} ({total})")

    def progress(self, done: int) -> None:
        if done % 1000 == 0:
            say(f"  {done} / {self.total}")


@contextmanager
def _attempted(attempt: bool) -> Iterator[None]:
    """What is only tried leaves nothing behind, not even the file."""
    from django.db import transaction

    if not attempt:
        yield
        return
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
