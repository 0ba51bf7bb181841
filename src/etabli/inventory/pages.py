"""Pages of inventories that no declaration covers: the lines to paste, counting machines as they arrive,
suggestions.
"""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from etabli.assets.models import Asset
from etabli.kernel import live, preferences
from etabli.kernel.actors import require

from . import actions, certificates
from .models import Document, Enrolment, Section
from .reading import content_of_section


@dataclass(frozen=True)
class Line:
    """A command to copy for a system, with a word of explanation."""

    label: str
    text: str
    help: str = ""


def section_list(asset: Asset) -> list[dict[str, Any]]:
    """Name and number of items of each section kept for an asset."""
    rows = Section.objects.filter(asset=asset).order_by("name").values("name", "items")
    return [dict(row) for row in rows]


def section_content(asset: Asset, name: str) -> list[Any]:
    """The rows of a section; one row when the section is a single object."""
    section = Section.objects.filter(asset=asset, name=name).first()
    content = content_of_section(section) if section else []
    return content if isinstance(content, list) else [content]


def lines_to_paste(enrolment: Enrolment, request: HttpRequest) -> list[Line]:
    """What to run on Windows, macOS and Linux so that the machine reports here. The CA fingerprint is pinned
    under TLS.
    """
    base = preferences.get("pages.url") or request.build_absolute_uri("/").rstrip("/")
    url = f"{base}/i/{enrolment.key.unseal()}/"
    pin = fingerprint() if url.startswith("https://") else ""
    msi = f' SSL_FINGERPRINT="{pin}"' if pin else ""
    conf = f"\nssl-fingerprint = {pin}" if pin else ""
    collector = f"{base}/i/{enrolment.key.unseal()}/collector.py"
    return [
        Line(
            "Windows",
            f'msiexec /i GLPI-Agent-x64.msi /quiet SERVER="{url}" RUNNOW=1 ADD_FIREWALL_EXCEPTION=1{msi}',
            _("In a command prompt run as administrator, beside the GLPI Agent installer."),
        ),
        Line(
            "Linux",
            f"sudo glpi-agent-linux-installer --server={url} --runnow"
            + (f" --ssl-fingerprint='{pin}'" if pin else ""),
            _("With the GLPI Agent installer for Linux."),
        ),
        Line(
            "macOS",
            f'sudo tee /Applications/GLPI-Agent/etc/conf.d/etabli.cfg <<< "server = {url}{conf}"',
            _("After installing the GLPI Agent package; then restart its service."),
        ),
        Line(
            _("Without any agent (Linux)"),
            f"curl -fsS {collector} | python3 - --server {url}",
            _("A single file of Python's standard library; nothing stays on the machine."),
        ),
        Line(
            "OAuth2",
            f"server = {base}/front/inventory.php\noauth-client-id = {enrolment.client_id}\n"
            f"oauth-client-secret = {enrolment.key.unseal()}",
            _("In agent.cfg, when the key must not be in the address."),
        ),
    ]


def fingerprint() -> str:
    """``sha256$…`` of the certificate agents see, as they pin it; empty when it is not known."""
    found = certificates.certificate()
    return found.fingerprint if found else ""


def render_count(request: HttpRequest, pk: int) -> str:
    """The number of machines seen through a key, for the live region."""
    enrolment = Enrolment.objects.filter(pk=pk).first()
    if enrolment is None:
        raise Http404
    require(request.actor, "enrolment.view", enrolment)  # type: ignore[attr-defined]
    agents = enrolment.agents.select_related("asset").order_by("-seen_at")[:10]
    return render_to_string(
        "inventory/_count.html", {"agents": agents, "count": enrolment.agents.count()}, request
    )


@login_required
@require_POST
def settle(request: Any, pk: int) -> HttpResponse:
    """Answer a suggestion: it is this asset, or it is a new one."""
    document = get_object_or_404(Document, pk=pk)
    asset = document.asset if request.POST.get("answer") == "same" else None
    try:
        document = actions.settle_suggestion(
            document=document, asset=asset, actor=request.actor, now=timezone.now()
        )
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("document-detail", pk)
    return redirect("asset-detail", document.asset_id)


enrolment_urls = [
    path(
        "enrolments/<int:pk>/live/",
        live.sse(lambda request, pk: f"enrolment:{pk}", render_count),
        name="enrolment-live",
    ),
]
document_urls = [path("inventories/<int:pk>/settle/", settle, name="document-settle")]
