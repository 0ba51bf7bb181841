"""Functional escalation: a ticket goes to another team with what was seen, tried and asked; or comes back."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from etabli.kernel.actors import Actor, require
from etabli.kernel.events import difference, publish, snapshot
from etabli.kernel.screens.writing import count_edit
from etabli.kernel.tenancy import OrganisationModel, UpwardKey
from etabli.people.models import Team

from .facts import record
from .messages import Message
from .moving import locked
from .opening import Caller, Words, say
from .promises import refresh
from .states import OVER
from .tickets import Ticket


class Handover(OrganisationModel):
    """The incident form of an escalation, beside the internal note that tells it."""

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="handovers")
    message = models.OneToOneField(Message, models.CASCADE, related_name="handover")
    from_team = UpwardKey(Team, models.PROTECT, null=True, related_name="+")
    from_assignee = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    to_team = UpwardKey(Team, models.PROTECT, related_name="+")
    observed = models.TextField(gettext_lazy("what is observed"))
    tried = models.TextField(gettext_lazy("what was tested, with the result"))
    asked = models.TextField(gettext_lazy("what is asked"))
    at = models.DateTimeField(default=timezone.now)
    returned_at = models.DateTimeField(null=True)
    returned_because = models.TextField(blank=True)

    class Meta:
        indexes = [models.Index(fields=["ticket", "id"], name="handover_of_ticket")]
        constraints = [
            models.CheckConstraint(
                condition=Q(returned_at=None) | ~Q(returned_because=""), name="handover_returned_because"
            )
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} → {self.to_team}"


@dataclass(frozen=True)
class IncidentForm:
    """What the next team needs, so that nobody asks the user or makes the same tests again."""

    observed: str
    tried: str
    asked: str

    def missing(self) -> dict[str, str]:
        """A sentence for each part that says nothing."""
        sentences = {
            "observed": _("Say what is observed: the message, since when, for whom."),
            "tried": _("Say what was tested and what each test gave, or why nothing could be."),
            "asked": _("Say what is asked of the next team."),
        }
        return {name: text for name, text in sentences.items() if not getattr(self, name).strip()}

    def parts(self) -> list[tuple[str, str]]:
        """Title and text of each part, in the language of whoever writes."""
        return [
            (_("Observed"), self.observed.strip()),
            (_("Tested, and the result"), self.tried.strip()),
            (_("Asked"), self.asked.strip()),
        ]


@transaction.atomic
def escalate(
    ticket: Ticket, team: Team, form: IncidentForm, *, actor: Actor, at: datetime | None = None
) -> Handover:
    """Hand a ticket to another team with the incident form; nobody of the former team has it any more.

    Raises ``ValidationError`` for each part of the form that says nothing.
    """
    require(actor, "ticket.escalate", ticket)
    ticket, at = locked(ticket), at or timezone.now()
    if problem := why_not_escalate(ticket):
        raise ValidationError(problem)
    if missing := form.missing():
        raise ValidationError(missing)
    if team.pk == ticket.team_id:
        raise ValidationError({"team": _("“%(team)s” has it already: choose another team.") % {"team": team}})
    title = _("Escalated to %(team)s") % {"team": team}
    note = say(ticket, Message.Kind.NOTE, _words(title, form.parts()), _by(actor), at=at)
    made = Handover.objects.create(
        organisation_id=ticket.organisation_id,
        ticket=ticket,
        message=note,
        from_team=ticket.team,
        from_assignee=ticket.assignee,
        to_team=team,
        observed=form.observed.strip(),
        tried=form.tried.strip(),
        asked=form.asked.strip(),
        at=at,
    )
    _hand(ticket, team, None, at, actor, "ticket.handed_over", form.asked)
    return made


@transaction.atomic
def give_back(ticket: Ticket, reason: str, *, actor: Actor, at: datetime | None = None) -> Handover:
    """Return a ticket to the team, and the agent, that escalated it. Raises ``ValidationError``."""
    require(actor, "ticket.escalate", ticket)
    ticket, at = locked(ticket), at or timezone.now()
    last = last_handover(ticket)
    if last is None or ticket.state in OVER:
        raise ValidationError(why_not_give_back(ticket))
    if not reason.strip():
        raise ValidationError({"reason": _("Say why it comes back: what is missing, what to do.")})
    to = last.from_team or _("nobody in particular")
    title = _("Returned to %(team)s") % {"team": to}
    say(ticket, Message.Kind.NOTE, _words(title, [(_("Reason"), reason.strip())]), _by(actor), at=at)
    last.returned_at, last.returned_because = at, reason.strip()
    last.save(update_fields=["returned_at", "returned_because"])
    _hand(ticket, last.from_team, last.from_assignee, at, actor, "ticket.handed_back", reason)
    return last


def why_not_escalate(ticket: Ticket) -> str:
    """Why it cannot be escalated in its state, in a sentence."""
    if ticket.state in OVER:
        return _("It is %(state)s: reopen it first.") % {"state": ticket.get_state_display()}
    return ""


def why_not_give_back(ticket: Ticket) -> str:
    """Why it cannot be returned, in a sentence."""
    if ticket.state in OVER:
        return _("It is %(state)s: reopen it first.") % {"state": ticket.get_state_display()}
    if last_handover(ticket) is None:
        return _("Nobody escalated it to the team that has it: assign it instead.")
    return ""


def last_handover(ticket: Ticket) -> Handover | None:
    """The escalation by which the team that has the ticket received it, if any."""
    rows = Handover.objects.filter(ticket=ticket, returned_at=None, to_team=ticket.team_id)
    return rows.select_related("from_team", "from_assignee").order_by("-id").first()


def _by(actor: Actor) -> Caller:
    return Caller(name=actor.label, account_id=actor.account_id)


def _words(title: str, parts: list[tuple[str, str]]) -> Words:
    """The note: plain for search and mail, laid out for the page."""
    text = "\n\n".join([title, *(f"{name}\n{said}" for name, said in parts)])
    lines = [(title, ""), *parts]
    html = format_html_join("", "<p><strong>{}</strong><br>{}</p>", ((a, _broken(b)) for a, b in lines))
    return Words(text, html=str(html))


def _broken(text: str) -> str:
    return format_html_join("", "{}<br>", ((line,) for line in text.splitlines()))


def _hand(
    ticket: Ticket, team: Team | None, assignee: object, at: datetime, actor: Actor, verb: str, text: str
) -> None:
    before = snapshot(ticket)
    ticket.team, ticket.assignee = team, assignee  # type: ignore[assignment]
    ticket.active_at = max(at, ticket.active_at)
    count_edit(ticket)
    ticket.save(update_fields=["team", "assignee", "active_at", "updated_at"])
    record(ticket, "handed", at=at, team=str(team) if team else "")
    refresh(ticket, now=at)
    publish(
        ticket, verb, actor=actor, changes=difference(before, snapshot(ticket)), extra={"text": text[:200]}
    )
