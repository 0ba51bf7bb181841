"""What an import does: check without writing, write all or nothing, undo."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from ...actors import Actor, require
from ...events import Event, together
from ...files import open_file, store
from ...jobs import Run
from ...tenancy import scope
from ...text import plain
from ..columns import label_of
from ..history import described_changes
from ..memory import remembering
from ..undoing import undo_batch
from . import sheets
from .models import Import
from .reading import Reader, guess

SHOWN = 200
OUTCOMES = ("create", "update", "skip", "error")


class Refused(ValidationError):
    """A row does not pass any more at the moment of writing: nothing was written."""


def begin(screen: Any, *, content: bytes, name: str, organisation_id: int, actor: Actor) -> Import:
    """Keep the file and guess which column goes where. Raises ``UnreadableSheet``."""
    require(actor, screen.verb("import"), organisation_id)
    sheet = sheets.read(content)
    reader = Reader(screen, actor, organisation_id, {}, create_missing=False)
    with scope(organisation_id):
        file = store(content, name=name, actor=actor)
        return Import.objects.create(
            organisation_id=organisation_id,
            slug=screen.slug,
            file=file,
            header=sheet.header,
            samples=sheet.rows[:3],
            mapping=guess(screen, sheet.header, reader.blank()),
            account_id=actor.account_id,
            actor=actor.label[:120],
        )


def check(made: Import, screen: Any, actor: Actor, run: Run | None = None) -> None:
    """Read every row through the form and note what would happen; everything it wrote on the way is taken
    back.
    """
    with scope(made.organisation_id):
        sheet = _sheet(made)
        if run:
            run.begin(_("Check the rows"), total=len(sheet.rows))
        with transaction.atomic(), together(), remembering():
            counts, preview = _walk(made, screen, actor, sheet, run, write=False)
            transaction.set_rollback(True)
    with scope(made.organisation_id):
        made.counts, made.preview, made.state = counts, preview, Import.State.READY
        made.save(update_fields=["counts", "preview", "state"])


def commit(made: Import, screen: Any, actor: Actor, run: Run | None = None) -> None:
    """Write every row in one transaction. Raises :class:`Refused` and writes nothing when one is refused."""
    require(actor, screen.verb("import"), made.organisation_id)
    with scope(made.organisation_id):
        locked = Import.objects.select_for_update().get(pk=made.pk)
        if locked.state == Import.State.DONE:
            return
        sheet = _sheet(made)
        if run:
            run.begin(_("Write the rows"), total=len(sheet.rows))
        with transaction.atomic(), together(), remembering():
            counts, preview = _walk(made, screen, actor, sheet, run, write=True)
            if counts["error"]:
                first = next(p for p in preview if p["outcome"] == "error")
                raise Refused(
                    _("Row %(row)s: %(why)s. Nothing was imported.")
                    % {"row": first["row"], "why": first["text"].rstrip(".")}
                )
        made.counts, made.preview, made.state = counts, preview, Import.State.DONE
        made.save(update_fields=["counts", "preview", "state"])


def take_back(made: Import, actor: Actor, run: Run | None = None) -> int:
    """Undo a committed import, last row first, in one transaction. ``ValidationError`` when later work would
    be lost.
    """
    with scope(made.organisation_id), transaction.atomic():
        if run:
            total = Event.objects.filter(batch=made.batch).count()
            run.begin(_("Undo the rows"), total=total)
        undone = undo_batch(made.batch, actor, run.progress if run else None)
        made.state = Import.State.UNDONE
        made.save(update_fields=["state"])
    return undone


def _walk(
    made: Import, screen: Any, actor: Actor, sheet: sheets.Sheet, run: Run | None, *, write: bool
) -> tuple[dict[str, int], list[Any]]:
    reader = Reader(screen, actor, made.organisation_id, made.mapping, made.create_missing)
    counts: dict[str, int] = dict.fromkeys(OUTCOMES, 0)
    preview: list[dict[str, Any]] = []
    seen: dict[Any, int] = {}
    for number, row in enumerate(sheet.rows, 2):
        result = _row(reader, screen, actor, made, row, write, seen, number)
        counts[result["outcome"]] += 1
        if result["outcome"] == "error" or len(preview) < SHOWN:
            preview.append({"row": number, **result})
        if run and number % 100 == 0:
            run.progress(number - 1)
    preview.sort(key=lambda p: (p["outcome"] != "error", p["row"]))
    return counts, preview[:SHOWN]


def _row(
    reader: Reader,
    screen: Any,
    actor: Actor,
    made: Import,
    row: list[str],
    write: bool,
    seen: dict[Any, int],
    number: int,
) -> dict[str, Any]:
    from ...events import difference, snapshot

    form, errors = reader.form(row)
    obj = form.instance
    before = snapshot(obj) if obj.pk else {}
    if errors or not form.is_valid():
        return _error(screen, form, errors)
    key = ("existing", obj.pk) if obj.pk else _identity(screen, obj)
    if seen.setdefault(key, number) != number:
        text = _("same as row %(row)s") % {"row": seen[key]}
        return {"outcome": "error", "label": str(obj), "text": text, "changes": []}
    changes = difference(before, snapshot(obj))
    outcome = "create" if not obj.pk else "update" if changes else "skip"
    label = str(obj)
    if write and outcome != "skip":
        form.before = before
        saved = screen.save(form, actor, batch=made.batch)
        reader.remember(saved)
        seen["existing", saved.pk] = number
    shown = described_changes(Event(noun=screen.noun, changes=changes)) if outcome == "update" else []
    return {"outcome": outcome, "label": label, "text": "", "changes": shown}


def _identity(screen: Any, obj: Any) -> tuple[str, Any]:
    """What tells a new object from the others of the file: its first filled identity field, else itself."""
    found = ((n, plain(str(v))) for n in screen.identity if (v := getattr(obj, n, None)))
    return next(found, ("row", id(obj)))


def _error(screen: Any, form: Any, errors: dict[str, str]) -> dict[str, Any]:
    told = [f"{label_of(screen, n)} : {e}" for n, e in errors.items()]
    if not errors:
        for name, messages in form.errors.items():
            prefix = "" if name == "__all__" else f"{label_of(screen, name)} : "
            told += [prefix + str(m) for m in messages]
    return {"outcome": "error", "label": str(form.instance or ""), "text": " ".join(told), "changes": []}


def _sheet(made: Import) -> sheets.Sheet:
    with open_file(made.file) as content:
        return sheets.read(content.read())
