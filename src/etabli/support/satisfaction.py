"""What users think of how their ticket went: asked once, by a signed link that needs no login.

The link is the only thing that is checked, so the page behind it tells nothing but the number of the ticket.
Opening it records nothing: programs that visit the links of a mail do not answer in anybody's place.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.db.models import Avg, Count, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from etabli.kernel import preferences
from etabli.kernel.actors import SYSTEM
from etabli.kernel.events import publish
from etabli.kernel.screens import Panel
from etabli.kernel.screens.columns import show
from etabli.kernel.secrets import derived_keys
from etabli.kernel.tenancy import OrganisationModel

from .outbox import OutgoingMail, queue_automatic
from .states import State
from .tickets import Ticket
from .wording import question, spoken

GRADES = {
    5: gettext_lazy("Very satisfied"),
    4: gettext_lazy("Satisfied"),
    3: gettext_lazy("Neither satisfied nor dissatisfied"),
    2: gettext_lazy("Dissatisfied"),
    1: gettext_lazy("Very dissatisfied"),
}
LASTS = timedelta(days=30)
LATELY = timedelta(days=3)
"""What was over before is history: nobody is asked about it."""


class Survey(OrganisationModel):
    """The question asked about a ticket, and its answer, which may change until the link expires."""

    door = True
    ticket = models.OneToOneField(Ticket, models.CASCADE, related_name="survey")
    serial = models.CharField(max_length=32, unique=True)
    asked_at = models.DateTimeField(gettext_lazy("asked on"), default=timezone.now)
    expires_at = models.DateTimeField(gettext_lazy("link valid until"))
    grade = models.PositiveSmallIntegerField(
        gettext_lazy("satisfaction"),
        null=True,
        choices=sorted(GRADES.items()),
        validators=[MinValueValidator(1), MaxValueValidator(5)],
    )
    comment = models.TextField(gettext_lazy("comment"), blank=True)
    answered_at = models.DateTimeField(gettext_lazy("answered on"), null=True)

    class Meta:
        verbose_name, verbose_name_plural = gettext_lazy("satisfaction"), gettext_lazy("satisfaction")
        constraints = [
            models.CheckConstraint(condition=Q(grade=None) | Q(grade__range=(1, 5)), name="survey_grade"),
            models.CheckConstraint(
                condition=Q(grade=None, answered_at=None) | Q(grade__isnull=False, answered_at__isnull=False),
                name="survey_answered",
            ),
        ]
        indexes = [
            models.Index(
                fields=["organisation", "answered_at"],
                condition=Q(grade__isnull=False),
                name="survey_answers",
            )
        ]

    def __str__(self) -> str:
        return f"{self.ticket.reference} {self.grade or ''}".strip()

    def open(self, now: datetime) -> bool:
        return now < self.expires_at


@dataclass(frozen=True)
class Satisfaction:
    """What the users of an organisation think. average: of 1 to 5, None without an answer."""

    asked: int = 0
    count: int = 0
    average: float | None = None


@transaction.atomic
def ask(ticket: Ticket, *, now: datetime | None = None) -> Survey | None:
    """Ask the user of a ticket what they think, once; ``None`` when this ticket is not to be asked about.

    Called in a scope that holds the organisations above: agents are not asked about their own work.
    """
    now = now or timezone.now()
    if not wanted(ticket) or not preferences.get("pages.url"):  # without it the link leads nowhere
        return None
    made, new = Survey.objects.get_or_create(
        ticket=ticket,
        defaults={
            "organisation_id": ticket.organisation_id,
            "serial": secrets.token_hex(16),
            "asked_at": now,
            "expires_at": now + LASTS,
        },
    )
    if not new:
        return None
    with spoken(ticket):
        text = question(ticket, links_of(made))
    queue_automatic(ticket, OutgoingMail.Kind.SURVEY, text, to=[ticket.caller_email], send_at=now)
    publish(ticket, "ticket.survey_asked", actor=SYSTEM)
    return made


def wanted(ticket: Ticket) -> bool:
    """Whether the user of this ticket is one to ask: solved, with an address, no agent, within the share."""
    from .handing import agents_of

    if not ticket.solved_at or not ticket.caller_email or ticket.merged_into_id:
        return False
    if ticket.pk * 37 % 100 >= preferences.get("desk.survey_percent", ticket.organisation_id):
        return False
    agents = agents_of(ticket.organisation_id)
    account = ticket.requester.account_id if ticket.requester else None
    return not any(one.pk == account or one.email.lower() == ticket.caller_email.lower() for one in agents)


@transaction.atomic
def answer(survey: Survey, *, grade: int, comment: str = "", now: datetime | None = None) -> Survey:
    """Keep what the holder of the link thinks, in the place of what they said before; a comment stays until
    another one is written.

    Raises ``ValidationError`` once the link has expired, or for a grade that is none.
    """
    now = now or timezone.now()
    survey = Survey.objects.select_for_update(of=("self",)).select_related("ticket").get(pk=survey.pk)
    if not survey.open(now):
        raise ValidationError(_("This link has expired: thank you all the same."))
    if grade not in GRADES:
        raise ValidationError({"grade": _("Choose one of the answers.")})
    survey.grade, survey.answered_at = grade, now
    survey.comment = comment.strip()[:4000] or survey.comment
    survey.save(update_fields=["grade", "comment", "answered_at"])
    text = f"{grade}/5 {survey.comment}".strip()[:200]
    publish(survey.ticket, "ticket.rated", actor=SYSTEM, extra={"text": text, "grade": grade})
    return survey


def token_of(survey: Survey) -> str:
    return f"{survey.serial}.{_signature(survey.serial, derived_keys('satisfaction')[0])}"


def find(token: str) -> Survey | None:
    """The question of a link, before any scope is open; ``None`` for what we did not sign."""
    serial, _dot, signature = token.partition(".")
    known = derived_keys("satisfaction")
    if not any(hmac.compare_digest(signature.encode(), _signature(serial, key).encode()) for key in known):
        return None
    return Survey.objects.filter(serial=serial).first()


def links_of(survey: Survey) -> list[tuple[int, str]]:
    """The link of each grade, the best first."""
    base = preferences.get("pages.url").rstrip("/")
    return [(grade, f"{base}/avis/{token_of(survey)}/?note={grade}") for grade in GRADES]


def satisfaction_of(
    organisations: Iterable[int], *, since: datetime | None = None, until: datetime | None = None
) -> dict[int, Satisfaction]:
    """Organisation (id) → what its users think, of the questions asked in a period: one query."""
    rows = Survey.objects.filter(organisation__in=list(organisations))
    rows = rows.filter(asked_at__gte=since) if since else rows
    rows = rows.filter(asked_at__lt=until) if until else rows
    counted = rows.order_by().values("organisation").annotate(n=Count("pk"), k=Count("grade"), a=Avg("grade"))
    found = {row["organisation"]: Satisfaction(row["n"], row["k"], row["a"]) for row in counted}
    return {one: found.get(one, Satisfaction()) for one in organisations}


def satisfaction_panel(ticket: Ticket) -> Panel | None:
    """What its user thinks of a ticket, for its page; none while nobody was asked. One query."""
    survey = Survey.objects.filter(ticket=ticket).first()
    if survey is None:
        return None
    told: list[tuple[Any, Any]] = [(_("Asked on"), show(survey.asked_at))]
    if survey.grade:
        told.append((_("Answer"), f"{survey.get_grade_display()} ({survey.grade}/5)"))
        told.append((_("Answered on"), show(survey.answered_at)))
    if survey.comment:
        told.append((_("Comment"), survey.comment))
    return Panel(_("Satisfaction"), rows=told, side=True)


def to_ask(organisation: int, now: datetime) -> list[Ticket]:
    """The tickets of an organisation whose user is to be asked now, by its settings."""
    days = preferences.get("desk.survey_days", organisation)
    rows = Ticket.objects.filter(organisation=organisation, survey=None, merged_into=None)
    if days:
        latest = now - timedelta(days=days)
        over = Q(state__in=[State.SOLVED, State.CLOSED], solved_at__range=(latest - LATELY, latest))
        rows = rows.filter(over, active_at__gt=latest - LATELY)  # the index of the last activity serves
    else:
        rows = rows.filter(state=State.CLOSED, closed_at__gt=now - LATELY, active_at__gt=now - LATELY)
    return list(rows.exclude(solved_at=None).select_related("requester__account").order_by("id")[:500])


def _signature(serial: str, key: bytes) -> str:
    made = hmac.new(key, f"survey:{serial}".encode(), hashlib.sha256).digest()[:16]
    return base64.b32encode(made).decode().rstrip("=").lower()
