"""What people see of the addresses of calendars, and where they ask for one."""

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from etabli.kernel.actors import Actor
from etabli.kernel.screens import Act, Panel, Screen, register
from etabli.kernel.screens.beside import beside
from etabli.kernel.screens.columns import show
from etabli.people.models import Person

from . import feed_pages, feeds
from .feeds import CalendarFeed


def _revoke(feed: CalendarFeed, _cleaned: dict[str, Any], actor: Actor) -> None:
    feeds.revoke(feed, actor=actor)


@register
class CalendarFeedScreen(Screen):
    """The secret addresses that calendar programs read, and when they last did."""

    about = gettext_lazy(
        "Secret addresses by which calendar programs read what people booked or must give back."
    )
    model = CalendarFeed
    slug = "calendar-feeds"
    icon = "calendar"
    columns = ["person", "by", "created_at", "read_at", "revoked_at"]
    fields = ["person", "by", "read_at", "revoked_at"]
    order = ["-id"]
    acts = [
        Act(
            "revoke",
            gettext_lazy("Revoke"),
            "ban",
            "calendarfeed.change",
            _revoke,
            why_not=lambda feed: _("This address is revoked.") if feed.revoked_at else "",
            text=gettext_lazy("The calendar programs that use this address find nothing any more."),
            danger=True,
        )
    ]
    adds = changes = deletes = importable = searchable = annexed = undoable = False

    def more_urls(self) -> list[Any]:
        return feed_pages.urls


@beside("person")
def person_panel(person: Person, request: HttpRequest) -> Iterable[Panel]:
    """The addresses in use, and where to make one."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if not feeds.may(actor, "add", person):
        return
    used = person.calendar_feeds.filter(revoked_at=None).order_by("-id")[:5]
    rows = [
        (
            format_html(
                '<a href="{}">{}</a>', reverse("calendarfeed-detail", args=[feed.pk]), show(feed.created_at)
            ),
            show(feed.read_at) if feed.read_at else _("never read"),
        )
        for feed in used
    ]
    url = reverse("person-calendar", args=[person.pk])
    yield Panel(_("Calendar"), rows=rows, side=True, more_url=url, more_label=_("Subscribe"))
