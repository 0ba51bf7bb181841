"""What a ticket's page shows of the work on it; each panel answers its own small forms (``work_pages``).

A panel is asked for only by who may see the ticket. Each costs a number of queries that does not grow.
"""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from etabli.kernel.actors import can
from etabli.kernel.organisations import lineage
from etabli.kernel.screens import Panel

from .approving import Approval, may_decide
from .handing import agents_of
from .linking import Relation
from .merging import TicketMerge
from .rules import RuleFiring
from .states import OVER, State
from .task_lists import TaskList
from .tickets import Ticket, TicketLink
from .timing import WorkType, spoken, totals

SHOWN = 50


def backward(relation: str) -> str:
    """A relation as the other ticket reads it."""
    words = {
        Relation.CHILD: _("parent of"),
        Relation.CAUSED: _("cause of"),
        Relation.DUPLICATE: _("duplicated by"),
        Relation.BLOCKED: _("blocks"),
        Relation.RELATED: _("related to"),
    }
    return words[Relation(relation)]


def links_panel(ticket: Ticket, request: HttpRequest) -> Panel:
    """Its links in both directions, its children counted first. Three queries."""
    from .looks import TONES

    rows = TicketLink.objects.select_related("other", "ticket")
    there = [(row, row.other, row.get_relation_display()) for row in rows.filter(ticket=ticket)[:SHOWN]]
    back = rows.filter(other=ticket).order_by("relation", "id")
    here = [(row, row.ticket, backward(row.relation)) for row in back[:SHOWN]]
    children = [one for row, one, _word in here if row.relation == Relation.CHILD]
    may = can(request.actor, "ticket.link", ticket)  # type: ignore[attr-defined]
    lines = [
        {
            "ticket": one,
            "word": word,
            "link": row.pk,
            "tone": TONES[one.state],
            "removable": may and row.organisation_id == ticket.organisation_id,
        }
        for row, one, word in [*there, *here]
    ]
    context = {
        "ticket": ticket,
        "lines": lines,
        "may": may,
        "children": len(children),
        "open_children": sum(one.state not in OVER for one in children),
        "major": ticket.kind == Ticket.Kind.MAJOR,
    }
    return Panel(_("Linked tickets"), template="support/_links.html", context=context, side=True)


def tasks_panel(ticket: Ticket, request: HttpRequest, *, problem: str = "") -> Panel:
    """What is to be done, with the forms to add, do, give up and resume. Five queries."""
    tasks = list(ticket.tasks.select_related("assignee").order_by("position", "id")[:200])
    now = timezone.now()
    may = can(request.actor, "ticket.task", ticket) and ticket.state not in OVER  # type: ignore[attr-defined]
    lists: Any = ()
    if may:
        above = lineage(ticket.organisation_id)
        lists = TaskList.objects.filter(organisation__in=above, archived=False).order_by("name")[:100]
    context = {
        "ticket": ticket,
        "tasks": [
            {"task": one, "late": one.done_at is None and one.due_at is not None and one.due_at < now}
            for one in tasks
        ],
        "left": sum(one.done_at is None for one in tasks),
        "may": may,
        "agents": agents_of(ticket.organisation_id) if may else (),
        "lists": lists,
        "problem": problem,
    }
    return Panel(_("Tasks"), template="support/_tasks.html", context=context)


def time_panel(ticket: Ticket, request: HttpRequest, *, problem: str = "") -> Panel:
    """The time spent, its totals, one's timer, the form to log some. Four queries."""
    actor: Any = request.actor  # type: ignore[attr-defined]
    rows = ticket.time_entries.select_related("account", "work_type").order_by("-started_at", "-id")
    entries = list(rows[:20])
    sums = totals(ticket.time_entries.all())
    may = can(actor, "timeentry.add", ticket)
    types: Any = ()
    if may:
        above = lineage(ticket.organisation_id)
        types = WorkType.objects.filter(organisation__in=above, archived=False).order_by("name")[:100]
    context = {
        "ticket": ticket,
        "entries": [{"entry": one, "spent": spoken(one.minutes)} for one in entries],
        "mine": next((one for one in entries if one.running and one.account_id == actor.account_id), None),
        "spent": spoken(sums["minutes"]),
        "travel": spoken(sums["travel"]) if sums["travel"] else "",
        "km": sums["km"],
        "billed": spoken(sums["billed"]),
        "may": may,
        "types": types,
        "problem": problem,
    }
    return Panel(_("Time spent"), template="support/_time.html", context=context, side=True)


def approvals_panel(ticket: Ticket, request: HttpRequest) -> Panel | None:
    """The approvals asked, none when none was. One query."""
    actor: Any = request.actor  # type: ignore[attr-defined]
    rows = list(ticket.approvals.select_related("person").order_by("-id")[:SHOWN])
    if not rows:
        return None
    tones = {"asked": "warn", "approved": "ok", "refused": "bad", "withdrawn": "off"}
    asked = Approval.State.ASKED
    lines = [
        {
            "approval": one,
            "tone": tones[one.state],
            "mine": one.state == asked and may_decide(one, actor),
            "withdrawable": one.state == asked and can(actor, "ticket.approval", ticket),
        }
        for one in rows
    ]
    return Panel(_("Approvals"), template="support/_approvals.html", context={"lines": lines}, side=True)


def merges_panel(ticket: Ticket, request: HttpRequest) -> Panel | None:
    """What became part of the ticket, what it is part of, what was split off it; each with its undo. Three
    queries.
    """
    actor: Any = request.actor  # type: ignore[attr-defined]
    merged = TicketMerge.objects.filter(undone_at=None).select_related("gone", "kept")
    inside = list(merged.filter(kept=ticket).order_by("-id")[:SHOWN])
    into = merged.filter(gone=ticket).first() if ticket.merged_into_id else None
    splits = list(ticket.splits.filter(undone_at=None).exclude(new=None).select_related("new")[:SHOWN])
    if not (inside or into or splits):
        return None
    may_merge = can(actor, "ticket.merge", ticket)
    may_split = can(actor, "ticket.split", ticket) and ticket.state != State.CLOSED
    context = {
        "ticket": ticket,
        "inside": inside,
        "into": into,
        "splits": splits,
        "may_merge": may_merge,
        "may_split": may_split,
    }
    return Panel(_("Merged and split"), template="support/_merges.html", context=context, side=True)


def firings_panel(ticket: Ticket, request: HttpRequest) -> Panel | None:
    """The rules that fired for it, and why; none when none did. One query."""
    rows = list(RuleFiring.objects.filter(ticket=ticket).select_related("rule").order_by("-id")[:20])
    if not rows:
        return None
    context = {"firings": rows, "of_ticket": True}
    return Panel(_("Why rules fired"), template="support/_firings.html", context=context, side=True)


def work_panels(ticket: Ticket, request: HttpRequest) -> list[Panel]:
    """All of them, in the order of a page."""
    made = [
        tasks_panel(ticket, request),
        time_panel(ticket, request),
        links_panel(ticket, request),
        approvals_panel(ticket, request),
        merges_panel(ticket, request),
        firings_panel(ticket, request),
    ]
    return [panel for panel in made if panel is not None]
