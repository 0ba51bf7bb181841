"""The small forms of a ticket's panels, which work without a script too; splitting; templates to pick."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from etabli.kernel.accounts import Account
from etabli.kernel.actors import require
from etabli.kernel.organisations import lineage
from etabli.kernel.screens import Panel, registry
from etabli.kernel.screens.pages import tell_undoable, the_object

from .answer_templates import VARIABLES, fill, templates_for
from .linking import unlink
from .merging import TicketMerge, unmerge
from .messages import Message
from .splitting import TicketSplit, split, unsplit
from .task_lists import TaskList, add_tasks
from .tasks import Task, add_task, finish_task, resume_task
from .tickets import Ticket, TicketLink
from .timing import TimeEntry, WorkType, log_time, start_timer, stop_timer
from .work_panels import tasks_panel, time_panel


def ticket_at(request: Any, pk: int) -> Ticket:
    found: Ticket = the_object(request, registry[Ticket], pk)
    return found


def number(text: str | None) -> int:
    """A number that an address or a form gives; 0 when it is none."""
    return int(text) if text and text.isdecimal() and len(text) < 19 else 0


def answered(
    request: Any, ticket: Ticket, act: Callable[[], str], panel: Callable[..., Panel] | None = None
) -> HttpResponse:
    """Do it; then the panel as it is now for the script, else the ticket again with what happened."""
    problem = text = ""
    try:
        with transaction.atomic():
            text = act()
    except ValidationError as error:
        problem = " ".join(error.messages)
    if panel is not None and request.htmx:
        made = panel(Ticket.objects.get(pk=ticket.pk), request, problem=problem)
        return TemplateResponse(request, made.template, {"panel": made})
    if problem:
        messages.error(request, problem)
    elif text:
        messages.success(request, text)
    return redirect(registry[Ticket].url(ticket))


@login_required
@require_POST
def tasks_view(request: Any, pk: int) -> HttpResponse:
    """Add a task or a list, do, give up or resume one."""
    ticket = ticket_at(request, pk)
    require(request.actor, "ticket.task", ticket)
    sent, act = request.POST, request.POST.get("act", "")

    def do() -> str:
        if act == "add":
            add_task(ticket, sent.get("title", "").replace("\0", ""), actor=request.actor, **_task_told(sent))
            return _("The task is added.")
        if act == "list":
            above = lineage(ticket.organisation_id)
            tasks = get_object_or_404(TaskList, pk=number(sent.get("list")), organisation__in=above)
            add_tasks(ticket, tasks, actor=request.actor)
            return _("The tasks are added.")
        task = get_object_or_404(Task, ticket=ticket, pk=number(sent.get("task")))
        if act == "resume":
            resume_task(task, actor=request.actor)
            return _("The task is to be done again.")
        why = sent.get("why", "").replace("\0", "").strip()
        if act == "give_up" and not why:
            raise ValidationError(_("Say why it is given up."))
        finish_task(task, actor=request.actor, given_up=why if act == "give_up" else "")
        return _("The task is done.") if act != "give_up" else _("The task is given up.")

    return answered(request, ticket, do, tasks_panel)


def _task_told(sent: Any) -> dict[str, Any]:
    """Who and until when, from the small form."""
    wanted = number(sent.get("assignee"))
    who = Account.objects.filter(pk=wanted).first() if wanted else None
    due = sent.get("due_at", "")
    return {
        "mandatory": sent.get("optional") != "1",
        "assignee": who,
        "due_at": forms.DateTimeField(required=False).clean(due) if due else None,
    }


@login_required
@require_POST
def time_view(request: Any, pk: int) -> HttpResponse:
    """Start or stop one's timer, log time."""
    ticket = ticket_at(request, pk)
    require(request.actor, "timeentry.add", ticket)
    sent, act = request.POST, request.POST.get("act", "")
    remark = sent.get("remark", "").replace("\0", "")[:200]

    def do() -> str:
        work = _work_type(ticket, sent.get("work_type"))
        if act == "start":
            start_timer(ticket, actor=request.actor, work_type=work)
            return _("Your timer runs.")
        if act == "stop":
            entry = get_object_or_404(TimeEntry, ticket=ticket, pk=number(sent.get("entry")))
            stop_timer(entry, actor=request.actor, remark=remark)
            return _("Your timer is stopped.")
        minutes = number(sent.get("minutes"))
        if not minutes:
            raise ValidationError(_("Say how many minutes."))
        more = {"travel_minutes": number(sent.get("travel_minutes")), "remark": remark}
        more["distance_km"] = forms.DecimalField(required=False).clean(sent.get("distance_km") or 0)
        log_time(ticket, minutes, actor=request.actor, work_type=work, **more)
        return _("The time is logged.")

    return answered(request, ticket, do, time_panel)


def _work_type(ticket: Ticket, key: str | None) -> WorkType | None:
    if not number(key):
        return None
    return WorkType.objects.filter(pk=number(key), organisation__in=lineage(ticket.organisation_id)).first()


@login_required
@require_POST
def unlink_view(request: Any, pk: int) -> HttpResponse:
    """Take a link away, seen from either end."""
    ticket = ticket_at(request, pk)
    require(request.actor, "ticket.link", ticket)
    row = get_object_or_404(TicketLink, pk=number(request.POST.get("link")))
    if ticket.pk not in {row.ticket_id, row.other_id}:
        raise Http404

    def do() -> str:
        unlink(row, actor=request.actor)
        return _("The link is removed.")

    return answered(request, ticket, do)


@login_required
@require_POST
def unmerge_view(request: Any, pk: int) -> HttpResponse:
    """Take back a merge, or a split, of this ticket."""
    ticket = ticket_at(request, pk)
    merged, cut = number(request.POST.get("merge")), number(request.POST.get("split"))
    require(request.actor, "ticket.split" if cut else "ticket.merge", ticket)

    def do() -> str:
        if cut:
            unsplit(get_object_or_404(TicketSplit, old=ticket, pk=cut), actor=request.actor)
            return _("The messages are back.")
        row = get_object_or_404(TicketMerge, pk=merged)
        if ticket.pk not in {row.kept_id, row.gone_id}:
            raise Http404
        unmerge(row, actor=request.actor)
        return _("The tickets are taken apart, as they were.")

    return answered(request, ticket, do)


class SplitForm(forms.Form):
    title = forms.CharField(label=gettext_lazy("Subject of the new ticket"), max_length=200)
    following = forms.BooleanField(label=gettext_lazy("With the messages after it"), required=False)


@login_required
def split_page(request: Any, pk: int) -> HttpResponse:
    """Make a ticket of one of its messages (``?message=``), perhaps with those after it."""
    ticket = ticket_at(request, pk)
    require(request.actor, "ticket.split", ticket)
    key = number(request.POST.get("message") or request.GET.get("message"))
    message = get_object_or_404(Message, ticket=ticket, pk=key)
    form = SplitForm(request.POST if request.method == "POST" else None, initial={"title": ticket.title})
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        try:
            new = split(message, actor=request.actor, title=told["title"], following=told["following"])
        except ValidationError as error:
            form.add_error(None, error)
        else:
            text = _("%(ticket)s holds this message now.") % {"ticket": new.reference}
            tell_undoable(request, ticket, text)
            return redirect(registry[Ticket].url(new))
    screen = registry[Ticket]
    context = {
        "area": screen.area,
        "title": _("Make a ticket of this message"),
        "text": message.visible[:300] or message.text[:300],
        "form": form,
        "keep": [{"name": "message", "value": message.pk}],
        "submit_label": _("Make a ticket"),
        "cancel_url": screen.url(ticket),
        "crumbs": [
            {"label": screen.title, "url": screen.list_url},
            {"label": str(ticket), "url": screen.url(ticket)},
        ],
    }
    return TemplateResponse(request, "screens/confirm.html", context, status=422 if form.errors else 200)


@login_required
@require_GET
def templates_view(request: Any, pk: int) -> HttpResponse:
    """The templates that may be picked for this ticket (``?q=``), filled: HTML, or JSON with
    ``?format=json``. A variable with nothing to say is named beside its template.
    """
    ticket = ticket_at(request, pk)
    require(request.actor, "ticket.answer", ticket)
    rows = templates_for(ticket, request.actor, request.GET.get("q", "").replace("\0", "")[:80])[:50]
    found = [(one, fill(one.text, ticket, request.actor)) for one in rows]
    if request.GET.get("format") == "json":
        told = [
            {
                "id": one.pk,
                "name": one.name,
                "shortcut": one.shortcut,
                "text": filled.text,
                "empty": list(filled.empty),
            }
            for one, filled in found
        ]
        return JsonResponse({"templates": told})
    lines = [
        {"one": one, "text": filled.text, "empty": [VARIABLES[name].label for name in filled.empty]}
        for one, filled in found
    ]
    return TemplateResponse(request, "support/_templates.html", {"lines": lines, "ticket": ticket})


urls = [
    path("tickets/<int:pk>/tasks/", tasks_view, name="ticket-tasks"),
    path("tickets/<int:pk>/time/", time_view, name="ticket-time"),
    path("tickets/<int:pk>/unlink/", unlink_view, name="ticket-unlink"),
    path("tickets/<int:pk>/unmerge/", unmerge_view, name="ticket-unmerge"),
    path("tickets/<int:pk>/split/", split_page, name="ticket-split"),
    path("tickets/<int:pk>/templates/", templates_view, name="ticket-templates"),
]
