"""The pages of a stocktake beside its screen: counting, what moves meanwhile, the report."""

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.db.models import Count, Q, Sum
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import formats, timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from etabli.kernel import documents, live
from etabli.kernel.actors import Actor, can, require
from etabli.kernel.organisations import Organisation
from etabli.kernel.screens import by_noun
from etabli.kernel.screens.pages import the_object

from . import counting
from .models import Stocktake, StocktakeLine
from .scan_pages import codes_sent, scanning_page, wants_json

Status = StocktakeLine.Status
SHOWN = 60
MOST_PRINTED = 2000


def progress(stocktake: Stocktake) -> dict[str, int]:
    """How many lines of each kind, and what share of the expected was seen: one query."""
    found = stocktake.lines.aggregate(
        n_expected=Count("pk", filter=Q(expected=True)),
        n_seen=Count("pk", filter=Q(expected=True, seen_at__isnull=False)),
        **{f"n_{name}": Count("pk", filter=Q(status=name)) for name in Status.values},
    )
    counts = {name.removeprefix("n_"): number for name, number in found.items()}
    return {**counts, "percent": round(100 * counts["seen"] / (counts["expected"] or 1))}


def region(stocktake: Stocktake, actor: Actor, *, counting_now: bool = False) -> dict[str, Any]:
    """What a page shows of a stocktake as it is now: six queries, whatever its size."""
    counts = progress(stocktake)
    lines = stocktake.lines.all()
    may = not stocktake.closed_at and can(actor, "stocktake.change", stocktake)
    return {
        "stocktake": stocktake,
        "counts": counts,
        "figures": _figures(stocktake, counts),
        "latest": lines.filter(seen_at__isnull=False).order_by("-seen_at")[:10],
        "elsewhere": lines.filter(status=Status.ELSEWHERE).order_by("-seen_at")[:SHOWN],
        "unknown": lines.filter(status=Status.UNKNOWN).order_by("-seen_at")[:SHOWN],
        "unseen": lines.filter(status=Status.AWAITED).order_by("pk")[:SHOWN],  # written by name at the start
        "list_url": list_url(stocktake),
        "may_change": may,
        "may_add": may and can(actor, "asset.add", stocktake),
        "counting_now": counting_now,
        "shown": SHOWN,
        "place_query": urlencode({"site": stocktake.site_id, "room": stocktake.room_id or ""}),
    }


def list_url(stocktake: Stocktake) -> str:
    return f"{reverse('stocktakeline-list')}?stocktake={stocktake.pk}"


def _figures(stocktake: Stocktake, counts: dict[str, int]) -> list[dict[str, Any]]:
    url = list_url(stocktake)
    missing = _("Missing") if stocktake.closed_at else _("Still to see")
    bad = "bad" if stocktake.closed_at and counts["awaited"] else ""
    return [
        {
            "label": _("Seen"),
            "value": f"{counts['seen']} / {counts['expected']}",
            "url": f"{url}&expected=1&status=found",
            "tone": "ok",
            "share": counts["percent"],
        },
        {"label": missing, "value": counts["awaited"], "url": f"{url}&status=awaited", "tone": bad},
        {
            "label": _("Recorded elsewhere"),
            "value": counts["elsewhere"],
            "url": f"{url}&status=elsewhere",
            "tone": "warn" if counts["elsewhere"] else "",
            "detail": _("%(n)s moved here") % {"n": counts["moved"]} if counts["moved"] else "",
        },
        {
            "label": _("Unknown codes"),
            "value": counts["unknown"],
            "url": f"{url}&status=unknown",
            "tone": "bad" if counts["unknown"] else "",
        },
    ]


@login_required
@scanning_page
def count_page(request: Any, pk: int) -> HttpResponse:
    """Scan after scan, with what the others scan meanwhile."""
    screen: Any = by_noun("stocktake")
    stocktake = the_object(request, screen, pk)
    require(request.actor, "stocktake.change", stocktake)
    if request.method == "POST":
        return _counted(request, stocktake)
    if stocktake.closed_at:
        messages.info(request, _("This stocktake is closed: reopen it to count again."))
        return redirect(screen.url(stocktake))
    context = {
        "title": stocktake.name,
        "area": "fleet",
        "object": stocktake,
        "crumbs": [
            {"label": screen.title, "url": screen.list_url},
            {"label": str(stocktake), "url": screen.url(stocktake)},
        ],
        "panel": {"context": region(stocktake, request.actor, counting_now=True)},
    }
    return TemplateResponse(request, "assets/count.html", context)


def _counted(request: Any, stocktake: Stocktake) -> HttpResponse:
    try:
        outcome, text = _count_all(request, stocktake)
    except ValidationError as error:
        outcome, text = "refused", " ".join(error.messages)
    if wants_json(request):
        html = _render(request, Stocktake.objects.select_related("site", "room").get(pk=stocktake.pk))
        return JsonResponse({"outcome": outcome, "text": text, "html": html})
    tell = messages.success if outcome in {"found", "moved"} else messages.warning
    tell(request, text)
    return redirect(reverse("stocktake-count", args=[stocktake.pk]))


def _count_all(request: Any, stocktake: Stocktake) -> tuple[str, str]:
    key, seen = _key(request.POST.get("key", "")), []
    sent = codes_sent(request)[:200]
    for code in sent:
        one = key if len(sent) == 1 else None
        seen.append(counting.count(stocktake, code, actor=request.actor, host=request.get_host(), key=one))
    if not seen:
        raise ValidationError(_("Nothing was read: scan or type a code."))
    return seen[-1].outcome, " ".join(s.text for s in seen)


def _key(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def render_live(request: HttpRequest, pk: int) -> str:
    """The region that changes while people count."""
    stocktake = Stocktake.objects.filter(pk=pk).select_related("site", "room").first()
    if stocktake is None:
        raise Http404
    require(request.actor, "stocktake.view", stocktake)  # type: ignore[attr-defined]
    return _render(request, stocktake)


def _render(request: Any, stocktake: Stocktake) -> str:
    on_the_page = request.GET.get("page") != "detail"
    context = region(stocktake, request.actor, counting_now=on_the_page)
    return render_to_string("assets/_count.html", {"panel": {"context": context}}, request)


# -- report
@login_required
def report(request: Any, pk: int) -> HttpResponse:
    """The report of the stocktake, to sign (PDF)."""
    screen: Any = by_noun("stocktake")
    stocktake = the_object(request, screen, pk)
    owner = Organisation.objects.get(pk=stocktake.organisation_id)
    made = documents.pdf(
        "assets/stocktake",
        report_content(stocktake),
        organisation=owner.name,
        reference=_("Stocktake %(n)s") % {"n": stocktake.pk},
    )
    name = _("Stocktake report %(name)s") % {"name": stocktake.name}
    return documents.answer(made, name.replace("/", "-"))


def report_content(stocktake: Stocktake) -> dict[str, Any]:
    """Everything the report says, as text."""
    counts = progress(stocktake)
    lost = stocktake.lines.filter(status=Status.AWAITED).aggregate(total=Sum("price"))["total"] or 0
    gap = counts["awaited"] + counts["elsewhere"] + counts["moved"] + counts["unknown"]
    closed = _moment(stocktake.closed_at) if stocktake.closed_at else _("not closed yet")
    return {
        "title": _("Stocktake report"),
        "subtitle": stocktake.name,
        "facts": [
            [_("Place"), stocktake.place],
            [_("Started"), f"{_moment(stocktake.created_at)} · {stocktake.started_by}"],
            [_("Closed"), " · ".join(p for p in (closed, stocktake.closed_by) if p)],
            [_("Counted by"), ", ".join(_people(stocktake)) or "—"],
            [_("Expected"), str(counts["expected"])],
            [_("Seen"), _("%(n)s (%(percent)s %%)") % {"n": counts["seen"], "percent": counts["percent"]}],
            [_("Gaps"), str(gap)],
            [
                _("Value of the missing ones"),
                _("%(price)s €, excluding tax") % {"price": formats.number_format(lost, 2)},
            ],
            *([[_("Remarks"), stocktake.remarks]] if stocktake.remarks else []),
        ],
        "sections": [
            _section(stocktake, Status.AWAITED, _("Not seen"), "price"),
            _section(stocktake, Status.ELSEWHERE, _("Found here, recorded elsewhere"), "seen"),
            _section(stocktake, Status.MOVED, _("Found here and moved here"), "seen"),
            _section(stocktake, Status.UNKNOWN, _("Unknown codes"), "seen"),
            _section(stocktake, Status.FOUND, _("In their place"), "seen"),
        ],
        "none": _("None"),
        "signatures": [_("Counted by"), _("Approved by")],
    }


def _section(stocktake: Stocktake, status: str, title: str, last: str) -> dict[str, Any]:
    lines = list(stocktake.lines.filter(status=status).order_by("label", "code", "pk")[: MOST_PRINTED + 1])
    note = ""
    if len(lines) > MOST_PRINTED:
        note = _("The first %(n)s; the export of the list has all of them.") % {"n": MOST_PRINTED}
    rows = [
        [c.label or "—", c.code or "—", c.recorded or "—", _price(c) if last == "price" else _reading(c)]
        for c in lines[:MOST_PRINTED]
    ]
    header = [_("Name"), _("Code"), _("Recorded place"), _("Price") if last == "price" else _("Seen")]
    return {"title": title, "count": str(len(rows)), "note": note, "header": header, "rows": rows}


def _price(line: StocktakeLine) -> str:
    return f"{formats.number_format(line.price, 2)} €" if line.price is not None else "—"


def _reading(line: StocktakeLine) -> str:
    return f"{_moment(line.seen_at)} · {line.seen_by}" if line.seen_at else "—"


def _moment(at: Any) -> str:
    return formats.date_format(timezone.localtime(at), "SHORT_DATETIME_FORMAT")


def _people(stocktake: Stocktake) -> list[str]:
    rows = stocktake.lines.exclude(seen_by="").order_by("seen_by").values_list("seen_by", flat=True)
    return list(rows.distinct()[:20])


urls = [
    path("stocktakes/<int:pk>/count/", count_page, name="stocktake-count"),
    path("stocktakes/<int:pk>/report/", report, name="stocktake-report"),
    path(
        "stocktakes/<int:pk>/live/",
        live.sse(lambda request, pk: counting.topic(pk), render_live),
        name="stocktake-live",
    ),
]
