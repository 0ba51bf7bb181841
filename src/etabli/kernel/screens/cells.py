"""One value of one object, edited where a list shows it. The script asks for the small form and sends it."""

import json
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from ..events import Event
from .columns import capitalised, show, text_value
from .forms import form_class, values_of
from .pages import the_object

if TYPE_CHECKING:
    from .screen import Screen

SCRIPT = "X-Requested-With"  # sent by the script; without it the address leads to the whole form


def cell_page(request: Any, screen: "Screen", pk: int, name: str) -> HttpResponse:
    """The form of one field, then the cell as it is after saving; 409 when somebody changed it meanwhile."""
    obj = the_object(request, screen, pk, "change")
    if name not in screen.form_fields:
        raise Http404
    if request.method != "POST" and SCRIPT not in request.headers:
        return redirect(f"{screen.url(obj, 'edit')}#id_{name}")
    if request.method == "POST":
        return _save(request, screen, obj, name)
    form = form_class(screen)(None, instance=obj, actor=request.actor)
    return _asking(request, screen, obj, form, name)


def _save(request: Any, screen: "Screen", obj: Any, name: str) -> HttpResponse:
    before = _text(obj, name)
    field = form_class(screen)(None, instance=obj, actor=request.actor).fields.get(name)
    if field is None:
        raise Http404
    sent = {**values_of(screen, obj), "version": request.POST.get("version", "")}
    sent[name] = field.widget.value_from_datadict(request.POST, request.FILES, name)
    form = form_class(screen)(sent, instance=obj, actor=request.actor)
    if form.is_valid():
        try:
            saved = screen.save(form, request.actor)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return _saved(screen, saved, name)
    if any(error.code == "stale" for error in form.non_field_errors().as_data()):
        return _stale(request, screen, obj, name, before)
    return _asking(request, screen, obj, form, name, status=422)


def _saved(screen: "Screen", obj: Any, name: str) -> HttpResponse:
    """The cell, with a toast that takes the change back."""
    obj = screen.model._default_manager.get(pk=obj.pk)
    column = next((c for c in screen.table if c.name == name), None)
    response = HttpResponse(column.cell(obj) if column else show(_text(obj, name)))
    event = Event.objects.filter(noun=screen.noun, object_id=obj.pk).order_by("-id").first()
    toast = {
        "text": _("“%(name)s” is saved.") % {"name": obj},
        "tone": "ok",
        "undo": reverse("event-undo", args=[event.pk]) if event else "",
    }
    response["HX-Trigger"] = json.dumps({"toast": toast})  # ASCII: a header holds nothing else
    response["X-Version"] = str(getattr(obj, "version", ""))
    return response


def _stale(request: Any, screen: "Screen", obj: Any, name: str, now: str) -> HttpResponse:
    """What was typed stays in the field; the value in place is told, and saving again writes over it."""
    fresh = screen.model._default_manager.get(pk=obj.pk)
    form = form_class(screen)(None, instance=fresh, actor=request.actor)
    form.initial[name] = request.POST.get(name, "")
    told = _("Somebody changed this row meanwhile; the value is now: %(now)s. Enter writes yours over it.")
    return _asking(request, screen, fresh, form, name, problem=told % {"now": now or "—"}, status=409)


def _asking(
    request: Any, screen: "Screen", obj: Any, form: Any, name: str, *, problem: str = "", status: int = 200
) -> HttpResponse:
    if name not in form.fields:
        raise Http404
    form.auto_id = f"cell_{obj.pk}_%s"
    problems = [problem] if problem else []
    for key, told in form.errors.items():
        label = "" if key in {name, "__all__"} else f"{form.fields[key].label}: "
        problems += [f"{label}{message}" for message in told]
    context = {
        "field": form[name],
        "version": getattr(obj, "version", ""),
        "action": screen.url(obj, "edit").removesuffix("edit/") + f"cell/{name}/",
        "problem": " ".join(problems),
        "label": f"{capitalised(form.fields[name].label)} · {obj}",
    }
    return TemplateResponse(request, "screens/_cell.html", context, status=status)


def _text(obj: Any, name: str) -> str:
    return str(text_value(obj._meta.get_field(name), obj))
