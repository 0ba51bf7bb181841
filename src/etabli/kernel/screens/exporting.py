"""Exports of a list: CSV, Excel or JSON, of every row the address asks for, columns first then the other
fields.
"""

import csv
import io
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from html import unescape
from typing import TYPE_CHECKING, Any

import orjson
import xlsxwriter
from django.http import FileResponse, HttpResponse
from django.utils import timezone
from django.utils.html import strip_tags
from django.utils.translation import gettext as _

from .. import customfields, documents
from ..actors import Actor, can
from ..tenancy import visible
from .columns import capitalised, text_value
from .filters import chips, described
from .listing import Listing

if TYPE_CHECKING:
    from .screen import Screen

FORMATS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
    "pdf": documents.MEDIA_TYPE,
}
MOST_ON_PAPER = 2_000  # rows; typst lays out some 700 a second
EXCEL_BEGINS = 1900  # its calendar knows no earlier day: those go as text
DANGEROUS = ("=", "+", "-", "@", "\t", "\r")


def offered(screen: "Screen", actor: Actor, query: str) -> list[dict[str, str]]:
    if not can(actor, screen.verb("export")):
        return []
    from django.urls import reverse

    base = reverse(f"{screen.noun}-export")
    return [
        {"label": f.upper(), "url": f"{base}?{query}&format={f}" if query else f"{base}?format={f}"}
        for f in FORMATS
    ]


def respond(listing: Listing, kind: str) -> HttpResponse:
    """The file, built inside the scope (a streamed answer would run after it closed).

    Raises :class:`TooLong` for a PDF of more rows than anybody reads on paper.
    """
    if kind not in FORMATS:
        kind = "csv"
    if kind == "pdf" and listing.count > MOST_ON_PAPER:
        told = _(
            "A PDF holds at most %(most)s rows, and the list has %(count)s: narrow it, or export to XLSX."
        )
        raise TooLong(told % {"most": MOST_ON_PAPER, "count": listing.count})
    file = tempfile.SpooledTemporaryFile(max_size=4 << 20)  # noqa: SIM115  (closed by FileResponse)
    write(listing, kind, file)
    file.seek(0)
    name = f"{listing.screen.slug}-{timezone.localdate().isoformat()}.{kind}"
    return FileResponse(file, as_attachment=True, filename=name, content_type=FORMATS[kind])  # type: ignore[return-value]


class TooLong(ValueError):
    """The list is too long for this format; the message says what to do."""


def paper(listing: Listing) -> bytes:
    """The list on paper: the columns that the reader chose, as text."""
    columns = listing.columns
    rows = [[_plain(c.cell(obj)) for c in columns] for obj in listing.full(listing.ordered())[:MOST_ON_PAPER]]
    chosen = " · ".join(
        f"{c['label']} : {c['value']}"
        for c in chips(described(listing.filters, listing.query), listing.query)
    )
    places = [listing.actor.places[o].name for o in visible() if o in listing.actor.places]
    content = {
        "title": listing.screen.title,
        "subtitle": chosen or _("The whole list: %(count)s rows") % {"count": listing.count},
        "header": [str(c.label) for c in columns],
        "rows": rows,
    }
    return documents.pdf("kernel/list", content, organisation=", ".join(places[:4]))


def _plain(cell: str) -> str:
    """The words of a cell, its lines apart."""
    return " ".join(unescape(strip_tags(str(cell).replace("<small>", " · <small>"))).split()).removesuffix(
        " ·"
    )


def write(listing: Listing, kind: str, file: Any) -> None:
    """Write every row to a binary file."""
    if kind == "pdf":
        file.write(paper(listing))
        return
    columns = columns_of(listing.screen)
    {"csv": _csv, "xlsx": _xlsx, "json": _json}[kind](file, columns, rows_of(listing, columns))


@dataclass(frozen=True)
class Exported:
    """A column of the file: its name (for programs), its label (for people), its value; an import reads it
    back.
    """

    name: str
    label: str
    value: Callable[[Any], Any]
    related: bool = False


def columns_of(screen: "Screen") -> list[Exported]:
    """The number, the fields of the form, then the organisations' own fields."""
    own = customfields.fields_of(screen.noun, visible()) if screen.has_custom_fields else []
    return [_of_field(screen, name) for name in ["id", *screen.form_fields]] + [
        _of_custom(one) for one in own
    ]


def _of_field(screen: "Screen", name: str) -> Exported:
    field: Any = screen.model._meta.get_field(name)
    return Exported(
        name, capitalised(field.verbose_name), lambda obj: _local(text_value(field, obj)), field.is_relation
    )


def _of_custom(one: Any) -> Exported:
    return Exported(
        one.key, one.label, lambda obj: "" if (value := obj.custom.get(one.key)) is None else value
    )


def _local(value: Any) -> Any:
    """Moments as the reader's clock shows them, which is how an import understands them."""
    return (
        timezone.localtime(value).replace(tzinfo=None, microsecond=0)
        if isinstance(value, datetime)
        else value
    )


def rows_of(listing: Listing, columns: Sequence[Exported]) -> Iterator[list[Any]]:
    joins = [c.name for c in columns if c.related]
    rows = listing.ordered()
    for obj in (rows.select_related(*joins) if joins else rows).iterator(chunk_size=1000):
        yield [column.value(obj) for column in columns]


def _csv(file: Any, columns: Sequence[Exported], rows: Iterator[list[Any]]) -> None:
    """UTF-8 with its mark and semicolons, as a French spreadsheet opens it without asking."""
    text = io.TextIOWrapper(file, "utf-8-sig", newline="", write_through=True)
    writer = csv.writer(text, delimiter=";")
    writer.writerow(_harmless(c.label) for c in columns)
    writer.writerows([_harmless(v) for v in row] for row in rows)
    text.detach()


def _xlsx(file: Any, columns: Sequence[Exported], rows: Iterator[list[Any]]) -> None:
    plain_text = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(file, {"constant_memory": True, **plain_text})
    sheet = book.add_worksheet()
    bold, day = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd"})
    moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    sheet.write_row(0, 0, [c.label for c in columns], bold)
    sheet.freeze_panes(1, 1)
    for number, row in enumerate(rows, 1):
        for column, value in enumerate(row):
            if isinstance(value, date) and value.year >= EXCEL_BEGINS:
                sheet.write_datetime(number, column, value, moment if isinstance(value, datetime) else day)
            else:
                sheet.write(number, column, value if isinstance(value, int | float | str) else str(value))
    book.close()


def _json(file: Any, columns: Sequence[Exported], rows: Iterator[list[Any]]) -> None:
    names = [c.name for c in columns]
    file.write(b"[")
    for number, row in enumerate(rows):
        record = dict(zip(names, row, strict=True))
        file.write((b",\n" if number else b"\n") + orjson.dumps(record, default=str))
    file.write(b"\n]\n")


def _harmless(value: Any) -> Any:
    """A text that a spreadsheet would run as a formula is quoted (OWASP: CSV injection)."""
    return f"'{value}" if isinstance(value, str) and value.startswith(DANGEROUS) else value
