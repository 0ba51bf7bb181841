"""Reads a table from a CSV, Excel or OpenDocument file as rows of text. Knows nothing of nouns."""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

import orjson
import python_calamine
from django.utils.translation import gettext as _

from ..exporting import DANGEROUS

MOST_ROWS = 100_000
MOST_BYTES = 50 << 20


class UnreadableSheet(ValueError):
    """The file is not a table we can read; the message says why and what to do."""


@dataclass(frozen=True)
class Sheet:
    """Header cells, and rows of text as wide as the header. Row numbers shown to people start at 2."""

    header: list[str]
    rows: list[list[str]]


def read(content: bytes) -> Sheet:
    """The first table of the file. Raises :class:`UnreadableSheet`."""
    if len(content) > MOST_BYTES:
        raise UnreadableSheet(_("This file is larger than 50 MB: split it."))
    lines = _reader_of(content)(content)
    table: list[list[str]] = []
    for line in lines:
        if any(line):
            table.append(line)
        if len(table) > MOST_ROWS:
            raise UnreadableSheet(_("This file has more than 100,000 rows: split it."))
    if len(table) < 2:
        raise UnreadableSheet(_("This file needs a first line with the column names, then at least one row."))
    header = [cell.strip() for cell in table[0]]
    width = len(header)
    return Sheet(header, [(row + [""] * width)[:width] for row in table[1:]])


def _reader_of(content: bytes) -> Callable[[bytes], Iterator[list[str]]]:
    if content[:4] in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0"):
        return _workbook
    return _json if content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"[" else _csv


def _workbook(content: bytes) -> Iterator[list[str]]:
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        rows = book.get_sheet_by_index(0).to_python(skip_empty_area=True)
    except Exception as error:
        raise UnreadableSheet(_("This Excel or OpenDocument file cannot be read (%(why)s).") % {"why": error})
    for row in rows:
        yield [_text(cell) for cell in row]


def _csv(content: bytes) -> Iterator[list[str]]:
    text = _decode(content).replace("\0", "")
    csv.field_size_limit(1 << 20)
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text)):
            yield [_unquoted(cell.strip()) for cell in row]
    except csv.Error as error:
        raise UnreadableSheet(_("This CSV file cannot be read (%(why)s).") % {"why": error})


def _delimiter(text: str) -> str:
    """What cuts the header in the most cells: rows may be ragged and texts full of commas, a header is
    neither.
    """
    header = next((line for line in text.splitlines() if line.strip()), "")
    return max(";,\t|", key=lambda sign: len(next(csv.reader([header], delimiter=sign), [])))


def _json(content: bytes) -> Iterator[list[str]]:
    """A list of flat objects, as our export writes it: its keys are the header."""
    try:
        records = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise UnreadableSheet(_("This JSON file cannot be read (%(why)s).") % {"why": error})
    if not isinstance(records, list) or not all(isinstance(r, dict) for r in records):
        raise UnreadableSheet(_("A JSON file must be a list of objects, one for each row."))
    header = list(dict.fromkeys(name for record in records for name in record))
    yield header
    for record in records:
        yield [_text(record.get(name)) for name in header]


def _unquoted(cell: str) -> str:
    """Without the quote that our exports put before what a spreadsheet would run."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in DANGEROUS else cell


def _decode(content: bytes) -> str:
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1")


def _text(cell: object) -> str:
    if isinstance(cell, datetime):
        return (
            cell.date().isoformat()
            if not (cell.hour or cell.minute or cell.second)
            else cell.isoformat(sep=" ")
        )
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else str(cell).strip()
