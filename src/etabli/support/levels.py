"""What is promised: the delays of a service level, the usual one, and another level for a ticket."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from etabli.kernel.actors import Actor, require
from etabli.kernel.events import difference, publish, snapshot
from etabli.kernel.organisations import lineage
from etabli.kernel.screens.writing import count_edit
from etabli.kernel.tenancy import everywhere
from etabli.people.models import Team

from .clocks.policies import Clock
from .durations import typed
from .facts import TicketFact, record
from .moving import locked
from .promises import ServiceLevel, ServiceTarget, level_of, name_of, refresh
from .states import OVER
from .tickets import Ticket

AGREED = tuple(clock for clock in Clock if clock != Clock.TEAM)
"""The promises to people; the last clock is promised by each team to the others."""
PRIORITIES = (1, 2, 3, 4, 5)
# What is usually agreed in France, in minutes: taking charge, first answer, next answer, solution. A priority
# 1 is counted round the clock.
USUAL: dict[int, tuple[int, int, int, int]] = {
    1: (15, 60, 60, 4 * 60),
    2: (30, 2 * 60, 4 * 60, 8 * 60),
    3: (2 * 60, 4 * 60, 8 * 60, 16 * 60),
    4: (4 * 60, 8 * 60, 16 * 60, 40 * 60),
    5: (8 * 60, 16 * 60, 24 * 60, 80 * 60),
}
ROUND_THE_CLOCK = 1


@dataclass(frozen=True)
class Promise:
    """One delay: of a clock or of a team, for a priority, in minutes, in opening hours or round the clock."""

    clock: str
    priority: int
    minutes: int
    always: bool = False
    team: int | None = None

    @property
    def key(self) -> tuple[str, int, int | None]:
        return self.clock, self.priority, self.team

    def told(self, teams: dict[int, str]) -> str:
        """In words, for the history."""
        what = teams.get(self.team or 0) or str(Clock(self.clock).label)
        round_the_clock = _("round the clock")
        always = f" ({round_the_clock})" if self.always else ""
        return f"{what} P{self.priority} : {typed(self.minutes)}{always}"


def promises_of(level: ServiceLevel) -> list[Promise]:
    """The delays of a level."""
    rows = level.targets.order_by("clock", "team", "priority")
    return [Promise(one.clock, one.priority, one.minutes, one.always, one.team_id) for one in rows]


@transaction.atomic
def set_targets(level: ServiceLevel, promises: Iterable[Promise], *, actor: Actor) -> ServiceLevel:
    """Give a level these delays in the place of its former ones; open tickets are then read again.

    Raises ``ValidationError`` with a sentence: two delays for the same thing, a longer one for what presses
    more, a team of another organisation.
    """
    require(actor, "servicelevel.change", level)
    level = ServiceLevel.objects.select_for_update().get(pk=level.pk)
    wanted = {one.key: one for one in promises}
    teams = _teams(level, wanted.values())
    before = {one.key: one for one in promises_of(level)}
    if before == wanted:
        return level
    check(wanted.values())
    count_edit(level)
    level.save(update_fields=["updated_at"])
    level.targets.all().delete()
    ServiceTarget.objects.bulk_create(
        ServiceTarget(
            organisation_id=level.organisation_id,
            level=level,
            clock=one.clock,
            priority=one.priority,
            minutes=one.minutes,
            always=one.always,
            team_id=one.team,
        )
        for one in wanted.values()
    )
    names = teams | _names(one.team for one in before.values())
    gone = [one.told(names) for key, one in before.items() if wanted.get(key) != one]
    new = [one.told(names) for key, one in wanted.items() if before.get(key) != one]
    text = " → ".join(filter(None, ["; ".join(gone), "; ".join(new) or "—"]))
    publish(
        level, "servicelevel.targets_set", actor=actor, extra={"text": text, "before": gone, "after": new}
    )
    return level


def check(promises: Iterable[Promise]) -> None:
    """What is more pressing is not promised later. Raises ``ValidationError`` naming what is wrong."""
    rows: dict[tuple[str, int | None], dict[int, Promise]] = {}
    for one in promises:
        if one.priority not in PRIORITIES or one.clock not in Clock or one.minutes < 1:
            raise ValidationError(_("A delay has a promise, a priority from 1 to 5, and at least a minute."))
        if (one.clock == Clock.TEAM) != (one.team is not None):
            raise ValidationError(_("Only the time in a team is promised by a team."))
        rows.setdefault((one.clock, one.team), {})[one.priority] = one
    for row in rows.values():
        # Hours of different calendars do not compare: round the clock against opening hours.
        for always in (True, False):
            told = [row[n] for n in PRIORITIES if n in row and row[n].always is always]
            for one, other in pairwise(told):
                if one.minutes > other.minutes:
                    raise ValidationError(
                        _("%(what)s: priority %(one)s has a longer delay than priority %(other)s.")
                        % {"what": Clock(one.clock).label, "one": one.priority, "other": other.priority}
                    )


def _teams(level: ServiceLevel, promises: Iterable[Promise]) -> dict[int, str]:
    wanted = {one.team for one in promises if one.team}
    above = lineage(level.organisation_id)
    found = {one.pk: str(one) for one in Team.objects.filter(pk__in=wanted, organisation__in=above)}
    if missing := wanted - found.keys():
        raise ValidationError(_("There is no team %(key)s here.") % {"key": min(missing)})
    return found


def _names(keys: Iterable[int | None]) -> dict[int, str]:
    return {one.pk: str(one) for one in Team.objects.filter(pk__in=[key for key in keys if key])}


@transaction.atomic
def make_default(level: ServiceLevel, *, actor: Actor) -> ServiceLevel:
    """Promise it to whoever asks for something without a level of its own, in the place of the former one."""
    require(actor, "servicelevel.change", level)
    level = ServiceLevel.objects.select_for_update().get(pk=level.pk)
    if level.is_default:
        raise ValidationError(_("It is the default service level already."))
    others = ServiceLevel.objects.filter(organisation=level.organisation_id, is_default=True)
    others.update(is_default=False)
    level.is_default = True
    count_edit(level)
    level.save(update_fields=["is_default", "updated_at"])
    publish(level, "servicelevel.made_default", actor=actor)
    return level


@transaction.atomic
def create_usual(organisation_id: int, *, actor: Actor) -> ServiceLevel:
    """Make the service level usually agreed in France, the default one where there is none.

    Raises ``ValidationError`` when the organisation has one of that name.
    """
    require(actor, "servicelevel.add", organisation_id)
    own = ServiceLevel.objects.filter(organisation=organisation_id)
    name = _("Standard")
    if own.filter(name=name).exists():
        raise ValidationError(_("There is a service level “%(name)s” already.") % {"name": name})
    level = ServiceLevel.objects.create(
        organisation_id=organisation_id, name=name, is_default=not own.filter(is_default=True).exists()
    )
    publish(level, "servicelevel.created", actor=actor, changes=difference({}, {"name": name}))
    return set_targets(level, usual(), actor=actor)


def usual() -> list[Promise]:
    """The delays usually agreed."""
    return [
        Promise(clock, priority, minutes, always=priority == ROUND_THE_CLOCK)
        for priority, delays in USUAL.items()
        for clock, minutes in zip(AGREED, delays, strict=True)
    ]


def used(level: ServiceLevel) -> bool:
    """Whether a ticket of any organisation was ever promised it: its deadlines are read from it for ever."""
    kinds = (TicketFact.Kind.OPENED, TicketFact.Kind.PROMISED)
    with everywhere(because="the tickets of clients are covered by the levels of their provider"):
        if Ticket.objects.filter(level=level.pk).exists():
            return True
        return TicketFact.objects.filter(kind__in=kinds, told__policy=name_of(level)).exists()


@transaction.atomic
def promise(
    ticket: Ticket,
    level: ServiceLevel | None,
    *,
    actor: Actor,
    reason: str = "",
    at: datetime | None = None,
) -> Ticket:
    """Promise another service level to a ticket, or none, from now on: the time used and its pauses stay.

    Raises ``ValidationError`` with a sentence.
    """
    require(actor, "ticket.promise", ticket)
    ticket, at = locked(ticket), at or timezone.now()
    if ticket.state in OVER:
        raise ValidationError(_("It is %(state)s: reopen it first.") % {"state": ticket.get_state_display()})
    if (level.pk if level else None) == ticket.level_id:
        raise ValidationError({"level": _("This is what is promised already.")})
    before = snapshot(ticket)
    ticket.level = level
    count_edit(ticket)
    ticket.save(update_fields=["level", "updated_at"])
    record(ticket, "promised", at=at, policy=name_of(level))
    refresh(ticket, now=at)
    changes: Any = difference(before, snapshot(ticket))
    publish(ticket, "ticket.promised", actor=actor, changes=changes, extra={"text": reason})
    return ticket


def follow_service(ticket: Ticket, actor: Actor) -> Ticket:
    """A ticket covered as usual follows the level of its new service; one promised by hand keeps its own."""
    level = level_of(ticket)
    if ticket.over or ticket.level_id == getattr(level, "pk", None):
        return ticket
    return promise(ticket, level, actor=actor, reason=_("the service changed"))
