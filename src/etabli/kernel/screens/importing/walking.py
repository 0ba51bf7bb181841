"""Every row of an import, in order, by the one write path: the preview walks like the commit, and is taken
back.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import batched
from typing import Any, Protocol

from django.utils.translation import gettext as _

from ... import externalids
from ...events import Event, difference, snapshot
from ...text import plain
from ..columns import label_of
from ..history import described_changes
from .known import compared
from .reading import Made, Reader
from .relating import Relations, written
from .sheets import Sheet
from .targets import screen_of

SHOWN = 200
OUTCOMES = ("create", "update", "skip", "error")
MOST_REMARKS = 50
Outcome = dict[str, Any]


class Follower(Protocol):
    """Somebody who is told where the work is: a followed job, a terminal."""

    def begin(self, title: str, *, total: int = 0) -> None: ...
    def progress(self, done: int) -> None: ...


@dataclass
class Findings:
    """What a walk met: counts, the rows to show (errors first), what else it made, words nobody explained."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(OUTCOMES, 0))
    shown: list[Outcome] = field(default_factory=list)
    by_part: list[dict[str, int]] = field(default_factory=list)
    also: list[dict[str, Any]] = field(default_factory=list)
    unknown: list[dict[str, Any]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def note(self, outcome: Outcome) -> None:
        """Count a row and keep it when it is among those to show."""
        self.counts[outcome["outcome"]] += 1
        self.by_part[-1][outcome["outcome"]] += 1
        errors = self.counts["error"]
        if (outcome["outcome"] == "error" and errors <= SHOWN) or len(self.shown) < 2 * SHOWN:
            self.shown.append(outcome)

    def preview(self) -> list[Outcome]:
        """The rows to show, errors first."""
        return sorted(self.shown, key=lambda one: one["outcome"] != "error")[:SHOWN]

    def as_json(self) -> dict[str, Any]:
        """What the page says beside the rows."""
        return {
            "parts": self.by_part,
            "also": self.also,
            "unknown": self.unknown,
            "remarks": self.remarks[:MOST_REMARKS],
        }


class Walk:
    """One pass over the parts of an import. ``keeping``: what is written stays; otherwise the caller takes
    it back.

    A preview of rows that nobody else names need not write them; the objects they name are made all the same.
    """

    def __init__(
        self,
        made: Any,
        actor: Any,
        run: Follower | None = None,
        tell: Callable[[Outcome], Any] | None = None,
        *,
        keeping: bool,
    ) -> None:
        self.keeping = keeping or len(made.parts) > 1
        self.made, self.actor, self.run, self.tell = made, actor, run, tell
        self.findings = Findings()
        self.done = 0
        self.relations = Relations(
            actor, made.organisation_id, create_missing=made.create_missing, batch=made.batch
        )

    def through(self, parts: Sequence[tuple[Mapping[str, Any], Sheet]]) -> Findings:
        """Walk every part."""
        for number, (part, sheet) in enumerate(parts):
            _Part(self, number, part, sheet).walk()
        self.findings.also = [
            {"noun": noun, "count": len(names), "names": names[:20]}
            for noun, names in self.relations.made.items()
        ]
        return self.findings

    def step(self) -> None:
        """One more row is done."""
        self.done += 1
        if self.run and self.done % 100 == 0:
            self.run.progress(self.done)


class _Part:
    """One table of the import, in a walk."""

    def __init__(self, walk: Walk, number: int, part: Mapping[str, Any], sheet: Sheet) -> None:
        self.walk_, self.number, self.sheet = walk, number, sheet
        self.made, self.actor = walk.made, walk.actor
        self.screen = screen_of(part["slug"])
        self.seen: dict[Any, int] = {}
        self.learnt: dict[str, int] = {}
        self.before = externalids.known(walk.made.source, self.screen.noun, walk.made.organisation_id)
        self.reader = Reader(self.screen, walk.relations, part, sheet.rows, self.before)
        self.writing = walk.keeping or bool(self.reader.later)
        walk.findings.by_part.append(dict.fromkeys(OUTCOMES, 0))

    def walk(self) -> None:
        if self.reader.later:
            self._twice()
        else:
            for number, row in self._rows():
                outcome, _key = self._row(number, row)
                self._note(number, outcome)
        self._keep_externals()
        found = self.walk_.findings
        found.remarks += self.reader.told()
        words = [*self.reader.unknown.most_common(), *self.reader.translated.most_common()]
        found.unknown += [
            {
                "part": self.number,
                "target": target,
                "text": text,
                "count": count,
                "means": self.reader.words.get(target, {}).get(plain(text), ""),
            }
            for (target, text), count in words[:SHOWN]
        ]

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        return zip(self.sheet.numbers, self.sheet.rows, strict=True)

    def _twice(self) -> None:
        """Rows that name others of the same list (a manager): first all of them, then who belongs to whom."""
        first = [(number, row, *self._row(number, row)) for number, row in self._rows()]
        for number, row, outcome, key in first:
            if key is not None and outcome["outcome"] != "error":
                outcome = self._second(key, row, outcome)
            self._note(number, outcome)

    def _note(self, number: int, outcome: Outcome) -> None:
        told = {"row": number, "noun": self.screen.noun, **outcome}
        self.walk_.findings.note(told)
        if self.walk_.tell:
            self.walk_.tell(told)
        self.walk_.step()

    def _row(self, number: int, row: list[str]) -> tuple[Outcome, int | None]:
        made = self.reader.made(row)
        form, obj = made.form, made.form.instance
        before = snapshot(obj) if obj.pk else {}
        if made.errors or not form.is_valid():
            return self._error(made), None
        key = self._identity(obj, made.external)
        if self.seen.setdefault(key, number) != number:
            text = _("same as row %(row)s") % {"row": self.seen[key]}
            return {"outcome": "error", "label": str(obj), "text": text, "changes": []}, None
        return self._written(made, before, number)

    def _written(self, made: Made, before: dict[str, Any], number: int) -> tuple[Outcome, int | None]:
        form, obj = made.form, made.form.instance
        changes = difference(before, snapshot(obj))
        outcome = "create" if not obj.pk else "update" if changes else "skip"
        told = {"outcome": outcome, "label": str(obj), "text": "", "changes": self._shown(outcome, changes)}
        if outcome != "skip" and self.writing:
            form.before = before
            try:
                obj = written(self.screen, form, self.actor, self.made.batch)
            except ValueError as error:
                return {**told, "outcome": "error", "text": str(error), "changes": []}, None
            self.walk_.relations.wrote(obj)
            self.seen["existing", obj.pk] = number
        if obj.pk:
            self._learn(made.external, obj.pk)
        return told, obj.pk

    def _second(self, key: int, row: list[str], first: Outcome) -> Outcome:
        made = self.reader.again(key, row)
        if made is None:
            return first
        before = snapshot(made.form.instance)
        if made.errors or not made.form.is_valid():
            return self._error(made)
        changes = difference(before, snapshot(made.form.instance))
        if not changes:
            return first
        made.form.before = before
        written(self.screen, made.form, self.actor, self.made.batch)
        outcome = "create" if first["outcome"] == "create" else "update"
        return {**first, "outcome": outcome, "changes": first["changes"] + self._shown(outcome, changes)}

    def _shown(self, outcome: str, changes: Any) -> list[dict[str, str]]:
        if outcome != "update":
            return []
        return described_changes(Event(noun=self.screen.noun, changes=changes))

    def _identity(self, obj: Any, external: str) -> tuple[str, Any]:
        """What tells an object from the others of the file: what it is here, there, or its first filled
        identity.
        """
        if obj.pk:
            return "existing", obj.pk
        if external:
            return "external", external
        known = self.reader.known
        found = ((n, compared(v)) for n in self.screen.identity if (v := getattr(obj, n, None)))
        name, value = next(found, ("row", id(obj)))
        return name, (value, *(getattr(obj, n) for n in known.columns.values())) if name == "name" else value

    def _error(self, made: Made) -> Outcome:
        form, told = made.form, []
        for name, message in made.errors.items():
            told.append(f"{label_of(self.screen, name)} : {message}")
        if not made.errors:
            for name, messages in form.errors.items():
                prefix = "" if name == "__all__" else f"{label_of(self.screen, name)} : "
                told += [prefix + str(m) for m in messages]
        label = str(form.instance or "") or str(form.data.get("name") or "")
        return {"outcome": "error", "label": label[:200], "text": " ".join(told), "changes": []}

    def _learn(self, external: str, key: int) -> None:
        if external and self.before.get(external) != key:
            self.reader.learn(external, key)
            self.learnt[external] = key

    def _keep_externals(self) -> None:
        for some in batched(self.learnt.items(), 1000):
            externalids.keep(
                some,
                source=self.made.source,
                noun=self.screen.noun,
                organisation_id=self.made.organisation_id,
                batch=self.made.batch,
            )
