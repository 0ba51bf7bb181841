"""The page of a ticket: writing on it, drafts, who else is there, the formatting and files of messages."""

import base64
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from etabli.kernel import files, screens
from etabli.kernel.actors import Actor, can, require
from etabli.kernel.events import Event
from etabli.kernel.screens.history import described_events
from etabli.kernel.screens.pages import detail_page, events_of, the_object

from .conversation import PICTURES, read
from .drafts import Draft, be_present, drafts_of, keep_draft, others
from .mail.cleaning import clean
from .messages import Message, MessageFile
from .moving import move
from .opening import Words
from .outbox import OutgoingMail
from .posting import TakenBack, keeps_drafts, take_back
from .recipients import addresses, plain_addresses, recipients_of
from .states import OVER
from .talking import accept, answer, note
from .tickets import Ticket

WRITES = {"reply": "ticket.answer", "note": "ticket.note"}
MOST_FILES = 20
INLINE_MOST = 1_000_000
FRAME = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
    "img-src data:{remote}; frame-ancestors 'self'"
)


def context(ticket: Ticket, request: Any) -> dict[str, Any]:
    """What the page shows beside its panels: the conversation and where to write."""
    may_answer, may_note = (can(request.actor, f"ticket.{act}", ticket) for act in ("answer", "note"))
    notes = can(request.actor, "ticket.read_notes", ticket)
    kept = drafts_of(ticket, request.actor.account_id)
    to, cc = recipients_of(ticket)
    return {
        "ticket": ticket,
        "here": reverse("ticket-detail", args=[ticket.pk]),
        "conversation": read(ticket, notes=notes, everything=request.GET.get("all") == "1"),
        "may_answer": may_answer and ticket.state != "closed",
        "may_note": may_note,
        "may_split": can(request.actor, "ticket.split", ticket),
        "over": ticket.state in OVER,
        "recipients": [one.address for one in to],
        "copies": ", ".join(plain_addresses(cc)),
        "drafts": {"reply": kept.get("reply", ""), "note": kept.get("note", "")},
        "writing": request.GET.get("write")
        or ("note" if kept.get("note") and not kept.get("reply") else "reply"),
        "seen": events_of(screens.registry[Ticket], ticket)
        .order_by("-id")
        .values_list("pk", flat=True)
        .first()
        or 0,
        "present": others(ticket, request.actor.account_id),
    }


@require_POST
def write_page(request: Any, pk: int) -> HttpResponse:
    """Send an answer or keep a note; what changed since the page was read is shown first, nothing is lost."""
    ticket = _ticket(request, pk)
    kind, text = request.POST.get("kind", ""), request.POST.get("text", "")
    require(request.actor, WRITES.get(kind, "ticket.note"), ticket)
    if kind not in WRITES:
        raise Http404
    keep_draft(ticket, kind, text, account_id=request.actor.account_id)
    news = _news(request, ticket)
    if news and not request.POST.get("anyway"):
        return _again(request, pk, kind, news)
    try:
        _write(request, ticket, kind, text)
    except (ValidationError, files.FileTooLarge) as error:
        messages.error(request, " ".join(getattr(error, "messages", [str(error)])))
        return redirect(f"/tickets/{pk}/?write={kind}#composer")
    Draft.objects.filter(ticket=ticket, account=request.actor.account_id, kind=kind).delete()
    return redirect(f"/tickets/{pk}/#latest")


def _write(request: Any, ticket: Ticket, kind: str, text: str) -> None:
    uploads = request.FILES.getlist("files")[:MOST_FILES]
    kept = tuple(
        (files.store(one, name=one.name, actor=request.actor, organisation=ticket.organisation_id), "")
        for one in uploads
    )
    words = Words(text, files=kept)
    if kind == "note":
        note(ticket, words, actor=request.actor)
        messages.success(request, _("The note is kept: only the desk reads it."))
        return
    message = answer(ticket, words, actor=request.actor, cc=addresses(request.POST.get("cc", "")))
    then = request.POST.get("then")
    if then == "wait":
        move(ticket, "wait", actor=request.actor, waiting="user", reason=_("An answer is awaited."))
    elif then == "solve":
        move(ticket, "solve", actor=request.actor, solution=text)
    mail = message.mails.first()
    if mail is None:
        messages.success(request, _("Your answer is kept; it has no address to leave for."))
        return
    back = f"undo={reverse('mail-back', args=[ticket.pk, mail.pk])}"
    messages.success(request, _("Your answer leaves in ten seconds."), extra_tags=back)


def _news(request: Any, ticket: Ticket) -> list[dict[str, Any]]:
    """What others did since the writer read the page."""
    seen = request.POST.get("seen", "")
    if not seen.isdecimal() or len(seen) > 18:
        return []
    rows = events_of(screens.registry[Ticket], ticket).filter(pk__gt=int(seen))
    found: list[Event] = list(rows.exclude(account_id=request.actor.account_id).order_by("id")[:10])
    return described_events(found)


def _again(request: Any, pk: int, kind: str, news: list[dict[str, Any]]) -> HttpResponse:
    """The page once more, with what changed, the text still in its place."""
    request.method = "GET"
    request.GET = request.GET.copy()
    request.GET["write"] = kind
    response: Any = detail_page(request, screens.registry[Ticket], pk)
    response.context_data["meanwhile"] = news
    response.status_code = 409
    return response


@require_POST
def back_page(request: Any, pk: int, mail: int) -> HttpResponse:
    """Take an answer back before it leaves; its words are in the composer again."""
    ticket = _ticket(request, pk)
    found = get_object_or_404(OutgoingMail, pk=mail, ticket=ticket)
    try:
        take_back(found, actor=request.actor)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect(f"/tickets/{pk}/?write=reply#composer")


@keeps_drafts
def _keep_taken_back(back: TakenBack, actor: Actor) -> None:
    if actor.account_id:
        keep_draft(back.ticket, "reply", back.text, account_id=actor.account_id)


@require_POST
def draft_page(request: Any, pk: int) -> HttpResponse:
    ticket, kind = _ticket(request, pk), request.POST.get("kind", "")
    require(request.actor, WRITES.get(kind, "ticket.note"), ticket)
    if kind not in WRITES:
        raise Http404
    keep_draft(ticket, kind, request.POST.get("text", ""), account_id=request.actor.account_id)
    return HttpResponse(status=204)


@require_POST
def presence_page(request: Any, pk: int) -> HttpResponse:
    """I am here; who else is? Only those who may write are worth telling of."""
    ticket = _ticket(request, pk)
    require(request.actor, "ticket.note", ticket)
    be_present(ticket, account_id=request.actor.account_id)
    return TemplateResponse(
        request, "support/_present.html", {"present": others(ticket, request.actor.account_id)}
    )


@require_POST
def accept_page(request: Any, pk: int, message: int) -> HttpResponse:
    ticket = _ticket(request, pk)
    found = get_object_or_404(ticket.messages.select_related("ticket"), pk=message)
    try:
        accept(found, actor=request.actor)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect(f"/tickets/{pk}/")


def _messages(request: Any, ticket: Ticket) -> Any:
    """The messages of a ticket that the reader may read."""
    notes = can(request.actor, "ticket.read_notes", ticket)
    return ticket.messages.all() if notes else ticket.messages.exclude(kind=Message.Kind.NOTE)


def formatted_page(request: Any, pk: int, message: int) -> HttpResponse:
    """A message with its own formatting, in a frame where nothing runs; remote images only when asked."""
    ticket = _ticket(request, pk)
    found = get_object_or_404(_messages(request, ticket), pk=message)
    if not found.html:
        raise Http404
    remote = request.GET.get("remote") == "1"
    cleaned = clean(found.html, pictures=_pictures(found), remote=remote)
    answer = TemplateResponse(request, "support/formatted.html", {"cleaned": cleaned, "message": found})
    answer["Content-Security-Policy"] = FRAME.format(remote=" https: http:" if remote else "")
    answer["X-Frame-Options"] = "SAMEORIGIN"
    answer["Referrer-Policy"] = "no-referrer"
    return answer


def _pictures(message: Message) -> dict[str, str]:
    """The inline images of a message as data, by content identifier: a sandboxed frame fetches nothing."""
    found = {}
    for one in message.files.exclude(content_id="").select_related("file")[:40]:
        if one.file.media_type in PICTURES and one.file.size <= INLINE_MOST:
            with files.open_file(one.file) as content:
                data = base64.b64encode(content.read()).decode()
            found[one.content_id] = f"data:{one.file.media_type};base64,{data}"
    return found


def file_page(request: Any, pk: int, file: int) -> Any:
    ticket = _ticket(request, pk)
    found = get_object_or_404(
        MessageFile.objects.select_related("file"), pk=file, message__in=_messages(request, ticket)
    )
    return files.serve(found.file)


def _ticket(request: Any, pk: int) -> Ticket:
    found: Ticket = the_object(request, screens.registry[Ticket], pk)
    return found


URLS = [
    path("tickets/<int:pk>/write/", write_page, name="ticket-write"),
    path("tickets/<int:pk>/mails/<int:mail>/back/", back_page, name="mail-back"),
    path("tickets/<int:pk>/draft/", draft_page, name="ticket-draft"),
    path("tickets/<int:pk>/presence/", presence_page, name="ticket-presence"),
    path("tickets/<int:pk>/messages/<int:message>/accept/", accept_page, name="message-accept"),
    path("tickets/<int:pk>/messages/<int:message>/", formatted_page, name="message-formatted"),
    path("tickets/<int:pk>/files/<int:file>/", file_page, name="message-file"),
]
