"""The pages of acts: on one object, on many rows; and taking back all that an act did."""

import uuid
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from ..actors import require
from ..events import Event, batching
from . import acts
from .filters import BadFilter
from .listing import Listing
from .pages import the_object
from .undoing import undo_batch, undoable

if TYPE_CHECKING:
    from .screen import Act, Screen


def act_page(request: Any, screen: "Screen", pk: int, name: str) -> HttpResponse:
    """One act on one object: its form, or a question, then the object again with a way back."""
    act = next((a for a in screen.acts if a.name == name and a.one), None)
    if act is None:
        raise Http404
    obj = the_object(request, screen, pk)
    require(request.actor, act.verb, obj)
    problem, posted = act.why_not(obj), request.method == "POST"
    rows = screen.model._default_manager.filter(pk=pk)
    sent = (request.POST, request.FILES) if posted else (None, None)
    form = acts.form_of(screen, act, request.actor, rows, *sent)
    if form is not None and not posted:  # an address may propose values: a button on a plan names its floor
        form.initial |= {name: value for name, value in request.GET.items() if name in form.fields}
    if posted and not problem and (form is None or form.is_valid()):
        try:
            return _done(request, screen, act, obj, form)
        except ValidationError as error:
            problem = " ".join(error.messages)
    context = _asking(screen, act, form) | {
        "title": f"{act.label} · {obj}",
        "object": obj,
        "problem": problem,
        "crumbs": [
            {"label": screen.title, "url": screen.list_url},
            {"label": str(obj), "url": screen.url(obj)},
        ],
        "cancel_url": screen.url(obj),
    }
    status = 422 if form is not None and form.errors else 409 if problem else 200
    return TemplateResponse(request, "screens/confirm.html", context, status=status)


def _done(request: Any, screen: "Screen", act: "Act", obj: Any, form: Any) -> HttpResponse:
    batch, label = uuid.uuid4(), str(obj)
    with batching(batch):
        address = acts.perform(screen, act, obj, form.cleaned_data if form else {}, request.actor)
    text = _("“%(name)s”: %(act)s.") % {"name": label, "act": str(act.label).lower()}
    _tell(request, text, batch)
    return HttpResponseRedirect(address if isinstance(address, str) else screen.url(obj))


def bulk_page(request: Any, screen: "Screen", name: str) -> HttpResponse:
    """One act on the rows ticked, or on all those of the query: what it concerns first."""
    act = acts.by_name(screen, name)
    if act is None or not act.many:
        raise Http404
    require(request.actor, act.verb)
    query = request.POST if request.method == "POST" else request.GET
    everything, ids = query.get("all") == "1", query.getlist("ids")
    try:
        rows = Listing(screen, request.actor, QueryDict(query.get("query", ""))).chosen(ids, everything)
        count = rows.count()
    except BadFilter as error:
        messages.error(request, str(error))
        return redirect(screen.list_url)
    sent = (request.POST, request.FILES) if query.get("confirmed") else (None, None)
    form = acts.form_of(screen, act, request.actor, rows, *sent)
    if query.get("confirmed") and (form is None or form.is_valid()):
        preview = act.preview(rows, form.cleaned_data) if act.preview and query.get("preview") else None
        if preview is None:
            return _run(request, screen, act, rows, form)
        return _previewed(request, screen, act, form, preview)
    context = _asking(screen, act, form) | {
        "previews": act.preview is not None,
        "count": count,
        "consequences": [str(o) for o in rows[:8]] + (["…"] if count > 8 else []),
        "cancel_url": screen.list_url,
        "text": ngettext("%(n)s row is concerned.", "%(n)s rows are concerned.", count) % {"n": count},
        "keep": [{"name": "confirmed", "value": "1"}, {"name": "all", "value": "1" if everything else ""}]
        + [{"name": "query", "value": query.get("query", "")}]
        + [{"name": "ids", "value": i} for i in ids],
    }
    return TemplateResponse(
        request, "screens/confirm.html", context, status=422 if form and form.errors else 200
    )


def _previewed(request: Any, screen: "Screen", act: "Act", form: Any, preview: Any) -> HttpResponse:
    """What will change, old → new; what was sent is sent again to do it."""
    told = ngettext("%(n)s row will change.", "%(n)s rows will change.", preview.changing)
    context = _asking(screen, act, None) | {
        "text": told % {"n": preview.changing},
        "preview": preview,
        "cancel_url": screen.list_url,
        "submit_label": _("Change %(n)s") % {"n": preview.changing},
        "keep": [
            {"name": name, "value": value}
            for name in request.POST
            if name not in {"csrfmiddlewaretoken", "preview"}
            for value in request.POST.getlist(name)
        ],
    }
    return TemplateResponse(request, "screens/confirm.html", context)


def _asking(screen: "Screen", act: "Act", form: Any) -> dict[str, Any]:
    return {
        "screen": screen,
        "area": screen.area,
        "title": act.label,
        "text": act.text,
        "form": form,
        "danger": act.danger,
        "submit_label": act.label,
    }


def _run(request: Any, screen: "Screen", act: "Act", rows: Any, form: Any) -> HttpResponse:
    outcome = acts.run(screen, act, rows, form, request.actor)
    if isinstance(outcome, str):
        return HttpResponseRedirect(outcome)
    done, problems, batch = outcome
    _tell(request, ngettext("%(n)s row done.", "%(n)s rows done.", done) % {"n": done}, batch)
    for problem in problems[:5]:
        messages.error(request, problem)
    return redirect(screen.list_url)


def _tell(request: Any, text: str, batch: uuid.UUID) -> None:
    """A message with a way back, when all that was done can be taken back."""
    events = list(Event.objects.filter(batch=batch))
    back = bool(events) and all(undoable(event) for event in events)
    address = f"undo={reverse('batch-undo', args=[batch])}" if back else ""
    messages.success(request, text, extra_tags=address)


@login_required
@require_POST
def undo_view(request: Any, batch: uuid.UUID) -> HttpResponse:
    """Take back all that carries the batch: at once, or as a followed job when it is much."""
    events = Event.objects.filter(batch=batch)
    total, owner = events.count(), events.values_list("organisation_id", flat=True).first()
    if not total:
        raise Http404
    if total > acts.AT_ONCE:
        made = acts.run_undo.follow(
            title=_("Undo"),
            actor=request.actor,
            organisation_id=owner,
            batch=str(batch),
            total=total,
            account=request.actor.account_id,
        )
        return redirect("job-detail", made.pk)
    try:
        undo_batch(batch, request.actor)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        text = ngettext("%(n)s change undone.", "%(n)s changes undone.", total)
        messages.success(request, text % {"n": total})
    back = request.POST.get("next") or request.headers.get("Referer", "")
    safe = url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()})
    return HttpResponseRedirect(back if safe else "/")


urls = [path("evenements/lot/<uuid:batch>/undo/", undo_view, name="batch-undo")]
