"""Labels to stick on assets: sheets of A4, rolls, and ZPL for label printers."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from etabli.kernel import documents
from etabli.kernel.actors import Actor
from etabli.kernel.organisations import Organisation
from etabli.kernel.screens import Act
from etabli.kernel.screens.acts import ActForm

from . import codes
from .models import Asset

MOST = 500
ROOM_FOR_TWO = 50
"""Millimetres of width under which two codes would be too fine for the camera of a telephone."""


@dataclass(frozen=True)
class Sheet:
    """A format of labels, in millimetres: how many across and down, their size, and where the first one is.

    A roll is a page of one label.
    """

    key: str
    name: Any
    columns: int
    rows: int
    width: float
    height: float
    left: float = 0
    top: float = 0
    gap: float = 0  # between columns; rows of these sheets touch
    page_width: float = 210
    page_height: float = 297

    @property
    def cells(self) -> int:
        return self.columns * self.rows

    def place(self, cell: int) -> tuple[int, float, float]:
        """Page, and distance from its left and top, of a cell counted from 0 on the first page."""
        page, rest = divmod(cell, self.cells)
        row, column = divmod(rest, self.columns)
        return page, self.left + column * (self.width + self.gap), self.top + row * self.height


# Sizes printed on the boxes; the margins centre the labels on the sheet.
SHEETS = {
    sheet.key: sheet
    for sheet in (
        Sheet("l7160", "Avery L7160 · 63,5 × 38,1 mm · 21", 3, 7, 63.5, 38.1, 7.25, 15.15, 2.5),
        Sheet("l7159", "Avery L7159 · 63,5 × 33,9 mm · 24", 3, 8, 63.5, 33.9, 7.25, 12.9, 2.5),
        Sheet("3474", "Avery 3474 · 70 × 37 mm · 24", 3, 8, 70, 37, 0, 0.5),
        Sheet("l7651", "Avery L7651 · 38,1 × 21,2 mm · 65", 5, 13, 38.1, 21.2, 4.75, 10.7, 2.5),
        Sheet("l4732", "Avery L4732 · 35,6 × 16,9 mm · 80", 5, 16, 35.6, 16.9, 11, 13.3, 2.5),
        Sheet("roll62", gettext_lazy("Roll 62 mm · 62 × 29 mm"), 1, 1, 62, 29, page_width=62, page_height=29),
    )
}
ZPL = "zpl"
DOTS = 8  # a millimetre, at 203 dots an inch
ZPL_WIDTH, ZPL_HEIGHT = 50, 25  # millimetres


class LabelForm(ActForm):
    """Which labels, from which free cell of the first sheet, with which code."""

    sheet = forms.ChoiceField(
        label=gettext_lazy("Format"),
        choices=[
            *((s.key, s.name) for s in SHEETS.values()),
            (ZPL, gettext_lazy("ZPL (Zebra) · 50 × 25 mm")),
        ],
        initial="l7159",
    )
    first = forms.IntegerField(
        label=gettext_lazy("First free label"),
        initial=1,
        min_value=1,
        max_value=80,
        help_text=gettext_lazy("Of a sheet already begun: 1 is the one at the top left, then line by line."),
    )
    symbol = forms.ChoiceField(
        label=gettext_lazy("Code"),
        choices=[
            ("qr", gettext_lazy("QR code: opens the page of the asset")),
            ("matrix", gettext_lazy("Data Matrix: holds the asset tag")),
            ("both", gettext_lazy("both")),
        ],
        initial="qr",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not codes.public_address():
            self.fields["symbol"].help_text = _(
                "The public address is not set (settings, Pages): a telephone will read these QR codes from "
                "the Scan page only, not from its own camera."
            )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        sheet = SHEETS.get(cleaned.get("sheet", ""))
        if sheet and cleaned.get("first", 1) > sheet.cells:
            text = _("This format has %(n)s labels a sheet: give a number up to it.") % {"n": sheet.cells}
            self.add_error("first", text)
        if sheet and cleaned.get("symbol") == "both" and sheet.width < ROOM_FOR_TWO:
            self.add_error("symbol", _("This format is too small for two codes: choose one of them."))
        return cleaned


@dataclass(frozen=True)
class Label:
    """What is on one label. ``code`` is the text of the Data Matrix."""

    address: str
    code: str
    tag: str
    name: str
    organisation: str


def labels_of(assets: QuerySet[Asset]) -> list[Label]:
    """The labels of assets, by name; raises ``ValidationError`` for none, or too many at once."""
    found = list(assets.only("id", "name", "tag", "organisation").order_by("name", "pk")[: MOST + 1])
    if not found:
        raise ValidationError(_("No asset to print a label for: choose some first."))
    if len(found) > MOST:
        raise ValidationError(_("At most %(n)s labels are printed at once: choose fewer.") % {"n": MOST})
    owners = dict(
        Organisation.objects.filter(pk__in={a.organisation_id for a in found}).values_list("pk", "name")
    )
    base = codes.public_address()
    return [
        Label(codes.address_of(a, base), a.tag or a.name, a.tag, a.name, owners.get(a.organisation_id, ""))
        for a in found
    ]


def pdf(labels: list[Label], sheet: Sheet, *, first: int = 1, symbol: str = "qr") -> bytes:
    """The sheets as a PDF; ``first`` is the number of the first free label, from 1."""
    places = [sheet.place(first - 1 + n) for n in range(len(labels))]
    pages: list[list[dict[str, Any]]] = [[] for _page in range(places[-1][0] + 1)]
    for label, (page, left, top) in zip(labels, places, strict=True):
        pages[page].append({"left": left, "top": top, **_content(label, symbol)})
    content = {
        "title": _("Labels"),
        "page": {"width": sheet.page_width, "height": sheet.page_height},
        "label": {"width": sheet.width, "height": sheet.height},
        "pages": pages,
    }
    return documents.pdf("assets/label", content, organisation="")


def _content(label: Label, symbol: str) -> dict[str, Any]:
    drawn = []
    if symbol != "matrix":
        drawn.append({"svg": codes.qr(label.address), "alt": _("QR code of %(name)s") % {"name": label.name}})
    if symbol != "qr":
        alt = _("Data Matrix of %(name)s") % {"name": label.name}
        drawn.append({"svg": codes.data_matrix(label.code), "alt": alt})
    return {
        "symbols": drawn,
        "organisation": label.organisation,
        "tag": label.tag or label.name,
        "name": label.name if label.tag else "",
    }


def zpl(labels: list[Label], *, symbol: str = "qr") -> str:
    """The same for a printer that reads ZPL II, at 203 dots an inch: one format (^XA…^XZ) a label."""
    return "".join(_zpl_of(label, symbol) for label in labels)


def _zpl_of(label: Label, symbol: str) -> str:
    text = 24 * DOTS if symbol != "both" else 2 * DOTS
    fields = [f"^XA^CI28^PW{ZPL_WIDTH * DOTS}^LL{ZPL_HEIGHT * DOTS}"]
    if symbol != "matrix":
        fields.append(f"^FO{2 * DOTS},{2 * DOTS}^BQN,2,4^FH^FDMA,{_field(label.address)}^FS")
    if symbol != "qr":
        left = 2 if symbol == "matrix" else 28
        fields.append(f"^FO{left * DOTS},{2 * DOTS}^BXN,6,200^FH^FD{_field(label.code)}^FS")
    top = 3 if symbol != "both" else 19
    for line, size in ((label.organisation, 18), (label.tag or label.name, 30), (label.name, 20)):
        if line and (symbol != "both" or line == (label.tag or label.name)):
            fields.append(f"^FO{text},{top * DOTS}^A0N,{size},{size}^FH^FD{_field(line[:40])}^FS")
            top += 5
    return "\n".join([*fields, "^XZ\n"])


def _field(text: str) -> str:
    """A text as ZPL data: ^ and ~ begin commands, _ a hexadecimal byte (^FH): they are written as bytes."""
    return "".join(f"_{ord(c):02X}" if c in "^~_\\" else c for c in text if c.isprintable())


def print_labels(assets: QuerySet[Asset], cleaned: dict[str, Any], actor: Actor) -> HttpResponse:
    """The labels of assets as a document to print: PDF, or ZPL text."""
    labels, symbol = labels_of(assets), cleaned["symbol"]
    if cleaned["sheet"] == ZPL:
        response = HttpResponse(zpl(labels, symbol=symbol), content_type="text/plain; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="labels.zpl"'
        return response
    made = pdf(labels, SHEETS[cleaned["sheet"]], first=cleaned["first"], symbol=symbol)
    return documents.answer(made, _("Labels"))


def _print_one(asset: Asset, cleaned: dict[str, Any], actor: Actor) -> HttpResponse:
    return print_labels(Asset.objects.filter(pk=asset.pk), cleaned, actor)


LABELS = Act(
    "labels",
    gettext_lazy("Print labels"),
    "qrcode",
    "asset.label",
    _print_one,
    LabelForm,
    together=print_labels,
)
