"""Who suits a ticket: by skill, load, site and absence, with a sentence that says why."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from etabli.kernel.accounts import Account
from etabli.kernel.organisations import lineage
from etabli.kernel.tenancy import everywhere, scope, visible
from etabli.people.models import Person, TeamMember

from .skills import AgentSkill, SkillCover
from .staff import Staff
from .tickets import OPEN, Ticket

SKILL, TEAM, SITE, LOAD = 30, 20, 10, 4
"""Points: for each level of skill, for being of the team, for working on the site; less for each ticket."""


@dataclass(frozen=True)
class Candidate:
    """What is known of an agent when a ticket is given. ``skill``: the best of those asked, 0 for none."""

    key: int
    name: str
    skill: int = 0
    skill_name: str = ""
    load: int = 0
    same_team: bool = False
    same_site: bool = False


@dataclass(frozen=True)
class Need:
    """What a ticket asks for: the names of the skills that cover it, if any; its team, if it has one."""

    skills: tuple[str, ...] = ()
    team: str = ""
    site: str = ""


@dataclass(frozen=True)
class Fit:
    """How well an agent suits a ticket, and why."""

    candidate: Candidate
    score: int
    why: str


def rank(need: Need, candidates: Iterable[Candidate]) -> list[Fit]:
    """The agents that may be given a ticket, the best first; those without a skill it asks for are left out.

    Of two that are equal, the one with fewer tickets comes first, then the one who came first in the list.
    """
    fits = [_fit(need, one) for one in candidates if one.skill or not need.skills]
    return sorted(fits, key=lambda fit: (-fit.score, fit.candidate.load))


def by_load(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Whoever has the fewest tickets first."""
    return sorted(candidates, key=lambda one: (one.load, one.key))


def _fit(need: Need, one: Candidate) -> Fit:
    reasons = []
    if need.skills and one.skill:
        told = {"skill": one.skill_name, "level": AgentSkill.Level(one.skill).label}
        reasons.append(_("%(skill)s: %(level)s") % told)
    if one.same_team:
        reasons.append(_("of the team %(team)s") % {"team": need.team})
    if one.same_site:
        reasons.append(_("on the site %(site)s") % {"site": need.site})
    text = ngettext("%(n)s open ticket", "%(n)s open tickets", one.load) % {"n": one.load}
    reasons.append(text if one.load else _("no open ticket"))
    score = SKILL * (one.skill if need.skills else 0) + TEAM * one.same_team + SITE * one.same_site
    return Fit(one, score - LOAD * one.load, ", ".join(reasons))


@dataclass(frozen=True)
class Suggestion:
    """An agent to give a ticket to."""

    account: Account
    score: int
    why: str


def suggest(ticket: Ticket, *, at: datetime | None = None) -> list[Suggestion]:
    """Who to give a ticket to, the best first; nobody who is away, nobody without the skill it asks for."""
    with scope(*{*visible(), *lineage(ticket.organisation_id)}):
        need, accounts, candidates = seen(ticket, at or timezone.now())
        return [Suggestion(accounts[fit.candidate.key], fit.score, fit.why) for fit in rank(need, candidates)]


def seen(ticket: Ticket, at: datetime) -> tuple[Need, dict[int, Account], list[Candidate]]:
    """What a ticket asks for, and the agents who are there. The organisations above must be in scope."""
    staff = Staff(ticket.organisation_id, at)
    accounts = {key: one for key, one in staff.agents.items() if key not in staff.away}
    skills = skills_of(ticket)
    known = _known(skills, accounts)
    loads, sites = _loads(accounts), _sites(accounts)
    members = _members(ticket)
    site = ticket.requester.site if ticket.requester else None
    need = Need(tuple(skills.values()), str(ticket.team) if ticket.team else "", str(site) if site else "")
    candidates = [
        Candidate(
            key=key,
            name=str(account),
            skill=known.get(key, (0, ""))[0],
            skill_name=known.get(key, (0, ""))[1],
            load=loads.get(key, 0),
            same_team=key in members,
            same_site=site is not None and sites.get(key) == site.pk,
        )
        for key, account in sorted(accounts.items(), key=lambda pair: str(pair[1]).lower())
    ]
    # A team that has somebody there serves its own tickets; one where everybody is away is helped.
    own = [one for one in candidates if one.same_team]
    return need, accounts, own if own else candidates


def skills_of(ticket: Ticket) -> dict[int, str]:
    """The skills that cover a ticket, by its category, the one above it, or its service: id and name."""
    category = ticket.category
    categories = [one for one in (ticket.category_id, category.parent_id if category else None) if one]
    rows = SkillCover.objects.filter(Q(category__in=categories) | Q(service=ticket.service_id or 0))
    return dict(rows.values_list("skill", "skill__name"))


def knows(account_id: int) -> Q:
    """The tickets that ask for no skill, or for one that this agent has."""
    asked = SkillCover.objects.filter(
        Q(category=OuterRef("category"))
        | Q(category=OuterRef("category__parent"))
        | Q(service=OuterRef("service"))
    )
    mine = AgentSkill.objects.filter(account=account_id).values("skill")
    return ~Q(Exists(asked)) | Q(Exists(asked.filter(skill__in=mine)))


def _known(skills: dict[int, str], accounts: dict[int, Account]) -> dict[int, tuple[int, str]]:
    rows = AgentSkill.objects.filter(skill__in=skills, account__in=accounts).order_by("level")
    return {
        who: (level, skills[skill]) for who, skill, level in rows.values_list("account", "skill", "level")
    }


def _loads(accounts: dict[int, Account]) -> dict[int, int]:
    """How many tickets each has in progress or new."""
    with everywhere(because="the load of an agent is that of all the organisations they serve"):
        rows: Any = Ticket.objects.filter(OPEN, assignee__in=accounts).order_by()
        return dict(rows.values("assignee").annotate(n=Count("pk")).values_list("assignee", "n"))


def _sites(accounts: dict[int, Account]) -> dict[int, int]:
    rows: Any = Person.objects.filter(account__in=accounts).exclude(site=None)
    return dict(rows.values_list(F("account"), "site"))


def _members(ticket: Ticket) -> set[int]:
    rows = TeamMember.objects.filter(team=ticket.team_id or 0).exclude(person__account=None)
    return set(rows.values_list("person__account", flat=True))
