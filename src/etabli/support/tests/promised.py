"""What the tests of promises share: a desk of the provider, a level, tickets of its client on a Monday."""

from datetime import UTC, datetime, timedelta
from typing import Any

from etabli.people.models import Person, Team, TeamMember
from etabli.support.levels import Promise, set_targets
from etabli.support.opening import Caller, Request, Words, open_ticket
from etabli.support.promises import Deadline, ServiceLevel, readings_of
from etabli.support.tickets import Ticket

MONDAY = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)  # 9:00 in Paris
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def opened(firm: Any, actor: Any, at: datetime = MONDAY, **more: Any) -> Ticket:
    """A ticket of Acme, from somebody there."""
    person = more.pop("requester", None) or caller(firm)
    request = Request("No network", Words("Nothing works."), Caller(person=person), more=more)
    return open_ticket(request, organisation=firm.acme.id, actor=actor, at=at)


def caller(firm: Any, **more: Any) -> Person:
    found = Person.objects.filter(organisation=firm.acme.id, name="Claire Moreau").first()
    return found or Person.objects.create(
        organisation=firm.acme.organisation, name="Claire Moreau", email="claire@acme.example", **more
    )


def level(firm: Any, actor: Any, name: str = "Gold", default: bool = True, **minutes: int) -> ServiceLevel:
    """A level of the provider that promises the same to all priorities, but 1 to nobody else."""
    made = ServiceLevel.objects.create(organisation=firm.provider.organisation, name=name, is_default=default)
    promises = [
        Promise(clock, priority, amount) for clock, amount in minutes.items() for priority in range(1, 6)
    ]
    return set_targets(made, promises, actor=actor)


def team(firm: Any, name: str, *accounts: Any, leader: Any = None) -> Team:
    """A team of the provider with people who have these accounts."""
    made = Team.objects.create(organisation=firm.provider.organisation, name=name)
    for account in accounts:
        TeamMember.objects.create(
            organisation=firm.provider.organisation, team=made, person=person_of(firm, account)
        )
    if leader is not None:
        made.leader = person_of(firm, leader)
        made.save()
    return made


def person_of(firm: Any, account: Any) -> Person:
    found, _new = Person.objects.get_or_create(
        account=account, defaults={"organisation": firm.provider.organisation, "name": str(account)}
    )
    return found


def told(ticket: Ticket) -> dict[tuple[str, int, str], tuple[Any, ...]]:
    """What the deadlines of a ticket say."""
    return {
        row.key: (row.minutes, row.started_at, row.due_at, row.stopped_at, row.pause)
        for row in Deadline.objects.filter(ticket=ticket)
    }


def read_afresh(ticket: Ticket) -> dict[tuple[str, int, str], tuple[Any, ...]]:
    """What they should say: the facts of the ticket, read again by nothing but the clocks."""
    return {
        (one.clock, one.question, one.team): (
            int(one.target.amount.total_seconds() // 60),
            one.started_at,
            one.due,
            one.stopped_at,
            "" if one.stopped_at else one.pause,
        )
        for one in readings_of(Ticket.objects.get(pk=ticket.pk))
    }
