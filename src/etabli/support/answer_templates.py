"""Answers written once: a text whose ``{{variables}}`` are filled from the ticket when it is used.

The substitution is a lookup in a table, nothing more: no expression, no attribute, nothing of the ticket that
is not in the table. A variable that does not exist is refused when the text is saved; one that is empty is
told to the agent before anything is sent.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q, QuerySet
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from etabli.kernel import preferences
from etabli.kernel.actors import Actor
from etabli.kernel.organisations import lineage
from etabli.kernel.tenancy import Catalogue
from etabli.kernel.text import Plain
from etabli.people.models import Team

from .tickets import Ticket

NAMED = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")


@dataclass(frozen=True)
class Variable:
    """What may stand in a text: its words for the reader, and how it is read."""

    label: Any
    read: Callable[[Ticket, Actor], str]


def _first_name(ticket: Ticket, actor: Actor) -> str:
    return ticket.caller.split(" ")[0] if "@" not in ticket.caller else ""


def _assets(ticket: Ticket, actor: Actor) -> str:
    return ", ".join(str(one.asset) for one in ticket.assets.select_related("asset").order_by("id"))


def _due(ticket: Ticket, actor: Actor) -> str:
    return _moment(ticket.due_at)


def _moment(at: Any) -> str:
    return formats.date_format(timezone.localtime(at), "l j F Y, H:i") if at else ""


def _url(ticket: Ticket, actor: Actor) -> str:
    base = str(preferences.get("pages.url") or "").rstrip("/")
    return f"{base}/tickets/{ticket.pk}/" if base else ""


VARIABLES: dict[str, Variable] = {
    "requester": Variable(gettext_lazy("name of the requester"), lambda t, a: t.caller),
    "first_name": Variable(gettext_lazy("first name of the requester"), _first_name),
    "email": Variable(gettext_lazy("e-mail of the requester"), lambda t, a: t.caller_email),
    "ticket": Variable(gettext_lazy("number of the ticket"), lambda t, a: t.reference),
    "subject": Variable(gettext_lazy("subject of the ticket"), lambda t, a: t.title),
    "asset": Variable(gettext_lazy("assets concerned"), _assets),
    "agent": Variable(gettext_lazy("whoever writes"), lambda t, a: a.label),
    "assignee": Variable(gettext_lazy("agent in charge"), lambda t, a: str(t.assignee or "")),
    "team": Variable(gettext_lazy("team in charge"), lambda t, a: str(t.team or "")),
    "category": Variable(gettext_lazy("category"), lambda t, a: str(t.category or "")),
    "service": Variable(gettext_lazy("service"), lambda t, a: str(t.service or "")),
    "state": Variable(gettext_lazy("state"), lambda t, a: str(t.get_state_display())),
    "due": Variable(gettext_lazy("next deadline"), _due),
    "visit": Variable(gettext_lazy("day and hour of the visit"), lambda t, a: _moment(t.visit_at)),
    "opened": Variable(gettext_lazy("day of the request"), lambda t, a: _moment(t.opened_at)),
    "solution": Variable(gettext_lazy("solution"), lambda t, a: t.solution),
    "organisation": Variable(gettext_lazy("organisation of the requester"), lambda t, a: str(t.organisation)),
    "link": Variable(gettext_lazy("address of the ticket"), _url),
}


def names_in(text: str) -> list[str]:
    """The variables of a text, each once, in order."""
    return list(dict.fromkeys(NAMED.findall(text)))


def check_variables(text: str) -> None:
    """Raise ``ValidationError`` naming what no variable is called."""
    unknown = [name for name in names_in(text) if name not in VARIABLES]
    if unknown:
        told = _("There is no variable “%(name)s”. Those that exist: %(known)s.")
        raise ValidationError(told % {"name": unknown[0][:40], "known": ", ".join(VARIABLES)})


@dataclass(frozen=True)
class Filled:
    """A text ready to be sent, and the variables that had nothing to say."""

    text: str
    empty: tuple[str, ...] = ()


def fill(text: str, ticket: Ticket, actor: Actor) -> Filled:
    """Fill a text from a ticket. An empty variable leaves nothing, and is named; an unknown one stays."""
    values = {n: VARIABLES[n].read(ticket, actor) for n in names_in(text) if n in VARIABLES}

    def value(found: re.Match[str]) -> str:
        return values.get(found.group(1), found.group(0))

    return Filled(NAMED.sub(value, text), tuple(name for name, told in values.items() if not told.strip()))


class AnswerTemplate(Catalogue):
    """An answer written once, of a team or of everybody; found by its name or its short word."""

    name = models.CharField(gettext_lazy("name"), max_length=80)
    shortcut = models.CharField(
        gettext_lazy("short word"),
        max_length=20,
        blank=True,
        validators=[RegexValidator(r"^[\w-]+$", gettext_lazy("Letters, digits and hyphens only."))],
        help_text=gettext_lazy("Typed in the answer after two colons: ::word"),
    )
    team = models.ForeignKey(
        Team,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=gettext_lazy("team"),
        help_text=gettext_lazy("Empty: for every team."),
    )
    text = models.TextField(gettext_lazy("text"))
    archived = models.BooleanField(gettext_lazy("no longer offered"), default=False)

    class Meta:
        verbose_name, verbose_name_plural = gettext_lazy("answer template"), gettext_lazy("answer templates")
        constraints = [
            models.UniqueConstraint("organisation", Plain("name"), name="answer_template_once"),
            models.UniqueConstraint(
                "organisation", Plain("shortcut"), condition=~Q(shortcut=""), name="answer_shortcut_once"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        try:
            check_variables(self.text)
        except ValidationError as error:
            raise ValidationError({"text": error.messages})


def templates_for(ticket: Ticket, actor: Actor, wanted: str = "") -> QuerySet[AnswerTemplate]:
    """What may be picked for a ticket: the templates of its organisation and of those above, of everybody or
    of the actor's teams, perhaps those whose name or short word holds a text.
    """
    rows = AnswerTemplate.objects.filter(organisation__in=lineage(ticket.organisation_id), archived=False)
    own = Q(team=None) | Q(team=ticket.team_id) | Q(team__members__person__account=actor.account_id or 0)
    rows = rows.filter(own).distinct()
    if wanted:
        rows = rows.filter(Q(name__icontains=wanted) | Q(shortcut__istartswith=wanted))
    return rows.order_by("name", "id")
