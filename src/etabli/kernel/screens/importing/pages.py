"""The pages of an import: choose a file, match the columns, look at what would happen, import, undo."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _

from ...actors import require
from ...tenancy import visible
from ...text import plain
from .. import by_noun, by_slug
from ..columns import label_of
from . import actions, jobs, sheets, sources
from .models import Import
from .relating import BY_ID
from .targets import blank_form, screen_of, targets

AT_ONCE_BYTES = 60_000
MOST_COLUMNS = 100
MOST_MEANINGS = 300


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
                return _begun(request, screen, file, chosen.id)
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
        "sources": sources.every(),
        "template_url": f"{reverse(f'{screen.noun}-export')}?format=xlsx&q=%00",
        "cancel_url": screen.list_url,
        "accepts": ".csv,.tsv,.txt,.xlsx,.xls,.xlsb,.ods,.json,.xml,.ocs,.sql,.gz",
        "trail": trail("upload"),
    }
    return TemplateResponse(request, "screens/import.html", context, status=422 if problem else 200)


def _begun(request: Any, screen: Any, file: Any, organisation_id: int) -> HttpResponse:
    try:
        made = actions.begin(
            screen,
            content=file,
            name=file.name,
            organisation_id=organisation_id,
            actor=request.actor,
            source=request.POST.get("source") or "auto",
        )
    except sources.Taken as taken:
        messages.success(request, taken.text)
        return redirect(taken.url)
    return redirect("import-page", made.pk)


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
        return {
            "tables": [_table(request, made, number) for number in range(len(made.parts))],
            "source": sources.named(made.source),
            "sources": [one for one in sources.every() if not isinstance(one, sources.Bringing)],
        }
    if step == "done":
        counts = _("%(create)s created, %(update)s changed, %(skip)s unchanged.") % made.counts
        undone = made.state == Import.State.UNDONE
        text = _("This import was undone.") if undone else counts
        return {"committed": {"text": text, "undoable": not undone, "list_url": screen.list_url}}
    return _preview(request, made)


def _preview(request: Any, made: Import) -> dict[str, Any]:
    labels = {
        "create": (_("To create"), "ok"),
        "update": (_("To change"), ""),
        "skip": (_("Unchanged"), ""),
        "error": (_("In error"), "bad"),
    }
    figures = [
        {"label": label, "value": made.counts.get(k, 0), "tone": tone} for k, (label, tone) in labels.items()
    ]
    several = len(made.parts) > 1
    rows = [
        {
            "line": p["row"],
            "errors": [p["text"]] if p["text"] else [],
            "list": _title(p) if several else "",
            **p,
        }
        for p in made.preview
    ]
    total, errors = sum(made.counts.values()), made.counts.get("error", 0)
    some = total > made.counts.get("skip", 0) + errors
    return {
        "counts": figures,
        "rows": rows,
        "shown": len(rows),
        "count": total,
        "can_commit": made.state == Import.State.READY and some and not errors,
        "can_leave_out": made.state == Import.State.READY and some and errors,
        "errors": errors,
        "also": [_also(one) for one in made.findings.get("also", [])],
        "remarks": made.findings.get("remarks", []),
        "unknown": _unknown(request, made),
    }


def _title(row: dict[str, Any]) -> str:
    screen = by_noun(row["noun"])
    return screen.title if screen else ""


def _also(one: dict[str, Any]) -> tuple[str, str]:
    """The list, and how many objects of it with the names of the first ones."""
    names = ", ".join(one["names"]) + ("…" if one["count"] > len(one["names"]) else "")
    return _title(one) or one["noun"], f"{one['count']} · {names}"


def _unknown(request: Any, made: Import) -> list[dict[str, Any]]:
    """The words of the file that nothing here is called by, with what each may mean."""
    asked = []
    blanks: dict[str, Any] = {}
    for number, one in enumerate(made.findings.get("unknown", [])):
        screen = screen_of(made.parts[one["part"]]["slug"])
        if screen.slug not in blanks:
            blanks[screen.slug] = blank_form(screen, request.actor, made.organisation_id)
        field = blanks[screen.slug].fields.get(one["target"])
        label = label_of(screen, one["target"])
        options = _meanings(field, one.get("means", ""))
        asked.append({"name": f"word-{number}", "label": label, "options": options, **one})
    return asked


def _meanings(field: Any, means: str) -> list[dict[str, Any]]:
    """What a word may mean, with what it means now."""
    if isinstance(field, forms.ModelChoiceField):
        rows = field.queryset[:MOST_MEANINGS] if field.queryset is not None else ()
        pairs = [
            (f"{BY_ID}{one.pk}", str(one), {f"{BY_ID}{one.pk}", getattr(one, "key", one.pk)}) for one in rows
        ]
    else:
        choices: Any = getattr(field, "choices", ())
        pairs = [(str(v), str(label), {str(v)}) for v, label in choices if v not in ("", None)]
    return [{"value": v, "label": label, "selected": means in named} for v, label, named in pairs]


def _table(request: Any, made: Import, number: int) -> dict[str, Any]:
    """A part as the mapping step shows it: its first columns, and the titles of the others."""
    part = made.parts[number]
    screen = screen_of(part["slug"])
    known = targets(screen, blank_form(screen, request.actor, made.organisation_id))
    shown = [at for at in range(len(part["header"])) if at < MOST_COLUMNS or part["mapping"][at]]
    return {
        "number": number,
        "title": part["title"],
        "list": screen.title,
        "total": part["total"],
        "days": part["days"],
        "columns": [_column(part, number, at, known) for at in shown],
        "others": [title for at, title in enumerate(part["header"]) if at not in set(shown)],
    }


def _column(part: dict[str, Any], number: int, at: int, known: list[tuple[str, str]]) -> dict[str, Any]:
    chosen = part["mapping"][at]
    options = [{"value": name, "label": label, "selected": name == chosen} for name, label in known]
    samples = part["samples"][at]
    return {
        "name": f"column-{number}-{at}",
        "source": part["header"][at],
        "samples": samples,
        "options": options,
    }


def _act(request: Any, made: Import, screen: Any) -> HttpResponse:
    act = request.POST.get("act", "")
    open_ = made.state in {Import.State.MAPPING, Import.State.READY}
    if act == "source" and open_:
        try:
            actions.change_source(made, screen, request.POST.get("source", ""), request.actor)
        except sheets.UnreadableSheet as error:
            messages.error(request, str(error))
        return redirect(f"{reverse('import-page', args=[made.pk])}?step=mapping")
    if act in {"check", "words"} and open_:
        (_read_mapping if act == "check" else _read_words)(request, made)
        made.state = Import.State.CHECKING
        made.save(update_fields=["parts", "create_missing", "state"])
        return _start(request, made, screen, jobs.check, actions.check, _("Check %(file)s"))
    if act in {"commit", "leave_out"} and made.state == Import.State.READY:
        made.leave_out = act == "leave_out"
        made.state = Import.State.WRITING
        made.save(update_fields=["state", "leave_out"])
        return _start(request, made, screen, jobs.commit, actions.commit, _("Import %(file)s"))
    if act == "undo" and made.state == Import.State.DONE and made.file.size > AT_ONCE_BYTES:
        return _follow(request, made, jobs.take_back, _("Undo %(file)s"))
    if act == "undo" and made.state == Import.State.DONE:
        try:
            count = actions.take_back(made, request.actor)
            messages.success(request, _("The import is undone (%(n)s changes).") % {"n": count})
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
    return redirect("import-page", made.pk)


def _read_mapping(request: Any, made: Import) -> None:
    """What somebody chose; a column that the page did not show keeps its target."""
    for number, part in enumerate(made.parts):
        screen = screen_of(part["slug"])
        known = {
            name for name, _label in targets(screen, blank_form(screen, request.actor, made.organisation_id))
        }
        for at, before in enumerate(part["mapping"]):
            chosen = request.POST.get(f"column-{number}-{at}", before)
            part["mapping"][at] = chosen if chosen in known else ""
        days = request.POST.get(f"days-{number}", part["days"])
        part["days"] = days if days in {"dmy", "mdy"} else ""
    made.create_missing = request.POST.get("create_missing") == "1"


def _read_words(request: Any, made: Import) -> None:
    """What somebody said that the words of the file mean."""
    for number, one in enumerate(made.findings.get("unknown", [])):
        if meaning := request.POST.get(f"word-{number}"):
            words = made.parts[one["part"]]["words"].setdefault(one["target"], {})
            words[plain(one["text"])] = meaning[:200]


def _start(request: Any, made: Import, screen: Any, task: Any, at_once: Any, title: str) -> HttpResponse:
    """Small files are done here and now; larger ones are a job whose page shows the progress."""
    if made.file.size <= AT_ONCE_BYTES:
        try:
            at_once(made, screen, request.actor)
        except ValidationError as error:
            Import.objects.filter(pk=made.pk).update(state=Import.State.READY)
            messages.error(request, " ".join(error.messages))
        return redirect("import-page", made.pk)
    return _follow(request, made, task, title)


def _follow(request: Any, made: Import, task: Any, title: str) -> HttpResponse:
    made.job = task.follow(
        title=title % {"file": made.file.name},
        actor=request.actor,
        organisation_id=made.organisation_id,
        url=reverse("import-page", args=[made.pk]),
        import_id=made.pk,
        organisation=made.organisation_id,
    )
    made.save(update_fields=["job"])
    return redirect("job-detail", made.job.pk)


def _found(request: HttpRequest, pk: int) -> tuple[Import, Any]:
    made = get_object_or_404(Import.objects.select_related("file"), pk=pk)
    screen = by_slug(made.slug)
    if screen is None:
        raise Http404
    verb = "import.view" if request.method in {"GET", "HEAD"} else screen.verb("import")
    require(request.actor, verb, made)  # type: ignore[attr-defined]
    return made, screen


urls = [path("imports/<int:pk>/", import_page, name="import-page")]
