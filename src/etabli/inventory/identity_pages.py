"""How machines are recognised, for people: the card of an asset's page, the rules of an organisation and
their dry run.
"""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _

from etabli.assets.models import Alias, Asset, Distinction
from etabli.kernel.actors import can, require
from etabli.kernel.jobs import Job
from etabli.kernel.screens import Panel
from etabli.kernel.screens.columns import link_to

from . import matching, rules, trials
from .models import Agent, Document

LATEST = 5


def panels(asset: Asset) -> list[Panel]:
    """Why the inventories of an asset are its own: the last decisions with their sentence, its agents, its
    numbers.
    """
    if not asset.identity_note and asset.seen_at is None:
        return []
    latest = Document.objects.filter(asset=asset).exclude(decision="").order_by("-pk").defer("content")
    context = {
        "note": asset.identity_note,
        "documents": list(latest[:LATEST]),
        "agents": list(Agent.objects.filter(asset=asset).order_by("-seen_at")[:LATEST]),
        "aliases": list(Alias.objects.filter(asset=asset)[:LATEST]),
        "apart": [link_to(one) for one in _apart(asset)],
    }
    title = _("How it was recognised")
    return [Panel(title, template="inventory/_recognised.html", context=context, side=True)]


def _apart(asset: Asset) -> list[Asset]:
    pairs = Distinction.objects.filter(Q(one=asset) | Q(other=asset)).select_related("one", "other")
    return [pair.other if pair.one_id == asset.pk else pair.one for pair in pairs[:LATEST]]


@login_required
def recognition(request: Any) -> HttpResponse:
    """The rules of an organisation in their order: move, use or not, try on the past, save."""
    request.area = "fleet"
    places = [p for o, p in request.actor.places.items() if can(request.actor, "ruleorder.view", o)]
    if not places:
        require(request.actor, "ruleorder.view")
    asked = request.POST.get("organisation") or request.GET.get("organisation", "")
    place = next((p for p in places if str(p.id) == asked), places[0])
    order, used = _sent(request) if request.method == "POST" else _in_force(place.id)
    if request.method == "POST":
        require(request.actor, "ruleorder.change", place.id)
        if answer := _act(request, place.id, order, used):
            return answer
    context = {
        "title": _("Recognition rules"),
        "area": "fleet",
        "places": places,
        "place": place,
        "rules": _shown(order, used),
        "may_change": can(request.actor, "ruleorder.change", place.id),
        "crumbs": [{"label": _("Agents"), "url": reverse("agent-list")}],
    }
    return TemplateResponse(request, "inventory/recognition.html", context)


def _in_force(organisation_id: int) -> tuple[list[str], set[str]]:
    used = rules.order_of(organisation_id)
    return [*used, *(key for key in matching.SHIPPED if key not in used)], set(used)


def _sent(request: Any) -> tuple[list[str], set[str]]:
    """The order of the form after the move that was asked; what is missing or unknown is mended."""
    known = [key for key in dict.fromkeys(request.POST.getlist("order")) if key in matching.RULES]
    order = [*known, *(key for key in matching.SHIPPED if key not in known)]
    for name, step in (("up", -1), ("down", 1)):
        key = request.POST.get(name)
        if key in order and 0 <= order.index(key) + step < len(order):
            at = order.index(key)
            order[at], order[at + step] = order[at + step], order[at]
    return order, set(request.POST.getlist("use"))


def _act(request: Any, organisation_id: int, order: list[str], used: set[str]) -> HttpResponse | None:
    chosen, act = [key for key in order if key in used], request.POST.get("act")
    try:
        if act == "save":
            rules.reorder(chosen, organisation_id=organisation_id, actor=request.actor)
        elif act == "shipped":
            rules.reorder(matching.SHIPPED, organisation_id=organisation_id, actor=request.actor)
        elif act == "try":
            return _try(request, organisation_id, rules.checked(chosen))
        else:
            return None
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return None
    messages.success(request, _("The rules are saved: the next inventories are recognised by them."))
    return redirect(_address(organisation_id))


def _address(organisation_id: int) -> str:
    return f"{reverse('recognition')}?organisation={organisation_id}"


def _try(request: Any, organisation_id: int, chosen: Sequence[str]) -> HttpResponse:
    if trials.machines_of(organisation_id) > trials.AT_ONCE:
        return redirect("job-detail", trials.follow(organisation_id, chosen, actor=request.actor).pk)
    found = trials.replay(organisation_id, chosen)
    return _result(request, organisation_id, chosen, found)


@login_required
def trial(request: Any, pk: int) -> HttpResponse:
    """What a followed dry run found."""
    request.area = "fleet"
    made = Job.objects.filter(pk=pk, name=trials.try_rules.name, state=Job.State.DONE).first()
    if made is None:
        raise Http404
    require(request.actor, "ruleorder.view", made.organisation_id)
    return _result(request, made.organisation_id, made.arguments["proposed"], made.result)


def _result(request: Any, organisation_id: int, chosen: Sequence[str], found: dict[str, Any]) -> HttpResponse:
    context = {
        "title": _("What these rules would change"),
        "area": "fleet",
        "found": found,
        "place": request.actor.places.get(organisation_id),
        "rules": [str(rules.label_of(key)) for key in chosen],
        "chosen": chosen,
        "may_change": can(request.actor, "ruleorder.change", organisation_id),
        "rows": [
            {
                "name": row["name"],
                "url": reverse("asset-detail", args=[row["id"]]),
                "before": _words(row["before"]),
                "after": _words(row["after"]),
            }
            for row in found.get("rows", [])
        ],
        "crumbs": [
            {"label": _("Agents"), "url": reverse("agent-list")},
            {
                "label": _("Recognition rules"),
                "url": f"{reverse('recognition')}?organisation={organisation_id}",
            },
        ],
    }
    return TemplateResponse(request, "inventory/trial.html", context)


def _words(told: dict[str, Any]) -> str:
    texts = {
        "same": _("recognised (%(rule)s)"),
        "other": _("taken for “%(name)s” (%(rule)s)"),
        "asked": _("asked to a person: is it “%(name)s”? (%(rule)s)"),
        "new": _("a new asset: a duplicate"),
    }
    return texts[told["what"]] % {"name": told["name"], "rule": str(rules.label_of(told["rule"])).lower()}


def _shown(order: Sequence[str], used: set[str]) -> list[dict[str, Any]]:
    words = {rule.key: rule for rule in rules.WORDS}
    return [
        {"key": key, "label": _(words[key].label), "text": _(words[key].text), "used": key in used}
        for key in order
    ]


urls = [
    path("recognition/", recognition, name="recognition"),
    path("recognition/trials/<int:pk>/", trial, name="recognition-trial"),
]
