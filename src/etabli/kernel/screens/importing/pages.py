"""The pages of an import: choose a file, match the columns, look at what would happen, import, undo."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _

from ...actors import require
from ...tenancy import visible
from . import actions, jobs, sheets
from .models import Import
from .reading import Reader, targets

AT_ONCE_BYTES = 60_000


def upload_page(request: Any, screen: Any) -> HttpResponse:
    require(request.actor, screen.verb("import"))
    places = [
        p
        for o, p in request.actor.places.items()
        if o in visible() and request.actor.may(screen.verb("import"), o)
    ]
    problem = ""
    if request.method == "POST":
        chosen = next((p for p in places if str(p.id) == request.POST.get("organisation", "")), None)
        chosen = chosen or (places[0] if len(places) == 1 else None)
        file = request.FILES.get("file")
        if file is None or chosen is None:
            problem = _("Choose a file.") if file is None else _("Choose the organisation it belongs to.")
        else:
            try:
                made = actions.begin(
                    screen,
                    content=file.read(),
                    name=file.name,
                    organisation_id=chosen.id,
                    actor=request.actor,
                )
                return redirect("import-page", made.pk)
            except sheets.UnreadableSheet as error:
                problem = str(error)
    context = {
        "screen": screen,
        "area": screen.area,
        "step": "upload",
        "title": _("Import: %(noun)s") % {"noun": screen.title},
        "crumbs": [{"label": screen.title, "url": screen.list_url}],
        "places": places,
        "problem": problem,
        "template_url": f"{reverse(f'{screen.noun}-export')}?format=xlsx&q=%00",
        "cancel_url": screen.list_url,
        "accepts": ".csv,.xlsx,.xls,.ods,.txt",
        "trail": trail("upload"),
    }
    return TemplateResponse(request, "screens/import.html", context, status=422 if problem else 200)


def trail(step: str) -> list[dict[str, str]]:
    """The steps of an import, with where we are."""
    steps = [("upload", _("File")), ("mapping", _("Columns")), ("preview", _("Check")), ("done", _("Import"))]
    names = [name for name, _label in steps]
    here = names.index(step)
    return [
        {"label": label, "state": "done" if n < here else "current" if n == here else ""}
        for n, (_name, label) in enumerate(steps)
    ]


def import_page(request: Any, pk: int) -> HttpResponse:
    made, screen = _found(request, pk)
    request.area = screen.area  # that of what is imported, not that of the list of imports
    if request.method == "POST":
        return _act(request, made, screen)
    step = {"mapping": "mapping", "checking": "mapping", "done": "done", "undone": "done"}.get(
        made.state, "preview"
    )
    if request.GET.get("step") == "mapping" and made.state == Import.State.READY:
        step = "mapping"
    context = {
        "screen": screen,
        "area": screen.area,
        "made": made,
        "step": step,
        "trail": trail(step),
        "title": _("Import: %(file)s") % {"file": made.file.name},
        "cancel_url": screen.list_url,
        "crumbs": [{"label": screen.title, "url": screen.list_url}],
        **_step_context(request, made, screen, step),
    }
    return TemplateResponse(request, "screens/import.html", context)


def _step_context(request: Any, made: Import, screen: Any, step: str) -> dict[str, Any]:
    if step == "mapping":
        known = targets(
            screen, Reader(screen, request.actor, made.organisation_id, {}, create_missing=False).blank()
        )
        return {"mapping": [_column(made, number, title, known) for number, title in enumerate(made.header)]}
    if step == "done":
        counts = _("%(create)s created, %(update)s changed, %(skip)s unchanged.") % made.counts
        undone = made.state == Import.State.UNDONE
        text = _("This import was undone.") if undone else counts
        return {"committed": {"text": text, "undoable": not undone, "list_url": screen.list_url}}
    labels = {
        "create": (_("To create"), "ok"),
        "update": (_("To change"), ""),
        "skip": (_("Unchanged"), ""),
        "error": (_("In error"), "bad"),
    }
    figures = [
        {"label": label, "value": made.counts.get(k, 0), "tone": tone} for k, (label, tone) in labels.items()
    ]
    rows = [{"line": p["row"], "errors": [p["text"]] if p["text"] else [], **p} for p in made.preview]
    total = sum(made.counts.values())
    ready = (
        made.state == Import.State.READY
        and not made.counts.get("error")
        and total > made.counts.get("skip", 0)
    )
    return {"counts": figures, "rows": rows, "shown": len(rows), "count": total, "can_commit": ready}


def _column(made: Import, number: int, title: str, known: list[tuple[str, str]]) -> dict[str, Any]:
    chosen = made.mapping.get(str(number), "")
    options = [{"value": name, "label": label, "selected": name == chosen} for name, label in known]
    samples = [row[number] for row in made.samples if number < len(row) and row[number]]
    return {"name": f"column-{number}", "source": title, "samples": samples, "options": options}


def _act(request: Any, made: Import, screen: Any) -> HttpResponse:
    act = request.POST.get("act", "")
    if act == "check":
        made.mapping = {str(n): request.POST.get(f"column-{n}", "") for n in range(len(made.header))}
        made.create_missing = request.POST.get("create_missing") == "1"
        made.state = Import.State.CHECKING
        made.save(update_fields=["mapping", "create_missing", "state"])
        return _start(request, made, screen, jobs.check, actions.check, _("Check %(file)s"))
    if act == "commit" and made.state == Import.State.READY and not made.counts.get("error"):
        made.state = Import.State.WRITING
        made.save(update_fields=["state"])
        return _start(request, made, screen, jobs.commit, actions.commit, _("Import %(file)s"))
    if act == "undo" and made.state == Import.State.DONE:
        try:
            count = actions.take_back(made, request.actor)
            messages.success(request, _("The import is undone (%(n)s changes).") % {"n": count})
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
    return redirect("import-page", made.pk)


def _start(request: Any, made: Import, screen: Any, task: Any, at_once: Any, title: str) -> HttpResponse:
    """Small files are done here and now; larger ones are a job whose page shows the progress."""
    if made.file.size <= AT_ONCE_BYTES:
        try:
            at_once(made, screen, request.actor)
        except ValidationError as error:
            Import.objects.filter(pk=made.pk).update(state=Import.State.READY)
            messages.error(request, " ".join(error.messages))
        return redirect("import-page", made.pk)
    url = reverse("import-page", args=[made.pk])
    made.job = task.follow(
        title=title % {"file": made.file.name},
        actor=request.actor,
        organisation_id=made.organisation_id,
        url=url,
        import_id=made.pk,
        organisation=made.organisation_id,
    )
    made.save(update_fields=["job"])
    return redirect("job-detail", made.job.pk)


def _found(request: HttpRequest, pk: int) -> tuple[Import, Any]:
    from .. import by_slug

    made = get_object_or_404(Import.objects.select_related("file"), pk=pk)
    screen = by_slug(made.slug)
    if screen is None:
        raise Http404
    verb = "import.view" if request.method in {"GET", "HEAD"} else screen.verb("import")
    require(request.actor, verb, made)  # type: ignore[attr-defined]
    return made, screen


urls = [path("imports/<int:pk>/", import_page, name="import-page")]
