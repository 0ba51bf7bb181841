"""The pages of a screen: list, object, form, deletion, export. Views; ``screen`` comes from the address."""

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from .. import savedviews
from ..actors import can, require
from ..events import Event
from . import acts, annex, exporting
from .beside import panels_beside
from .filters import BadFilter
from .forms import form_class
from .history import described_events
from .listing import Listing
from .screen import Panel

if TYPE_CHECKING:
    from .screen import Screen


def list_page(request: Any, screen: "Screen") -> HttpResponse:
    require(request.actor, screen.verb("view"))
    listing = Listing(screen, request.actor, request.GET)
    try:
        context = listing.context()
    except BadFilter as error:
        messages.error(request, str(error))
        return redirect(screen.list_url)
    views = request.saved_views = list(savedviews.views_of(screen.slug, request.actor))
    context |= {
        "area": screen.area,
        "actions": list_actions(screen, request.actor, request.GET),
        "bulk": acts.offered(screen, request.actor),
        "exports": exporting.offered(screen, request.actor, context["query"]),
        "saved_views": [
            {"label": v.name, "url": f"{screen.list_url}?{v.query}", "current": v.query == context["query"]}
            for v in views
        ],
        "save_view_url": reverse("save-view", args=[screen.slug]),
        "chooser_url": reverse(f"{screen.noun}-columns"),
        "filters_url": f"{reverse(f'{screen.noun}-filters')}?{context['query']}",
        "empty": empty_of(screen, request, context),
    }
    template = "screens/list.html#list" if request.htmx and not request.htmx.boosted else "screens/list.html"
    return TemplateResponse(request, template, context)


def filters_page(request: Any, screen: "Screen") -> HttpResponse:
    """What a list may be narrowed by: fetched when its panel opens, a page of its own without a script."""
    require(request.actor, screen.verb("view"))
    context = Listing(screen, request.actor, request.GET).choices()
    context |= {
        "area": screen.area,
        "crumbs": [{"label": screen.title, "url": screen.list_url}],
    }
    template = "screens/_filter_fields.html" if request.htmx else "screens/filters.html"
    return TemplateResponse(request, template, context)


def list_actions(screen: "Screen", actor: Any, query: Any) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = list(screen.list_actions(actor))
    if screen.importable and screen.adds and can(actor, screen.verb("import")):
        made.append({"label": _("Import"), "url": reverse(f"{screen.noun}-import"), "icon": "upload"})
    if screen.adds and can(actor, screen.verb("add")):
        made.append(
            {"label": _("Add"), "url": reverse(f"{screen.noun}-add"), "icon": "plus", "primary": True}
        )
    return made


def empty_of(screen: "Screen", request: Any, context: dict[str, Any]) -> dict[str, Any] | None:
    """Which of the kinds of empty list this is, and the way out of it."""
    if context["count"]:
        return None
    if context["chips"] or request.GET.get("q"):
        return {
            "kind": "none",
            "title": _("Nothing matches"),
            "text": _("No row has all of: %(filters)s.")
            % {
                "filters": ", ".join(
                    [c["value"] for c in context["chips"]] + [request.GET.get("q", "")]
                ).strip(", ")
            },
            "action": {"label": _("Remove the filters"), "url": screen.list_url},
        }
    add = next(
        (
            a
            for a in context.get("actions", list_actions(screen, request.actor, request.GET))
            if a.get("primary")
        ),
        None,
    )
    return {"kind": "new", "title": _("Nothing here yet"), "text": screen.about, "action": add}


def detail_page(request: Any, screen: "Screen", pk: int) -> HttpResponse:
    from . import watching

    try:
        obj = the_object(request, screen, pk)
    except Http404:
        if (key := screen.successor(pk)) is None:
            raise
        return redirect(f"{screen.noun}-detail", key)
    tab = next((t for t in screen.tabs if t.key == request.GET.get("tab")), None)
    panels = list(tab.panels(obj, request) if tab else screen.panels(obj, request))
    panels += [] if tab else panels_beside(screen, obj, request)
    context = {
        "screen": screen,
        "object": obj,
        "area": screen.area,
        "title": str(obj),
        "icon": screen.icon,
        "crumbs": [
            {"label": screen.title, "url": screen.list_url},
            {"label": place_of(request.actor, obj), "url": ""},
        ],
        "subtitle": screen.subtitle(obj),
        "state": None,
        "alerts": [],
        "panels": [p for p in panels if not p.side],
        "side": [p for p in panels if p.side],
        "tabs": tabs_of(screen, obj, tab),
        "actions": object_actions(screen, obj, request.actor),
        "live_url": watching.address(screen, obj),
        **screen.heading(obj),
        **({} if tab else screen.context(obj, request)),
    }
    if tab is None and screen.annexed and organisation_of(obj):
        context |= annex.context_of(screen, obj, request.actor)
        context["panels"] += _told(screen, obj, context) if screen.noted else []
        context["side"] += [
            Panel(_("Tags"), template="screens/_tags.html"),
            Panel(_("Files"), template="screens/_files.html"),
            Panel(_("Links"), template="screens/_links.html"),
        ]
    return TemplateResponse(request, screen.template, context)


def _told(screen: "Screen", obj: Any, context: dict[str, Any]) -> list[Panel]:
    """The cards that close a page: notes, what happened lately."""
    context["events"] = described_events(events_of(screen, obj).order_by("-id")[:6])
    more_url = reverse(f"{screen.noun}-history", args=[obj.pk])
    return [
        Panel(_("Notes"), template="screens/_notes.html"),
        Panel(_("Latest activity"), template="screens/_history.html", more_url=more_url),
    ]


def history_page(request: Any, screen: "Screen", pk: int) -> HttpResponse:
    obj = the_object(request, screen, pk)
    if not screen.told(request.actor, obj):
        raise PermissionDenied(_("Your role does not allow reading what happened to it."))
    before = request.GET.get("before", "")
    events = events_of(screen, obj).order_by("-id")
    if before.isdecimal() and len(before) < 19:
        events = events.filter(id__lt=int(before))
    found = list(events[:51])
    context = {
        "screen": screen,
        "object": obj,
        "area": screen.area,
        "title": _("History of %(name)s") % {"name": obj},
        "crumbs": [
            {"label": screen.title, "url": screen.list_url},
            {"label": str(obj), "url": screen.url(obj)},
        ],
        "history": described_events(found[:50]),
        "older_url": f"?before={found[49].pk}" if len(found) > 50 else "",
    }
    return TemplateResponse(request, "screens/history.html", context)


def form_page(request: Any, screen: "Screen", pk: int | None = None) -> HttpResponse:
    from . import watching

    obj = the_object(request, screen, pk, "change") if pk else None
    if obj is None:
        require(request.actor, screen.verb("add"))
    asked = request.GET.get("organisation", "")
    sent = watching.with_theirs(screen, request.POST, obj) if request.method == "POST" else None
    form = form_class(screen)(
        sent or None,
        request.FILES or None,
        instance=obj,
        actor=request.actor,
        organisation_id=int(asked) if asked.isdecimal() and len(asked) < 19 else None,
        initial={k: v for k, v in request.GET.items() if k in form_class(screen).base_fields},
    )
    if request.method == "POST" and form.is_valid():
        try:
            saved = screen.save(form, request.actor)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            tell_undoable(request, saved, _("“%(name)s” is saved.") % {"name": saved})
            return redirect(screen.url(saved))
    context, status = form_context(screen, form, obj), 422 if form.errors else 200
    if obj is not None and any(error.code == "stale" for error in form.non_field_errors().as_data()):
        context["conflict"], status = watching.side_by_side(screen, form, obj), 409
        form.data = watching.renewed(screen, form, obj)
    return TemplateResponse(request, "screens/form.html", context, status=status)


def form_context(screen: "Screen", form: Any, obj: Any) -> dict[str, Any]:
    from . import watching

    title = (
        _("Change %(name)s") % {"name": obj}
        if obj
        else _("Add: %(noun)s") % {"noun": screen.singular.lower()}
    )
    return {
        "screen": screen,
        "area": screen.area,
        "title": title,
        "form": form,
        "object": obj,
        "sections": form.sections(),
        "crumbs": [{"label": screen.title, "url": screen.list_url}],
        "cancel_url": screen.url(obj) if obj else screen.list_url,
        "submit_label": _("Save"),
        "live_url": watching.address(screen, obj) if obj else "",
    }


def delete_page(request: Any, screen: "Screen", pk: int) -> HttpResponse:
    obj = the_object(request, screen, pk, "delete")
    problem = ""
    if request.method == "POST":
        try:
            screen.delete(obj, request.actor)
        except ValidationError as error:
            problem = " ".join(error.messages)
        else:
            tell_undoable(request, obj, _("“%(name)s” is deleted.") % {"name": obj})
            return redirect(screen.list_url)
    context = {
        "screen": screen,
        "area": screen.area,
        "object": obj,
        "problem": problem,
        "danger": True,
        "title": _("Delete %(name)s?") % {"name": obj},
        "submit_label": _("Delete"),
        "cancel_url": screen.url(obj),
        "text": _("Its history is kept, and the deletion can be undone from it."),
    }
    return TemplateResponse(request, "screens/confirm.html", context, status=409 if problem else 200)


def export_page(request: Any, screen: "Screen") -> HttpResponse:
    require(request.actor, screen.verb("export"))
    try:
        return exporting.respond(
            Listing(screen, request.actor, request.GET, act="export"), request.GET.get("format", "csv")
        )
    except BadFilter as error:
        messages.error(request, str(error))
        return redirect(screen.list_url)
    except exporting.TooLong as error:
        messages.error(request, str(error))
        query = request.GET.copy()
        query.pop("format", None)
        return redirect(f"{screen.list_url}?{query.urlencode()}")


def columns_page(request: HttpRequest, screen: "Screen") -> HttpResponse:
    """The chosen columns become part of the list's address, so that a saved view keeps them."""
    require(request.actor, screen.verb("view"))  # type: ignore[attr-defined]
    query = QueryDict(request.POST.get("next", "").partition("?")[2], mutable=True)
    names = [n for n in request.POST.getlist("columns") if any(c.name == n for c in screen.table)]
    query["columns"] = ",".join(names)
    return redirect(f"{screen.list_url}?{query.urlencode()}")


def the_object(request: Any, screen: "Screen", pk: int, act: str = "view") -> Any:
    """The object of an address, or 404 when this actor may not even know of it; 403 when only the act is
    refused.
    """
    rows = screen.rows(request.actor)
    joins = [f.name for f in screen.model._meta.concrete_fields if f.many_to_one or f.one_to_one]
    obj = get_object_or_404(rows.select_related(*joins) if joins else rows, pk=pk)
    require(request.actor, screen.verb(act), obj)
    return obj


def tell_undoable(request: Any, obj: Any, text: str) -> None:
    """A message whose toast can take back what was just done."""
    event = Event.objects.filter(noun=obj._meta.model_name, object_id=obj.pk).order_by("-id").first()
    tags = f"undo={reverse('event-undo', args=[event.pk])}" if event else ""
    messages.success(request, text, extra_tags=tags)


def events_of(screen: "Screen", obj: Any) -> Any:
    """The events of an object; those of a shared row lie in the organisations that changed it."""
    events = Event.objects.filter(noun=screen.noun, object_id__in=screen.known_as(obj))
    owner = organisation_of(obj)
    return events.filter(organisation=owner) if owner else events


def organisation_of(obj: Any) -> int | None:
    """The organisation an object belongs to, or is; none for a row that every organisation shares."""
    return obj.pk if obj._meta.model_name == "organisation" else obj.organisation_id


def place_of(actor: Any, obj: Any) -> str:
    place = actor.places.get(getattr(obj, "organisation_id", None))
    return place.name if place else ""


def tabs_of(screen: "Screen", obj: Any, current: Any) -> list[dict[str, Any]]:
    if not screen.tabs:
        return []
    first = {
        "key": "",
        "label": _("Overview"),
        "url": screen.url(obj),
        "count": None,
        "current": current is None,
    }
    return [first] + [
        {
            "key": t.key,
            "label": t.label,
            "url": f"?tab={t.key}",
            "count": t.count(obj),
            "current": t is current,
        }
        for t in screen.tabs
    ]


def object_actions(screen: "Screen", obj: Any, actor: Any) -> list[dict[str, Any]]:
    made = [*screen.actions(obj, actor), *acts.buttons(screen, obj, actor)]
    if screen.changes and can(actor, screen.verb("change"), obj):
        first = not any(a.get("primary") for a in made)
        url = screen.url(obj, "edit")
        made.append({"label": _("Change"), "url": url, "icon": "pencil", "primary": first})
    if screen.deletes and can(actor, screen.verb("delete"), obj):
        made.append({"label": _("Delete"), "url": screen.url(obj, "delete"), "icon": "trash", "more": True})
    return made
