"""The desk as an agent works through it: the queues, what each holds, the tickets of one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy

from etabli.kernel import screens
from etabli.kernel.actors import Actor

from .messages import Message
from .states import State
from .tickets import OPEN, Ticket

SHOWN = 60
SOON = timedelta(hours=2)
LATELY = timedelta(days=7)


@dataclass(frozen=True)
class Queue:
    """A queue of the desk: its key in the address, its words, and which tickets are in it for an agent."""

    key: str
    label: Any
    condition: Callable[[Actor], Q]
    order: Sequence[Any] = ("priority", F("due_at").asc(nulls_last=True), "id")
    counted: bool = True


QUEUES = [
    Queue("mine", gettext_lazy("Mine"), lambda actor: OPEN & Q(assignee=actor.account_id)),
    Queue("free", gettext_lazy("Without agent"), lambda actor: OPEN & Q(assignee=None)),
    Queue("due", gettext_lazy("Due soon"), lambda actor: OPEN & Q(due_at__lt=timezone.now() + SOON)),
    Queue("owed", gettext_lazy("Answer awaited"), lambda actor: OPEN & Q(owed=True)),
    Queue("waiting", gettext_lazy("On hold"), lambda actor: Q(state=State.WAITING)),
    Queue("all", gettext_lazy("All open"), lambda actor: OPEN),
    Queue(
        "solved",
        gettext_lazy("Recently solved"),
        lambda actor: Q(state=State.SOLVED, solved_at__gte=timezone.now() - LATELY),
        order=(F("solved_at").desc(), "-id"),
        counted=False,
    ),
]
BY_KEY = {queue.key: queue for queue in QUEUES}


@dataclass(frozen=True)
class Line:
    """A ticket of a queue with the beginning of its last message."""

    ticket: Ticket
    said: str


def rows(actor: Actor) -> QuerySet[Ticket]:
    """The tickets this actor may see, without those that became part of another."""
    found: QuerySet[Ticket] = screens.registry[Ticket].rows(actor)
    return found.filter(merged_into=None)


def counts(actor: Actor) -> dict[str, int]:
    """How many tickets each queue holds, in one query over those that are open."""
    asked = {q.key: Count("pk", filter=q.condition(actor)) for q in QUEUES if q.counted}
    return dict(rows(actor).filter(OPEN).aggregate(**asked))


def lines(actor: Actor, key: str) -> list[Line]:
    """The first tickets of a queue, in the order to take them; two queries."""
    queue = BY_KEY.get(key, QUEUES[0])
    found = rows(actor).filter(queue.condition(actor)).order_by(*queue.order)
    tickets = list(found.select_related("requester", "category__parent", "organisation")[:SHOWN])
    last = Message.objects.filter(ticket__in=tickets).order_by("ticket", "-at", "-id").distinct("ticket")
    said = dict(last.values_list("ticket", "visible"))
    return [Line(one, " ".join(said.get(one.pk, "")[:300].split())[:140]) for one in tickets]
