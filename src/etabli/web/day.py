"""What "My day" is made of. Domains add their figures, cards, palette acts and first steps; the shell knows
none of them.
"""

from collections.abc import Callable, Iterable
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from etabli.kernel import screens
from etabli.kernel.actors import Actor, can
from etabli.kernel.screens import Figure, Panel

Figures = Callable[[Actor], Iterable[Figure]]
Panels = Callable[[Actor], Iterable[Panel]]
Steps = Callable[[Actor], Iterable[dict[str, Any]]]
_figures: list[Figures] = []
_panels: list[Panels] = []
_steps: list[Steps] = []


def add_figures(function: Figures) -> Figures:
    """Show these figures at the top of "My day"."""
    _figures.append(function)
    return function


def add_panels(function: Panels) -> Panels:
    """Show these cards on "My day"."""
    _panels.append(function)
    return function


def add_steps(function: Steps) -> Steps:
    """Steps of the first days: dicts of ``title``, ``text``, ``url``, ``done`` (bool) and ``minutes``."""
    _steps.append(function)
    return function


def figures(actor: Actor) -> list[Figure]:
    """Five at most, those of the upper domains first: what people wait for comes before what there is."""
    return [figure for function in reversed(_figures) for figure in function(actor)][:5]


def panels(actor: Actor) -> list[Panel]:
    """The cards, in the same order."""
    return [panel for function in reversed(_panels) for panel in function(actor)]


def first_steps(actor: Actor) -> dict[str, Any] | None:
    """The checklist of a new installation, until every step is done."""
    if not can(actor, "organisation.change"):
        return None
    steps = [step for function in _steps for step in function(actor)]
    left = [s for s in steps if not s["done"]]
    if not left:
        return None
    return {
        "steps": steps,
        "done": len(steps) - len(left),
        "total": len(steps),
        "minutes": sum(s["minutes"] for s in left),
    }


def acts(actor: Actor) -> list[dict[str, Any]]:
    """What the palette can do: add something, go somewhere."""
    made: list[dict[str, Any]] = [
        {"label": _("My day"), "icon": "home", "url": reverse("home"), "key": "G J"}
    ]
    for screen in screens.registry.values():
        if not screen.listed or not can(actor, screen.verb("view")):
            continue
        made.append({"label": screen.title, "icon": screen.icon, "url": screen.list_url})
        if screen.adds and can(actor, screen.verb("add")):
            label = _("Add: %(noun)s") % {"noun": screen.singular.lower()}
            made.append({"label": label, "icon": "plus", "url": reverse(f"{screen.noun}-add")})
    made.append({"label": _("My account"), "icon": "user", "url": reverse("my-account")})
    made.append({"label": _("Help"), "icon": "help", "url": reverse("help")})
    return made


def account_links() -> list[dict[str, str]]:
    """Where a person manages how they log in."""
    return [
        {"label": _("Password"), "url": reverse("account_change_password"), "icon": "lock"},
        {"label": _("Second factor and passkeys"), "url": reverse("mfa_index"), "icon": "shield-check"},
        {"label": _("Notifications"), "url": reverse("notification-choices"), "icon": "bell"},
        {"label": _("Open sessions"), "url": reverse("usersessions_list"), "icon": "devices"},
        {"label": _("E-mail addresses"), "url": reverse("account_email"), "icon": "mail"},
    ]


def style_context() -> dict[str, Any]:
    from .style import samples

    return samples()
