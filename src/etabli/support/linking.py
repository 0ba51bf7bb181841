"""What tickets are to each other (child, cause, duplicate, obstacle); answering children from a parent."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from etabli.kernel.actors import Actor, require
from etabli.kernel.events import publish
from etabli.kernel.tenancy import visible

from .moving import move
from .opening import Words
from .talking import answer
from .tickets import OPEN, Ticket, TicketLink

Relation = TicketLink.Relation
DEEPEST = 20
"""How far up parents are followed: more would be a mistake."""
ONE_WAY = {Relation.CHILD, Relation.CAUSED, Relation.DUPLICATE, Relation.BLOCKED}
"""Relations that cannot hold in both directions at once."""


@transaction.atomic
def link(ticket: Ticket, relation: str, other: Ticket, *, actor: Actor) -> TicketLink:
    """Say what a ticket is to another one. Raises ``ValidationError`` with a sentence."""
    require(actor, "ticket.link", ticket)
    if relation not in Relation.values:
        raise ValidationError(_("“%(relation)s” is not a relation.") % {"relation": relation})
    if problem := refusal(ticket, Relation(relation), other):
        raise ValidationError(problem)
    made = TicketLink.objects.create(
        organisation_id=ticket.organisation_id, ticket=ticket, relation=relation, other=other
    )
    _tell("ticket.linked", made, actor)
    return made


@transaction.atomic
def unlink(row: TicketLink, *, actor: Actor) -> None:
    """Take a link away."""
    require(actor, "ticket.link", row.ticket)
    _tell("ticket.unlinked", row, actor)
    row.delete()


def refusal(ticket: Ticket, relation: TicketLink.Relation, other: Ticket) -> str:
    """Why this link makes no sense, in a sentence, or an empty text."""
    if ticket.pk == other.pk:
        return _("A ticket is not linked to itself: choose another one.")
    links = TicketLink.objects.filter(relation=relation)
    if links.filter(ticket=ticket, other=other).exists():
        return _("They are linked so already.")
    if links.filter(ticket=other, other=ticket).exists():
        if relation not in ONE_WAY:
            return _("They are linked so already.")
        told = _("%(other)s is “%(relation)s” this one: the reverse cannot hold too.")
        return told % {"other": other.reference, "relation": relation.label}
    if relation == Relation.CHILD:
        return _no_second_parent(ticket) or _no_cycle(ticket, other, relation)
    return _no_cycle(ticket, other, relation) if relation in ONE_WAY else ""


def _no_second_parent(ticket: Ticket) -> str:
    parent = parent_of(ticket)
    if parent is None:
        return ""
    return _("It is a child of %(parent)s: take that link away first.") % {"parent": parent.reference}


def _no_cycle(ticket: Ticket, other: Ticket, relation: TicketLink.Relation) -> str:
    """Following the relation from ``other`` must not lead back here."""
    seen: set[int] = set()
    edge = {other.pk}
    for _step in range(DEEPEST):
        seen |= edge
        if ticket.pk in edge:
            return _("%(other)s leads back to this ticket: that would go round in a circle.") % {
                "other": other.reference
            }
        found = TicketLink.objects.filter(relation=relation, ticket__in=edge).values_list(
            "other_id", flat=True
        )
        edge = set(found) - seen
        if not edge:
            return ""
    return _("These tickets are linked too deeply: link this one higher up.")


def _tell(verb: str, row: TicketLink, actor: Actor) -> None:
    """Both ends know; one above the organisations in sight only knows from below."""
    ends = ((row.ticket, row.other), (row.other, row.ticket))
    for one, far in ends:
        if one.organisation_id in visible():
            extra = {"relation": row.relation, "about": {"id": far.pk, "text": str(far)}}
            publish(one, verb, actor=actor, extra=extra)


def parent_of(ticket: Ticket) -> Ticket | None:
    row = ticket.links.filter(relation=Relation.CHILD).select_related("other").first()
    return row.other if row else None


def children_of(ticket: Ticket) -> QuerySet[Ticket]:
    """The tickets that are children of this one, in order."""
    return Ticket.objects.filter(links__relation=Relation.CHILD, links__other=ticket).order_by("id")


@dataclass
class Told:
    """What became of several tickets: those done, and a sentence for each that refused."""

    done: list[Ticket] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def answer_children(ticket: Ticket, text: str, *, actor: Actor) -> Told:
    """Answer every open child with the same words, each by a message of its own."""
    return _each(children_of(ticket).filter(OPEN), lambda one: answer(one, Words(text), actor=actor))


def solve_children(ticket: Ticket, solution: str, *, actor: Actor) -> Told:
    """Solve every open child with the same solution; one that refuses stays open, and says why."""
    return _each(
        children_of(ticket).filter(OPEN), lambda one: move(one, "solve", actor=actor, solution=solution)
    )


def _each(rows: Iterable[Ticket], act: Callable[[Ticket], object]) -> Told:
    told = Told()
    for one in rows:
        try:
            with transaction.atomic():
                act(one)
        except ValidationError as error:
            told.problems.append(f"{one.reference} : {' '.join(error.messages)}")
        else:
            told.done.append(one)
    return told
