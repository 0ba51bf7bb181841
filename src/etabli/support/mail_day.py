"""On "My day": mails of the desk that could not leave."""

from collections.abc import Iterable
from typing import Any

from django.utils.html import format_html
from django.utils.translation import gettext as _

from etabli.kernel.actors import Actor, can
from etabli.kernel.screens import Panel, registry
from etabli.kernel.screens.columns import link_to
from etabli.web import markup
from etabli.web.day import add_panels

from .mail_screens import TONES, stuck, stuck_url
from .outbox import OutgoingMail

SHOWN = 5


@add_panels
def panels(actor: Actor) -> Iterable[Panel]:
    """One query; nothing is shown while everything leaves."""
    if not can(actor, "ticket.answer"):
        return []
    rows = list(stuck(registry[OutgoingMail].rows(actor)).defer("text")[:SHOWN])
    told: list[tuple[Any, Any]] = [
        (link_to(one), markup.state(one.get_state_display(), TONES[one.state])) for one in rows
    ]
    if not told:
        return []
    told.append(("", format_html('<a href="{}">{}</a>', stuck_url(), _("See all"))))
    return [Panel(_("Mails that could not leave"), rows=told)]
