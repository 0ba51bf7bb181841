"""Rows of a MySQL or MariaDB dump, read as a stream without a server: mysqldump's and phpMyAdmin's
statements.
"""

import re
from collections.abc import Callable, Iterator
from typing import IO

MOST_STATEMENT = 64 << 20
"""A single INSERT longer than this is refused: servers accept 64 MiB by default (max_allowed_packet)."""
CREATE = re.compile(rb"\s*CREATE TABLE (?:IF NOT EXISTS )?`?(\w+)`?\s*\(", re.I)
INSERT = re.compile(rb"\s*(?:INSERT|REPLACE)(?: IGNORE)? INTO `?(\w+)`?\s*(\(([^()]*)\))?\s*VALUES\s*", re.I)
COLUMN = re.compile(rb"\s*`(\w+)`\s")
VALUE = re.compile(
    rb"\s*(?:_\w+\s*)?('(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.|\"\")*\"|NULL|0x[0-9A-F]+|[-+.\w]+)\s*([,)])",
    re.I | re.S,
)
STRING = re.compile(rb"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", re.S)
ESCAPED = re.compile(r"\\(.)|''", re.S)
LETTERS = {"n": "\n", "r": "\r", "t": "\t", "0": "", "b": "", "Z": ""}

type Line = dict[str, str]


class BadDump(ValueError):
    """The file is not a dump that can be read; the message says where."""


def rows(file: IO[bytes], wanted: Callable[[str], bool]) -> Iterator[tuple[str, Line]]:
    """Table and values (text, empty for NULL) of each row of the wanted tables. Raises :class:`BadDump`."""
    columns: dict[str, list[str]] = {}
    for statement in _statements(file, wanted):
        if found := CREATE.match(statement):
            columns[found[1].decode()] = [
                one[1].decode() for line in statement.splitlines()[1:] if (one := COLUMN.match(line))
            ]
        elif found := INSERT.match(statement):
            table = found[1].decode()
            named = re.findall(r"\w+", found[3].decode(errors="replace")) if found[3] else columns.get(table)
            if not named:
                raise BadDump(f"{table}: INSERT before CREATE TABLE")
            for values in _tuples(statement, found.end()):
                yield table, dict(zip(named, values, strict=False))


def _statements(file: IO[bytes], wanted: Callable[[str], bool]) -> Iterator[bytes]:
    """CREATE TABLE and INSERT statements of the wanted tables, whole. Others are skipped line by line."""
    kept: list[bytes] = []
    size = 0
    while line := file.readline(MOST_STATEMENT):
        if not kept:
            found = INSERT.match(line[:2000]) or CREATE.match(line[:500])
            if not found or not wanted(found[1].decode()):
                continue
        kept.append(line)
        size += len(line)
        if size >= MOST_STATEMENT:
            raise BadDump("a statement is longer than 64 MB")
        if line.rstrip().endswith(b";"):
            statement = b"".join(kept)
            if _ended(statement):
                yield statement
                kept, size = [], 0
    if kept:
        raise BadDump("the file ends in the middle of a statement")


def _ended(statement: bytes) -> bool:
    """Whether the last semicolon is outside a string: a text may hold one at the end of a line."""
    rest = STRING.sub(b"", statement)
    return b"'" not in rest and b'"' not in rest


def _tuples(statement: bytes, at: int) -> Iterator[list[str]]:
    while at < len(statement):
        opening = statement.find(b"(", at)
        if opening < 0:
            return
        values, at = _values(statement, opening + 1)
        yield values


def _values(statement: bytes, at: int) -> tuple[list[str], int]:
    values: list[str] = []
    while True:
        found = VALUE.match(statement, at)
        if not found:
            raise BadDump(f"a value cannot be read: {statement[at : at + 40].decode('utf-8', 'replace')}")
        values.append(_text(found[1]))
        at = found.end()
        if found[2] == b")":
            return values, at


def _text(raw: bytes) -> str:
    if raw[:1] not in (b"'", b'"'):
        return "" if raw.upper() == b"NULL" else raw.decode("ascii", "replace")
    try:
        text = raw[1:-1].decode()
    except UnicodeDecodeError:  # tables of old versions, in latin1
        text = raw[1:-1].decode("cp1252", "replace")
    if "\\" in text or "''" in text:
        text = ESCAPED.sub(lambda m: "'" if m[1] is None else LETTERS.get(m[1], m[1]), text)
    return text.replace("\0", "").strip()
