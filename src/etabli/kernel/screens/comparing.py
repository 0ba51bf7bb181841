"""Two to four objects of a noun side by side: what differs first, then what is the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import strip_tags
from django.utils.translation import gettext as _

from ..actors import can, require
from .columns import DASH

if TYPE_CHECKING:
    from .screen import Screen

FEWEST, MOST = 2, 4


@dataclass(frozen=True)
class Row:
    """A label and its value for each object; ``differs`` when they are not all the same text."""

    label: str
    values: Sequence[Any]

    @property
    def differs(self) -> bool:
        return len({strip_tags(str(v)).strip() for v in self.values}) > 1


def compare(screen: "Screen", objects: Sequence[Any]) -> list[Row]:
    """Every label any of them has, in the order of the first that has it, those that differ first."""
    told = [{str(label): value for label, value in screen.compared(obj)} for obj in objects]
    labels = dict.fromkeys(label for one in told for label in one)
    rows = [Row(label, [one.get(label, DASH) for one in told]) for label in labels]
    return [*(r for r in rows if r.differs), *(r for r in rows if not r.differs)]


def compare_page(request: Any, screen: "Screen") -> HttpResponse:
    """The rows ticked in a list, or those of the address (``ids``, repeated)."""
    require(request.actor, screen.verb("view"))
    if request.method == "POST":
        ids = "&".join(f"ids={i}" for i in request.POST.getlist("ids") if i.isdecimal() and len(i) < 19)
        return redirect(f"{reverse(f'{screen.noun}-compare')}?{ids}")
    numbers = [int(i) for i in request.GET.getlist("ids") if i.isdecimal() and len(i) < 19]
    joins = [f.name for f in screen.model._meta.concrete_fields if f.many_to_one or f.one_to_one]
    rows = screen.rows(request.actor).filter(pk__in=numbers).select_related(*joins)
    found = {o.pk: o for o in rows[: MOST + 1] if can(request.actor, screen.verb("view"), o)}
    objects = [found[n] for n in dict.fromkeys(numbers) if n in found]
    if numbers and not FEWEST <= len(objects) <= MOST:
        messages.error(request, _("Tick two to four rows to compare them."))
        return redirect(screen.list_url)
    rows_told = compare(screen, objects)
    context = {
        "screen": screen,
        "area": screen.area,
        "title": _("Compare"),
        "objects": [{"label": str(o), "url": screen.url(o)} for o in objects],
        "different": [r for r in rows_told if r.differs],
        "same": [r for r in rows_told if not r.differs],
        "crumbs": [{"label": screen.title, "url": screen.list_url}],
    }
    return TemplateResponse(request, "screens/compare.html", context)
