"""The people of the desk: who may work in an organisation, who runs it, who is in a team, who is away."""

from collections.abc import Iterable
from datetime import datetime

from etabli.kernel.accounts import Account
from etabli.kernel.actors import allowed
from etabli.kernel.organisations import Membership, lineage
from etabli.kernel.tenancy import opening
from etabli.people.models import TeamMember

from .skills import Absence, away

IN_CHARGE = ("dispatcher", "manager")
ELSE_IN_CHARGE = ("administrator",)


def agents_of(organisation_id: int) -> list[Account]:
    """The accounts that may work on the tickets of an organisation: its own people's, and those above."""
    return sorted(_may(organisation_id, "ticket.answer"), key=lambda account: str(account).lower())


def _may(organisation_id: int, verb: str) -> set[Account]:
    return {
        one.account
        for one in _memberships(organisation_id)
        if one.role is not None and allowed(verb, frozenset(one.role.verbs))
    }


def _memberships(organisation_id: int) -> list[Membership]:
    """The memberships that count in an organisation: its own, those that descend to it, less the denied."""
    above = lineage(organisation_id)
    with opening():
        found = list(
            Membership.objects.filter(organisation__in=above, account__is_active=True).select_related(
                "role", "account"
            )
        )
    denied = {one.account_id for one in found if one.denied}
    return [
        one
        for one in found
        if one.account_id not in denied and (one.descends or one.organisation_id == organisation_id)
    ]


class Staff:
    """The people of an organisation's desk as they are now, read once for a work on many of its tickets.

    What is set up above the organisation (teams, absences) must be in scope: see ``lineage``.
    """

    def __init__(self, organisation_id: int, at: datetime) -> None:
        memberships = _memberships(organisation_id)
        self.agents: dict[int, Account] = {}
        self.readers: dict[int, Account] = {}
        for one in memberships:
            verbs = frozenset(one.role.verbs if one.role else ())
            if allowed("ticket.view", verbs):
                self.readers[one.account_id] = one.account
            if allowed("ticket.answer", verbs):
                self.agents[one.account_id] = one.account
        self._roles = {(one.role.key, one.account_id) for one in memberships if one.role}
        absent = Absence.objects.filter(away(at), account__in=self.readers)
        self.away = set(absent.values_list("account", flat=True))
        self._teams: dict[int, list[Account]] = {}

    def present(self, ids: Iterable[int | None]) -> list[Account]:
        """Those of these accounts that may read the tickets and are not away."""
        wanted = dict.fromkeys(ids)
        return [self.readers[one] for one in wanted if one in self.readers and one not in self.away]

    def team(self, team_id: int | None) -> list[Account]:
        """The present members of a team."""
        if team_id is None:
            return []
        if team_id not in self._teams:
            rows = TeamMember.objects.filter(team=team_id).exclude(person__account=None)
            self._teams[team_id] = self.present(rows.order_by("id").values_list("person__account", flat=True))
        return self._teams[team_id]

    def in_charge(self) -> list[Account]:
        """Who runs the desk: dispatchers and managers, else administrators."""
        for keys in (IN_CHARGE, ELSE_IN_CHARGE):
            if found := self.present(sorted(who for key, who in self._roles if key in keys)):
                return found
        return []
