"""Reads a table from a CSV, Excel, OpenDocument or JSON file as rows of text. Knows nothing of nouns."""

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

import python_calamine
from django.utils.translation import gettext as _

from ..exporting import DANGEROUS
from .decoding import decode

MOST_ROWS = 100_000
MOST_COLUMNS = 2_000
MOST_BYTES = 50 << 20
MOST_MERGED = 100_000
TITLES = 15
"""How many lines above the header may hold a title, a date, a filter."""
EXACT = 10**15
"""A spreadsheet keeps fifteen digits of a number; it has replaced the others by zeros."""


class UnreadableSheet(ValueError):
    """The file is not a table we can read; the message says why and what to do."""


@dataclass(frozen=True)
class Sheet:
    """Header cells, all filled and different, and rows of text as wide as it. ``numbers`` is where each row
    is in the file, counted as a spreadsheet counts (from 1).
    """

    header: list[str]
    rows: list[list[str]]
    numbers: list[int]


def read(content: bytes) -> Sheet:
    """The first table of the file. Raises :class:`UnreadableSheet`."""
    if len(content) > MOST_BYTES:
        raise UnreadableSheet(_("This file is larger than 50 MB: split it."))
    table: list[tuple[int, list[str]]] = []
    for number, line in enumerate(_reader_of(content)(content), 1):
        if any(line):
            table.append((number, line))
        if len(table) > MOST_ROWS:
            raise UnreadableSheet(_("This file has more than 100,000 rows: split it."))
    return sheet_of(table)


def sheet_of(table: list[tuple[int, list[str]]]) -> Sheet:
    """A sheet from numbered lines without empty ones: titles above the header are left out."""
    start = _header_at(table)
    if len(table) - start < 2:
        raise UnreadableSheet(_("This file needs a first line with the column names, then at least one row."))
    rows = table[start + 1 :]
    width = max(len(table[start][1]), max(_used(row) for _n, row in rows))
    if width > MOST_COLUMNS:
        raise UnreadableSheet(
            _("This file has %(n)s columns: remove those you do not need, 2,000 can be read.") % {"n": width}
        )
    header = named(table[start][1], width)
    return Sheet(header, [(row + [""] * width)[:width] for _n, row in rows], [number for number, _r in rows])


def named(cells: list[str], width: int) -> list[str]:
    """Titles made different and never empty: a column without one has the letter a spreadsheet gives it."""
    seen: Counter[str] = Counter()
    titles = []
    for number in range(width):
        title = cells[number].strip() if number < len(cells) else ""
        title = title or _("Column %(letter)s") % {"letter": letter(number)}
        seen[title] += 1
        titles.append(title if seen[title] == 1 else f"{title} ({seen[title]})")
    return titles


def letter(number: int) -> str:
    """0 → A, 25 → Z, 26 → AA."""
    name = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        name = chr(65 + rest) + name
    return name


def _header_at(table: list[tuple[int, list[str]]]) -> int:
    """A line of few cells above a much wider one is a title, not a header."""
    first = [sum(1 for cell in line if cell) for _n, line in table[:TITLES]]
    widest = max(first, default=0)
    return next((at for at, filled in enumerate(first) if widest < 3 or filled * 2 > widest), 0)


def _used(row: list[str]) -> int:
    """The width of what is filled; a trailing separator makes no column."""
    return next((at for at in range(len(row), 0, -1) if row[at - 1]), 0)


def _reader_of(content: bytes) -> Callable[[bytes], Iterator[list[str]]]:
    if content[:4] in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0"):
        return _workbook
    return _json if content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"[", b"{") else _csv


def _workbook(content: bytes) -> Iterator[list[str]]:
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        sheet = next((s for s in _visible(book) if s.total_height), None)
        if sheet is None:
            return
        if sheet.total_width > MOST_COLUMNS * 8:
            raise UnreadableSheet(
                _("This file has %(n)s columns: remove those you do not need, 2,000 can be read.")
                % {"n": sheet.total_width}
            )
        rows = [
            [_text(cell) for cell in row]
            for row in sheet.to_python(skip_empty_area=False, nrows=MOST_ROWS + 50)
        ]
        _fill_merged(rows, sheet.merged_cell_ranges or [])
    except UnreadableSheet:
        raise
    except BaseException as error:  # its parser panics on some damaged files, outside Exception
        if isinstance(error, KeyboardInterrupt | SystemExit | MemoryError):
            raise
        raise UnreadableSheet(_("This Excel or OpenDocument file cannot be read (%(why)s).") % {"why": error})
    yield from rows


def _visible(book: python_calamine.CalamineWorkbook) -> Iterator[python_calamine.CalamineSheet]:
    """The sheets people see, first ones first."""
    for about in book.sheets_metadata:
        if about.visible == python_calamine.SheetVisibleEnum.Visible and (
            about.typ == python_calamine.SheetTypeEnum.WorkSheet
        ):
            yield book.get_sheet_by_name(about.name)


def _fill_merged(rows: list[list[str]], ranges: list[tuple[tuple[int, int], tuple[int, int]]]) -> None:
    """A merged cell says the same of every row it covers; the file holds it in the first only."""
    left = MOST_MERGED
    for (top, first), (bottom, _last) in ranges:
        left -= bottom - top
        if left < 0 or top >= len(rows) or first >= len(rows[top]):
            continue
        for row in rows[top + 1 : bottom + 1]:
            if first < len(row):
                row[first] = row[first] or rows[top][first]


def _csv(content: bytes) -> Iterator[list[str]]:
    text = decode(content)
    csv.field_size_limit(1 << 20)
    told = re.match(r"sep=(.)\r?\n", text)  # what Excel writes for itself
    delimiter = told[1] if told else _delimiter(text)
    try:
        for row in csv.reader(
            io.StringIO(text[told.end() :] if told else text, newline=""), delimiter=delimiter
        ):
            yield [_unquoted(_clean(cell)) for cell in row]
    except csv.Error as error:
        raise UnreadableSheet(_("This CSV file cannot be read (%(why)s).") % {"why": error})


def _delimiter(text: str) -> str:
    """What cuts the first lines in the most cells: rows may be ragged and texts full of commas, a header is
    neither.
    """
    lines = [line for line in text[:100_000].splitlines()[: TITLES * 4] if line.strip()][:TITLES]
    return max(";,\t|", key=lambda sign: (_cells(lines[:1], sign), _cells(lines, sign)))


def _cells(lines: list[str], sign: str) -> int:
    try:
        return max((len(row) for row in csv.reader(lines, delimiter=sign)), default=0)
    except csv.Error:
        return 0


def _json(content: bytes) -> Iterator[list[str]]:
    """A list of objects, as our export writes it: its keys are the header."""
    from .records import flat, records_of

    records = [flat(one) for one in records_of(content)]
    header = list(dict.fromkeys(name for record in records for name in record))
    yield header
    for record in records:
        yield [_clean(_text(record.get(name))) for name in header]


def _unquoted(cell: str) -> str:
    """Without what was put around a text to keep a spreadsheet from running or rounding it: ``'=1``,
    ``="007"``.
    """
    if cell[:1] == "'" and cell[1:2] in DANGEROUS:
        return cell[1:]
    return cell[2:-1] if cell.startswith('="') and cell.endswith('"') and len(cell) > 3 else cell


_INVISIBLE = re.compile("[\0\u200b\u200e\u200f\u2060\ufeff]")


def _clean(cell: str) -> str:
    return _INVISIBLE.sub("", cell).strip()


def _text(cell: object) -> str:
    if isinstance(cell, datetime):
        midnight = not (cell.hour or cell.minute or cell.second)
        return cell.date().isoformat() if midnight else cell.isoformat(sep=" ")
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell)) if abs(cell) < EXACT else f"{cell:.5E}"
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return "" if cell is None else _clean(str(cell))
