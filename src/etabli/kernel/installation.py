"""The installation itself: its first organisation runs it, and only people with the verb there change it."""

from .actors import Actor, require
from .organisations import Organisation
from .tenancy import opening


def first_organisation() -> Organisation | None:
    """The organisation created with the installation; ``None`` before it exists."""
    with opening():
        return (
            Organisation.objects.filter(demo=False).order_by("pk").first()
            or Organisation.objects.order_by("pk").first()
        )


def require_installation(actor: Actor, verb: str) -> None:
    """Raise ``PermissionDenied`` unless the verb is allowed in the first organisation.

    An administrator of one client has every verb there, and none over what all the clients share.
    """
    first = first_organisation()
    require(actor, verb, first.pk if first else 0)
