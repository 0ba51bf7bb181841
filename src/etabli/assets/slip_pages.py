"""The page of a slip: what it lists, the signature, and its PDF."""

from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _

from etabli.kernel import documents, files
from etabli.kernel.actors import can
from etabli.kernel.screens import Panel, Screen
from etabli.kernel.screens.columns import show
from etabli.kernel.screens.pages import the_object

from . import signing
from .life_forms import SignForm
from .models import Asset, Slip


def panels(screen: Screen, slip: Slip, request: Any) -> list[Panel]:
    """The items and the rules, then the frame to sign in, or what was signed."""
    from etabli.kernel.screens.columns import link_to

    known = Asset.objects.in_bulk([line["asset"] for line in slip.lines])
    header = [_("Item"), _("Asset tag"), _("Serial number"), _("Condition"), _("Accessories")]
    rows = []
    for line in slip.lines:
        asset = known.get(line["asset"])
        told = [show(line[name]) for name in ("tag", "serial", "condition", "accessories")]
        rows.append([link_to(asset) if asset else line["name"], *told])
    made = [Panel(_("Items"), template="assets/_table.html", context={"header": header, "rows": rows})]
    if slip.rules:
        made.append(
            Panel(_("Rules acknowledged"), template="assets/_text.html", context={"text": slip.rules})
        )
    if slip.signed_at is None and can(request.actor, "slip.sign", slip):
        form = SignForm(
            actor=request.actor, rows=Slip.objects.filter(pk=slip.pk), initial={"name": slip.person.name}
        )
        context = {"form": form, "action": reverse("slip-act", args=[slip.pk, "sign"])}
        made.append(Panel(_("Signature"), template="assets/_sign.html", context=context))
    names = ["person", "day", "due_on", "issued_by", "number", "signed_at", "signed_name", "method"]
    return [*made, Panel(screen.singular, rows=screen.facts(slip, names), side=True)]


def pdf_page(request: Any, screen: Screen, pk: int) -> HttpResponseBase:
    """The signed document as it was kept; before, a copy to sign on paper."""
    slip = the_object(request, screen, pk)
    if slip.document is not None:
        return files.serve(slip.document)
    answer: HttpResponse = documents.answer(signing.printed(slip), signing.file_name(slip))
    return answer
