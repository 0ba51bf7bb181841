"""What the shell of every page needs: navigation, client switcher, the person, their theme."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from etabli.kernel import notifications
from etabli.kernel.tenancy import visible

from . import markup, nav


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context processor; costs nothing for a region asked by htmx, nor for a page without an actor."""
    actor = getattr(request, "actor", None)
    theme = request.COOKIES.get("theme", "")
    if actor is None or actor.account_id is None or actor.source != "screen":
        return {"theme": theme or "auto", "density": "normal", "theme_url": reverse("theme")}
    account: Any = request.user
    made = {
        "theme": theme or account.theme,
        "density": account.density,
        "single_keys": account.single_keys,
        "theme_url": reverse("theme"),
    }
    if getattr(request, "htmx", False):
        return made
    return made | {
        **_Lazy(request).parts(),
        "unread": notifications.unread(account).count(),
        "palette_url": reverse("palette"),
        "search_url": reverse("search"),
        "notifications_url": reverse("notification-list"),
        "me": {
            "name": str(account),
            "initials": account.initials,
            "role": account.email,
            "url": reverse("my-account"),
        },
        "demo_loaded": any(p.demo for p in actor.places.values()),
        "demo_url": reverse("demo"),
        "logout_url": reverse("account_logout"),
    }


class _Lazy:
    """Navigation depends on the page's area, which the view puts in its context: it is read when the shell is
    drawn.
    """

    def __init__(self, request: HttpRequest) -> None:
        self.request = request

    def parts(self) -> dict[str, Any]:
        actor: Any = self.request.actor  # type: ignore[attr-defined]
        area = getattr(self.request, "area", "") or area_of(self.request.path)
        query = self.request.GET.urlencode()
        return {
            "nav": nav.areas(
                actor, area, self.request.path, query, getattr(self.request, "saved_views", None)
            ),
            "settings_nav": nav.settings_area(actor, area, self.request.path),
            "organisation_choice": organisation_choice(self.request, actor),
        }


def area_of(path: str) -> str:
    """The area an address belongs to, by the screen at its first part."""
    from etabli.kernel import screens

    first = path.strip("/").split("/")[0]
    if first in {"reglages", "api", "style"}:
        return "settings"
    screen = screens.by_slug(first)
    return screen.area if screen else "day" if not first else ""


def organisation_choice(request: HttpRequest, actor: Any) -> dict[str, Any] | None:
    """The client switcher: nothing when there is nothing to choose."""
    places = list(actor.places.values())
    if not places:
        return None
    chosen = actor.places.get(request.session.get("organisation"))
    shallow = min(len(p.path) for p in places)
    choices = [
        {
            "label": _("All organisations"),
            "url": reverse("switch", args=[0]),
            "current": chosen is None,
            "depth": 0,
        }
    ]
    choices += [
        {
            "label": p.name,
            "url": reverse("switch", args=[p.id]),
            "current": p is chosen,
            "depth": len(p.path) - shallow,
        }
        for p in places
    ]
    shown = chosen or places[0]
    count = len(visible())
    sub = (
        ngettext("%(n)s organisation", "%(n)s organisations", count) % {"n": count}
        if chosen is None
        else _("chosen")
    )
    return {
        "label": shown.name,
        "sublabel": sub,
        "initials": markup.initials(shown.name),
        "choices": choices if len(places) > 1 else [],
    }
