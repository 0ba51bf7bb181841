"""The HTML of a mail made safe to show: an allow-list, no remote image until asked, inline images shown.

What would betray the reader (remote images, styles that fetch) or hurt the page (scripts, forms, styles that
escape their place) is not kept. Links open elsewhere and tell nothing of where they come from.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

import nh3

from .plaintext import heavy, tamed, text_of_html

MOST_LINKS = 5_000
_LONGEST_DATA = 1_000_000
_TAGS = {
    "a", "abbr", "address", "article", "b", "blockquote", "br", "caption", "center", "code", "col",
    "colgroup", "dd", "del", "div", "dl", "dt", "em", "figcaption", "figure", "font", "footer", "h1", "h2",
    "h3", "h4", "h5", "h6", "header", "hr", "i", "img", "ins", "kbd", "li", "mark", "ol", "p", "pre", "q",
    "s", "samp", "section", "small", "span", "strike", "strong", "sub", "sup", "table", "tbody", "td",
    "tfoot", "th", "thead", "tr", "tt", "u", "ul", "wbr",
}  # fmt: skip
_ATTRIBUTES = {
    "*": {"dir", "lang", "title", "align", "style"},
    "a": {"href", "name"},
    "blockquote": {"cite", "type"},
    "font": {"color", "face", "size"},
    "img": {"src", "alt", "width", "height"},
    "ol": {"start", "type"},
    "table": {"border", "cellpadding", "cellspacing", "width", "bgcolor"},
    "td": {"colspan", "rowspan", "width", "valign", "bgcolor"},
    "th": {"colspan", "rowspan", "width", "valign", "bgcolor"},
}
_STYLES = {
    "color", "background-color", "font-weight", "font-style", "font-size", "font-family", "text-align",
    "text-decoration", "white-space", "border", "border-left", "border-color", "border-style", "border-width",
    "padding", "padding-left", "margin-left", "width",
}  # fmt: skip
_HIDDEN = {
    "script",
    "style",
    "title",
    "noscript",
    "template",
    "textarea",
    "select",
    "svg",
    "math",
    "object",
    "iframe",
}
_PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]*$")


@dataclass(frozen=True)
class Cleaned:
    """HTML safe to show, the number of remote images it does not show, and whether it was too much of it:
    then it is the text, as HTML.
    """

    html: str
    blocked: int = 0
    reduced: bool = False


def clean(markup: str, *, pictures: Mapping[str, str] | None = None, remote: bool = False) -> Cleaned:
    """Make HTML safe. ``pictures`` gives the address of each inline image by its content identifier;
    ``remote`` shows the images of elsewhere, once the reader asked.
    """
    markup = tamed(markup)
    if heavy(markup):
        return _reduced(markup)
    images = _Images(pictures or {}, remote=remote)
    made = nh3.clean(
        markup,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=images.keep,
        clean_content_tags=_HIDDEN,
        filter_style_properties=_STYLES,
        url_schemes={"http", "https", "mailto", "tel", "cid", "data"},
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={
            "a": {"target": "_blank"},
            "img": {"loading": "lazy", "referrerpolicy": "no-referrer"},
        },
    )
    return _reduced(markup) if made.count("<a ") > MOST_LINKS else Cleaned(made, images.blocked)


def _reduced(markup: str) -> Cleaned:
    return Cleaned(f"<pre>{escape(text_of_html(markup))}</pre>", reduced=True)


class _Images:
    """Decides the address of each image, and counts those that are not shown."""

    def __init__(self, pictures: Mapping[str, str], *, remote: bool) -> None:
        self._pictures, self._remote, self.blocked = pictures, remote, 0

    def keep(self, tag: str, name: str, value: str) -> str | None:
        """What an attribute becomes; None takes it away."""
        if (tag, name) == ("img", "src"):
            return self._source(value.strip())
        if name in ("href", "cite"):
            return value if value.strip().lower().startswith(("http:", "https:", "mailto:", "tel:")) else None
        if name == "style" and re.search(r"url|image|expression|\\", value, re.I):
            return None
        return value

    def _source(self, value: str) -> str | None:
        scheme = value.partition(":")[0].lower()
        if scheme == "cid":
            return self._pictures.get(value[4:].strip("<> "))
        if scheme == "data":
            return value if len(value) <= _LONGEST_DATA and _PICTURE.match(value) else None
        if scheme in ("http", "https") and self._remote:
            return value
        self.blocked += 1
        return None
