"""The roles every installation starts with; an organisation may add its own beside them."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from .organisations import Role
from .tenancy import opening

READ = ["*.view", "*.export"]
WORK = [*READ, "asset.*", "agent.*", "document.*", "note.*", "attachment.*", "tagging.*", "link.*", "job.*"]
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
        [*WORK, *PLACES, "person.*", "team.*", "orgunit.*", "*.import", *SORTING],
    ),
    "technician": (
        gettext_noop("Technician"),
        [*WORK, "person.change", "room.*", "rack.*", "savedview.*", "assetmodel.*", "compatibilitynote.*"],
    ),
    "dispatcher": (gettext_noop("Dispatcher"), [*READ, "asset.change", "person.*", "note.*", "savedview.*"]),
    "auditor": (gettext_noop("Auditor (read only)"), READ),
    "purchaser": (
        gettext_noop("Purchaser"),
        [*READ, "asset.add", "asset.change", "assetmodel.*", "manufacturer.*", "note.*"],
    ),
    "requester": (gettext_noop("Requester"), ["own.view"]),
}


def role_label(role: Role) -> str:
    """The role's name in the reader's language when it is one of ours."""
    return _(ROLES[role.key][0]) if role.key in ROLES else role.name


def install_roles(**_kwargs: object) -> None:
    """Create the shipped roles that are missing; runs after each migration and leaves those somebody
    edited.
    """
    with opening():
        for key, (name, verbs) in ROLES.items():
            Role.objects.get_or_create(organisation=None, key=key, defaults={"name": name, "verbs": verbs})
