"""The tools lists come from. Each domain declares those it understands; the page recognises the file and
proposes.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import IO, Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from . import sheets
from .sheets import Sheet, UnreadableSheet

HEAD = 64 * 1024
NO_LIST = re.compile(rb"\A(?:\x1f\x8b|\s*<)|^(?:CREATE TABLE|INSERT INTO) ", re.M)
"""Packed files, XML and dumps of databases: not worth reading whole to look for titles."""


@dataclass(frozen=True)
class Table:
    """A list found in a file and the screen it goes to, with what its source knows of it.

    ``mapping`` holds a target for each column (empty: leave out), ``None`` when the titles must be guessed;
    ``words`` what the words of a target mean; ``days`` the order of dates when the column does not tell.
    """

    slug: str
    title: str
    sheet: Sheet
    mapping: list[str] | None = None
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    days: str = ""


class Delivery:
    """A file as it was given: its name, its first bytes, and its content when somebody needs all of it."""

    def __init__(self, name: str, opened: Callable[[], AbstractContextManager[IO[bytes]]]) -> None:
        self.name, self.opened = name, opened
        with opened() as content:
            self.head = content.read(HEAD)

    @cached_property
    def content(self) -> bytes:
        """All of it. Raises :class:`UnreadableSheet` when it is too large to be a list."""
        with self.opened() as file:
            return file.read(sheets.MOST_BYTES + 1)

    @cached_property
    def sheet(self) -> Sheet:
        """Its first table. Raises :class:`UnreadableSheet`."""
        return sheets.read(self.content)

    @cached_property
    def titles(self) -> frozenset[str]:
        """The titles of its columns as :func:`targets.letters` writes them; empty when it holds no table."""
        from .targets import letters

        if NO_LIST.search(self.head):
            return frozenset()
        try:
            return frozenset(letters(title) for title in self.sheet.header)
        except UnreadableSheet:
            return frozenset()


class Source:
    """A tool we read lists of: how its files are recognised, and what they hold."""

    key: ClassVar[str]
    label: ClassVar[str | Promise]

    def recognises(self, file: Delivery) -> bool:
        """Whether the file looks like one of its own. Never raises."""
        raise NotImplementedError

    def tables(self, file: Delivery, slug: str) -> list[Table]:
        """The lists of the file, those that others name first. Raises :class:`UnreadableSheet` with a
        sentence.

        ``slug`` is the list somebody was looking at, for files that say nothing of what they hold.
        """
        raise NotImplementedError


class Taken(Exception):
    """The file was no list: its source brought it in by another path. ``url`` shows what became of it."""

    def __init__(self, text: str, url: str) -> None:
        super().__init__(text)
        self.text, self.url = text, url


class Bringing(Source):
    """A source whose files are no lists: they go by another path (inventories of machines)."""

    view: ClassVar[str]
    """The name of the page that shows what became of them."""
    verb: ClassVar[str]

    def bring(self, file: Delivery, organisation_id: int) -> Iterator[Mapping[str, Any]]:
        """Bring the file in; one mapping for each object: ``outcome``, ``label``, ``text``."""
        raise NotImplementedError


class Spreadsheet(Source):
    """Any table: columns are recognised by the labels of the form, the rest is asked."""

    key, label = "sheet", gettext_lazy("Any spreadsheet")

    def recognises(self, file: Delivery) -> bool:
        return True

    def tables(self, file: Delivery, slug: str) -> list[Table]:
        return [Table(slug, file.name, file.sheet)]


_sources: dict[str, Source] = {}


def declare(source_class: type[Source]) -> type[Source]:
    """Make a source known; later declared ones are asked first."""
    _sources[source_class.key] = source_class()
    return source_class


def every() -> list[Source]:
    """All of them, any spreadsheet last."""
    return [*reversed(_sources.values())]


def named(key: str) -> Source:
    """The source of this key; any spreadsheet when it is not known any more."""
    return _sources.get(key) or _sources[Spreadsheet.key]


def recognise(file: Delivery) -> Source:
    """The source that the file looks like."""
    return next(source for source in every() if source.recognises(file))


def of_bytes(name: str, content: bytes) -> Delivery:
    """A delivery of bytes already read."""
    import io

    @contextmanager
    def opened() -> Iterator[IO[bytes]]:
        yield io.BytesIO(content)

    return Delivery(name, opened)


declare(Spreadsheet)
