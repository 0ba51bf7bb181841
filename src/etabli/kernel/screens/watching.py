"""Two people on one object: each is told at once what the other changed; nothing is written over unseen."""

from typing import TYPE_CHECKING, Any

from django.http import Http404, HttpRequest
from django.template.loader import render_to_string
from django.urls import path, reverse

from .. import live
from ..actors import require
from ..events import Event
from .columns import capitalised, text_value
from .history import described_events
from .pages import events_of

if TYPE_CHECKING:
    from .screen import Screen


def url_of(screen: "Screen") -> Any:
    """The address of the banner of an object: silent until somebody else changes it after ``since``."""
    view = live.sse(
        lambda request, pk: f"{screen.noun}:{pk}", lambda request, pk: render_news(screen, request, pk)
    )
    return path(f"{screen.slug}/<int:pk>/live/", view, name=f"{screen.noun}-live")


def address(screen: "Screen", obj: Any) -> str:
    """Where a page shown now follows its object, or nothing when the noun is not watched."""
    if not screen.watched or not obj.pk:
        return ""
    last = events_of(screen, obj).order_by("-id").values_list("pk", flat=True).first()
    return f"{reverse(f'{screen.noun}-live', args=[obj.pk])}?since={last or 0}"


def render_news(screen: "Screen", request: HttpRequest, pk: int) -> str:
    """What others did to the object since the page was made; empty while they did nothing."""
    actor: Any = request.actor  # type: ignore[attr-defined]
    obj = screen.rows(actor).filter(pk=pk).first()
    since = request.GET.get("since", "")
    if obj is None:
        raise Http404
    require(actor, screen.verb("view"), obj)
    if not since.isdecimal() or len(since) > 18 or not screen.told(actor, obj):
        return ""
    events = events_of(screen, obj).filter(pk__gt=int(since)).exclude(account_id=actor.account_id)
    found: list[Event] = list(events.order_by("-id")[:3])
    context = {"news": described_events(found), "url": screen.url(obj)}
    return render_to_string("screens/_news.html", context) if found else ""


KEEP = "keep_theirs"


def side_by_side(screen: "Screen", form: Any, obj: Any) -> list[dict[str, Any]]:
    """The fields whose value in place differs from the one in the form: name, label, theirs, mine."""
    theirs = screen.model._default_manager.get(pk=obj.pk)
    rows = []
    for name in screen.form_fields:
        if name not in form.fields or name in form.errors:
            continue
        field = screen.model._meta.get_field(name)
        pair = [str(text_value(field, one)) for one in (theirs, form.instance)]
        if pair[0] != pair[1]:
            label = capitalised(form.fields[name].label)
            rows.append({"name": name, "label": label, "theirs": pair[0] or "—", "mine": pair[1] or "—"})
    return rows


def renewed(screen: "Screen", form: Any, obj: Any) -> Any:
    """The form's data, to be sent again over the version that is there now."""
    data = form.data.copy()
    version = screen.model._default_manager.values_list("version", flat=True).get(pk=obj.pk)
    data["version"] = str(version)
    return data


def with_theirs(screen: "Screen", posted: Any, obj: Any) -> Any:
    """What was posted, with the values in place for the fields whose other value was preferred."""
    kept = [name for name in posted.getlist(KEEP) if name in screen.form_fields]
    if not kept or obj is None:
        return posted
    data = posted.copy()
    for name in kept:
        value = screen.model._meta.get_field(name).value_from_object(obj)  # type: ignore[union-attr]
        data.setlist(name, [] if value in (None, False) else [str(value)])
    return data
