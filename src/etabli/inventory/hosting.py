"""Virtual machines seen twice: listed by the machine that hosts them, and by their own agent. One asset
each, the guest connected to its host.
"""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from etabli.assets.models import Asset
from etabli.kernel.actors import Actor
from etabli.kernel.events import publish

from .junk import junk_uuid
from .likeness import uuid_forms
from .models import Section
from .reading import content_of_section
from .rows import rows, said

LISTED = "virtualmachines"
MOST_HOSTS = 500


def guests_listed(content: Any) -> set[str]:
    """The UUIDs, in both byte orders, that a host gives of its guests."""
    told = {said(row, "uuid").lower() for row in rows(content)}
    return {form for uuid in told if uuid and not junk_uuid(uuid) for form in uuid_forms(uuid)}


def connect_guests(host: Asset, content: Any, *, actor: Actor) -> None:
    """The guests that a host lists are connected to it; those it no longer lists are not."""
    listed = guests_listed(content)
    mine = Asset.objects.filter(organisation_id=host.organisation_id).exclude(pk=host.pk)
    if listed:
        for guest in _movable(mine.filter(uuid__in=listed).exclude(parent=host)):
            _connect(guest, host, actor)
    for guest in _movable(mine.filter(parent=host).exclude(uuid__in={*listed, ""})):
        _connect(guest, None, actor)


def find_host(guest: Asset, *, actor: Actor) -> None:
    """A guest that nobody connected looks for the host that lists it."""
    if not guest.uuid or guest.parent_id or "parent" in guest.locked:
        return
    hosts = Section.objects.filter(organisation_id=guest.organisation_id, name=LISTED).exclude(asset=guest)
    for section in hosts.select_related("asset").order_by("-seen_at")[:MOST_HOSTS]:
        if guest.uuid in guests_listed(content_of_section(section)):
            _connect(guest, section.asset, actor)
            return


def _movable(guests: QuerySet[Asset]) -> Iterable[Asset]:
    return guests.filter(kind__key="vm").exclude(locked__contains=["parent"]).select_related("parent")


def _connect(guest: Asset, host: Asset | None, actor: Actor) -> None:
    before = guest.parent
    guest.parent = host
    guest.save(update_fields=["parent", "updated_at"])
    told = [None if one is None else {"id": one.pk, "text": str(one)} for one in (before, host)]
    publish(guest, "asset.inventoried", actor=actor, changes={"parent": told}, extra={"text": LISTED})
