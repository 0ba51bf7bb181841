"""Events in words: who did what, when, and what changed from what to what."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from ..events import Event
from .columns import label_of
from .undoing import undoable

ACTS = {
    "created": (gettext_noop("Created"), "ok"),
    "changed": (gettext_noop("Changed"), ""),
    "deleted": (gettext_noop("Deleted"), "bad"),
    "noted": (gettext_noop("Note added"), ""),
    "tagged": (gettext_noop("Tag added"), ""),
    "untagged": (gettext_noop("Tag removed"), ""),
    "attached": (gettext_noop("File attached"), ""),
    "linked": (gettext_noop("Linked"), ""),
    "unlinked": (gettext_noop("Link removed"), ""),
    "read": (gettext_noop("Secret read"), "warn"),
    "detached": (gettext_noop("File removed"), ""),
    "revoked": (gettext_noop("Revoked"), "warn"),
    "moved": (gettext_noop("Moved"), ""),
    "invited": (gettext_noop("Invited"), ""),
}
SOURCES = {
    "api": gettext_noop("by the API"),
    "import": gettext_noop("by an import"),
    "agent": gettext_noop("by its agent"),
    "command": gettext_noop("from the command line"),
    "system": gettext_noop("by the system"),
}


def describe_act(verb: str) -> tuple[str, str]:
    """The words and the tone of a verb; domains add theirs with :func:`name_act`."""
    act = verb.rpartition(".")[2]
    text, tone = _named.get(verb) or ACTS.get(act, (act, ""))
    return _(text), tone


_named: dict[str, tuple[str, str]] = {}


def name_act(verb: str, text: str, tone: str = "") -> None:
    """Give a verb its words (an English msgid) in histories."""
    _named[verb] = (text, tone)


def described_events(events: Iterable[Event], *, named: bool = False) -> list[dict[str, Any]]:
    """Events as the history template shows them; ``named`` also says which object each is about (for a
    feed).
    """
    made = []
    for event in events:
        text, tone = describe_act(event.verb)
        source = SOURCES.get(event.source)
        if named:
            text = _named_act(event, text)
        made.append(
            {
                "id": event.pk,
                "at": short_time(event.at),
                "actor": event.actor,
                "text": text,
                "tone": tone,
                "label": event.label,
                "source": _(source) if source else "",
                "detail": event.extra.get("text", ""),
                "about": (event.extra.get("about") or {}).get("text", ""),  # the other object of the act
                "changes": described_changes(event),
                "undoable": undoable(event),
            }
        )
    return made


def _named_act(event: Event, text: str) -> str:
    from . import by_noun

    screen = by_noun(event.noun)
    if screen is None or event.verb.endswith(".deleted"):
        return format_html("{} · {}", text, event.label)
    url = reverse(f"{screen.noun}-detail", args=[event.object_id])
    return format_html('{} · <a class="lnk" href="{}">{}</a>', text, url, event.label)


def short_time(at: datetime, now: datetime | None = None) -> SafeString:
    """A moment as people say it: the hour today, then « hier », then the day; the full date on hover."""
    now = timezone.localtime(now or timezone.now())
    local = timezone.localtime(at)
    days = (now.date() - local.date()).days
    hour = formats.date_format(local, "H:i")
    if days == 0:
        text = hour
    elif days == 1:
        text = _("yesterday %(hour)s") % {"hour": hour}
    else:
        text = formats.date_format(local, "j N" if local.year == now.year else "j N Y")
    return format_html('<span title="{}">{}</span>', formats.date_format(local, "j F Y H:i"), text)


def described_changes(event: Event) -> list[dict[str, str]]:
    from . import by_noun

    screen = by_noun(event.noun)
    return [
        {
            "label": label_of(screen, name),
            "before": _text(screen, name, pair[0]),
            "after": _text(screen, name, pair[1]),
        }
        for name, pair in event.changes.items()
        if name != "custom" or pair[0] or pair[1]
    ]


def _text(screen: Any, name: str, value: Any) -> str:
    if isinstance(value, dict):
        return (
            str(value.get("text", "")) if "id" in value else ", ".join(f"{k} : {v}" for k, v in value.items())
        )
    if value is None or value == "":
        return "—"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(_text(screen, name, one) for one in value) or "—"
    field = screen.model._meta.get_field(name) if screen and hasattr(screen.model, name) else None
    choices = getattr(getattr(field, "base_field", field), "flatchoices", ())
    return str(dict(choices).get(value, value))
