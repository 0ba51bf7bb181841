"""Who sees which tickets of an organisation: everything, their site's, their department's, or their own.

A role that may view tickets (``ticket.view``) sees its own ones; ``ticket.see_unit``, ``ticket.see_site`` and
``ticket.see_all`` widen that. One's own are those one asked for or follows. Internal notes take
``ticket.read_notes``.
"""

from typing import Any

from django.db.models import Q

from etabli.kernel.actors import Actor, can
from etabli.kernel.tenancy import visible
from etabli.people.models import Person

from .tickets import Ticket, Watcher

WIDER = (("ticket.see_site", "site_id"), ("ticket.see_unit", "unit_id"))


def shared(rows: Any, actor: Actor) -> Any:
    """The rows that the actor may see, of those of the organisations where they may view tickets."""
    places = [one for one in visible() if can(actor, "ticket.view", one)]
    narrow = [one for one in places if not can(actor, "ticket.see_all", one)]
    if not narrow:
        return rows
    condition = Q(organisation__in=set(places) - set(narrow))
    for me in Person.objects.filter(account=actor.account_id, organisation__in=narrow):
        condition |= Q(organisation=me.organisation_id) & _mine(actor, me)
    return rows.filter(condition)


def _mine(actor: Actor, me: Person) -> Q:
    followed = Watcher.objects.filter(Q(account=actor.account_id) | Q(person=me)).values("ticket")
    found = Q(requester=me) | Q(pk__in=followed)
    for verb, name in WIDER:
        around = getattr(me, name)
        if around is not None and can(actor, verb, me.organisation_id):
            found |= Q(**{f"requester__{name}": around})
    return found


def seen(actor: Actor, keys: Any) -> set[int]:
    """Which of these tickets (ids) the actor may see."""
    return set(shared(Ticket.objects.filter(pk__in=keys), actor).values_list("pk", flat=True))
