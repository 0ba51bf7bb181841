"""Paper: PDF documents laid out by typst from templates of the domains, tagged for screen readers (PDF/UA-1).

A template is ``<domain>/paper/<name>.typ``; it begins with ``#import "/kernel/paper/theme.typ": *``, where
``it`` is the content given here. Values are shown as text: nothing that people type is read as markup.
"""

import threading
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import typst
from django.http import HttpResponse
from django.utils import formats, timezone, translation
from django.utils.http import content_disposition_header

ROOT = Path(__file__).resolve().parents[1]
MEDIA_TYPE = "application/pdf"


def pdf(template: str, content: Mapping[str, Any], *, organisation: str, reference: str = "") -> bytes:
    """The PDF of a template (``assets/slip``) for some content: what JSON can hold, other values as text.

    ``organisation`` stands at the top of each page, ``reference`` at the bottom. About 0.3 s for a page.
    """
    printed = formats.date_format(timezone.localtime(), "j F Y H:i")
    frame = {
        "organisation": organisation,
        "reference": reference,
        "printed": printed,
        "language": (translation.get_language() or "fr")[:2],
    }
    domain, _slash, name = template.partition("/")
    inputs = {"content": orjson.dumps({**frame, **content}, default=str).decode()}
    compiler = _compiler(str(ROOT / domain / "paper" / f"{name}.typ"))
    with _one_at_a_time:
        return bytes(compiler.compile(format="pdf", sys_inputs=inputs, pdf_standards=["ua-1"]))


_one_at_a_time = threading.Lock()  # a compiler is not made for several threads


@cache
def _compiler(path: str) -> Any:
    """Fonts are looked up once: it is the slow part."""
    return typst.Compiler(path, root=str(ROOT))


def answer(content: bytes, name: str) -> HttpResponse:
    """A PDF to read in the browser, kept under the name when it is saved."""
    response = HttpResponse(content, content_type=MEDIA_TYPE)
    response["Content-Disposition"] = str(content_disposition_header(False, f"{name}.pdf"))
    return response
