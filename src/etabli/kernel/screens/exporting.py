"""Exports of a list: CSV, Excel or JSON, of every row the address asks for, columns first then the other fields."""

import csv
import io
import tempfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import orjson
import xlsxwriter
from django.http import FileResponse, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from ..actors import Actor, can
from .columns import capitalised, text_value
from .listing import Listing

if TYPE_CHECKING:
    from .screen import Screen

FORMATS = {"csv": "text/csv; charset=utf-8", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "json": "application/json"}
DANGEROUS = ("=", "+", "-", "@", "\t", "\r")


def offered(screen: "Screen", actor: Actor, query: str) -> list[dict[str, str]]:
    if not can(actor, screen.verb("export")):
        return []
    from django.urls import reverse

    base = reverse(f"{screen.noun}-export")
    return [{"label": f.upper(), "url": f"{base}?{query}&format={f}" if query else f"{base}?format={f}"} for f in FORMATS]


def respond(listing: Listing, kind: str) -> HttpResponse:
    """The file, built inside the scope (a streamed answer would run after it closed)."""
    if kind not in FORMATS:
        kind = "csv"
    file = tempfile.SpooledTemporaryFile(max_size=4 << 20)  # noqa: SIM115  (closed by FileResponse)
    write(listing, kind, file)
    file.seek(0)
    name = f"{listing.screen.slug}-{timezone.localdate().isoformat()}.{kind}"
    return FileResponse(file, as_attachment=True, filename=name, content_type=FORMATS[kind])  # type: ignore[return-value]


def write(listing: Listing, kind: str, file: Any) -> None:
    """Write every row to a binary file."""
    names = field_names(listing.screen)
    rows = rows_of(listing, names)
    {"csv": _csv, "xlsx": _xlsx, "json": _json}[kind](file, listing.screen, names, rows)


def field_names(screen: "Screen") -> list[str]:
    """The exported fields: those of the form, which an import reads back."""
    return ["id", *screen.form_fields]


def rows_of(listing: Listing, names: list[str]) -> Iterator[list[Any]]:
    model = listing.screen.model
    fields: list[Any] = [model._meta.get_field(n) for n in names]
    joins = [f.name for f in fields if f.is_relation]
    rows = listing.ordered()
    for obj in (rows.select_related(*joins) if joins else rows).iterator(chunk_size=1000):
        yield [text_value(f, obj) for f in fields] + [_custom(obj)]


def header(screen: "Screen", names: list[str]) -> list[str]:
    labels = [capitalised(screen.model._meta.get_field(n).verbose_name) for n in names]  # type: ignore[union-attr]
    return [*labels, _("Custom fields")]


def _csv(file: Any, screen: "Screen", names: list[str], rows: Iterator[list[Any]]) -> None:
    """UTF-8 with its mark and semicolons, as a French spreadsheet opens it without asking."""
    text = io.TextIOWrapper(file, "utf-8-sig", newline="", write_through=True)
    writer = csv.writer(text, delimiter=";")
    writer.writerow(header(screen, names))
    writer.writerows([_harmless(v) for v in row] for row in rows)
    text.detach()


def _xlsx(file: Any, screen: "Screen", names: list[str], rows: Iterator[list[Any]]) -> None:
    book = xlsxwriter.Workbook(file, {"constant_memory": True, "remove_timezone": True, "strings_to_formulas": False})
    sheet = book.add_worksheet(screen.title[:31])
    bold, day = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd"})
    sheet.write_row(0, 0, header(screen, names), bold)
    sheet.freeze_panes(1, 1)
    for number, row in enumerate(rows, 1):
        for column, value in enumerate(row):
            if hasattr(value, "year"):
                sheet.write_datetime(number, column, value, day)
            else:
                sheet.write(number, column, value if isinstance(value, int | float | str) else str(value))
    book.close()


def _json(file: Any, screen: "Screen", names: list[str], rows: Iterator[list[Any]]) -> None:
    file.write(b"[")
    for number, row in enumerate(rows):
        record = dict(zip([*names, "custom"], row, strict=True))
        file.write((b",\n" if number else b"\n") + orjson.dumps(record, default=str))
    file.write(b"\n]\n")


def _harmless(value: Any) -> Any:
    """A text that a spreadsheet would run as a formula is quoted (OWASP: CSV injection)."""
    return f"'{value}" if isinstance(value, str) and value.startswith(DANGEROUS) else value


def _custom(obj: Any) -> str:
    values = getattr(obj, "custom", None)
    return orjson.dumps(values).decode() if values else ""
