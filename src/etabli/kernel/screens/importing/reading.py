"""From a row of text to the form of a noun: each column read as its target wants it, names matched to
objects.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import override

from ...text import plain
from ..forms import NounForm, RelatedChoiceField, defaults_of, values_of
from .known import Ambiguous
from .relating import NAME, Relations, Unknown
from .targets import EXTERNAL, INSIDE, blank_form
from .values import DAMAGED, SPREADSHEET_ERRORS, Days, Numbers, is_yes

if TYPE_CHECKING:
    from ..screen import Screen

type Row = Sequence[str]
SHOWN_WORDS = 200


@dataclass
class Column:
    """A column on its way: where it stands, its title, its target (``model__manufacturer`` as a path), its
    reader.
    """

    at: int
    title: str
    path: tuple[str, ...]
    read: Callable[[str], Any]


@dataclass
class Made:
    """What a row became: its form, what was wrong before the form, and what the other tool calls it."""

    form: NounForm
    errors: dict[str, str]
    external: str = ""


class Reader:
    """Turns the rows of one table into bound forms."""

    def __init__(
        self,
        screen: "Screen",
        relations: Relations,
        part: Mapping[str, Any],
        rows: Sequence[Row],
        externals: Mapping[str, int],
    ) -> None:
        self.screen, self.relations, self.externals = screen, relations, dict(externals)
        self.theirs = {key: external for external, key in externals.items()}
        self.words: Mapping[str, Mapping[str, str]] = part.get("words", {})
        self.unknown: Counter[tuple[str, str]] = Counter()
        self.translated: Counter[tuple[str, str]] = Counter()
        self.lost: dict[str, tuple[int, str]] = {}
        self.remarks: list[str] = []
        self.template = blank_form(screen, relations.actor, relations.organisation_id)
        self.fields, self.defaults = self.template.fields, defaults_of(self.template)
        self.known = relations.known(screen.model)
        columns = [
            self._column(at, title, tuple(target.split(INSIDE)), part.get("days", ""), rows)
            for at, (title, target) in enumerate(zip(part["header"], part["mapping"], strict=True))
            if target and target.split(INSIDE)[0] in {*self.fields, EXTERNAL}
        ]
        self.later = [c for c in columns if self._related(c.path[0]) is screen.model]
        self.columns = [c for c in columns if c not in self.later]
        self.relation_order = sorted(
            {c.path[0] for c in self.columns if self._related(c.path[0])},
            key=lambda n: len(relations.known(self._related(n) or screen.model).narrow),
        )

    # -- columns
    def _related(self, name: str) -> type[models.Model] | None:
        field = self.fields.get(name)
        return field.offers if isinstance(field, RelatedChoiceField) else None

    def _column(self, at: int, title: str, path: tuple[str, ...], days: str, rows: Sequence[Row]) -> Column:
        field = self.fields.get(path[0]) if len(path) == 1 else None
        texts = (row[at] for row in rows if row[at])
        read: Callable[[str], Any] = str
        if isinstance(field, forms.BooleanField):
            read = is_yes
        elif isinstance(field, forms.ChoiceField) and not isinstance(field, forms.ModelChoiceField):
            read = _Choices(self, path[0], field).read
        elif isinstance(field, forms.DateField):
            read = self._days(title, Days(texts, days))
        elif isinstance(field, forms.DecimalField):
            read = Numbers(texts, field.decimal_places).read
        elif isinstance(field, forms.IntegerField | forms.FloatField):
            read = Numbers(texts, 0 if isinstance(field, forms.IntegerField) else 6).read
        return Column(at, title, path, read)

    def _days(self, title: str, days: Days) -> Callable[[str], str]:
        if not days.sure:
            order = _("day, month, year") if days.order == "dmy" else _("month, day, year")
            text = _("Dates of “%(title)s” could be read in two ways: taken as %(order)s.")
            self.remarks.append(text % {"title": title, "order": order})
        return days.read

    def values(self, row: Row, columns: Sequence[Column]) -> tuple[dict[str, Any], dict[str, str]]:
        """What the cells say, relations as nested dictionaries, and what is wrong by target."""
        values: dict[str, Any] = {}
        errors: dict[str, str] = {}
        for column in columns:
            text = row[column.at]
            if not text:
                continue  # an empty cell says nothing
            name = column.path[0]
            try:
                self._put(values, column, self._read(column, text))
            except ValueError as error:
                errors[name] = str(error)
        return values, errors

    def _read(self, column: Column, text: str) -> Any:
        if plain(text) in SPREADSHEET_ERRORS:
            raise ValueError(
                _("the spreadsheet shows an error (%(text)s) instead of a value") % {"text": text}
            )
        if (known := self.words.get(INSIDE.join(column.path), {}).get(plain(text))) is not None:
            self.translated[INSIDE.join(column.path), text] += 1
            return known or None  # an empty meaning: leave it out
        if column.read is str and DAMAGED.fullmatch(text):
            return self._damaged(column, text)
        return column.read(text)

    def _damaged(self, column: Column, text: str) -> None:
        """An identifier would be wrong for ever; anything else is left out and told."""
        if column.path[-1] in {*self.known.sure, *self.screen.identity, EXTERNAL} and len(column.path) == 1:
            raise ValueError(
                _("“%(text)s” is a number that a spreadsheet shortened: its last digits are lost in the file")
                % {"text": text}
            )
        count, example = self.lost.get(column.title, (0, text))
        self.lost[column.title] = (count + 1, example)

    def _put(self, values: dict[str, Any], column: Column, value: Any) -> None:
        name, *inside = column.path
        if value is None:
            return
        if not self._related(name):
            values[name] = value
            return
        said = values.setdefault(name, {})
        for step in inside[:-1]:
            said = said.setdefault(step, {})
        model: Any = self._related(name)
        for step in inside[:-1]:
            model = model._meta.get_field(step).related_model
        if not inside:
            said[NAME] = value
        elif model._meta.get_field(inside[-1]).is_relation:
            said.setdefault(inside[-1], {})[NAME] = value
        else:
            said[inside[-1]] = value

    # -- rows
    def made(self, row: Row) -> Made:
        """The bound form of a row, on the existing object when it is recognised."""
        values, errors = self.values(row, self.columns)
        external = str(values.pop(EXTERNAL, ""))[:200]
        self._resolve(values, errors, self.relation_order)
        key = None
        try:
            key = self.object_of(values, external)
        except Ambiguous as error:
            errors.setdefault("name", str(error))
        obj = self.whole(key) if key else None
        base = values_of(self.screen, obj) if obj is not None else self.defaults
        form = self.template.again({**base, **values, "organisation": self.relations.organisation_id}, obj)
        form.imported = True
        form.vouched = self.known.vouched({**base, **values}, key)
        return Made(form, errors, external)

    def again(self, key: int, row: Row) -> Made | None:
        """The form that adds what a row says of other objects of its noun; nothing when it says nothing."""
        values, errors = self.values(row, self.later)
        if not values and not errors:
            return None
        obj = self.whole(key)
        self._resolve(values, errors, [c.path[0] for c in self.later])
        form = self.template.again({**values_of(self.screen, obj), **values}, obj)
        form.imported = True
        form.vouched = frozenset({*self.known.sure, "name", *self.known.narrow})  # the first form asked
        return Made(form, errors)

    def _resolve(self, values: dict[str, Any], errors: dict[str, str], names: Sequence[str]) -> None:
        """Replace what a row says of other objects by their ids."""
        for name in names:
            said = values.pop(name, None)
            model = self._related(name)
            if not said or model is None:
                continue
            if NAME not in said and not any(n in said for n in self.relations.known(model).sure):
                continue  # a manufacturer without a model: nothing to say it of
            try:
                around = {n: values[n] for n in names if isinstance(values.get(n), int)}
                values[name] = self.relations.find(model, said, around)
            except ValueError as error:
                errors[name] = str(error)
                if isinstance(error, Unknown):
                    self.note_unknown(name, str(said.get(NAME, "")))

    def object_of(self, values: Mapping[str, Any], external: str) -> int | None:
        """The id of the object a row is about."""
        if (key := self.externals.get(external)) is not None and key in self.known.facts:
            return key
        told = {n: values.get(n) for n in self.known.sure} | self.known.inside(values)
        key = self.known.find(str(values.get("name", "")), told)
        other = self.theirs.get(key or 0, "") if external else ""
        return None if other and other != external else key

    def whole(self, key: int) -> Any:
        """The object, with what its form and its event read of it."""
        joins = [
            f.name
            for f in self.screen.model._meta.concrete_fields
            if f.is_relation and f.name != "organisation"
        ]
        rows = self.screen.model._default_manager.all()
        return (rows.select_related(*joins) if joins else rows).get(pk=key)

    def learn(self, external: str, key: int) -> None:
        """What the other tool calls an object: later rows of the file find it by that."""
        self.externals[external], self.theirs[key] = key, external

    def note_unknown(self, target: str, text: str) -> None:
        """A word whose meaning somebody must tell."""
        if text and (len(self.unknown) < SHOWN_WORDS or (target, text) in self.unknown):
            self.unknown[target, text] += 1

    def told(self) -> list[str]:
        """Sentences about whole columns."""
        text = _(
            "“%(title)s”: %(n)s numbers such as “%(example)s” were shortened by a spreadsheet: left out."
        )
        return [
            *self.remarks,
            *(text % {"title": t, "n": n, "example": example} for t, (n, example) in self.lost.items()),
        ]


class _Choices:
    """Reads the words of a choice: its value, its label in French or English, or what somebody said they
    mean.
    """

    def __init__(self, reader: Reader, name: str, field: forms.ChoiceField) -> None:
        self.reader, self.name = reader, name
        self.known: dict[str, str] = {}
        for language in ("fr", "en"):
            with override(language):
                choices: Any = field.choices
                for value, label in choices:
                    self.known.setdefault(plain(str(value)), value)
                    self.known.setdefault(plain(str(label)), value)

    def read(self, text: str) -> str:
        if (found := self.known.get(plain(text))) is not None:
            return found
        self.reader.note_unknown(self.name, text)
        raise ValueError(_("“%(text)s” has no meaning here yet: say below what it is.") % {"text": text})
