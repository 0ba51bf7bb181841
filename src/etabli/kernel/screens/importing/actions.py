"""What an import does: recognise, check without keeping anything, write all or nothing, undo."""

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import IO, Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from ... import externalids
from ...actors import Actor, require
from ...events import Event, together
from ...files import FileTooLarge, open_file, store
from ...secrets import MASK, EncryptedTextField
from ...tenancy import scope
from .. import by_slug
from ..memory import remembering, trusting
from ..undoing import undo_batch
from . import memories, sources
from .models import Import
from .relating import Lost
from .sheets import Sheet, UnreadableSheet
from .sources import Bringing, Delivery, Source, Table
from .targets import blank_form, guess
from .walking import Findings, Follower, Outcome, Walk

SAMPLES = 3
Content = bytes | IO[bytes]
Tell = Callable[[Outcome], Any]


class Refused(ValidationError):
    """Some rows do not pass at the moment of writing: nothing was written. ``counts`` says how many."""

    counts: dict[str, int] = {}


def begin(
    screen: Any, *, content: Content, name: str, organisation_id: int, actor: Actor, source: str = "auto"
) -> Import:
    """Keep the file, recognise where it comes from and which column goes where. Raises ``UnreadableSheet``,
    or ``Taken`` when it was no list and went in by another path.
    """
    require(actor, screen.verb("import"), organisation_id)
    file = delivery_of(name, content)
    found = sources.named(source) if source != "auto" else sources.recognise(file)
    if isinstance(found, Bringing):
        require(actor, found.verb, organisation_id)
        raise _brought(found, file, organisation_id)
    with scope(organisation_id):
        parts = _parts(found, file, screen, actor, organisation_id)
        try:
            with file.opened() as kept_content:
                kept = store(kept_content, name=name, actor=actor)
        except FileTooLarge as error:
            raise UnreadableSheet(str(error))
        return Import.objects.create(
            organisation_id=organisation_id,
            slug=parts[-1]["slug"],
            source=found.key,
            file=kept,
            parts=parts,
            account_id=actor.account_id,
            actor=actor.label[:120],
        )


def _brought(found: Bringing, file: Delivery, organisation_id: int) -> sources.Taken:
    outcomes = list(found.bring(file, organisation_id))
    refused = [one for one in outcomes if one["outcome"] == "error"]
    if refused and len(refused) == len(outcomes):
        raise UnreadableSheet(str(refused[0]["text"]))
    text = _("%(n)s inventories read, %(refused)s refused.") % {"n": len(outcomes), "refused": len(refused)}
    return sources.Taken(text, reverse(found.view))


def delivery_of(name: str, content: Content) -> Delivery:
    """The file as sources look at it, from bytes or from a file that can be read again."""
    if isinstance(content, bytes):
        return sources.of_bytes(name, content)

    @contextmanager
    def opened() -> Any:
        content.seek(0)
        yield content

    return Delivery(name, opened)


def _parts(
    found: Source, file: Delivery, screen: Any, actor: Actor, organisation_id: int
) -> list[dict[str, Any]]:
    tables = found.tables(file, screen.slug)
    if not tables:
        raise UnreadableSheet(_("This file holds nothing that has a place here."))
    parts = []
    for table in tables:
        target = by_slug(table.slug)
        if target is None or not (target.importable and target.adds):
            raise UnreadableSheet(
                _("This version has no list for what this file holds (%(list)s).") % {"list": table.slug}
            )
        require(actor, target.verb("import"), organisation_id)
        part = part_of(table, target, actor, organisation_id)
        memories.recall(part, source=found.key, organisation_id=organisation_id)
        parts.append(part)
    return parts


def part_of(table: Table, screen: Any, actor: Actor, organisation_id: int) -> dict[str, Any]:
    """A table as an import keeps it."""
    blank = blank_form(screen, actor, organisation_id)
    mapping = guess(screen, table.sheet.header, blank) if table.mapping is None else table.mapping
    return {
        "slug": table.slug,
        "title": table.title,
        "header": table.sheet.header,
        "samples": _samples(table.sheet, [at for at, to in enumerate(mapping) if _secret(screen, to)]),
        "mapping": mapping,
        "words": {n: dict(words) for n, words in table.words.items()},
        "days": table.days,
        "total": len(table.sheet.rows),
    }


def _secret(screen: Any, target: str) -> bool:
    fields = screen.model._meta.concrete_fields
    return any(f.name == target and isinstance(f, EncryptedTextField) for f in fields)


def _samples(sheet: Sheet, hidden: Collection[int]) -> list[list[str]]:
    """The first values of each column that are filled and different, cut short; those of a secret hidden."""
    samples: list[list[str]] = []
    for at in range(len(sheet.header)):
        if at in hidden:
            samples.append([MASK])
            continue
        values = dict.fromkeys(row[at][:60] for row in sheet.rows[:200] if row[at])
        samples.append(list(values)[:SAMPLES])
    return samples


def change_source(made: Import, screen: Any, source: str, actor: Actor) -> None:
    """Read the file as another tool's. Raises ``UnreadableSheet``."""
    with scope(made.organisation_id):
        found = sources.named(source)
        made.parts = _parts(found, _delivery(made), screen, actor, made.organisation_id)
        made.source, made.state, made.slug = found.key, Import.State.MAPPING, made.parts[-1]["slug"]
        made.save(update_fields=["parts", "source", "state", "slug"])


def check(
    made: Import,
    screen: Any,
    actor: Actor,
    run: Follower | None = None,
    tell: Tell | None = None,
) -> None:
    """Write every row as the import would, note what happened, and take everything back."""
    with scope(made.organisation_id):
        found = _walk(made, actor, run, tell, _("Check the rows"), keeping=False)
    with scope(made.organisation_id):
        made.counts, made.preview, made.state = found.counts, found.preview(), Import.State.READY
        made.findings = found.as_json()
        made.save(update_fields=["counts", "preview", "findings", "state"])


def commit(
    made: Import,
    screen: Any,
    actor: Actor,
    run: Follower | None = None,
    tell: Tell | None = None,
) -> None:
    """Write every row in one transaction. Raises :class:`Refused` and writes nothing when one is refused,
    unless the lines in error are to be left out.
    """
    require(actor, screen.verb("import"), made.organisation_id)
    with scope(made.organisation_id):
        locked = Import.objects.select_for_update().get(pk=made.pk)
        if locked.state == Import.State.DONE:
            return
        found = _walk(made, actor, run, tell, _("Write the rows"), keeping=True)
        for part in made.parts:
            memories.keep(part, source=made.source, organisation_id=made.organisation_id)
        made.counts, made.preview, made.state = found.counts, found.preview(), Import.State.DONE
        made.findings = found.as_json()
        made.save(update_fields=["counts", "preview", "findings", "state"])


def _refuse_errors(made: Import, found: Findings) -> None:
    if found.counts["error"] and not made.leave_out:
        first = found.preview()[0]
        refused = Refused(
            _("Row %(row)s: %(why)s. Nothing was imported.")
            % {"row": first["row"], "why": first["text"].rstrip(".")}
        )
        refused.counts = found.counts
        raise refused


def take_back(made: Import, actor: Actor, run: Follower | None = None) -> int:
    """Undo a committed import, last row first, in one transaction; what it created beside its rows goes too.
    ``ValidationError`` when later work would be lost.
    """
    with scope(made.organisation_id), transaction.atomic():
        if run:
            total = Event.objects.filter(batch=made.batch).count()
            run.begin(_("Undo the rows"), total=total)
        undone = undo_batch(made.batch, actor, run.progress if run else None)
        externalids.forget(made.batch, made.organisation_id)
        made.state = Import.State.UNDONE
        made.save(update_fields=["state"])
    return undone


def _walk(
    made: Import, actor: Actor, run: Follower | None, tell: Tell | None, title: str, *, keeping: bool
) -> Findings:
    """Walk in a transaction of its own, taken back unless ``keeping`` or when a row is refused then.

    Without savepoints first. The forms have checked everything, so the database hardly ever refuses; when it
    does, the walk begins again with them, to say which row it was.
    """
    tables = tables_of(made)
    if run:
        run.begin(title, total=sum(len(sheet.rows) for _part, sheet in tables))
    try:
        found, lines = _walked(made, actor, run, tables, keeping, trusting())
    except Lost:
        found, lines = _walked(made, actor, run, tables, keeping, nullcontext())
    for line in lines if tell else ():
        tell(line)  # type: ignore[misc]
    if keeping:
        _refuse_errors(made, found)
    return found


def _walked(
    made: Import,
    actor: Actor,
    run: Follower | None,
    tables: Any,
    keeping: bool,
    manner: AbstractContextManager[None],
) -> tuple[Findings, list[Outcome]]:
    lines: list[Outcome] = []
    with transaction.atomic(), together(), remembering(), manner:
        found = Walk(made, actor, run, lines.append, keeping=keeping).through(tables)
        if not keeping or (found.counts["error"] and not made.leave_out):
            transaction.set_rollback(True)
    return found, lines


def tables_of(made: Import) -> list[tuple[dict[str, Any], Sheet]]:
    """Each part with its rows, read again from the file kept."""
    tables = sources.named(made.source).tables(_delivery(made), made.slug)
    return [(part, table.sheet) for part, table in zip(made.parts, tables, strict=True)]


def _delivery(made: Import) -> Delivery:
    return Delivery(made.file.name, lambda: open_file(made.file))
