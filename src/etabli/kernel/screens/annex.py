"""What hangs on any object's page: notes, tags, files, links; undoing an event; saving a view. Small POST
addresses.
"""

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from .. import attachments, files, savedviews
from ..actors import Actor, can, require
from ..attachments import Attachment, Link, Note, Tag
from ..events import Event
from ..files import File
from ..kept import kept
from ..markdown import render
from ..tenancy import visible
from .history import short_time
from .undoing import undo

if TYPE_CHECKING:
    from .screen import Screen


def context_of(screen: "Screen", obj: Any, actor: Actor) -> dict[str, Any]:
    """The notes, tags, files and links of an object, with the addresses to add some when the actor may."""
    key = (screen.noun, obj.pk)

    def address(name: str, verb: str) -> str:
        return reverse(name, args=key) if can(actor, verb, attachments.organisation_of(obj)) else ""

    return {
        "notes": [_note(n, actor) for n in Note.objects.filter(**attachments.on(obj))[:50]],
        "tags": [_tag(t, key) for t in attachments.tags_of(obj)],
        "files": [
            _file(a, actor)
            for a in Attachment.objects.filter(**attachments.on(obj)).select_related("file")[:100]
        ],
        "links": [made for end in kept(obj, attachments.links_of) if (made := _link(end, actor))],
        "add_note_url": address("annex-note", "note.add"),
        "add_tag_url": address("annex-tag", "tagging.add"),
        "add_file_url": address("annex-file", "attachment.add"),
        "add_link_url": address("annex-link", "link.add"),
        "tag_choices": list(
            Tag.objects.filter(organisation=attachments.organisation_of(obj)).values_list("name", flat=True)[
                :100
            ]
        ),
    }


def _note(note: Note, actor: Actor) -> dict[str, Any]:
    return {
        "author": note.author,
        "at": short_time(note.created_at),
        "html": render(note.text),
        "pinned": note.pinned,
    }


def _tag(tag: Tag, key: tuple[str, int]) -> dict[str, Any]:
    return {"label": tag.name, "url": "", "remove_url": reverse("annex-untag", args=[*key, tag.pk])}


def _file(one: Attachment, actor: Actor) -> dict[str, Any]:
    from django.template.defaultfilters import filesizeformat

    return {
        "name": one.file.name,
        "url": reverse("file", args=[one.file_id]),
        "size": filesizeformat(one.file.size),
        "at": short_time(one.created_at),
        "actor": one.author,
        "delete_url": reverse("annex-detach", args=[one.pk]) if can(actor, "attachment.delete", one) else "",
    }


def _link(end: attachments.LinkEnd, actor: Actor) -> dict[str, Any] | None:
    """A link is shown when its other end may be seen."""
    from . import by_noun

    screen = by_noun(end.noun)
    obj = (
        screen.rows(actor).filter(pk=end.object_id).first()
        if screen and can(actor, screen.verb("view"))
        else None
    )
    if screen is None or obj is None:
        return None
    delete = reverse("annex-unlink", args=[end.link.pk]) if can(actor, "link.delete", end.link) else ""
    return {
        "label": str(obj),
        "detail": screen.singular,
        "kind": end.label,
        "icon": screen.icon,
        "url": screen.url(obj),
        "delete_url": delete,
    }


def _target(request: Any, noun: str, pk: int) -> Any:
    try:
        return attachments.target(noun, pk, actor=request.actor)
    except attachments.NoSuchObject as error:
        raise Http404(str(error)) from error


def _back(obj: Any) -> HttpResponse:
    from . import registry

    return redirect(registry[type(obj)].url(obj))


@login_required
@require_POST
def note_view(request: Any, noun: str, pk: int) -> HttpResponse:
    obj = _target(request, noun, pk)
    return _done(
        request,
        obj,
        lambda: attachments.note(
            obj, request.POST.get("text", "")[:20_000].replace("\0", ""), actor=request.actor
        ),
    )


@login_required
@require_POST
def tag_view(request: Any, noun: str, pk: int) -> HttpResponse:
    """Put a tag, made when the actor may make tags and nobody did."""
    obj = _target(request, noun, pk)
    name = " ".join(request.POST.get("tag", "").replace("\0", "").split())[:40]
    place = attachments.organisation_of(obj)

    def act() -> None:
        tag = Tag.objects.filter(organisation=place, name__iexact=name).first()
        if tag is None and name:
            tag = Tag.objects.create(organisation_id=place, name=name)
        if tag is None:
            raise ValidationError(_("Type a word."))
        attachments.tag(obj, tag, actor=request.actor)

    return _done(request, obj, act)


@login_required
@require_POST
def untag_view(request: Any, noun: str, pk: int, tag: int) -> HttpResponse:
    obj = _target(request, noun, pk)
    one = get_object_or_404(Tag, pk=tag)
    return _done(request, obj, lambda: attachments.untag(obj, one, actor=request.actor))


@login_required
@require_POST
def file_view(request: Any, noun: str, pk: int) -> HttpResponse:
    obj = _target(request, noun, pk)

    def act() -> None:
        for sent in request.FILES.getlist("files")[:20]:
            attachments.attach(obj, sent, name=sent.name, actor=request.actor)

    return _done(request, obj, act)


@login_required
@require_POST
def detach_view(request: Any, pk: int) -> HttpResponse:
    one = get_object_or_404(Attachment, pk=pk)
    obj = _target(request, one.noun, one.object_id)
    return _done(request, obj, lambda: attachments.detach(one, actor=request.actor))


@login_required
def link_view(request: Any, noun: str, pk: int) -> HttpResponse:
    """Choose the other object, then link."""
    from django.template.response import TemplateResponse

    obj = _target(request, noun, pk)
    from .. import search
    from . import registry

    screen = registry[type(obj)]
    if request.method == "POST":
        other_noun, _colon, other = request.POST.get("other", "").partition(":")
        if not other.isdecimal() or len(other) > 18:
            raise Http404
        target = _target(request, other_noun, int(other))
        return _done(
            request,
            obj,
            lambda: attachments.link(
                obj, target, actor=request.actor, relation=request.POST.get("relation", "related")
            ),
        )
    text = request.GET.get("q", "")[:80]
    place = attachments.organisation_of(obj)
    allowed = [s.noun for s in registry.values() if can(request.actor, s.verb("view"), place)]
    found = search.find(text, nouns=allowed, organisations=[place], limit=30)
    context = {
        "screen": screen,
        "area": screen.area,
        "title": _("Link %(name)s to…") % {"name": obj},
        "q": text,
        "found": found,
        "crumbs": [
            {"label": screen.title, "url": screen.list_url},
            {"label": str(obj), "url": screen.url(obj)},
        ],
        "relations": attachments.relations.values(),
    }
    return TemplateResponse(request, "screens/link.html", context)


@login_required
@require_POST
def unlink_view(request: Any, pk: int) -> HttpResponse:
    one = get_object_or_404(Link, pk=pk)
    obj = _target(request, one.noun, one.object_id)
    return _done(request, obj, lambda: attachments.unlink(one, actor=request.actor))


@login_required
@require_POST
def undo_view(request: Any, pk: int) -> HttpResponse:
    """Take an event back, when nothing later depends on it."""
    event = get_object_or_404(Event, pk=pk)
    try:
        obj = undo(event, request.actor)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect(request.POST.get("next") or "/") if _safe(request) else redirect("/")
    messages.success(request, _("Undone: “%(name)s”.") % {"name": event.label})
    return _back(obj) if obj is not None else redirect("/")


def _safe(request: Any) -> bool:
    from django.utils.http import url_has_allowed_host_and_scheme

    return url_has_allowed_host_and_scheme(request.POST.get("next", ""), allowed_hosts={request.get_host()})


@login_required
@require_POST
def save_view(request: Any, slug: str) -> HttpResponse:
    """Keep the present filters, order and columns of a list under a name."""
    from . import by_slug

    screen = by_slug(slug)
    if screen is None or not visible():
        raise Http404
    query = request.POST.get("query", "")[:2000]
    try:
        savedviews.save_view(
            slug,
            request.POST.get("name", "")[:80],
            query,
            organisation=visible()[0],
            actor=request.actor,
            shared=request.POST.get("shared") == "1",
        )
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect(f"{screen.list_url}?{query}")


@login_required
def file_page(request: Any, pk: int) -> HttpResponseBase:
    """Download a file of the organisations in scope."""
    file = get_object_or_404(File, pk=pk)
    require(request.actor, "file.view", file)
    return files.serve(file)


def _done(request: Any, obj: Any, act: Any) -> HttpResponse:
    try:
        act()
    except (ValidationError, files.FileTooLarge) as error:
        messages.error(request, " ".join(getattr(error, "messages", [str(error)])))
    return _back(obj)


urls = [
    path("objets/<slug:noun>/<int:pk>/note/", note_view, name="annex-note"),
    path("objets/<slug:noun>/<int:pk>/tag/", tag_view, name="annex-tag"),
    path("objets/<slug:noun>/<int:pk>/tag/<int:tag>/", untag_view, name="annex-untag"),
    path("objets/<slug:noun>/<int:pk>/file/", file_view, name="annex-file"),
    path("objets/<slug:noun>/<int:pk>/link/", link_view, name="annex-link"),
    path("objets/file/<int:pk>/detach/", detach_view, name="annex-detach"),
    path("objets/link/<int:pk>/unlink/", unlink_view, name="annex-unlink"),
    path("evenements/<int:pk>/undo/", undo_view, name="event-undo"),
    path("vues/<slug:slug>/", save_view, name="save-view"),
    path("fichiers/<int:pk>/", file_page, name="file"),
]
