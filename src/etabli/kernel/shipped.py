"""The roles every installation starts with; an organisation may add its own beside them."""

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from .actors import SYSTEM
from .events import Event, difference, publish, snapshot
from .installation import first_organisation
from .organisations import Role
from .tenancy import opening, scope, visible

# Of what people ask for, some see only their own: see the sharing modes of the service desk.
READ = ["*.view", "*.export", "*.see_all", "*.read_notes"]
LENDING = ["kit.*", "kititem.*", "pool.*", "booking.*", "loan.*", "slip.*", "calendarfeed.*"]
COUNTING = ["stocktake.*", "stocktakeline.*", "photo.*"]
STOCK = ["stockitem.*"]
ANNEX = ["note.*", "attachment.*", "tagging.*", "link.*"]
OWN_ABSENCES = ["absence.add", "absence.change", "absence.delete"]  # those of others need absence.plan
DESK = ["ticket.*", "task.*", "timeentry.*", "approval.*", *OWN_ABSENCES]
DESK_RULES = [
    "category.*",
    "service.*",
    "servicelevel.*",
    "prioritymatrix.*",
    "mailbox.*",
    "tasklist.*",
    "worktype.*",
    "answertemplate.*",
    "macro.*",
    "quickticket.*",
    "rule.*",
    "recurrence.*",
    "escalation.*",
    "skill.*",
    "agentskill.*",
    "absence.*",
]
WORK = [*READ, "asset.*", "agent.*", "document.*", *ANNEX, "job.*", *COUNTING, *LENDING, *STOCK, *DESK]
PLACES = ["site.*", "building.*", "floor.*", "room.*", "rack.*"]
SORTING = [
    "savedview.*",
    "tag.*",
    "calendar.*",
    "holiday.*",
    "assetmodel.*",
    "manufacturer.*",
    "compatibilitynote.*",
]
ROLES: dict[str, tuple[str, list[str]]] = {
    "administrator": (gettext_noop("Administrator"), ["*"]),
    "manager": (
        gettext_noop("Manager"),
        [*WORK, *PLACES, "person.*", "team.*", "orgunit.*", "licence.*", "*.import", *SORTING, *DESK_RULES],
    ),
    "technician": (
        gettext_noop("Technician"),
        [*WORK, "person.change", "room.*", "rack.*", "savedview.*", "assetmodel.*", "compatibilitynote.*"],
    ),
    "dispatcher": (
        gettext_noop("Dispatcher"),
        [*READ, "asset.change", "person.*", "note.*", "savedview.*", *DESK],
    ),
    "auditor": (gettext_noop("Auditor (read only)"), READ),
    "purchaser": (
        gettext_noop("Purchaser"),
        [*READ, "asset.add", "asset.change", "assetmodel.*", "manufacturer.*", *STOCK, "licence.*", "note.*"],
    ),
    "supervisor": (
        gettext_noop("Client supervisor (sees what the organisation asks for)"),
        ["ticket.view", "ticket.see_all", "ticket.export"],
    ),
    "requester": (gettext_noop("Requester"), ["own.view"]),
}


def role_label(role: Role) -> str:
    """The role's name in the reader's language when it is one of ours."""
    return _(ROLES[role.key][0]) if role.key in ROLES else role.name


def install_roles(**_kwargs: object) -> None:
    """Create the shipped roles that are missing, and bring what is newly shipped to the others.

    Runs after each migration. A role keeps what was shipped with it (``Role.shipped``): only the difference
    with what is shipped now touches its verbs, so what an administrator added stays, and what they took away
    stays away.
    """
    with opening():
        for key, (name, verbs) in ROLES.items():
            role, new = Role.objects.get_or_create(
                organisation=None, key=key, defaults={"name": name, "verbs": verbs, "shipped": verbs}
            )
            if not new:
                follow(role, verbs)


def follow(role: Role, verbs: Sequence[str]) -> None:
    """Give a shipped role the verbs shipped since it was last seen to, and take those no longer shipped."""
    if role.shipped == list(verbs):
        return
    known = _first_shipped(role) if role.shipped is None else role.shipped
    before = snapshot(role)
    role.shipped = list(verbs)
    gone = set(known) - set(verbs)
    given = [verb for verb in verbs if verb not in known and verb not in role.verbs]
    role.verbs = [verb for verb in role.verbs if verb not in gone] + given
    role.save(update_fields=["verbs", "shipped"])
    changes = difference(before, snapshot(role))
    first = first_organisation()
    if first is not None and "verbs" in changes:
        with scope(*visible(), first.pk):
            publish(
                role, "role.changed", actor=SYSTEM, changes={"verbs": changes["verbs"]}, organisation=first.pk
            )


def _first_shipped(role: Role) -> list[str]:
    """What a version that did not keep it shipped with a role: its verbs before they were first edited."""
    first = first_organisation()
    if first is None:
        return list(role.verbs)
    with scope(*visible(), first.pk):
        edits = Event.objects.filter(
            organisation=first, noun="role", object_id=role.pk, changes__has_key="verbs"
        )
        oldest = edits.order_by("id").first()
    return list(oldest.changes["verbs"][0] if oldest else role.verbs)
