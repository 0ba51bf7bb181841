"""What the desk says on "My day": one's own tickets, those that run late."""

from collections.abc import Iterable

from django.urls import reverse
from django.utils.translation import gettext as _

from etabli.kernel.actors import Actor, can
from etabli.kernel.screens import Figure, Panel
from etabli.kernel.screens.columns import link_to
from etabli.web import markup
from etabli.web.day import add_figures, add_panels

from .desk import BY_KEY, counts, rows
from .looks import PRIORITY_TONES, left, urgency

SHOWN = 6


@add_figures
def figures(actor: Actor) -> Iterable[Figure]:
    """Mine, without agent, due soon."""
    if not can(actor, "ticket.view"):
        return []
    found = counts(actor)
    if not found["all"]:
        return []
    tones = {"due": "bad", "free": "warn"}
    return [
        Figure(
            BY_KEY[key].label,
            found[key],
            f"{reverse('desk')}?queue={key}",
            tone=tones.get(key, "") if found[key] else "",
        )
        for key in ("mine", "free", "due")
    ]


@add_panels
def panels(actor: Actor) -> Iterable[Panel]:
    """My tickets in the order to take them."""
    if not can(actor, "ticket.view"):
        return []
    mine = BY_KEY["mine"]
    found = rows(actor).filter(mine.condition(actor)).order_by(*mine.order)[:SHOWN]
    lines = [
        (
            link_to(one),
            markup.joined(
                [
                    markup.badge(f"P{one.priority}", PRIORITY_TONES[one.priority]),
                    markup.tinted(left(one.due_at), urgency(one)) if one.due_at else "",
                ]
            ),
        )
        for one in found
    ]
    return [Panel(_("My tickets"), rows=lines, more_url=reverse("desk"))] if lines else []
