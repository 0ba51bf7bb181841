"""The text of an HTML mail: lines where a reader sees lines, quotations marked "> " as in a text mail."""

import html
import re
from collections import Counter
from dataclasses import dataclass

import nh3

HEAVY = 600_000  # characters; the parser's time grows with the square of the number of attributes
DEEPEST = 500  # … and of the depth
_BLOCKS = {"p", "div", "tr", "table", "ul", "ol", "li", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "dl", "dt",
           "dd", "blockquote", "address", "section", "article", "header", "footer", "center",
           "form"}  # fmt: skip
_SPACED = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol", "blockquote", "pre"}
_HIDDEN = {"script", "style", "title", "noscript", "template", "textarea", "select", "svg", "math", "object"}
_VOID = {"br", "hr", "img", "input", "meta", "link", "wbr", "area", "base", "col", "embed", "source", "track"}
_OPENED = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:]*)")
_PIECE = re.compile(r"<(/?)([a-z0-9]+)[^>]*>|([^<]+)")
_BARE = re.compile("&(?![a-zA-Z#])")
_TAG = re.compile(r"<[^<>]*>")
_SPACES, _WHITE = re.compile(" {2,}"), re.compile(r"\s+")
_MARKS = 5


def heavy(markup: str) -> bool:
    """Whether this HTML is too long or too deep to be parsed in a time in proportion to it."""
    if len(markup) > HEAVY:
        return True
    depth, opened = 0, Counter[str]()
    for closing, tag in _OPENED.findall(markup):
        name = tag.lower()
        if name in _VOID or (closing and not opened[name]):
            continue
        opened[name] += -1 if closing else 1
        depth += -1 if closing else 1
        if depth > DEEPEST:
            return True
    return False


def tamed(markup: str) -> str:
    """The same HTML with its lone ampersands escaped, which the parser is slow to understand."""
    return _BARE.sub("&amp;", markup)


def text_of_html(markup: str) -> str:
    """The text of a mail's HTML, without what is not shown (styles, scripts)."""
    markup = tamed(markup)
    if heavy(markup):
        return html.unescape(_TAG.sub(" ", markup))
    clean = nh3.clean(markup, tags=_BLOCKS | {"br", "hr"}, attributes={}, clean_content_tags=_HIDDEN)
    lines = _Lines()
    for closing, tag, data in _PIECE.findall(clean):
        if data:
            lines.write(html.unescape(data))
        else:
            lines.tag(tag, closing=bool(closing))
    return lines.text()


@dataclass
class _Line:
    quoted: int
    kept: bool  # its spaces are meant
    pieces: list[str]

    def text(self) -> str:
        written = "".join(self.pieces)
        return written if self.kept else _SPACES.sub(" ", written).strip()


class _Lines:
    """Lines being written, each with its depth of quotation."""

    def __init__(self) -> None:
        self._lines: list[_Line] = []
        self._quoted = self._preformatted = 0
        self._open()

    def _open(self) -> None:
        self._lines.append(_Line(self._quoted, self._preformatted > 0, []))

    def write(self, data: str) -> None:
        first, *others = data.split("\n") if self._preformatted else [_WHITE.sub(" ", data)]
        self._lines[-1].pieces.append(first)
        for line in others:
            self._open()
            self._lines[-1].pieces.append(line)

    def tag(self, name: str, *, closing: bool) -> None:
        if name == "br":
            self._open()
        elif name == "hr":
            self._break()
            self.write("_" * 32)
            self._break()
        else:
            self._break(spaced=name in _SPACED)
            self._preformatted += (name == "pre") * (-1 if closing else 1)
            self._quoted += (name == "blockquote") * (-1 if closing else 1)
            self._lines[-1] = _Line(
                self._quoted, self._preformatted > 0, ["- "] * (name == "li" and not closing)
            )

    def _break(self, *, spaced: bool = False) -> None:
        if self._lines[-1].text():
            self._open()
        if spaced and len(self._lines) > 1 and self._lines[-2].text():
            self._open()

    def text(self) -> str:
        written: list[str] = []
        before, gap = 0, False
        for line in self._lines:
            text = line.text()
            if not text:
                gap = bool(written)
                continue
            if gap:  # one blank line, however many were there
                written.append(_marked("", min(before, line.quoted)))
            written.append(_marked(text, line.quoted))
            before, gap = line.quoted, False
        return "\n".join(written)


def _marked(text: str, quoted: int) -> str:
    return f"{'>' * min(quoted, _MARKS)} {text}".rstrip() if quoted else text
