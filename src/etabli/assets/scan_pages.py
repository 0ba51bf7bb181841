"""The scan page, the scan basket, and the photos of an asset: what a phone in the hand asks for."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.csp import CSP
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_POST

from etabli.kernel.actors import can, require
from etabli.kernel.screens import Panel, acts, by_noun
from etabli.kernel.screens.pages import the_object

from . import codes, photos, scanning
from .models import Asset

# Only pages with a camera may compile the reader of codes (WebAssembly).
_policy: dict[str, Any] = dict(settings.SECURE_CSP)
SCANNING_POLICY = {**_policy, "script-src": [*_policy["script-src"], CSP.WASM_UNSAFE_EVAL]}
scanning_page: Callable[[Any], Any] = csp_override(SCANNING_POLICY)
JSON = "application/json"


def wants_json(request: HttpRequest) -> bool:
    """Whether a script asks, which stays on its page."""
    return JSON in request.headers.get("Accept", "")


def codes_sent(request: Any) -> list[str]:
    """The codes of a form: typed, read by a scanner, or in the picture sent; several lines are several codes.

    Raises ``ValidationError`` when a picture holds none.
    """
    picture = request.FILES.get("picture")
    if picture is not None:
        found = codes.read_picture(picture)
        if not found:
            raise ValidationError(
                _("No code was found in this picture: come closer, with the label flat and lit.")
            )
        return found
    return [line for line in request.POST.get("code", "").replace("\t", "\n").splitlines() if line.strip()]


@login_required
@scanning_page
def scan(request: Any) -> HttpResponse:
    """A code, then its asset and what to do with it."""
    require(request.actor, "asset.view")
    if request.method == "POST":
        return _scan_picture(request)
    code = scanning.cleaned(request.GET.get("code", ""))
    found = scanning.find(code, actor=request.actor, host=request.get_host()) if code else []
    context = {
        "title": _("Scan"),
        "area": "fleet",
        "code": code,
        "found": [_found(request, asset) for asset in found],
        "create_url": _create_url(request, code) if code and not found else "",
    }
    if wants_json(request):
        return JsonResponse(_told(request, code, found, context))
    return TemplateResponse(request, "assets/scan.html", context)


def _scan_picture(request: Any) -> HttpResponse:
    try:
        sent = codes_sent(request)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("scan")
    return HttpResponseRedirect(f"{reverse('scan')}?{urlencode({'code': sent[0] if sent else ''})}")


def _told(request: Any, code: str, found: list[Asset], context: dict[str, Any]) -> dict[str, Any]:
    """The answer to a script: what happened in words, the region to show, the address to keep."""
    text = str(found[0]) if found else _("Unknown code: %(name)s.") % {"name": code}
    return {
        "outcome": "found" if found else "unknown",
        "text": text,
        "html": render_to_string("assets/scan.html#found", context, request),
        "url": f"{reverse('scan')}?{urlencode({'code': code})}",
    }


def _found(request: Any, asset: Asset) -> dict[str, Any]:
    """An asset with its four big actions, then the others this person may do."""
    screen: Any = by_noun("asset")
    url = screen.url(asset)
    others = acts.buttons(screen, asset, request.actor)
    place = next((a for a in others if a["url"].endswith("/move/")), None)
    big = [{"label": _("See"), "icon": "eye", "url": url}]
    if place:
        big.append(place)
    if can(request.actor, "photo.add", asset):
        photo_url = reverse("asset-photos", args=[asset.pk])
        big.append({"label": _("Photo"), "icon": "camera", "url": photo_url})
    big.append(
        {"label": _("Keep in the basket"), "icon": "basket", "url": reverse("scan-basket"), "keep": asset.pk}
    )
    return {
        "asset": asset,
        "url": url,
        "subtitle": screen.subtitle(asset),
        "heading": screen.heading(asset),
        "big": big,
        "others": [a for a in others if a is not place],
    }


def _create_url(request: Any, code: str) -> str:
    if not can(request.actor, "asset.add") or "://" in code:
        return ""
    return f"{reverse('asset-add')}?{urlencode({'tag': code[:60]})}"


# -- the basket
@login_required
@scanning_page
def basket(request: Any) -> HttpResponse:
    """Several scans, then one act on all of them. The server keeps it: it outlives page and network."""
    require(request.actor, "asset.view")
    if request.method == "POST":
        return _collect(request)
    return TemplateResponse(request, "assets/basket.html", _basket(request))


def _basket(request: Any) -> dict[str, Any]:
    screen: Any = by_noun("asset")
    return {
        "title": _("Scan basket"),
        "area": "fleet",
        "items": list(scanning.basket_of(request.actor)[:500]),
        # Deleting is for a list looked at, not for a thumb on a telephone.
        "bulk": [a for a in acts.offered(screen, request.actor) if a["name"] != "delete"],
    }


def _collect(request: Any) -> HttpResponse:
    try:
        outcome, text = _keep_all(request)
    except ValidationError as error:
        outcome, text = "refused", " ".join(error.messages)
    if wants_json(request):
        html = render_to_string("assets/basket.html#basket", _basket(request), request)
        return JsonResponse({"outcome": outcome, "text": text, "html": html})
    tell = messages.success if outcome == "found" else messages.warning
    tell(request, text)
    return redirect("scan-basket")


def _keep_all(request: Any) -> tuple[str, str]:
    asset_pk, outcome, told = request.POST.get("asset", ""), "found", []
    if asset_pk.isdecimal() and len(asset_pk) < 19:
        screen: Any = by_noun("asset")
        sent = [the_object(request, screen, int(asset_pk))]
        return _keep(request, sent, str(sent[0]))
    for code in codes_sent(request)[:200]:
        found = scanning.find(code, actor=request.actor, host=request.get_host())
        outcome, text = _keep(request, found, scanning.cleaned(code))
        told.append(text)
    if not told:
        raise ValidationError(_("Nothing was read: scan or type a code."))
    return outcome, " ".join(told)


def _keep(request: Any, found: list[Asset], code: str) -> tuple[str, str]:
    if not found:
        return "unknown", _("Unknown code: %(name)s.") % {"name": code}
    if len(found) > 1:
        return "refused", _("Several assets have this code: %(names)s. Scan their tag.") % {
            "names": ", ".join(f"{a} ({a.tag or '—'})" for a in found)
        }
    new = scanning.keep(found[0], actor=request.actor)
    text = _("“%(name)s” is in the basket.") if new else _("“%(name)s” was already in the basket.")
    return ("found" if new else "again"), text % {"name": found[0]}


@login_required
@require_POST
def drop(request: Any) -> HttpResponse:
    """Take one item out of the basket, or all."""
    pk = request.POST.get("item", "")
    scanning.drop([int(pk)] if pk.isdecimal() and len(pk) < 19 else None, actor=request.actor)
    return redirect("scan-basket")


# -- photos
@login_required
def photos_page(request: Any, pk: int) -> HttpResponse:
    """The photos of an asset, and adding some from the phone."""
    screen: Any = by_noun("asset")
    asset = the_object(request, screen, pk)
    require(request.actor, "photo.add", asset)
    if request.method == "POST":
        return _add_photos(request, asset)
    context = {
        "title": _("Photos of %(name)s") % {"name": asset},
        "area": "fleet",
        "object": asset,
        "crumbs": [
            {"label": screen.title, "url": screen.list_url},
            {"label": str(asset), "url": screen.url(asset)},
        ],
        "photos": gallery(asset, request.actor),
        "most": photos.MOST_AT_ONCE,
    }
    return TemplateResponse(request, "assets/photos.html", context)


def _add_photos(request: Any, asset: Asset) -> HttpResponse:
    sent = request.FILES.getlist("photos")
    caption = request.POST.get("caption", "").replace("\0", "")
    kept, problems = photos.add_photos(asset, sent, caption=caption, actor=request.actor)
    if not sent:
        problems = [_("No photo was sent: choose one, or take one.")]
    if kept:
        text = ngettext("%(n)s photo added.", "%(n)s photos added.", kept) % {"n": kept}
        messages.success(request, text)
    for problem in problems:
        messages.error(request, problem)
    return redirect(reverse("asset-photos", args=[asset.pk]))


def gallery(asset: Asset, actor: Any, most: int = photos.MOST_OF_AN_ASSET) -> list[dict[str, Any]]:
    """The photos of an asset as the gallery shows them, the latest first."""
    may = can(actor, "photo.change", asset)
    return [
        {
            "caption": p.caption,
            "small": reverse("file", args=[p.small_id]),
            "url": reverse("file", args=[p.file_id]),
            "edit_url": reverse("photo-edit", args=[p.pk]) if may else "",
            "author": p.author,
            "at": p.created_at,
        }
        for p in asset.photos.order_by("-id")[:most]
    ]


def photo_panels(asset: Asset, actor: Any) -> list[Panel]:
    """The gallery on the page of an asset: nothing for somebody who may neither see nor add any."""
    may = can(actor, "photo.add", asset)
    found = gallery(asset, actor, most=8) if can(actor, "photo.view", asset) else []
    if not found and not may:
        return []
    add_url = reverse("asset-photos", args=[asset.pk]) if may else ""
    return [Panel(_("Photos"), template="assets/_photos.html", context={"photos": found, "add_url": add_url})]


urls = [
    path("scan/", scan, name="scan"),
    path("scan/basket/", basket, name="scan-basket"),
    path("scan/basket/drop/", drop, name="scan-drop"),
]
asset_urls = [path("assets/<int:pk>/photos/", photos_page, name="asset-photos")]
