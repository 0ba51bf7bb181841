"""The daily look at the agents: those silent for too long are told once, those replaced or copied are marked.

A doubt is a sentence with what to do; it goes away by itself once the agents no longer give cause for it.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy, ngettext

from etabli.kernel import preferences
from etabli.kernel.accounts import Account
from etabli.kernel.actors import actor_of
from etabli.kernel.jobs import job
from etabli.kernel.notifications import declare_kind, notify
from etabli.kernel.organisations import Organisation
from etabli.kernel.sentences import Sentence, sentence, stored_of
from etabli.kernel.tenancy import opening, scope

from . import cadences, certificates
from .models import Agent, Document
from .versions import settings_of

SILENT = "inventory.silent_days"
KIND = "agents.silent"
RECENT = timedelta(days=3)
SESSION = timedelta(minutes=10)  # a contact and the inventory that follows it
TURNS = 4
Found = dict[int, tuple[str, Sentence]]
preferences.declare(
    SILENT,
    kind=int,
    default=7,
    least=1,
    most=365,
    per_organisation=True,
    section=preferences.INVENTORY,
    label=gettext_lazy("Days without a contact before an agent is silent"),
    help=gettext_lazy("People are told once for each silence."),
)
declare_kind(KIND, gettext_lazy("Agents silent for too long"))


@job(every="41 5 * * *")
def look_at_agents() -> None:
    """Each morning, in every organisation; then the certificate."""
    now = timezone.now()
    with opening():
        organisations = list(Organisation.objects.filter(archived_at=None))
    for organisation in organisations:
        with scope(organisation.pk):
            tell_silence(organisation, now=now)
            mark_doubts(organisation.pk, now=now)
    certificates.look(now=now)


def silent(organisations: Iterable[int], now: datetime) -> Q:
    """Agents that neither came for longer than their organisation accepts, nor are expected later."""
    groups: dict[int, list[int]] = defaultdict(list)
    for one, days in settings_of(SILENT, organisations).items():
        groups[int(str(days))].append(one)
    found = Q(pk=None)
    for days, group in groups.items():
        found |= Q(organisation__in=group, seen_at__lt=now - timedelta(days=days))
    return found & (Q(expected_at=None) | Q(expected_at__lt=now))


def tell_silence(organisation: Organisation, *, now: datetime) -> int:
    """Tell who looks after the agents of those that have just become silent; returns how many."""
    rows = Agent.objects.filter(silent([organisation.pk], now), silence_told_at=None)
    fresh = list(rows.select_related("asset").order_by("-seen_at"))
    if not fresh:
        return 0
    days = int(preferences.get(SILENT, organisation.pk))
    for account in people_of("agent.change", organisation):
        with translation.override(account.language):
            title = ngettext(
                "%(n)s agent silent for more than %(days)s days",
                "%(n)s agents silent for more than %(days)s days",
                len(fresh),
            ) % {"n": len(fresh), "days": days}
            text = ", ".join(str(agent.asset or agent.deviceid) for agent in fresh[:20])
            url = f"{reverse('agent-list')}?contact=silent"
            notify([account], kind=KIND, title=title, text=text, url=url, organisation=organisation.pk)
    Agent.objects.filter(pk__in=[agent.pk for agent in fresh]).update(silence_told_at=now)
    return len(fresh)


def people_of(verb: str, organisation: Organisation) -> list[Account]:
    """The accounts that may do something in an organisation, by a role there or above it."""
    with opening():
        places = [*organisation.path, organisation.pk]
        accounts = list(
            Account.objects.filter(memberships__organisation__in=places, is_active=True).distinct()
        )
    return [account for account in accounts if actor_of(account).may(verb, organisation.pk)]


def mark_doubts(organisation: int, *, now: datetime) -> int:
    """Mark the agents that give cause for doubt, and only those; returns how many. The worst doubt wins."""
    found: Found = {}
    found |= sharing(organisation)
    found |= two_addresses(organisation, now)
    found |= same_id(organisation, now)
    found |= two_machines(organisation, now)
    marked = Agent.objects.filter(organisation=organisation).exclude(doubt="")
    marked.exclude(pk__in=found).update(doubt="", doubt_reason="")
    known = dict(marked.values_list("pk", "doubt"))
    for key, (doubt, reason) in found.items():
        if known.get(key) != doubt:
            Agent.objects.filter(pk=key).update(doubt=doubt, doubt_reason=stored_of(reason))
    return len(found)


def sharing(organisation: int) -> Found:
    """Agents that report for the same asset: one took the place of another, or they come in turn."""
    rows = Agent.objects.filter(organisation=organisation)
    several = rows.exclude(asset=None).order_by().values("asset").annotate(n=Count("pk")).filter(n__gt=1)
    groups: dict[int, list[Agent]] = defaultdict(list)
    for agent in (
        rows.filter(asset__in=several.values("asset")).select_related("asset").order_by("first_seen_at")
    ):
        groups[agent.asset_id or 0].append(agent)
    found: Found = {}
    for group in groups.values():
        for older, newer in pairwise(group):
            if older.seen_at <= newer.first_seen_at:
                found[older.pk] = (Agent.Doubt.REPLACED, _replaced(older, newer))
            else:
                found[older.pk] = found[newer.pk] = (Agent.Doubt.DUPLICATED, _duplicated(older, newer))
    return found


def _replaced(older: Agent, newer: Agent) -> Sentence:
    return sentence(
        "“%(newer)s” reports for %(asset)s since %(day)s and this one no longer does: it was installed "
        "again. Forget this one.",
        newer=newer.deviceid,
        asset=older.asset,
        day=f"{timezone.localtime(newer.first_seen_at):%Y-%m-%d}",
    )


def _duplicated(older: Agent, newer: Agent) -> Sentence:
    return sentence(
        "“%(older)s” and “%(newer)s” both report for %(asset)s: two agents are installed on it, or two "
        "systems start in turn. Remove the one too many from the machine, then forget it here.",
        older=older.deviceid,
        newer=newer.deviceid,
        asset=older.asset,
    )


def two_addresses(organisation: int, now: datetime) -> Found:
    """Agents that come from two addresses in turn, more often than one agent would: a copied disk."""
    rows = Agent.objects.filter(organisation=organisation, seen_at__gt=now - RECENT)
    expected = cadences.of_organisation(organisation, now).expected
    found: Found = {}
    for key, contacts in rows.values_list("pk", "contacts").iterator(chunk_size=2000):
        told = sessions(contacts)
        pair = list(dict.fromkeys(address for _at, address in told))
        turns = sum(one[1] != other[1] for one, other in pairwise(told))
        if len(pair) != 2 or turns < TURNS:
            continue
        if (told[0][0] - told[-1][0]) / (len(told) - 1) < expected * 0.6:
            reason = sentence(
                "It comes in turn from %(one)s and %(other)s, more often than it is told to: it was probably "
                "copied with the disk of another machine. On one of them, stop the agent, delete its data "
                "folder and start it again: it takes an id of its own.",
                one=pair[0],
                other=pair[1],
            )
            found[key] = (Agent.Doubt.TWO_ADDRESSES, reason)
    return found


def sessions(contacts: list[str]) -> list[tuple[datetime, str]]:
    """When and from where an agent came, the latest first; what follows at once from there is one."""
    found: list[tuple[datetime, str]] = []
    for seconds, _kind, address in (one.split(" ", 2) for one in contacts):
        at = datetime.fromtimestamp(int(seconds), UTC)
        if found and found[-1][1] == address and found[-1][0] - at < SESSION:
            found.pop()
        found.append((at, address))
    return found


def two_machines(organisation: int, now: datetime) -> Found:
    """Agents whose inventories of the last days were recognised as two assets or more."""
    rows = Document.objects.filter(organisation=organisation, received_at__gt=now - RECENT)
    rows = rows.exclude(asset=None).exclude(agent=None)
    several = rows.order_by().values("agent").annotate(n=Count("asset", distinct=True)).filter(n__gt=1)
    pairs = rows.filter(agent__in=several.values("agent")).values_list("agent", "asset__name").distinct()
    names: dict[int, list[str]] = defaultdict(list)
    for key, name in pairs.order_by("agent", "asset__name"):
        names[key].append(name)
    return {key: (Agent.Doubt.TWO_MACHINES, _copied(told)) for key, told in names.items()}


def same_id(organisation: int, now: datetime) -> Found:
    """Agents under several names, on several assets, that have the same id: a disk copied, then renamed."""
    rows = Agent.objects.filter(organisation=organisation, seen_at__gt=now - RECENT)
    rows = rows.exclude(uuid="").exclude(asset=None)
    several = rows.order_by().values("uuid").annotate(n=Count("asset", distinct=True)).filter(n__gt=1)
    groups: dict[str, list[Agent]] = defaultdict(list)
    for agent in rows.filter(uuid__in=several.values("uuid")).select_related("asset").order_by("asset__name"):
        groups[agent.uuid].append(agent)
    return {
        agent.pk: (Agent.Doubt.TWO_MACHINES, _copied([str(one.asset) for one in group]))
        for group in groups.values()
        for agent in group
    }


def _copied(names: list[str]) -> Sentence:
    return sentence(
        "Its inventories describe in turn %(names)s: the same agent id is on several machines. On all "
        "but one, stop the agent, delete its data folder and start it again: it takes an id of its own.",
        names=", ".join(names[:5]),
    )
