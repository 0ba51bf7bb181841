"""What an inventory may not write: the fields a person locked. It says so once."""

from typing import Any

from django.utils.translation import gettext_noop

from etabli.assets.models import Asset
from etabli.kernel.text import plain

from . import composing, facts
from .models import Document
from .reading import IDENTITY, contents

REASON = gettext_noop(
    "A person edited this field: it is kept as it is. Unlock it on the asset's page to follow the machine."
)


def fill(asset: Asset, found: facts.Facts, previous_name: str) -> None:
    """Fill the columns that follow the machine, but for those that are locked."""
    kept = {name: getattr(asset, name) for name in asset.locked}
    composing.fill(asset, found, previous_name)
    for name, value in kept.items():
        setattr(asset, name, value)


def warnings(asset: Asset, found: facts.Facts) -> list[dict[str, str]]:
    """What the machine says otherwise than its locked fields, unless an earlier document already told it."""
    told = texts(found.identity)
    differs = [
        {"path": f"asset.{name}", "value": told[name][:60], "reason": REASON}
        for name in asset.locked
        if told.get(name) and plain(told[name]) != plain(str(getattr(asset, name) or ""))
    ]
    return [one for one in differs if not _told_before(asset, one)]


def _told_before(asset: Asset, warning: dict[str, str]) -> bool:
    return Document.objects.filter(asset=asset, warnings__contains=[warning]).exists()


def texts(identity: facts.Identity) -> dict[str, str]:
    """What a machine says of the lockable columns."""
    return {
        "name": identity.name,
        "serial": identity.serial,
        "tag": identity.asset_tag,
        "model": identity.model,
    }


def said(asset: Asset) -> dict[str, str]:
    """The same in the words of its last inventory."""
    identity = _last_identity(asset)
    return texts(identity) if identity else {}


def _last_identity(asset: Asset) -> facts.Identity | None:
    last = contents(asset, IDENTITY)
    return facts.computer_facts(last).identity if last else None


def told(asset: Asset) -> dict[str, Any]:
    """The same as its last inventory said it, as values of the columns; empty for what it did not say."""
    identity = _last_identity(asset)
    if identity is None:
        return {}
    model = composing.model_of(identity, asset.organisation_id, asset.kind)
    lengths = {"name": 120, "serial": 120, "tag": 60}
    return {**{name: texts(identity)[name][:length] for name, length in lengths.items()}, "model": model}
